"""One mapping at work: the moves of its control become values of its parameter.

It holds all state of the control: pressed keys, last position, and the encoding of an endless
encoder.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from bridge.controls.controls import Controls, Value, steer_address
from bridge.midi.mapping import KEYS, MidiMap, Move
from bridge.midi.notes import Key, Keys, shared
from bridge.midi.relative import ENCODINGS, Auto, Guess, Speed, clicks
from musicrfm.theory import PITCH_CLASSES

log = logging.getLogger(__name__)

PRESSED = 0.5  # part of the travel from which a pad counts as pressed
CLOSE = 1.5 / 127  # part of the travel within which a knob has reached the parameter's value


@dataclass
class Knob:
    """A mapping at work. recall: the function for program changes. clock: in seconds.

    Every method may raise the errors of `Controls.set`.
    """

    map: MidiMap
    controls: Controls
    recall: Callable[[MidiMap, int], None]
    clock: Callable[[], float] = time.monotonic
    _down: set[Key] = field(default_factory=set)  # pads and buttons
    _keys: Keys = field(default_factory=Keys)  # those of a keyboard
    _at: float | None = None  # its latest position
    _set: Value | None = None  # the value it has set,
    _exact: float = 0.0  # and before that was made a whole number
    _guess: Guess = field(default_factory=Guess)
    _auto: Auto = field(default_factory=Auto)
    _speed: Speed = field(default_factory=Speed)
    _told: bool = False

    @property
    def type(self) -> str:
        """Of its parameter; of what has none, nothing."""
        return self.controls.parameters[self.map.to].type if self.map.to else ""

    def stands(self, move: Move) -> bool:
        """Whether this move gives the control's position, as a fader does."""
        one = self.map
        pressed = one.toggle or self.type == "trigger"
        plain = one.source not in ("notes", "program") and move.source not in KEYS
        return plain and not pressed and move.clicks is None and one.relative in (None, "off")

    def take(self, move: Move, port: str) -> None:
        """Process a move of its control."""
        one = self.map
        if one.source == "notes":
            self._play(lambda: self._keys.take(move, port))
        elif one.source == "program":
            self.recall(one, move.number)
        elif move.source in KEYS:
            if move.source in ("let_go", "silence"):
                self._release({key for key in self._down if key.is_of(move, port)})
        elif self.type == "trigger" or one.toggle:
            # Only the way up counts, so that one press is one event.
            if self._press(move, port):
                self._switch()
        elif one.source == "note":
            was_down = Key(port, move.channel, move.voice, move.number) in self._down
            self._press(move, port)
            if move.position > 0 or was_down:
                self._place(move)
        elif (turned := self._clicks(move)) is not None:
            self._turn(turned)
        else:
            self._place(move)

    def leave(self, port: str | None = None) -> None:
        """A port was disconnected, or all with None: notes held on it will not be released."""
        ports = {key.port for key in (*self._down, *self._keys.sounding)}
        for gone in ports if port is None else {port}:
            self._play(partial(self._keys.leave, gone))
            self._release({key for key in self._down if key.port == gone})

    def _press(self, move: Move, port: str) -> bool:
        """Whether this move presses a released key. A note counts as pressed at any velocity."""
        if move.clicks is not None:
            return move.clicks > 0
        key = Key(port, move.channel, move.voice, move.number)
        before = key in self._down
        down = move.position > 0 if move.source == "note" else move.position >= PRESSED
        (self._down.add if down else self._down.discard)(key)
        return down and not before

    def _switch(self) -> None:
        one, value = self.map, None
        if self.type != "trigger":
            nearer_high = one.position(float(self.controls.get(one.to))) >= 0.5
            value = one.value(0.0 if nearer_high else 1.0)
        self.controls.set(one.to, value, "midi")

    def _release(self, keys: set[Key]) -> None:
        """Release pressed pads without a message from them."""
        self._down -= keys
        one = self.map
        if keys and one.source == "note" and not one.toggle and self.type != "trigger":
            self.controls.set(one.to, one.value(0.0), "midi")

    def _play(self, change: Callable[[], None]) -> None:
        """The held notes changed: distribute their velocities again."""
        before = set(self._keys.sounding)
        change()
        after = self._keys.sounding
        touched = {PITCH_CLASSES[key.number % 12] for key in before | set(after)}
        amounts = shared(after)
        for name in PITCH_CLASSES:
            address = steer_address(f"note_{name}")
            if name in touched and address in self.controls.parameters:
                self.controls.set(address, self.map.value(amounts.get(name, 0.0)), "midi")

    def _clicks(self, move: Move) -> int | None:
        """The clicks of an encoder; None for a control with a position."""
        if move.clicks is not None:
            return move.clicks
        relative = self.map.relative
        if relative in (None, "off"):
            return None
        if move.code is None:  # the fine half, which clicks do not have
            return 0
        return self._auto.clicks(move.code) if relative == "auto" else clicks(relative, move.code)

    def _turn(self, turned: int) -> None:
        if not turned:
            return
        one, now = self.map, self.controls.get(self.map.to)
        factor = self._speed.factor(turned, self.clock(), one.acceleration)
        start = self._exact if self._set == now else float(now)
        self._exact = one.turned(start, turned * factor, self.type == "i")
        self._set = self.controls.set(one.to, self._exact, "midi")

    def _place(self, move: Move) -> None:
        one, position = self.map, move.position
        now = self.controls.get(one.to)
        if one.pickup and not self._caught(position, now):
            return
        if move.code is not None and self._may_be_endless():
            here = one.position(float(now))
            step = one.click(self.type == "i")
            position = self._guess.position(move.code, here, self._set != now, step)
            self._tell()
        self._exact = one.value(position)
        self._set = self.controls.set(one.to, self._exact, "midi")

    def _caught(self, position: float, now: Value) -> bool:
        """Whether the knob controls the parameter: it set it last, or has reached its value."""
        before, self._at = self._at, position
        if self._set == now:
            return True
        before = position if before is None else before
        there = self.map.position(float(now))
        return min(before, position) - CLOSE <= there <= max(before, position) + CLOSE

    def _may_be_endless(self) -> bool:
        """A mapping without `relative` may belong to an encoder, unless it maps a switch."""
        one = self.map
        two_valued = self.type == "i" and abs((one.high or 0.0) - (one.low or 0.0)) <= 1.0
        return one.source == "cc" and one.relative is None and not one.pickup and not two_valued

    def _tell(self) -> None:
        kind = self._guess.kind
        if kind in ENCODINGS and not self._told:
            self._told = True
            log.warning(
                "MIDI: cc %s, mapped to %s, behaves like an endless encoder (%s): set "
                'relative = "%s" in its [[midi]] to make this permanent',
                *(self.map.number, self.map.to, ENCODINGS[kind], kind),
            )
