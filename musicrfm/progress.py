"""How far a long piece of work is, and how long it will still take."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field

QUIET_SECONDS = 60.0  # between two lines where nobody watches: log files, clusters


@dataclass
class Progress:
    """Counts `what` up to `total`; call it with the number done so far.

    On a terminal one line is written over and over; elsewhere a line a minute. What was done
    before the first call (by an earlier, interrupted run) does not count for the time left.
    """

    what: str
    total: int | None = None
    unit: str = ""
    already: int = 0
    started: float = field(default_factory=time.monotonic)
    written: float = field(default_factory=time.monotonic)

    def __call__(self, done: int) -> None:
        finished = done == self.total
        if sys.stderr.isatty():
            print(f"\r{self.line(done)}", end="\n" if finished else "", file=sys.stderr, flush=True)
        elif time.monotonic() - self.written >= QUIET_SECONDS:
            self.written = time.monotonic()
            print(self.line(done), file=sys.stderr, flush=True)

    def line(self, done: int) -> str:
        """`notes: 320 of 1440 clips, 0:04:10 left`."""
        of = f" of {self.total}" if self.total is not None else ""
        unit = f" {self.unit}" if self.unit else ""
        left = self.left(done)
        return f"{self.what}: {done}{of}{unit}{'' if left is None else f', {clock(left)} left'} "

    def left(self, done: int) -> float | None:
        """Seconds still to go at the speed so far; None where nothing can be said."""
        fresh = done - self.already
        if self.total is None or fresh <= 0:
            return None
        return (time.monotonic() - self.started) / fresh * (self.total - done)


def clock(seconds: float) -> str:
    """3723.4 as 1:02:03."""
    minutes, second = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{second:02d}"
