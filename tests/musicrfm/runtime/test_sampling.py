"""Codes are drawn repeatably from the distribution that Hugging Face uses."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import stats
from transformers import TemperatureLogitsWarper, TopKLogitsWarper

from musicrfm.runtime.sampling import Draws, guide, sample, sample_static

COUNT = 40_000


def expected(logits: torch.Tensor, temperature: float, top_k: int) -> np.ndarray:
    """Probabilities that Hugging Face's generate would draw from."""
    logits = logits[None]
    if temperature != 1.0:
        logits = TemperatureLogitsWarper(temperature)(None, logits)
    if top_k:
        logits = TopKLogitsWarper(top_k)(None, logits)
    return logits.softmax(-1)[0].double().numpy()


@pytest.mark.parametrize("temperature", [0.5, 1.0, 1.7])
@pytest.mark.parametrize("top_k", [0, 5, 64, 1000])
def test_sampled_codes_follow_the_distribution(temperature: float, top_k: int) -> None:
    logits = 2 * torch.randn(64, generator=torch.Generator().manual_seed(1))
    draws = torch.cat([Draws(7, 40)(frame) for frame in range(COUNT // 40)])
    codes = sample(logits.expand(COUNT, -1), draws, temperature, top_k)
    wanted = expected(logits, temperature, top_k)
    seen = np.bincount(codes.numpy(), minlength=64)
    assert seen[wanted == 0].sum() == 0
    usual = wanted * COUNT >= 5
    rest = max(wanted[~usual].sum(), 1e-12)
    counts = np.append(seen[usual], seen[~usual].sum())
    ideal = np.append(wanted[usual], rest)
    assert stats.chisquare(counts, ideal / ideal.sum() * COUNT).pvalue > 1e-3


def test_greedy_sampling_takes_the_largest_logit() -> None:
    logits = torch.randn(4, 64)
    for temperature, top_k in ((1.0, 1), (0.0, 250), (1e-30, 250), (1e-300, 250)):
        codes = sample(logits, torch.tensor([0.1, 0.4, 0.9, 0.99]), temperature, top_k)
        assert torch.equal(codes, logits.argmax(-1))


def test_extreme_draws_and_logits_stay_in_range() -> None:
    largest = Draws(0, 4)
    largest(0)
    logits = torch.tensor([[0.0, -1e30, -1e30], [1e30, 0.0, 1e30], [5.0] * 3, [-200.0, 0.0, -200]])
    for draws in (torch.zeros(4), torch.full((4,), 1.0 - 2.0**-23)):
        for top_k in (0, 2):
            codes = sample(logits, draws, 1.0, top_k)
            assert codes[0] == 0 and codes[1] != 1 and codes[3] == 1
            assert ((codes >= 0) & (codes < 3)).all()


@pytest.mark.parametrize("temperature", [0.0, 1e-300, 0.3, 1.0, 1.7])
@pytest.mark.parametrize("top_k", [0, 1, 2, 5, 63, 64, 1000])
@pytest.mark.parametrize("ties", [False, True])
def test_sampling_with_tensor_settings_gives_the_same_codes(
    temperature: float, top_k: int, ties: bool
) -> None:
    logits = 2 * torch.randn(200, 64, generator=torch.Generator().manual_seed(1))
    if ties:  # as in half precision
        logits = logits.round()
    draws = torch.cat([Draws(7, 40)(frame) for frame in range(5)])
    settings = torch.tensor(temperature), torch.tensor(top_k)
    expected = sample(logits, draws, temperature, top_k)
    assert torch.equal(sample_static(logits, draws, *settings), expected)


@pytest.mark.parametrize("value", [torch.nan, torch.inf, -torch.inf])
def test_logits_that_are_not_finite_still_give_a_valid_code(value: float) -> None:
    logits = torch.randn(4, 64)
    logits[0], logits[1, 5], logits[2, 60:] = value, value, value
    for temperature, top_k in ((1.0, 0), (1.0, 5), (0.0, 5), (0.5, 1)):
        settings = torch.tensor(temperature), torch.tensor(top_k)
        codes = sample_static(logits, torch.full((4,), 0.99), *settings)
        assert ((codes >= 0) & (codes < 64)).all()


def test_draws_depend_only_on_seed_and_frame() -> None:
    forwards, backwards = Draws(3, 4), Draws(3, 4)
    frames = [0, 1, 63, 64, 1000]
    there = {frame: forwards(frame).clone() for frame in frames}
    for frame in reversed(frames):
        assert torch.equal(backwards(frame), there[frame])
    assert not torch.equal(Draws(4, 4)(0), there[0])
    assert not torch.equal(there[0], there[1])
    numbers = torch.stack([forwards(frame) for frame in range(5000)]).numpy()
    assert numbers.min() >= 0 and numbers.max() < 1
    for column in numbers.T:
        assert stats.kstest(column, "uniform").pvalue > 1e-3
    assert abs(np.corrcoef(numbers.T) - np.eye(4)).max() < 0.05
    assert abs(np.corrcoef(numbers[1:, 0], numbers[:-1, 0])[0, 1]) < 0.05


def test_negative_and_huge_seeds_give_different_draws() -> None:
    seeds = (-1, -2, 0, 1, 2**40, 2**63, 2**64 - 2)
    numbers = {tuple(Draws(seed, 4)(0).tolist()) for seed in seeds}
    assert len(numbers) == len(seeds) - 1  # 64 bits count: the last equals -2


def test_guidance_formula() -> None:
    logits = torch.randn(2, 4, 8)
    assert torch.equal(guide(logits, 0.0), logits[1])
    assert torch.allclose(guide(logits, 1.0), logits[0], atol=1e-6)
    assert torch.allclose(guide(logits, 3.0), 3 * logits[0] - 2 * logits[1], atol=1e-5)
