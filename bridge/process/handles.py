"""How many files and connections this process may have open at once, and those kept for need.

A browser that connects again and again, or a library that leaks, can use all of them up. What a set
cannot do without, the next file of a recording, a preset, another process at the sound card, then
gets one of those that were opened beforehand.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator

WANTED = 4096
RESERVED = 24  # to start a process takes 8, to write a preset 3, to record 1
LENT_SECONDS = 0.2  # that a connection waits for what is lent


def raise_limit() -> None:
    """Take as many as the system grants without being asked, up to what a set can ever need.

    Many systems begin with 256 or 1024.
    """
    try:
        import resource
    except ImportError:  # Windows, where there is no such limit
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = WANTED if hard == resource.RLIM_INFINITY else min(WANTED, hard)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


class Reserve:
    """Handles that are open for nothing. Every method may be called by any thread."""

    def __init__(self) -> None:
        self._lock = threading.Condition()
        self._held: list[int] = []
        self._wanted = 0
        self._lent = 0  # to so many at the moment

    def hold(self, count: int = RESERVED) -> None:
        """Open so many, or, where there are few, half of those that can be had."""
        with self._lock:
            self._wanted = 2 * count
            self._fill()
            self._wanted = len(self._held) // 2
            self._empty(down_to=self._wanted)

    def let_go(self) -> None:
        """The set is over."""
        with self._lock:
            self._wanted = 0
            self._empty()

    @contextlib.contextmanager
    def lent(self) -> Iterator[None]:
        """They are free for what is done meanwhile."""
        with self._lock:
            self._lent += 1
            self._empty()
        try:
            yield
        finally:
            with self._lock:
                self._lent -= 1
                self._fill()
                self._lock.notify_all()

    def whole(self) -> bool:
        """Whether none is missing, once they are back; what was taken is looked for again."""
        with self._lock:
            self._lock.wait_for(lambda: not self._lent, LENT_SECONDS)
            self._fill()
            return len(self._held) >= self._wanted

    def _fill(self) -> None:
        with contextlib.suppress(OSError):
            while not self._lent and len(self._held) < self._wanted:
                self._held.append(os.open(os.devnull, os.O_RDONLY))

    def _empty(self, down_to: int = 0) -> None:
        while len(self._held) > down_to:
            os.close(self._held.pop())


RESERVE = Reserve()  # of this process
