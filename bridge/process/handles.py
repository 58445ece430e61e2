"""Limits and reserves of open files and connections.

Reconnecting browsers, or a leaking library, can use up all handles. The parts that a set needs,
such as the next file of a recording, a preset, or another process at the sound card, then get one
of the handles opened in advance.
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
    """Raise the limit as far as the system permits, up to the most that a set can need.

    Many systems start with 256 or 1024.
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
    """Handles opened in advance. Every method may be called by any thread."""

    def __init__(self) -> None:
        self._lock = threading.Condition()
        self._held: list[int] = []
        self._wanted = 0
        self._lent = 0  # number of handles lent now

    def hold(self, count: int = RESERVED) -> None:
        """Open this number, or, where few are left, half of those available."""
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
        """Frees them while the `with` block runs."""
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
        """Whether none is missing, after return; missing ones are opened again."""
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
