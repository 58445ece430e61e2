"""Directions and their knobs: set from any thread, read by the stream once per frame.

All settings result in one offset [layers, width], which the decoder adds to its hidden states after
every block; for a held beat, its components are projected out first. Settings are immutable and
replaced as a whole, so reading them needs no lock.
"""

from __future__ import annotations

import logging
import threading
import zlib
from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from musicrfm.directions import (
    Direction,
    canonical_name,
    checked_direction,
    checked_owner,
)
from musicrfm.errors import MusicRFMError, whole_number
from musicrfm.runtime.sampling import generator
from musicrfm.steering.beat import is_beat
from musicrfm.steering.layers import Layers
from musicrfm.steering.schedules import Function, Move, Progress
from musicrfm.steering.setting import Components, Held, Steer, finite

if TYPE_CHECKING:
    from musicrfm.model import MusicModel

_INJECTION = 0x1D1C  # separates these random numbers from those that choose codes

log = logging.getLogger(__name__)

_told: set[tuple[str, str]] = set()  # (direction, model), of which this process has said so


def say_uncalibrated(name: str, model: str) -> None:
    """Log, once for each direction, that its coefficient is raw. name: as in `musicrfm
    calibrate`."""
    if (name, model) in _told:
        return
    _told.add((name, model))
    where = "" if model == "nano" else f" --model {model}"
    log.warning(
        "%s is not calibrated, so its coefficient is raw: run `musicrfm calibrate %s%s`",
        name,
        name,
        where,
    )


@dataclass(frozen=True)
class Crossfade:
    """A crossfade that waits for its start frame; see `Steering.crossfade`."""

    from_name: str
    to_name: str
    frames: int
    coefficient: float | None
    start: int


class _Owner(NamedTuple):
    """The model that is steered, as `Direction.check` wants it."""

    name: str | None
    fingerprint: str | None
    layers: int
    width: int


class SteeringState(NamedTuple):
    """All settings, and how far each direction's schedule and crossfade have got."""

    steers: dict[str, Steer]
    waiting: tuple[Crossfade, ...]
    keep_norm: bool
    progress: dict[str, Progress]


class Steering:
    """The directions added to one stream.

    `add`, `set*`, `crossfade`, `remove`, `names` and `get` may be called from any thread and accept
    names in any spelling (`note_C#`); they raise MusicRFMError for a name that was not added and
    for values out of range. `offset` belongs to the stream's thread.

    keep_norm: whether each steered hidden state is rescaled to its previous norm; off by default,
    as published. It may be set at any time. raw_meant: whether raw coefficients are intended;
    otherwise, an uncalibrated direction that is turned up is logged once.

        >>> from musicrfm import Direction, MusicModel, MusicStream
        >>> model = MusicModel.load("nano")
        >>> steering = MusicStream(model, "piano melody").steering
        >>> steering.add(Direction.load("note_C", model), 0.5, layers="top:3")
        >>> steering.add(Direction.load("tempo", model), 1.0, inject=0.3)
        >>> steering.set("note_C", 0.8)
        >>> steering.names(), steering.get("note_C").coefficient
        (['note_C', 'tempo'], 0.8)
    """

    def __init__(
        self,
        layers: int,
        width: int,
        model_name: str | None = None,
        device: torch.device | str = "cpu",
        dtype: torch.dtype = torch.float32,
        frame_rate: float = 50.0,
        fingerprint: str | None = None,
    ) -> None:
        layers, width = whole_number("layers", layers, 1), whole_number("width", width, 1)
        self._layers, self._width = layers, width
        self._owner = _Owner(model_name, fingerprint, layers, width)
        self._frame_rate = frame_rate  # a second, for beats
        self.keep_norm = False
        self.raw_meant = False
        # The part projected out before the latest offset is added, [layers, 3, width], see `Push`.
        self.basis: Tensor | None = None
        self._held: tuple[Held | None, Tensor | None] = (None, None)  # the latest on the device
        self._steers: dict[str, Steer] = {}
        self._waiting: tuple[Crossfade, ...] = ()
        self._writing = threading.RLock()
        self.nothing = torch.zeros(layers, width, device=device, dtype=dtype)
        # The settings that the latest offset was made from, if it stays, its frame, and the offset.
        self._latest: tuple[dict[str, Steer] | None, int, Tensor] = (None, 0, self.nothing)
        self._progress: dict[str, Progress] = {}
        self._kept: dict[str, Progress] | None = {}  # a copy, as long as it is still the same

    @classmethod
    def of(cls, model: MusicModel) -> Steering:
        """Nothing yet, for a model: of its shape, on its device, and only for its directions."""
        checked_owner(model)
        return cls(
            model.layers,
            model.width,
            model.name,
            model.device,
            model.dtype,
            model.frame_rate,
            model.fingerprint,
        )

    def __repr__(self) -> str:
        knobs = (f"{one.name}={one.coefficient:g}" for one in self._steers.values())
        return f"Steering({', '.join(knobs) or 'nothing'})"

    # ---- any thread ----

    def add(
        self,
        direction: Direction,
        coefficient: float = 0.0,
        *,
        layers: Layers = "all",
        schedule: str | Function = "constant",
        inject: float = 1.0,
        inject_per: str = "layer",
        component: Components = 0,
        **unknown: object,
    ) -> None:
        """Add a direction, or replace the one with the same name.

        schedule: a specification, or a Python function f(step, base) -> coefficient. component: a
        number, a class, or a list of them. The rest: see `musicrfm.steering.setting.Steer`. Raises
        MusicRFMError for `unknown` settings.
        """
        for name in unknown:
            raise MusicRFMError(
                f"a direction is not added with {name!r}: give layers, schedule, inject, "
                "inject_per or component, which takes a list, too"
            )
        checked_direction(direction).check(self._owner)
        if is_beat(direction):
            others = (s.name for s in self._steers.values() if s.held and s.name != direction.name)
            if (other := next(others, None)) is not None:
                raise MusicRFMError(
                    f"{other!r} already holds a beat: remove it before adding {direction.name!r}"
                )
        steer = Steer(direction).changed(
            coefficient=coefficient,
            layers=layers,
            schedule=schedule,
            inject=inject,
            inject_per=inject_per,
            component=component,
        )
        self._put(steer)

    def set(self, name: str, coefficient: float) -> None:
        """Turn the knob: 0 is off, 1 the top of the useful range; values outside 0 to 1 are
        allowed."""
        self._change(name, coefficient=coefficient, move=None)

    def set_layers(self, name: str, spec: Layers) -> None:
        """`all`, `top:K`, `exp:BASE,RATE`, `layer:N,...`, or numbers; see `layer_weights`."""
        self._change(name, layers=spec)

    def set_component(self, name: str, component: Components) -> None:
        """By number or class: one, or several, as a sequence or as text such as `0,2`, which are
        summed."""
        self._change(name, component=component)

    def set_schedule(self, name: str, spec: str | Function) -> None:
        """A specification for `musicrfm.steering.schedules`, or a function; starts at the next
        frame.

        `python:MODULE:FUNCTION` imports the module: refuse it from anybody but the person at this
        computer.
        """
        self._change(name, schedule=spec)

    def set_inject(self, name: str, probability: float) -> None:
        """Probability that the vector is added: 0 to 1."""
        self._change(name, inject=probability)

    def set_inject_per(self, name: str, unit: str) -> None:
        """Whether injection is drawn for each `layer` and frame, or for each `step` (frame)."""
        self._change(name, inject_per=unit)

    def crossfade(
        self,
        from_name: str,
        to_name: str,
        frames: int,
        coefficient: float | None = None,
        *,
        start: int | None = None,
    ) -> None:
        """Crossfade from one direction to another over `frames` frames, see
        `schedules.handed_over`.

        The first coefficient goes from its current value to 0, the second to `coefficient`, by
        default the sum of the two, so that the sum stays constant. The crossfade starts at frame
        `start`, by default at the next one. Setting a coefficient meanwhile ends that direction's
        part.
        """
        one, other = self.get(from_name), self.get(to_name)
        if one.name == other.name:
            raise MusicRFMError(f"{one.name!r} cannot be crossfaded into itself")
        fade = Crossfade(
            one.name,
            other.name,
            whole_number("a crossfade's frames", frames, 1),
            None if coefficient is None else finite(other.name, coefficient),
            0 if start is None else whole_number("a crossfade's start", start, 0),
        )
        if start is None:
            self._begin(fade)
        else:
            with self._writing:
                self._waiting = (*self._waiting, fade)

    def remove(self, name: str) -> None:
        with self._writing:
            gone = self.get(name).name
            self._steers = {key: s for key, s in self._steers.items() if key != gone}

    def names(self) -> list[str]:
        """Canonical names, in the order of adding."""
        return list(self._steers)

    def get(self, name: str) -> Steer:
        """The current settings."""
        steer = self._steers.get(canonical_name(str(name)))
        if steer is None:
            added = ", ".join(self._steers) or "none"
            raise MusicRFMError(f"direction {name!r} has not been added (added: {added})")
        return steer

    # ---- the stream's thread ----

    @property
    def state(self) -> SteeringState:
        """All settings and how far schedules and crossfades are; setting it brings them back."""
        if self._kept is None:
            self._kept = {name: copy(progress) for name, progress in self._progress.items()}
        return SteeringState(self._steers, self._waiting, self.keep_norm, self._kept)

    @state.setter
    def state(self, state: SteeringState) -> None:
        with self._writing:
            self._steers, self._waiting, self.keep_norm = state[:3]
        self._kept = state.progress
        self._progress = {name: copy(progress) for name, progress in state.progress.items()}
        self._latest = (None, 0, self.nothing)

    def offset(self, frame: int, seed: int = 0) -> Tensor:
        """The vectors to add at `frame`, [layers, width]; the same object as long as nothing
        changes.

        `nothing` if nothing is steered. Injection is drawn from (seed, frame, direction),
        independent of earlier draws. Never modify the result.
        """
        if self._waiting:
            self._begin_due(frame)
        steers = self._steers
        made_from, made_at, offset = self._latest
        if steers is made_from and frame >= made_at:
            return offset
        self._kept = None
        with np.errstate(over="ignore", invalid="ignore"):  # the stream checks the result
            total, basis, stays = self._sum(steers, frame, seed)
            if total is not None:
                total = total.astype(np.float32, copy=False)
        offset = self.nothing
        if total is not None:
            # Asynchronous: does not wait for the GPU.
            like = (self.nothing.device, self.nothing.dtype)
            offset = torch.from_numpy(total).to(*like, non_blocking=True)
        self.basis = basis
        self._latest = (steers if stays else None, frame, offset)
        return offset

    def _sum(
        self, steers: dict[str, Steer], frame: int, seed: int
    ) -> tuple[np.ndarray | None, Tensor | None, bool]:
        """The sum of all vectors [layers, width], the part to project out first, and whether both
        stay constant."""
        total: np.ndarray | None = None
        basis: Tensor | None = None
        stays = True
        for name, steer in steers.items():
            raw, steady = self._raw(steer, frame)
            stays = stays and steady
            if not raw:
                continue
            injected: float | np.ndarray = 1.0
            if steer.inject < 1.0:
                stays = False
                draws = generator(seed ^ (_INJECTION << 48) ^ zlib.crc32(name.encode()), frame)
                per_layer = self._layers if steer.inject_per == "layer" else 1
                injected = (draws.random(per_layer) < steer.inject)[:, None]
            if steer.held is None:
                part = raw * injected * steer.weighted
            else:
                stays = False
                part = injected * self._beat(steer.name, steer.held, raw, frame)
                basis = self._basis(steer.held, injected)
            total = part if total is None else np.add(total, part, out=total)
        return total, basis, stays

    def _beat(self, name: str, held: Held, raw: float, frame: int) -> np.ndarray:
        """The held beat's vectors at a frame, float32 [layers, width]."""
        bpm = held.beat.bpm(raw)
        beats = self._progress[name].beats(frame, bpm / 60 / self._frame_rate)
        return held.amounts * held.beat.offset(bpm, beats)

    def _basis(self, held: Held, injected: float | np.ndarray) -> Tensor:
        kept, basis = self._held
        if basis is None or kept is not held:
            like = (self.nothing.device, self.nothing.dtype)
            basis = torch.from_numpy(held.basis).to(*like)
            self._held = (held, basis)
        if isinstance(injected, float):
            return basis
        return basis * torch.from_numpy(injected)[..., None].to(basis.device)

    def _raw(self, steer: Steer, frame: int) -> tuple[float, bool]:
        """The raw coefficient at a frame, and whether it stays constant."""
        progress = self._progress.get(steer.name)
        if progress is None:
            progress = self._progress[steer.name] = Progress(steer.name)
        coefficient, stays = progress.coefficient(
            frame, steer.coefficient, steer.move, steer.course, steer.set_at
        )
        return (steer.raw(coefficient) if coefficient else 0.0), stays

    def _begin_due(self, frame: int) -> None:
        with self._writing:
            due = [fade for fade in self._waiting if fade.start <= frame]
            self._waiting = tuple(fade for fade in self._waiting if fade.start > frame)
        for fade in sorted(due, key=lambda fade: fade.start):
            try:
                self._begin(fade)
            except MusicRFMError as error:
                log.warning("the crossfade at frame %d is skipped: %s", frame, error)

    # ---- either ----

    def _begin(self, fade: Crossfade) -> None:
        with self._writing:
            one, other = self.get(fade.from_name), self.get(fade.to_name)
            from_here, from_there = self._standing(one), self._standing(other)
            end = from_here + from_there if fade.coefficient is None else fade.coefficient
            if fade.coefficient is None and not from_here:
                raise MusicRFMError(
                    f"{one.name!r} is at 0, so it cannot be crossfaded: turn it up first"
                )
            away, here = Move(from_here, 0.0, fade.frames), Move(from_there, end, fade.frames)
            self._put(
                one.changed(coefficient=0.0, move=away), other.changed(coefficient=end, move=here)
            )

    def _standing(self, steer: Steer) -> float:
        """The coefficient at this moment, even in the middle of a crossfade."""
        if steer.move is None:
            return steer.coefficient
        progress = self._progress.get(steer.name)
        if progress is None or progress.move is not steer.move:
            return steer.move.start
        return progress.base

    def _change(self, name: str, **changes: Any) -> None:
        with self._writing:
            self._put(self.get(name).changed(**changes))

    def _put(self, *steers: Steer) -> None:
        with self._writing:
            self._steers = {**self._steers, **{steer.name: steer for steer in steers}}
        for steer in steers:
            if steer.coefficient and not self.raw_meant and (name := steer.uncalibrated):
                say_uncalibrated(name, steer.direction.model)
