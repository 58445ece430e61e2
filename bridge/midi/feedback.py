"""MIDI out: motorised faders and LED rings follow parameters that changed elsewhere.

There are no feedback loops: a control is informed only of values it does not have, and its messages
while it moves to a sent position are not treated as moves by hand.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

import mido

from bridge.controls.controls import Controls, Value
from bridge.midi.mapping import MidiMap
from bridge.process.threads import supervised

EVERY_SECONDS = 0.03  # MIDI is slow: only the last change within this time is sent
ECHO_SECONDS = 0.3
SOURCES = ("cc", "cc14", "nrpn", "rpn", "pitch_bend", "note")


class Feedback:
    """Sends changes through `send(map, messages)`; `maps` may grow while it runs."""

    def __init__(
        self,
        controls: Controls,
        maps: Sequence[MidiMap],
        send: Callable[[MidiMap, list[mido.Message]], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._controls, self._maps, self._send, self._clock = controls, maps, send, clock
        self._known: dict[int, int] = {}  # map → the steps that its control is at, as far as known
        self._sent: dict[int, float] = {}  # map → time of the last message
        self._dirty = threading.Event()
        self._closed = threading.Event()
        self._thread = supervised("midi out", self._run, self._closed, "MIDI out failed")

    def start(self) -> None:
        self._controls.on_change(self._changed)
        self._dirty.set()
        self._thread.start()

    def close(self) -> None:
        self._closed.set()
        self._dirty.set()
        if self._thread.is_alive():
            self._thread.join(5.0)

    def again(self) -> None:
        """A controller was (re)connected: it needs all values."""
        self._known.clear()
        self._dirty.set()

    def heard(self, at: int, position: float) -> bool:
        """A control is at a position; False if that is only the echo of a sent position."""
        steps = _steps(self._maps[at], position)
        slack = 1 if _resolution(self._maps[at]) == 127 else 128
        told = self._known.get(at)
        recent = self._clock() - self._sent.get(at, -1e9) < ECHO_SECONDS
        if told is not None and recent and abs(steps - told) <= slack:
            return False
        self._known[at] = steps
        return True

    def update(self) -> None:
        """Send every control the values that it does not have."""
        for at, one in enumerate(list(self._maps)):
            if one.source not in SOURCES or not one.to:
                continue
            value = self._controls.get(one.to)
            if isinstance(value, str) or self._controls.parameters[one.to].type == "trigger":
                continue
            steps = _steps(one, one.position(float(value)))
            if self._known.get(at) != steps:
                self._known[at], self._sent[at] = steps, self._clock()
                self._send(one, messages(one, steps))

    def _changed(self, address: str, value: Value, source: object) -> None:
        self._dirty.set()

    def _run(self) -> None:
        self._dirty.set()  # after an error, too, everything is looked at
        while not self._closed.is_set():
            self._dirty.wait()
            self._dirty.clear()
            self.update()
            self._closed.wait(EVERY_SECONDS)


def messages(one: MidiMap, steps: int) -> list[mido.Message]:
    """What puts a control at so many steps of its way, on its channel (the first if any)."""
    channel = (one.channel or 1) - 1

    def control(*pairs: tuple[int, int]) -> list[mido.Message]:
        return [
            mido.Message("control_change", channel=channel, control=number, value=value)
            for number, value in pairs
        ]

    number = one.number or 0
    coarse, fine = steps >> 7, steps & 127
    if one.source == "cc":
        return control((number, steps))
    if one.source == "cc14":
        return control((number, coarse), (number + 32, fine))
    if one.source == "nrpn":
        return control((99, number >> 7), (98, number & 127), (6, coarse), (38, fine))
    if one.source == "rpn":
        return control((101, number >> 7), (100, number & 127), (6, coarse), (38, fine))
    if one.source == "pitch_bend":
        return [mido.Message("pitchwheel", channel=channel, pitch=steps - 8192)]
    return [mido.Message("note_on", channel=channel, note=number, velocity=steps)]


def _resolution(one: MidiMap) -> int:
    return 127 if one.source in ("cc", "note") else 16383


def _steps(one: MidiMap, position: float) -> int:
    if one.source == "pitch_bend":
        share = 2.0 * position - 1.0
        return 8192 + round(share * (8192 if share < 0 else 8191))
    return round(position * _resolution(one))
