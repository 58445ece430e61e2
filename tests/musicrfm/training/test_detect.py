"""Detectors recognise their concepts in recordings of any length and rate."""

from __future__ import annotations

import json
from functools import partial

import numpy as np
import pytest
import soundfile
from safetensors.numpy import save

from musicrfm.cli import main
from musicrfm.data.clips import ClipSet
from musicrfm.data.hidden import hear
from musicrfm.errors import MusicRFMError
from musicrfm.model import MusicModel
from musicrfm.training import train
from musicrfm.training.detect import TENSORS, Detector, detect, list_detectors
from tests.jobs import tone

HERTZ = {"low": 200.0, "middle": 900.0, "high": 4000.0}


@pytest.fixture(scope="module")
def nano() -> MusicModel:
    """The built-in model, because random weights detect nothing."""
    return MusicModel.load("nano", device="cpu")


@pytest.fixture(scope="module")
def tones(nano, tmp_path_factory):
    """Hidden states of tones in three registers."""
    rng = np.random.default_rng(0)
    rows = [
        {"register": name, "pitch": pitch * rng.uniform(0.8, 1.25), "number": number}
        for number, (name, pitch) in enumerate([*HERTZ.items()] * 16)
    ]
    clips = ClipSet("tones", rows, list(range(48)), {"seconds": 0.5}, partial(tone, 0.5))
    return hear(nano, clips, cache=tmp_path_factory.mktemp("cache"), seed=1)


@pytest.fixture(scope="module")
def registers(tones) -> Detector:
    labels = [row["register"] for row in tones.rows]
    order = list(HERTZ)
    return train.fit(
        tones, "registers", labels, kind="multiclass", method="linear", class_names=order
    ).detector


def recording(name: str, seconds: float, rate: int = 32_000) -> np.ndarray:
    row = {"pitch": HERTZ[name], "number": 99}
    return tone(seconds, row, rate)[0]


def test_detector_recognises_the_register(registers, nano):
    for name in HERTZ:
        told = detect(nano, recording(name, 0.5), 32_000, registers)
        assert told[0][0] == name and sum(p for _, p in told) == pytest.approx(1)
        assert [p for _, p in told] == sorted((p for _, p in told), reverse=True)


def test_detection_works_at_any_length_rate_and_level(registers, nano):
    sound = recording("high", 2.2, 44_100)
    stereo = np.stack([0.01 * sound, 0.01 * sound], 1)
    assert detect(nano, stereo, 44_100, registers)[0][0] == "high"
    assert detect(nano, recording("low", 0.3), 32_000, registers)[0][0] == "low"
    mixed = np.concatenate([recording("low", 1.5), recording("high", 0.5), np.zeros(32_000)])
    told = dict(detect(nano, mixed.astype(np.float32), 32_000, registers))
    assert told["low"] > told["high"] > told["middle"]
    with pytest.raises(MusicRFMError, match="silent"):
        detect(nano, np.zeros(32_000), 32_000, registers)


def test_detector_survives_saving_and_loading(registers, nano, tmp_path, monkeypatch):
    monkeypatch.setenv("MUSICRFM_DIRECTIONS", str(tmp_path))
    path = registers.save()
    assert path == tmp_path / nano.name / "detectors" / "registers.safetensors"
    assert "registers" in list_detectors(nano.name)
    loaded = Detector.load("registers", nano)
    sound = recording("middle", 0.5)
    assert detect(nano, sound, 32_000, loaded) == detect(nano, sound, 32_000, registers)
    assert Detector.load(path, nano).meta == registers.meta
    mine = dict(registers.meta)
    registers.meta.update(model="other", model_fingerprint="0" * 16)
    try:
        with pytest.raises(MusicRFMError, match="trained on model 'other'"):
            Detector.load(registers.save(tmp_path / "x"), nano)
    finally:
        registers.meta.update(mine)
    with pytest.raises(MusicRFMError, match="no detector 'duck' .known: .*registers"):
        Detector.load("duck", nano)
    path.write_bytes(b"damaged")
    with pytest.raises(MusicRFMError, match="not a detector file"):
        Detector.load("registers", nano)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"basis": np.zeros((2, 3), np.float32)}, "counts add up to"),
        ({"counts": np.zeros((0,), np.int64)}, "counts and layers have shapes"),
        ({"counts": np.array([2**62, 2**62], np.int64)}, "counts and layers|add up to"),
        ({"layers": np.array([999], np.int64)}, "counts and layers|its layers are"),
        ({"layers": np.array([-1], np.int64)}, "counts and layers|its layers are"),
        ({"layers": np.array([0.5], np.float32)}, "layers holds what are no whole numbers"),
        ({"weights": np.zeros((3,), np.float32)}, "weights has shape"),
        ({"bias": np.zeros((9,), np.float32)}, "bias has shape"),
        ({"bias": np.full((3,), np.nan, np.float32)}, "bias holds what are no numbers"),
        ({"scale": "zero"}, "scale has a 0"),
        ({"kind": "cat"}, "its kind is 'cat'"),
        ({"kind": None}, "its kind is None"),
        ({"classes": 5}, "its classes are 5"),
        ({"classes": [{}, {}, {}]}, "its classes are"),
        ({"pooling": {}}, "its pooling is"),
        ({"seconds": 1e300}, "its clips are 1e.300 s long"),
        ({"seconds": "long"}, "its clips are 'long' s"),
        ({"kind": "regression", "target": "bpm", "label_mean": "x"}, "mean and spread"),
        ({"model_fingerprint": [1]}, "trained on model"),
    ],
)
def test_invalid_detector_files_are_refused(registers, nano, tmp_path, change, told):
    tensors = {name: getattr(registers, name) for name in TENSORS}
    meta = {"name": "x", "format_version": 1, **registers.meta}
    for key, value in change.items():
        if key in tensors:
            tensors[key] = np.zeros_like(tensors[key]) if isinstance(value, str) else value
        else:
            meta[key] = value
    path = tmp_path / "x.safetensors"
    path.write_bytes(save(tensors, {key: json.dumps(value) for key, value in meta.items()}))
    with pytest.raises(MusicRFMError, match=told):
        Detector.load(path, nano)


@pytest.mark.slow
def test_binary_and_regression_detectors_give_fitting_answers(tones, nano):
    high = [row["register"] == "high" for row in tones.rows]
    one = train.fit(tones, "register_high", high, kind="binary", method="linear", target="high")
    assert detect(nano, recording("high", 0.5), 32_000, one.detector)[0][0] == "high"
    assert detect(nano, recording("low", 0.5), 32_000, one.detector)[0][0] == "not high"
    octaves = [np.log2(row["pitch"]) for row in tones.rows]
    pitch = train.fit(tones, "pitch", octaves, kind="regression", method="linear", target="octave")
    heard = {}
    for name in HERTZ:
        ((unit, heard[name]),) = detect(nano, recording(name, 1.0), 32_000, pitch.detector)
        assert unit == "octave" and heard[name] == pytest.approx(np.log2(HERTZ[name]), abs=1.2)
    assert heard["low"] + 1 < heard["middle"] < heard["high"] - 1


@pytest.mark.slow
def test_unsteerable_states_still_give_a_detector(nano, tmp_path):
    rows = [{"pitch": HERTZ[n], "register": n, "number": i} for i, n in enumerate([*HERTZ] * 12)]
    clips = ClipSet("tones", rows, list(range(36)), {"seconds": 0.5}, partial(tone, 0.5))
    data = hear(nano, clips, "mean+std", cache=tmp_path, layers=[-1])
    labels = [row["register"] for row in rows]
    trained = train.fit(data, "registers", labels, kind="multiclass", method="linear")
    assert trained.direction is None
    assert trained.detector.basis.shape == (3, 2 * nano.width)
    assert detect(nano, recording("low", 0.5), 32_000, trained.detector)[0][0] == "low"
    with pytest.raises(MusicRFMError, match="can be probed but not steered"):
        train.train(data, "registers", labels, kind="multiclass", method="linear")


@pytest.mark.slow
def test_detect_command_prints_every_concept(registers, checkpoint, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("MUSICRFM_DIRECTIONS", str(tmp_path))
    path = tmp_path / "high.wav"
    soundfile.write(path, recording("high", 1.0), 32_000)
    assert main(["detect", str(path), "--model", str(checkpoint)]) == 2
    assert "model 'tiny' has no detectors" in capsys.readouterr().err
    registers.save()
    base = ["detect", str(path), "--device", "cpu"]
    assert main([*base, "--top", "1"]) == 0
    text = capsys.readouterr().out
    assert str(path) in text and "registers: high" in text and "low" not in text
    assert main([*base, "--concept", "registers", "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert set(found["concepts"]["registers"]) == set(HERTZ)
    assert main([*base, "--concept", "duck"]) == 2
    assert "no detector 'duck'" in capsys.readouterr().err
    assert main(["detect", "nowhere.wav", "--model", str(checkpoint)]) == 2
    assert "file 'nowhere.wav' does not exist" in capsys.readouterr().err
