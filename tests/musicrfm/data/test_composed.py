"""Frames of composed pieces with known notes, and directions trained on them."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from musicrfm.cli import main
from musicrfm.data.compose import Note
from musicrfm.data.composed import (
    FRAMES,
    START,
    _keys,
    _quality,
    _sounding,
    frame_data,
    music_clips,
)
from musicrfm.data.hidden import kept_in
from musicrfm.directions import Direction
from musicrfm.listening.measure import chroma
from musicrfm.model import MusicModel
from musicrfm.theory import PITCH_CLASSES
from musicrfm.training.train import train_note
from tests.checkpoints import make_checkpoint


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model whose decoder has room for six seconds."""
    return make_checkpoint(tmp_path_factory.mktemp("composed") / "long", window=320)


@pytest.fixture(scope="module")
def model(checkpoint: Path) -> MusicModel:
    return MusicModel.load(checkpoint, device="cpu")


def test_triads_are_recognised_on_any_root() -> None:
    assert _quality([0, 4, 7]) == _quality([0, 5, 9]) == "major"
    assert _quality([2, 5, 9]) == "minor"
    assert _quality([1, 5, 9]) == "aug"
    assert _quality([2, 5, 11]) == "dim"
    assert _quality([0, 1, 2]) is None and _quality([0, 4]) is None and _quality([]) is None


def test_sounding_notes_have_begun_and_not_ended() -> None:
    notes = [Note(0.0, 1.0, 60, 90, 0), Note(0.5, 1.0, 64, 90, 1), Note(0.0, 9.0, 38, 90, 9)]
    assert _sounding(notes, 0.4) == [0]
    assert _sounding(notes, 0.9) == [0, 4]
    assert _sounding(notes, 1.2) == [4]
    assert _sounding(notes, 1.6) == []


def test_key_follows_from_the_surrounding_notes() -> None:
    def melody(*pitches: int, channel: int = 0) -> list[Note]:
        return [Note(0.5 * n, 0.5, pitch, 90, channel) for n, pitch in enumerate(pitches)]

    assert _keys(melody(60, 62, 64, 65, 67, 69, 71), 2.5) == ["C"]
    assert _keys(melody(60, 62, 64, 67, 69), 1.5) == ["C", "F", "G"]
    assert _keys(melody(61, 63, 65, 66, 68, 70, 60), 2.5) == ["Cs"]
    assert _keys(melody(60, 61, 62, 63, 64), 1.5) == []  # no key has these
    assert _keys(melody(60, 62, 64, 67), 1.5) == []  # too few to tell
    assert _keys(melody(60, 62, 64, 65, 67) + melody(61, channel=9), 1.5) == ["C", "F"]
    assert _keys(melody(60, 62, 64, 65, 67), 9.0) == []  # long ago


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MUSICRFM_CACHE", str(tmp_path / "cache"))


@pytest.mark.slow
def test_row_notes_match_the_audio(model: MusicModel) -> None:
    data = frame_data(model, 6 * FRAMES, seed=3)
    assert data.states.shape == (6 * FRAMES, model.layers, model.width)
    assert np.isfinite(data.states).all() and data.pooling == "last"
    assert len(set(data.groups)) == 6
    clips = music_clips(6, seed=3)
    heard = {row["seed"]: chroma(*clips.hear(row)) for row in clips.rows}
    hits = [
        PITCH_CLASSES[int(energy[:, np.argmin(np.abs(times - at))].argmax())] in row["notes"]
        for row in data.rows
        if row["notes"]
        for times, energy, at in [(*heard[row["seed"]], row["second"] - START)]
    ]
    # A note that has just ended still rings, and drums have pitches; by chance it is 0.2.
    assert np.mean(hits) > 0.75


def test_the_same_seed_gives_the_same_frames(model: MusicModel, tmp_path: Path) -> None:
    one, same, other = (
        frame_data(model, 2 * FRAMES, seed=n, cache=tmp_path / folder)
        for n, folder in ((1, "a"), (1, "b"), (2, "a"))
    )
    assert np.array_equal(one.states, same.states) and one.rows == same.rows
    assert one.rows != other.rows


def test_interrupted_frame_data_resumes(
    model: MusicModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = frame_data(model, 3 * FRAMES, seed=1, cache=tmp_path / "whole")
    heard, encode = [], model.encode_audio

    def breaking(*clip: object):
        heard.append(clip)
        if len(heard) == 3:
            raise KeyboardInterrupt
        return encode(*clip)

    monkeypatch.setattr(model, "encode_audio", breaking)
    with pytest.raises(KeyboardInterrupt):
        frame_data(model, 3 * FRAMES, seed=1, cache=tmp_path / "cache")
    again = frame_data(model, 3 * FRAMES, seed=1, cache=tmp_path / "cache")
    assert len(heard) == 4  # the first two were kept
    assert np.array_equal(again.states, whole.states) and again.rows == whole.rows
    frame_data(model, 3 * FRAMES, seed=1, cache=tmp_path / "cache")
    assert len(heard) == 4


def test_states_of_a_large_model_are_stored_in_float16(model: MusicModel) -> None:
    large = SimpleNamespace(layers=48, width=2048)
    assert (kept_in(large), kept_in(model)) == ("float16", "float32")


@pytest.mark.slow
def test_note_direction_of_music_points_at_the_note(model: MusicModel) -> None:
    data = frame_data(model, 24 * FRAMES, seed=1)
    direction = train_note(data, "D", "mean-difference")
    assert direction.name == "note_D" and direction.meta["target"] == "D"
    assert direction.meta["data"]["name"].startswith("frames of composed pieces")
    with_it = np.array(["D" in row["notes"] for row in data.rows])
    difference = data.states[with_it].mean(0) - data.states[~with_it].mean(0)
    cosine = (direction.vectors[:, 0].numpy() * difference).sum(1)
    # The fit balances classes and uses only the training split, so directions merely agree.
    assert (cosine / np.linalg.norm(difference, axis=1) > 0.5).all()


def test_part_of_the_data_keeps_states_rows_and_groups(model: MusicModel) -> None:
    data = frame_data(model, 2 * FRAMES, seed=1)
    few = data.part([3, 5])
    assert np.array_equal(few.states, data.states[[3, 5]])
    assert few.rows == [data.rows[3], data.rows[5]] and few.groups == [data.groups[3]] * 2


@pytest.mark.slow
def test_train_command_accepts_music(checkpoint, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setenv("MUSICRFM_DIRECTIONS", str(tmp_path))
    common = ["--method", "mean-difference", "--model", str(checkpoint), "--device", "cpu"]
    music = ["--data", "music", "--samples", "400", *common]
    assert main(["train", "note", "--target", "Eb", *music]) == 0
    assert "note_Ds: auc by layer" in capsys.readouterr().out
    assert Direction.load("note_Ds", MusicModel.load(checkpoint)).meta["pooling"] == "last"
    assert main(["train", "chord", "--target", "minor", *music]) == 0
    assert "chord_minor: auc by layer" in capsys.readouterr().out
    assert main(["train", "key", "--target", "Db", "--samples", "1000", *common]) == 0
    assert "key_Cs: auc by layer" in capsys.readouterr().out
    assert main(["train", "key", "--target", "H", *common]) == 2
    assert "'H' is not a key: choose one of C, Cs" in capsys.readouterr().err
    assert main(["train", "note", *music]) == 2
    assert "give a --target, or all" in capsys.readouterr().err


@pytest.mark.slow
def test_train_command_trains_a_beat(checkpoint, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setenv("MUSICRFM_DIRECTIONS", str(tmp_path))
    common = ["--model", str(checkpoint), "--device", "cpu", "--samples", "26"]
    assert main(["train", "beat", *common, "--knob", "70,150"]) == 0
    assert "tempo: squared correlation" in capsys.readouterr().out
    tempo = Direction.load("tempo", MusicModel.load(checkpoint))
    assert tempo.meta["kind"] == "beat" and tempo.range is not None
    for knob, words in (
        ("fast", "is not a pair of tempi"),
        ("150,70", "the knob range 150 to 70 BPM"),
    ):
        assert main(["train", "beat", *common, "--knob", knob]) == 2
        assert words in capsys.readouterr().err
