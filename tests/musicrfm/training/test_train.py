"""From labelled audio to direction files, on a small model with random weights."""

from __future__ import annotations

import json

import numpy as np
import pytest

from musicrfm.directions import Direction
from musicrfm.errors import MusicRFMError
from musicrfm.model import MusicModel
from musicrfm.training import fits, train
from musicrfm.training.probes import Search
from tests.checkpoints import make_checkpoint

QUICK, OTHER = (Search(trials=2, iterations=1, seed=seed) for seed in (0, 7))


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
    """States with a strong label signal along the first feature."""
    rng = np.random.default_rng(0)
    states = rng.normal(size=(len(labels), 2, 8)).astype(np.float32)
    states[:, :, 0] += 4 * labels[:, None] / labels.std()
    rows = [{"bpm": float(v), "root_note_pitch_class": int(v)} for v in labels]
    return train.Data("planted", "tiny", states, rows, groups, "mean", 0)


@pytest.fixture
def fitted(monkeypatch) -> list[tuple]:
    """A list that collects (layer, first trial, last trial) of every RFM job."""
    jobs: list[tuple] = []
    machine = fits._machine

    def counted(states, question, search, *job):
        jobs.append(job)
        return machine(states, question, search, *job)

    monkeypatch.setattr(fits, "_machine", counted)
    return jobs


@pytest.mark.slow
def test_notes_become_balanced_data(notes, roomy):
    assert notes.states.shape == (len(notes.rows), roomy.layers, roomy.width)
    classes = [r["root_note_pitch_class"] for r in notes.rows]
    assert sorted(set(classes)) == list(range(12)) and len(classes) >= 90
    assert len(set(notes.groups)) == 8  # pairs of octave and instrument
    assert {r["octave"] for r in notes.rows} <= {4, 5, 6}


@pytest.mark.parametrize(
    "method", ["rfm", "rfm-top", "rfm-multiclass", "mean-difference", "linear", "logistic"]
)
def test_note_direction_records_its_provenance(notes, roomy, method, tmp_path):
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


def test_hidden_states_of_the_same_clips_are_cached(roomy, notes, tmp_path, monkeypatch):
    settings = {"samples": 24, "seed": 2, "octaves": (5, 5), "cache": tmp_path}
    first = train.note_data(roomy, **settings)
    monkeypatch.setattr(roomy, "hidden_states", None)  # would fail if it were asked again
    second = train.note_data(roomy, **settings)
    np.testing.assert_array_equal(first.states, second.states)
    assert first.rows == second.rows


def test_one_multiclass_fit_serves_all_targets(notes, fitted):
    first = train.train_note(notes, "C", "rfm-multiclass", search=OTHER)
    assert len(fitted) == notes.states.shape[1]
    second = train.train_note(notes, "G", "rfm-multiclass", search=OTHER)
    assert len(fitted) == notes.states.shape[1]
    assert not np.allclose(first.vectors, second.vectors)


@pytest.mark.slow
def test_tempo_direction_is_trained_on_click_tracks(roomy, tmp_path):
    data = train.tempo_data(roomy, samples=40, seed=0, cache=tmp_path)
    direction = train.train_tempo(data, "linear")
    assert direction.name == "tempo"
    assert direction.meta["kind"] == "regression" and direction.meta["metric"] == "spearman"
    bpm = [r["bpm"] for r in data.rows]
    assert direction.meta["label_mean"] == pytest.approx(np.mean(bpm))
    assert direction.meta["label_std"] == pytest.approx(np.std(bpm))
    assert (direction.layer_scores.abs() <= 1).all()


@pytest.mark.slow
def test_tempo_direction_is_trained_on_composed_pieces(tmp_path):
    model = MusicModel.load(make_checkpoint(tmp_path / "long", window=320), device="cpu")
    data = train.music_data(model, samples=16, seed=1, cache=tmp_path)
    assert data.states.shape == (16, model.layers, model.width)
    assert all(60 <= row["bpm"] <= 180 for row in data.rows) and len(set(data.groups)) == 16
    direction = train.train_tempo(data, "mean-difference")
    assert direction.name == "tempo" and "composed pieces" in direction.meta["data"]["name"]


def test_planted_tempo_direction_is_found():
    bpm = np.random.default_rng(1).integers(50, 211, 200)
    direction = train.train_tempo(planted_data(bpm, list(range(200))), "rfm", search=QUICK)
    assert (direction.vectors[:, 0, 0] > 0.9).all()
    assert (direction.layer_scores > 0.9).all()


def test_arbitrary_clips_can_be_training_data(model):
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


def chords(count: int = 160, classes: str = "abcd") -> tuple[train.Data, list[str]]:
    """States with a separate feature for each class."""
    rng = np.random.default_rng(1)
    numbers = rng.integers(0, len(classes), count)
    states = rng.normal(size=(count, 3, 10)).astype(np.float32)
    states[np.arange(count), :, numbers] += 5
    labels = [classes[n] for n in numbers]
    rows = [{"chord_type": label} for label in labels]
    return train.Data("planted", "tiny", states, rows, list(range(count)), "mean", 0), labels


@pytest.mark.parametrize("method", ["rfm", "linear"])
def test_a_multiclass_file_holds_a_direction_for_every_class(method, tmp_path):
    data, labels = chords()
    names = ["b", "a", "d", "c"]
    trained = train.fit(
        data,
        "chords",
        labels,
        kind="multiclass",
        method=method,
        class_names=names,
        concept="chord",
        search=QUICK,
    )
    path = trained.direction.save(tmp_path / "chords.safetensors")
    whole = Direction.load(path)
    assert whole.classes == names and whole.meta["kind"] == "multiclass"
    assert whole.vectors.shape == (3, 4, 10)
    for number, name in enumerate(names):
        one = Direction.load(f"{path}:{name}")
        assert (one.vectors[:, 0].argmax(-1) == "abcd".index(name)).all()
        np.testing.assert_array_equal(one.vectors[:, 0], whole.vectors[:, number])
    assert trained.report["aggregated"]["linear"]["accuracy"] > 0.9
    assert ("rfm" in trained.report["aggregated"]) == (method == "rfm")
    told = trained.detector.read(data.states)
    assert np.mean([names[n] for n in told.argmax(1)] == np.array(labels)) > 0.9
    np.testing.assert_allclose(told.sum(1), 1, atol=1e-5)


def test_all_layers_together_score_higher_than_one():
    rng = np.random.default_rng(4)
    labels = rng.integers(0, 2, 400)
    states = rng.normal(size=(400, 6, 5)).astype(np.float32)
    states[:, :, 2] += 0.8 * labels[:, None]  # a weak signal with independent noise in every layer
    data = train.Data("planted", "tiny", states, [{}] * 400, list(range(400)), "mean", 0)
    report = train.fit(data, "x", labels, kind="binary", search=QUICK).report
    alone = max(layer["direction"]["auc"] for layer in report["layers"])
    for way in ("rfm", "linear"):
        assert report["aggregated"][way]["auc"] > max(alone, 0.8)
    assert report["rows"]["train"] + report["rows"]["val"] + report["rows"]["test"] <= 400


@pytest.mark.slow
def test_the_same_seed_gives_the_same_report(tmp_path):
    from musicrfm.training.report import write_report

    def written(folder: str, seed: int = 0) -> bytes:
        data, labels = chords(80)
        trained = train.fit(
            data,
            "chords",
            labels,
            kind="multiclass",
            search=Search(trials=1, iterations=1, seed=seed),
            aggregate=False,
        )
        paths = write_report(tmp_path / folder, trained.report)
        names = ["metrics.json", "layers.png", "spectrum.png", "confusion.png"]
        assert [path.name for path in paths] == names
        assert all(path.read_bytes()[:4] == b"\x89PNG" for path in paths[1:])
        return paths[0].read_bytes()

    first = written("first")
    assert first == written("second") != written("third", seed=1)
    report = json.loads(first)
    assert report["method"] == "rfm" and report["search"]["trials"] == 1
    assert [layer["layer"] for layer in report["layers"]] == [0, 1, 2]
    for layer in report["layers"]:
        assert len(layer["spectrum"]) == 10
        assert sorted(layer["spectrum"], reverse=True) == layer["spectrum"]
        assert {"auc", "accuracy", "f1", "mse"} <= set(layer["predictor"])
        assert set(layer["chosen"]["draw"]) == {"reg", "bandwidth", "exponent", "centred"}


def test_a_report_without_an_rfm_has_no_spectrum(tmp_path):
    from musicrfm.training.report import write_report

    bpm = np.random.default_rng(1).integers(50, 211, 100)
    data = planted_data(bpm, list(range(100)))
    report = train.fit(data, "tempo", bpm, kind="regression", method="linear").report
    assert [path.name for path in write_report(tmp_path, report)] == ["metrics.json", "layers.png"]


@pytest.mark.slow
def test_finished_layers_are_not_fitted_again(fitted, monkeypatch):
    data, labels = chords(80)
    settings = {"kind": "multiclass", "search": QUICK, "aggregate": False}

    def stop(done: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train.fit(data, "chords", labels, **settings, work=train.Work(progress=stop))
    assert [layer for layer, *_ in fitted] == [0, 1]
    whole = train.fit(data, "chords", labels, **settings)
    assert [layer for layer, *_ in fitted] == [0, 1, 2]
    again = train.fit(data, "chords", labels, **settings)
    assert len(fitted) == 3
    np.testing.assert_array_equal(whole.direction.vectors, again.direction.vectors)
    train.fit(data, "chords", labels, kind="multiclass", search=OTHER, aggregate=False)
    assert len(fitted) == 6, "another seed is another question"


@pytest.mark.slow
def test_more_trials_continue_the_finished_ones(fitted):
    data, labels = chords(80)
    for trials, jobs in ((10, [(0, 0, 10)]), (20, [(0, 10, 20)])):
        fitted.clear()
        search = Search(trials=trials, iterations=1)
        settings = {"kind": "binary", "layers": [0], "aggregate": False, "search": search}
        train.fit(data, "a", [label == "a" for label in labels], **settings)
        assert fitted == jobs


def test_omitted_layers_are_not_steered():
    data, labels = chords(80)
    settings = {"kind": "multiclass", "method": "linear", "layers": [-1, 0]}
    direction = train.train(data, "chords", labels, **settings)
    norms = direction.vectors.norm(dim=-1)
    np.testing.assert_allclose(norms[[0, 2]], 1, atol=1e-5)
    assert (norms[1] == 0).all() and direction.layer_scores[1] == 0.5
    assert direction.meta["layers_trained"] == [0, 2]
    with pytest.raises(MusicRFMError, match="layer 3 does not exist"):
        train.train(data, "chords", labels, kind="multiclass", method="linear", layers=[3])


def test_error_metric_is_marked_as_lower_is_better():
    bpm = np.random.default_rng(1).integers(50, 211, 120)
    data = planted_data(bpm, list(range(120)))
    data.states[:, 1] = 0
    data.states[:, 1, 3] = np.random.default_rng(2).normal(size=120)
    direction = train.train(
        data, "tempo", bpm, kind="regression", method="linear", metric="mse", layers=[0, 1]
    )
    assert direction.meta["metric"] == "mse"
    assert direction.meta["metric_higher_is_better"] is False
    assert direction.layer_scores[0] < 0.3 < direction.layer_scores[1]
    assert train.train(data, "tempo", bpm, kind="regression", method="linear").meta[
        "metric_higher_is_better"
    ]


def test_binary_targets_are_balanced_by_default():
    data, labels = chords(240)
    target = [label == "a" for label in labels]
    even = train.fit(data, "a", target, kind="binary", method="linear").report["rows"]
    whole = train.fit(data, "a", target, kind="binary", method="linear", balance=False)
    assert sum(even.values()) == 2 * sum(target) < sum(whole.report["rows"].values()) == 240


@pytest.mark.parametrize(
    ("labels", "kind", "words"),
    [
        ([1, 0, 1], "binary", "3 labels do not fit 80 clips"),
        (["x"] * 80, "multiclass", "all clips have the class 'x'"),
        (["x"] * 80, "binary", "binary labels must be numbers"),
        ([float("nan")] * 80, "regression", "some are missing"),
        ([0, 1, 2, 3] * 20, "binary", "binary labels must be 0 and 1"),
        ([0, 1] * 40, "ordinal", "kind 'ordinal' is not one of"),
    ],
)
def test_invalid_labels_are_refused(labels, kind, words):
    data, _ = chords(80)
    with pytest.raises(MusicRFMError, match=words):
        train.fit(data, "x", labels, kind=kind, method="linear")
    with pytest.raises(MusicRFMError, match="class 'e' is not one of a, b"):
        train.fit(data, "x", ["e"] * 80, kind="multiclass", class_names=["a", "b"])
    with pytest.raises(MusicRFMError, match="'rfm-multiclass' needs several classes"):
        train.fit(data, "x", [0, 1] * 40, kind="binary", method="rfm-multiclass")


def test_unknown_note_is_refused(notes):
    with pytest.raises(MusicRFMError, match="'H' is not a note"):
        train.train_note(notes, "H")


def test_probing_one_layer_reads_only_that_layer(monkeypatch):
    from musicrfm.data.states import States

    data, labels = chords(80)
    kept, read, layer = data.on_disk, set(), States.layer

    def counted(states, number):
        read.add(number)
        return layer(states, number)

    monkeypatch.setattr(States, "layer", counted)
    monkeypatch.setattr(States, "view", None)  # would fail if all of them were asked for
    trained = train.fit(
        data, "chords", labels, kind="multiclass", layers=[1], search=QUICK, aggregate=False
    )
    assert read == {1} and data.on_disk is kept
    assert trained.report["layers"][0]["state_norm"] > 0
