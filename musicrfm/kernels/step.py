"""A step of a small decoder, as machine code for one CPU thread.

A step is a hundred operations of some microseconds each, so PyTorch would spend most of its time on
starting them. Here numba compiles the whole of it: numbers are float32 throughout; matrices, cache
and the rest may be stored as float32 or bfloat16 (seen as uint16), and are widened as they are
read. Nothing is allocated but a few small buffers, and Python's lock is not held.

Rounding differs from PyTorch's in the last bits. Infinities and NaN propagate to the logits.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic, overload

from musicrfm.kernels.cache import forgive

forgive()

# Sums may be taken in any order, which is what makes them fast. No assumption about NaN.
_FAST = {"reassoc", "contract", "nsz", "arcp"}
compiled = njit(fastmath=_FAST, nogil=True, error_model="numpy", cache=True)

ZERO, ONE = np.float32(0), np.float32(1)
TINY = np.finfo(np.float32).tiny


class Matrices(NamedTuple):
    """All weights of a step; matrices are [layers, outputs, inputs].

    Without cross-attention, its matrices are [layers, 0, 0].
    """

    norms: np.ndarray  # float32 [layers, 6, width]: weight and bias of a layer's three norms
    qkv: np.ndarray
    attended: np.ndarray
    prompt_q: np.ndarray
    prompted: np.ndarray
    feed: np.ndarray
    fed: np.ndarray
    embedding: np.ndarray  # [codebooks * (codes + 1), width]
    positions: np.ndarray  # [positions, width]
    norm: np.ndarray  # float32 [2, width]
    heads: np.ndarray  # [codebooks * codes, width]
    epsilon: np.float32  # of all norms


class Scratch(NamedTuple):
    """Buffers of a step, float32, [rows, ...]; the last one holds the result."""

    hidden: np.ndarray  # [rows, width]
    normed: np.ndarray  # [rows, width]
    qkv: np.ndarray  # [rows, 3 * width]
    attended: np.ndarray  # [rows, width]
    query: np.ndarray  # [1, width]
    fed: np.ndarray  # [rows, feed width]
    scores: np.ndarray  # [positions or tokens]
    logits: np.ndarray  # [rows, codebooks * codes]


@intrinsic
def _as_float(typing, bits):
    def build(context, builder, signature, arguments):
        return builder.bitcast(arguments[0], ir.FloatType())

    return types.float32(types.uint32), build


@intrinsic
def _as_bits(typing, number):
    def build(context, builder, signature, arguments):
        return builder.bitcast(arguments[0], ir.IntType(32))

    return types.uint32(types.float32), build


def _widen(number):
    """As float32; a uint16 is a bfloat16."""


@overload(_widen, inline="always")
def _(number):
    if number == types.uint16:
        return lambda number: _as_float(np.uint32(number) << np.uint32(16))
    return lambda number: np.float32(number)


def _put(there, place, number):
    """Write a float32 to an array of the type that `_widen` reads, rounded to nearest."""


@overload(_put, inline="always")
def _(there, place, number):
    if there.dtype == types.uint16:

        def put(there, place, number):
            bits = _as_bits(number)
            odd = (bits >> np.uint32(16)) & np.uint32(1)
            rounded = (bits + np.uint32(0x7FFF) + odd) >> np.uint32(16)
            there[place] = np.uint16(rounded)

        return put

    def put_plain(there, place, number):
        there[place] = number

    return put_plain


@compiled
def exp(x):
    """e ** x, float32, with relative error 5e-7; below -87 a tiny positive number."""
    near = x if x > np.float32(-87.0) else np.float32(-87.0)
    near = near if near < np.float32(88.0) else np.float32(88.0)
    power = np.floor(near * np.float32(1.4426950408889634) + np.float32(0.5))
    rest = near - power * np.float32(0.6931471805599453)
    # The series of e ** rest, which is within 0.35.
    series = np.float32(1 / 720)
    series = series * rest + np.float32(1 / 120)
    series = series * rest + np.float32(1 / 24)
    series = series * rest + np.float32(1 / 6)
    series = series * rest + np.float32(0.5)
    series = series * rest + ONE
    series = series * rest + ONE
    result = series * _as_float(np.uint32(np.int32(power) + 127) << np.uint32(23))
    return result if x == x else x


@compiled
def gelu(x):
    """x * (1 + erf(x / sqrt(2))) / 2, in place, float32 [n].

    erf: Abramowitz and Stegun 1964, 7.1.26, to 1.5e-7.
    """
    for i in range(len(x)):
        z = x[i] * np.float32(0.7071067811865476)
        size = z if z > ZERO else -z
        t = ONE / (ONE + np.float32(0.3275911) * size)
        series = np.float32(1.061405429)
        series = series * t + np.float32(-1.453152027)
        series = series * t + np.float32(1.421413741)
        series = series * t + np.float32(-0.284496736)
        series = series * t + np.float32(0.254829592)
        rest = series * t * exp(-z * z)  # 1 - erf(size)
        x[i] *= np.float32(0.5) * (rest if z < ZERO else np.float32(2.0) - rest)


@compiled
def product(x, matrix, y):
    """y = matrix @ x: [n], [m, n] and [m]."""
    m, n = matrix.shape
    for i in range(0, m - 3, 4):
        a, b, c, d = matrix[i], matrix[i + 1], matrix[i + 2], matrix[i + 3]
        to_a = to_b = to_c = to_d = ZERO
        for j in range(n):
            to_a += _widen(a[j]) * x[j]
            to_b += _widen(b[j]) * x[j]
            to_c += _widen(c[j]) * x[j]
            to_d += _widen(d[j]) * x[j]
        y[i], y[i + 1], y[i + 2], y[i + 3] = to_a, to_b, to_c, to_d
    for i in range(m - m % 4, m):
        to_a = ZERO
        for j in range(n):
            to_a += _widen(matrix[i, j]) * x[j]
        y[i] = to_a


@compiled
def product_of_two(x, matrix, y):
    """As `product` for two rows at once, [2, n] and [2, m]: the matrix is read once only."""
    m, n = matrix.shape
    x0, x1, y0, y1 = x[0], x[1], y[0], y[1]
    for i in range(0, m - 3, 4):
        a, b, c, d = matrix[i], matrix[i + 1], matrix[i + 2], matrix[i + 3]
        a0 = a1 = b0 = b1 = c0 = c1 = d0 = d1 = ZERO
        for j in range(n):
            p, q = x0[j], x1[j]
            w = _widen(a[j])
            a0 += w * p
            a1 += w * q
            w = _widen(b[j])
            b0 += w * p
            b1 += w * q
            w = _widen(c[j])
            c0 += w * p
            c1 += w * q
            w = _widen(d[j])
            d0 += w * p
            d1 += w * q
        y0[i], y0[i + 1], y0[i + 2], y0[i + 3] = a0, b0, c0, d0
        y1[i], y1[i + 1], y1[i + 2], y1[i + 3] = a1, b1, c1, d1
    for i in range(m - m % 4, m):
        a0 = a1 = ZERO
        for j in range(n):
            w = _widen(matrix[i, j])
            a0 += w * x0[j]
            a1 += w * x1[j]
        y0[i], y1[i] = a0, a1


@compiled
def linear(x, matrix, y):
    """y = x @ matrix.T for one or two rows."""
    if len(x) == 2:
        product_of_two(x, matrix, y)
    else:
        product(x[0], matrix, y[0])


@compiled
def onto(x, matrix, spare, there):
    """Add the result of `linear` to `there`; `spare` has its shape and is overwritten."""
    linear(x, matrix, spare)
    for row in range(len(x)):
        for i in range(there.shape[1]):
            there[row, i] += spare[row, i]


@compiled
def norm(x, weight, bias, epsilon, y):
    """Layer normalisation of each row, [rows, width]."""
    rows, width = x.shape
    for row in range(rows):
        mean = ZERO
        for i in range(width):
            mean += x[row, i]
        mean /= np.float32(width)
        spread = ZERO
        for i in range(width):
            spread += (x[row, i] - mean) ** 2
        # Where the deviation is infinite, 0 would hide the error.
        gain = ONE / np.sqrt(spread / np.float32(width) + epsilon) + ZERO * spread
        for i in range(width):
            y[row, i] = (x[row, i] - mean) * gain * weight[i] + bias[i]


@compiled
def attend(query, keys, values, bias, scores, y):
    """Attention of one head: [size], [n, size] twice, [n], or [0] without a bias; y is [size].

    Overwrites `scores`, [n] or longer.
    """
    n, size = keys.shape
    product(query, keys, scores)
    scale = ONE / np.sqrt(np.float32(size))
    most = np.float32(-np.inf)
    for i in range(n):
        scores[i] *= scale
    for i in range(len(bias)):
        scores[i] += bias[i]
    for i in range(n):
        most = scores[i] if scores[i] > most else most
    total = ZERO
    for i in range(n):
        scores[i] = exp(scores[i] - most)
        total += scores[i]
    y[:] = ZERO
    for i in range(0, n - 3, 4):
        a, b, c, d = scores[i], scores[i + 1], scores[i + 2], scores[i + 3]
        of_a, of_b, of_c, of_d = values[i], values[i + 1], values[i + 2], values[i + 3]
        for j in range(size):
            near = a * _widen(of_a[j]) + b * _widen(of_b[j])
            y[j] += near + (c * _widen(of_c[j]) + d * _widen(of_d[j]))
    for i in range(n - n % 4, n):
        for j in range(size):
            y[j] += scores[i] * _widen(values[i, j])
    for j in range(size):
        y[j] /= total


@compiled
def squared(x):
    """The sum of squares of x [width]."""
    total = ZERO
    for i in range(len(x)):
        total += x[i] * x[i]
    return total


@compiled
def push(x, offset, basis, keep_norm):
    """Steers x [width] in place: `musicrfm.runtime.decoder.Push`; basis is [HELD or 0, width]."""
    width = len(x)
    before = squared(x)
    along = np.zeros(len(basis), np.float32)
    for held in range(len(basis)):
        for i in range(width):
            along[held] += x[i] * _widen(basis[held, i])
    for held in range(len(basis)):
        for i in range(width):
            x[i] -= along[held] * _widen(basis[held, i])
    for i in range(width):
        x[i] += _widen(offset[i])
    if keep_norm:
        after = squared(x)
        if after != before:
            gain = np.sqrt(before) / max(np.sqrt(after), TINY)
            for i in range(width):
                x[i] *= gain


@compiled
def step(
    w, scratch, codes, place, rows, cache, prompt, bias, prompted, offset, basis, holds, keep_norm
):
    """Read codes int64 [codebooks], rows of the embedding, at a position of the cache.

    cache: [layers, 2, keys and values, heads, places, size]. prompt: [layers, keys and values,
    heads, tokens, size], read by row 0 where `prompted`, with bias float32 [tokens] or [0]. offset:
    [layers, 2, 1, width]. basis: [layers, 2, HELD, width], used where `holds`.
    """
    x, normed = scratch.hidden[:rows], scratch.normed[:rows]
    qkv, attended, fed = scratch.qkv[:rows], scratch.attended[:rows], scratch.fed[:rows]
    width, heads, size = x.shape[1], cache.shape[3], cache.shape[5]
    none = np.zeros(0, np.float32)
    for i in range(width):
        total = _widen(w.positions[place, i])
        for code in codes:
            total += _widen(w.embedding[code, i])
        for row in range(rows):
            x[row, i] = total
    for layer in range(len(w.norms)):
        norms = w.norms[layer]
        norm(x, norms[0], norms[1], w.epsilon, normed)
        linear(normed, w.qkv[layer], qkv)
        for row in range(rows):
            for head in range(heads):
                first = head * size
                keys, values = cache[layer, row, 0, head], cache[layer, row, 1, head]
                for i in range(size):
                    _put(keys, (place, i), qkv[row, width + first + i])
                    _put(values, (place, i), qkv[row, 2 * width + first + i])
                query, y = qkv[row, first : first + size], attended[row, first : first + size]
                attend(query, keys[: place + 1], values[: place + 1], none, scratch.scores, y)
        onto(attended, w.attended[layer], normed, x)
        if prompted:
            norm(x[:1], norms[2], norms[3], w.epsilon, normed[:1])
            linear(normed[:1], w.prompt_q[layer], scratch.query)
            for head in range(heads):
                first = head * size
                query, y = scratch.query[0, first : first + size], attended[0, first : first + size]
                keys, values = prompt[layer, 0, head], prompt[layer, 1, head]
                attend(query, keys, values, bias, scratch.scores, y)
            onto(attended[:1], w.prompted[layer], normed[:1], x[:1])
        norm(x, norms[4], norms[5], w.epsilon, normed)
        linear(normed, w.feed[layer], fed)
        for row in range(rows):
            gelu(fed[row])
        onto(fed, w.fed[layer], normed, x)
        for row in range(rows):
            held = basis[layer, row] if holds else basis[layer, row, :0]
            push(x[row], offset[layer, row, 0], held, keep_norm)
    norm(x, w.norm[0], w.norm[1], w.epsilon, normed)
    linear(normed, w.heads, scratch.logits[:rows])
