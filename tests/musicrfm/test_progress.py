"""The progress line of long computations."""

from __future__ import annotations

import time

import pytest

from musicrfm.progress import Progress, clock


def test_time_left_follows_the_speed_of_this_run():
    progress = Progress("hearing notes", 100, "clips", already=40)
    assert progress.line(40) == "hearing notes: 40 of 100 clips "
    progress.started = time.monotonic() - 30
    assert progress.left(50) == pytest.approx(150, abs=1)  # ten took 30 s, fifty are left
    assert progress.line(50).startswith("hearing notes: 50 of 100 clips, 0:02:")
    assert Progress("hearing", unit="clips").line(3) == "hearing: 3 clips "
    assert clock(3723.4) == "1:02:03"


def test_progress_is_a_line_a_minute_in_a_log_and_a_bar_in_a_terminal(capsys, monkeypatch):
    progress = Progress("fitting", 3)
    progress(1)
    assert capsys.readouterr().err == ""
    progress.written -= 61
    progress(2)
    assert capsys.readouterr().err.startswith("fitting: 2 of 3")
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    progress(2)
    progress(3)
    text = capsys.readouterr().err
    assert "fitting" in text and "3/3" in text and text.count("\n") == 1
    assert text.endswith("\x1b[?25h"), "the cursor is there again"
