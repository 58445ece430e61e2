"""Products of packed matrices with a few rows of 16-bit numbers, as LLVM vectors.

A block has 8 or 16 outputs (`LANES`), one per lane, so nothing is summed across lanes. Each
instruction multiplies a pair of inputs for them; LLVM selects it for the CPU (`vpmaddwd` with AVX2,
`vpdpwssd` with VNNI, `smlal` on ARM), because the code uses portable operations only.

Layouts of a matrix [outputs, inputs], with inputs a multiple of 32 and outputs of n, the lanes:

- 8 bits: int8 [outputs / n, inputs / 2, n outputs, 2 inputs].
- 4 bits: uint16 [outputs / n, inputs / 8, n outputs, 2 inputs]; nibble q, counted from the lowest,
  holds the inputs 2 * q and 2 * q + 1 of the eight, with 8 added. Each group of 32 inputs of an
  output shares a scale: bfloat16 [outputs / n, inputs / 32, n outputs].
"""

from __future__ import annotations

from functools import reduce

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from musicrfm.kernels.lanes import GROUP, LANES

CHAINS = 4  # sums that a CPU adds to at the same time
# Bytes that are fetched before they are read: of weights, which lie in the order in which they are
# read, and of what is short.
AHEAD, NEAR = 8192, 1024

_I8, _I16, _I32, _I64 = (ir.IntType(bits) for bits in (8, 16, 32, 64))
_FLOATS = ir.VectorType(ir.FloatType(), LANES)
_INTS = ir.VectorType(_I32, LANES)
_SHORTS = ir.VectorType(_I16, 2 * LANES)
_PRODUCTS = ir.VectorType(_I32, 2 * LANES)


def _dot4(rows: int):
    """Make `dot(memory, numbers, scales, x, sums, inputs, y, apart)`.

    memory: uint8; the block's numbers and scales start at these byte offsets. x: int16 [rows,
    inputs]. sums: int32 [rows, inputs / 32], sums of each group of inputs, times -8. y: float32,
    flat; row r starts at r * apart, and a value for each lane is written.
    """

    @intrinsic
    def dot(typing, memory, numbers, scales, x, sums, inputs, y, apart):
        kinds = (memory, types.int64, types.int64, x, sums, types.int64, y, types.int64)

        def build(context, b, signature, args):
            memory, x, sums, y = (_data(context, b, signature, args, i) for i in (0, 3, 4, 6))
            _, numbers, scales, _, _, inputs, _, apart = args
            groups = b.udiv(inputs, _I64(GROUP))
            totals = [_total(b) for _ in range(rows)]
            with cgutils.for_range(b, groups, intp=_I64) as loop:
                group = loop.index
                found = []
                for row in range(rows):
                    place = b.add(b.mul(groups, _I64(row)), group)
                    first = _splat(b, b.load(_at(b, sums, b.mul(place, _I64(4)), _I32)))
                    found.append([first] + [_all(_INTS, 0)] * (CHAINS // rows - 1))
                begin = b.add(numbers, b.mul(group, _I64(LANES // 2 * GROUP)))
                _fetch(b, memory, begin, LANES // 2 * GROUP, AHEAD)
                for eight in range(GROUP // 8):
                    place = b.add(begin, _I64(4 * LANES * eight))
                    four = b.load(_at(b, memory, place, _SHORTS), align=1)
                    for q in range(4):
                        part = four if q == 0 else b.lshr(four, _all(_SHORTS, 4 * q))
                        part = b.and_(part, _all(_SHORTS, 15)) if q < 3 else part
                        for row, chains in enumerate(found):
                            pair = _pair(b, x, inputs, row, group, 4 * eight + q)
                            _chain(b, chains, q, _products(b, part, pair))
                _add_scaled(b, memory, scales, group, _joined(b, found), totals)
            _write(b, totals, y, apart)
            return context.get_dummy_value()

        return types.void(*kinds), build

    return dot


def _dot8(rows: int, ahead: int):
    """Make `dot(memory, numbers, x, inputs, y, apart)`, as `_dot4` but without scales.

    ahead: as `AHEAD`.

    memory: of 8-bit numbers, or of 16-bit ones from -2047 to 2047, so that a group's sum fits into
    32 bits. `numbers` counts them.
    """

    @intrinsic
    def dot(typing, memory, numbers, x, inputs, y, apart):
        kinds = (memory, types.int64, x, types.int64, y, types.int64)

        def build(context, b, signature, args):
            memory, x, y = (_data(context, b, signature, args, i) for i in (0, 2, 4))
            _, numbers, _, inputs, _, apart = args
            kind = ir.IntType(signature.args[0].dtype.bitwidth)
            totals = [_total(b) for _ in range(rows)]
            with cgutils.for_range(b, b.udiv(inputs, _I64(GROUP)), intp=_I64) as loop:
                group = loop.index
                found = _sums(b, memory, numbers, group, x, inputs, rows, ahead, kind)
                for total, ints in zip(totals, found, strict=True):
                    b.store(b.fadd(b.sitofp(ints, _FLOATS), b.load(total)), total)
            _write(b, totals, y, apart)
            return context.get_dummy_value()

        return types.void(*kinds), build

    return dot


def _dot8_scaled(rows: int):
    """Make `dot(memory, numbers, scales, x, inputs, y, apart, stride)`, with scales as in `_dot4`.

    Row r of x starts at r * stride.
    """

    @intrinsic
    def dot(typing, memory, numbers, scales, x, inputs, y, apart, stride):
        kinds = (memory, types.int64, types.int64, x, types.int64, y, types.int64, types.int64)

        def build(context, b, signature, args):
            memory, x, y = (_data(context, b, signature, args, i) for i in (0, 3, 5))
            _, numbers, scales, _, inputs, _, apart, stride = args
            totals = [_total(b) for _ in range(rows)]
            with cgutils.for_range(b, b.udiv(inputs, _I64(GROUP)), intp=_I64) as loop:
                group = loop.index
                found = _sums(b, memory, numbers, group, x, stride, rows, NEAR)
                _add_scaled(b, memory, scales, group, found, totals)
            _write(b, totals, y, apart)
            return context.get_dummy_value()

        return types.void(*kinds), build

    return dot


def _sums(b, memory, numbers, group, x, stride, rows, ahead, kind=_I8):
    """A group's sums of products with numbers of this kind, int32 [lanes] of each row of x."""
    found = [[_all(_INTS, 0)] * (CHAINS // rows) for _ in range(rows)]
    begin = b.add(numbers, b.mul(group, _I64(GROUP * LANES)))
    _fetch(b, memory, b.mul(begin, _I64(kind.width // 8)), GROUP * LANES * kind.width // 8, ahead)
    for two in range(GROUP // 2):
        place = b.mul(b.add(begin, _I64(2 * LANES * two)), _I64(kind.width // 8))
        part = b.load(_at(b, memory, place, ir.VectorType(kind, 2 * LANES)), align=1)
        part = b.sext(part, _SHORTS) if kind.width < 16 else part
        for row, chains in enumerate(found):
            pair = _pair(b, x, stride, row, group, two)
            _chain(b, chains, two, _products(b, part, pair))
    return _joined(b, found)


def _chain(b, chains, number, products):
    """Add products to one of a row's sums, in turn, so that no addition waits for the last one."""
    here = number % len(chains)
    chains[here] = b.add(chains[here], products)


def _joined(b, found):
    """The sum of each row's sums."""
    return [reduce(b.add, chains) for chains in found]


def _add_scaled(b, memory, scales, group, found, totals):
    """Add a group's sums, multiplied by the scales of its outputs."""
    place = b.add(scales, b.mul(group, _I64(2 * LANES)))
    scale = b.load(_at(b, memory, place, ir.VectorType(_I16, LANES)), align=1)
    scale = b.bitcast(b.shl(b.zext(scale, _INTS), _all(_INTS, 16)), _FLOATS)
    for total, ints in zip(totals, found, strict=True):
        exact = b.fmul(b.sitofp(ints, _FLOATS), scale, flags=("contract",))
        b.store(b.fadd(exact, b.load(total), flags=("contract",)), total)


def _fetch(b, memory, begin, size, ahead):
    """Ask for the bytes that are read after these, so that they are there by then."""
    kind = ir.FunctionType(ir.VoidType(), [_I8.as_pointer(), _I32, _I32, _I32])
    fetch = b.module.declare_intrinsic("llvm.prefetch", [_I8.as_pointer()], kind)
    for line in range(0, size, 64):
        there = b.gep(memory, [b.add(begin, _I64(ahead + line))])
        b.call(fetch, [there, _I32(0), _I32(3), _I32(1)])


def _data(context, b, signature, args, i):
    """The address of an array argument's data."""
    array = context.make_array(signature.args[i])(context, b, args[i])
    return b.bitcast(array.data, _I8.as_pointer())


def _at(b, base, offset, kind):
    return b.bitcast(b.gep(base, [offset]), kind.as_pointer())


def _all(kind, value):
    return ir.Constant(kind, [value] * kind.count)


def _splat(b, number):
    kind = ir.VectorType(number.type, LANES)
    one = b.insert_element(ir.Constant(kind, ir.Undefined), number, _I32(0))
    return b.shuffle_vector(one, ir.Constant(kind, ir.Undefined), _all(_INTS, 0))


def _total(b):
    total = cgutils.alloca_once(b, _FLOATS)
    b.store(_all(_FLOATS, 0.0), total)
    return total


def _pair(b, x, stride, row, group, pair):
    """Two neighbouring inputs, the same for all lanes."""
    place = b.add(b.mul(b.mul(stride, _I64(row)), _I64(2)), b.mul(group, _I64(2 * GROUP)))
    both = b.load(_at(b, x, b.add(place, _I64(4 * pair)), _I32), align=2)
    return b.bitcast(_splat(b, both), _SHORTS)


def _products(b, left, right):
    """The sums of each two neighbours' products, int32 [lanes]."""
    exact = b.mul(b.sext(left, _PRODUCTS), b.sext(right, _PRODUCTS))
    nothing = ir.Constant(_PRODUCTS, ir.Undefined)
    even = b.shuffle_vector(exact, nothing, ir.Constant(_INTS, list(range(0, 2 * LANES, 2))))
    odd = b.shuffle_vector(exact, nothing, ir.Constant(_INTS, list(range(1, 2 * LANES, 2))))
    return b.add(even, odd)


def _write(b, totals, y, apart):
    for row, total in enumerate(totals):
        place = b.mul(b.mul(apart, _I64(row)), _I64(4))
        b.store(b.load(total), _at(b, y, place, _FLOATS), align=4)


dot4_one, dot4_two = _dot4(1), _dot4(2)
dot8_one, dot8_two = _dot8(1, AHEAD), _dot8(2, AHEAD)
cache_one = _dot8(1, NEAR)
scaled8_one, scaled8_two = _dot8_scaled(1), _dot8_scaled(2)
