"""One sound file of a recording, valid at any moment: its header always describes the data on the
disk.

FLAC or WAV with 24 bits. The header is rewritten at intervals and never exceeds the data, so that
after a power cut every reader reads the file up to the last second.
"""

from __future__ import annotations

import contextlib
import io
import os
from collections import deque
from pathlib import Path

import numpy as np
import soundfile

from bridge.recording.disk import DiskFile

SUFFIXES = (".flac", ".wav")
MOST_WAV_BYTES = 2**32 - 2**20  # its header counts bytes with 32 bits
SYNC_WAIT = 0.5  # seconds, twice, at the end; the system brings it to the disk without us, too
_HEAD = 256  # bytes of the header to keep


class Part:
    """A new file that starts at sample number `first` of a set. Raises OSError if it cannot be
    created.

    end: number of the sample after the last written one. saved: number of the sample after the last
    one that is certainly in the file.
    """

    def __init__(self, path: Path, rate: int, channels: int, first: int = 0) -> None:
        self.path, self.first = path, first
        self.end = self.saved = first
        self._syncing: int | None = None  # what was saved when `sync` was last begun
        self._disk = DiskFile(path)
        self._bytes = _Bytes(self._disk)
        self._flac = path.suffix.lower() == ".flac"
        self._width = 3 * channels
        self._held: deque[np.ndarray] = deque()  # what may not be on the disk yet
        self._sound = soundfile.SoundFile(
            self._bytes, "w", rate, channels, "PCM_24", format="FLAC" if self._flac else "WAV"
        )

    @property
    def full(self) -> bool:
        """Whether its format's size limit is reached."""
        return not self._flac and self._disk.size > MOST_WAV_BYTES

    def write(self, audio: np.ndarray) -> None:
        """Accept samples [samples, channels]; `flush` passes them to the disk."""
        self._sound.write(audio)
        self._held.append(audio)
        self.end += len(audio)

    def flush(self) -> None:
        """Raises OSError if the disk does not accept the written data."""
        self._disk.flush()
        self._saved_to(self._complete())

    def sync(self) -> None:
        """Start to sync the saved data to the disk.

        Raises OSError.
        """
        if self._syncing is None:
            self._disk.sync()
            self._syncing = self.saved

    def tell(self) -> None:
        """Update the header after a completed sync. Raises OSError."""
        if self._syncing is None:
            return
        mark = self._syncing
        try:
            done = self._disk.synced()
        except OSError:
            self._syncing = None
            raise
        if done:
            self._syncing = None
            self._tell(mark - self.first)
            self._disk.flush()

    def finish(self) -> None:
        """Complete the file. Raises OSError if the disk does not accept all of it; then call it
        again, or `abandon`."""
        if self._disk.closed:
            return
        self._sound.close()  # which leaves the last samples and the right head behind
        self._disk.flush()
        self._saved_to(self.end)
        self._disk.synced(SYNC_WAIT)
        self._disk.sync()
        self._disk.synced(SYNC_WAIT)
        self._disk.close()

    def abandon(self) -> list[np.ndarray]:
        """Close the file in its state on the disk; returns the samples after `saved`."""
        unsaved = list(self._held)
        self._disk.pending.clear()
        self._tell(self.saved - self.first)
        with contextlib.suppress(OSError):
            self._disk.flush()
        self._disk.close()
        ahead = sum(map(len, unsaved)) - (self.end - self.saved)
        return [np.concatenate(unsaved)[ahead:]] if unsaved else []

    def mend(self) -> None:
        """Write the data missing when the file was abandoned; never raises."""
        with contextlib.suppress(OSError), self.path.open("rb+") as file:
            while self._disk.pending:
                at, data = self._disk.pending.popleft()
                file.seek(at)
                file.write(data)

    def _complete(self) -> int:
        """Number of the sample after the last one that has left the encoder."""
        if not self._flac:
            return self.end
        block = int.from_bytes(self._bytes.head[8:10], "big")
        return self.first + (self.end - self.first - 1) // block * block if block else self.first

    def _saved_to(self, end: int) -> None:
        self.saved = max(self.saved, end)
        extra = sum(map(len, self._held)) - (self.end - self.saved)
        while self._held and extra >= len(self._held[0]):
            extra -= len(self._held.popleft())

    def _tell(self, samples: int) -> None:
        """The header's fields for this number of samples."""
        head = bytes(self._bytes.head)
        if self._flac and len(head) > 26:
            upper = head[21] & 0xF0 | samples >> 32 & 0x0F
            self._disk.put(21, bytes([upper]) + (samples & 0xFFFFFFFF).to_bytes(4, "big"))
        elif (at := head.find(b"data")) > 0:
            length = samples * self._width
            self._disk.put(4, (at + length).to_bytes(4, "little"))
            self._disk.put(at + 4, length.to_bytes(4, "little"))


class _Bytes:
    """The file object for libsndfile: everything goes to the disk's queue."""

    def __init__(self, disk: DiskFile) -> None:
        self.head = bytearray()
        self._disk = disk
        self._at = 0

    def write(self, data: bytes) -> int:
        data = bytes(data)
        if self._at < _HEAD:
            self.head[self._at : self._at + len(data)] = data
            del self.head[_HEAD:]
        self._disk.put(self._at, data)
        self._at += len(data)
        return len(data)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._disk.size}[whence]
        self._at = base + offset
        return self._at

    def tell(self) -> int:
        return self._at

    def read(self, size: int = -1) -> bytes:
        raise io.UnsupportedOperation("this file is open for writing only")
