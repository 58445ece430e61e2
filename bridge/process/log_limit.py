"""Keeps the log readable: repetitions are counted rather than logged.

A line has a kind, an address, and a source (a host on the network, a page, MIDI). The same line is
logged once a minute, or a few times if it is the bridge's own. Each source, and all sources
together, have a limit of lines; further ones are counted. The bridge's own lines have a budget that
no source can use up.
"""

from __future__ import annotations

import enum
import logging
import math
import re
import threading
import time
from collections.abc import Hashable
from dataclasses import dataclass, field

from musicrfm.terminal import plain

MINUTE = 60.0  # seconds between reports of the counts
FROM_SOURCE = (6, MINUTE)  # (lines, seconds); further lines of that minute are only counted
FROM_LOGGER = (10, 1.0)
TOGETHER = (10, 1.0)
AGAIN = 5  # times a minute that the bridge itself says the same: a cable may come loose again
TOLD = 5  # counts of one sort with a line each
MAX_KIND = 200  # characters of a line that define its kind
MAX_SOURCE = 60  # characters of a source's name
# Sources of changes that are the bridge itself, or the player's own settings.
INSIDE = (None, "local", "start", "rig", "engine", "tempo", "link")

# What differs from one line of a kind to the next: values, and what is quoted.
_VALUES = re.compile(r"-?\d+\.\d+(e[-+]?\d+)?|\d{4,}")
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")


def about(address: str = "", source: object = None) -> dict[str, object]:
    """The `extra` of a log call: the address concerned, and the cause.

    source: the source of a change (see `Controls.set`), or a host's name.
    """
    name = getattr(source, "host", source)
    return {"about_address": address, "about_source": None if name in INSIDE else name}


def source_of(record: logging.LogRecord) -> str | None:
    """The outside source of a record, or None."""
    source = getattr(record, "about_source", None)
    return None if source is None else plain(str(source))[:MAX_SOURCE]


def kind_of(record: logging.LogRecord) -> Hashable:
    """Equal for records that differ only in their values."""
    text = _VALUES.sub("#", record.getMessage()[: 2 * MAX_KIND])
    address = getattr(record, "about_address", None)
    if address:
        text = _QUOTED.sub("", text)
    error: Hashable = ()
    if record.exc_info and record.exc_info[0] is not None:
        kind, _, trace = record.exc_info
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        error = (kind, trace and (trace.tb_frame.f_code.co_filename, trace.tb_lineno))
    return record.name, text[:MAX_KIND], address, source_of(record), error


class Verdict(enum.Enum):
    """The result for a record: logged, counted with its kind, or counted with its source."""

    SAID = enum.auto()
    REPEATED = enum.auto()
    LEFT_OUT = enum.auto()


@dataclass
class Gate:
    """Passes a number of lines per period; after one too many, it is shut for a minute."""

    lines: int
    seconds: float
    since: float
    passed: int = 0
    more: int = 0
    opens: float = 0.0

    def lets(self, now: float) -> bool:
        if now < self.opens:
            self.more += 1
            return False
        if now - self.since >= self.seconds:
            self.since, self.passed = now, 0
        self.passed += 1
        if self.passed <= self.lines:
            return True
        self.opens = now + MINUTE
        self.more += 1
        return False


@dataclass
class Said:
    """A logged line, and the number of repetitions since."""

    text: str
    due: float
    times: int = 1
    more: int = 0


@dataclass
class LogLimit:
    """Judges records, from any thread; cheap, and with bounded memory."""

    _said: dict[Hashable, Said] = field(default_factory=dict)
    _gates: dict[str, Gate] = field(default_factory=dict)  # by whose lines they let through
    _due: float = math.inf
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def judge(self, record: logging.LogRecord) -> Verdict:
        kind, source, now = kind_of(record), source_of(record), time.monotonic()
        with self._lock:
            said = self._said.get(kind)
            most = AGAIN if source is None and not record.exc_info else 1
            if said is not None and said.times >= most:
                said.more += 1
                said.text = record.getMessage()
                return Verdict.REPEATED
            for gate in self._ways(record, source, now):
                if not gate.lets(now):
                    self._due = min(self._due, now + MINUTE)
                    return Verdict.LEFT_OUT
            if said is None:
                self._said[kind] = Said(record.getMessage(), now + MINUTE)
            else:
                said.times += 1
            self._due = min(self._due, now + MINUTE)
        return Verdict.SAID

    def _ways(self, record: logging.LogRecord, source: str | None, now: float) -> list[Gate]:
        """The gates that a record must pass: that of its source, then that of all sources."""
        if source is not None:
            together = self._gate("all sources together", TOGETHER, now)
            if now < together.opens:  # no separate gates for thousands of forged senders
                return [together]
            return [self._gate(source, FROM_SOURCE, now), together]
        level = "errors" if record.levelno >= logging.ERROR else "warnings"
        mine = self._gate(record.name, FROM_LOGGER, now)
        return [mine, self._gate(f"all parts of the bridge ({level})", TOGETHER, now)]

    def _gate(self, whose: str, limit: tuple[int, float], now: float) -> Gate:
        gate = self._gates.get(whose)
        if gate is None:
            gate = self._gates[whose] = Gate(*limit, since=now)
        return gate

    def summary(self, at_end: bool = False) -> list[str]:
        """Once a minute, or at the end, the counts since then in a few lines; usually empty."""
        now = math.inf if at_end else time.monotonic()
        if now < self._due:
            return []
        with self._lock:
            counted = []
            for kind, said in list(self._said.items()):
                if said.due > now:
                    continue
                if said.more:
                    counted.append((said.more, f"{said.text} ({_times(said.more)})"))
                    said.more, said.due = 0, now + MINUTE
                else:
                    del self._said[kind]
            left_out = []
            for whose, gate in list(self._gates.items()):
                if gate.opens > now:
                    continue
                if gate.more:
                    left_out.append((gate.more, f"{_lines(gate.more)} from {whose}, in a minute"))
                if gate.more or now - gate.since >= MINUTE:
                    del self._gates[whose]
            ends = [s.due for s in self._said.values()]
            ends += [max(gate.opens, gate.since + MINUTE) for gate in self._gates.values()]
            self._due = min(ends, default=math.inf)
        return _most(counted, "kinds of message were repeated") + _most(
            left_out, "senders had messages skipped"
        )


def _times(count: int) -> str:
    return "once more" if count == 1 else f"{count} more times"


def _lines(count: int) -> str:
    return "1 line was skipped" if count == 1 else f"{count} lines were skipped"


def _most(counted: list[tuple[int, str]], rest: str) -> list[str]:
    """The largest counts, and the number of others."""
    counted.sort(key=lambda one: -one[0])
    lines = [text for _, text in counted[:TOLD]]
    if len(counted) > TOLD:
        lines.append(f"and {len(counted) - TOLD} other {rest}")
    return lines
