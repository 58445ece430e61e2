"""`/tempo/target`: holds a tempo in BPM by steering the tempo direction.

A direction of kind `beat` receives the tempo itself; the meters measure the tempo of the music, and
slow, bounded corrections compensate the difference. Unreliable measurements (no pulse, twice or
half the tempo, a distant value) cause no correction.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Mapping

from bridge.controls.controls import Controls, Value
from bridge.meters import Reading
from bridge.process.repeating import Repeating
from musicrfm.directions import Direction
from musicrfm.steering.beat import coefficient_for, is_beat

log = logging.getLogger(__name__)

ADDRESS = "/tempo/target"
SOURCE = "tempo"
SLOWEST = 40.0  # BPM; the lowest target
UPDATE_SECONDS = 0.1
SETTLE_SECONDS = 9.0  # of music after a new target: the meters cover the last eight
EVERY_SECONDS = 2.0  # of music from one correction to the next
GAIN = (
    0.15  # part of the deviation per correction; more would oscillate, because the meters are slow
)
FAR = math.log(1.25)  # a larger deviation means a different tempo, not an error of this one
MOST = math.log(1.2)  # largest total correction
PLAIN_GAIN, PLAIN_MOST = 0.5, 1.0  # for a plain direction: coefficient, not tempo
STEP = 0.002  # smaller changes of the coefficient are not worth re-rendering


class TempoHold(Repeating):
    """Holds the tempo of `/tempo/target` with one of the directions (by address).

    hear: the latest meters. Without a direction for the tempo, a target is answered with an error.
    Turning the direction by hand, or `/panic`, releases the tempo.
    """

    def __init__(
        self,
        controls: Controls,
        hear: Callable[[], Reading],
        directions: Mapping[str, Direction],
    ) -> None:
        super().__init__("tempo", UPDATE_SECONDS, "the tempo could not be held")
        self._controls, self._hear = controls, hear
        self.address = _steering_tempo(directions)
        self._direction = directions.get(self.address or "")
        self._target = 0.0
        self._trim = 0.0
        self._asked: float | None = None  # the coefficient set last
        self._short = False  # whether the end of the knob limits the tempo
        self._due = 0.0  # when the next correction may be made, in seconds of music
        self._by_hand = False
        controls.on_change(self._changed)

    def update(self) -> None:
        """Follow the target, and apply a correction when one is due."""
        target = float(self._controls.get(ADDRESS))
        target = max(target, SLOWEST) if target >= 1.0 else 0.0
        by_hand, self._by_hand = self._by_hand, False
        if target != self._target:
            self._take(target)
        elif by_hand and self._target:
            self._target = 0.0
            self._asked = None
            self._controls.set(ADDRESS, 0.0, SOURCE)
        elif self._target:
            self._correct(self._hear())

    def _take(self, target: float) -> None:
        before, self._target, self._trim = self._target, target, 0.0
        if self.address is None:
            if target:
                self._target = 0.0
                self._controls.set(ADDRESS, 0.0, SOURCE)
                self._controls.report(
                    f"{ADDRESS}: this model has no direction for the tempo", SOURCE
                )
            return
        if not target:
            if before:
                self._asked = None
                self._controls.set(self.address, 0.0, SOURCE)
            return
        self._due = self._hear().seconds + SETTLE_SECONDS
        self._asked = None
        self._turn()
        if self._short:
            log.warning("%s: %s does not accept %g BPM", ADDRESS, self.address, target)

    def _correct(self, reading: Reading) -> None:
        if reading.seconds < self._due - SETTLE_SECONDS - EVERY_SECONDS:
            self._due = reading.seconds + SETTLE_SECONDS  # the music restarted
        if reading.seconds < self._due or not self._controls.get("/play"):
            return
        self._due = reading.seconds + EVERY_SECONDS
        missing = missing_from(self._target, reading.tempo)
        if missing is None or not self._direction:
            return
        beat = is_beat(self._direction)
        most = MOST if beat else PLAIN_MOST
        trim = self._trim + missing * (GAIN if beat else PLAIN_GAIN)
        if self._short and abs(trim) > abs(self._trim):
            return  # the knob is at its end: no integral windup
        self._trim = min(max(trim, -most), most)
        self._turn()

    def _turn(self) -> None:
        if self.address is None or self._direction is None:
            return
        wanted = self._trim
        if is_beat(self._direction):
            wanted = coefficient_for(self._direction, self._target * math.exp(self._trim))
        if self._asked is not None and abs(wanted - self._asked) < STEP:
            return
        # Before it is set, as the listener is called while it is.
        self._asked = min(max(wanted, -2.0), 2.0)
        self._short = self._asked != wanted
        self._controls.set(self.address, self._asked, SOURCE)

    def _changed(self, address: str, value: Value, source: object) -> None:
        if address == "/panic" or (address == self.address and source != SOURCE):
            self._by_hand = value != self._asked or address == "/panic"


def missing_from(target: float, heard: float) -> float | None:
    """The logarithm of the tempo ratio still missing; None if the measurement is unreliable.

    Twice and half the tempo count as the same tempo.
    """
    if heard <= 0 or not math.isfinite(heard):
        return None
    missing = math.log(target / heard)
    missing -= round(missing / math.log(2)) * math.log(2)
    return missing if abs(missing) <= FAR else None


def _steering_tempo(directions: Mapping[str, Direction]) -> str | None:
    """A direction of kind `beat` first, then one named tempo, then any other."""
    known = [
        address
        for address, direction in directions.items()
        if is_beat(direction) or address == "/steer/tempo"
    ]
    return min(
        known, key=lambda a: (not is_beat(directions[a]), a != "/steer/tempo", a), default=None
    )
