"""Of several waiting values for one control only the last is kept."""

from __future__ import annotations

from bridge.controls.controls import namespace
from bridge.osc.latest import Latest
from bridge.osc.packets import build

ME, OTHER = ("127.0.0.1", 5000), ("127.0.0.1", 5001)
PLAIN = "/steer/note_C"


def together(*packets: tuple[bytes, tuple]) -> list[tuple[bytes, tuple]]:
    latest = Latest(namespace(["note_C", "note_G"]))
    for packet, sender in packets:
        latest.add(packet, sender)
    taken = latest.taken()
    assert not latest.taken()
    return taken


def test_only_the_last_value_of_a_moving_fader_is_kept() -> None:
    moves = [(build(PLAIN, at / 1000), ME) for at in range(1000)]
    other = (build("/gain", -3.0), ME)
    assert together(*moves[:500], other, *moves[500:]) == [other, moves[-1]]


def test_value_before_another_kind_of_packet_is_kept() -> None:
    first, last = (build(PLAIN, 0.1), ME), (build(PLAIN, 0.2), ME)
    for between in (
        (build("/preset/store", "a"), ME),
        (build("/panic"), OTHER),
        (build("/get", PLAIN), ME),
        (build("/steer/*", 0.5), ME),
        (build("/prompt", "piano"), ME),
        (b"", ME),
        (b"garbage", ME),
    ):
        assert together(first, between, last) == [first, between, last]


def test_values_of_other_senders_and_types_are_kept() -> None:
    packets = [(build(PLAIN, 0.1), ME), (build(PLAIN, 0.2), OTHER), (build(PLAIN, 1), ME)]
    assert together(*packets) == packets
    assert together(*packets, packets[0]) == [*packets[1:], packets[0]]


def test_every_event_is_kept() -> None:
    packets = [(build("/panic", 1.0), ME), (build("/panic", 1.0), ME)]
    assert together(*packets) == packets
