"""What a shorter window costs: the same pieces in every window, and the tables of it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from musicrfm.errors import MusicRFMError
from musicrfm.nano import windows
from musicrfm.nano.judges import endless, playing

RATE = 16_000


def judged(run: endless.Run) -> list[playing.Judged]:
    return [playing.Judged(run.prompt, 2, 1.0, 1.0, (0.0, 2.0), 0.25, True)]


def notes(hertz: float, seconds: float, bpm: float) -> np.ndarray:
    """Plucked notes of one pitch at a tempo."""
    at = np.arange(round(seconds * RATE)) / RATE
    return 0.3 * np.sin(2 * np.pi * hertz * at) * np.exp(-6 * (at % (60 / bpm)))


def test_every_piece_is_played_in_every_window(model, monkeypatch) -> None:
    played: list[tuple] = []

    def play(model, prompt, seconds, seed, window) -> endless.Run:
        played.append((prompt, seed, window))
        audio = np.random.default_rng(seed).normal(0, 0.1, (round(seconds * RATE), 1))
        return endless.Run(prompt, audio, RATE, [3.0 * window])

    monkeypatch.setattr(endless, "play", play)
    found = windows.compare(model, judged, (2.0, 1.0), ("organ chords",), seeds=2, seconds=10)
    seeds = range(playing.FIRST_SEED, playing.FIRST_SEED + 2)
    assert played == [("organ chords", seed, window) for seed in seeds for window in (2.0, 1.0)]
    assert [one.seams["seams"] for one in found] == [2, 2]
    assert [take.few_notes for take in found[0].takes] == [1.0, 1.0]
    rows = {row.split(" | ")[0].strip("| "): row for row in windows.together(found)}
    assert rows[""] == "| | 2 s | 1 s |"
    assert "| 0.00 (0.00 to 0.00) | 0.00 (0.00 to 0.00) |" in rows["stretches without a fault"]
    assert list(windows.by_prompt(found))[-1] == "| organ chords | 0.00, 0.25 | 0.00, 0.25 |"
    with pytest.raises(MusicRFMError, match="9 s is too short: give 10 or more"):
        windows.compare(model, judged, seconds=9)


def test_a_change_of_notes_or_tempo_in_the_middle_is_heard() -> None:
    same, other = notes(262, 10, 100), notes(370, 10, 130)
    for second, changed in ((same, False), (other, True)):
        run = endless.Run("organ chords", np.concatenate([same, second])[:, None], RATE, [])
        take = windows.heard(run, 0, judged)
        assert (take.notes_change > 0.3) == changed and take.tempo_kept == (not changed)


def test_tempi_an_octave_apart_are_the_same() -> None:
    assert windows.kept(100, 201) == windows.kept(100, 98) == 1
    assert windows.kept(100, 110) == 0 and np.isnan(windows.kept(None, 100))


def test_command_prints_tables_and_the_measured_weights(
    tmp_path: Path, monkeypatch, capsys
) -> None:
    take = windows.Take("organ chords", 0, 1.0, 0.0, 0.0, 0.0, 0.5, 1.0, 0.1, float("nan"))
    seams = {"seams": 3}
    for what in ("flux", "level", "notes"):
        seams |= {f"seam_{what}_ratio": 1.0, f"seam_{what}_ratio_interval": [0.5, 1.5]}
    found = [windows.Window(2.0, (take, take), seams)]
    monkeypatch.setattr(windows, "judge_of_nano", lambda: judged)
    monkeypatch.setattr(windows, "compare", lambda *what, **how: found)
    place = tmp_path / "windows.json"
    monkeypatch.setattr(sys, "argv", ["windows", "--dtype", "float32", "--json", str(place)])
    windows.main()
    out = capsys.readouterr().out
    assert "| at a turn against elsewhere: flux | 1.00 (0.50 to 1.50) |" in out
    told = json.loads(place.read_text())
    assert f"Weights {told['weights']}, float32, 4 seeds of 20 s" in out
    assert told["windows"][0]["takes"][0]["likelihood"] == 0.5
