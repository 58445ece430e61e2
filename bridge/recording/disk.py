"""A file on a disk that may be full, slow or temporarily gone.

Data is kept until the disk has accepted it, so that writing can be tried again; nothing here waits
on its own.
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
LOST = {errno.EFBIG, errno.ENOENT}  # this file cannot grow: a size limit, or it was deleted
_BINARY = getattr(os, "O_BINARY", 0)


class _Sync:
    """Syncs a file to the disk on a separate thread: a busy disk may need seconds, and the writer
    need not wait."""

    def __init__(self) -> None:
        self._thread: threading.Thread | None = None
        self._error: OSError | None = None

    @property
    def busy(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def begin(self, handle: int) -> None:
        """Unless a sync is running."""
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
        """Whether no sync is running, waiting at most this long. Raises OSError if it failed."""
        thread = self._thread
        if thread is not None and thread.is_alive():  # one that never started cannot be joined
            thread.join(seconds)
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
    """A new file, written at any position. Raises OSError if it exists, or cannot be created.

    `pending`: data that the disk has not accepted yet, as (position, bytes). `size`: of the file
    including it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.pending: deque[tuple[int, bytes]] = deque()
        self.size = 0
        self._sync = _Sync()
        with RESERVE.lent():
            self._handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | _BINARY, 0o666)

    def put(self, at: int, data: bytes) -> None:
        """Bytes for a position in the file, for the next `flush`."""
        self.pending.append((at, data))
        self.size = max(self.size, at + len(data))

    def flush(self) -> None:
        """Pass the pending data to the system. Raises OSError if it does not accept all of it."""
        while self.pending:
            at, data = self.pending[0]
            taken = write(self._handle, at, data)
            if taken < len(data):
                self.pending[0] = (at + taken, data[taken:])
            else:
                self.pending.popleft()

    def sync(self) -> None:
        """Start to sync the flushed data to the disk; see `synced`.

        Raises OSError if the file was deleted.
        """
        if os.fstat(self._handle).st_nlink == 0:
            raise OSError(errno.ENOENT, "the file was moved or deleted")
        self._sync.begin(self._handle)

    def synced(self, seconds: float = 0.0) -> bool:
        """Whether the started sync is complete, waiting at most this long. Raises OSError if the
        disk failed."""
        return self._sync.done(seconds)

    @property
    def closed(self) -> bool:
        return self._handle < 0

    def close(self) -> None:
        """Close the file; never raises."""
        if self._handle >= 0:
            handle, self._handle = self._handle, -1
            with contextlib.suppress(OSError):
                os.close(handle)


class AppendedFile:
    """A new file that is written only at its end. Raises OSError as `DiskFile` does."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._sync = _Sync()
        self._handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | _BINARY, 0o666)

    def write(self, data: bytes) -> int:
        """The number of bytes that the system accepted. Raises OSError."""
        return write(self._handle, None, data)

    def open_again(self) -> int:
        """Reopen after the disk was gone; the number of bytes in the file. Raises OSError."""
        how = os.O_CREAT | os.O_APPEND | os.O_WRONLY | _BINARY
        with RESERVE.lent():
            handle, before = os.open(self._path, how, 0o666), self._handle
        self._handle = handle
        with contextlib.suppress(OSError):
            os.close(before)
        return os.fstat(handle).st_size

    def sync(self, seconds: float = 0.0) -> None:
        """Start to sync the written data to the disk, and wait at most this long.

        Raises OSError if the disk failed, now or the last time.
        """
        self._sync.done()
        self._sync.begin(self._handle)
        self._sync.done(seconds)

    def close(self) -> None:
        """Close the file; never raises."""
        with contextlib.suppress(OSError):
            os.close(self._handle)


def remove(path: Path) -> None:
    """Delete a file if it exists. Raises OSError."""
    with contextlib.suppress(FileNotFoundError):
        path.unlink()


def write(handle: int, at: int | None, data: bytes) -> int:
    """How many of the bytes the system took, at a place, or with None at the end.

    Raises OSError.
    """
    if at is not None:
        os.lseek(handle, at, os.SEEK_SET)
    return os.write(handle, data)
