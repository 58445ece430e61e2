"""Directions and their knobs, turned from any thread, read by the stream once a frame.

All that is set ends up in one offset [layers, width], which the decoder adds to its hidden states
after every block. Settings are immutable and replaced whole, so reading them needs no lock.
"""

from __future__ import annotations

import math
import threading
import zlib
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import Tensor

from musicrfm.directions import Direction, canonical_name
from musicrfm.errors import MusicRFMError
from musicrfm.layers import layer_weights
from musicrfm.sampling import generator
from musicrfm.schedules import Schedule, parse_schedule

_INJECTION = 0x1D1C  # keeps these random numbers apart from those that choose codes


@dataclass(frozen=True)
class Steer:
    """How one direction is being steered.

    coefficient: in the player's unit, 1.0 is the top of the direction's useful range. layers,
    schedule: the specifications as given. inject: probability, per layer and frame, that the
    vector is added. component: which of the direction's vectors.
    """

    direction: Direction
    coefficient: float = 0.0
    layers: str = "all"
    schedule: str = "constant"
    inject: float = 1.0
    component: int = 0
    # What the specifications mean; kept so that a frame need not parse anything.
    weighted: np.ndarray = field(repr=False, compare=False, default=None)  # type: ignore[assignment]
    course: Schedule = field(repr=False, compare=False, default=Schedule())
    set_at: object = field(repr=False, compare=False, default=None)  # identity of one set_schedule

    @property
    def name(self) -> str:
        return self.direction.name

    @property
    def steady(self) -> bool:
        """Whether the offset stays the same from frame to frame."""
        return not self.coefficient or (self.inject >= 1.0 and self.course.kind == "constant")


class Steering:
    """The set of directions added to one stream.

    `add`, `set*`, `remove`, `names` and `get` may be called from any thread and take names in any
    spelling (`note_C#`); they raise MusicRFMError for a name that was not added and for values out
    of range. `offset` belongs to the stream's thread.
    """

    def __init__(
        self,
        layers: int,
        width: int,
        model_name: str | None = None,
        device: torch.device | str = "cpu",
        dtype: torch.dtype = torch.float32,
    ) -> None:
        self._layers, self._width, self._model_name = layers, width, model_name
        self._steers: dict[str, Steer] = {}
        self._writing = threading.Lock()
        self._zero = torch.zeros(layers, width, device=device, dtype=dtype)
        self._latest: tuple[dict[str, Steer] | None, Tensor] = (None, self._zero)
        self._began: dict[str, tuple[object, int]] = {}  # when each schedule was first seen

    # ---- any thread ----

    def add(
        self,
        direction: Direction,
        coefficient: float = 0.0,
        *,
        layers: str = "all",
        schedule: str = "constant",
        inject: float = 1.0,
        component: int = 0,
    ) -> None:
        """Adds a direction, or replaces the one of the same name."""
        self._check(direction)
        if component not in range(direction.components):
            raise MusicRFMError(
                f"direction {direction.name!r} has no component {component!r}: "
                f"give 0 to {direction.components - 1}"
            )
        steer = Steer(
            direction,
            _finite(direction.name, coefficient),
            str(layers),
            str(schedule),
            _probability(direction.name, inject),
            int(component),
            _weighted(direction, layers, component),
            parse_schedule(schedule),
            object(),
        )
        with self._writing:
            self._steers = {**self._steers, direction.name: steer}

    def set(self, name: str, coefficient: float) -> None:
        """Turns the knob: 0 is off, 1 the top of the useful range; less and more are allowed."""
        self._replace(name, coefficient=_finite(name, coefficient))

    def set_layers(self, name: str, spec: str) -> None:
        """`all`, `top:K` or `exp:BASE,RATE`, see `musicrfm.layers`."""
        steer = self.get(name)
        weighted = _weighted(steer.direction, spec, steer.component)
        self._replace(name, layers=str(spec), weighted=weighted)

    def set_schedule(self, name: str, spec: str) -> None:
        """`constant`, `exponential:RATE` or `linear:STEPS`; starts at the next frame."""
        self._replace(name, schedule=str(spec), course=parse_schedule(spec), set_at=object())

    def set_inject(self, name: str, probability: float) -> None:
        """Probability, per layer and frame, that the vector is added: 0 to 1."""
        self._replace(name, inject=_probability(name, probability))

    def remove(self, name: str) -> None:
        with self._writing:
            self.get(name)
            gone = canonical_name(name)
            self._steers = {key: s for key, s in self._steers.items() if key != gone}

    def names(self) -> list[str]:
        """Canonical names, in the order they were added."""
        return list(self._steers)

    def get(self, name: str) -> Steer:
        """The current settings."""
        steer = self._steers.get(canonical_name(str(name)))
        if steer is None:
            added = ", ".join(self._steers) or "none"
            raise MusicRFMError(f"no direction {name!r} has been added (added: {added})")
        return steer

    # ---- the stream's thread ----

    @property
    def state(self) -> tuple:
        """All settings and when the schedules began; setting it brings them back."""
        return self._steers, dict(self._began)

    @state.setter
    def state(self, state: tuple) -> None:
        steers, began = state
        with self._writing:
            self._steers = steers
        self._began = dict(began)

    def offset(self, frame: int, seed: int = 0) -> Tensor:
        """What is added at `frame`, [layers, width]; the same object as long as nothing changes.

        Injection is drawn anew from (seed, frame, direction), so it does not depend on what else
        was drawn before. Never modify the result.
        """
        steers = self._steers
        if steers is self._latest[0]:
            return self._latest[1]
        total = np.zeros((self._layers, self._width), dtype=np.float32)
        steady, used = True, False
        for name, steer in steers.items():
            token, start = self._began.get(name, (None, 0))
            if token is not steer.set_at or start > frame:  # newly set, or the stream restarted
                start = frame
                self._began[name] = (steer.set_at, start)
            steady = steady and steer.steady
            raw = steer.coefficient * steer.direction.scale * steer.course.factor(frame - start)
            if not raw:
                continue
            used = True
            amount: float | np.ndarray = raw
            if steer.inject < 1.0:
                own_seed = seed ^ (_INJECTION << 48) ^ zlib.crc32(name.encode())
                draws = generator(own_seed, frame).random(self._layers)
                amount = raw * (draws < steer.inject)[:, None]
            total += amount * steer.weighted
        offset = self._zero
        if used:
            offset = torch.from_numpy(total).to(self._zero.device, self._zero.dtype)
        self._latest = (steers if steady else None, offset)
        return offset

    def _replace(self, name: str, **changes: object) -> None:
        with self._writing:
            steer = self.get(name)
            self._steers = {**self._steers, steer.name: replace(steer, **changes)}

    def _check(self, direction: Direction) -> None:
        if direction.model is not None and self._model_name not in (None, direction.model):
            raise MusicRFMError(
                f"direction {direction.name!r} was trained on model {direction.model!r} "
                f"and means nothing to {self._model_name!r}: train it there"
            )
        if (direction.layers, direction.width) != (self._layers, self._width):
            raise MusicRFMError(
                f"direction {direction.name!r} has {direction.layers} layers of width "
                f"{direction.width}, but the model has {self._layers} of width {self._width}"
            )


def _weighted(direction: Direction, spec: str, component: int) -> np.ndarray:
    weights = layer_weights(spec, direction.layer_scores.numpy())
    return (weights[:, None] * direction.vectors[:, component].numpy()).astype(np.float32)


def _finite(name: str, coefficient: float) -> float:
    try:
        value = float(coefficient)
    except (TypeError, ValueError):
        value = math.nan
    if not math.isfinite(value):
        raise MusicRFMError(f"coefficient {coefficient!r} of {name!r} is not a finite number")
    return value


def _probability(name: str, inject: float) -> float:
    try:
        value = float(inject)
    except (TypeError, ValueError):
        value = math.nan
    if not 0.0 <= value <= 1.0:
        raise MusicRFMError(f"injection probability {inject!r} of {name!r} is not from 0 to 1")
    return value
