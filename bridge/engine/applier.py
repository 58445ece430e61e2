"""Applies the controls' values to the stream: changes and glides, once per frame."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from bridge.audio.dsp import Ramp, db_to_amplitude
from bridge.controls.controls import Controls, Snapshot, Value
from bridge.controls.parameters import PROMPT_SLOTS
from bridge.engine.glide import Glide, GlideState
from bridge.recording.log import Change, source_name
from musicrfm.steering.schedules import eased, even, handed_over

if TYPE_CHECKING:
    from musicrfm.stream import MusicStream

GAIN_SECONDS = 0.02
WEIGHTS = tuple(f"/prompt/{slot}/weight" for slot in PROMPT_SLOTS)


@dataclass(frozen=True)
class Applied:
    """The values before a frame. values: as the stream has them. times, slow, version: of their
    snapshot."""

    values: Mapping[str, Value]
    times: Mapping[str, int]
    slow: Mapping[str, float]
    version: int
    glides: Mapping[str, GlideState]
    moving: frozenset[str]
    restart: bool
    count: int


class Applier:
    """Applies the controls of one set, for its engine's thread.

    steers: a direction's address -> its name in `stream.steering`. gains: ramps by address.
    smoothing: number of frames in which a coefficient reaches a new value.
    """

    def __init__(
        self,
        stream: MusicStream,
        controls: Controls,
        steers: Mapping[str, str],
        gains: Mapping[str, Ramp],
        smoothing: int,
    ) -> None:
        self._stream, self._controls = stream, controls
        self._steers, self._gains = steers, gains
        self._smoothing = smoothing
        self._start = controls.snapshot().values  # initial values
        self.values: dict[str, Value] = {}
        self._times: Mapping[str, int] = {}
        self._slow: Mapping[str, float] = {}  # the seconds that crossfades take, by address
        self._version = 0
        # Sound settings that a morph can glide: address -> attribute of the stream.
        self._sound = {
            address: parameter.applies.removeprefix("stream.")
            for address, parameter in controls.parameters.items()
            if parameter.type == "f" and parameter.applies.startswith("stream.")
        }
        self._smooth = {a for a, parameter in controls.parameters.items() if parameter.smoothing}
        self._glides = {address: Glide(0.0) for address in (*steers, *WEIGHTS, *self._sound)}
        self._moving: set[str] = set()
        self._blend_due = False  # a prompt or its weight has changed in this frame
        self.restart = False  # a panic waits for the fade-out
        self.count = 0  # number of applied control changes
        self._setters = self._make_setters()

    @property
    def outdated(self) -> bool:
        """Whether the latest frame used other values than the current ones."""
        snapshot = self._controls.snapshot()
        return snapshot.version != self._version and (
            (snapshot.values, snapshot.times, snapshot.glides)
            != (self.values, self._times, self._slow)
        )

    @property
    def state(self) -> Applied:
        return Applied(
            dict(self.values),
            self._times,
            self._slow,
            self._version,
            {address: glide.state for address, glide in self._glides.items()},
            frozenset(self._moving),
            self.restart,
            self.count,
        )

    @state.setter
    def state(self, state: Applied) -> None:
        self.values, self._moving = dict(state.values), set(state.moving)
        self._times, self._slow, self._version = state.times, state.slow, state.version
        self.restart, self.count = state.restart, state.count
        for address, own in state.glides.items():
            self._glides[address].state = own

    def follow(self, changes: list[Change]) -> bool:
        """Apply all changes since the last frame, and advance glides by one step.

        changes: collects those that are not initial values. Returns True, so that a caller can
        detect a failure.
        """
        snapshot = self._controls.snapshot()
        if snapshot.version != self._version:
            self._take(snapshot, changes)
        self._step()
        if self._blend_due:
            self._blend_due = False
            self._blend()
        return True

    def _take(self, snapshot: Snapshot, changes: list[Change]) -> None:
        first = not self.values
        panic = self._times.get("/panic", 0) != snapshot.times["/panic"]
        for address, value in snapshot.values.items():
            slow = snapshot.glides.get(address)
            again = self._times.get(address, 0) != snapshot.times.get(address, 0)
            # A fader moved during a crossfade takes over, even with the same value.
            again = again or self._slow.get(address) != slow
            if not again and self.values.get(address) == value:
                continue
            counts = self._hand_over(address, value, 0.0 if first or panic else slow, first)
            if counts and (again or not first or value != self._start[address]):
                source = self._controls.source("/panic" if panic else address)
                changes.append(Change(address, value, slow, source_name(source)))
        self._times, self._slow = snapshot.times, snapshot.glides
        self.restart |= panic
        self._version = snapshot.version  # set last: a failed value is tried again

    def _step(self) -> None:
        for address in tuple(self._moving):
            glide = self._glides[address]
            value = glide.step()
            if address in self._steers:
                self._stream.steering.set(self._steers[address], value)
            elif address in self._sound:
                setattr(self._stream, self._sound[address], value)
            else:
                self._blend_due = True
            if not glide.moving:
                self._moving.discard(address)

    def _hand_over(self, address: str, value: Value, seconds: float | None, first: bool) -> bool:
        """Apply one value; returns whether it took effect.

        seconds: its duration; None for the usual one: that of the smoothing, or at once for what is
        not smoothed. first: before the first frame, where nothing is smoothed.
        """
        kept = self.values.get(address)
        at_once = seconds == 0 or (seconds is None and address not in self._smooth)
        try:
            if address in self._gains:
                self._level(self._gains[address], float(value), seconds, first)
            elif address in self._sound and at_once:
                self._glides[address].jump(float(value))
                self._moving.discard(address)
                self._setters[address](value)
            elif address in self._glides:
                self._glide(address, float(value), seconds)
            elif address in self._setters:
                self._setters[address](value)
        except BaseException as error:
            fallback = self._controls.parameters[address].default if kept is None else kept
            self.values[address] = fallback
            self._controls.reject(address, fallback, value, f"{address} stays as it was: {error}")
            return False
        self.values[address] = value
        if kept is not None:
            self.count += 1
        return True

    def _level(self, gain: Ramp, decibels: float, seconds: float | None, first: bool) -> None:
        amplitude = db_to_amplitude(decibels)
        if first:
            gain.jump(amplitude)
        else:
            rate = self._stream.model.sample_rate
            gain.to(amplitude, round((seconds or GAIN_SECONDS) * rate))

    def _glide(self, address: str, value: float, seconds: float | None) -> None:
        frames, course = self._smoothing, even
        if seconds is not None:
            frames = round(seconds * self._stream.model.frame_rate)
            course = eased if address in self._sound else handed_over
        self._glides[address].to(value, frames, course)
        self._moving.add(address)

    def _blend(self) -> None:
        """Set the prompts that have a weight; the remainder up to 1 goes to the first one."""
        weights: dict[str, float] = {}
        for slot in PROMPT_SLOTS:
            text, weight = str(self.values[f"/prompt/{slot}"]), 0.0
            if text:
                weight = self._glides[f"/prompt/{slot}/weight"].value
            if weight > 0.0:
                weights[text] = weights.get(text, 0.0) + weight
        first = str(self.values["/prompt"])
        rest = max(0.0, 1.0 - sum(weights.values()))
        weights[first] = weights.get(first, 0.0) + rest
        try:
            if len(weights) > 1:
                self._stream.set_prompts(weights)
            elif self._stream.prompt != first:
                self._stream.set_prompt(first)
        except BaseException as error:
            self._controls.report(f"the prompts stay as they were: {error}")

    def _make_setters(self) -> dict[str, Callable[[Value], None]]:
        """The function that applies a value, by address; parameters without one are read
        elsewhere."""
        setters: dict[str, Callable[[Value], None]] = {"/prompt": self._set_prompt}
        setters |= {f"/prompt/{slot}": self._set_slot for slot in PROMPT_SLOTS}
        places = {"stream": self._stream, "steering": self._stream.steering}
        for address, parameter in self._controls.parameters.items():
            if parameter.applies:
                place, _, name = parameter.applies.partition(".")
                direction = self._steers.get(address.rpartition("/")[0])
                if direction is None:
                    setters[address] = partial(_set, places[place], name, parameter.switch)
                else:
                    setters[address] = partial(getattr(places[place], name), direction)
        return setters

    def _set_prompt(self, text: Value) -> None:
        if text != self._stream.prompt:
            self._stream.set_prompt(str(text))
        self._blend_due = True

    def _set_slot(self, text: Value) -> None:
        if text:
            self._stream.encoded(str(text))  # reports a text that cannot be played at once
        self._blend_due = True


def _set(place: object, name: str, switch: bool, value: Value) -> None:
    """Set an attribute; that of a switch, whose control is 0 or 1, is a truth value."""
    setattr(place, name, bool(value) if switch else value)
