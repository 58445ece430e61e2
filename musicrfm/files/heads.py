"""Corrects the length in the headers of sound files while they are read.

A program that was killed, or that wrote to a pipe, could not correct the length at the end, and
libsndfile trusts the header. The file is not changed.
"""

from __future__ import annotations

import io
import os
from typing import BinaryIO

from musicrfm.files import flac

_MOST = 0xFFFFFFFF
_LEAST = 64  # least number of bytes after the stated end that is worth reading


class Spliced(io.RawIOBase):
    """A file object: `head`, followed by bytes `start` to the end of another file."""

    def __init__(self, head: bytes, file: BinaryIO, start: int) -> None:
        self._head, self._file, self._start = head, file, start
        self._length = len(head) + file.seek(0, os.SEEK_END) - start
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._length}[whence]
        self._at = max(0, base + offset)
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer) -> int:
        view = memoryview(buffer)
        if self._at < len(self._head):
            found = self._head[self._at : self._at + len(view)]
        else:
            self._file.seek(self._at - len(self._head) + self._start)
            found = self._file.read(len(view))
        view[: len(found)] = found
        self._at += len(found)
        return len(found)

    @property
    def source(self) -> int:
        """The current position in the other file."""
        return max(self._start, self._at - len(self._head) + self._start)


def right(file: BinaryIO, stream: flac.Stream | None) -> Spliced:
    """The file with a corrected header; `stream`: the properties in a FLAC file's head.

    A FLAC file ends with its last frame, other files with their data.
    """
    if stream is not None:
        last = flac.last_frame(file, stream)
        if last is not None and last.end != stream.total:
            return Spliced(stream.told(last.end), file, len(stream.head))
        return Spliced(b"", file, 0)
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    start = file.read(12)
    if start[:4] == b"RIFF" and start[8:] == b"WAVE":
        return _wave(file, size)
    if start[:4] == b"caff":
        return _caf(file, size)
    return Spliced(b"", file, 0)


def _wave(file: BinaryIO, size: int) -> Spliced:
    """A WAV file whose data chunk ends where no other chunk begins: its data continues to the
    end."""
    at = 12
    while at + 8 < size:
        file.seek(at)
        kind, length = file.read(4), int.from_bytes(file.read(4), "little")
        end = at + 8 + length + (length & 1)
        if kind == b"data":
            if size - end < _LEAST or _is_chunk(file, end, size):
                break
            file.seek(0)
            head = bytearray(file.read(at + 8))
            head[4:8] = min(size - 8, _MOST).to_bytes(4, "little")
            head[at + 4 : at + 8] = min(size - at - 8, _MOST).to_bytes(4, "little")
            return Spliced(bytes(head), file, len(head))
        at = end
    return Spliced(b"", file, 0)


def _is_chunk(file: BinaryIO, at: int, size: int) -> bool:
    file.seek(at)
    name, length = file.read(4), int.from_bytes(file.read(4), "little")
    spoken = name.isascii() and name.decode("ascii").isprintable()
    return spoken and (at + 8 + length <= size + 1 or name.startswith(b"TAG"))


def _caf(file: BinaryIO, size: int) -> Spliced:
    """A CAF file whose data chunk claims to be longer than the file."""
    at = 8
    while at + 12 < size:
        file.seek(at)
        kind, length = file.read(4), int.from_bytes(file.read(8), "big", signed=True)
        if kind == b"data" and not 0 <= length <= size - at - 12:
            file.seek(0)
            head = bytearray(file.read(at + 12))
            head[at + 4 :] = (size - at - 12).to_bytes(8, "big")
            return Spliced(bytes(head), file, len(head))
        if length < 0:
            break
        at += 12 + length
    return Spliced(b"", file, 0)
