"""Shares the work of a step between threads, in machine code.

The work is a sequence of phases, each cut into chunks. Every thread goes through all phases and
takes some of the free chunks, fewer towards the end; a phase ends when all its chunks are done. A
thread that comes late therefore delays nothing, and one that the system suspends only the chunks
that it has taken. With one thread, the same code does everything.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from musicrfm.kernels.step import compiled

# Per phase: the next chunk, and the number of finished ones. Each has a cache line, as it takes 0.2
# us until another core sees a change of one. Line 0 is the gate: the number of threads inside, the
# turn it is open for, and the part of the free chunks that a thread takes, as a divisor.
LINE = 8
TAKEN, DONE, PHASE = 0, LINE, 2 * LINE
INSIDE, OPEN, PART = 0, 1, 2
PATIENCE = 4000  # checks of a phase before a waiting thread yields its core

# Yields the core of a waiting thread; without it, the thread spins.
_yield: Any = types.ExternalFunction("sched_yield", types.int32()) if os.name == "posix" else None


@intrinsic
def _add(typing, numbers, place, value):
    """numbers[place] += value, atomically; returns the previous value."""

    def build(context, b, signature, args):
        there = context.make_array(signature.args[0])(context, b, args[0]).data
        return b.atomic_rmw("add", b.gep(there, [args[1]]), args[2], "seq_cst")

    return types.int64(numbers, types.int64, types.int64), build


@intrinsic
def _look(typing, numbers, place):
    """numbers[place], with everything written before it visible."""

    def build(context, b, signature, args):
        there = context.make_array(signature.args[0])(context, b, args[0]).data
        return b.load_atomic(b.gep(there, [args[1]]), "acquire", 8)

    return types.int64(numbers, types.int64), build


@intrinsic
def _pause(typing):
    """Tell an x86 CPU that this is a waiting loop."""

    def build(context, b, signature, args):
        if b.module.triple.startswith("x86_64"):
            kind = ir.FunctionType(ir.VoidType(), [])
            b.call(cgutils.get_or_insert_function(b.module, kind, "llvm.x86.sse2.pause"), [])
        return context.get_dummy_value()

    return types.void(), build


def counters(phases: int, threads: int) -> np.ndarray:
    """What `threads` need for a turn of this number of phases, int64, from a cache line on."""
    room = np.zeros(1 + LINE + phases * PHASE + LINE, np.int64)
    turns = room[-room.ctypes.data // room.itemsize % LINE :][: LINE + phases * PHASE]
    turns[PART] = 1 if threads == 1 else 2 * threads
    return turns


@compiled
def begin(turns, turn):
    """Open a turn, after all threads of the previous one have left."""
    while _add(turns, INSIDE, 0) > 0:
        _pause()
    turns[LINE:] = 0
    _add(turns, OPEN, turn)


@compiled
def end(turns, turn):
    """Admit no more threads to the turn."""
    _add(turns, OPEN, -turn)


@compiled
def enter(turns, turn):
    """Whether this thread may still join a turn; then it must `leave`."""
    _add(turns, INSIDE, 1)
    if _add(turns, OPEN, 0) == turn:
        return True
    _add(turns, INSIDE, -1)
    return False


@compiled
def leave(turns):
    _add(turns, INSIDE, -1)


@compiled
def take(turns, phase, chunks):
    """(first, last): the next chunks of a phase for this thread, without the last; none are left if
    they are equal."""
    place = LINE + phase * PHASE + TAKEN
    many = max((chunks - turns[place]) // turns[PART], 1)
    first = min(_add(turns, place, many), chunks)
    return first, min(first + many, chunks)


@compiled
def done(turns, phase, many):
    """Mark chunks as done."""
    _add(turns, LINE + phase * PHASE + DONE, many)


if _yield is None:

    @compiled
    def wait(turns, phase, chunks):
        """Until all chunks of a phase are done."""
        while _look(turns, LINE + phase * PHASE + DONE) < chunks:
            _pause()

else:

    @compiled
    def wait(turns, phase, chunks):
        """Until all chunks of a phase are done."""
        looks = 0
        while _look(turns, LINE + phase * PHASE + DONE) < chunks:
            _pause()
            looks += 1
            if looks > PATIENCE:
                _yield()
