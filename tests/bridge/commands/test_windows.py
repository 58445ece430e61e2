"""The window of a slow model: measured by `bridge doctor`, kept, and used by `bridge play`."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge import pace, session
from bridge.cli import main
from bridge.commands import doctor, windows
from bridge.commands.doctor import Pace, advise, text, write
from bridge.instrument import window_of
from bridge.rig import load_rig
from musicrfm.model import MusicModel
from musicrfm.stream import MusicStream


def with_windows(*speeds: float) -> dict[float, float]:
    return dict(zip((30.06, 20.0, 10.0), speeds, strict=True))


def advice(*speeds: float) -> doctor.Advice:
    return advise([Pace("int8", 1.5, (5.0, 8.0, 10.0), 20.0, with_windows(*speeds))], "card", 0.0)


@pytest.mark.parametrize(
    ("speeds", "window", "said"),
    [
        ((0.8, 1.2, 1.5), 20.0, "window: 20 s, the longest that plays live here (1.2 × real time"),
        ((0.8, 1.0, 1.5), 10.0, "; 30 s: 0.8); `bridge play` uses it from now on"),
        ((1.2, 1.5, 2.0), None, "window: all 30 s, plays live (1.2 × real time)"),
        ((0.6, 0.7, 0.9), None, "window: all 30 s, because no shorter one plays live either (0.6"),
    ],
)
def test_longest_window_that_plays_live_is_chosen(
    speeds: tuple[float, ...], window: float | None, said: str
) -> None:
    found = advice(*speeds)
    assert found.window == window and said in found.words[-1]
    speed = speeds[0] if window is None else with_windows(*speeds)[window]
    assert f"It makes {speed:.1f} seconds" in found.words[0]
    shown = text([Pace("int8", 1.5, (5.0, 8.0, 10.0), 20.0, found.windows)], found)
    assert (f"--window {window}" in shown.replace("0 --l", "0.0 --l")) == (window is not None)
    assert f"by window: 30 s {speeds[0]:.2f}, 20 s" in shown


def test_rig_gets_the_window_and_loses_an_old_one(tmp_path: Path) -> None:
    rig = tmp_path / "rig.toml"
    rig.write_text("[engine]\nwindow = 15\n")
    small = advise([Pace("int8", 20.0, (1.0, 1.0, 1.0), 20.0)], "card", 0.0)
    for found, window in ((small, 15), (advice(0.8, 1.0, 1.5), 10.0), (advice(1.2, 1.5, 2), None)):
        write(str(rig), found)
        assert load_rig(rig).engine.get("window") == window


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Models count as large, and shorter windows than those of MusicGen are tried."""
    monkeypatch.setattr(MusicModel, "small", False)
    monkeypatch.setattr(windows, "SHORTER", (2.0, 1.0))


def test_windows_of_a_small_model_are_not_measured(model: MusicModel) -> None:
    assert windows.settle(model, 0.001, 20) == {} and pace.kept_window(model) is None


@pytest.mark.usefixtures("slow")
def test_shorter_windows_need_less_time(checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = MusicModel.load(checkpoint, device="cpu", dtype="int8")
    whole = model.window / model.frame_rate
    assert whole > 2
    asked: list[list[int]] = []

    def timed(model: MusicModel, places: list[int]) -> tuple[list[float], float]:
        asked.append(places)
        return [0.001 * place for place in places], 0.002

    real = windows._timed
    monkeypatch.setattr(windows, "_timed", timed)
    speeds = windows.settle(model, 0.025, 20)
    assert asked == [[20, *(round(windows.middle(w) * 50) for w in (whole, 2.0, 1.0))]]
    step, rest = 0.001 * round(50 * 2 / 3), 0.005 + windows.REREAD * 0.002
    assert speeds[1.0] == pytest.approx(1 / (50 * (step + rest)))
    assert list(speeds) == [whole, 2.0, 1.0]
    steps, reading = real(model, [10, 100])
    assert min(steps) > 0 and reading > 0


@pytest.mark.usefixtures("slow", "unannounced")
def test_play_uses_the_kept_window_unless_told_otherwise(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(pace, "words", lambda stream: None)
    model = MusicModel.load(checkpoint, device="cpu", dtype="auto")
    arguments = ["--output", "none", "--fast", "--seconds", "0.2", "--osc-port", "0"]
    arguments += ["--model", str(checkpoint), "--record", "set.flac", "--overwrite"]
    monkeypatch.setattr(session, "LONGEST_WINDOW", 2.25)  # as 30 s is less than MusicGen's own
    assert model.window / model.frame_rate > 2.25
    whole = "2.25"
    for kept, extra, said in (
        (None, [], False),
        (1.0, [], True),
        (1.0, ["--window", "2"], False),
    ):
        pace.keep_window(model, kept)
        assert main(["play", *arguments, *extra]) == 0
        out = capsys.readouterr().out
        line = f"window: 1 s, as `bridge doctor` chose (--window {whole}: all of it)\n"
        assert (line in out) == said
        log = (tmp_path / "set.jsonl").read_text()
        told = "null" if kept is None else extra[1] if extra else "1"
        assert f'"window_seconds": {told}' in log.replace("1.0", "1").replace("2.0", "2")


@pytest.mark.usefixtures("slow")
def test_damaged_choice_is_ignored(model: MusicModel) -> None:
    pace.keep_window(model, 1.0)
    assert pace.kept_window(model) == 1.0
    pace._place(model).write_text("{")
    assert pace.kept_window(model) is None


def test_window_of_a_stream_is_none_where_it_is_the_models(model: MusicModel) -> None:
    assert window_of(MusicStream(model)) is None
    assert window_of(MusicStream(model, window_seconds=1.0)) == 1.0
