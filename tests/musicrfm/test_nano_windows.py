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


def notes(hertz: float, begins: np.ndarray) -> np.ndarray:
    """Ten seconds of plucked notes of one pitch."""
    at = np.arange(10 * RATE) / RATE
    since = at - begins[np.searchsorted(begins, at, "right") - 1]
    return 0.3 * np.sin(2 * np.pi * hertz * at) * np.exp(-8 * since)


def test_every_piece_is_played_in_every_window(model, monkeypatch) -> None:
    played: list[tuple] = []

    def play(model, prompt, seconds, seed, window) -> endless.Run:
        played.append((prompt, seed, window))
        audio = np.random.default_rng(seed).normal(0, 0.1, (round(seconds * RATE), 1))
        return endless.Run(prompt, audio, RATE, [5.0])

    monkeypatch.setattr(endless, "play", play)
    found = windows.compare(model, judged, (1.0,), ("organ chords",), seeds=2, seconds=10)
    whole = model.window / model.frame_rate
    seeds = range(playing.FIRST_SEED, playing.FIRST_SEED + 2)
    assert played == [("organ chords", seed, window) for seed in seeds for window in (whole, 1.0)]

    assert [one.seams["seams"] for one in found] == [2, 2]
    assert [take.few_notes for take in found[0].takes] == [1.0, 1.0]
    rows = {row.split(" | ")[0].strip("| "): row for row in windows.together(found)}
    assert rows[""] == f"| | {whole:g} s | 1 s |"
    assert "| 0.00 (0.00 to 0.00) | 0.00 (0.00 to 0.00) |" in rows["stretches without a fault"]
    less = rows["stretches without a fault, less the first"]
    assert less.endswith("|  | +0.00 (+0.00 to +0.00) |")
    assert list(windows.by_prompt(found))[-1] == "| organ chords | 0.00, 0.25 | 0.00, 0.25 |"
    with pytest.raises(MusicRFMError, match="9 s is too short: give 10 or more"):
        windows.compare(model, judged, seconds=9)


def test_a_change_of_notes_and_an_irregular_rhythm_are_heard() -> None:
    steady = np.arange(0, 10, 0.5)
    loose = np.append(0, np.sort(np.random.default_rng(0).uniform(0, 10, 19)))
    takes = []
    for hertz, begins in ((262, steady), (370, loose)):
        audio = np.concatenate([notes(262, begins), notes(hertz, begins)])[:, None]
        takes.append(windows.heard(endless.Run("organ chords", audio, RATE, []), 0, judged))
    assert takes[0].notes_change < 0.05 and takes[1].notes_change > 0.3
    assert takes[0].pulse > 0.8 and takes[1].pulse < 0.6


def test_command_prints_tables_and_the_measured_weights(
    tmp_path: Path, monkeypatch, capsys
) -> None:
    take = windows.Take("organ chords", 0, 1.0, 0.0, 0.0, 0.0, 0.5, 1.0, 0.1, 0.2)
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
