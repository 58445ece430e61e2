"""The sound card's callback in machine code; it plays from `bridge.audio.deck`.

PortAudio calls it on a separate thread. It holds no lock, allocates nothing, and does not use
Python.
"""

from __future__ import annotations

import ctypes

import numba
import numpy as np
from numba import types

from bridge.audio.dsp import LIMIT
from bridge.audio.layout import (
    CALLED,
    CALLS,
    CHANNELS,
    DOWN,
    END,
    ENDED,
    FADE,
    FILTERS,
    FLOATS,
    HEADER,
    LARGEST,
    LEVEL,
    MASK,
    OUTPUTS,
    PHASE,
    PLAYING,
    POSITION,
    TAPS,
    UNDERFLOW,
    UNDERRUNS,
    UP,
    XRUNS,
)
from musicrfm.kernels.cache import forgive

forgive()
ROOM = 1.0 - LIMIT
ULONG = types.uint32 if ctypes.sizeof(ctypes.c_ulong) == 4 else types.uint64
POINTER = types.voidptr
CALLBACK = types.int32(POINTER, POINTER, ULONG, POINTER, ULONG, POINTER)


@numba.njit(cache=True, error_model="numpy")  # no division is by 0, and none is checked
def play(n, memory, out):
    """`deck.play_with_numpy`, sample by sample. n: int64 [HEADER]; the rest as there."""
    position, phase, level = n[POSITION], n[PHASE], n[LEVEL]
    end, fade, up, down = n[END], n[FADE], n[UP], n[DOWN]
    taps, mask, channels = n[TAPS], n[MASK], n[CHANNELS]
    frames, outputs = out.shape
    mix = FILTERS + up * taps
    sound = mix + outputs * channels
    for i in range(frames):
        for output in range(outputs):
            out[i, output] = 0.0
        left = (end - position) * up - phase
        if n[PLAYING] and left <= 0:
            n[PLAYING] = 0
            n[UNDERRUNS] += 1 - n[ENDED]
        if not n[PLAYING]:
            level = 0
            continue
        level = min(level + 1, fade)
        if not n[ENDED]:
            level = min(level, left // down)
        first, weights = position - taps // 2 + 1, FILTERS + phase * taps
        for channel in range(channels):
            total = np.float32(0.0)
            for k in range(taps):
                at = sound + ((first + k) & mask) * channels + channel
                total += memory[weights + k] * memory[at]
            for output in range(outputs):
                share = memory[mix + output * channels + channel]
                if share != 0.0:
                    out[i, output] += share * total
        gain = level / fade
        for output in range(outputs):
            value = out[i, output]
            if abs(value) > LIMIT:
                bent = LIMIT + ROOM * np.tanh((abs(value) - LIMIT) / ROOM)
                value = bent if value > 0.0 else -bent
            out[i, output] = value * gain
        phase += down
        position += phase // up
        phase %= up
    n[LEVEL], n[PHASE] = level, phase
    n[POSITION] = position


@numba.cfunc(CALLBACK, nopython=True, cache=True)
def serve(_, out, frames, time, flags, deck):
    """PortAudio's `PaStreamCallback`. deck: `Deck.address`."""
    n = numba.carray(deck, (HEADER,), np.int64)
    count = np.int64(frames)
    n[CALLS] += 1
    n[CALLED] = np.int64(1e9 * numba.carray(time, (3,), np.float64)[1])  # its currentTime
    n[LARGEST] = max(n[LARGEST], count)
    if flags & UNDERFLOW:
        n[XRUNS] += 1
    memory = numba.carray(deck, (n[FLOATS],), np.float32)
    play(n, memory, numba.carray(out, (count, n[OUTPUTS]), np.float32))
    return 0  # paContinue
