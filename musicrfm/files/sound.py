"""Reads sound files as other programs leave them.

Files are read block by block, so a missing or wrong length does no harm. A truncated file is read
up to its end, and a damaged stretch of FLAC becomes silence of equal length. The log reports
missing audio once per file.
"""

from __future__ import annotations

import logging
import os
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
import soundfile

from musicrfm.errors import MusicRFMError
from musicrfm.files import flac
from musicrfm.files.heads import Spliced, right
from musicrfm.files.mpeg import next_frame
from musicrfm.files.paths import LFS, file_to_read

log = logging.getLogger(__name__)

Sound = tuple[np.ndarray, int]

BLOCK = 4096  # samples per read
MOST_SAMPLES = 2**30  # 4 GiB as float32; nine hours of mono at 32 kHz
LOWEST_RATE, HIGHEST_RATE = 1_000, 768_000  # Hz
LOUDEST = 2.0**32  # largest sample; 32-bit integers read as floats stay below
CANCELLED = 0.1  # amplitude of the mix relative to the channels
_AHEAD = 2**18  # bytes that a decoder may read ahead
_OTHER_FORMATS = (
    (4, b"ftyp", "MP4 or AAC (.m4a)"),
    (0, b"\x1a\x45\xdf\xa3", "Matroska or WebM"),
    (0, b"\x30\x26\xb2\x75", "Windows Media (.wma)"),
    (0, b"MThd", "MIDI"),
)


def read_sound(
    path: str | os.PathLike[str],
    *,
    first: float | None = None,
    last: float | None = None,
    what: str = "file",
) -> Sound:
    """(float32 [samples, channels], sample rate in Hz) of a sound file in any format.

    first, last: seconds; at most this much from its start or its end. Raises MusicRFMError for
    anything but a sound file, and for files without samples, with samples that are not finite, or
    with too many samples.
    """
    found = file_to_read(path, what)
    shown = str(path)
    reader = _Reader(found, shown)
    try:
        if last is not None:
            audio = _end(reader, max(1, round(last * reader.rate)))
        else:
            most = None if first is None else max(1, round(first * reader.rate))
            audio = _joined(reader.blocks(most), reader.channels)
        reader.say_what_is_missing()
    finally:
        reader.close()
    if not len(audio):
        raise MusicRFMError(f"{shown!r} is a sound file without samples")
    if not np.isfinite(audio).all():
        at = int(np.argmin(np.isfinite(audio).all(1))) / reader.rate
        raise MusicRFMError(
            f"{shown!r} has samples that are not finite, the first one {at:.2f} s after the start: "
            "export it again"
        )
    if (peak := float(np.abs(audio).max())) > LOUDEST:
        raise MusicRFMError(
            f"{shown!r} has impossible samples, up to {peak:.0e} where 1 is full scale: export it "
            "again"
        )
    return audio, reader.rate


def sound_seconds(path: str | os.PathLike[str], what: str = "file") -> float:
    """The length of a sound file, without reading it. Raises MusicRFMError as `read_sound` does."""
    reader = _Reader(file_to_read(path, what), str(path))
    reader.close()
    if not reader.samples:
        raise MusicRFMError(f"{str(path)!r} is a sound file without samples")
    return reader.samples / reader.rate


def check_mix(audio: np.ndarray, path: str | os.PathLike[str]) -> None:
    """Raise MusicRFMError if the channels [samples, channels] cancel when they are mixed.

    A take with one channel inverted sounds wide and is silent in mono.
    """
    if audio.ndim < 2 or audio.shape[1] < 2:
        return
    sides = audio - audio.mean(0, dtype=np.float64).astype(np.float32)
    loudness = float(np.sqrt(np.mean(np.square(sides, dtype=np.float64))))
    mixed = float(np.sqrt(np.mean(np.square(sides.mean(1), dtype=np.float64))))
    if loudness > 1e-5 and mixed < CANCELLED * loudness / np.sqrt(audio.shape[1]):
        raise MusicRFMError(
            f"the channels of {str(path)!r} cancel when mixed to mono: invert the phase of one "
            "channel, or give one channel alone"
        )


def _joined(blocks: Iterable[np.ndarray], channels: int) -> np.ndarray:
    found = list(blocks)
    return np.concatenate(found) if found else np.zeros((0, channels), np.float32)


def _end(reader: _Reader, samples: int) -> np.ndarray:
    """The last samples of the readable part; reads from the start only if the file cannot seek."""
    for start in (max(0, reader.samples - samples), 0):
        kept: deque[np.ndarray] = deque()
        held = 0
        for block in reader.blocks() if reader.jump(start) else ():
            kept.append(block)
            held += len(block)
            while held - len(kept[0]) >= samples:
                held -= len(kept.popleft())
        if kept or not start:
            break
    return _joined(kept, reader.channels)[-samples:]


class _Forward(soundfile.SoundFile):
    """A file object for reading forward only: after each block, soundfile would seek to the current
    position, which libsndfile cannot do at the end of a FLAC file of unknown length."""

    def seekable(self) -> bool:
        return False


class _Reader:
    """An open sound file. samples: the apparent number of samples."""

    def __init__(self, path: Path, shown: str) -> None:
        self._shown = shown
        try:
            self._raw: BinaryIO = path.open("rb")
        except OSError as error:
            raise MusicRFMError(f"{shown!r} cannot be read: {error.strerror}") from None
        try:
            self._flac = flac.stream_of(self._raw)
            self._bytes = right(self._raw, self._flac)
            self._file = _Forward(self._bytes)
        except (OSError, RuntimeError, ValueError, TypeError) as error:
            told = self._no_sound(str(error))
            self._raw.close()
            raise MusicRFMError(told) from None
        self.rate, self.channels = self._file.samplerate, self._file.channels
        self.samples = len(self._file)
        self._at = self._lost = 0
        self._ended = False
        self._step = (self._flac and self._flac.block) or BLOCK
        if not LOWEST_RATE <= self.rate <= HIGHEST_RATE:
            self.close()
            raise MusicRFMError(
                f"{shown!r} claims a sample rate of {self.rate} Hz, which is impossible: "
                "export it again"
            )

    def close(self) -> None:
        self._file.close()
        self._raw.close()

    def _no_sound(self, error: str) -> str:
        self._raw.seek(0)
        start = self._raw.read(len(LFS))
        if not start:
            return f"{self._shown!r} is not a readable sound file: it is empty"
        if start == LFS:
            return f"{self._shown!r} is only a Git LFS pointer: run `git lfs pull`"
        for at, mark, name in _OTHER_FORMATS:
            if start[at : at + len(mark)] == mark:
                return (
                    f"{self._shown!r} is not a readable sound file: it is {name}; convert it to "
                    ".wav or .flac, for example with `ffmpeg -i IN OUT.wav`"
                )
        return f"{self._shown!r} is not a readable sound file: give a .wav or .flac file"

    def jump(self, at: int) -> bool:
        """Seek to a sample; returns whether that was possible."""
        try:
            self._file.seek(at)
        except (OSError, RuntimeError):
            return False
        self._at = at
        return True

    def blocks(self, most: int | None = None) -> Iterator[np.ndarray]:
        """Blocks from the current position on, in total at most this number of samples."""
        left = MOST_SAMPLES if most is None else most
        while left > 0:
            # Blocks end with a FLAC frame: a damaged frame costs the whole block that contains it.
            block = self._block(min(self._step - self._at % self._step, left))[:left]
            if not len(block):
                break
            self._at += len(block)
            left -= len(block)
            yield block
            if self._at * self.channels > MOST_SAMPLES:
                raise MusicRFMError(
                    f"{self._shown!r} is longer than {self._at / self.rate / 3600:.1f} hours, more "
                    "than fits in memory: cut it into parts"
                )
        self._ended = left > 0

    def _block(self, most: int) -> np.ndarray:
        """The next samples, or silence for a damaged stretch; empty at the end."""
        while True:
            try:
                block = self._file.read(most, dtype="float32", always_2d=True)
            except (OSError, RuntimeError):
                block = np.zeros((0, self.channels), np.float32)
            if len(block) or self._at >= self.samples:
                return block
            if self._flac is not None:
                return np.zeros((self._behind_damage(), self.channels), np.float32)
            if self._file.format not in ("MP3", "MPEG") or not self._next_in_mp3():
                return block

    def _next_in_mp3(self) -> bool:
        """Continue at the next intact frames; returns whether there are any."""
        begin = next_frame(self._raw, self._bytes.source)
        if begin is None:
            return False
        rest = Spliced(b"", self._raw, begin)
        try:
            self._file = _Forward(rest)
        except (OSError, RuntimeError):
            return False
        self._bytes = rest
        return True

    def _behind_damage(self) -> int:
        """Continue at the next intact frame of a FLAC file; returns the number of samples before
        it."""
        stream = self._flac
        assert stream is not None, "only FLAC files are supported here"
        begin = max(len(stream.head), self._bytes.source - _AHEAD)
        size = self._raw.seek(0, os.SEEK_END)
        for frame in flac.frames(self._raw, stream, begin, size):
            if not self._at < frame.first < min(self.samples, MOST_SAMPLES):
                continue
            rest = Spliced(stream.told(self.samples - frame.first), self._raw, frame.at)
            try:
                with _Forward(rest) as trial:
                    trial.read(1)
                rest.seek(0)
                self._file = _Forward(rest)
            except (OSError, RuntimeError):
                continue
            self._bytes = rest
            self._lost += frame.first - self._at
            return frame.first - self._at
        return 0

    def say_what_is_missing(self) -> None:
        if self._lost:
            log.warning(
                "%s is damaged: %.1f s of it cannot be read and are replaced by silence",
                *(self._shown, self._lost / self.rate),
            )
        if self._ended and self._at < 0.99 * self.samples:
            log.warning(
                "%s is truncated or damaged: %.1f s of %.1f s can be read",
                *(self._shown, self._at / self.rate, self.samples / self.rate),
            )
