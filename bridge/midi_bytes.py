"""Bytes as a MIDI cable carries them, as messages."""

from __future__ import annotations

import mido

# The data bytes of each kind of message, by its status without the channel.
LENGTHS = {0x80: 2, 0x90: 2, 0xA0: 2, 0xB0: 2, 0xC0: 1, 0xD0: 1, 0xE0: 2}
REALTIME, SYSTEM = 0xF8, 0xF0


class Messages:
    """Puts messages together. A status byte that is the same again may be left away ("running
    status"), and realtime messages may stand anywhere, also within others.
    """

    def __init__(self) -> None:
        self._parser = mido.Parser()
        self._status = 0  # which goes on until another one comes
        self._missing = 0  # data bytes, of the message that has begun

    def feed(self, data: bytes) -> list[mido.Message]:
        """The messages that are complete with these bytes. Never raises."""
        for byte in data:
            if SYSTEM <= byte < REALTIME:
                self._status = 0
            elif byte < SYSTEM and byte >= 0x80:
                self._status, self._missing = byte, LENGTHS[byte & 0xF0]
            elif byte < 0x80 and self._status:
                if not self._missing:
                    self._parser.feed_byte(self._status)
                    self._missing = LENGTHS[self._status & 0xF0]
                self._missing -= 1
            self._parser.feed_byte(byte)
        return list(self._parser)
