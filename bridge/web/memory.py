"""The history for pages that open later: recent errors, and the movement of the knobs."""

from __future__ import annotations

import logging
import threading
from collections.abc import Hashable
from dataclasses import dataclass

from bridge.controls.controls import Snapshot
from bridge.controls.parameters import Parameter
from bridge.process.log_limit import LogLimit, Verdict, kind_of, source_of
from musicrfm.terminal import plain

MAX_ENTRIES = 100
MAX_TEXT = 500


@dataclass(frozen=True)
class Entry:
    """One logged problem; `number` grows with every problem and every repetition.

    source: its cause outside the bridge, or nothing.
    """

    id: int
    number: int
    at: float  # seconds since 1970, of the latest time
    text: str
    times: int = 1
    source: str = ""


class LogMemory(logging.Handler):
    """Stores the latest warnings and errors of the log. Cheap, because it runs on any thread.

    Repetitions are counted. Half of the places are reserved for the bridge's own messages, so that
    no client on the network can displace them.
    """

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._entries: dict[Hashable, Entry] = {}  # the latest last
        self._lock_entries = threading.Lock()
        self._limit = LogLimit()
        self.number = 0

    def emit(self, record: logging.LogRecord) -> None:
        try:
            text, kind, source = plain(record.getMessage()), kind_of(record), source_of(record)
        except Exception:
            self.handleError(record)
            return
        if source is not None and self._limit.judge(record) is Verdict.LEFT_OUT:
            kind, text = "left out", f"more messages than are shown, the latest from {source}"
        text = text if len(text) <= MAX_TEXT else text[:MAX_TEXT] + "…"
        with self._lock_entries:
            self.number += 1
            last = self._entries.pop(kind, None)
            first, times = (self.number, 1) if last is None else (last.id, last.times + 1)
            self._entries[kind] = Entry(
                first, self.number, record.created, text, times, source or ""
            )
            if len(self._entries) > MAX_ENTRIES:
                del self._entries[self._least()]

    def _least(self) -> Hashable:
        """The entry to forget: the oldest of the half that is too large."""
        outside = [kind for kind, entry in self._entries.items() if entry.source]
        if 2 * len(outside) > MAX_ENTRIES:
            return outside[0]
        return next(kind for kind, entry in self._entries.items() if not entry.source)

    def since(self, number: int) -> list[Entry]:
        """Entries newer than this number, or repeated since; oldest first."""
        if number == self.number:
            return []
        with self._lock_entries:
            return [entry for entry in self._entries.values() if entry.number > number]


class Coefficients:
    """The current values of the directions, also during a crossfade or a morph."""

    def __init__(self, parameters: list[Parameter]) -> None:
        self._addresses = [
            p.address for p in parameters if p.address.startswith("/steer/") and p.smoothing
        ]
        self._values: dict[str, float] = dict.fromkeys(self._addresses, 0.0)
        self._targets: dict[str, float] = {}
        self._until: dict[str, float] = {}  # when those that glide are there
        self._now = 0.0
        self._version = 0

    @property
    def gliding(self) -> list[str]:
        """The addresses that are gliding."""
        return list(self._until)

    def at(self, snapshot: Snapshot, now: float) -> dict[str, float]:
        """Address → value of every direction that is not at 0. `now` in seconds, never
        decreasing."""
        before, self._now = self._now, now
        for address, until in list(self._until.items()):
            target = self._targets[address]
            if now >= until:
                self._values[address] = target
                del self._until[address]
            else:
                share = (now - before) / (until - before)
                self._values[address] += (target - self._values[address]) * share
        if snapshot.version != self._version:
            self._version = snapshot.version
            for address in self._addresses:
                target = float(snapshot.values[address])
                if self._targets.get(address) == target:
                    continue
                first = address not in self._targets
                self._targets[address] = target
                seconds = 0.0 if first else snapshot.glides.get(address, 0.0)
                if seconds > 0.0:
                    self._until[address] = now + seconds
                else:
                    self._until.pop(address, None)
                    self._values[address] = target
        return {address: value for address, value in self._values.items() if value}
