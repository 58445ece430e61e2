"""The decoder's matrices in 4 or 8 bits, packed as machine code reads them.

A step on a CPU mostly waits for its weights, so fewer bytes are faster. All matrices that a step
reads lie one behind the other in one piece of memory, in the order in which they are read; `table`
says where. Layouts are those of `musicrfm.kernels.dot`.

Embeddings, norms and what is read once a prompt stay as they are.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from musicrfm.kernels.lanes import GROUP, LANES
from musicrfm.weights.pages import Parts

# Columns of the table.
BITS, INPUTS, OUTPUTS, NUMBERS, SCALES = range(5)
# Matrices of a layer, as fields of `musicrfm.weights.decoder.Block`.
MATRICES = ("qkv", "to_attended", "prompt_q", "to_prompted", "feed", "to_fed")
# Factors of the plain scale of a group that are tried, to find the least squared error.
_FACTORS = np.linspace(0.76, 1.04, 15, dtype=np.float32)


@dataclass(frozen=True, eq=False)
class Packed:
    """memory: uint8. table: int64 [layers * 6 + 1, 5], a row for each matrix: bits, inputs and
    outputs (both with what fills them up), and at which bytes its numbers and scales begin. The
    last row is the heads'; a matrix that is not there has no outputs."""

    memory: np.ndarray
    table: np.ndarray


def pack(matrices: Iterable[tuple[Tensor | None, int]]) -> Packed:
    """Matrices [outputs, inputs] in the order they are read, and in how many bits, 4 or 8.

    The next matrix is taken when the one before is packed, so they need not exist together.
    """
    parts, rows = Parts(), []
    for matrix, bits in matrices:
        if matrix is None:
            rows.append((8, 0, 0, 0, 0))
            continue
        exact = filled(matrix.float().numpy())
        numbers, scales = packed4(exact) if bits == 4 else packed8(exact)
        rows.append((bits, exact.shape[1], exact.shape[0], parts.add(numbers), parts.add(scales)))
    return Packed(parts.whole(), np.array(rows, np.int64))


def filled_to(count: int, whole: int = GROUP) -> int:
    """The next multiple."""
    return -(-count // whole) * whole


def filled(matrix: np.ndarray) -> np.ndarray:
    """With zeros up to whole blocks and groups."""
    outputs, inputs = matrix.shape
    return np.pad(matrix, ((0, -outputs % LANES), (0, -inputs % GROUP)))


def packed8(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """int8 in its layout, and a scale an output, float32; the largest of each is at 127."""
    outputs, inputs = matrix.shape
    scale = np.maximum(np.abs(matrix).max(1) / 127, np.finfo(np.float32).tiny).astype(np.float32)
    numbers = np.clip(np.rint(matrix / scale[:, None]), -127, 127).astype(np.int8)
    numbers = numbers.reshape(outputs // LANES, LANES, inputs // 2, 2).transpose(0, 2, 1, 3)
    return np.ascontiguousarray(numbers), scale


def packed8_grouped(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """int8 in its layout, and a scale of each 32 inputs of an output, laid out as in 4 bits."""
    outputs, inputs = matrix.shape
    groups = matrix.reshape(outputs, -1, GROUP)
    bits = _bfloat16(np.abs(groups).max(2) * np.float32(1.004 / 127))
    scale = (bits.astype(np.uint32) << 16).view(np.float32)
    inverse = np.divide(1, scale, out=np.zeros_like(scale), where=scale != 0)
    numbers = np.clip(np.rint(groups * inverse[..., None]), -127, 127).astype(np.int8)
    numbers = numbers.reshape(outputs // LANES, LANES, inputs // 2, 2).transpose(0, 2, 1, 3)
    scales = bits.reshape(outputs // LANES, LANES, -1).transpose(0, 2, 1)
    return np.ascontiguousarray(numbers), np.ascontiguousarray(scales)


def packed4(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """uint16 of four numbers in its layout, and bfloat16 scales as uint16 in theirs."""
    outputs, inputs = matrix.shape
    numbers, scale = rounded4(matrix.reshape(-1, GROUP))
    scale = scale.reshape(outputs // LANES, LANES, -1).transpose(0, 2, 1)
    numbers = (numbers + 8).astype(np.uint16)
    numbers = numbers.reshape(outputs // LANES, LANES, inputs // 8, 4, 2).transpose(0, 2, 1, 3, 4)
    four = np.zeros((*numbers.shape[:3], 2), np.uint16)
    for q in range(4):
        four |= numbers[..., q, :] << 4 * q
    return four, np.ascontiguousarray(scale)


def rounded4(groups: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Numbers from -8 to 7 and a scale, bfloat16 as uint16, of each group [groups, 32].

    Of some scales near the one at which nothing is cut off, that with the least squared error. The
    largest of a group becomes -8, as there is one more number below zero than above.
    """
    from musicrfm.kernels.packed_step import rounded4 as rounded

    numbers, scales = np.empty(groups.shape, np.int8), np.empty(len(groups), np.uint16)
    rounded(np.ascontiguousarray(groups), _FACTORS, numbers, scales)
    return numbers, scales


def _bfloat16(numbers: np.ndarray) -> np.ndarray:
    """Rounded to the nearest, as uint16."""
    bits = np.ascontiguousarray(numbers, np.float32).view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)
