"""Forecast of a step's memory traffic and time, without a model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from musicrfm.model import MusicModel
from musicrfm.runtime.backends import decoder_for
from musicrfm.runtime.forecast import codec_seconds, forecast
from musicrfm.weights.cost import Shape
from tests.checkpoints import make_checkpoint

pytestmark = pytest.mark.needs("numba")
SMALL = Shape(24, 1024, 16, 4096)


def test_bytes_of_musicgen_small() -> None:
    assert SMALL.read_weights == 24 * 14 * 1024**2 + 8192 * 1024
    assert SMALL.weight_bytes("int4") == pytest.approx(219.5e6, rel=0.01)
    assert SMALL.cache_bytes("float16") == 24 * 2 * 2 * 1024 * 2
    assert SMALL.cache_bytes("int8") == pytest.approx(104e3, rel=0.01)
    assert SMALL.cache_bytes("int8", guided=False) == SMALL.cache_bytes("int8") / 2


@pytest.mark.parametrize("dtype", ["int4", "int8"])
def test_forecast_bytes_match_a_loaded_model(dtype: str, tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path / "any", width=64, heads=2, codes=256)
    model = MusicModel.load(folder, device="cpu", dtype=dtype)
    there = len(model.decoder_weights.packed.memory)
    assert Shape.of(model).weight_bytes(dtype) == pytest.approx(there, rel=0.06)
    decoder = decoder_for(model, 32)
    cached = sum(part.nbytes for part in decoder.memory) / 32
    assert Shape.of(model).cache_bytes(dtype) == pytest.approx(cached)


def test_step_of_a_shape_is_timed_without_a_model() -> None:
    shape = Shape(3, 64, 2, 256, codes=64)
    found = forecast(shape, "int4", (1, 40), codec=0.001)
    assert set(found.step) == {(1, True), (40, True), (1, False), (40, False)}
    assert all(seconds > 0 for seconds in found.step.values())
    assert set(found.reading) == {True, False} and all(s > 0 for s in found.reading.values())
    slower = replace(found, reading={True: 1.0, False: 1.0})  # of every window, a third is kept
    assert 1 / slower.speed(40) - 1 / found.speed(40) == pytest.approx(
        50 * 0.5 * (1 - found.reading[True])
    )
    assert 0 < found.share <= 1
    assert 0 < found.speed(40) < 1 / (50 * 0.001) and found.threads == torch.get_num_threads()


def test_a_codec_is_timed(tmp_path: Path) -> None:
    model = MusicModel.load(make_checkpoint(tmp_path / "any"), device="cpu")
    assert codec_seconds(model.hf.audio_encoder, model.codebooks, False) > 0
