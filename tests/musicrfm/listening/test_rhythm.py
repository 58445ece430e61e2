"""Metre measured on clicks and patterns with known accents."""

from __future__ import annotations

import numpy as np
import pytest

from musicrfm.data import syntheory
from musicrfm.listening import measure, rhythm

RATE = 16_000


def click(pitch: float, level: float) -> np.ndarray:
    t = np.arange(1600) / RATE
    noise = np.random.default_rng(1).normal(size=len(t))
    return level * np.exp(-t / 0.02) * (np.sin(2 * np.pi * pitch * t) + 0.3 * noise)


def clicks(accent_every: int, bpm: float = 132, seconds: float = 8.0, first: int = 1) -> np.ndarray:
    audio = np.zeros(int(seconds * RATE) + 1600, np.float32)
    for number, at in enumerate(np.arange(0.11, seconds, 60 / bpm), first):
        sound = click(900, 0.5) if number % accent_every == 0 else click(600, 0.25)
        audio[int(at * RATE) :][:1600] += sound
    return audio[: int(seconds * RATE)]


@pytest.mark.parametrize("first", [0, 1, 2])
@pytest.mark.parametrize(("every", "is_triple"), [(2, 0), (3, 1), (4, 0), (6, 1)])
def test_accents_in_threes_are_triple_and_in_twos_duple(every, is_triple, first):
    triple, accent_every = rhythm.metre(clicks(every, first=first))
    assert accent_every == every
    assert (triple > 0.6) if is_triple else (triple < 0.4)


def test_equal_accents_leave_the_metre_undecided():
    triple, _ = rhythm.metre(clicks(1))
    assert triple == pytest.approx(0.5, abs=0.15)


def test_too_few_pulses_give_no_metre():
    t = np.arange(8 * RATE) / RATE
    assert rhythm.metre(np.sin(2 * np.pi * 440 * t).astype(np.float32)) == (None, None)
    assert rhythm.metre(clicks(3, bpm=60, seconds=4.0)) == (None, None)


def test_notes_between_beats_keep_a_triple_metre():
    """A waltz in eighth notes, six from accent to accent."""
    beats = clicks(3, bpm=90, seconds=10.0, first=0)
    between = 0.5 * np.roll(clicks(1, bpm=90, seconds=10.0), int(RATE * 30 / 90))
    triple, accent_every = rhythm.metre(beats + between.astype(np.float32))
    assert triple > 0.55 and accent_every in (3, 6)


@pytest.mark.slow
def test_time_signatures_of_sampled_clicks():
    found = syntheory.clip_set("time_signatures", 16)
    told = {}
    for row in found.rows:
        heard = measure.measure(*found.hear(row))
        if heard.triple is not None:
            triple = row["time_signature_beats"] % 3 == 0
            told.setdefault(row["time_signature"], []).append((heard.triple > 0.5) == triple)
    assert "(2, 2)" not in told  # four seconds hold only four of its beats
    easy = [v for name in ("(2, 4)", "(3, 4)", "(4, 4)", "(6, 8)") for v in told[name]]
    assert len(easy) >= 6 and np.mean(easy) >= 0.9
    assert np.mean([v for values in told.values() for v in values]) >= 0.8
