"""From logits to codes: guidance, temperature, top-k, and randomness tied to the frame.

Frame n of a seed always draws the same numbers, whatever happened before, so a piece can be
repeated exactly. Only one uniform number is needed per codebook: the code is where the cumulative
distribution passes it.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

FRAMES_PER_BLOCK = 64
_LARGEST = 1.0 - 2.0**-23  # times a float32 sum, it still stays below that sum


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
        self._block, self._numbers = -1, torch.empty(0)

    def __call__(self, frame: int) -> Tensor:
        """float32 [count]"""
        block, row = divmod(frame, FRAMES_PER_BLOCK)
        if block != self._block:
            numbers = generator(self.seed, block).random((FRAMES_PER_BLOCK, self.count))
            numbers = np.minimum(numbers, _LARGEST).astype(np.float32)
            self._block, self._numbers = block, torch.from_numpy(numbers).to(self.device)
        return self._numbers[row]


def guide(logits: Tensor, scale: float) -> Tensor:
    """Classifier-free guidance (Ho & Salimans 2022, arXiv:2207.12598).

    logits: [2, codebooks, codes], with and without the prompt. scale: 0 ignores the prompt, 1 is
    the model as it is, more exaggerates what the prompt changes. Returns [codebooks, codes].
    """
    with_prompt, without = logits
    return torch.add(without, with_prompt - without, alpha=scale)


def sample(logits: Tensor, draws: Tensor, temperature: float = 1.0, top_k: int = 0) -> Tensor:
    """One code per row of `logits` [codebooks, codes], int64 [codebooks].

    draws: float32 [codebooks], uniform in [0, 1). temperature: 0 always takes the likeliest code,
    as does top_k = 1. top_k: how many of the likeliest codes may be taken, 0 for all. The logits
    must be finite.
    """
    if top_k == 1 or temperature <= 0:
        return logits.argmax(-1)
    chosen = None
    if 0 < top_k < logits.shape[-1]:
        logits, chosen = logits.topk(top_k, sorted=False)
    if temperature != 1.0:
        # Shifted first, so that a tiny temperature makes nothing infinite but the unlikely.
        logits = (logits - logits.amax(-1, keepdim=True)) / temperature
    reached = torch.softmax(logits, -1).cumsum(-1)
    wanted = draws[:, None] * reached[:, -1:]
    index = (reached <= wanted).sum(-1, keepdim=True)
    return (index if chosen is None else chosen.gather(-1, index)).squeeze(-1)
