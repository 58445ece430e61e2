"""Gives the engine priority: while too little music is buffered, other threads of this process
pause.

Python runs one thread at a time. A flood of messages, or a chatty page, would take the time that
the engine needs to catch up.
"""

from __future__ import annotations

import threading
import time

SHARE = 0.2  # of the time, that others may work while the music is short
LONGEST = 0.1  # seconds that they rest at once
STALE = 0.5  # seconds; an engine that has said nothing for so long is no reason to rest


class Room:
    """The engine reports whether it is short of music; other threads ask how long to pause."""

    def __init__(self) -> None:
        self._short_at = 0.0

    def tell(self, short: bool) -> None:
        self._short_at = time.monotonic() if short else 0.0

    def rest(self, worked: float) -> float:
        """Seconds to pause after this many seconds of work; 0 while enough music is buffered."""
        if not self._short_at or time.monotonic() - self._short_at > STALE:
            return 0.0
        return min(worked * (1.0 - SHARE) / SHARE, LONGEST)

    def rested(self, worked: float, over: threading.Event | None = None) -> None:
        """Pause for the time of `rest`."""
        if (seconds := self.rest(worked)) > 0.0:
            time.sleep(seconds) if over is None else over.wait(seconds)


ROOM = Room()  # of this process
