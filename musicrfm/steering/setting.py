"""The settings of one direction, checked, and the vectors that follow from them.

A `Steer` is immutable; `changed` returns a new one. `musicrfm.steering.steering` holds those of a
stream.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeGuard

import numpy as np

from musicrfm.directions import Direction
from musicrfm.errors import MusicRFMError, short
from musicrfm.steering.beat import Beat, is_beat
from musicrfm.steering.layers import layer_weights, layers_spec
from musicrfm.steering.schedules import Move, Schedule, parse_schedule

INJECT_PER = ("layer", "step")
MOST_COEFFICIENT = 10_000.0  # an uncalibrated direction's coefficient is raw; no model needs more
Components = int | str | Sequence[int | str]


@dataclass(frozen=True, eq=False)
class Held:
    """A beat and its weight in each layer, float32 [layers, 1] from 0 to 1.

    basis: [layers, 3, width], projected out of the hidden states first.
    """

    beat: Beat
    amounts: np.ndarray
    basis: np.ndarray


def _nothing() -> np.ndarray:
    return np.zeros((0, 0), np.float32)


@dataclass(frozen=True)
class Steer:
    """The settings of one direction.

    coefficient: in the player's unit, where 1.0 is the top of the direction's useful range; during
    a `move`, its target. layers, schedule: specifications, see `musicrfm.steering.layers` and
    `musicrfm.steering.schedules`. inject: probability that the vector is added, drawn for each
    layer and frame or, with inject_per "step", for each frame. component: the direction's vectors
    to use, by number or class; several, also as text such as "0,2", are summed. A direction of kind
    `beat` is held instead of added, see `musicrfm.steering.beat`: with all its components, released
    at a coefficient of 0, and otherwise at the tempo of the coefficient.
    """

    direction: Direction
    coefficient: float = 0.0
    layers: str = "all"
    schedule: str = "constant"
    inject: float = 1.0
    inject_per: str = "layer"
    component: Components = 0
    move: Move | None = None
    # The parsed specifications, so that a frame need not parse anything.
    weighted: np.ndarray = field(repr=False, compare=False, default_factory=_nothing)
    held: Held | None = field(repr=False, compare=False, default=None)
    course: Schedule = field(repr=False, compare=False, default=Schedule())
    set_at: object = field(repr=False, compare=False, default=None)  # identity of one schedule set
    _ruler: Direction | None = field(repr=False, compare=False, default=None)

    @property
    def name(self) -> str:
        return self.direction.name

    @property
    def uncalibrated(self) -> str:
        """Where the coefficient is raw, what `musicrfm calibrate` calls this: `note_C` or
        `notes:C`; otherwise ""."""
        assert self._ruler is not None, "`changed` makes it"
        if self.held is not None or self._ruler.range is not None:
            return ""
        one_class = self._ruler is not self.direction
        return f"{self.name}:{self._ruler.meta['target']}" if one_class else self.name

    def raw(self, coefficient: float) -> float:
        """The raw coefficient of a coefficient, finite or infinite."""
        assert self._ruler is not None, "`changed` makes it"
        try:
            return self._ruler.raw(coefficient)
        except OverflowError:
            return math.copysign(math.inf, coefficient)

    def changed(self, **changes: Any) -> Steer:
        """A copy with other settings. Raises MusicRFMError for an invalid setting."""
        if "coefficient" in changes:
            changes["coefficient"] = finite(self.name, changes["coefficient"])
        if "inject" in changes:
            changes["inject"] = probability(self.name, changes["inject"])
        if "inject_per" in changes:
            checked_inject_per(changes["inject_per"])
        if "schedule" in changes:
            course = parse_schedule(changes["schedule"])
            changes |= {"schedule": course.spec, "course": course, "set_at": object()}
        if "layers" in changes or "component" in changes:
            spec = layers_spec(changes.get("layers", self.layers))
            chosen = _components(self.direction, changes.get("component", self.component))
            changes["layers"] = spec
            changes["weighted"] = _weighted(self.direction, spec, chosen)
            changes["_ruler"] = _ruler(self.direction, chosen)
            changes["held"] = _held(self.direction, spec) if is_beat(self.direction) else None
        return replace(self, **changes)


def finite(name: str, coefficient: float) -> float:
    try:
        value = float(coefficient)
    except (TypeError, ValueError, OverflowError):
        value = math.nan
    if not math.isfinite(value):
        raise MusicRFMError(f"coefficient {coefficient!r} of {name!r} is not a finite number")
    if abs(value) > MOST_COEFFICIENT:
        raise MusicRFMError(
            f"coefficient {value:g} of {name!r} is too large: give one from "
            f"-{MOST_COEFFICIENT:g} to {MOST_COEFFICIENT:g}, where 1 is the top of the range"
        )
    return value


def probability(name: str, inject: float) -> float:
    try:
        value = float(inject)
    except (TypeError, ValueError, OverflowError):
        value = math.nan
    if not 0.0 <= value <= 1.0:
        raise MusicRFMError(f"injection probability {inject!r} of {name!r} is not from 0 to 1")
    return value


def checked_inject_per(unit: str) -> str:
    """`layer` or `step`. Raises MusicRFMError for anything else."""
    if unit not in INJECT_PER:
        raise MusicRFMError(f"injection must be drawn per layer or per step, not per {unit!r}")
    return unit


def is_list(value: object) -> TypeGuard[Sequence[Any] | np.ndarray]:
    several = isinstance(value, Sequence) and not isinstance(value, str)
    return several or (isinstance(value, np.ndarray) and value.ndim > 0)


def seeds_of(given: int | Sequence[int] | np.ndarray) -> list[int]:
    """One seed, or several. Raises MusicRFMError for none, and anything but whole numbers."""
    several: list[Any] = list(given) if is_list(given) else [given]
    try:
        found = [operator.index(one) for one in several]
    except TypeError:
        found = []
    if not found:
        raise MusicRFMError(f"a seed must be a whole number, or a list of them, not {short(given)}")
    return found


def _weights(direction: Direction, layers: str) -> np.ndarray:
    higher_is_better = bool(direction.meta.get("metric_higher_is_better", True))
    return layer_weights(layers, direction.layer_scores.numpy(), higher_is_better)


def _held(direction: Direction, layers: str) -> Held:
    beat = Beat.of(direction)
    amounts = _weights(direction, layers).clip(0, 1)[:, None].astype(np.float32)
    return Held(beat, amounts, np.sqrt(amounts)[..., None] * beat.basis)


def _weighted(direction: Direction, layers: str, components: list[int | str]) -> np.ndarray:
    """What one unit of raw coefficient adds, float32 [layers, width]."""
    weights = _weights(direction, layers)
    vectors = sum(direction.only(one).vectors[:, 0].numpy() for one in components)
    return (weights[:, None] * vectors).astype(np.float32)


def _ruler(direction: Direction, components: list[int | str]) -> Direction:
    """Whose range and curve count: a class has its own."""
    if not direction.classes or len(components) != 1:
        return direction
    return direction.only(components[0])


def _components(direction: Direction, component: Components) -> list[int | str]:
    """The components one by one, as `Direction.only` takes them."""
    if isinstance(component, str):
        component = component.split(",")
    chosen = list(component) if isinstance(component, Sequence) else [component]
    if not chosen:
        raise MusicRFMError(f"no component of {direction.name!r} is chosen: give at least one")
    return [_number_or_class(direction, one) for one in chosen]


def _number_or_class(direction: Direction, one: int | str) -> int | str:
    if isinstance(one, str):
        one = one.strip()
        if not one.isdecimal() or one in direction.classes:
            return one
        one = int(one)
    try:
        number = operator.index(one)
    except TypeError:
        number = -1
    if number not in range(direction.components):
        raise MusicRFMError(
            f"direction {direction.name!r} has no component {one!r}: choose from 0 to "
            f"{direction.components - 1}"
        )
    return number
