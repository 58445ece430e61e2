"""Passes the played audio to the recorders and the control log, and completes their files."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol

import numpy as np

from bridge.engine.frame import Frame
from bridge.process.threads import Guard
from bridge.recording.log import ControlLog

MOST_UNRECORDED = 15_000  # blocks kept for a failing recorder, five minutes


class Taker(Protocol):
    """A receiver of all final audio: a recorder, or a meter."""

    def write(self, audio: np.ndarray) -> None:
        """A block, float32 [samples, channels], that is never changed afterwards."""

    def close(self) -> None: ...


class Keeper:
    """A block on which a recorder fails is passed to it again. For the engine's thread, except
    `end`."""

    def __init__(
        self, recorders: Sequence[Taker], control_log: ControlLog | None, guard: Guard
    ) -> None:
        self.recorders = tuple(recorders)
        self.control_log = control_log
        self._guard = guard
        self._waiting = tuple(deque[np.ndarray](maxlen=MOST_UNRECORDED) for _ in self.recorders)

    def keep(self, frames: Sequence[Frame]) -> None:
        """Frames that are final."""
        for frame in frames:
            for waiting in self._waiting:
                waiting.append(frame.audio)
            if self.control_log is not None:
                write = self.control_log.write
                words = "the control log failed on a change"
                self._guard(words, write, frame.number, frame.first, frame.changes)
        for recorder, waiting in zip(self.recorders, self._waiting, strict=True):
            if waiting:
                self._guard("a recorder or a meter failed on a block", _record, recorder, waiting)

    def end(
        self,
        samples: int,
        seconds: float | None = None,
        meanwhile: Callable[[], None] = lambda: None,
    ) -> bool:
        """Complete the files of a set with this number of samples, all in parallel because a disk
        may be slow, and call `meanwhile`.

        Returns whether they were completed within the time limit.
        """
        endings = [recorder.close for recorder in self.recorders]
        if self.control_log is not None:
            endings.append(partial(self.control_log.close, samples))
        until = None if seconds is None else time.monotonic() + seconds
        threads = []
        for end in endings:
            work = ("closing a file failed", end)
            thread = threading.Thread(target=self._guard, args=work, daemon=True)
            try:
                thread.start()
                threads.append(thread)
            except RuntimeError:  # no memory for another thread
                self._guard(*work)
        meanwhile()
        for thread in threads:
            thread.join(until and max(0.0, until - time.monotonic()))
        return not any(thread.is_alive() for thread in threads)


def _record(recorder: Taker, waiting: deque[np.ndarray]) -> None:
    """Pass all waiting blocks; a block that fails stays first."""
    while waiting:
        recorder.write(waiting[0])
        waiting.popleft()
