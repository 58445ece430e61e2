"""Gives back memory that holds pages of mapped files, or nothing any more.

A mapped tensor takes memory page by page as it is read, and keeps it until the system needs it. A
checkpoint that is read once would thus take its whole size, if only for a moment.
"""

from __future__ import annotations

import ctypes
import mmap
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from torch import Tensor

_PAGEOUT = 21  # advice to `madvise`; never loses anything, unlike MADV_DONTNEED


class Mapped:
    """The parts of this process's memory that are mapped from some files, at the time of creation.

    Empty on other systems than Linux, where nothing is given back.
    """

    def __init__(self, files: Iterable[Path] = ()) -> None:
        self._parts: list[tuple[int, int]] = []
        wanted = {str(path.resolve()) for path in files}
        if not wanted or sys.platform != "linux":
            return
        for line in Path("/proc/self/maps").read_text("utf-8", "replace").splitlines():
            place, *_, file = line.split(maxsplit=5)
            if file in wanted:
                first, end = (int(part, 16) for part in place.split("-"))
                self._parts.append((first, end))

    def holds(self, tensor: Tensor) -> bool:
        """Whether a tensor is mapped from one of the files."""
        first = tensor.data_ptr()
        end = first + tensor.nbytes
        return any(begin <= first and end <= last for begin, last in self._parts)

    def let_go(self, tensor: Tensor) -> None:
        """Give back the pages of a tensor, if it is mapped; reading it later reads the file
        again."""
        if self.holds(tensor):
            first = tensor.data_ptr()
            before = first % mmap.PAGESIZE
            place, length = ctypes.c_void_p(first - before), ctypes.c_size_t(tensor.nbytes + before)
            _madvise(place, length, _PAGEOUT)


def _madvise(*what: object) -> None:
    """Advice that the system does not take is no error."""
    ctypes.CDLL(None).madvise(*what)


def trim() -> None:
    """Give back what was freed and the C library keeps for later, where that is possible."""
    if sys.platform == "linux":
        with suppress(AttributeError):  # of C libraries other than GNU's
            ctypes.CDLL(None).malloc_trim(0)
