"""Prints all output of a playing set, on a separate thread.

A terminal may be frozen (Ctrl-S, a lost ssh), a pipe unread, a disk full, stdout closed: callers
only put text into a bounded queue, and text that does not fit is counted. All other printing goes
the same way, because `sys.stdout` and `sys.stderr` are replaced meanwhile.
"""

from __future__ import annotations

import io
import queue
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple, TextIO

from bridge.process.threads import supervised
from musicrfm.terminal import plain

MOST_LINES = 500  # that may wait
MOST_CHARACTERS = 20_000  # of one text
CLEAR = "\r\x1b[2K"
END_SECONDS = 1.0  # that the end of a set waits for a slow reader
TRY_AGAIN_SECONDS = 0.05


class _Text(NamedTuple):
    mouth: _Mouth
    text: str


class Voice:
    """Lines on `out` and `err` above one live line; every method may be called by any thread.

    None of them waits or raises, except `flush`, which waits for a limited time.
    """

    def __init__(self, out: TextIO | None = None, err: TextIO | None = None) -> None:
        self._out, self._err = _Mouth(out), _Mouth(err)
        self.live = self._out.live  # whether a line can be rewritten
        self.dropped = 0  # texts that did not fit
        self._told = 0  # of these
        self._line = ""  # the live line as it should be
        self._asked = False  # the thread has yet to look at it
        self._drawn = False
        self._queue: queue.SimpleQueue[_Text | threading.Event | None] = queue.SimpleQueue()
        supervised("voice", self._run, threading.Event(), "printing was interrupted").start()

    def say(self, text: str, error: bool = False, end: str = "\n") -> None:
        """One or several lines; text from outside must have passed `plain`."""
        if self._queue.qsize() >= MOST_LINES:
            self.dropped += 1
            return
        if len(text) > MOST_CHARACTERS:
            text = text[:MOST_CHARACTERS] + "…"
        self._queue.put(_Text(self._err if error else self._out, text + end))

    def show(self, line: str) -> None:
        """Rewrite the live line; it stays visible."""
        self._line = line
        if self.live and not self._asked:
            self._asked = True
            self._queue.put(None)

    def flush(self, seconds: float = END_SECONDS) -> bool:
        """Whether all text so far is written within this time."""
        written = threading.Event()
        self._queue.put(written)
        return written.wait(seconds)

    def _run(self) -> None:
        while True:
            self._next(self._queue.get())

    def _next(self, item: _Text | threading.Event | None) -> None:
        if isinstance(item, threading.Event):
            self._tell_dropped()
            item.set()
        elif item is None:
            self._asked = False
            self._draw(self._line)
        else:
            self._draw("")
            item.mouth.write(item.text)
            if self._queue.empty():
                self._tell_dropped()

    def _draw(self, line: str) -> None:
        if line or self._drawn:
            self._drawn = bool(line)
            self._out.write(CLEAR + line)

    def _tell_dropped(self) -> None:
        new, self._told = self.dropped - self._told, self.dropped
        if new:
            lines = "1 line was" if new == 1 else f"{new} lines were"
            self._err.write(f"{lines} skipped, because the terminal did not accept them in time\n")


class _Mouth:
    """One of stdout and stderr, written below Python's buffers, whose locks may be held."""

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream
        self._raw: Any = None
        self._encoding = getattr(stream, "encoding", None) or "utf-8"
        self.live = False
        with suppress(OSError, ValueError):
            self.live = stream is not None and stream.isatty()
            if stream is not None:
                stream.flush()
        buffer = getattr(stream, "buffer", None)
        if buffer is not None:
            self._raw = getattr(buffer, "raw", buffer)

    def write(self, text: str) -> None:
        """Waits as long as necessary; text that cannot be written is lost."""
        if self._stream is None:
            return
        try:
            if self._raw is None:
                self._stream.write(text)
                self._stream.flush()
                return
            data = memoryview(text.encode(self._encoding, "replace"))
            while data:
                written = self._raw.write(data)
                if written is None:  # it is one that does not block
                    time.sleep(TRY_AGAIN_SECONDS)
                data = data[written or 0 :]
        except BrokenPipeError:
            self._stream = None  # the reader is gone; the music continues
        except (OSError, ValueError):  # a full disk may have room again
            return


class _Stream(io.TextIOBase):
    """The replacement of `sys.stdout` or `sys.stderr`."""

    def __init__(self, voice: Voice, stream: TextIO | None, error: bool) -> None:
        self._voice, self._stream, self._error = voice, stream, error
        self._rest = threading.local()  # of a line, by thread

    @property
    def encoding(self) -> str:  # type: ignore[override]  # typeshed has it as an attribute
        return getattr(self._stream, "encoding", None) or "utf-8"

    def write(self, text: str) -> int:
        whole = getattr(self._rest, "text", "") + text
        end = max(whole.rfind("\n"), whole.rfind("\r")) + 1
        self._rest.text = whole[end:]
        if end:
            self._voice.say(plain(whole[:end], keep="\n\r\t"), self._error, end="")
        return len(text)

    def flush(self) -> None:
        rest, self._rest.text = getattr(self._rest, "text", ""), ""
        if rest:
            self._voice.say(plain(rest, keep="\t"), self._error, end="")

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        try:
            return self._stream is not None and self._stream.isatty()
        except ValueError:
            return False

    def fileno(self) -> int:
        if self._stream is None:
            raise io.UnsupportedOperation("fileno")
        return self._stream.fileno()


@contextmanager
def speaking() -> Iterator[Voice]:
    """A voice for the duration of a set, which also receives all other printing."""
    before = sys.stdout, sys.stderr
    voice = Voice(*before)
    mine = _Stream(voice, before[0], False), _Stream(voice, before[1], True)
    sys.stdout, sys.stderr = mine
    try:
        yield voice
    finally:
        for stream in mine:
            stream.flush()
        if voice.flush() and (sys.stdout, sys.stderr) == mine:
            sys.stdout, sys.stderr = before  # otherwise the final output would wait for ever
