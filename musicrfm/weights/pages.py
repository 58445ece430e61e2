"""Memory for what a step reads, on large pages where the system has them.

A step reads hundreds of megabytes. On pages of 4 KiB, a CPU would look up the place of each page
anew, and fetch ahead only within one.
"""

from __future__ import annotations

import contextlib
import math
import mmap
from collections.abc import Sequence

import numpy as np
from numpy.typing import DTypeLike

LARGE = 2**21  # bytes of a large page on x86 and on most ARM
LINE = 64  # bytes of a cache line
STEP = 16 * LARGE  # bytes by which memory grows
HAS_LARGE = hasattr(mmap, "MADV_HUGEPAGE")


def zeros(shape: int | Sequence[int], dtype: DTypeLike) -> np.ndarray:
    """Zeros that begin on a cache line and, if they fill large pages, on one of these."""
    shape = (shape,) if isinstance(shape, int) else tuple(shape)
    size = math.prod(shape) * np.dtype(dtype).itemsize
    large = HAS_LARGE and size >= LARGE
    whole = LARGE if large else LINE
    room = np.frombuffer(_pages(size + whole), np.uint8) if large else np.zeros(size + whole, "u1")
    begin = -room.ctypes.data % whole
    return room[begin : begin + size].view(dtype).reshape(shape)


def _pages(size: int) -> mmap.mmap:
    room = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    with contextlib.suppress(OSError):  # a kernel without large pages
        room.madvise(mmap.MADV_HUGEPAGE)
    return room


class Parts:
    """Arrays stored one behind the other, each from a cache line on.

    The memory grows in place, as a list of arrays would need twice the memory when it is joined.
    """

    def __init__(self) -> None:
        self._room = _pages(STEP) if HAS_LARGE else np.zeros(0, np.uint8)
        self._size = 0

    def add(self, part: np.ndarray) -> int:
        """Store an array; returns the byte at which it begins."""
        begin, part = self._size, part.view(np.uint8).ravel()
        end = begin + len(part)
        if end > len(self._room):
            longer = -(-end // STEP) * STEP
            if isinstance(self._room, mmap.mmap):
                self._room.resize(longer)
            else:
                self._room.resize(longer, refcheck=False)
        self._room[begin:end] = part.data
        self._size = -(-end // LINE) * LINE
        return begin

    def whole(self) -> np.ndarray:
        """All of them, uint8; nothing can be added any more."""
        return np.frombuffer(self._room, np.uint8)[: self._size]
