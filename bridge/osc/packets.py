"""OSC packets: parses bytes from outside into messages, and builds packets from messages.

Parsing trusts nothing and tolerates unambiguous deviations: a last text without padding, text that
is not UTF-8, types of any OSC version. An unreadable part costs its own message and no other one of
its bundle. See the OSC 1.0 specification of 2002 and the paper on 1.1 of 2009.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pythonosc.osc_message_builder import ArgValue, OscMessageBuilder

from musicrfm.errors import MusicRFMError

MAX_PACKET = 65_535  # bytes, as many as UDP takes
MAX_NESTING = 8
MAX_FAULTS = 8  # reported per packet
NTP_EPOCH = 2208988800  # 1970 in seconds since 1900
BUNDLE = b"#bundle\0"


@dataclass(frozen=True)
class Message:
    """One OSC message and its due time (seconds since 1970; 0.0 for at once).

    Its arguments are int, float, str, bool, None (nil), `Opaque` or `Untagged`; arrays are
    flattened, because their brackets only group.
    """

    address: str
    arguments: tuple
    due: float = 0.0


@dataclass(frozen=True, repr=False)
class Opaque:
    """An argument that is neither number nor text: its kind, in words."""

    kind: str

    def __repr__(self) -> str:
        return self.kind


@dataclass(frozen=True, repr=False)
class Untagged:
    """The arguments of an old sender that sends no types; the receiver must infer them."""

    data: bytes

    def __repr__(self) -> str:
        return f"{len(self.data)} bytes without type tags"


IMPULSE = Opaque("an impulse")
BLOB = Opaque("a blob")
COLOUR = Opaque("a colour")
MIDI = Opaque("a MIDI message")
TIME = Opaque("a time tag")

# How many bytes an argument of a fixed size has, and what is made of them.
SIZED: dict[str, tuple[int, Callable[[bytes], object]]] = {
    "i": (4, lambda data: int.from_bytes(data, "big", signed=True)),
    "c": (4, lambda data: int.from_bytes(data, "big", signed=True)),
    "h": (8, lambda data: int.from_bytes(data, "big", signed=True)),
    "f": (4, lambda data: struct.unpack(">f", data)[0]),
    "d": (8, lambda data: struct.unpack(">d", data)[0]),
    "t": (8, lambda data: TIME),
    "r": (4, lambda data: COLOUR),
    "m": (4, lambda data: MIDI),
}
BARE: dict[str, object] = {"T": True, "F": False, "N": None, "I": IMPULSE}


def parts(packet: bytes) -> Iterator[Message | str]:
    """The messages in a packet, in order, and the errors of the rest, one by one, in words."""
    faults = 0
    regions = [(0, len(packet), 0.0, 0)]  # start, end, due, depth: still to be read, the next last
    while regions:
        start, end, due, depth = regions.pop()
        fault = None
        try:
            if packet.startswith(BUNDLE, start, end):
                inside, fault = _elements(packet, start, end, due, depth)
                regions += reversed(inside)
            elif packet.startswith(b"/", start, end):
                yield _message(packet, start, end, due)
            else:
                fault = "not an OSC packet: it begins neither with '/' nor with '#bundle'"
        except MusicRFMError as error:
            fault = str(error)
        if fault is not None:
            faults += 1
            if faults <= MAX_FAULTS:
                yield fault
    if faults > MAX_FAULTS:
        yield f"{faults - MAX_FAULTS} more parts of the packet cannot be read"


def _elements(
    packet: bytes, start: int, end: int, due: float, depth: int
) -> tuple[list[tuple[int, int, float, int]], str | None]:
    """The positions of a bundle's elements, and the error of the rest."""
    found: list[tuple[int, int, float, int]] = []
    if depth >= MAX_NESTING:
        return found, f"bundles nest deeper than {MAX_NESTING}"
    if end - start < 16:
        return found, "a bundle ends before its time tag"
    seconds, fraction = struct.unpack_from(">II", packet, start + 8)
    if (seconds, fraction) != (0, 1):  # which says: at once
        due = max(due, seconds - NTP_EPOCH + fraction / 2**32)
    position, fault = start + 16, None
    while position < end:
        if position + 4 > end:
            return found, "a bundle ends inside an element's size"
        (size,) = struct.unpack_from(">i", packet, position)
        position += 4
        if size == 0:
            fault = "a bundle element is empty"
        elif size < 0 or position + size > end:
            return found, f"a bundle element declares {size} bytes"
        else:
            found.append((position, position + size, due, depth + 1))
        position += size
    return found, fault


def _message(packet: bytes, start: int, end: int, due: float) -> Message:
    address, position = _text(packet, start, start, end)
    if position >= end:
        return Message(address, (), due)
    if packet[position] != ord(","):
        return Message(address, (Untagged(packet[position:end]),), due)
    tags, position = _text(packet, position, start, end)
    arguments: list[object] = []
    for tag in tags[1:]:
        if tag in "[]":
            continue
        if tag in BARE:
            arguments.append(BARE[tag])
        elif tag in "sS":
            if position >= end:
                raise _short(address, tag)
            text, position = _text(packet, position, start, end)
            arguments.append(text)
        elif tag == "b":
            size = int.from_bytes(packet[position : position + 4], "big", signed=True)
            if not 0 <= size <= end - position - 4:
                raise _short(address, tag)
            arguments.append(BLOB)
            position = _aligned(position + 4 + size, start)
        elif tag in SIZED:
            size, value = SIZED[tag]
            if position + size > end:
                raise _short(address, tag)
            arguments.append(value(packet[position : position + size]))
            position += size
        else:
            # How long it is cannot be known, so what follows it cannot be found.
            arguments.append(Opaque(f"an argument of unknown type {tag!r}"))
            break
    return Message(address, tuple(arguments), due)


def _short(address: str, tag: str) -> MusicRFMError:
    return MusicRFMError(f"{address!r} ends before its argument of type {tag!r} does")


def _text(packet: bytes, position: int, start: int, end: int) -> tuple[str, int]:
    """The text at `position` and the position after it; a last text may lack its end."""
    stop = packet.find(b"\0", position, end)
    if stop < 0:
        stop = end
    return decoded(packet[position:stop]), _aligned(stop + 1, start)


def _aligned(position: int, start: int) -> int:
    return start + -(-(position - start) // 4) * 4


def decoded(text: bytes) -> str:
    """Text as UTF-8 or, if it is invalid, as Windows and Latin-1 programs write it."""
    for encoding in ("utf-8", "cp1252"):
        try:
            return text.decode(encoding)
        except UnicodeDecodeError:
            continue
    return text.decode("latin-1")


def build(address: str, *arguments: ArgValue) -> bytes:
    """One message as a packet; numbers and text get their natural OSC types."""
    builder = OscMessageBuilder(address)
    for argument in arguments:
        builder.add_arg(argument, "f" if isinstance(argument, float) else None)
    return builder.build().dgram


def bundle(messages: list[bytes]) -> bytes:
    """Messages as one packet, due at once."""
    sized = b"".join(struct.pack(">i", len(message)) + message for message in messages)
    return BUNDLE + struct.pack(">II", 0, 1) + sized
