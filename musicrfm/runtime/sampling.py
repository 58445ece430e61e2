"""From logits to codes: guidance, temperature, top-k, and random numbers tied to the frame.

Frame n of a seed always draws the same numbers, independent of the past, so a piece can be repeated
exactly. Each codebook needs one uniform number: the code is where the cumulative distribution
passes it.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

FRAMES_PER_BLOCK = 64
_LARGEST = 1.0 - 2.0**-23  # multiplied by a float32 sum, the product stays below that sum
_COLDEST = float(np.finfo(np.float32).tiny)  # a temperature below this is 0


def generator(seed: int, index: int) -> np.random.Generator:
    """Random numbers that depend on (seed, index) alone; counter-based, hence quickly made.

    Philox: Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3".
    """
    key = np.array([seed % 2**64, index % 2**64], dtype=np.uint64)
    return np.random.Generator(np.random.Philox(key=key))


class Draws:
    """Uniform numbers in [0, 1) for every frame of a seed, a function of (seed, frame) alone."""

    def __init__(self, seed: int, count: int, device: torch.device | str = "cpu") -> None:
        """count: how many a frame."""
        self.seed, self.count, self.device = seed, count, device
        self._block, self._numbers = -1, np.empty(0)

    def __call__(self, frame: int) -> Tensor:
        """float32 [count], on the device"""
        return torch.from_numpy(self.numbers(frame)).to(self.device)

    def numbers(self, frame: int) -> np.ndarray:
        """float32 [count]"""
        block, row = divmod(frame, FRAMES_PER_BLOCK)
        if block != self._block:
            numbers = generator(self.seed, block).random((FRAMES_PER_BLOCK, self.count))
            self._block, self._numbers = block, np.minimum(numbers, _LARGEST).astype(np.float32)
        return self._numbers[row]


def guide(logits: Tensor, scale: float) -> Tensor:
    """Classifier-free guidance (Ho & Salimans 2022, arXiv:2207.12598).

    logits: [2, codebooks, codes], with and without the prompt. scale: 0 ignores the prompt, 1 is
    the model without guidance, more exaggerates the effect of the prompt. Returns [codebooks,
    codes].
    """
    with_prompt, without = logits
    return torch.add(without, with_prompt - without, alpha=scale)


def sample(logits: Tensor, draws: Tensor, temperature: float = 1.0, top_k: int = 0) -> Tensor:
    """One code per row of `logits` [codebooks, codes], int64 [codebooks].

    draws: float32 [codebooks], uniform in [0, 1). temperature: 0 always takes the most likely code,
    as does top_k = 1. top_k: number of candidates, including ties with the last of them; 0 for all.
    The logits must be finite. Probabilities are summed in the order of the codes, so the same
    numbers give the same codes on any device.
    """
    if top_k == 1 or temperature < _COLDEST:
        return logits.argmax(-1)
    if 0 < top_k < logits.shape[-1]:
        logits = logits.masked_fill(logits < _least(logits, top_k), -torch.inf)
    if temperature != 1.0:
        # Shifted first, so that a tiny temperature sends only unlikely codes to -infinity.
        logits = (logits - logits.amax(-1, keepdim=True)) / temperature
    return _drawn(logits, draws)


def sample_static(logits: Tensor, draws: Tensor, temperature: Tensor, top_k: Tensor) -> Tensor:
    """As `sample`, with settings that are tensors as well: float32 [] and int64 [].

    The computation does not depend on any value, so it can be captured in a CUDA graph. Logits that
    are not finite give an arbitrary code.
    """
    codes = logits.shape[-1]
    count = torch.where(top_k > 0, top_k, codes).clamp_max(codes)
    least = logits.sort(-1, descending=True).values.gather(-1, (count - 1).expand(len(logits), 1))
    likely = logits.masked_fill(logits < least, -torch.inf)
    greedy = (top_k == 1) | (temperature < _COLDEST)
    shifted = (likely - likely.amax(-1, keepdim=True)) / torch.where(greedy, 1.0, temperature)
    return torch.where(greedy, logits.argmax(-1), _drawn(shifted, draws).clamp_max(codes - 1))


def _least(logits: Tensor, top_k: int) -> Tensor:
    """The `top_k`-th largest of each row, [codebooks, 1]."""
    if logits.is_cpu:  # twice as fast as torch's
        place = logits.shape[-1] - top_k
        return torch.from_numpy(np.partition(logits.numpy(), place, -1)[:, place, None])
    return logits.topk(top_k, sorted=False).values.amin(-1, keepdim=True)


def _drawn(logits: Tensor, draws: Tensor) -> Tensor:
    """For each row, the code at which the cumulative probability passes the draw."""
    reached = _exp(logits - logits.amax(-1, keepdim=True)).cumsum(-1)
    wanted = draws[:, None] * reached[:, -1:]
    return torch.searchsorted(reached, wanted, right=True).squeeze(-1)


def _exp(x: Tensor) -> Tensor:
    """On a CPU without PyTorch's threads, which would keep the other cores busy with waiting."""
    return torch.from_numpy(np.exp(x.float().numpy())) if x.is_cpu else x.exp()
