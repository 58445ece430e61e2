"""How several threads share the work of a step, in machine code.

The work is a row of phases, each cut into chunks. Every thread walks through all phases and takes
whatever chunk is next; a phase ends when all its chunks are done. So a thread that comes late, or
that the system puts to sleep, holds up no more than the chunk it has taken, and with one thread
the same code simply does everything.
"""

from __future__ import annotations

import os
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from musicrfm.kernels.step import compiled

# Of each phase: the next chunk, and how many are done. A cache line each, so that they do not
# disturb one another. Line 0 is the gate: how many threads are inside, and the turn it is open for.
LINE = 8
TAKEN, DONE = 0, 1
INSIDE, OPEN = 0, 1
PATIENCE = 4000  # looks at a phase before a waiting thread lets another one run

# So that a thread that waits lets others have its core; where it cannot be had, it just waits.
_yield: Any = types.ExternalFunction("sched_yield", types.int32()) if os.name == "posix" else None


@intrinsic
def _add(typing, numbers, place, value):
    """numbers[place] += value for all threads at once; what was there before."""

    def build(context, b, signature, args):
        there = context.make_array(signature.args[0])(context, b, args[0]).data
        return b.atomic_rmw("add", b.gep(there, [args[1]]), args[2], "seq_cst")

    return types.int64(numbers, types.int64, types.int64), build


@intrinsic
def _look(typing, numbers, place):
    """numbers[place], and whatever was written before it."""

    def build(context, b, signature, args):
        there = context.make_array(signature.args[0])(context, b, args[0]).data
        return b.load_atomic(b.gep(there, [args[1]]), "acquire", 8)

    return types.int64(numbers, types.int64), build


@intrinsic
def _pause(typing):
    """Tells an x86 CPU that this is waiting."""

    def build(context, b, signature, args):
        if b.module.triple.startswith("x86_64"):
            kind = ir.FunctionType(ir.VoidType(), [])
            b.call(cgutils.get_or_insert_function(b.module, kind, "llvm.x86.sse2.pause"), [])
        return context.get_dummy_value()

    return types.void(), build


@compiled
def begin(turns, turn):
    """Opens a turn, once nobody is left who came for an earlier one."""
    while _add(turns, INSIDE, 0) > 0:
        _pause()
    turns[LINE:] = 0
    _add(turns, OPEN, turn)


@compiled
def end(turns, turn):
    """Lets nobody in any more."""
    _add(turns, OPEN, -turn)


@compiled
def enter(turns, turn):
    """Whether this thread may still help in a turn; then it must `leave`."""
    _add(turns, INSIDE, 1)
    if _add(turns, OPEN, 0) == turn:
        return True
    _add(turns, INSIDE, -1)
    return False


@compiled
def leave(turns):
    _add(turns, INSIDE, -1)


@compiled
def take(turns, phase):
    """The next chunk of a phase that this thread should do; beyond the last one, none is left."""
    return _add(turns, phase * LINE + TAKEN, 1)


@compiled
def done(turns, phase):
    """Says that a chunk is done."""
    _add(turns, phase * LINE + DONE, 1)


if _yield is None:

    @compiled
    def wait(turns, phase, chunks):
        """Until all chunks of a phase are done."""
        while _look(turns, phase * LINE + DONE) < chunks:
            _pause()

else:

    @compiled
    def wait(turns, phase, chunks):
        """Until all chunks of a phase are done."""
        looks = 0
        while _look(turns, phase * LINE + DONE) < chunks:
            _pause()
            looks += 1
            if looks > PATIENCE:
                _yield()
