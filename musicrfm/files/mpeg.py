"""Finds where an MP3 file can be read on after damage: the next run of consecutive frames.

Source: ISO/IEC 11172-3, 2.4.1.3 and 13818-3, 2.4.2.3 (the header of a frame of layer III).
"""

from __future__ import annotations

import os
from typing import BinaryIO

WINDOW = 2**18
STEPS = 3  # consecutive frames required, because single headers can appear by chance
_KBITS = {
    1: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    2: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}


def next_frame(file: BinaryIO, start: int) -> int | None:
    """The position, from byte `start` on, of a frame followed by other frames; None if there is
    none."""
    size = file.seek(0, os.SEEK_END)
    while start < size:
        file.seek(start)
        data = file.read(WINDOW + 8192)
        at = data.find(b"\xff")
        while 0 <= at < WINDOW:
            if _in_step(data, at):
                return start + at
            at = data.find(b"\xff", at + 1)
        start += WINDOW
    return None


def _in_step(data: bytes, at: int) -> bool:
    first = data[at + 1 : at + 2]
    for _ in range(STEPS):
        length = _length(data[at : at + 4])
        if length is None or data[at + 1 : at + 2] != first:
            return False
        at += length
    return True


def _length(header: bytes) -> int | None:
    """Length in bytes of the layer III frame of a header; None for anything else."""
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE6 != 0xE2:
        return None
    version, bits, rate = header[1] >> 3 & 3, header[2] >> 4, header[2] >> 2 & 3
    if version == 1 or bits in (0, 15) or rate == 3:
        return None
    kbits = _KBITS[1 if version == 3 else 2][bits]
    return (144 if version == 3 else 72) * 1000 * kbits // _RATES[version][rate] + (
        header[2] >> 1 & 1
    )
