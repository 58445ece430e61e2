"""Reports a hang of the music while it lasts, with its place: the log gets the stacks of all
threads."""

from __future__ import annotations

import logging
import sys
import threading
import traceback
from typing import TYPE_CHECKING

from bridge.process.repeating import Repeating

if TYPE_CHECKING:
    from bridge.engine.engine import Engine

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.25
LONG_SECONDS = 5.0  # without a move, although audio remains to be played
BEHIND_SECONDS = 4.0  # of audio that waits for a disk
DEEPEST = 12  # calls per thread in the report


class Watchdog(Repeating):
    """Checks whether the engine moves; a sleeping computer is not a hang:
    `bridge.process.awake`."""

    def __init__(self, engine: Engine) -> None:
        super().__init__("watchdog", LOOK_SECONDS, "the watchdog failed")
        self._engine = engine
        self._behind = False  # whether a recording is behind, already reported
        self._said = 0.0  # duration of the reported hang

    def update(self) -> None:
        self._look_at_disks()
        hangs = self._engine.hangs
        if not hangs:
            if self._said and self._engine.running and not self._engine.finishing:
                words = f"the music goes on; it had hung for {self._said:.1f} s"
                self._said = 0.0
                log.warning("%s", words)
                self._engine.controls.tell_error(words)
            return
        first = not self._said
        if first and hangs < LONG_SECONDS and self._engine.reserve > 0.0:
            return  # not audible yet
        self._said = hangs
        if first:
            where = place(self._engine.thread)
            words = f"the music hangs: nothing new for {hangs:.1f} s, {where}"
            log.handle(
                log.makeRecord(
                    *(log.name, logging.ERROR, __file__, 0, words, (), None), sinfo=stacks()
                )
            )
            self._engine.controls.tell_error(words)

    def _look_at_disks(self) -> None:
        """The recorder reports a disk that refuses data, but a hanging disk blocks the recorder."""
        behind = max((getattr(one, "behind", 0.0) for one in self._engine.recorders), default=0.0)
        if behind > BEHIND_SECONDS and not self._behind:
            words = f"the recording waits for the disk, with {behind:.0f} s of audio in memory"
            log.error("%s", words)
            self._engine.controls.tell_error(words)
        elif not behind > 1.0 and self._behind:
            log.warning("the recording has caught up")
        else:
            return
        self._behind = not self._behind


def place(thread: threading.Thread) -> str:
    """The position of a thread in its code, in a few words."""
    frame = sys._current_frames().get(thread.ident or 0)
    if frame is None:
        return "the engine's thread is gone"
    code = frame.f_code
    return f"in {code.co_name} ({code.co_filename}:{frame.f_lineno})"


def stacks() -> str:
    """The stacks of all threads."""
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    parts = []
    for ident, frame in sys._current_frames().items():
        if ident != threading.get_ident():
            lines = traceback.format_stack(frame)[-DEEPEST:]
            parts.append(f"thread {names.get(ident, ident)}:\n{''.join(lines)}")
    return "\n".join(parts)
