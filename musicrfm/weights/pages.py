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


def zeros(shape: int | Sequence[int], dtype: DTypeLike) -> np.ndarray:
    """Zeros that begin on a cache line and, if they fill large pages, on one of these."""
    shape = (shape,) if isinstance(shape, int) else tuple(shape)
    size = math.prod(shape) * np.dtype(dtype).itemsize
    large = size >= LARGE and hasattr(mmap, "MADV_HUGEPAGE")
    whole = LARGE if large else LINE
    room = _pages(size + whole) if large else np.zeros(size + whole, np.uint8)
    begin = -room.ctypes.data % whole
    return room[begin : begin + size].view(dtype).reshape(shape)


def _pages(size: int) -> np.ndarray:
    room = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    with contextlib.suppress(OSError):  # a kernel without large pages
        room.madvise(mmap.MADV_HUGEPAGE)
    return np.frombuffer(room, np.uint8)


class Parts:
    """Arrays to be stored one behind the other, each from a cache line on."""

    def __init__(self) -> None:
        self._parts: list[np.ndarray] = []
        self._size = 0

    def add(self, part: np.ndarray) -> int:
        """The byte at which the part will begin."""
        begin, part = self._size, part.view(np.uint8).ravel()
        self._parts.append(part)
        self._size += len(part) + -len(part) % LINE
        return begin

    def whole(self) -> np.ndarray:
        """All of them, uint8; the parts are given up one by one, so nothing is stored twice."""
        found, begin = zeros(self._size, np.uint8), 0
        for at, part in enumerate(self._parts):
            found[begin : begin + len(part)] = part
            begin += len(part) + -len(part) % LINE
            self._parts[at] = part[:0].copy()
        self._parts, self._size = [], 0
        return found
