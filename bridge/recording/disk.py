"""A file on a disk that may be full, slow or gone for a while.

What is written is kept until the disk has taken it, so that it can be tried again; nothing here
waits by itself.
"""

from __future__ import annotations

import contextlib
import errno
import os
import threading
from collections import deque
from pathlib import Path

from bridge.process.handles import RESERVE

FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}  # a new file would fare no better
LOST = {errno.EFBIG, errno.ENOENT}  # this file takes no more: the system's limit, or taken away
_BINARY = getattr(os, "O_BINARY", 0)


class _Sync:
    """Brings what the system has taken of a file to the disk itself, on a thread of its own: a
    busy disk may need seconds, and whoever writes need not wait for it."""

    def __init__(self) -> None:
        self._thread: threading.Thread | None = None
        self._error: OSError | None = None

    @property
    def busy(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def begin(self, handle: int) -> None:
        """Unless one is under way."""
        if self.busy:
            return
        thread = threading.Thread(target=self._run, args=(handle,), name="sync", daemon=True)
        self._thread = thread
        try:
            thread.start()
        except RuntimeError:  # there is no memory for one
            self._thread = None
            self._run(handle)

    def done(self, seconds: float = 0.0) -> bool:
        """Whether none is under way, after so many seconds at most. Raises OSError if it failed."""
        if self._thread is not None:
            self._thread.join(seconds)
        error, self._error = self._error, None
        if error is not None:
            raise error
        return not self.busy

    def _run(self, handle: int) -> None:
        try:
            os.fsync(handle)
        except OSError as error:
            if error.errno != errno.EBADF:  # the file was closed meanwhile
                self._error = error


class DiskFile:
    """A new file, written anywhere in it. Raises OSError if there is one already, or none can be.

    `pending`: what the disk has not taken yet, as (place, bytes). `size`: of the file once it has.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.pending: deque[tuple[int, bytes]] = deque()
        self.size = 0
        self._sync = _Sync()
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
        """Begins to bring what was flushed to the disk itself; see `synced`.

        Raises OSError if the file was deleted.
        """
        if os.fstat(self._handle).st_nlink == 0:
            raise OSError(errno.ENOENT, "the file was moved or deleted")
        self._sync.begin(self._handle)

    def synced(self, seconds: float = 0.0) -> bool:
        """Whether what `sync` began is done, after so many seconds at most. Raises OSError if the
        disk failed at it."""
        return self._sync.done(seconds)

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
        self._sync = _Sync()
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

    def sync(self, seconds: float = 0.0) -> None:
        """Begins to bring what was written to the disk itself, and waits for it so long at most.

        Raises OSError if the disk failed at it, now or the last time.
        """
        self._sync.done()
        self._sync.begin(self._handle)
        self._sync.done(seconds)

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
