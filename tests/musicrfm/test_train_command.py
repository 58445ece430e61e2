"""`musicrfm train`: SynTheory's sets, the user's recordings, reports and refusals."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import soundfile

from musicrfm.cli import main
from musicrfm.data import syntheory
from musicrfm.directions import Direction
from musicrfm.model import MusicModel
from musicrfm.training.detect import Detector
from tests.jobs import hashed_noise

QUICK = ["--method", "linear", "--workers", "0", "--device", "cpu"]


@pytest.fixture(autouse=True)
def own_folders(tmp_path, monkeypatch):
    monkeypatch.setenv("MUSICRFM_DIRECTIONS", str(tmp_path / "directions"))
    monkeypatch.setenv("MUSICRFM_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def soundless(monkeypatch):
    """SynTheory's rows with short noise as audio, because rendering is tested elsewhere."""
    real = syntheory.clip_set

    def quick(*names, **options):
        return replace(real(*names, **options), hear=partial(hashed_noise, 0.1))

    monkeypatch.setattr(syntheory, "clip_set", quick)


@pytest.mark.parametrize(
    ("word", "plural", "classes"),
    [
        pytest.param("note", "notes", 12, marks=pytest.mark.slow),
        pytest.param("interval", "intervals", 12, marks=pytest.mark.slow),
        pytest.param("scale", "scales", 7, marks=pytest.mark.slow),
        ("chord", "chords", 4),
        pytest.param("progression", "progressions", 19, marks=pytest.mark.slow),
        pytest.param("time_signature", "time_signatures", 8, marks=pytest.mark.slow),
    ],
)
def test_every_set_makes_one_multiclass_file(
    word, plural, classes, checkpoint, tmp_path, soundless, capsys
):
    samples = ["--samples", str(12 * classes)]
    assert main(["train", word, *samples, "--model", str(checkpoint), *QUICK]) == 0
    text = capsys.readouterr().out
    assert (
        f"{plural}: auc by layer" in text
        and "all layers together, by logistic" in text
        and "chance is 0.50" in text
        and " to choose settings, " in text
    )
    model = MusicModel.load(checkpoint, device="cpu")
    direction = Direction.load(plural, model)
    assert direction.components == len(direction.classes) == classes
    assert direction.meta["concept"] == word and direction.meta["kind"] == "multiclass"
    assert Direction.load(f"{plural}:{direction.classes[-1]}", model).components == 1
    assert Detector.load(plural, model).answers == direction.classes


@pytest.mark.slow
def test_target_may_be_one_class_or_all(checkpoint, tmp_path, soundless, capsys):
    on = ["--samples", "80", "--model", str(checkpoint), *QUICK]
    assert main(["train", "chord", "--target", "Minor", *on]) == 0
    model = MusicModel.load(checkpoint, device="cpu")
    one = Direction.load("chord_minor", model)
    assert one.meta["kind"] == "binary" and one.meta["target"] == "minor"
    assert one.meta["label_mean"] == pytest.approx(1 / 4, abs=0.01)
    assert main(["train", "chord", "--target", "all", *on, "--method", "mean-difference"]) == 0
    made = sorted(p.stem for p in (tmp_path / "directions" / "tiny").glob("*.safetensors"))
    assert made == ["chord_aug", "chord_dim", "chord_major", "chord_minor", "chord_minor-2"]
    said, told = capsys.readouterr()
    assert said.count("auc by layer") == 5
    assert "chord_minor exists already, so this is chord_minor-2 (--overwrite replaces)" in told
    again = Direction.load("chord_minor-2", model)
    assert (again.name, again.meta["target"]) == ("chord_minor-2", "minor")
    assert Detector.load("chord_minor-2", model).meta["target"] == "minor"
    assert np.array_equal(Direction.load("chord_minor", model).vectors, one.vectors)
    assert main(["train", "chord", "--target", "minor", *on, "--seed", "1", "--overwrite"]) == 0
    assert not np.array_equal(Direction.load("chord_minor", model).vectors, one.vectors)


@pytest.mark.slow
def test_options_reach_the_training(checkpoint, tmp_path, soundless):
    out, report = tmp_path / "out", tmp_path / "report"
    run = ["train", "chord", "--samples", "80", "--model", str(checkpoint), "--device", "cpu"]
    run += ["--method", "rfm", "--trials", "2", "--iterations", "1", "--rows", "40"]
    run += ["--metric", "accuracy", "--components", "3", "--layers=-1", "--pooling", "max"]
    run += ["--batch", "5", "--seed", "4", "--workers", "0"]
    assert main([*run, "--out", str(out), "--report", str(report)]) == 0
    direction = Direction.load(out / "tiny" / "chords.safetensors")
    expected = {"method": "rfm", "metric": "accuracy", "pooling": "max", "seed": 4}
    assert {key: direction.meta[key] for key in expected} == expected
    assert direction.meta["layers_trained"] == [direction.layers - 1]
    written = json.loads((report / "chords" / "metrics.json").read_text())
    assert written["search"] == {
        "trials": 2,
        "iterations": 1,
        "rows": 40,
        "seed": 4,
        "metric": "accuracy",
    }
    assert written["layers"][0]["chosen"]["components"] == 3
    assert {p.name for p in (report / "chords").iterdir()} == {
        "metrics.json",
        "layers.png",
        "spectrum.png",
        "confusion.png",
    }


@pytest.mark.slow
def test_tempo_is_trained_as_regression(checkpoint, soundless, capsys):
    on = ["--samples", "60", "--model", str(checkpoint), *QUICK]
    assert main(["train", "tempo", *on]) == 0
    assert "tempo: spearman by layer" in capsys.readouterr().out
    assert main(["train", "tempo", *on, "--metric", "r2", "--pooling", "mean+std"]) == 0
    text = capsys.readouterr().out
    assert "no direction written: mean+std states cannot be steered" in text
    assert "tempo-2: r2 by layer" in text


@pytest.fixture
def recordings(tmp_path):
    """Forty short files with a class, a number and a column with a gap."""
    lines = ["file,mood,brightness,take"]
    for n in range(40):
        audio, rate = hashed_noise(0.15, {"number": n})
        soundfile.write(tmp_path / f"{n}.wav", audio, rate)
        lines.append(f"{n}.wav,{'dark' if n % 2 else 'very bright'},{n / 3:.2f},{n or ''}")
    labels = tmp_path / "labels.csv"
    labels.write_text("\n".join(lines))
    return ["--audio", str(tmp_path), "--labels", str(labels)]


@pytest.mark.parametrize(
    ("more", "name", "kind"),
    [
        (["--column", "mood"], "mood", "multiclass"),
        pytest.param(
            ["--column", "mood", "--target", "very bright"],
            "mood_very-bright",
            "binary",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            ["--column", "brightness"], "brightness", "regression", marks=pytest.mark.slow
        ),
        (["--column", "brightness", "--name", "shine"], "shine", "regression"),
    ],
)
def test_user_recordings_train_a_direction(recordings, checkpoint, more, name, kind, capsys):
    run = ["train", "custom", *recordings, *more, "--model", str(checkpoint), *QUICK]
    assert main(run) == 0
    model = MusicModel.load(checkpoint, device="cpu")
    direction = Direction.load(name, model)
    assert direction.meta["kind"] == kind and direction.meta["data"]["clips"] == 40
    said = capsys.readouterr().out
    column = more[1]
    assert f"labels.csv: 40 rows, columns file, mood, brightness, take; {column}: " in said
    assert "cheap explanations" in said
    assert set(direction.meta["data"]["cheap_explanations"]) == {"level", "length", "brightness"}
    if kind == "regression":
        assert direction.meta["label_mean"] == pytest.approx(np.mean(np.arange(40) / 3), abs=0.01)
    assert Detector.load(name, model).meta["kind"] == kind


def test_level_differences_between_classes_are_removed_by_default(checkpoint, tmp_path, capsys):
    rows = ["file,mood"]
    for n in range(40):
        audio, rate = hashed_noise(0.15, {"number": n})
        soundfile.write(tmp_path / f"{n}.wav", audio * (0.2 if n % 2 else 0.9), rate)
        rows.append(f"{n}.wav,{'soft' if n % 2 else 'loud'}")
    (tmp_path / "l.csv").write_text("\n".join(rows))
    run = ["train", "custom", "--audio", str(tmp_path), "--labels", str(tmp_path / "l.csv")]
    run += ["--column", "mood", "--target", "loud", "--model", str(checkpoint), *QUICK]
    assert main([*run, "--keep-level"]) == 0
    told = capsys.readouterr().out
    assert "level 1.00" in told and "level alone may be what is learned" in told
    assert main(run) == 0
    told = capsys.readouterr().out
    assert "level 1.00" not in told and "alone may be" not in told


def test_a_random_direction_is_a_control(checkpoint, tmp_path, soundless, capsys):
    on = ["--samples", "96", "--model", str(checkpoint), "--device", "cpu", "--workers", "0"]
    run = ["train", "note", "--target", "C", "--method", "random", *on]
    assert main(run) == 0
    assert "note_C: auc by layer" in capsys.readouterr().out
    model = MusicModel.load(checkpoint, device="cpu")
    one = Direction.load("note_C", model)
    assert one.meta["method"] == "random" and one.meta["search"] is None
    assert one.vectors.norm(dim=-1).numpy() == pytest.approx(1.0)
    assert main([*run, "--overwrite", "--seed", "1"]) == 0
    other = Direction.load("note_C", model)
    assert float((one.vectors * other.vectors).sum(-1).abs().max()) < 0.9


def test_training_is_reproducible_and_records_provenance(
    checkpoint, tmp_path, soundless, capsys, monkeypatch
):
    on = ["--samples", "96", "--model", str(checkpoint), *QUICK, "--licence", "CC0"]
    for out in ("a", "b"):
        monkeypatch.setenv("MUSICRFM_CACHE", str(tmp_path / f"cache-{out}"))
        assert main(["train", "note", "--target", "C", *on, "--out", str(tmp_path / out)]) == 0
    one, other = (tmp_path / out / "tiny" / "note_C.safetensors" for out in ("a", "b"))
    assert one.read_bytes() == other.read_bytes()
    capsys.readouterr()
    assert main(["directions", "show", str(one), "--json"]) == 0
    about = json.loads(capsys.readouterr().out)
    assert about["licence"] == "CC0" and about["calibration"] is None and about["created"]
    assert set(about["versions"]) == {"musicrfm", "torch", "transformers", "numpy"}
    assert about["model_fingerprint"] == MusicModel.load(checkpoint, device="cpu").fingerprint
    assert about["data"]["clips"] == 96 and about["splits"]["test"]["clips"] > 0
    assert len(about["layers"]) == 2
    for layer in about["layers"]:
        low, high = layer["interval"] or (0.0, 1.0)  # of one group there is none
        assert low <= layer["score"] <= high
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    assert main(["train", "note", "--target", "C", *on, "--out", str(tmp_path / "c")]) == 0
    dated = Direction.load(str(tmp_path / "c" / "tiny" / "note_C.safetensors"))
    assert dated.meta["created"] == "2023-11-14T22:13:20+00:00"


def test_silent_recordings_are_reported_and_skipped(recordings, checkpoint, capsys):
    for n in (3, 4):
        soundfile.write(f"{recordings[1]}/{n}.wav", np.zeros(8000), 16000)
    run = ["train", "custom", *recordings, "--column", "mood"]
    assert main([*run, "--model", str(checkpoint), *QUICK]) == 0
    assert "2 silent clips are skipped" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--column", "colour"], "no column 'colour': choose from"),
        (["--column", "take"], "has no take: fill it in"),
        (["--column", "mood", "--target", "sad"], "no clip has the mood 'sad': choose from dark"),
        (["--column", "mood", "--kind", "regression"], "regression labels must be numbers"),
        (["--column", "mood", "--kind", "multiclass", "--target", "dark"], "omit it"),
        (
            ["--column", "mood", "--layers", "first"],
            "'first' is not a list of layers such as 0,5,-1",
        ),
        (["--column", "mood", "--components", "0"], "neither a number of at least 1 nor sweep"),
        (["--column", "mood", "--workers=-2"], "--workers -2 is negative"),
        (["--column", "brightness", "--metric", "auc"], "does not fit regression labels"),
    ],
)
def test_impossible_training_is_refused_in_one_sentence(
    recordings, checkpoint, more, words, capsys
):
    run = ["train", "custom", *recordings, "--model", str(checkpoint), "--method", "linear"]
    assert main([*run, *more]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ") and words in error and error.count("\n") == 1


@pytest.mark.parametrize(
    ("run", "words"),
    [
        (["chord", "--target", "sus4"], "'sus4' is not a chord: choose one of major"),
        (["note", "--target", "H"], "'H' is not a note"),
        (["chord", "--kind", "binary"], "needs a --target"),
        (["chord", "--kind", "multiclass", "--target", "dim"], "omit --target"),
    ],
)
def test_unknown_targets_are_refused(run, words, checkpoint, capsys):
    assert main(["train", *run, "--model", str(checkpoint)]) == 2
    assert words in capsys.readouterr().err


@pytest.mark.parametrize("mark", [pytest.param(".", marks=pytest.mark.slow), ","])
def test_decimal_comma_and_decimal_point_are_both_numbers(checkpoint, tmp_path, mark, capsys):
    """112 recordings, eight for each of 14 ratings."""
    lines = ["sep=;", "File;Energie ;", *([";;"] * 2)]
    for number in range(112):
        times = np.arange(3200) / 32000
        rating = number % 14 / 2
        tone = (0.02 + rating / 10) * np.sin(2 * np.pi * (200 + 30 * rating + number) * times)
        soundfile.write(tmp_path / f"{number}.wav", tone, 32000)
        lines.append(f"{number}.wav;{rating:.1f}".replace(".", mark).replace(f"{mark}wav", ".wav"))
    (tmp_path / "l.csv").write_bytes("\r\n".join(lines).encode("utf-16"))
    base = ["train", "custom", "--audio", str(tmp_path), "--labels", str(tmp_path / "l.csv")]
    base += ["--model", str(checkpoint), *QUICK, "--out", str(tmp_path / "out")]
    assert main([*base, "--column", "energie"]) == 0
    (found,) = (tmp_path / "out").glob("*/Energie.safetensors")
    direction = Direction.load(str(found))
    assert direction.meta["kind"] == "regression"
    assert direction.meta["label_mean"] == pytest.approx(3.25)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (lambda n: "loud" if n == 7 else n / 4, "most labels are numbers, but 'loud' is not"),
        (lambda n: f"{60 + n} BPM", "labels such as '60 BPM' contain a number and other text"),
    ],
)
def test_labels_mixing_numbers_and_text_are_refused(checkpoint, tmp_path, capsys, written, said):
    for number in range(20):
        soundfile.write(tmp_path / f"{number}.wav", 0.1 * np.ones(1600), 32000)
    rows = [f"{n}.wav,{written(n)}" for n in range(20)]
    (tmp_path / "l.csv").write_text("\n".join(["file,energy", *rows]))
    base = ["train", "custom", "--audio", str(tmp_path), "--labels", str(tmp_path / "l.csv")]
    assert main([*base, "--column", "energy", "--model", str(checkpoint), *QUICK]) == 2
    assert said in capsys.readouterr().err


def test_unwritable_output_is_refused_before_the_model_loads(tmp_path, monkeypatch, capsys):
    def load(*_, **__):
        raise AssertionError("the model is loaded")

    monkeypatch.setattr(MusicModel, "load", load)
    (tmp_path / "file").touch()
    for arguments in (
        ["train", "note", "--out", str(tmp_path / "file")],
        ["train", "note", "--report", str(tmp_path / "file" / "more")],
        ["evaluate", "--out", str(tmp_path / "file")],
        ["calibrate", "--out", str(tmp_path / "file")],
        ["results", "--out", str(tmp_path / "file")],
        ["generate", "x", "--out", str(tmp_path / "file" / "a.wav")],
    ):
        assert main(arguments) == 2
        error = capsys.readouterr().err
        assert error.count("\n") == 1 and str(tmp_path / "file") in error
