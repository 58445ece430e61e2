"""The decoder's matrices in 8 bits: a step on a CPU mostly waits for its weights, so fewer bytes
are faster. Each row of a matrix has a scale of its own; all that is computed stays bfloat16.

Only matrices that every step reads are quantised. Embeddings, norms and what is read once a prompt
stay as they are. What it costs in precision and brings in speed is in `docs/performance.md`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from musicrfm.errors import MusicRFMError
from musicrfm.weights.decoder import Weights

FEW = 16  # up to so many rows of input the bytes of the matrix count, beyond it the arithmetic
_AMX = getattr(torch.cpu, "_is_amx_tile_supported", lambda: False)()
MANY = torch.bfloat16 if _AMX else torch.float32  # in which arithmetic is fastest here
_product = getattr(torch, "_weight_int8pack_mm", None)


@dataclass(frozen=True)
class Int8:
    """A matrix [outputs, inputs] as int8, times a scale [outputs], bfloat16."""

    numbers: Tensor
    scale: Tensor

    @classmethod
    def of(cls, matrix: Tensor) -> Int8:
        """Rounded to the nearest, with the largest of each row at 127."""
        exact = matrix.float()
        scale = (exact.abs().amax(1) / 127).clamp_min(torch.finfo(torch.float32).tiny)
        scale = scale.bfloat16()
        numbers = (exact / scale.float()[:, None]).round().clamp(-127, 127).to(torch.int8)
        return cls(numbers.contiguous(), scale)


def linear(x: Tensor, matrix: Int8) -> Tensor:
    """bfloat16 [rows, inputs] -> [rows, outputs]"""
    if len(x) <= FEW:
        return _product(x, matrix.numbers, matrix.scale)
    return F.linear(x.to(MANY), matrix.numbers.to(MANY)).mul_(matrix.scale).to(x.dtype)


def onto(x: Tensor, y: Tensor, matrix: Int8) -> Tensor:
    """Adds the product with y [rows, inputs] in place to x [rows, outputs], and returns it."""
    return x.add_(linear(y, matrix))


def can_int8() -> bool:
    """Whether this PyTorch can."""
    return _product is not None


def check_int8(device: torch.device) -> None:
    """Raises MusicRFMError where 8 bits would be of no use."""
    if device.type != "cpu":
        raise MusicRFMError(
            f"dtype int8 is for a CPU, where it is faster, not for {device}: take float16"
        )
    if not can_int8():
        raise MusicRFMError(f"dtype int8 needs PyTorch 2.4 or newer, not {torch.__version__}")


def quantised(weights: Weights) -> Weights:
    """The same with all matrices that a step reads in 8 bits."""
    across = ("to_attended", "to_prompted", "to_fed")  # these are transposed
    blocks = []
    for block in weights.blocks:
        plain = {name: getattr(block, name) for name in ("qkv", "prompt_q", "feed")}
        plain |= {
            name: part if (part := getattr(block, name)) is None else part.T for name in across
        }
        parts = {name: part if part is None else Int8.of(part) for name, part in plain.items()}
        blocks.append(replace(block, **parts))
    heads = Int8.of(weights.heads)
    return replace(weights, blocks=tuple(blocks), heads=heads, linear=linear, onto=onto)
