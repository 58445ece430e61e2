"""Limits error messages per host to a few per second, and counts the rest.

A client that sends thousands of invalid messages per second therefore costs almost nothing.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

from bridge.network.budgets import MAX_HOSTS, Bucket

AT_ONCE, A_SECOND = 20.0, 5.0  # for one host
AT_ONCE_TOGETHER, A_SECOND_TOGETHER = 100.0, 25.0  # for all of them


@dataclass
class Complaints:
    """Thread-safe."""

    _hosts: dict[str, Bucket] = field(default_factory=dict)
    _left_out: dict[str, int] = field(default_factory=dict)
    _together: Bucket = field(
        default_factory=lambda: Bucket.of(AT_ONCE_TOGETHER, A_SECOND_TOGETHER)
    )
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def lets(self, host: str) -> bool:
        """Whether this error may be sent; if not, it is counted."""
        if self.spent(host):
            self.count(host)
            return False
        with self._lock:
            self._together.left -= 1
            if host in self._hosts:
                self._hosts[host].left -= 1
        return True

    def spent(self, host: str) -> bool:
        now = time.monotonic()
        with self._lock:
            bucket = self._hosts.get(host)
            if bucket is None:
                if len(self._hosts) >= MAX_HOSTS:
                    self._hosts.clear()  # then all together still have a limit
                    self._left_out.clear()
                bucket = self._hosts[host] = Bucket(AT_ONCE, A_SECOND, AT_ONCE, now)
            bucket.fill(now)
            self._together.fill(now)
            return bucket.left < 1 or self._together.left < 1

    def count(self, host: str) -> None:
        with self._lock:
            if host in self._hosts:
                self._left_out[host] = self._left_out.get(host, 0) + 1

    def left_out(self, host: str) -> int:
        """The number of errors counted since the last call."""
        return self._left_out.pop(host, 0)
