"""A streaming codec in its steady state, as machine code for one CPU thread.

A codec is a list of operations on a signal [time, channels]. Each operation names the position of
its weights, and the position of its memory in the codec's state. See
`musicrfm.runtime.compiled_codec`.
"""

from __future__ import annotations

import numpy as np

from musicrfm.kernels.step import ONE, ZERO, compiled, exp

CONV, ELU, HOLD, ADD, LSTM = range(5)  # kinds of operations
# A row of a program: the kind; the positions of the matrix [outputs, taps * inputs] and the bias;
# the shape of the matrix; the number of output samples per input sample; the position and number
# of stored samples in the state, or, for an LSTM, its number of layers.
KIND, MATRIX, BIAS, TAPS, DILATION, INPUTS, OUTPUTS, STRIDE, STATE, KEPT = range(10)
COLUMNS = 10


@compiled
def looked_up(table, rows, x):
    """Sum the codebook vectors of codes [codebooks, frames] into x [frames * width]; (frames,
    width)."""
    frames, width = rows.shape[1], table.shape[1]
    for frame in range(frames):
        for i in range(width):
            total = ZERO
            for row in rows[:, frame]:
                if row >= 0:
                    total += table[row, i]
            x[frame * width + i] = total
    return frames, width


@compiled
def play(program, weights, table, rows, state, sides, x, y, joined, held, audio):
    """Decode codes, given as `rows` of the table, int64 [sides, codebooks, frames], -1 for none.

    state: float32 [n], overwritten, as are the buffers x, y, joined and held, which must be large
    enough for any signal. audio: [sides * channels, samples], written.
    """
    for side in range(sides):
        time, channels = looked_up(table, rows[side], x)
        for op in program:
            size = time * channels
            place = op[STATE] + side * op[KEPT] * channels  # of a convolution, and what is held
            if op[KIND] == CONV:
                joined_with(state[place : place + op[KEPT] * channels], x[:size], joined)
                convolve(op, weights, joined, time, y)
                x, y = y, x
                time, channels = time * op[STRIDE], op[OUTPUTS] // op[STRIDE]
            elif op[KIND] == ELU:
                elu(x[:size])
            elif op[KIND] == HOLD:
                joined_with(state[place : place + op[KEPT] * channels], x[:size], held)
            elif op[KIND] == ADD:
                if op[TAPS]:
                    convolve(op, weights, held, time, y)
                    held, y = y, held
                for i in range(size):
                    x[i] += held[i]
            elif op[KIND] == LSTM:
                for t in range(time):
                    one = x[t * channels : (t + 1) * channels]
                    lstm(op, weights, state, side, sides, one, y)
        each = audio.shape[0] // sides
        for channel in range(each):
            for t in range(time):
                audio[side * each + channel, t] = x[t * channels + channel]


@compiled
def joined_with(kept, x, joined):
    """The stored samples followed by x, at the start of `joined`; the end of that is stored for the
    next call."""
    before, now = len(kept), len(x)
    joined[:before] = kept
    joined[before : before + now] = x
    kept[:] = joined[now : before + now]


@compiled
def convolve(op, weights, x, count, y):
    """As `musicrfm.runtime.codec.Conv`: multiply `count` windows of x by the matrix."""
    taps, dilation, inputs, outputs = op[TAPS], op[DILATION], op[INPUTS], op[OUTPUTS]
    matrix = weights[op[MATRIX] : op[MATRIX] + outputs * taps * inputs]
    matrix = matrix.reshape(outputs, taps * inputs)
    bias = weights[op[BIAS] : op[BIAS] + outputs]
    if dilation == 1:
        products(x, inputs, count, matrix, bias, y)
        return
    windows = np.empty(count * taps * inputs, np.float32)
    for t in range(count):
        for tap in range(taps):
            here, there = (t + tap * dilation) * inputs, (t * taps + tap) * inputs
            windows[there : there + inputs] = x[here : here + inputs]
    products(windows, taps * inputs, count, matrix, bias, y)


@compiled
def products(x, apart, count, matrix, bias, y):
    """bias + matrix @ window for `count` windows of x that start every `apart` values."""
    m, n = matrix.shape
    for t in range(count):
        window, to = x[t * apart : t * apart + n], t * m
        for i in range(0, m - 3, 4):
            a, b, c, d = matrix[i], matrix[i + 1], matrix[i + 2], matrix[i + 3]
            to_a = to_b = to_c = to_d = ZERO
            for j in range(n):
                to_a += a[j] * window[j]
                to_b += b[j] * window[j]
                to_c += c[j] * window[j]
                to_d += d[j] * window[j]
            y[to + i], y[to + i + 1] = to_a + bias[i], to_b + bias[i + 1]
            y[to + i + 2], y[to + i + 3] = to_c + bias[i + 2], to_d + bias[i + 3]
        for i in range(m - m % 4, m):
            to_a = ZERO
            for j in range(n):
                to_a += matrix[i, j] * window[j]
            y[to + i] = to_a + bias[i]


@compiled
def lstm(op, weights, state, side, sides, x, spare):
    """As `musicrfm.runtime.codec.Lstm`, for one sample [size]: x becomes x plus the output.

    Each layer has the gates' matrices for the input and for its previous output, and the bias; its
    state is the outputs of all sides followed by their cell states.
    """
    size = len(x)
    block = 4 * size * size
    from_input, gates, more = spare[:size], spare[size : 5 * size], spare[5 * size : 9 * size]
    from_input[:] = x
    for layer in range(op[KEPT]):
        first = op[MATRIX] + layer * (2 * block + 4 * size)
        second, bias = first + block, weights[first + 2 * block : first + 2 * block + 4 * size]
        place = op[STATE] + (2 * layer * sides + side) * size
        output = state[place : place + size]
        memory = state[place + sides * size : place + sides * size + size]
        matrix = weights[first:second].reshape(4 * size, size)
        products(from_input, 0, 1, matrix, bias, gates)
        matrix = weights[second : second + block].reshape(4 * size, size)
        products(output, 0, 1, matrix, gates, more)
        for i in range(size):
            let_in, keep, out = more[i], more[size + i], more[2 * size + i]
            new = tanh(more[3 * size + i]) / (ONE + exp(-let_in))
            memory[i] = memory[i] / (ONE + exp(-keep)) + new
            output[i] = tanh(memory[i]) / (ONE + exp(-out))
            from_input[i] = output[i]
    for i in range(size):
        x[i] += from_input[i]


@compiled
def elu(x):
    """In place, [n]."""
    for i in range(len(x)):
        x[i] = x[i] if x[i] > ZERO else exp(x[i]) - ONE


@compiled
def tanh(x):
    return ONE - np.float32(2) / (exp(x + x) + ONE)
