"""Output to the terminal and the log never blocks the thread that writes."""

from __future__ import annotations

import errno
import io
import os
import sys
import threading
import time

import pytest

from bridge.process.voice import MOST_LINES, Voice, speaking
from tests.bridge.interrupting import raise_in


@pytest.fixture
def stuck():
    """(a full stream that nobody reads, a function that empties it)"""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with pytest.raises(BlockingIOError):
        while True:
            os.write(writer, b"x" * 4096)
    os.set_blocking(writer, True)
    stream = open(writer, "w", encoding="utf-8")  # noqa: SIM115
    freed = threading.Event()

    def free() -> None:
        freed.set()
        threading.Thread(
            target=lambda: [None for _ in iter(lambda: os.read(reader, 65536), b"")], daemon=True
        ).start()

    yield stream, free
    if not freed.is_set():
        free()
    time.sleep(0.05)


def test_stuck_reader_does_not_block_the_writers(stuck):
    stream, free = stuck
    voice = Voice(stream, stream)
    began = time.monotonic()
    for number in range(3 * MOST_LINES):
        voice.say(f"line {number}")
        voice.show("live")
    assert time.monotonic() - began < 10.0  # blocked writers would wait for ever
    assert not voice.flush(0.1)
    assert 2 * MOST_LINES - 1 <= voice.dropped <= 2 * MOST_LINES + 1
    free()
    assert voice.flush(5.0)


def test_dropped_lines_are_counted():
    class Slow(io.StringIO):
        go = threading.Event()

        def write(self, text: str) -> int:
            self.go.wait(5.0)
            return super().write(text)

    slow = Slow()
    voice = Voice(None, slow)
    for number in range(MOST_LINES + 10):
        voice.say(f"line {number}", error=True)
    dropped = voice.dropped
    slow.go.set()
    assert voice.flush(5.0) and dropped in (9, 10)
    assert f"{dropped} lines were skipped" in slow.getvalue()


@pytest.mark.parametrize("error", [errno.EPIPE, errno.ENOSPC, errno.EIO, errno.EBADF])
def test_write_errors_are_ignored(error):
    class Broken(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError(error, os.strerror(error))

    voice = Voice(Broken(), None)
    voice.say("lost")
    voice.say("lost too", error=True)
    assert voice.flush()


def test_writing_resumes_when_the_disk_has_room():
    class Full(io.StringIO):
        full = True

        def write(self, text: str) -> int:
            if self.full:
                raise OSError(errno.ENOSPC, "No space left on device")
            return super().write(text)

    disk = Full()
    voice = Voice(disk)
    voice.say("lost")
    assert voice.flush()
    disk.full = False
    voice.say("kept")
    assert voice.flush() and disk.getvalue() == "kept\n"


def test_characters_missing_in_the_encoding_are_replaced():
    narrow = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    voice = Voice(narrow)
    voice.say("fl\u00fbte \u266a 3\u00d7 \udcff")
    assert voice.flush()
    assert narrow.buffer.getvalue() == b"fl?te ? 3? ?\n"


def test_prints_of_all_threads_go_through_the_voice(capsys):
    with speaking() as voice:
        threads = [threading.Thread(target=print, args=(f"thread {n}",)) for n in range(3)]
        for thread in threads:
            thread.start()
            thread.join()
        print("half", end="")
        print("odd \x1b[2J", file=sys.stderr)
        assert sys.stdout is not sys.__stdout__ and voice.flush()
    out, err = capsys.readouterr()
    assert out == "thread 0\nthread 1\nthread 2\nhalf"
    assert err == "odd \\x1b[2J\n"
    print("after")
    assert capsys.readouterr().out == "after\n"


def test_last_prints_do_not_wait_for_a_stuck_terminal(stuck, monkeypatch):
    stream, _ = stuck
    monkeypatch.setattr("sys.stdout", stream)
    with speaking():
        print("nobody hears")
    began = time.monotonic()
    print("nor this")
    sys.stdout.flush()
    assert time.monotonic() - began < 5.0  # blocked prints would wait for ever


@pytest.mark.parametrize(
    "error", [RuntimeError, pytest.param(KeyboardInterrupt, marks=pytest.mark.slow)]
)
def test_exceptions_in_the_voice_thread_do_not_silence_it(error):
    out = io.StringIO()
    before = set(threading.enumerate())
    voice = Voice(out, out)
    (thread,) = set(threading.enumerate()) - before
    for number in range(100):
        voice.say(f"line {number}")
        raise_in(thread, error)
        time.sleep(0.01)
    voice.say("the last line")
    assert voice.flush(10.0) and thread.is_alive()
    assert "the last line" in out.getvalue()
