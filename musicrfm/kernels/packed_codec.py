"""A large streaming codec in its steady state, as machine code for any number of threads.

Like `musicrfm.kernels.codec.play`, with 8-bit matrices in which each group of 32 inputs of an
output shares a scale, and 16-bit activations. Products are shared between threads as described in
`musicrfm.kernels.turns`; every thread does the rest for itself, in separate buffers.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from musicrfm.kernels.codec import (
    ADD,
    BIAS,
    CONV,
    ELU,
    HOLD,
    INPUTS,
    KEPT,
    KIND,
    LSTM,
    MATRIX,
    OUTPUTS,
    STATE,
    STRIDE,
    TAPS,
    elu,
    looked_up,
    tanh,
)
from musicrfm.kernels.dot import scaled8_one, scaled8_two
from musicrfm.kernels.lanes import GROUP, LANES
from musicrfm.kernels.packed_step import narrowed
from musicrfm.kernels.step import ONE, compiled, exp
from musicrfm.kernels.turns import begin, done, end, enter, leave, take, wait
from musicrfm.kernels.turns import counters as counters

WIDE, LONG = 64, 16  # outputs and windows per chunk
NUMBERS, SCALES = 0, 1


class Buffers(NamedTuple):
    """Of one thread, each large enough for any signal."""

    x: np.ndarray  # float32
    joined: np.ndarray  # float32
    held: np.ndarray  # float32
    narrow: np.ndarray  # int16
    second: np.ndarray  # int16 [size], of an LSTM
    state: np.ndarray  # float32 [2, size], of a layer of an LSTM
    eight: np.ndarray  # float32 [8]


@compiled
def joined_with(kept, after, leads, x, joined):
    """The stored samples followed by x, at the start of `joined`; the end of that is stored in
    `after`."""
    before, now = len(kept), len(x)
    joined[:before] = kept
    joined[before : before + now] = x
    if leads:
        after[:] = joined[now : before + now]


@compiled
def filled(outputs):
    return (outputs + LANES - 1) // LANES * LANES


@compiled
def multiply(memory, numbers, scales, first, last, apart, inputs, block, row, own, y):
    """Multiply the windows from `first` to `last` by a block of outputs, into y [windows, row]."""
    for t in range(first, last - 1, 2):
        window, to = own.narrow[t * apart :], y[t * row + block * LANES :]
        scaled8_two(memory, numbers, scales, window, inputs, to, row, apart)
    if (last - first) % 2:
        window, to = own.narrow[(last - 1) * apart :], y[(last - 1) * row + block * LANES :]
        scaled8_one(memory, numbers, scales, window, inputs, to, 0, 0)


@compiled
def convolve(turns, phase, memory, places, biases, op, x, count, own, y, there):
    """Multiply `count` windows of x by the matrix, into `there` [count, outputs]."""
    inputs, outputs, apart = op[TAPS] * op[INPUTS], op[OUTPUTS], op[INPUTS]
    groups, row = inputs // GROUP, filled(outputs)
    numbers, scales = places[op[MATRIX], NUMBERS], places[op[MATRIX], SCALES]
    size = (count - 1) * apart + inputs
    scale = narrowed(x[:size], own.narrow[:size])
    across, along = (outputs + WIDE - 1) // WIDE, (count + LONG - 1) // LONG
    while True:
        begun, ended = take(turns, phase, across * along)
        if begun == ended:
            break
        for chunk in range(begun, ended):
            first, last = chunk // across * LONG, min(count, (chunk // across + 1) * LONG)
            low = chunk % across * WIDE
            for block in range(low // LANES, min(row, low + WIDE) // LANES):
                here = numbers + block * LANES * inputs
                of_here = scales + block * 2 * LANES * groups
                multiply(memory, here, of_here, first, last, apart, inputs, block, row, own, y)
        done(turns, phase, ended - begun)
    wait(turns, phase, across * along)
    bias = biases[op[BIAS] : op[BIAS] + outputs]
    for t in range(count):
        for i in range(outputs):
            there[t * outputs + i] = y[t * row + i] * scale + bias[i]


@compiled
def gates(turns, phase, memory, input_places, state_places, bias, x, output, own, y):
    """The gates of an LSTM layer: both products and the bias, into y [4 * size]."""
    size = len(x)
    groups, outputs = size // GROUP, 4 * size
    scale = narrowed(x, own.narrow[:size])
    again = narrowed(output, own.second[:size])
    chunks = (outputs + WIDE - 1) // WIDE
    while True:
        begun, ended = take(turns, phase, chunks)
        if begun == ended:
            break
        for chunk in range(begun, ended):
            low = chunk * WIDE
            for block in range(low // LANES, min(outputs, low + WIDE) // LANES):
                place, of_place = block * LANES * size, block * 2 * LANES * groups
                numbers, scales = state_places[NUMBERS] + place, state_places[SCALES] + of_place
                scaled8_one(memory, numbers, scales, own.second, size, own.eight, 0, 0)
                numbers, scales = input_places[NUMBERS] + place, input_places[SCALES] + of_place
                to = y[block * LANES :]
                scaled8_one(memory, numbers, scales, own.narrow, size, to, 0, 0)
                for i in range(LANES):
                    at = block * LANES + i
                    y[at] = y[at] * scale + own.eight[i] * again + bias[at]
        done(turns, phase, ended - begun)
    wait(turns, phase, chunks)


@compiled
def remembered(
    turns, phase, memory, from_input, from_output, bias, time, output, cell, own, y
):  # fmt: skip
    """One LSTM layer over `own.joined` [time * channels], in place; a phase for each of `time`.

    output, cell: its state [channels], in place. y: for the gates, [time * 4 * channels].
    """
    channels = len(output)
    for t in range(time):
        one, y_of = own.joined[t * channels : (t + 1) * channels], y[4 * channels * t :]
        gates(turns, phase + t, memory, from_input, from_output, bias, one, output, own, y_of)
        for i in range(channels):
            let_in, keep = y_of[i], y_of[channels + i]
            out, new = y_of[2 * channels + i], tanh(y_of[3 * channels + i])
            cell[i] = cell[i] / (ONE + exp(-keep)) + new / (ONE + exp(-let_in))
            output[i] = tanh(cell[i]) / (ONE + exp(-out))
            one[i] = output[i]


@compiled
def play(
    turn, leads, turns, program, memory, places, biases, table, rows, state, after, sides, y, own,
    audio
):  # fmt: skip
    """Decode codes, given as `rows` of the table, int64 [sides, codebooks, frames], -1 for none.

    state: float32 [n], the previous one; the thread that `leads` writes the next one to `after`,
    and the audio [sides * channels, samples]. y: shared, float32, large enough for all products in
    sequence, because a thread may still read one product while others write the next.
    """
    if leads:
        begin(turns, turn)
    elif not enter(turns, turn):
        return
    phase = 0
    for side in range(sides):
        x, held = own.x, own.held
        time, channels = looked_up(table, rows[side], x)
        for op in program:
            size, kept = time * channels, op[KEPT] * channels
            place = op[STATE] + side * kept
            if op[KIND] == CONV:
                was, new = state[place : place + kept], after[place : place + kept]
                joined_with(was, new, leads, x[:size], own.joined)
                convolve(turns, phase, memory, places, biases, op, own.joined, time, own, y, x)
                y = y[time * filled(op[OUTPUTS]) :]
                phase += 1
                time, channels = time * op[STRIDE], op[OUTPUTS] // op[STRIDE]
            elif op[KIND] == ELU:
                elu(x[:size])
            elif op[KIND] == HOLD:
                was, new = state[place : place + kept], after[place : place + kept]
                joined_with(was, new, leads, x[:size], held)
            elif op[KIND] == ADD:
                if op[TAPS]:
                    convolve(turns, phase, memory, places, biases, op, held, time, own, y, held)
                    y = y[time * filled(op[OUTPUTS]) :]
                    phase += 1
                for i in range(size):
                    x[i] += held[i]
            elif op[KIND] == LSTM:
                own.joined[:size] = x[:size]
                for layer in range(op[KEPT]):
                    first = op[STATE] + (2 * layer * sides + side) * channels
                    second = first + sides * channels
                    output, cell = own.state[0, :channels], own.state[1, :channels]
                    output[:] = state[first : first + channels]
                    cell[:] = state[second : second + channels]
                    matrix, bias = op[MATRIX] + 2 * layer, op[BIAS] + 4 * channels * layer
                    remembered(
                        turns, phase, memory, places[matrix], places[matrix + 1],
                        biases[bias : bias + 4 * channels], time, output, cell, own, y,
                    )  # fmt: skip
                    y = y[4 * channels * time :]
                    phase += time
                    if leads:
                        after[first : first + channels] = output
                        after[second : second + channels] = cell
                for i in range(size):
                    x[i] += own.joined[i]
        if leads:
            each = audio.shape[0] // sides
            for channel in range(each):
                for t in range(time):
                    audio[side * each + channel, t] = x[t * channels + channel]
    if leads:
        end(turns, turn)
    else:
        leave(turns)
