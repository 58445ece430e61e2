"""A streaming codec in machine code, for a CPU; see `musicrfm.kernels.codec`.

Like `StaticCodec`, it leaves the first frames of a piece and the end to `StreamingCodec`, and keeps
the state between them in one buffer.
"""

from __future__ import annotations

from functools import lru_cache
from types import ModuleType

import numpy as np
import torch
from torch import Tensor

from musicrfm.kernels.available import kernels
from musicrfm.runtime.codec import Conv, Elu, Layer, Lstm, Residual, StreamingCodec, TransposedConv
from musicrfm.runtime.graphs import Recorder
from musicrfm.runtime.static_codec import StaticCodec

LARGE = 4 * 2**20  # number of weights above which PyTorch with several threads is faster


def can_compile(codec: StreamingCodec) -> bool:
    """Whether machine code supports this codec and is faster than PyTorch."""
    if codec.table.device.type != "cpu" or kernels() is None:
        return False
    return sum(part.numel() for part in Program.of(codec).weights) < LARGE


@lru_cache
def codec_kernels() -> ModuleType:
    """`musicrfm.kernels.codec`, if machine code is available."""
    from musicrfm.kernels import codec as codec_kernels

    return codec_kernels


class CompiledCodec(StaticCodec):
    """Replaces the given `StreamingCodec`. Not thread-safe."""

    def __init__(self, codec: StreamingCodec) -> None:
        super().__init__(codec, Recorder("cpu"))
        self._load(codec)
        self._widest = _widest(self._program, codec.table.shape[1])
        self._table, self._state_numbers = codec.table.numpy(), self._numbers.numpy()
        self._first_row = codec.first_row.numpy()
        self._buffers: list[np.ndarray] = []
        # Compile now, not during the music.
        self._even_peek(self._codes, torch.ones_like(self._codes, dtype=torch.bool), 0)

    def _load(self, codec: StreamingCodec) -> None:
        self._play = codec_kernels().play
        program = Program.of(codec)
        self._program = np.array(program.rows, np.int64)
        self._weights = np.concatenate([part.flatten().numpy() for part in program.weights])

    def _even_frame(self, codes: Tensor) -> Tensor:
        return self._run(self._rows(codes), self._state_numbers)

    def _even_peek(self, codes: Tensor, known: Tensor, hold: int) -> Tensor:
        rows = np.where(self._by_side(known), self._rows(codes), -1)
        if hold:
            rows = np.concatenate([rows, np.repeat(rows[:, :, -1:], hold, 2)], 2)
        return self._run(rows, self._state_numbers.copy())

    def _rows(self, codes: Tensor) -> np.ndarray:
        """The positions of the codes in the table, [sides, codebooks, frames]."""
        return self._by_side(codes) + self._first_row

    def _by_side(self, codes: Tensor) -> np.ndarray:
        """[codebooks, frames], of which left and right alternate -> [sides, codebooks, frames]"""
        return codes.numpy().reshape(-1, self.codec.sides, codes.shape[1]).swapaxes(0, 1)

    def _run(self, rows: np.ndarray, state: np.ndarray) -> Tensor:
        frames = rows.shape[2]
        audio = np.empty((len(self._audio), frames * self.frame_size), np.float32)
        if not self._buffers or len(self._buffers[0]) < frames * self._widest:
            self._buffers = [np.zeros(frames * self._widest, np.float32) for _ in range(4)]
        rows = np.ascontiguousarray(rows)
        sides = self.codec.sides
        self._play(
            self._program, self._weights, self._table, rows, state, sides, *self._buffers, audio
        )
        return torch.from_numpy(audio)


class Program:
    """A codec's layers as `rows` for `musicrfm.kernels.codec`, and their `weights`.

    Positions in the state follow the order of `StaticCodec`'s buffer.
    """

    def __init__(self, sides: int) -> None:
        self.sides = sides
        self.rows: list[list[int]] = []
        self.weights: list[Tensor] = []
        self._weight = self._place = 0

    @classmethod
    def of(cls, codec: StreamingCodec) -> Program:
        program = cls(codec.sides)
        for layer in codec.layers:
            program.add(layer)
        return program

    def add(self, layer: Layer) -> None:
        if isinstance(layer, Conv):
            self._convolution(codec_kernels().CONV, layer)
        elif isinstance(layer, TransposedConv):
            self._convolution(codec_kernels().CONV, layer.conv, layer.stride)
        elif isinstance(layer, Elu):
            self._row(codec_kernels().ELU)
        elif isinstance(layer, Lstm):
            self._lstm(layer)
        elif isinstance(layer, Residual):
            self._residual(layer)

    def _residual(self, layer: Residual) -> None:
        # What waits comes after the first convolution's tail in the state.
        channels = layer.first.weight.shape[0] // layer.first.taps
        tail = layer.first.span * channels * self.sides
        self._row(
            codec_kernels().HOLD, INPUTS=channels, STATE=self._place + tail, KEPT=layer.first.right
        )
        self._row(codec_kernels().ELU)
        self._convolution(codec_kernels().CONV, layer.first)
        self._place += layer.first.right * channels * self.sides
        self._row(codec_kernels().ELU)
        self._convolution(codec_kernels().CONV, layer.second)
        if layer.shortcut is None:
            self._row(codec_kernels().ADD)
        else:
            self._convolution(codec_kernels().ADD, layer.shortcut)

    def _convolution(self, kind: int, conv: Conv, stride: int = 1) -> None:
        inputs, outputs = conv.weight.shape[0] // conv.taps, conv.weight.shape[1]
        matrix, bias = self._weigh(conv.weight.T), self._weigh(conv.bias)
        shape = {"TAPS": conv.taps, "DILATION": conv.dilation, "INPUTS": inputs}
        shape |= {"OUTPUTS": outputs, "STRIDE": stride}
        self._row(kind, MATRIX=matrix, BIAS=bias, STATE=self._place, KEPT=conv.span, **shape)
        self._place += conv.span * inputs * self.sides

    def _lstm(self, lstm: Lstm) -> None:
        first = self._weight
        for from_input, from_state, bias in lstm.layers:
            for part in (from_input.T, from_state.T, bias):
                self._weigh(part)
        layers = len(lstm.layers)
        self._row(codec_kernels().LSTM, MATRIX=first, STATE=self._place, KEPT=layers)
        self._place += 2 * layers * lstm.size * self.sides

    def _weigh(self, part: Tensor) -> int:
        """Append weights; returns their position."""
        first, self._weight = self._weight, self._weight + part.numel()
        self.weights.append(part)
        return first

    def _row(self, kind: int, **columns: int) -> None:
        row = [0] * codec_kernels().COLUMNS
        row[codec_kernels().KIND] = kind
        for name, value in columns.items():
            row[getattr(codec_kernels(), name)] = value
        self.rows.append(row)


def _widest(program: np.ndarray, channels: int) -> int:
    """Size of the largest signal of a frame, including stored samples before it."""
    k, time, widest = codec_kernels(), 1, channels
    for row in program:
        if row[k.KIND] in (k.CONV, k.HOLD):
            widest = max(widest, (time + row[k.KEPT]) * row[k.INPUTS])
        if row[k.KIND] in (k.CONV, k.ADD):
            widest = max(widest, time * row[k.OUTPUTS])
        if row[k.KIND] == k.CONV:
            time, channels = time * row[k.STRIDE], row[k.OUTPUTS] // row[k.STRIDE]
        if row[k.KIND] == k.LSTM:
            widest = max(widest, 9 * channels)
    return int(widest)
