"""Parses the byte stream of a MIDI cable into messages."""

from __future__ import annotations

import mido

# The data bytes of each kind of message, by its status without the channel.
LENGTHS = {0x80: 2, 0x90: 2, 0xA0: 2, 0xB0: 2, 0xC0: 1, 0xD0: 1, 0xE0: 2}
SYSTEM, REALTIME, UNDEFINED = 0xF0, 0xF8, (0xF9, 0xFD)


class Messages:
    """Assembles messages. A repeated status byte may be omitted ("running status"), and realtime
    messages may occur anywhere, also inside others."""

    def __init__(self) -> None:
        self._parser = mido.Parser()
        self._status = 0  # running status
        self._missing = 0  # data bytes, of the message that has begun

    def feed(self, data: bytes) -> list[mido.Message]:
        """The messages completed by these bytes. Never raises."""
        messages = []
        for byte in data:
            if byte < REALTIME:
                self._take(byte)
                messages += self._parser
            elif byte not in UNDEFINED:
                messages.append(mido.Message.from_bytes([byte]))
        return messages

    def _take(self, byte: int) -> None:
        if byte >= SYSTEM:
            self._status = 0
        elif byte >= 0x80:
            self._status, self._missing = byte, LENGTHS[byte & 0xF0]
        elif self._status:
            if not self._missing:
                self._parser.feed_byte(self._status)
                self._missing = LENGTHS[self._status & 0xF0]
            self._missing -= 1
        self._parser.feed_byte(byte)
