"""`python -m musicrfm.nano.measure`: stored results, omitted parts and comparisons."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from musicrfm.nano import measure


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.setattr(measure.MusicModel, "load", lambda name: name)
    fakes = {"codec": lambda model, given: {"notes_kept": 0.75}, "nearness": measure.near}
    monkeypatch.setattr(measure, "PARTS", fakes)
    return tmp_path


def test_part_without_its_requirements_is_omitted_and_reported(folder, capsys):
    assert measure.measure(folder) == {"codec": {"notes_kept": 0.75}}
    assert "nearness is left out: give --musicnn" in capsys.readouterr().err
    assert measure.stored(folder) == {"codec": {"notes_kept": 0.75}}


def test_earlier_measurements_are_kept(folder):
    (folder / "measured.json").write_text(json.dumps({"playing": {"clips": 72}}))
    assert measure.measure(folder, ["codec"])["playing"] == {"clips": 72}


def test_two_checkpoints_are_printed_side_by_side(folder, monkeypatch, capsys):
    other = folder / "other"
    other.mkdir()
    (other / "measured.json").write_text(
        json.dumps({"codec": {"notes_kept": 0.5, "range": [1, 2.5]}})
    )
    words = ["measure", str(folder), "--only", "codec", "--beside", str(other)]
    monkeypatch.setattr(sys, "argv", words)
    measure.main()
    rows = capsys.readouterr().out.splitlines()
    assert rows[0] == f"| part | measured | {folder.name} | other (beside) |"
    assert rows[2:] == ["| codec | notes kept | 0.75 | 0.5 |", "| codec | range |  | 1 to 2.5 |"]


def test_stored_results_are_printed_without_measuring(folder, monkeypatch, capsys):
    (folder / "measured.json").write_text(json.dumps({"codec": {"notes_kept": 0.25}}))
    monkeypatch.setattr(sys, "argv", ["measure", str(folder), "--stored"])
    measure.main()
    assert "| codec | notes kept | 0.25 |" in capsys.readouterr().out


def test_card_has_a_section_for_every_part_and_marks_unmeasured_ones(tmp_path):
    measure.write_card(tmp_path, {"codec": {"notes_kept": 0.75}}, "This copy: 3 steps.")
    card = (tmp_path / "README.md").read_text()
    assert "| notes kept | 0.75 |" in card and "This copy: 3 steps." in card
    assert card.count("Not measured.") == len(measure.PARTS) - 1


def test_classifiers_are_fitted_by_name(folder, monkeypatch):
    fitted = []
    fits = {name: lambda model, given, name=name: fitted.append(name) for name in measure.FITS}
    monkeypatch.setattr(measure, "FITS", fits)
    measure.measure(folder, ["codec"], ["texture"])
    monkeypatch.setattr(sys, "argv", ["measure", str(folder), "--only", "codec", "--fit"])
    measure.main()
    assert fitted == ["texture", "instruments", "texture"]
