"""The status line and the log in a terminal while a set plays."""

from __future__ import annotations

import io
import json
import linecache
import logging
import sys
from unittest.mock import Mock

from bridge.engine import Status
from bridge.process.voice import Voice
from bridge.status import LogHandler, StatusLine, line, meter

STATUS = Status(
    seconds=83.2,
    level_db=-12.0,
    speed=3.44,
    buffer=0.182,
    underruns=2,
    steers={"note_C": 0.6, "tempo": -1.0},
)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_status_line_shows_time_level_speed_buffer_underruns_and_steering():
    text = line(STATUS)
    for part in ("01:23", "-12.0 dB", "3.4×", "182 ms", "underruns 2", "note_C +0.60", "tempo -1"):
        assert part in text
    assert "no steering" in line(Status(0, -120.0, 0, 0, 0)) and "-inf" in line(
        Status(0, -120.0, 0, 0, 0)
    )


def test_the_meter_fills_with_the_level():
    assert [meter(level).count("█") for level in (-120, -48, -24, 0, 6)] == [0, 0, 6, 12, 12]


def test_terminal_status_is_one_rewritten_line(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr("shutil.get_terminal_size", type("", (), {"columns": 40}))
    voice = Voice(terminal)
    shown = StatusLine(voice)
    shown.show(STATUS)
    assert voice.flush()
    shown.show(STATUS)
    assert voice.flush()
    voice.show("")
    voice.show("")
    assert voice.flush()
    text = terminal.getvalue()
    assert "\n" not in text and text.count("01:23") == 2 and text.count("\r") == 3
    assert max(len(part) for part in text.split("\r\x1b[2K")) <= 39


def test_status_lines_without_a_terminal_are_rare(monkeypatch):
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    stream = io.StringIO()
    voice = Voice(stream)
    shown = StatusLine(voice)
    for _ in range(100):
        now[0] += 0.25
        shown.show(STATUS)
    assert voice.flush()
    assert stream.getvalue().count("\n") == 2 and "\r" not in stream.getvalue()


def record(text: str, *args: object, error=None) -> logging.LogRecord:
    return logging.LogRecord("bridge", logging.WARNING, "", 0, text, args, error)


def test_log_message_clears_the_status_line_first():
    terminal, errors = Terminal(), io.StringIO()
    voice = Voice(terminal, errors)
    StatusLine(voice).show(STATUS)
    LogHandler(voice).emit(record("port %s", "gone"))
    assert voice.flush()
    assert terminal.getvalue().endswith("\r\x1b[2K")
    assert errors.getvalue() == "port gone\n"


def test_control_characters_in_log_messages_are_escaped():
    errors = io.StringIO()
    voice = Voice(None, errors)
    handler = LogHandler(voice)
    handler.emit(record("no address %s", "/\x1b[2J\x1b[Hx\nerror: forged\x9b1A"))
    try:
        raise ValueError("odd\nFORGED")
    except ValueError:
        handler.emit(record("it failed", error=sys.exc_info()))
    assert voice.flush()
    lines = errors.getvalue().splitlines()
    assert lines[0] == r"no address /\x1b[2J\x1b[Hx\x0aerror: forged\x9b1A"
    assert lines[-1] == r"ValueError: odd\x0aFORGED" and len(lines) > 4


def test_traceback_logging_leaves_the_line_cache_empty() -> None:
    voice = Mock()
    handler = LogHandler(voice)
    try:
        json.loads("{")
    except ValueError as error:
        told = (type(error), error, error.__traceback__)
    handler.emit(logging.LogRecord("bridge", logging.ERROR, __file__, 0, "odd", (), told))
    assert "raw_decode" in voice.say.call_args[0][0] and not linecache.cache
