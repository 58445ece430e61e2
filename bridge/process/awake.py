"""Time while the computer is awake: what it sleeps through is no time that anybody was late in.

A laptop whose lid is closed, or a program that is stopped, comes back as if no time had passed for
it, though clocks went on. On some systems the monotonic clock goes on as well.
"""

from __future__ import annotations

import logging
import threading
import time

from bridge.process.repeating import Repeating

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.1
ASLEEP_SECONDS = 2.5  # so long nobody looked at the clock
IDLE = 0.3  # and so little of it this process computed, of one core


class _Clock:
    """The monotonic clock without what was slept through. Whoever asks it shows to be awake."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: tuple[float, float] | None = None  # monotonic, and of the process's work
        self._slept = 0.0
        self._unsaid = 0.0

    def look(self) -> float:
        """The time now. A look that is too long ago for anything but sleep was before one."""
        with self._lock:
            now = (time.monotonic(), time.process_time())
            before, self._seen = self._seen or now, now
            gone, worked = now[0] - before[0], now[1] - before[1]
            if gone >= ASLEEP_SECONDS and worked <= IDLE * gone:
                self._slept += gone
                self._unsaid += gone
            return now[0] - self._slept

    def now(self) -> float:
        return time.monotonic() - self._slept if self._seen is None else self.look()

    def forget(self) -> None:
        """Nobody looks regularly any more."""
        with self._lock:
            self._seen = None

    def slept(self) -> float:
        """Seconds slept since this was asked last."""
        with self._lock:
            slept, self._unsaid = self._unsaid, 0.0
            return slept


_clock = _Clock()


def now() -> float:
    """Seconds of the monotonic clock, less those slept through while a `Watch` ran."""
    return _clock.now()


class Watch(Repeating):
    """Looks at the clock so often that a long time without a look was sleep, and says so."""

    def __init__(self) -> None:
        super().__init__("awake", LOOK_SECONDS, "the clock could not be read")

    def update(self) -> None:
        _clock.look()
        if slept := _clock.slept():
            log.warning(
                "the computer slept for %.0f s; the music continues where it stopped", slept
            )

    def close(self) -> None:
        super().close()
        _clock.forget()


class Patience:
    """How long something has not happened, as seen by somebody who was awake to see it.

    What passes between two questions counts as at most a quarter of a second: who was kept from
    asking could not have seen it either.
    """

    LONGEST = 0.25

    def __init__(self) -> None:
        self._looked = time.monotonic()
        self._seen: object = None
        self._waited = 0.0

    def waited(self, seen: object) -> float:
        """Seconds since `seen`, which changes when it happens, was another one."""
        now = time.monotonic()
        self._waited += min(now - self._looked, self.LONGEST)
        self._looked = now
        if seen != self._seen:
            self._seen, self._waited = seen, 0.0
        return self._waited
