"""Framing: packets are recovered from a stream that arrives in any pieces."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.osc.framing import LONGEST, Lengths, Slip, framing_of
from bridge.osc.packets import MAX_PACKET
from musicrfm.errors import MusicRFMError

PACKETS = st.lists(st.binary(min_size=1, max_size=40), max_size=8)
BYTES = st.sampled_from([b"\xc0", b"\xdb", b"\xdc", b"\xdd", b"\xdb\xdc", b"/"])
AWKWARD = st.lists(st.lists(BYTES, min_size=1, max_size=8).map(b"".join), max_size=8)


def taken(framing: Slip | Lengths, stream: bytes, step: int) -> list[bytes]:
    found = []
    for start in range(0, len(stream), step):
        framing.add(stream[start : start + step])
        while (packet := framing.take()) is not None:
            found.append(packet)
    return found


@pytest.mark.parametrize("kind", [Slip, Lengths])
@given(packets=PACKETS | AWKWARD, step=st.integers(1, 50))
def test_framed_packets_are_recovered_from_any_pieces(kind, packets, step):
    framing = kind()
    assert taken(framing, b"".join(map(kind.wrap, packets)), step) == packets
    assert not framing.unfinished


@given(packets=AWKWARD)
def test_leading_slip_mark_is_optional(packets):
    stream = b"".join(Slip.wrap(packet)[1:] for packet in packets)
    assert taken(Slip(), stream, 7) == packets


def test_slip_framing_matches_python_osc():
    from pythonosc import slip

    packet = b"/x\0\0,b\0\0\0\0\0\4\xc0\xdb\xdc\xdd"
    assert Slip.wrap(packet) == slip.encode(packet) and slip.decode(Slip.wrap(packet)) == packet


def test_first_byte_selects_the_framing():
    assert isinstance(framing_of(b"\xc0"), Slip)
    assert isinstance(framing_of(b"/"), Slip) and isinstance(framing_of(b"#"), Slip)
    assert isinstance(framing_of(struct.pack(">I", MAX_PACKET)[:1]), Lengths)
    assert framing_of(b"G") is None and framing_of(b"\x16") is None


def test_too_long_packet_is_refused():
    lengths = Lengths()
    lengths.add(struct.pack(">I", MAX_PACKET + 1))
    with pytest.raises(MusicRFMError, match="65536 bytes"):
        lengths.take()
    slip = Slip()
    slip.add(b"/" * (LONGEST + 1))
    with pytest.raises(MusicRFMError, match="end mark"):
        slip.take()


def test_long_packet_is_found_without_repeated_search():
    slip = Slip()
    for _ in range(LONGEST // 2):
        slip.add(b"ab")
        assert slip.take() is None
    slip.add(b"\xc0")
    assert len(slip.take()) == LONGEST // 2 * 2
