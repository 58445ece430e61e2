"""int8 and int4 hardly change the likelihood of `nano` or the effect of steering."""

from __future__ import annotations

import pytest
import torch

from benchmarks import precision
from musicrfm.model import MusicModel
from musicrfm.selfcheck import divergences

# The most nats per code, and the least share of equal likeliest codes.
LIMITS = {"int8": (0.001, 0.95), "int4": (0.01, 0.85)}


def test_divergence_ignores_a_constant_shift_of_logits() -> None:
    logits = torch.randn(5, 4, 16, generator=torch.Generator().manual_seed(0)).double()
    assert divergences(logits, logits + 3).abs().max() < 1e-6
    other = logits.clone()
    other[:, 2] *= 2
    found = divergences(logits, other)
    assert found[2] > 0.1 and found[[0, 1, 3]].abs().max() < 1e-6


@pytest.mark.slow
@pytest.mark.needs("numba")
@pytest.mark.parametrize("dtype", LIMITS)
def test_quantisation_hardly_changes_the_likelihood(dtype: str) -> None:
    exact = MusicModel.load("nano", device="cpu")
    found = precision.likelihood(exact, MusicModel.load("nano", device="cpu", dtype=dtype), 60)
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
