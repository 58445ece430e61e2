"""Threads that help with a step, and sleep in between.

The playing thread does not wait for a helper to wake up: it takes all work that no other thread has
taken, see `musicrfm.kernels.turns`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import lru_cache

Work = Callable[[int], object]  # is given the number of the thread, 0 for the one that plays


class Team:
    """`threads` in total, including the calling one. May be shared; turns never overlap."""

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self._turn = threading.Lock()
        self._work: Work | None = None
        self._wake = [threading.Semaphore(0) for _ in range(threads - 1)]
        for number, wake in enumerate(self._wake, 1):
            threading.Thread(
                target=self._help, args=(number, wake), name=f"step {number}", daemon=True
            ).start()

    def __call__(self, work: Work) -> None:
        """Do the work; afterwards, helpers may still be discovering that nothing remains."""
        if self.threads == 1:  # several threads may play alone at the same time
            work(0)
            return
        with self._turn:
            self._work = work
            for wake in self._wake:
                wake.release()
            work(0)

    def _help(self, number: int, wake: threading.Semaphore) -> None:
        while True:
            wake.acquire()
            while wake.acquire(blocking=False):  # calls that came while it was busy
                pass
            if self._work is not None:
                self._work(number)


@lru_cache
def team(threads: int) -> Team:
    """The shared team with this number of threads."""
    return Team(max(1, threads))
