"""Rate limits: an amount at once and an amount per second, per host and for all hosts together.

UDP sender addresses can be forged, so the amount sent to one address is limited, independent of the
number of requests.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

MAX_HOSTS = 256


@dataclass
class Bucket:
    """`left` of the `most` that it holds, plus `a_second` for each second since `at`."""

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
        """Whether this amount is available; if so, it is taken."""
        self.fill(now)
        if self.left < amount:
            return False
        self.left -= amount
        return True


@dataclass
class Budgets:
    """A bucket for each host, and one for all together. Thread-safe."""

    most: float
    a_second: float
    together: Bucket
    _hosts: dict[str, Bucket] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def has(self, host: str, amount: float) -> bool:
        """Whether this amount is available to this host; if so, it is taken."""
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
        """Remove buckets that would be full by now, or else all: the common limit remains."""
        for bucket in self._hosts.values():
            bucket.fill(now)
        kept = {host: one for host, one in self._hosts.items() if one.left < one.most}
        self._hosts = kept if len(kept) < MAX_HOSTS else {}
