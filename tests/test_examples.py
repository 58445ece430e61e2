"""The examples run as they are, in their quick mode.

Those that play do so on the model that ships; those that train, on a small one with random weights.
"""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from musicrfm import Direction
from tests.checkpoints import make_checkpoint

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
FOLDER = Path("trained_concepts")


@pytest.fixture(scope="module")
def shared(tmp_path_factory) -> Path:
    """A cache, so that two examples hear the same notes once, and the model that hears them."""
    folder = tmp_path_factory.mktemp("examples")
    make_checkpoint(folder / "little", window=256)
    return folder


@pytest.fixture(autouse=True)
def own_folders(tmp_path, shared, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MUSICRFM_DIRECTIONS", str(tmp_path / "directions"))
    monkeypatch.setenv("MUSICRFM_CACHE", str(shared / "cache"))


def run(monkeypatch, name: str, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", [name, "--quick", *arguments])
    runpy.run_path(str(EXAMPLES / name), run_name="__main__")


def sounds() -> dict[str, np.ndarray]:
    """By the name of the file."""
    found = {path.stem: soundfile.read(path)[0] for path in FOLDER.rglob("*.flac")}
    for name, audio in found.items():
        assert audio.any(), name
    return found


@pytest.mark.parametrize(
    ("kind", "target", "name"),
    [
        pytest.param("note", "D#", "note_Ds", marks=pytest.mark.slow),
        pytest.param("interval", "6", "interval_6", marks=pytest.mark.slow),
    ],
)
def test_01_trains_a_direction_and_a_detector(kind, target, name, shared, monkeypatch):
    model = str(shared / "little")
    run(monkeypatch, f"01_train_{kind}_direction.py", "--target", target, "--model", model)
    folder = FOLDER / "little"
    direction = Direction.load(folder / f"{name}.safetensors")
    assert (direction.model, direction.meta["concept"]) == ("little", kind)
    assert direction.meta["target"] == name.split("_")[1]
    assert (folder / "detectors" / f"{name}.safetensors").is_file()
    assert (folder / f"{name}.json").is_file()


def test_02_plays_unsteered_and_steered(monkeypatch):
    run(monkeypatch, "02_generate_controlled.py", "--inject", "1", "--layers", "all")
    heard = sounds()
    assert set(heard) == {"prompt0_note_C_0", "prompt0_note_C_0.3"}
    assert not np.array_equal(*heard.values())


def test_02_takes_what_has_been_trained_first(monkeypatch):
    ships = Direction.load(EXAMPLES.parent / "directions" / "nano" / "note_C.safetensors")
    own = Direction(
        "note_C", -ships.vectors, ships.layer_scores, {"model": "nano", "range": [0, 50]}
    )
    own.save(FOLDER / "nano" / "note_C.safetensors")
    run(monkeypatch, "02_generate_controlled.py")
    trained = sounds()["prompt0_note_C_0.3"]
    (FOLDER / "nano" / "note_C.safetensors").unlink()
    run(monkeypatch, "02_generate_controlled.py")
    assert not np.array_equal(sounds()["prompt0_note_C_0.3"], trained)


def test_03_plays_each_schedule(monkeypatch):
    run(monkeypatch, "03_temporal_control.py")
    names = {"prompt0_constant", "prompt0_exponential", "prompt0_ramp", "prompt0_swell"}
    assert set(sounds()) == names


def test_04_steers_to_two_concepts(monkeypatch):
    run(monkeypatch, "04_multidirection_control.py", "--directions", "note_C", "tempo")
    assert set(sounds()) == {"prompt0_c1_0.5_c2_0.5", "prompt0_c1_0.7_c2_0.3"}


@pytest.mark.slow
def test_05_trains_and_plays_tempi(shared, monkeypatch):
    model = str(shared / "little")
    run(monkeypatch, "05_regression_direction.py", "train", "--model", model)
    direction = Direction.load(FOLDER / "little" / "tempo.safetensors")
    assert direction.meta["kind"] == "regression" and not sounds()
    run(monkeypatch, "05_regression_direction.py", "generate", "--model", model)
    assert set(sounds()) == {f"prompt0_tempo_{c}" for c in ("-0.4", "-0.2", "+0", "+0.2", "+0.4")}


@pytest.mark.slow
def test_06_trains_all_notes_in_one_file(shared, monkeypatch):
    run(
        monkeypatch, "06_multiclass_direction.py", "--note", "Bb", "--model", str(shared / "little")
    )
    path = FOLDER / "multiclass_directions" / "little" / "notes.safetensors"
    assert Direction.load(path).classes[1] == "Cs"
    assert set(sounds()) == {"note_Bb"}


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("0*.py")), ids=lambda path: path.stem)
def test_each_is_short_and_takes_any_model(path):
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) < 60
    assert "MusicModel.load(o.model)" in text
    assert f"`{path.name}`" in (EXAMPLES / "README.md").read_text(encoding="utf-8")
