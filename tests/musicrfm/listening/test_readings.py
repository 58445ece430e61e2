"""The choice of the measurement for a direction."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from musicrfm.data import syntheory
from musicrfm.directions import Direction
from musicrfm.errors import MusicRFMError
from musicrfm.listening import measure
from musicrfm.listening.readings import reading

HEARD = measure.Measurements(
    8.0,
    tuple(n / 66 for n in range(12)),
    6,
    97.0,
    0.8,
    4.0,
    -20.0,
    0.7,
    0.01,
    0.02,
    0.0,
    chord_share=(0.1, 0.5, 0.2, 0.0),
    interval_share=tuple(n / 66 for n in range(12)),
    mode_share=(0.0, 0.6, 0.4, 0.0, 0.0, 0.0, 0.0),
    triple=0.8,
)


def direction(name: str, **meta) -> Direction:
    return Direction(name, np.ones((2, 1, 4)), np.ones(2), {"model": "x", **meta})


@pytest.mark.parametrize(
    ("name", "value", "hit"),
    [
        ("note_C#", 1 / 66, False),
        ("note_B", 11 / 66, True),
        ("notes_Bb", 10 / 66, False),
        ("key_C", 38 / 66, False),
        ("key_Gb", 44 / 66, True),
        ("chord_minor", 0.5, True),
        ("chord_augmented", 0.2, False),
        ("interval_12", 11 / 66, True),
        ("intervals_3", 2 / 66, False),
        ("scale_dorian", 0.6, True),
        ("scales_major", 0.0, False),
        ("time_signature_3-4", 0.8, True),
        ("time_signatures_12-8", 0.8, True),
        ("time_signature_4-4", 0.2, False),
        ("metre_duple", 0.2, False),
        ("metre", 0.8, True),
    ],
)
def test_reading_follows_the_name_of_the_direction(name, value, hit):
    found = reading(direction(name))
    assert found.quantity == "share" and not found.both_ways
    assert found.read(HEARD) == pytest.approx(value)
    assert found.hit(HEARD) is hit


def test_reading_of_a_custom_name_follows_the_metadata():
    mine = direction("dark", concept="chord", target="minor")
    assert reading(mine).read(HEARD) == 0.5
    faster = reading(direction("faster", concept="tempo", target="bpm"))
    assert faster.quantity == "BPM" and faster.both_ways
    assert faster.read(HEARD) == 97.0 and faster.hit(HEARD) is None
    assert reading(direction("tempo")).read(replace(HEARD, tempo_bpm=None)) is None
    assert reading(direction("metre")).read(replace(HEARD, triple=None)) is None


@pytest.mark.parametrize("name", sorted(set(syntheory.LABELS) - {"simple_progressions", "tempos"}))
def test_every_class_except_progressions_has_a_reading(name):
    for spoken in syntheory.LABELS[name][2].values():
        for spelling in (f"{name}_{spoken}", f"{name.rstrip('s')}_{spoken}"):
            assert reading(direction(spelling)).quantity == "share"


def test_progressions_are_refused_in_one_sentence():
    with pytest.raises(MusicRFMError, match="cannot be evaluated"):
        reading(direction("progression_ionian-1-4-5-1", concept="progression"))
