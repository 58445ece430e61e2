"""Changes of a coefficient over time: schedules, moves, and their progress.

A schedule modifies the player's coefficient, with time counted in frames (20 ms) from when it was
set. A move takes the player's coefficient itself from one value to another, such as each half of a
crossfade.
"""

from __future__ import annotations

import importlib
import inspect
import logging
import math
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from musicrfm.errors import MusicRFMError

Function = Callable[[int, float], float]  # f(step, base) -> coefficient
Course = Callable[[float], float]  # share of the time -> share of the way

SPECS = (
    "constant, exponential:RATE (RATE at least 0), linear:STEPS, ramp:STEPS, cosine:STEPS, "
    "cosine-down:STEPS (STEPS above 0) or python:MODULE:FUNCTION"
)
_IMPORTED = "python"
_IN_STEPS = ("linear", "ramp", "cosine", "cosine-down")

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Schedule:
    """`kind` is one of `SPECS`; value is a rate per frame or a number of frames.

    function: for kind "python", f(step, base) -> coefficient, where base is the player's
    coefficient.
    """

    kind: str = "constant"
    value: float = 0.0
    function: Function | None = None
    spec: str = "constant"

    def factor(self, step: int) -> float:
        """The factor of the coefficient, `step` >= 0 frames after the schedule was set."""
        if self.kind == "exponential":
            return math.exp(-self.value * step)
        if self.kind in _IN_STEPS:
            share = min(1.0, step / self.value)
            if self.kind.startswith("cosine"):
                share = 0.5 - 0.5 * math.cos(math.pi * share)
            return 1.0 - share if self.kind in ("linear", "cosine-down") else share
        return 1.0

    def stays(self, step: int) -> bool:
        """Whether the factor is the same from `step` on."""
        return self.kind == "constant" or (self.kind in _IN_STEPS and step >= self.value)


def parse_schedule(spec: str | Function, folders: Sequence[Path] = ()) -> Schedule:
    """Parse a schedule, or accept a Python function f(step, base) -> coefficient.

    `constant`; `exponential:RATE` multiplies by exp(-RATE * step), so that 0.002 is the decay by
    0.998 per step of the MusicRFM examples; `linear:STEPS` falls linearly to 0; `ramp:STEPS` rises
    linearly from 0; `cosine:STEPS` and `cosine-down:STEPS` rise and fall as half a cosine.

    `python:MODULE:FUNCTION` imports the module and so runs code, found by Python's import system,
    or else in one of `folders` or the current folder. It is meant for the person at this computer:
    refuse it from the network with `imports_code`.

    Raises MusicRFMError for anything else.
    """
    if callable(spec):
        return Schedule(_IMPORTED, function=_checked(spec, repr(spec)), spec=_described(spec))
    text = str(spec).strip()
    kind, _, argument = text.partition(":")
    if imports_code(text):
        return Schedule(_IMPORTED, function=_import(text, argument, folders), spec=text)
    try:
        value = float(argument) if argument else math.nan
    except ValueError:
        value = math.nan
    if kind == "constant" and not argument:
        return Schedule()
    if kind == "exponential" and math.isfinite(value) and value >= 0:
        return Schedule(kind, value, spec=text)
    if kind in _IN_STEPS and math.isfinite(value) and value > 0:
        return Schedule(kind, value, spec=text)
    raise MusicRFMError(f"schedule {spec!r} is not one of {SPECS}")


def imports_code(spec: str) -> bool:
    """Whether `parse_schedule` would import a module for this text."""
    return spec.strip().partition(":")[0] == _IMPORTED


AHEAD = math.log(0.5) / math.log(0.4)  # the power that moves the half-way point to 0.4 of the time


def even(part: float) -> float:
    """The progress of a move in equal steps."""
    return part


def eased(part: float) -> float:
    """The progress of a glide at a fraction of its time, both 0 to 1: a raised cosine."""
    return 0.5 - 0.5 * math.cos(math.pi * part)


def handed_over(part: float) -> float:
    """The progress of a crossfade at a fraction of its time: `eased`, but half-way at 0.4 of the
    time.

    Music continues as it was for a while, so a middle that comes slightly early is heard as a
    hand-over in the middle. The two sides of a crossfade still sum to 1.
    """
    return eased(part**AHEAD)


@dataclass(frozen=True, eq=False)
class Move:
    """The course of a value from `start` to `end` over some frames, for glides and crossfades, live
    or planned."""

    start: float
    end: float
    frames: int
    course: Course = handed_over

    def at(self, step: float) -> float:
        """The value `step` frames after the start."""
        if step >= self.frames:
            return self.end
        return self.start + (self.end - self.start) * self.course(step / self.frames)


class Progress:
    """The progress of one direction's schedule and move; for the stream's thread.

    Both count from the first frame after they were set. When a new piece starts at frame 0, the
    schedule restarts and a move ends.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.move: Move | None = None  # the latest seen
        self.base = 0.0  # the player's coefficient at the latest frame
        self._frame = 0
        self._move_began = 0.0
        self._schedule: object = None
        self._schedule_began = 0
        self._good: float | None = None  # the last usable result of a function
        self._told = False
        self._beats = 0.0
        self._beat_frame: int | None = None

    def coefficient(
        self, frame: int, base: float, move: Move | None, schedule: Schedule, set_at: object
    ) -> tuple[float, bool]:
        """The coefficient at `frame`, and whether it stays constant until a setting changes.

        set_at: identity of one setting of the schedule.
        """
        afresh = frame < self._frame
        self._frame = frame
        if move is not self.move:
            self.move, self._move_began = move, frame
        elif afresh:
            self._move_began = -math.inf
        if set_at is not self._schedule or afresh:
            self._schedule, self._schedule_began = set_at, frame
            self._good, self._told = None, False
        arrived = True
        if move is not None:
            base = move.at(frame - self._move_began)
            arrived = frame - self._move_began >= move.frames
        self.base = base
        step = frame - self._schedule_began
        if schedule.function is not None:
            return self._called(schedule.spec, schedule.function, step, base), False
        return base * schedule.factor(step), arrived and (not base or schedule.stays(step))

    def beats(self, frame: int, per_frame: float) -> float:
        """The number of beats since the last call, at this number of beats per frame."""
        if self._beat_frame is None or frame < self._beat_frame:
            self._beats = 0.0
        else:
            self._beats += per_frame * (frame - self._beat_frame)
        self._beat_frame = frame
        return self._beats

    def _called(self, spec: str, function: Function, step: int, base: float) -> float:
        """The function's result; if it is unusable, the last usable one."""
        try:
            value = float(function(step, base))
            problem = "" if math.isfinite(value) else f"returned {value}"
        except (Exception, SystemExit) as error:
            problem = f"failed: {type(error).__name__}: {error}"
        if not problem:
            self._good = value
            return value
        held = base if self._good is None else self._good
        if not self._told:
            self._told = True
            log.warning(
                "schedule %s of %s %s at step %d: the coefficient is held at %g",
                *(spec, self.name, problem, step, held),
            )
        return held


def _import(spec: str, argument: str, folders: Sequence[Path]) -> Function:
    module_name, _, path = argument.partition(":")
    if not (module_name and path):
        raise MusicRFMError(
            f"schedule {spec!r} is not python:MODULE:FUNCTION, such as python:my:curve"
        )
    try:
        with _also_from((*folders, Path.cwd())):
            importlib.invalidate_caches()
            found = importlib.import_module(module_name)
        for part in path.split("."):
            found = getattr(found, part)
    except (Exception, SystemExit) as error:
        raise MusicRFMError(
            f"schedule {spec!r} cannot be imported: {type(error).__name__}: {error}"
        ) from error
    return _checked(found, repr(spec))


def _checked(function: object, what: str) -> Function:
    if not callable(function):
        raise MusicRFMError(f"schedule {what} is not a function: it must take (step, base)")
    try:
        inspect.signature(function).bind(0, 1.0)
    except TypeError as error:
        raise MusicRFMError(f"schedule {what} must take (step, base): {error}") from None
    except ValueError:
        pass  # some built-in functions have no signature
    return function


def _described(function: Function) -> str:
    name = getattr(function, "__qualname__", type(function).__qualname__)
    return f"{_IMPORTED}:{getattr(function, '__module__', '?')}:{name}"


@contextmanager
def _also_from(folders: Sequence[Path]) -> Iterator[None]:
    """Makes modules in these folders importable; modules importable anyway have precedence."""
    added = [str(folder) for folder in folders if str(folder) not in sys.path]
    sys.path.extend(added)
    try:
        yield
    finally:
        for folder in added:
            sys.path.remove(folder)
