"""Of several numbers for one control that came together only the last one counts."""

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


def test_a_fader_that_moves_counts_once() -> None:
    moves = [(build(PLAIN, at / 1000), ME) for at in range(1000)]
    other = (build("/gain", -3.0), ME)
    assert together(*moves[:500], other, *moves[500:]) == [other, moves[-1]]


def test_what_comes_between_sees_how_things_stood() -> None:
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


def test_each_sender_and_kind_of_number_is_for_itself() -> None:
    packets = [(build(PLAIN, 0.1), ME), (build(PLAIN, 0.2), OTHER), (build(PLAIN, 1), ME)]
    assert together(*packets) == packets
    assert together(*packets, packets[0]) == [*packets[1:], packets[0]]


def test_events_are_all_obeyed() -> None:
    packets = [(build("/panic", 1.0), ME), (build("/panic", 1.0), ME)]
    assert together(*packets) == packets
