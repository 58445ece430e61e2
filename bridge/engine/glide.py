"""A value on its way to another one."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

Course = Callable[[float], float]  # share of the time -> share of the way


class GlideState(NamedTuple):
    """From `start` to `target` in `frames`, of which `left` are to come, on a `course`."""

    value: float
    start: float
    target: float
    frames: int
    left: int
    course: Course | None


class Glide:
    """Moves one step a frame: in equal steps, or on a course."""

    def __init__(self, value: float) -> None:
        self.state = GlideState(value, value, value, 0, 0, None)

    @property
    def value(self) -> float:
        return self.state.value

    @property
    def moving(self) -> bool:
        return self.state.left > 0

    def to(self, target: float, frames: int, course: Course | None = None) -> None:
        """Arrive at `target` after so many steps, at least one."""
        frames = max(1, frames)
        self.state = GlideState(self.value, self.value, target, frames, frames, course)

    def jump(self, value: float) -> None:
        self.state = self.state._replace(value=value, left=0)

    def step(self) -> float:
        """One frame on; the new value."""
        _, start, target, frames, left, course = self.state
        if left:
            part = (frames - left + 1) / frames
            gone = course(part) if course else part
            value = target if left == 1 else start + (target - start) * gone
            self.state = self.state._replace(value=value, left=left - 1)
        return self.value
