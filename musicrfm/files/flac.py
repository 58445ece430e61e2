"""Reads a FLAC file's metadata: its length, and the frames at which decoding can resume.

A file whose writer was killed, that was truncated, or that a disk damaged still contains intact
frames. Each frame has a header with its number and a checksum, so it can be found without the rest.
Source: RFC 9639, sections 8.2 (streaminfo) and 9.1 (frame header).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

WINDOW = 2**18  # bytes searched at a time; frames of usual files are far shorter
_SIZES = {1: 192, **{n: 576 << (n - 2) for n in range(2, 6)}, **{n: 1 << n for n in range(8, 16)}}
_BITS = {1: 8, 2: 12, 4: 16, 5: 20, 6: 24, 7: 32}


@dataclass(frozen=True)
class Stream:
    """head: everything before the frames. total: number of samples in the header, 0 if missing.
    block: samples of each frame but the last, None if they differ."""

    head: bytes
    info: int  # offset of streaminfo's content in `head`
    block: int | None
    rate: int
    channels: int
    bits: int
    total: int

    def told(self, samples: int) -> bytes:
        """The head with this number of samples, and without the checksum of all samples."""
        content = bytearray(self.head)
        at = self.info + 13
        content[at] = content[at] & 0xF0 | samples >> 32 & 0x0F
        content[at + 1 : at + 5] = (samples & 0xFFFFFFFF).to_bytes(4, "big")
        content[at + 5 : at + 21] = bytes(16)
        return bytes(content)


@dataclass(frozen=True)
class Frame:
    """at: offset of its first byte in the file. first: number of its first sample, out of
    `samples`."""

    at: int
    first: int
    samples: int

    @property
    def end(self) -> int:
        return self.first + self.samples


def stream_of(file: BinaryIO) -> Stream | None:
    """The properties in a file's head; None if the file is not FLAC or its head is damaged."""
    file.seek(0)
    head = bytearray(file.read(10))
    if head[:3] == b"ID3":  # a tag of other programs; its length uses 7 bits per byte
        length = sum((byte & 127) << 7 * (3 - n) for n, byte in enumerate(head[6:10]))
        head += file.read(length)
        start = len(head)
        head += file.read(4)
    else:
        start = 0
        file.seek(4)
        del head[4:]
    if head[start:] != b"fLaC":
        return None
    info, last, first = 0, False, True
    while not last:
        block = file.read(4)
        size = int.from_bytes(block[1:], "big")
        if len(block) < 4 or (first and (block[0] & 127, size) != (0, 34)):
            return None
        last = bool(block[0] & 128)
        content = file.read(size)
        if len(content) < size:
            return None
        info = len(head) + 4 if first else info
        head += block + content
        first = False
    about = head[info : info + 34]
    shortest, longest = int.from_bytes(about[:2], "big"), int.from_bytes(about[2:4], "big")
    packed = int.from_bytes(about[10:18], "big")
    rate = packed >> 44
    if not rate:
        return None
    return Stream(
        head=bytes(head),
        info=info,
        block=shortest if shortest == longest else None,
        rate=rate,
        channels=(packed >> 41 & 7) + 1,
        bits=(packed >> 36 & 31) + 1,
        total=packed & (1 << 36) - 1,
    )


def frames(file: BinaryIO, stream: Stream, start: int, end: int) -> Iterator[Frame]:
    """The frames with an intact header between bytes `start` and `end`, in order."""
    while start < end:
        file.seek(start)
        data = file.read(min(WINDOW, end - start) + 16)
        if not data:
            return
        at = data.find(b"\xff")
        while 0 <= at < min(WINDOW, end - start):
            found = _frame(data[at : at + 16], stream)
            if found is not None:
                yield Frame(start + at, *found)
            at = data.find(b"\xff", at + 1)
        start += WINDOW


def last_frame(file: BinaryIO, stream: Stream) -> Frame | None:
    """The last frame of the file whose number follows that of the one before."""
    end = file.seek(0, os.SEEK_END)
    first = len(stream.head)
    window = WINDOW
    while True:
        start = max(first, end - window)
        found = list(frames(file, stream, start, end))
        starts = {frame.first for frame in found}
        ends = {frame.end for frame in found}
        for frame in reversed(found):
            # By chance, bytes can look like a header, but not like one with the right number.
            if frame.first in ends or (frame.first == 0 and len(starts) == 1):
                return frame
        if start == first or window > 2**30:
            return None
        window *= 8


def _frame(header: bytes, stream: Stream) -> tuple[int, int] | None:
    """(number of the first sample, samples) of a frame header; None for anything else."""
    if len(header) < 6 or header[1] & 0xFE != 0xF8 or header[3] & 1:
        return None
    size, rate, channels, bits = header[2] >> 4, header[2] & 15, header[3] >> 4, header[3] >> 1 & 7
    if size == 0 or rate == 15 or channels > 10:
        return None
    if (channels + 1 if channels < 8 else 2) != stream.channels:
        return None
    if bits and _BITS.get(bits) != stream.bits:
        return None
    number, at = _number(header, 4)
    if number is None:
        return None
    extra = {6: 1, 7: 2}.get(size, 0)
    samples = int.from_bytes(header[at : at + extra], "big") + 1 if extra else _SIZES[size]
    at += extra + {12: 1, 13: 2, 14: 2}.get(rate, 0)
    if len(header) <= at or _crc8(header[:at]) != header[at]:
        return None
    if header[1] & 1:  # variable frame lengths: the number is that of the first sample
        return number, samples
    return None if stream.block is None else (number * stream.block, samples)


def _number(data: bytes, at: int) -> tuple[int | None, int]:
    """A number in UTF-8 style coding of up to 7 bytes, and the position of its end."""
    first = data[at]
    if first < 0x80:
        return first, at + 1
    length = next((n for n in range(2, 8) if not first >> 7 - n & 1), 0)
    more = data[at + 1 : at + length]
    if first < 0xC0 or not length or len(more) < length - 1 or any(b & 0xC0 != 0x80 for b in more):
        return None, at
    number = first & (1 << max(0, 7 - length)) - 1
    for byte in more:
        number = number << 6 | byte & 63
    return number, at + length


def _crc8(data: bytes) -> int:
    """Polynomial x^8 + x^2 + x + 1."""
    crc = 0
    for byte in data:
        crc = _CRC[crc ^ byte]
    return crc


def _crc_table() -> list[int]:
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte << 1 ^ (0x107 if byte & 128 else 0)
        table.append(byte & 0xFF)
    return table


_CRC = _crc_table()
