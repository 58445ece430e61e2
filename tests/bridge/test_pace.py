"""The advice before playing a model that is too large for the computer."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge import pace
from musicrfm.model import MusicModel
from musicrfm.stream import MusicStream


def test_advice_names_the_options_that_help() -> None:
    said = pace.advice(0.42, "int8", guided=True)
    assert "0.4 seconds of music a second" in said
    assert "--dtype int4, a shorter --window, guidance 1, which halves the work" in said
    assert "int4" not in pace.advice(0.42, "int4", guided=False)
    assert "guidance" not in pace.advice(0.42, "int4", guided=False)


def test_timing_a_stream_does_not_change_its_music(
    checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = MusicModel.load(checkpoint, device="cpu")
    stream = MusicStream(model, "a tune", seed=1)
    first = next(MusicStream(model, "a tune", seed=1))
    assert pace.words(stream) is None  # it is small
    monkeypatch.setattr(MusicModel, "small", False)
    monkeypatch.setattr(pace, "ENOUGH", 1e9)
    assert "seconds of music a second" in pace.words(stream)
    assert stream.frame == 0 and (next(stream) == first).all()
    monkeypatch.setattr(pace, "ENOUGH", 0.0)
    assert pace.words(stream) is None
