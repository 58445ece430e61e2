"""From labelled sound to direction files, on a small model with random weights."""

from __future__ import annotations

import numpy as np
import pytest

from musicrfm import train
from musicrfm.directions import Direction
from musicrfm.errors import MusicRFMError
from musicrfm.model import MusicModel
from musicrfm.probes import Search
from tests.checkpoints import make_checkpoint

QUICK = Search(trials=2, iterations=1)


@pytest.fixture(scope="module")
def roomy(tmp_path_factory) -> MusicModel:
    """A model whose decoder has room for clips of four seconds."""
    folder = tmp_path_factory.mktemp("checkpoints") / "roomy"
    return MusicModel.load(make_checkpoint(folder, window=256), device="cpu")


@pytest.fixture(scope="module")
def notes(roomy, tmp_path_factory) -> train.Data:
    return train.note_data(
        roomy, samples=96, seed=1, octaves=(4, 6), cache=tmp_path_factory.mktemp("cache")
    )


def planted_data(labels: np.ndarray, groups: list) -> train.Data:
    """States in which the label is plain to see along the first feature."""
    rng = np.random.default_rng(0)
    states = rng.normal(size=(len(labels), 2, 8)).astype(np.float32)
    states[:, :, 0] += 4 * labels[:, None] / labels.std()
    rows = [{"bpm": float(v), "root_note_pitch_class": int(v)} for v in labels]
    return train.Data("planted", "tiny", states, rows, groups, "mean", 0)


def test_notes_become_balanced_data(notes, roomy):
    assert notes.states.shape == (len(notes.rows), roomy.layers, roomy.width)
    classes = [r["root_note_pitch_class"] for r in notes.rows]
    assert sorted(set(classes)) == list(range(12)) and len(classes) >= 90
    assert len(set(notes.groups)) == 8  # pairs of octave and instrument
    assert {r["octave"] for r in notes.rows} <= {4, 5, 6}


@pytest.mark.parametrize(
    "method", ["rfm", "rfm-top", "rfm-multiclass", "mean-difference", "linear", "logistic"]
)
def test_a_note_direction_says_where_it_comes_from(notes, roomy, method, tmp_path):
    direction = train.train_note(notes, "Db", method, search=QUICK)
    path = direction.save(train.direction_path(direction, tmp_path))
    assert path == tmp_path / "roomy" / "note_Cs.safetensors"
    loaded = Direction.load(path, roomy)
    assert loaded.name == "note_Cs"
    assert loaded.vectors.shape == (roomy.layers, 1, roomy.width)
    np.testing.assert_allclose(loaded.vectors.norm(dim=-1), 1, atol=1e-5)
    assert ((loaded.layer_scores >= 0) & (loaded.layer_scores <= 1)).all()
    expected = {
        "concept": "note",
        "target": "Cs",
        "kind": "binary",
        "metric": "auc",
        "model": "roomy",
        "pooling": "mean",
        "seed": 1,
        "method": method,
    }
    assert {key: loaded.meta[key] for key in expected} == expected
    assert loaded.meta["label_mean"] == pytest.approx(1 / 12, abs=0.01)
    assert loaded.meta["data"]["clips"] == len(notes.rows)
    assert loaded.meta["state_norm"] > 0
    assert loaded.range is None


def test_the_same_clips_are_heard_once(roomy, notes, tmp_path, monkeypatch):
    settings = {"samples": 24, "seed": 2, "octaves": (5, 5), "cache": tmp_path}
    first = train.note_data(roomy, **settings)
    monkeypatch.setattr(roomy, "hidden_states", None)  # would fail if it were asked again
    second = train.note_data(roomy, **settings)
    np.testing.assert_array_equal(first.states, second.states)
    assert first.rows == second.rows


def test_one_multiclass_machine_serves_all_targets(notes):
    notes.bases.clear()
    first = train.train_note(notes, "C", "rfm-multiclass", search=QUICK)
    bases = notes.bases[QUICK]
    second = train.train_note(notes, "G", "rfm-multiclass", search=QUICK)
    assert notes.bases[QUICK] is bases and len(bases) == notes.states.shape[1]
    assert not np.allclose(first.vectors, second.vectors)


def test_tempo_of_click_tracks(roomy, tmp_path):
    data = train.tempo_data(roomy, samples=40, seed=0, cache=tmp_path)
    direction = train.train_tempo(data, "linear")
    assert direction.name == "tempo"
    assert direction.meta["kind"] == "regression" and direction.meta["metric"] == "spearman"
    bpm = [r["bpm"] for r in data.rows]
    assert direction.meta["label_mean"] == pytest.approx(np.mean(bpm))
    assert direction.meta["label_std"] == pytest.approx(np.std(bpm))
    assert (direction.layer_scores.abs() <= 1).all()


def test_tempo_of_music(tmp_path):
    model = MusicModel.load(make_checkpoint(tmp_path / "long", window=320), device="cpu")
    data = train.music_data(model, samples=16, seed=1, cache=tmp_path)
    assert data.states.shape == (16, model.layers, model.width)
    assert all(60 <= row["bpm"] <= 180 for row in data.rows) and len(set(data.groups)) == 16
    direction = train.train_tempo(data, "mean-difference")
    assert direction.name == "tempo" and "composed pieces" in direction.meta["data"]["name"]


def test_labels_that_are_there_are_found():
    bpm = np.random.default_rng(1).integers(50, 211, 200)
    direction = train.train_tempo(planted_data(bpm, list(range(200))), "rfm", search=QUICK)
    assert (direction.vectors[:, 0, 0] > 0.9).all()
    assert (direction.layer_scores > 0.9).all()


def test_any_clips_can_be_data(model):
    rng = np.random.default_rng(0)
    clips = [
        ({"loud": i % 2}, (0.1 + 0.3 * (i % 2)) * rng.normal(size=9600), 32_000) for i in range(40)
    ]
    data = train.clip_data(model, "noise", clips, groups=lambda row: None)
    assert data.groups == [None] * 40 and len(data.rows) == 40
    data.groups = list(range(40))
    labels = [row["loud"] for row in data.rows]
    direction = train.train(data, "loud", labels, kind="binary", method="mean-difference")
    assert direction.name == "loud" and direction.meta["concept"] == "loud"
    assert direction.model == model.name


def test_what_is_no_note_is_refused(notes):
    with pytest.raises(MusicRFMError, match="'H' is not a note"):
        train.train_note(notes, "H")
