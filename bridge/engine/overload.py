"""Reduces the load, in a fixed order, when the computer cannot keep up, so that the audio
continues.

First a deeper buffer, which absorbs hiccups; then guidance, which halves the work; finally the
music fades out, waits and returns. All changes go through `Controls`, so that everybody sees them,
the control log contains them, and a manual change overrides them. Everything is restored
automatically.
"""

from __future__ import annotations

from dataclasses import dataclass

from bridge.controls.controls import Controls

SOURCE = "engine"  # as which it sets controls
FULL, LOW, EMPTY = 0.9, 0.4, 0.2  # shares of the requested lookahead
LOW_SECONDS, EMPTY_SECONDS = 0.15, 0.1  # at most; going back again and again leaves more
DEEPEST = 3.0  # seconds of lookahead, at most: more would be made in vain at every change
DEEPER_STAYS = 600.0  # seconds
DEEPER_EVERY = 5.0  # seconds before it may grow again
BARELY = 1.1  # times real time: below this a deeper buffer cannot fill
ROOM = 2.4  # times real time without guidance, from which guidance may come back
PATIENCE = 10.0  # seconds of such room; twice as long after each time that it did not last
RELAPSE = 60.0  # seconds within which it did not last
PAUSE, LONGEST_PAUSE = 1.0, 16.0  # seconds of silence beyond the fade; twice as long each time


@dataclass(frozen=True)
class Load:
    """seconds: length of audio made. buffer: seconds ahead of the output. speed: recent speed of
    generation, as a multiple of real time."""

    seconds: float
    buffer: float
    speed: float


class Strain:
    """Called once per frame, on the engine's thread."""

    def __init__(self, controls: Controls, lookahead: float) -> None:
        self._controls = controls
        self._asked = self.lookahead = lookahead  # seconds; the engine keeps to the second
        self._low = min(LOW * lookahead, LOW_SECONDS)
        self._empty = min(EMPTY * lookahead, EMPTY_SECONDS)
        self.acts = 0  # number of reductions and restorations
        self._was_there = False
        self._grown_at = -DEEPER_EVERY
        self._guidance: float | None = None  # its value before the reduction
        self._given_up_at = -RELAPSE
        self._patience = PATIENCE
        self._room_since: float | None = None
        self._pause = PAUSE
        self._paused_until: float | None = None
        self._resumed_at = 0.0

    def look(self, load: Load) -> bool:
        """Reduce or restore one thing, if it is time to; returns whether a control has changed."""
        before = self.acts
        self._look(load)
        return self.acts != before

    def _look(self, load: Load) -> None:
        if self._paused_until is not None:
            self._paused(load, self._paused_until)
            return
        if not self._controls.get("/play"):
            self._was_there = False  # nothing to keep up with
            return
        if load.buffer >= self._low:
            self._was_there = True
        if not self._was_there:
            return
        if load.buffer < self._empty and not self._may_lighten(load):
            self._stop_for_a_while(load)
        elif load.buffer < self._low:
            self._lighten(load)
        else:
            if self._guidance is not None:
                self._recover(load, self._guidance)
            if self.lookahead > self._asked and load.seconds - self._grown_at >= DEEPER_STAYS:
                self._grown_at = load.seconds
                self.lookahead = max(self.lookahead / 2, self._asked)

    def _may_lighten(self, load: Load) -> bool:
        """Whether guidance can still be reduced, or has just been."""
        guided = float(self._controls.get("/guidance")) > 1.0
        return guided or load.seconds - self._given_up_at < 1.0

    def _lighten(self, load: Load) -> None:
        guidance = float(self._controls.get("/guidance"))
        if load.speed < BARELY and guidance > 1.0:
            if load.seconds - self._given_up_at < RELAPSE:
                self._patience *= 2
            self._guidance, self._given_up_at, self._room_since = guidance, load.seconds, None
            self._say(
                f"this computer makes {load.speed:.1f} seconds of music a second, too few to "
                "play on: guidance is off until the computer catches up"
            )
            self._set("/guidance", 1.0)
            return
        due = load.seconds - self._grown_at >= DEEPER_EVERY
        if load.speed >= BARELY and self.lookahead < DEEPEST and due:
            self._grown_at = load.seconds
            self.lookahead = min(2 * self.lookahead, DEEPEST)
            self._say(f"the buffer ran low, so its depth is now {self.lookahead:g} s")

    def _recover(self, load: Load, guidance: float) -> None:
        if float(self._controls.get("/guidance")) != 1.0:
            self._guidance = None  # changed manually, so keep it
            return
        if load.speed < ROOM:
            self._room_since = None
            return
        if self._room_since is None:
            self._room_since = load.seconds
        if load.seconds - self._room_since >= self._patience:
            self._say("the computer has caught up: guidance is back")
            self._set("/guidance", guidance)
            self._guidance, self._given_up_at = None, load.seconds

    def _stop_for_a_while(self, load: Load) -> None:
        if load.seconds - self._resumed_at > RELAPSE:
            self._pause = PAUSE
        self._paused_until = load.seconds + self._pause
        self._say(
            f"this computer cannot keep up, so the music pauses for {self._pause:g} s: use "
            "a smaller model or --dtype int8"
        )
        self._pause = min(2 * self._pause, LONGEST_PAUSE)
        self._set("/play", 0)

    def _paused(self, load: Load, until: float) -> None:
        """Silence costs nothing to make, so the buffer fills."""
        if self._controls.get("/play"):
            self._paused_until = None  # a user turned /play on
        elif load.seconds >= until and load.buffer >= FULL * self._asked:
            self._paused_until = None
            self._set("/play", 1)
        if self._paused_until is None:
            self._resumed_at, self._was_there = load.seconds, True

    def _set(self, address: str, value: float) -> None:
        self.acts += 1
        self._controls.set(address, value, SOURCE)

    def _say(self, words: str) -> None:
        self._controls.report(words, SOURCE)
