"""Predicts the speed of a model on this computer from its shape: some layers are timed with
meaningless weights.

Their memory layout, and the number of bytes read, equal those of the real model, and so does the
time.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from musicrfm.kernels.lanes import LANES
from musicrfm.runtime.codec import StreamingCodec
from musicrfm.runtime.decoder import Push, StepDecoder
from musicrfm.runtime.defaults import KEPT_PART
from musicrfm.runtime.packed import AT_ONCE, PackedDecoder
from musicrfm.weights.cost import Shape
from musicrfm.weights.decoder import Block, Weights
from musicrfm.weights.packed import Packed, filled_to

READ = 100e6  # bytes of weights in the layers that are timed: more than a CPU caches
STEPS = 6
FRAMES = 8
ELSEWHERE = 0.0007  # seconds a frame for sampling and the rest, as measured with nano
REREAD = 1 / (KEPT_PART - 1)  # positions read again for each new one
PATTERN = 0x3C  # of all bytes: a small number in every format


@dataclass(frozen=True)
class Forecast:
    """step: seconds per step, by number of earlier positions, with and without guidance.

    codec: seconds per frame. reading: seconds per position of the next window that is prefilled,
    with and without guidance. share: of its threads' time that this process had during the steps,
    0 to 1; well below 1 where other programs were busy.
    """

    dtype: str
    threads: int
    step: dict[tuple[int, bool], float]
    codec: float
    reading: dict[bool, float]
    share: float = 1.0

    def frame(self, positions: int, guided: bool = True) -> float:
        """Seconds per frame, for one of the numbers of positions, from one turn of the window to
        the next."""
        again = REREAD * self.reading[guided]
        return self.step[positions, guided] + again + self.codec + ELSEWHERE

    def speed(self, positions: int, guided: bool = True) -> float:
        """Multiple of real time, for one of the numbers of positions."""
        return 1 / (50 * self.frame(positions, guided))


@dataclass(frozen=True)
class StandIn:
    """A model as `PackedDecoder` needs it."""

    layers: int
    width: int
    heads: int
    codebooks: int
    codes: int
    window: int
    decoder_weights: Weights
    lead: int = 0
    small: bool = False
    device: torch.device = torch.device("cpu")
    dtype: torch.dtype = torch.bfloat16
    start_code: int = 0

    @property
    def delays(self) -> list[int]:
        return list(range(self.codebooks))


def forecast(shape: Shape, dtype: str, positions: tuple[int, ...], codec: float) -> Forecast:
    """dtype: int4 or int8. positions: that were read before, each is timed. On as many threads as
    PyTorch has. codec: see `codec_seconds`."""
    bits = {"int4": 4, "int8": 8}[dtype]
    heads = shape.codebooks * shape.codes * shape.width
    layer_bytes = (shape.read_weights - heads) / shape.layers * bits / 8
    layers = min(shape.layers, math.ceil(READ / layer_bytes))
    decoder = PackedDecoder(stand_in(shape, layers, bits, max(*positions, AT_ONCE) + 1))
    codes = torch.zeros(shape.codebooks, 1, dtype=torch.long)
    push = Push(torch.zeros(layers, shape.width))
    decoder.steer(push)
    step, reading, threads = {}, {}, torch.get_num_threads()
    began, used = time.monotonic(), time.process_time()
    for guided in (True, False):
        decoder.guided = guided
        for place in positions:
            seconds = _best(lambda place=place: decoder.step(codes, place), STEPS)
            step[place, guided] = seconds * shape.layers / layers
        reading[guided] = reading_seconds(decoder, push) * shape.layers / layers
    share = min(1.0, (time.process_time() - used) / (time.monotonic() - began) / threads)
    return Forecast(dtype, threads, step, codec, reading, share)


def reading_seconds(decoder: StepDecoder, push: Push) -> float:
    """Time per position of the next window that is prefilled, in parts as at a turn of the window;
    the decoder has room for one part."""
    codes = torch.zeros(decoder.codebooks, AT_ONCE, dtype=torch.long)
    return _best(lambda: decoder.prefill(codes, [push] * AT_ONCE), STEPS) / AT_ONCE


def codec_seconds(codec: nn.Module, codebooks: int, stereo: bool) -> float:
    """Time per frame of a `transformers` codec; independent of its weights."""
    stream = StreamingCodec(codec, codebooks, stereo)
    codes = torch.zeros(codebooks, 1, dtype=torch.long)
    for _ in range(FRAMES):  # until the steady state
        stream.push(codes)
    return _best(lambda: stream.push(codes), FRAMES)


def _best(work, times: int) -> float:
    best = math.inf
    for _ in range(times):
        began = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - began)
    return best


def stand_in(shape: Shape, layers: int, bits: int, window: int) -> StandIn:
    """A model of this shape, with so many layers and positions, and meaningless weights."""
    width, wide = shape.width, shape.wide
    of_layer = [(3 * width, width), (width, width)]
    of_layer += [(width, width) if shape.prompted else (0, 0)] * 2
    of_layer += [(wide, width), (width, wide)]
    matrices = of_layer * layers + [(shape.codebooks * shape.codes, width)]
    rows, size = [], 0
    for outputs, inputs in matrices:
        outputs, inputs = filled_to(outputs, LANES), filled_to(inputs)
        numbers = size
        scales = numbers + outputs * inputs * bits // 8
        size = scales + (outputs * inputs // 16 if bits == 4 else 4 * outputs)
        rows.append((bits, inputs, outputs, numbers, scales))
    memory = np.full(size, PATTERN, np.uint8)
    weight, bias = torch.ones(width), torch.zeros(width)
    norm = ((width,), weight, bias, 1e-5)
    none = torch.zeros(0, width, dtype=torch.bfloat16)
    block = Block(
        norm, none, none, norm, none, none, none, none, norm, none, nn.functional.gelu, none
    )
    weights = Weights(
        torch.zeros(shape.codebooks, width, dtype=torch.bfloat16),
        torch.arange(shape.codebooks)[:, None],
        torch.zeros(window, width, dtype=torch.bfloat16),
        (block,) * layers,
        norm,
        torch.zeros(shape.codebooks * shape.codes, 0, dtype=torch.bfloat16),
        packed=Packed(memory, np.array(rows, np.int64)),
    )
    return StandIn(layers, width, shape.heads, shape.codebooks, shape.codes, window, weights)
