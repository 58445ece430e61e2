"""8 and 4 bits cost `nano` next to nothing, and steering stays what it is."""

from __future__ import annotations

import pytest
import torch

from benchmarks import precision
from musicrfm.model import MusicModel
from musicrfm.selfcheck import divergences

# Most nats a code, and the least share of likeliest codes that are the same.
LIMITS = {"int8": (0.001, 0.95), "int4": (0.01, 0.85)}


def test_the_same_logits_do_not_diverge() -> None:
    logits = torch.randn(5, 4, 16, generator=torch.Generator().manual_seed(0)).double()
    assert divergences(logits, logits + 3).abs().max() < 1e-6
    other = logits.clone()
    other[:, 2] *= 2
    found = divergences(logits, other)
    assert found[2] > 0.1 and found[[0, 1, 3]].abs().max() < 1e-6


@pytest.mark.slow
@pytest.mark.needs("numba")
@pytest.mark.parametrize("dtype", LIMITS)
def test_rounding_costs_little(dtype: str) -> None:
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
