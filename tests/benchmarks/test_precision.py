"""int8 and int4 hardly change the likelihood of `nano` or the effect of steering."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
import torch

from benchmarks import precision
from musicrfm.model import MusicModel
from musicrfm.runtime.defaults import DEFAULT_PROMPT
from musicrfm.selfcheck import divergences
from musicrfm.stream import MusicStream
from musicrfm.streaming.settings import window_and_keep

# The most nats per code, and the least share of equal likeliest codes.
LIMITS = {"int8": (0.001, 0.95), "int4": (0.01, 0.85)}


def test_divergence_ignores_a_constant_shift_of_logits() -> None:
    logits = torch.randn(5, 4, 16, generator=torch.Generator().manual_seed(0)).double()
    assert divergences(logits, logits + 3).abs().max() < 1e-6
    other = logits.clone()
    other[:, 2] *= 2
    found = divergences(logits, other)
    assert found[2] > 0.1 and found[[0, 1, 3]].abs().max() < 1e-6


def test_reading_a_piece_gives_what_the_stream_computed_across_turns(
    model: MusicModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = partial(window_and_keep, window_seconds=0.5)
    monkeypatch.setattr(precision, "window_and_keep", short)
    stream, computed = MusicStream(model, DEFAULT_PROMPT, seed=0, window_seconds=0.5), []
    compute = stream._chooser._logits

    def watched(*what: Any) -> torch.Tensor | None:
        computed.append(compute(*what))
        return computed[-1]

    monkeypatch.setattr(stream._chooser, "_logits", watched)
    read = precision.told(model, False, precision.codes_of(stream, 70))
    assert torch.allclose(read, torch.stack(computed[:70]), atol=1e-4)
    piece = precision.pieces(model, 70)[0]
    assert piece.turn == stream.window < 70
    same = precision.likelihood([piece], model)
    assert same["agreement"] == 1.0 and same["nats_after_the_turn"] < 1e-9


@pytest.mark.slow
@pytest.mark.needs("numba")
@pytest.mark.parametrize("dtype", LIMITS)
def test_quantisation_hardly_changes_the_likelihood(dtype: str) -> None:
    exact = MusicModel.load("nano", device="cpu")
    packed = MusicModel.load("nano", device="cpu", dtype=dtype)
    found = precision.likelihood(precision.pieces(exact, 60), packed)
    most, least = LIMITS[dtype]
    assert 0 < found["nats"] < most and found["agreement"] > least
    assert len(found["nats_by_codebook"]) == exact.codebooks


@pytest.mark.slow
@pytest.mark.needs("numba")
def test_steering_is_as_strong_in_int4() -> None:
    what = {"notes": ("C", "Fs"), "seconds": 5.0}
    exact = precision.steering(MusicModel.load("nano", device="cpu"), **what)
    packed = precision.steering(MusicModel.load("nano", device="cpu", dtype="int4"), **what)
    assert packed["1"] > packed["0.5"] > packed["0"]
    assert packed["1"] == pytest.approx(exact["1"], abs=0.1)
