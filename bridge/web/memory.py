"""What a page that is opened later still wants to see: the last errors, and how the knobs moved."""

from __future__ import annotations

import logging
import threading
from collections import deque
from dataclasses import dataclass

from bridge.controls import Snapshot
from bridge.parameters import Parameter

MAX_ENTRIES = 100
MAX_TEXT = 500


@dataclass(frozen=True)
class Entry:
    """One thing that went wrong; `number` grows with every one and with every repetition."""

    id: int
    number: int
    at: float  # seconds since 1970, of the latest time
    text: str
    times: int = 1


class LogMemory(logging.Handler):
    """Keeps the last warnings and errors of the log. Cheap, as it runs in any thread."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._entries: deque[Entry] = deque(maxlen=MAX_ENTRIES)
        self._lock_entries = threading.Lock()
        self.number = 0

    def emit(self, record: logging.LogRecord) -> None:
        try:
            text = record.getMessage()
        except Exception:
            self.handleError(record)
            return
        text = text if len(text) <= MAX_TEXT else text[:MAX_TEXT] + "…"
        with self._lock_entries:
            self.number += 1
            last = self._entries[-1] if self._entries else None
            if last is not None and last.text == text:
                self._entries[-1] = Entry(
                    last.id, self.number, record.created, text, last.times + 1
                )
            else:
                self._entries.append(Entry(self.number, self.number, record.created, text))

    def since(self, number: int) -> list[Entry]:
        """What came, or came again, after the entry of this number; oldest first."""
        if number == self.number:
            return []
        with self._lock_entries:
            return [entry for entry in self._entries if entry.number > number]


class Coefficients:
    """Where the directions are right now, on their way through a crossfade or a morph too."""

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
        """The addresses of those on their way."""
        return list(self._until)

    def at(self, snapshot: Snapshot, now: float) -> dict[str, float]:
        """Address → value of every direction that is not at 0. `now` in seconds, never less."""
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
