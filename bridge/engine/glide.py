"""A value on its way to another one, a step a frame."""

from __future__ import annotations

from typing import NamedTuple

from musicrfm.steering.schedules import Course, Move, even


class GlideState(NamedTuple):
    """value: where it is. move: on which way, None at rest. step: frames of it that are over."""

    value: float
    move: Move | None = None
    step: int = 0


class Glide:
    """Moves one step per frame: linearly, or along a course."""

    def __init__(self, value: float) -> None:
        self.state = GlideState(value)

    @property
    def value(self) -> float:
        return self.state.value

    @property
    def moving(self) -> bool:
        return self.state.move is not None

    def to(self, target: float, frames: int, course: Course = even) -> None:
        """Arrive at `target` after so many steps, at least one."""
        self.state = GlideState(self.value, Move(self.value, target, max(1, frames), course))

    def jump(self, value: float) -> None:
        self.state = GlideState(value)

    def step(self) -> float:
        """One frame on; the new value."""
        _, move, gone = self.state
        if move is not None:
            gone += 1
            self.state = GlideState(move.at(gone), move if gone < move.frames else None, gone)
        return self.value
