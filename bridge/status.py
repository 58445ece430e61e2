"""What a person sees while the instrument plays: one line that rewrites itself, or plain log lines.

On a terminal the line is redrawn a few times a second and log messages appear above it; anywhere
else a line is printed now and then.
"""

from __future__ import annotations

import logging
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from bridge.engine import Status
from bridge.log_limit import LogLimit, Verdict, plain

METER_DB = 48.0
METER_WIDTH = 12
PLAIN_SECONDS = 10.0
CLEAR = "\r\x1b[2K"


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
    return (
        f"{'▶' if status.playing else '‖'} {minutes:02d}:{seconds:02d}  "
        f"{meter(status.level_db)} {level} dB  {status.speed:.1f}× real time  "
        f"buffer {1000 * status.buffer:3.0f} ms  underruns {status.underruns}"
        f"  {steers or 'no steering'}"
    )


class StatusLine:
    """Shows `Status` on a stream: rewriting one line on a terminal, sparse lines elsewhere."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout
        self.live = self._stream.isatty()
        self._plain_due = time.monotonic() + PLAIN_SECONDS
        self._drawn = False

    def show(self, status: Status) -> None:
        text = line(status)
        if self.live:
            width = shutil.get_terminal_size().columns - 1
            self._put(CLEAR + text[:width])
            self._drawn = True
        elif time.monotonic() >= self._plain_due:
            self._plain_due += PLAIN_SECONDS
            self._put(text + "\n")

    def clear(self) -> None:
        """Take the line away, so that something else can be printed."""
        if self._drawn:
            self._put(CLEAR)
            self._drawn = False

    def _put(self, text: str) -> None:
        try:
            self._stream.write(text)
            self._stream.flush()
        except UnicodeEncodeError:
            encoding = self._stream.encoding or "ascii"
            self._stream.write(text.encode(encoding, "replace").decode(encoding))
            self._stream.flush()
        except OSError:
            self.live = False  # whoever was reading has gone; the music plays on


class PlainFormatter(logging.Formatter):
    """What is logged as it is said, without what would move the terminal's cursor."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        return plain(super().formatMessage(record))

    def formatException(self, error) -> str:
        return plain(super().formatException(error), keep="\n")


class LogHandler(logging.Handler):
    """Log records on stderr, above the status line; see `LogLimit` for how many."""

    def __init__(self, status_line: StatusLine) -> None:
        super().__init__()
        self.setFormatter(PlainFormatter())
        self._status_line = status_line
        self._limit = LogLimit()

    def emit(self, record: logging.LogRecord) -> None:
        try:
            if self._limit.judge(record) is Verdict.SAID:
                self._say(self.format(record))
        except Exception:
            self.handleError(record)

    def count(self, at_end: bool = False) -> None:
        """To be called now and then: says how often what was not said has come, once a minute."""
        for line in self._limit.summary(at_end):
            self._say(plain(line))

    def _say(self, text: str) -> None:
        self._status_line.clear()
        print(text, file=sys.stderr, flush=True)


@contextmanager
def logged(status_line: StatusLine) -> Iterator[LogHandler]:
    """Messages on stderr above the status line, as long as a command runs."""
    root = logging.getLogger()
    handler = LogHandler(status_line)
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
