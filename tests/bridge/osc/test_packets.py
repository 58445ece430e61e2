"""Reading OSC packets of many kinds of senders, and reporting faults in invalid ones."""

from __future__ import annotations

import struct

import pytest

from bridge.osc.packets import (
    BLOB,
    COLOUR,
    IMPULSE,
    MAX_FAULTS,
    MAX_NESTING,
    MIDI,
    TIME,
    Message,
    Opaque,
    Untagged,
    build,
)
from tests.bridge.osc.test_server import bundle, time_tag
from tests.osc import parse


def padded(text: bytes) -> bytes:
    return text + b"\0" * (4 - len(text) % 4)


def message(address: str, tags: str, data: bytes = b"") -> bytes:
    return padded(address.encode()) + padded(b"," + tags.encode()) + data


def arguments(packet: bytes) -> tuple:
    (read,), faults = parse(packet)
    assert faults == []
    return read.arguments


@pytest.mark.parametrize(
    ("tags", "data", "found"),
    [
        ("i", struct.pack(">i", -7), (-7,)),
        ("h", struct.pack(">q", 2**40), (2**40,)),
        ("f", struct.pack(">f", 0.5), (0.5,)),
        ("d", struct.pack(">d", 0.1), (0.1,)),
        ("c", struct.pack(">i", 65), (65,)),
        ("s", padded(b"slow strings"), ("slow strings",)),
        ("S", padded(b"symbol"), ("symbol",)),
        ("TFNI", b"", (True, False, None, IMPULSE)),
        ("r", b"\xff\x80\0\xff", (COLOUR,)),
        ("m", b"\0\x90\x40\x7f", (MIDI,)),
        ("t", b"\0" * 7 + b"\1", (TIME,)),
        ("b", struct.pack(">i", 5) + b"12345\0\0\0", (BLOB,)),
        ("bf", struct.pack(">i", 5) + b"12345\0\0\0" + struct.pack(">f", 0.5), (BLOB, 0.5)),
        ("b", struct.pack(">i", 5) + b"12345", (BLOB,)),
        ("rmtf", b"\0" * 16 + struct.pack(">f", 0.5), (COLOUR, MIDI, TIME, 0.5)),
        ("[f[i]]s", struct.pack(">fi", 0.5, 3) + padded(b"x"), (0.5, 3, "x")),
        ("[f", struct.pack(">f", 0.5), (0.5,)),
        (
            "fq",
            struct.pack(">f", 0.5) + b"whatever",
            (0.5, Opaque("an argument of unknown type 'q'")),
        ),
        ("", b"", ()),
    ],
)
def test_every_osc_type_is_read(tags, data, found):
    assert arguments(message("/x", tags, data)) == found


def test_address_without_type_tags_has_no_arguments():
    for packet in (b"/panic\0\0", b"/panic\0", b"/panic", b"/play\0\0\0,", b"/play\0\0\0,\0\0\0"):
        assert arguments(packet) == ()


def test_arguments_without_type_tags_are_kept_as_raw_bytes():
    assert arguments(b"/gain\0\0\0" + struct.pack(">f", -3.0)) == (
        Untagged(struct.pack(">f", -3.0)),
    )


@pytest.mark.parametrize("missing", range(1, 9))
def test_last_string_needs_no_padding(missing):
    packet = message("/prompt", "s", b"slow\0\0\0\0")
    whole = packet[: len(packet) - missing]
    if missing <= 4:
        assert arguments(whole) == ("slow",)
    elif missing < 8:
        assert arguments(whole) == ("slow"[: 8 - missing],)
    else:
        assert parse(whole) == ([], ["'/prompt' ends before its argument of type 's' does"])


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("été 雨".encode(), "été 雨"),
        ("été".encode("latin-1"), "été"),
        ("“slow” – 5 €".encode("cp1252"), "“slow” – 5 €"),
        (b"\x81\xe9", "\x81é"),  # which Windows' own set has not
    ],
)
def test_strings_in_utf8_latin1_and_cp1252_are_read(data, text):
    assert arguments(message("/prompt", "s", padded(data))) == (text,)


@pytest.mark.parametrize("value", [b"\0\0\0", b""])
def test_truncated_argument_is_a_fault(value):
    messages, (fault,) = parse(message("/gain", "f", value))
    assert messages == [] and "'/gain' ends before its argument of type 'f'" in fault


GOOD = build("/gain", 0.5)
BAD = {
    "no OSC": b"GET /",
    "no argument": message("/gain", "f"),
    "no time tag": b"#bundle\0\0\0",
    "cut": bundle(GOOD)[:-4],
    "deep": bundle(bundle(bundle(bundle(bundle(bundle(bundle(bundle(bundle(GOOD))))))))),
    "negative": b"#bundle\0" + b"\0" * 8 + struct.pack(">i", -4),
    "blob beyond the end": message("/x", "b", struct.pack(">i", 2**30)),
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
@pytest.mark.parametrize("nested", [False, True])
def test_bad_bundle_element_does_not_affect_the_others(bad, nested):
    inside = bundle(GOOD, bad, build("/play", 1))
    messages, faults = parse(
        bundle(build("/top_k", 5), inside, build("/top_k", 6)) if nested else inside
    )
    assert len(faults) == 1
    read = [(m.address, m.arguments) for m in messages]
    expected = [("/gain", (0.5,)), ("/play", (1,))]
    if nested:
        expected = [("/top_k", (5,)), *expected, ("/top_k", (6,))]
    assert [one for one in read if one in expected] == expected


def test_elements_before_a_broken_one_are_read():
    broken = bundle(GOOD) + struct.pack(">i", 1000) + b"/x\0\0"
    assert parse(broken) == (
        [Message("/gain", (0.5,))],
        ["a bundle element declares 1000 bytes"],
    )
    assert parse(bundle(GOOD) + b"\0\0")[0] == [Message("/gain", (0.5,))]


def test_unpadded_string_in_a_bundle_is_read():
    messages, faults = parse(bundle(message("/prompt", "s", b"slow strings!"), GOOD))
    assert [one.arguments for one in messages] == [("slow strings!",), (0.5,)] and faults == []


def test_empty_bundle_element_is_only_a_fault():
    messages, faults = parse(bundle(b"", GOOD, b""))
    assert messages == [Message("/gain", (0.5,))] and faults == ["a bundle element is empty"]


def test_messages_have_the_time_of_their_bundle():
    packet = bundle(GOOD, bundle(GOOD, at=time_tag(2e9)), bundle(GOOD, at=b"\0" * 8))
    messages, _ = parse(packet)
    assert [one.due for one in messages] == [0.0, pytest.approx(2e9), 0.0]
    (inner,), _ = parse(bundle(bundle(GOOD), at=time_tag(2e9)))
    assert inner.due == pytest.approx(2e9)


def test_faults_of_one_packet_are_limited():
    many = bundle(*[b"junk"] * 8000)
    messages, faults = parse(many)
    assert messages == [] and len(faults) == MAX_FAULTS + 1 and "7992 more" in faults[-1]
    deep = GOOD
    for _ in range(3000):
        deep = bundle(deep)
    assert parse(deep) == ([], [f"bundles nest deeper than {MAX_NESTING}"])
