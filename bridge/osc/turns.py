"""Processes the work of many senders in turns, so that no sender delays the others.

Work is an iterator that does a little at each step. Each sender's work is done in order.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Hashable, Iterator

TURN = 0.002  # seconds of work before it is the next one's turn
MAX_WAITING = 256  # pieces of work of one sender
MAX_WAITING_TOGETHER = 1024


class Turns:
    """All methods are called from one thread. Work must not raise."""

    def __init__(self) -> None:
        self._waiting: dict[Hashable, deque[Iterator[object]]] = {}  # the next one's turn first
        self._count = 0

    def __bool__(self) -> bool:
        """Whether there is work left."""
        return bool(self._waiting)

    def start(self, sender: Hashable, work: Iterator[object]) -> bool:
        """Do as much as possible at once; the rest waits. False if the sender has too much
        waiting."""
        queue = self._waiting.get(sender)
        if queue is None and _finished(work):
            return True
        if self._count >= MAX_WAITING_TOGETHER or (queue and len(queue) >= MAX_WAITING):
            return False
        self._waiting.setdefault(sender, deque()).append(work)
        self._count += 1
        return True

    def go_on(self) -> None:
        """One turn of the sender that has waited longest, within its time."""
        sender, queue = next(iter(self._waiting.items()))
        del self._waiting[sender]
        end = time.perf_counter() + TURN
        while queue and _finished(queue[0], end):
            queue.popleft()
            self._count -= 1
            if time.perf_counter() > end:
                break
        if queue:
            self._waiting[sender] = queue


def _finished(work: Iterator[object], end: float | None = None) -> bool:
    """Whether it came to its end within a turn, or before `end`."""
    end = time.perf_counter() + TURN if end is None else end
    return all(time.perf_counter() <= end for _ in work)
