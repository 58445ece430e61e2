"""The decoder's matrices in 8 bits: a step on a CPU mostly waits for its weights, so fewer bytes
are faster. Each row of a matrix has a scale of its own; all that is computed stays bfloat16.

Only matrices that every step reads are quantised. Embeddings, norms and what is read once a prompt
stay as they are. What it costs in precision and brings in speed is in `docs/performance.md`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from musicrfm.errors import MusicRFMError
from musicrfm.weights.decoder import Block, Norm, Weights

FEW = 16  # rows of input: up to here, reading the matrix takes longest, beyond it the arithmetic
_AMX = getattr(torch.cpu, "_is_amx_tile_supported", lambda: False)()
MANY = torch.bfloat16 if _AMX else torch.float32  # in which arithmetic is fastest here
_product: Any = getattr(torch, "_weight_int8pack_mm", None)


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
        raise MusicRFMError(f"dtype int8 is for CPUs, not for {device}: use float16")
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
        parts: dict[str, Any] = {
            name: part if part is None else Int8.of(part) for name, part in plain.items()
        }
        blocks.append(replace(block, **parts))
    heads = Int8.of(weights.heads)
    return replace(weights, blocks=tuple(blocks), heads=heads, linear=linear, onto=onto)


def widened(weights: Weights) -> Weights:
    """The same weights in float32, nothing lost, whatever they are kept in."""

    def exact(matrix: Tensor | Int8 | None) -> Tensor | None:
        if isinstance(matrix, Int8):
            return matrix.numbers.float() * matrix.scale.float()[:, None]
        return None if matrix is None else matrix.float()

    def across(matrix: Tensor | Int8 | None) -> Tensor | None:
        found = exact(matrix)
        return found.T if found is not None and isinstance(matrix, Int8) else found

    def norm(parts: Norm) -> Norm:
        return parts[0], parts[1].float(), parts[2].float(), parts[3]

    def block(one: Block) -> Block:
        norms = ("attention_norm", "prompt_norm", "feed_norm")
        own: dict[str, Norm | None] = {name: getattr(one, name) for name in norms}
        parts: dict[str, Any] = {name: found and norm(found) for name, found in own.items()}
        for name in ("qkv", "prompt_q", "prompt_k", "prompt_v", "feed"):
            parts[name] = exact(getattr(one, name))
        for name in ("to_attended", "to_prompted", "to_fed"):
            parts[name] = across(getattr(one, name))
        return replace(one, **parts)

    return replace(
        weights,
        embedding=weights.embedding.float(),
        positions=weights.positions.float(),
        blocks=tuple(map(block, weights.blocks)),
        norm=norm(weights.norm),
        heads=exact(weights.heads),
        linear=F.linear,
        onto=Tensor.addmm_,
    )
