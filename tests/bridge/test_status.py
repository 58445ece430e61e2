"""What a person sees while it plays."""

from __future__ import annotations

import io
import logging

from bridge.engine import Status
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


def test_the_line_says_it_all():
    text = line(STATUS)
    for part in ("01:23", "-12.0 dB", "3.4×", "182 ms", "underruns 2", "note_C +0.60", "tempo -1"):
        assert part in text
    assert "no steering" in line(Status(0, -120.0, 0, 0, 0)) and "-inf" in line(
        Status(0, -120.0, 0, 0, 0)
    )


def test_the_meter_fills_with_the_level():
    assert [meter(level).count("█") for level in (-120, -48, -24, 0, 6)] == [0, 0, 6, 12, 12]


def test_a_terminal_gets_one_line_that_rewrites_itself(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr("shutil.get_terminal_size", lambda: type("", (), {"columns": 40})())
    shown = StatusLine(terminal)
    shown.show(STATUS)
    shown.show(STATUS)
    shown.clear()
    shown.clear()
    text = terminal.getvalue()
    assert "\n" not in text and text.count("01:23") == 2 and text.count("\r") == 3
    assert max(len(part) for part in text.split("\r\x1b[2K")) <= 39


def test_elsewhere_lines_are_sparse(monkeypatch):
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    stream = io.StringIO()
    shown = StatusLine(stream)
    for _ in range(100):
        now[0] += 0.25
        shown.show(STATUS)
    assert stream.getvalue().count("\n") == 2 and "\r" not in stream.getvalue()


def test_a_narrow_character_set_or_a_closed_pipe_does_not_stop_the_music():
    narrow = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    narrow.isatty = lambda: True
    StatusLine(narrow).show(STATUS)
    narrow.flush()
    assert b"underruns 2" in narrow.buffer.getvalue()

    class Gone(Terminal):
        def write(self, text):
            raise BrokenPipeError

    StatusLine(Gone()).show(STATUS)


def test_messages_appear_above_the_line(capsys):
    terminal = Terminal()
    shown = StatusLine(terminal)
    handler = LogHandler(shown)
    shown.show(STATUS)
    handler.emit(logging.LogRecord("bridge", logging.WARNING, "", 0, "port %s", ("gone",), None))
    assert terminal.getvalue().endswith("\r\x1b[2K")
    assert capsys.readouterr().err == "port gone\n"
