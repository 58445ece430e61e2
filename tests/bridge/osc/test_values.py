"""Choosing the value of a control from the arguments of a message."""

from __future__ import annotations

import math
import struct

import pytest

from bridge.controls.parameters import namespace
from bridge.osc.packets import BLOB, COLOUR, IMPULSE, Untagged
from bridge.osc.values import fitting, pressed, useful
from musicrfm.errors import MusicRFMError

PARAMETERS = {p.address: p for p in namespace(["note_C"])}


def real(value: float) -> Untagged:
    return Untagged(struct.pack(">f", value))


def whole(value: int) -> Untagged:
    return Untagged(struct.pack(">i", value))


@pytest.mark.parametrize(
    ("address", "arguments", "value"),
    [
        ("/steer/note_C", (0.5,), 0.5),
        ("/steer/note_C", (1,), 1),
        ("/steer/note_C", (0.7, 0.1), 0.7),
        ("/steer/note_C", ("FaderMaster", 1, 0.7), 0.7),  # as grandMA3 sends it
        ("/steer/note_C", (3, 0.25), 0.25),
        ("/steer/note_C", (True, 0.25), 0.25),
        ("/steer/note_C", (COLOUR, None, IMPULSE, 0.25), 0.25),
        ("/steer/note_C", ("loud",), "loud"),
        ("/steer/note_C", (IMPULSE,), IMPULSE),
        ("/top_k", (0.5, 3), 3),
        ("/top_k", (5.0,), 5.0),
        ("/play", (True,), True),
        ("/prompt", ("slow", "strings"), "slow strings"),
        ("/prompt", ("play", 3, "drums", "at", 0.5, None, "speed"), "play 3 drums at 0.5 speed"),
        ("/prompt", (90, "bpm", "piano", 1.0), "90 bpm piano"),
        ("/prompt", (1, "slow strings", 1.0), "slow strings"),
        ("/prompt", (5,), 5),
        ("/prompt/2", ("slow", "strings"), "slow strings"),
        ("/preset/recall", ("my", "verse", 1.0), "my verse"),
        ("/steer/note_C/layers", ("top:3", "touched"), "top:3"),
        ("/preset/morph", ("my", "verse", 8, 1), ("my verse", 8)),
        ("/preset/morph", ("verse",), ("verse",)),
        ("/crossfade", (1, "note_C", "note_G", True, 10.0, 3), ("note_C", "note_G", 10.0)),
        ("/crossfade", ("note_C", "note_G", 10.0, 3), ("note_C", "note_G", 10.0)),
        # Without type tags.
        ("/gain", (real(-3.5),), -3.5),
        ("/gain", (real(0.0),), 0),
        ("/gain", (whole(-3),), -3),
        ("/top_k", (whole(250),), 250),
        ("/prompt", (Untagged(b"slow strings\0\0\0\0"),), "slow strings"),
        ("/prompt", (Untagged(b"piano \xe9t\xe9\0\0\0"),), "piano été"),
    ],
)
def test_first_fitting_argument_is_the_value(address, arguments, value):
    found = fitting(PARAMETERS[address], arguments)
    assert found == value and type(found) is type(value)


@pytest.mark.parametrize(
    ("address", "data"),
    [
        ("/gain", b"\0" * 8),
        ("/gain", b"f\0\0\0" + struct.pack(">f", 1.0)),
        ("/gain", b"abcd"),
        ("/gain", struct.pack(">f", math.nan)),
        ("/gain", struct.pack(">f", 1e-20)),
        ("/prompt", b"ab\0\0cd\0\0"),
        ("/prompt", b"\1\2\3\0"),
    ],
)
def test_ambiguous_untagged_bytes_are_not_guessed(address, data):
    assert fitting(PARAMETERS[address], (Untagged(data),)) == Untagged(data)


def test_missing_value_and_blob_are_refused():
    with pytest.raises(MusicRFMError, match="takes one value, not 0"):
        fitting(PARAMETERS["/gain"], ())
    with pytest.raises(MusicRFMError, match="/gain takes no blob"):
        fitting(PARAMETERS["/gain"], (0.5, BLOB))


@pytest.mark.parametrize(
    ("arguments", "is_pressed"),
    [
        ((), True),
        ((1,), True),
        ((0,), False),
        ((0.0,), False),
        ((True,), True),
        ((False,), False),
        ((None,), True),
        ((IMPULSE,), True),
        (("go",), True),
        (("",), False),
        (("Key", 0, 1), False),
        ((COLOUR,), True),
        ((whole(1),), True),
        ((whole(0),), False),
        ((real(1.0),), True),
        ((Untagged(b"\1\2\3\4\5"),), False),
    ],
)
def test_arguments_decide_between_press_and_release(arguments, is_pressed):
    assert pressed(arguments) is is_pressed


def test_impulse_and_nil_arguments_of_a_request_are_dropped():
    assert useful((IMPULSE,)) == useful((None,)) == ()
    assert useful((9001, 20.0)) == (9001, 20.0)
    assert useful((Untagged(b"/gain\0\0\0"),)) == ("/gain",)
