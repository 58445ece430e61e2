"""The progress line of long computations."""

from __future__ import annotations

import sys
import time
from types import SimpleNamespace

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


def test_progress_in_a_notebook_is_one_line_that_changes(capsys, monkeypatch):
    """Rich's bar would ask for ipywidgets, and show nothing without them."""
    shown: list[dict] = []

    def display(data, raw, display_id):
        shown.append(data)
        return SimpleNamespace(update=lambda data, raw: shown.append(data))

    monkeypatch.setattr("rich.console._is_jupyter", lambda: True)
    module = SimpleNamespace(display=SimpleNamespace(display=display))
    monkeypatch.setitem(sys.modules, "IPython", module)
    monkeypatch.setitem(sys.modules, "IPython.display", module.display)
    progress = Progress("hearing <C>", 4, "clips")
    for done in (1, 2, 3, 4):
        progress(done)
    assert [one["text/plain"].split(" clips")[0] for one in shown] == [
        "hearing <C>: 1 of 4",
        "hearing <C>: 4 of 4",
    ]  # the others came too soon after the first
    assert shown[-1]["text/html"].startswith(
        '<progress value="4" max="4"></progress> hearing &lt;C&gt;: 4 of 4'
    )
    assert capsys.readouterr().err == ""
