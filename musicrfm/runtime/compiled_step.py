"""The decoder's step in machine code, for small models on a CPU; see `musicrfm.kernels.step`.

It shares the tensors of a `StepDecoder`, which still does the prefill of many positions. Without
numba, or for an unsupported model, the `StepDecoder` does everything.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from transformers.activations import GELUActivation

from musicrfm.kernels.available import kernels
from musicrfm.runtime.playable import Playable
from musicrfm.weights.decoder import Block, Weights

if TYPE_CHECKING:
    from musicrfm.runtime.decoder import StepDecoder

DTYPES = (torch.float32, torch.bfloat16)


def can_compile(model: Playable) -> bool:
    """Whether machine code supports this model's steps and is faster than PyTorch."""
    if not model.small or model.dtype not in DTYPES:
        return False
    exact = all(is_gelu(block.activation) for block in model.decoder_weights.blocks)
    return exact and kernels() is not None


class CompiledStep:
    """Steps of one `StepDecoder`. Creating the first one takes some seconds, once per machine."""

    def __init__(self, decoder: StepDecoder) -> None:
        found = kernels()
        assert found is not None, "see `can_compile`"
        self._run, self.decoder = found.step, decoder
        self.weights = matrices(decoder.weights)
        self._first_row = decoder.weights.first_row[:, 0].numpy()
        self._cache, self._offset = seen(decoder.cache), seen(decoder.offset)
        self._basis = seen(decoder.basis)
        layers, _, _, heads, room, size = decoder.cache.shape
        width, wide = heads * size, self.weights.feed.shape[1]
        shapes: list[tuple[int, ...]] = [
            (2, width),
            (2, width),
            (2, 3 * width),
            (2, width),
            (1, width),
            (2, wide),
        ]
        shapes += [(room,), (2, len(self.weights.heads))]
        self.scratch = found.Scratch(*(np.zeros(shape, np.float32) for shape in shapes))
        self._no_prompt = decoder.cache.new_zeros(layers, 2, heads, 0, size)
        self._no_bias = np.zeros(0, np.float32)
        self._taken: tuple[object, object] = (None, None)
        self._prompt, self._bias = seen(self._no_prompt), self._no_bias
        # Compile now, not during the music.
        self(torch.zeros(decoder.codebooks, 1, dtype=torch.long), 0)
        decoder.cache[..., 0, :] = 0

    def __call__(self, codes: Tensor, place: int) -> Tensor:
        """Read codes [codebooks, 1] at a position of the cache: float32 [rows, codebooks,
        codes]."""
        decoder = self.decoder
        if decoder.prompt is not self._taken[0] or decoder.prompt_bias is not self._taken[1]:
            self._take_prompt()
        rows = 2 if decoder.guided else 1
        self._run(
            self.weights,
            self.scratch,
            codes[:, 0].numpy() + self._first_row,
            place,
            rows,
            self._cache,
            self._prompt,
            self._bias,
            decoder.prompt is not None,
            self._offset,
            self._basis,
            decoder.holds,
            decoder.keep_norm,
        )
        logits = self.scratch.logits[:rows].reshape(rows, decoder.codebooks, -1)
        return torch.from_numpy(logits.copy())

    def _take_prompt(self) -> None:
        before, prompt = self._taken[0], self.decoder.prompt
        self._taken = (prompt, self.decoder.prompt_bias)
        if prompt is not before:
            layers = [torch.cat(keys_and_values) for keys_and_values in prompt or ()]
            self._prompt = seen(torch.stack(layers) if layers else self._no_prompt)
        bias = self.decoder.prompt_bias
        self._bias = self._no_bias if bias is None else bias.flatten().float().numpy()
        if self._prompt.shape[3] > len(self.scratch.scores):
            scores = np.zeros(self._prompt.shape[3], np.float32)
            self.scratch = self.scratch._replace(scores=scores)


def matrices(weights: Weights):
    """The same weights as `musicrfm.kernels.step` takes them."""

    def of_all(matrix_of: Callable[[Block], Tensor | None]) -> np.ndarray:
        parts = [part for block in weights.blocks if (part := matrix_of(block)) is not None]
        none = weights.positions.new_zeros(len(weights.blocks), 0, 0)
        return seen(torch.stack(parts) if parts else none)

    def across(name: str) -> np.ndarray:
        """Of those that are transposed."""

        def matrix(block: Block) -> Tensor | None:
            part = getattr(block, name)
            return None if part is None else part.T

        return of_all(matrix)

    found = kernels()
    assert found is not None, "see `can_compile`"
    return found.Matrices(
        torch.stack([norms_of(block) for block in weights.blocks]).float().numpy(),
        of_all(lambda block: block.qkv),
        across("to_attended"),
        of_all(lambda block: block.prompt_q),
        across("to_prompted"),
        of_all(lambda block: block.feed),
        across("to_fed"),
        seen(weights.embedding),
        seen(weights.positions),
        torch.stack(weights.norm[1:3]).float().numpy(),
        seen(weights.heads.contiguous()),
        np.float32(weights.norm[3]),
    )


def norms_of(block: Block) -> Tensor:
    """Weight and bias of a layer's three norms, [6, width]."""
    norms = (block.attention_norm, block.prompt_norm or block.feed_norm, block.feed_norm)
    return torch.stack([part for norm in norms for part in norm[1:3]])


def seen(tensor: Tensor) -> np.ndarray:
    """The tensor as an array of the same memory; bfloat16 as uint16."""
    if tensor.dtype == torch.bfloat16:
        return tensor.view(torch.int16).numpy().view(np.uint16)
    return tensor.numpy()


def is_gelu(activation: object) -> bool:
    if isinstance(activation, GELUActivation):  # which has an inexact variant, too
        return activation.act is torch.nn.functional.gelu
    return isinstance(activation, torch.nn.GELU) and activation.approximate == "none"
