"""A file on a disk that may be full, slow or gone for a while.

What is written is kept until the disk has taken it, so that it can be tried again; nothing here
waits by itself.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections import deque
from pathlib import Path

from bridge.process.handles import RESERVE

FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}  # a new file would fare no better
LOST = {errno.EFBIG, errno.ENOENT}  # this file takes no more: the system's limit, or taken away
_BINARY = getattr(os, "O_BINARY", 0)


class DiskFile:
    """A new file, written anywhere in it. Raises OSError if there is one already, or none can be.

    `pending`: what the disk has not taken yet, as (place, bytes). `size`: of the file once it has.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.pending: deque[tuple[int, bytes]] = deque()
        self.size = 0
        with RESERVE.lent():
            self._handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | _BINARY, 0o666)

    def put(self, at: int, data: bytes) -> None:
        """Bytes for a place in the file, for the next `flush`."""
        self.pending.append((at, data))
        self.size = max(self.size, at + len(data))

    def flush(self) -> None:
        """Gives what is pending to the system. Raises OSError if it does not take all of it."""
        while self.pending:
            at, data = self.pending[0]
            taken = write(self._handle, at, data)
            if taken < len(data):
                self.pending[0] = (at + taken, data[taken:])
            else:
                self.pending.popleft()

    def sync(self) -> None:
        """What was flushed is on the disk itself. Raises OSError, also if the file was deleted."""
        if os.fstat(self._handle).st_nlink == 0:
            raise OSError(errno.ENOENT, "the file was taken away")
        os.fsync(self._handle)

    @property
    def closed(self) -> bool:
        return self._handle < 0

    def close(self) -> None:
        """Lets go of the file; never raises."""
        if self._handle >= 0:
            handle, self._handle = self._handle, -1
            with contextlib.suppress(OSError):
                os.close(handle)


class AppendedFile:
    """A new file that is only ever written at its end. Raises OSError as `DiskFile`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | _BINARY, 0o666)

    def write(self, data: bytes) -> int:
        """How many of the bytes the system took. Raises OSError."""
        return write(self._handle, None, data)

    def open_again(self) -> int:
        """After its disk was gone; how many bytes are in the file. Raises OSError."""
        how = os.O_CREAT | os.O_APPEND | os.O_WRONLY | _BINARY
        with RESERVE.lent():
            handle, before = os.open(self._path, how, 0o666), self._handle
        self._handle = handle
        with contextlib.suppress(OSError):
            os.close(before)
        return os.fstat(handle).st_size

    def sync(self) -> None:
        """What was written is on the disk itself. Raises OSError."""
        os.fsync(self._handle)

    def close(self) -> None:
        """Lets go of the file; never raises."""
        with contextlib.suppress(OSError):
            os.close(self._handle)


def remove(path: Path) -> None:
    """Takes a file away if there is one. Raises OSError."""
    with contextlib.suppress(FileNotFoundError):
        path.unlink()


def write(handle: int, at: int | None, data: bytes) -> int:
    """How many of the bytes the system took, at a place, or with None at the end.

    Raises OSError.
    """
    if at is not None:
        os.lseek(handle, at, os.SEEK_SET)
    return os.write(handle, data)
