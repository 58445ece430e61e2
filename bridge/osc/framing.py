"""Splits a TCP byte stream into OSC packets.

OSC 1.1 ends each packet with a special byte (SLIP, RFC 1055), which most senders also put before
it; OSC 1.0 puts its length before it. The first byte of a connection distinguishes them: a
plausible length starts with a zero, and no packet does.
"""

from __future__ import annotations

import struct

from bridge.osc.packets import MAX_PACKET
from musicrfm.errors import MusicRFMError

END, ESCAPE = b"\xc0", b"\xdb"
ESCAPED = ((ESCAPE, b"\xdb\xdd"), (END, b"\xdb\xdc"))  # in the order of writing
SLIP_STARTS = END + b"/#"  # its mark, or where that is left out, a packet's own first byte
LENGTH_STARTS = b"\0"
LONGEST = 2 * MAX_PACKET  # of a packet all of whose bytes are escaped


class _Bytes:
    """What has arrived and is not yet a packet."""

    def __init__(self) -> None:
        self._data = bytearray()

    def add(self, data: bytes) -> None:
        self._data += data

    @property
    def unfinished(self) -> bool:
        """Whether a packet has begun."""
        return bool(self._data)


class Slip(_Bytes):
    """OSC 1.1."""

    name = "SLIP"
    _searched = 0  # bytes of what has arrived

    def take(self) -> bytes | None:
        """The next packet, or None until it is complete. Raises MusicRFMError if it is too long."""
        while (end := self._data.find(END, self._searched)) >= 0:
            packet = bytes(self._data[:end])
            del self._data[: end + 1]
            self._searched = 0
            if packet:  # else it was the mark in front
                for plain, written in reversed(ESCAPED):
                    packet = packet.replace(written, plain)
                return packet
        self._searched = len(self._data)
        if self._searched > LONGEST:
            raise MusicRFMError(
                f"more than {MAX_PACKET} bytes arrived without SLIP's end mark (0xC0)"
            )
        return None

    @staticmethod
    def wrap(packet: bytes) -> bytes:
        for plain, written in ESCAPED:
            packet = packet.replace(plain, written)
        return END + packet + END


class Lengths(_Bytes):
    """OSC 1.0."""

    name = "a length prefix"

    def take(self) -> bytes | None:
        """The next packet, or None until it is complete. Raises MusicRFMError if it is too long."""
        while len(self._data) >= 4:
            (size,) = struct.unpack_from(">I", self._data)
            if size > MAX_PACKET:
                raise MusicRFMError(f"a packet declares {size} bytes, more than {MAX_PACKET}")
            if len(self._data) < 4 + size:
                break
            packet = bytes(self._data[4 : 4 + size])
            del self._data[: 4 + size]
            if packet:
                return packet
        return None

    @staticmethod
    def wrap(packet: bytes) -> bytes:
        return struct.pack(">I", len(packet)) + packet


def framing_of(first: bytes) -> Slip | Lengths | None:
    """The framing of a connection with this first byte; None if it is not OSC."""
    if first in SLIP_STARTS:
        return Slip()
    return Lengths() if first in LENGTH_STARTS else None
