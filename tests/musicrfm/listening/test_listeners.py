"""Listeners by name: each value grows with the property of its name."""

from __future__ import annotations

import numpy as np
import pytest

from musicrfm.directions import Direction
from musicrfm.errors import MusicRFMError
from musicrfm.listening.listeners import LISTENERS, listened, listener
from musicrfm.listening.readings import reading
from tests.musicrfm.evaluation.test_evaluate import heard

RATE = 32_000
T = np.arange(2 * RATE) / RATE


def tone(*notes: float, gain: float = 0.1) -> np.ndarray:
    waves = [np.sin(2 * np.pi * 440 * 2 ** ((note - 69) / 12) * T) for note in notes]
    return (gain * np.sum(waves, 0)).astype(np.float32)[:, None]


def clicks(rate: float) -> np.ndarray:
    return np.where((T * rate) % 1 < 0.02 * rate, tone(69)[:, 0], 0.0).astype(np.float32)[:, None]


@pytest.mark.parametrize(
    ("name", "less", "more"),
    [
        ("level", tone(60, gain=0.05), tone(60, gain=0.2)),
        ("centroid", tone(60), tone(84)),
        ("onsets", clicks(1.0), clicks(4.0)),
        ("register", tone(48), tone(72)),
        ("roughness", tone(60, 67), tone(60, 61)),
    ],
)
def test_listener_value_grows_with_the_property(name, less, more):
    low, high = (listened(name, audio, RATE) for audio in (less, more))
    assert low < high
    assert listened(f"-{name}", less, RATE) == -low
    assert name in LISTENERS


def test_listener_values_have_the_right_unit():
    assert listened("level", tone(60, gain=0.2), RATE) == pytest.approx(-17.0, abs=0.1)
    assert listened("register", tone(60), RATE) == pytest.approx(60, abs=4)
    assert listened("centroid", tone(69), RATE) == pytest.approx(440, rel=0.1)
    assert listened("onsets", clicks(4.0), RATE) == pytest.approx(4.0, abs=1.0)
    assert listened("centroid", np.zeros((RATE, 1), np.float32), RATE) is None


def test_user_function_is_a_listener(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text("def peak(audio, rate):\n    return abs(audio).max() * rate\n")
    assert listened(f"{file}:peak", tone(60), RATE) == pytest.approx(3200, rel=0.01)
    before = listener(f"{file}:peak").digest
    file.write_text("def peak(audio, rate):\n    return 'loud'\n")
    assert listener(f"{file}:peak").digest != before


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("loudness", "choose one of level, centroid"),
        ("nowhere.py:f", "file 'nowhere.py' does not exist"),
        ("{file}:g", "no function 'g'"),
        ("{bad}:f", "cannot be loaded: SyntaxError"),
    ],
)
def test_invalid_listeners_are_refused(spec, words, tmp_path):
    file, bad = tmp_path / "good.py", tmp_path / "bad.py"
    file.write_text("f = max\n")
    bad.write_text("def\n")
    with pytest.raises(MusicRFMError, match=words):
        listener(spec.format(file=file, bad=bad))


def test_direction_is_read_by_the_listener_in_its_metadata():
    meta = {"model": "x", "listener": "-level", "kind": "binary"}
    asked = reading(Direction("warmth", np.ones((2, 1, 4)), np.ones(2), meta))
    assert (asked.quantity, asked.both_ways) == ("value", True) and "level" in asked.spoils
    assert asked.read(heard(listened={"-level": 17.0})) == 17.0
    assert asked.read(heard()) is None
    meta["listener"] = "detector:warmth"
    asked = reading(Direction("warmth", np.ones((2, 1, 4)), np.ones(2), meta))
    assert (asked.quantity, asked.both_ways) == ("share", False)
