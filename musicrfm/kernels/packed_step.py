"""A decoder step with packed matrices, as machine code for any number of threads.

Like `musicrfm.kernels.step`, with 4-bit or 8-bit matrices, a cache of 8 or 16 bits with a scale
for each head and position, and 16-bit activations. It reads one or a few positions per call.
Threads share its phases as described in `musicrfm.kernels.turns`; each thread does the quick parts
for itself.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from musicrfm.kernels.dot import cache_one, dot4_one, dot4_two, dot8_one, dot8_two
from musicrfm.kernels.lanes import GROUP, LANES
from musicrfm.kernels.step import (
    ONE,
    ZERO,
    _as_bits,
    _as_float,
    _widen,
    attend,
    compiled,
    exp,
    gelu,
    norm,
    push,
)
from musicrfm.kernels.turns import begin, done, end, enter, leave, take, wait
from musicrfm.kernels.turns import counters as counters

CHUNK = 64  # outputs of a matrix per chunk
MOST = np.float32(32767)
MOST_OF_8, MOST_OF_16 = np.float32(127), np.float32(2047)  # of a number in the cache
ONE_BIT = np.uint32(1)
PHASES = 9  # of a layer
QKV, ATTENDED, PROMPT_Q, PROMPTED, FEED, FED = range(6)


class Plan(NamedTuple):
    """All weights of a step, see `musicrfm.weights.packed`."""

    memory: np.ndarray
    floats: np.ndarray  # the same memory
    table: np.ndarray
    norms: np.ndarray  # float32 [layers, 6, width]: weight and bias of a layer's three norms
    norm: np.ndarray  # float32 [2, width]
    embedding: np.ndarray  # [codebooks * (codes + 1), width]
    positions: np.ndarray  # [positions, width]
    epsilon: np.float32


class Cache(NamedTuple):
    """The keys and values read so far, padded to multiples of 32 positions and 32 values per head.

    The layout is that of an 8-bit matrix: for keys, positions are the outputs and a head's values
    the inputs; for values, the reverse. Numbers have 8 bits, or 12 in int16, see `dot8_one`.
    """

    keys: np.ndarray  # int8 or int16 [layers, 2, heads, room * size]
    values: np.ndarray  # int8 or int16 [layers, 2, heads, size * room]
    key_scale: np.ndarray  # float32 [layers, 2, heads, room]
    value_scale: np.ndarray


class Shared(NamedTuple):
    """Buffers shared between threads, float32, [rows * time, ...]."""

    hidden: np.ndarray  # [, width]
    qkv: np.ndarray  # [, 3 * width]
    attended: np.ndarray  # [, width]
    query: np.ndarray  # [, width]
    fed: np.ndarray  # [, feed width]
    logits: np.ndarray  # [rows, codebooks * codes]


class Own(NamedTuple):
    """Buffers of one thread."""

    normed: np.ndarray  # float32 [rows * time, width]
    narrow: np.ndarray  # int16 [rows * time * inputs]
    sums: np.ndarray  # int32 [rows * time * inputs / 32]
    scale: np.ndarray  # float32 [rows * time]
    product: np.ndarray  # float32 [rows * time * CHUNK]
    scores: np.ndarray  # float32 [positions or tokens]
    weights: np.ndarray  # int16 [positions]
    head: np.ndarray  # float32 [size]


@compiled
def narrowed(x, numbers):
    """x float32 [n] as int16, padded with zeros; multiplied by the returned scale it gives x.

    The scale is NaN if a value is not finite.
    """
    largest, wrong = ZERO, ZERO
    for i in range(len(x)):
        size = abs(x[i])
        largest = size if size > largest else largest
        wrong += x[i] * ZERO
    if wrong != ZERO or largest == ZERO:
        numbers[:] = 0
        return wrong
    factor = MOST / largest
    for i in range(len(x)):
        numbers[i] = np.int16(np.floor(x[i] * factor + np.float32(0.5)))
    numbers[len(x) :] = 0
    return largest / MOST


@compiled
def prepare(x, inputs, own):
    """Prepare rows [rows, n] for `product`, padded to this number of inputs."""
    groups = inputs // GROUP
    for row in range(len(x)):
        numbers = own.narrow[row * inputs : (row + 1) * inputs]
        own.scale[row] = narrowed(x[row], numbers)
        for group in range(groups):
            total = np.int32(0)
            for i in range(GROUP):
                total += np.int32(numbers[group * GROUP + i])
            own.sums[row * groups + group] = np.int32(-8) * total


@compiled
def product(plan, which, chunk, rows, own):
    """Multiply a chunk of the outputs of a matrix with the prepared rows, into `own.product`;
    returns the number of outputs."""
    bits, inputs, outputs, numbers, scales = plan.table[which]
    first = chunk * CHUNK
    count = min(CHUNK, outputs - first)
    groups = inputs // GROUP
    for block in range(first // LANES, (first + count) // LANES):
        place = block * LANES - first
        if bits == 4:
            here, scale = numbers + block * LANES // 2 * inputs, scales + block * 2 * LANES * groups
            for row in range(0, rows - 1, 2):
                x, sums = own.narrow[row * inputs :], own.sums[row * groups :]
                y = own.product[row * CHUNK + place :]
                dot4_two(plan.memory, here, scale, x, sums, inputs, y, CHUNK)
            if rows % 2:
                x, sums = own.narrow[(rows - 1) * inputs :], own.sums[(rows - 1) * groups :]
                y = own.product[(rows - 1) * CHUNK + place :]
                dot4_one(plan.memory, here, scale, x, sums, inputs, y, CHUNK)
        else:
            here = numbers + block * LANES * inputs
            for row in range(0, rows - 1, 2):
                x, y = own.narrow[row * inputs :], own.product[row * CHUNK + place :]
                dot8_two(plan.memory, here, x, inputs, y, CHUNK)
            if rows % 2:
                x = own.narrow[(rows - 1) * inputs :]
                dot8_one(plan.memory, here, x, inputs, own.product[(rows - 1) * CHUNK + place :], 0)
    for row in range(rows):
        y, scale = own.product[row * CHUNK : row * CHUNK + count], own.scale[row]
        if bits == 4:
            for i in range(count):
                y[i] *= scale
        else:
            of_outputs = plan.floats[scales // 4 + first : scales // 4 + first + count]
            for i in range(count):
                y[i] *= scale * of_outputs[i]
    return count


@compiled
def chunks_of(plan, which):
    return (plan.table[which, 2] + CHUNK - 1) // CHUNK


@compiled
def into(turns, phase, plan, which, rows, own, there, add=False):
    """Write the product to `there` [rows, outputs], or add it."""
    chunks, wide = chunks_of(plan, which), there.shape[1]
    while True:
        begun, ended = take(turns, phase, chunks)
        if begun == ended:
            break
        for chunk in range(begun, ended):
            product(plan, which, chunk, rows, own)
            first = chunk * CHUNK
            for row in range(rows):
                if add:
                    for i in range(min(CHUNK, wide - first)):
                        there[row, first + i] += own.product[row * CHUNK + i]
                else:
                    for i in range(min(CHUNK, wide - first)):
                        there[row, first + i] = own.product[row * CHUNK + i]
        done(turns, phase, ended - begun)
    wait(turns, phase, chunks)


@compiled
def into_activated(turns, phase, plan, which, rows, own, there):
    """As `into`, through the activation."""
    chunks, wide = chunks_of(plan, which), there.shape[1]
    while True:
        begun, ended = take(turns, phase, chunks)
        if begun == ended:
            break
        for chunk in range(begun, ended):
            product(plan, which, chunk, rows, own)
            first = chunk * CHUNK
            count = min(CHUNK, wide - first)
            for row in range(rows):
                y = own.product[row * CHUNK : row * CHUNK + count]
                gelu(y)
                there[row, first : first + count] = y
        done(turns, phase, ended - begun)
    wait(turns, phase, chunks)


@compiled
def keep(x, most, own):
    """Quantise x [size] to whole numbers up to `most` in `own.head`; returns the scale."""
    largest, wrong = ZERO, ZERO
    for i in range(len(x)):
        size = abs(x[i])
        largest = size if size > largest else largest
        wrong += x[i] * ZERO
    own.head[:] = ZERO
    if wrong != ZERO or largest == ZERO:
        return wrong
    factor = most / largest
    for i in range(len(x)):
        own.head[i] = np.floor(x[i] * factor + np.float32(0.5))
    return largest / most


@compiled
def remember(cache, layer, row, head, place, key, value, own):
    """Write a head's key and value to a position of the cache."""
    room, size = cache.key_scale.shape[3], cache.keys.shape[3] // cache.key_scale.shape[3]
    keys, values = cache.keys[layer, row, head], cache.values[layer, row, head]
    most = MOST_OF_8 if cache.keys.itemsize == 1 else MOST_OF_16
    cache.key_scale[layer, row, head, place] = keep(key, most, own)
    begin = place // LANES * LANES * size + place % LANES * 2
    for i in range(len(key)):
        keys[begin + i // 2 * 2 * LANES + i % 2] = np.int16(own.head[i])
    cache.value_scale[layer, row, head, place] = keep(value, most, own)
    begin = place // 2 * 2 * LANES + place % 2
    for i in range(len(value)):
        values[begin + i // LANES * LANES * room + i % LANES * 2] = np.int16(own.head[i])


@compiled
def recall(cache, layer, row, head, n, query, y, own):
    """Attention of one head to the first n positions of the cache; query and y are [size]."""
    room, size = cache.key_scale.shape[3], cache.keys.shape[3] // cache.key_scale.shape[3]
    keys, values = cache.keys[layer, row, head], cache.values[layer, row, head]
    key_scale, value_scale = cache.key_scale[layer, row, head], cache.value_scale[layer, row, head]
    scores = own.scores
    scale = narrowed(query, own.narrow[:size]) / np.sqrt(np.float32(len(query)))
    for block in range((n + LANES - 1) // LANES):
        cache_one(keys, block * LANES * size, own.narrow, size, scores[block * LANES :], 0)
    most = np.float32(-np.inf)
    for i in range(n):
        scores[i] *= scale * key_scale[i]
    for i in range(n):
        most = scores[i] if scores[i] > most else most
    total = ZERO
    for i in range(n):
        scores[i] = exp(scores[i] - most)
        total += scores[i]
    for i in range(n):
        scores[i] *= value_scale[i]
    filled = (n + GROUP - 1) // GROUP * GROUP
    scale = narrowed(scores[:n], own.weights[:filled]) / total
    for block in range((len(y) + LANES - 1) // LANES):
        cache_one(values, block * LANES * room, own.weights, filled, own.head[block * LANES :], 0)
    for i in range(len(y)):
        y[i] = own.head[i] * scale


@compiled
def embed(plan, codes, place, rows, hidden):
    """Codes int64 [codebooks, time], rows of the embedding, into hidden [rows * time, width]."""
    books, time = codes.shape
    for t in range(time):
        for i in range(hidden.shape[1]):
            total = _widen(plan.positions[place + t, i])
            for book in range(books):
                total += _widen(plan.embedding[codes[book, t], i])
            for row in range(rows):
                hidden[row * time + t, i] = total


@compiled
def look_back(turns, phase, shared, own, cache, layer, place, first_row, rows, time):
    """Self-attention, a head of a row at a time: keys and values go into the cache first."""
    heads, width = cache.keys.shape[2], shared.hidden.shape[1]
    size = width // heads
    while True:
        begun, ended = take(turns, phase, rows * heads)
        if begun == ended:
            break
        for chunk in range(begun, ended):
            row, head = chunk // heads, chunk % heads
            first = head * size
            for t in range(time):
                qkv = shared.qkv[row * time + t]
                key = qkv[width + first : width + first + size]
                value = qkv[2 * width + first : 2 * width + first + size]
                remember(cache, layer, first_row + row, head, place + t, key, value, own)
            for t in range(time):
                query = shared.qkv[row * time + t, first : first + size]
                y = shared.attended[row * time + t, first : first + size]
                recall(cache, layer, first_row + row, head, place + t + 1, query, y, own)
        done(turns, phase, ended - begun)
    wait(turns, phase, rows * heads)


@compiled
def read_prompt(turns, phase, shared, own, prompt, bias, time):
    """Cross-attention of row 0, a head at a time; prompt: [2, heads, tokens, size]."""
    heads, size = prompt.shape[1], prompt.shape[3]
    while True:
        begun, ended = take(turns, phase, heads)
        if begun == ended:
            break
        for chunk in range(begun, ended):
            first = chunk * size
            keys, values = prompt[0, chunk], prompt[1, chunk]
            for t in range(time):
                query = shared.query[t, first : first + size]
                y = shared.attended[t, first : first + size]
                attend(query, keys, values, bias, own.scores, y)
        done(turns, phase, ended - begun)
    wait(turns, phase, heads)


@compiled
def steer(turns, phase, x, layer, first_row, time, which, offsets, bases, flags):
    """Pushes x [rows * time, width] after a layer, a position at a time, as `run` is told."""
    count = len(x)
    while True:
        begun, ended = take(turns, phase, count)
        if begun == ended:
            break
        for chunk in range(begun, ended):
            row, how = first_row + chunk // time, which[chunk % time]
            if row == 0 or not flags[how, 0]:
                basis = bases[how, layer] if flags[how, 2] else bases[how, layer, :0]
                push(x[chunk], offsets[how, layer], basis, flags[how, 1] != 0)
        done(turns, phase, ended - begun)
    wait(turns, phase, count)


@compiled
def run(
    turn, leads, turns, plan, shared, own, cache, place, first_row, rows, time, prompt, bias,
    prompted, which, offsets, bases, flags, wants
):  # fmt: skip
    """One thread's part of reading `shared.hidden` at a position of the cache.

    turn: its number, above 0; one thread `leads`. first_row, rows: of the cache; time: number of
    positions. prompt: [layers, keys and values, heads, tokens, size], read by row 0 where
    `prompted`, with bias float32 [tokens] or [0]. which: the steering of each position, an index
    into `offsets` [pushes, layers, width], `bases` [pushes, layers, HELD, width] and `flags` int64
    [pushes, 3]: whether it applies to row 0 alone, whether norms are kept, and whether the basis
    counts. wants: whether to compute logits.
    """
    if leads:
        begin(turns, turn)
    elif not enter(turns, turn):
        return
    x, count = shared.hidden[: rows * time], rows * time
    reads = prompted and first_row == 0
    for layer in range(len(plan.norms)):
        norms, phase, row_of = plan.norms[layer], layer * PHASES, layer * 6
        norm(x, norms[0], norms[1], plan.epsilon, own.normed[:count])
        prepare(own.normed[:count], plan.table[row_of + QKV, 1], own)
        into(turns, phase, plan, row_of + QKV, count, own, shared.qkv)
        phase += 1
        look_back(turns, phase, shared, own, cache, layer, place, first_row, rows, time)
        phase += 1
        prepare(shared.attended[:count], plan.table[row_of + ATTENDED, 1], own)
        into(turns, phase, plan, row_of + ATTENDED, count, own, x, True)
        phase += 1
        if reads:
            norm(x[:time], norms[2], norms[3], plan.epsilon, own.normed[:time])
            prepare(own.normed[:time], plan.table[row_of + PROMPT_Q, 1], own)
            into(turns, phase, plan, row_of + PROMPT_Q, time, own, shared.query)
            read_prompt(turns, phase + 1, shared, own, prompt[layer], bias, time)
            prepare(shared.attended[:time], plan.table[row_of + PROMPTED, 1], own)
            into(turns, phase + 2, plan, row_of + PROMPTED, time, own, x[:time], True)
        phase += 3
        norm(x, norms[4], norms[5], plan.epsilon, own.normed[:count])
        prepare(own.normed[:count], plan.table[row_of + FEED, 1], own)
        into_activated(turns, phase, plan, row_of + FEED, count, own, shared.fed)
        prepare(shared.fed[:count], plan.table[row_of + FED, 1], own)
        into(turns, phase + 1, plan, row_of + FED, count, own, x, True)
        phase += 2
        steer(turns, phase, x, layer, first_row, time, which, offsets, bases, flags)
    if wants:
        norm(x, plan.norm[0], plan.norm[1], plan.epsilon, own.normed[:count])
        row_of, phase = len(plan.table) - 1, len(plan.norms) * PHASES
        prepare(own.normed[:count], plan.table[row_of, 1], own)
        into(turns, phase, plan, row_of, count, own, shared.logits)
    if leads:
        end(turns, turn)
    else:
        leave(turns)


@compiled
def rounded4(groups, factors, numbers, scales):
    """Quantise each group of values float32 [groups, 32] with the best of several scales, see
    `packed4`.

    Writes int8 values from -8 to 7, and scales, bfloat16 as uint16.
    """
    for g in range(len(groups)):
        x = groups[g]
        plain = ZERO
        for i in range(len(x)):
            plain = x[i] if abs(x[i]) > abs(plain) else plain
        least = np.float32(np.inf)
        best, scales[g] = ZERO, 0
        for factor in factors:
            bits = _as_bits(plain * factor / np.float32(-8))
            bits = (bits + np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & ONE_BIT)) >> np.uint32(16)
            scale = _as_float(bits << np.uint32(16))
            inverse = ONE / scale if scale != ZERO else ZERO
            error = ZERO
            for i in range(len(x)):
                near = np.floor(x[i] * inverse + np.float32(0.5))
                near = min(max(near, np.float32(-8)), np.float32(7))
                error += (x[i] - near * scale) ** 2
            if error < least:
                least, best, scales[g] = error, inverse, np.uint16(bits)
        for i in range(len(x)):
            near = np.floor(x[i] * best + np.float32(0.5))
            numbers[g, i] = np.int8(min(max(near, np.float32(-8)), np.float32(7)))
