"""A large streaming codec with 8-bit matrices, on one or several threads.

For a packed model on a CPU: in float32, the codec would read half as many bytes per frame as the
whole decoder in 4 bits. See `musicrfm.kernels.packed_codec`.
"""

from __future__ import annotations

from functools import lru_cache
from types import ModuleType

import numpy as np
import torch
from torch import Tensor

from musicrfm.kernels.lanes import GROUP, LANES
from musicrfm.kernels.team import team
from musicrfm.runtime.codec import Conv, Residual, StreamingCodec, TransposedConv
from musicrfm.runtime.compiled_codec import LARGE, CompiledCodec, Program, codec_kernels
from musicrfm.weights.packed import filled_to, packed8_grouped
from musicrfm.weights.pages import Parts

SETS = 2  # of counters and states


def can_pack(codec: StreamingCodec) -> bool:
    """Whether machine code supports this codec and saves time."""
    if codec.table.device.type != "cpu" or packed_kernels() is None:
        return False
    convolutions = [conv for layer in codec.layers for conv in _convolutions(layer)]
    fits = all(c.dilation == 1 and not len(c.weight) % GROUP for c in convolutions)
    sizes = [layer.size for layer in codec.layers if hasattr(layer, "size")]
    fits = fits and all(not size % GROUP for size in sizes)
    return fits and sum(part.numel() for part in Program.of(codec).weights) >= LARGE


@lru_cache
def packed_kernels() -> ModuleType | None:
    """`musicrfm.kernels.packed_codec`, or None if machine code is not available."""
    if codec_kernels() is None:
        return None
    from musicrfm.kernels import packed_codec

    return packed_codec


class PackedCodec(CompiledCodec):
    """Replaces the given `StreamingCodec`, with 8-bit precision. Not thread-safe, although several
    threads share its work."""

    def _load(self, codec: StreamingCodec) -> None:
        k, kernels = codec_kernels(), packed_kernels()
        program = Program.of(codec)
        rows = np.array(program.rows, np.int64)
        starts = np.cumsum([0, *(part.numel() for part in program.weights)])
        number = {int(start): i for i, start in enumerate(starts[:-1])}
        assert k is not None and kernels is not None, "`can_pack` says so"
        parts, places = Parts(), []
        biases: list[np.ndarray] = []

        def matrix(i: int) -> int:
            places.append(_stored(parts, program.weights[i].numpy()))
            return len(places) - 1

        def bias(i: int) -> int:
            begin = sum(len(part) for part in biases)
            biases.append(program.weights[i].numpy())
            return begin

        for row in rows:
            if row[k.KIND] == k.LSTM:
                first = number[int(row[k.MATRIX])]
                layers = range(first, first + 3 * row[k.KEPT], 3)
                row[k.MATRIX] = [matrix(j) for i in layers for j in (i, i + 1)][0]
                row[k.BIAS] = [bias(i + 2) for i in layers][0]
            elif row[k.KIND] == k.CONV or row[k.TAPS]:
                row[k.BIAS] = bias(number[int(row[k.BIAS])])
                row[k.MATRIX] = matrix(number[int(row[k.MATRIX])])
        self._program, self._memory = rows, parts.whole()
        self._places, self._biases = np.array(places, np.int64), np.concatenate(biases)
        self._products, self._phases = _products(rows, codec.table.shape[1], codec.sides)
        sizes = [layer.size for layer in codec.layers if hasattr(layer, "size")]
        self._size = max([GROUP, *sizes])
        self._team, self._turn, self._kernels = team(torch.get_num_threads()), 0, kernels
        self._room = 0  # frames that there are buffers for

    def _run(self, rows: np.ndarray, state: np.ndarray) -> Tensor:
        frames = rows.shape[2]
        audio = np.empty((len(self._audio), frames * self.frame_size), np.float32)
        if frames > self._room:
            self._make_room(frames)
        rows, after = np.ascontiguousarray(rows), self._after[self._turn % SETS]
        self._turn += 1
        turn, turns, was = self._turn, self._turns[self._turn % SETS], state.copy()
        play, y, table, sides = self._kernels.play, self._y, self._table, self.codec.sides
        parts = (self._program, self._memory, self._places, self._biases)
        own, after[:] = self._own, state

        def work(thread: int) -> None:
            play(
                turn, thread == 0, turns, *parts, table, rows, was, after, sides, y, own[thread],
                audio,
            )  # fmt: skip

        self._team(work)
        state[:] = after
        return torch.from_numpy(audio)

    def _make_room(self, frames: int) -> None:
        self._room, n = frames, frames * self._widest
        self._y = np.zeros(frames * self._products, np.float32)
        self._after = [np.zeros_like(self._state_numbers) for _ in range(SETS)]
        phases, threads = frames * self._phases, self._team.threads
        self._turns = [self._kernels.counters(phases, threads) for _ in range(SETS)]
        self._own = [
            self._kernels.Buffers(
                *(np.zeros(n, np.float32) for _ in range(3)),
                np.zeros(n, np.int16),
                np.zeros(self._size, np.int16),
                np.zeros((2, self._size), np.float32),
                np.zeros(LANES, np.float32),
            )
            for _ in range(self._team.threads)
        ]


def _stored(parts: Parts, matrix: np.ndarray) -> tuple[int, int]:
    """Adds a matrix; the bytes at which its values and its scales will begin."""
    outputs = len(matrix)
    full = np.pad(matrix, ((0, filled_to(outputs, LANES) - outputs), (0, 0)))
    numbers, scales = packed8_grouped(full)
    return parts.add(numbers), parts.add(scales)


def _convolutions(layer: object) -> list[Conv]:
    if isinstance(layer, Residual):
        parts = (layer.first, layer.second, layer.shortcut)
        return [conv for conv in parts if conv is not None]
    if isinstance(layer, TransposedConv):
        return [layer.conv]
    return [layer] if isinstance(layer, Conv) else []


def _products(program: np.ndarray, channels: int, sides: int) -> tuple[int, int]:
    """Of a frame: numbers of all products, and how many products there are."""
    k, time, numbers, count = codec_kernels(), 1, 0, 0
    for row in program:
        if row[k.KIND] == k.LSTM:
            numbers, count = numbers + row[k.KEPT] * 4 * channels, count + row[k.KEPT]
        elif row[k.KIND] == k.CONV or (row[k.KIND] == k.ADD and row[k.TAPS]):
            numbers, count = numbers + time * filled_to(row[k.OUTPUTS], LANES), count + 1
        if row[k.KIND] == k.CONV:
            time, channels = time * row[k.STRIDE], row[k.OUTPUTS] // row[k.STRIDE]
    return int(sides * numbers), int(sides * count)
