"""So much at once and so much more each second: for a host, and for all hosts together.

On UDP nobody knows who really asked, so what is sent to one place is bounded however many ask for
it.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

MAX_HOSTS = 256


@dataclass
class Bucket:
    """`left` of the `most` that it holds, and `a_second` more each second since `at`."""

    most: float
    a_second: float
    left: float
    at: float

    @classmethod
    def of(cls, most: float, a_second: float) -> Bucket:
        """A full one."""
        return cls(most, a_second, most, time.monotonic())

    def fill(self, now: float) -> None:
        self.left = min(self.left + (now - self.at) * self.a_second, self.most)
        self.at = now

    def has(self, amount: float, now: float) -> bool:
        """Whether there is so much, which then is taken."""
        self.fill(now)
        if self.left < amount:
            return False
        self.left -= amount
        return True


@dataclass
class Budgets:
    """A bucket for each host, and one for all together. Any thread may call."""

    most: float
    a_second: float
    together: Bucket
    _hosts: dict[str, Bucket] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def has(self, host: str, amount: float) -> bool:
        """Whether this host may have so much, which then is taken."""
        now = time.monotonic()
        with self._lock:
            bucket = self._hosts.get(host)
            if bucket is None:
                if len(self._hosts) >= MAX_HOSTS:
                    self._forget(now)
                bucket = self._hosts[host] = Bucket(self.most, self.a_second, self.most, now)
            bucket.fill(now)
            return (
                bucket.left >= amount and self.together.has(amount, now) and bucket.has(amount, now)
            )

    def _forget(self, now: float) -> None:
        """Those that would be full by now, or else all: together they still have a limit."""
        for bucket in self._hosts.values():
            bucket.fill(now)
        kept = {host: one for host, one in self._hosts.items() if one.left < one.most}
        self._hosts = kept if len(kept) < MAX_HOSTS else {}
