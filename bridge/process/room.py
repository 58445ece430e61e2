"""Room for the music: while too little of it is made in advance, all else in this process rests.

Python lets one thread run at a time. A flood of messages, or a page that says too much, would take
from the engine what it needs to catch up.
"""

from __future__ import annotations

import threading
import time

SHARE = 0.2  # of the time, that others may work while the music is short
LONGEST = 0.1  # seconds that they rest at once
STALE = 0.5  # seconds; an engine that has said nothing for so long is no reason to rest


class Room:
    """The engine tells whether it is short of music; who works for others asks how long to rest."""

    def __init__(self) -> None:
        self._short_at = 0.0

    def tell(self, short: bool) -> None:
        self._short_at = time.monotonic() if short else 0.0

    def rest(self, worked: float) -> float:
        """Seconds to rest after so many seconds of work; 0 while there is music enough."""
        if not self._short_at or time.monotonic() - self._short_at > STALE:
            return 0.0
        return min(worked * (1.0 - SHARE) / SHARE, LONGEST)

    def rested(self, worked: float, over: threading.Event | None = None) -> None:
        """Rests as long as `rest` says."""
        if (seconds := self.rest(worked)) > 0.0:
            time.sleep(seconds) if over is None else over.wait(seconds)


ROOM = Room()  # of this process
