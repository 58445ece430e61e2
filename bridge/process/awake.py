"""Time while the computer is awake: sleep does not count as delay.

A laptop whose lid is closed, or a stopped program, resumes as if no time had passed for it,
although clocks continued. On some systems the monotonic clock continues, too.
"""

from __future__ import annotations

import logging
import threading
import time

from bridge.process.repeating import Repeating

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.1
ASLEEP_SECONDS = 2.5  # without a look at the clock
IDLE = 0.3  # and so little of it this process computed, of one core


class _Clock:
    """The monotonic clock without sleep. Each call shows that the program is awake."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: tuple[float, float] | None = None  # monotonic, and of the process's work
        self._slept = 0.0
        self._unsaid = 0.0

    def look(self) -> float:
        """The current time. A gap too long for anything but sleep counts as sleep."""
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
        """The regular calls end."""
        with self._lock:
            self._seen = None

    def slept(self) -> float:
        """Seconds slept since the last call."""
        with self._lock:
            slept, self._unsaid = self._unsaid, 0.0
            return slept


_clock = _Clock()


def now() -> float:
    """Seconds of the monotonic clock, minus sleep while a `Watch` ran."""
    return _clock.now()


class Watch(Repeating):
    """Reads the clock so often that a long gap means sleep, and logs it."""

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
    """The time since an event, as seen by an awake observer.

    A gap between two calls counts at most a quarter of a second: an observer that was blocked could
    not have seen the event.
    """

    LONGEST = 0.25

    def __init__(self) -> None:
        self._looked = time.monotonic()
        self._seen: object = None
        self._waited = 0.0

    def waited(self, seen: object) -> float:
        """Seconds since `seen`, which changes with the event, had another value."""
        now = time.monotonic()
        self._waited += min(now - self._looked, self.LONGEST)
        self._looked = now
        if seen != self._seen:
            self._seen, self._waited = seen, 0.0
        return self._waited
