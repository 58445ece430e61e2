"""The output while the instrument plays: one line that is redrawn, or plain log lines.

On a terminal, the line is redrawn a few times a second with log messages above it; elsewhere, a
line is printed at intervals. It is drawn by `Voice`: a display of rich would wait for a terminal
that is frozen.
"""

from __future__ import annotations

import linecache
import logging
import shutil
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from bridge.process.log_limit import LogLimit, Verdict
from bridge.process.voice import Voice
from musicrfm.terminal import plain

if TYPE_CHECKING:
    from bridge.engine import Status

METER_DB = 48.0
METER_WIDTH = 12
PLAIN_SECONDS = 10.0


def meter(level_db: float) -> str:
    """A bar from silence (-48 dB) to full scale."""
    share = min(max((level_db + METER_DB) / METER_DB, 0.0), 1.0)
    full = round(share * METER_WIDTH)
    return "█" * full + "·" * (METER_WIDTH - full)


def line(status: Status) -> str:
    """The state of the instrument in one line."""
    minutes, seconds = divmod(int(status.seconds), 60)
    steers = "  ".join(f"{name} {value:+.2f}" for name, value in status.steers.items())
    level = f"{status.level_db:5.1f}" if status.level_db > -100 else " -inf"
    if status.hangs:
        return (
            f"‖ {minutes:02d}:{seconds:02d}  the music hangs: nothing new for {status.hangs:.0f} s"
        )
    return (
        f"{'▶' if status.playing else '‖'} {minutes:02d}:{seconds:02d}  "
        f"{meter(status.level_db)} {level} dB  {status.speed:.1f}× real time  "
        f"buffer {1000 * status.buffer:3.0f} ms  underruns {status.underruns}"
        f"  {steers or 'no steering'}"
    )


class StatusLine:
    """Shows `Status`: one redrawn line on a terminal, occasional lines elsewhere."""

    def __init__(self, voice: Voice) -> None:
        self._voice = voice
        self._plain_due = time.monotonic() + PLAIN_SECONDS

    def show(self, status: Status) -> None:
        text = plain(line(status))
        if self._voice.live:
            self._voice.show(text[: shutil.get_terminal_size().columns - 1])
        elif time.monotonic() >= self._plain_due:
            self._plain_due += PLAIN_SECONDS
            self._voice.say(text)


class PlainFormatter(logging.Formatter):
    """The plain message, without characters that would move the terminal's cursor."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        return plain(super().formatMessage(record))

    def formatException(self, error: Any) -> str:
        lines = []
        for part in traceback.format_exception(*error):
            own = part.startswith("  File ")  # the rest contains text from outside
            lines.append(part.rstrip("\n") if own else plain(part.strip("\n")))
        return "\n".join(lines)


class LogHandler(logging.Handler):
    """Log records on stderr, above the status line; see `LogLimit` for their number."""

    def __init__(self, voice: Voice) -> None:
        super().__init__()
        self.setFormatter(PlainFormatter())
        self._voice = voice
        self._limit = LogLimit()

    def emit(self, record: logging.LogRecord) -> None:
        try:
            if self._limit.judge(record) is Verdict.SAID:
                self._voice.say(self.format(record), error=True)
        except Exception:
            self.handleError(record)
        if record.exc_info or record.stack_info:
            linecache.clearcache()  # else the source of each module in a trace stays in memory

    def count(self, at_end: bool = False) -> None:
        """Call regularly: reports once a minute how often skipped messages occurred."""
        for line in self._limit.summary(at_end):
            self._voice.say(plain(line), error=True)


@contextmanager
def logged(voice: Voice) -> Iterator[LogHandler]:
    """Messages on stderr above the status line, as long as a command runs."""
    root = logging.getLogger()
    handler = LogHandler(voice)
    bridge = logging.getLogger("bridge")
    level = bridge.level
    root.addHandler(handler)
    bridge.setLevel(logging.INFO)
    try:
        yield handler
    finally:
        handler.count(at_end=True)
        bridge.setLevel(level)
        root.removeHandler(handler)
