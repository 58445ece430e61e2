"""Keeps threads alive while a set plays: an exception is logged once, with its type, and the work
is tried again.

`SystemExit`, `KeyboardInterrupt` and `MemoryError` in a thread are errors like others: only the
main thread ends a set.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

log = logging.getLogger(__name__)

SHORTEST, LONGEST = 0.05, 5.0  # seconds before the next try, doubled each time
AGAIN_SECONDS = 60.0  # seconds after which a recurring error is logged again


def _log(words: str, error: BaseException) -> None:
    log.error("%s", words, exc_info=error)


@dataclass
class Guard:
    """Calls functions that may fail. tell: receives a message and the error, the first time of each
    kind."""

    tell: Callable[[str, BaseException], None] = _log
    faults: dict[tuple[str, type], int] = field(default_factory=dict)  # how often, by what and type
    _latest: dict[tuple[str, type], float] = field(default_factory=dict)

    def __call__(self, what: str, work: Callable[..., Any], *args: Any) -> Any:
        """The result of `work`, or None if it fails; `what` is the message."""
        try:
            return work(*args)
        except BaseException as error:
            self.fault(what, error)
            return None

    def fault(self, what: str, error: BaseException) -> None:
        kind, now = (what, type(error)), time.monotonic()
        latest = self._latest.get(kind)
        self._latest[kind] = now
        self.faults[kind] = self.faults.get(kind, 0) + 1
        if latest is None or now - latest > AGAIN_SECONDS:
            try:
                self.tell(f"{what} ({_named(error)})", error)
            except BaseException:
                return  # it cannot be logged, but it was counted


def _named(error: BaseException) -> str:
    text = str(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def supervised(
    name: str, work: Callable[[], object], over: threading.Event, what: str | None = None
) -> threading.Thread:
    """A thread, not started yet, that calls `work` until it returns or `over` is set.

    An exception is logged (`what` is the message), and `work` is called again, after growing
    pauses, without end.
    """
    guard = Guard()
    what = what or f"{name} failed and restarts"
    return threading.Thread(
        target=_supervise, args=(work, over, what, guard), name=name, daemon=True
    )


def _supervise(work: Callable[[], object], over: threading.Event, what: str, guard: Guard) -> None:
    pause = SHORTEST
    while not over.is_set():
        try:  # around all that follows an error, too
            began = time.monotonic()
            try:
                work()
                return
            except BaseException as error:
                guard.fault(what, error)
            pause = SHORTEST if time.monotonic() - began > LONGEST else min(2 * pause, LONGEST)
            over.wait(pause)
        except BaseException:
            continue
