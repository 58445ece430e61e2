"""Reads the variables of a TensorFlow checkpoint without TensorFlow.

A checkpoint is a "tensor bundle": a data file with the raw numbers, and an index. The index is a
sorted table as LevelDB writes them (blocks of keys with shared prefixes, at the end a footer that
says where the block of blocks is); each value is a small protocol buffer with the type, shape and
place of one variable.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

import numpy as np

from musicrfm.errors import MusicRFMError

MAGIC = 0xDB4775248B80FB57  # the last eight bytes of a table
FOOTER = 48  # bytes: two places of blocks, padded, and the magic number
TYPES = {1: "<f4", 2: "<f8", 3: "<i4", 9: "<i8"}  # TensorFlow's numbers
VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5  # kinds of fields in a protocol buffer


def variables(index: bytes, data: bytes) -> dict[str, np.ndarray]:
    """Name -> variable, from the content of the `.index` and the only `.data` file.

    Raises MusicRFMError if one of them is damaged, or of a kind that this does not read.
    """
    try:
        entries = list(_table(index))
        return {key.decode(): _variable(key, value, data) for key, value in entries if key}
    except (IndexError, struct.error, UnicodeDecodeError, ValueError) as error:
        raise MusicRFMError(f"this is no intact TensorFlow checkpoint: {error}") from error


def _table(file: bytes) -> Iterator[tuple[bytes, bytes]]:
    """(key, value) of a sorted table."""
    if len(file) < FOOTER or struct.unpack("<Q", file[-8:])[0] != MAGIC:
        raise ValueError("the index does not end as a table does")
    footer, at = file[-FOOTER:], 0
    for _ in range(2):  # the block of blocks about the table itself is not needed
        _, at = _varint(footer, at)
    offset, at = _varint(footer, at)
    size, _ = _varint(footer, at)
    for _, place in _block(file, offset, size):
        offset, at = _varint(place, 0)
        yield from _block(file, offset, _varint(place, at)[0])


def _block(file: bytes, offset: int, size: int) -> Iterator[tuple[bytes, bytes]]:
    """(key, value) of the block at `offset`. A key says how much it shares with the one before."""
    if file[offset + size] != 0:
        raise ValueError("the index is compressed, which TensorFlow's never are")
    block = file[offset : offset + size]
    restarts = struct.unpack("<I", block[-4:])[0]
    end, at, key = len(block) - 4 * (restarts + 1), 0, b""
    while at < end:
        shared, at = _varint(block, at)
        new, at = _varint(block, at)
        length, at = _varint(block, at)
        key = key[:shared] + block[at : at + new]
        at += new
        yield key, block[at : at + length]
        at += length


def _variable(key: bytes, entry: bytes, data: bytes) -> np.ndarray:
    fields = _fields(entry)
    kind, (offset,), (size,) = fields.get(1, [0])[0], fields.get(4, [0]), fields.get(5, [0])
    if kind not in TYPES:
        raise ValueError(f"{key.decode()} is of type {kind}, which is not read")
    if fields.get(3, [0]) != [0]:
        raise ValueError(f"{key.decode()} is in another data file")
    shape = [_fields(dim).get(1, [0])[0] for dim in _fields(fields.get(2, [b""])[0]).get(2, [])]
    numbers = np.frombuffer(data[offset : offset + size], TYPES[kind])
    return numbers.reshape(shape)  # raises ValueError if the data file ends early


def _fields(message: bytes) -> dict[int, list]:
    """Field number -> its values, of a protocol buffer: numbers, or bytes for what is nested."""
    fields: dict[int, list] = {}
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        number, kind = tag >> 3, tag & 7
        value: int | bytes
        if kind == VARINT:
            value, at = _varint(message, at)
        elif kind == BYTES:
            length, at = _varint(message, at)
            value, at = message[at : at + length], at + length
        elif kind in (FIXED32, FIXED64):
            length = 4 if kind == FIXED32 else 8
            value, at = message[at : at + length], at + length
        else:
            raise ValueError(f"a field of kind {kind}")
        fields.setdefault(number, []).append(value)
    return fields


def _varint(file: bytes, at: int) -> tuple[int, int]:
    """(the number at this place, the place after it): seven bits a byte, the lowest first."""
    number = shift = 0
    while True:
        byte = file[at]
        number |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return number, at
