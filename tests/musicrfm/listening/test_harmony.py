"""Chords, intervals and modes measured on audio with known notes."""

from __future__ import annotations

import numpy as np
import pytest

from musicrfm.data import syntheory
from musicrfm.listening import measure
from musicrfm.theory import CHORDS, MODES

RATE = 32_000


def note(pitch: float, seconds: float) -> np.ndarray:
    """A decaying note with five overtones."""
    t = np.arange(int(seconds * RATE)) / RATE
    hz = 440 * 2 ** ((pitch - 69) / 12)
    wave = sum(np.sin(2 * np.pi * hz * h * t) / h for h in range(1, 6))
    return (0.2 * wave * np.exp(-1.5 * t) * np.minimum(1, t / 0.005)).astype(np.float32)


def played(*beats: tuple[int, ...], seconds: float = 0.5) -> measure.Measurements:
    """Measurements of beats of simultaneous notes, one beat after the other."""
    audio = np.concatenate([sum(note(p, seconds) for p in beat) for beat in beats])
    return measure.measure(audio / 4, RATE)


def clips(name: str, count: int, **filters) -> list[tuple[dict, measure.Measurements]]:
    """Clips of a SynTheory set on a few instruments, measured."""
    found = syntheory.clip_set(name, count, **filters)
    sounds = ((row, found.hear(row)) for row in found.rows)
    return [(row, measure.measure(*sound)) for row, sound in sounds if sound is not None]


# ---- chords ----


@pytest.mark.parametrize("quality", CHORDS)
@pytest.mark.parametrize("root", [48, 55, 62])
def test_triad_quality_is_recognised(quality, root):
    heard = played(*[tuple(root + step for step in CHORDS[quality])] * 4)
    shares = dict(zip(CHORDS, heard.chord_share, strict=True))
    assert shares.pop(quality) > 0.9
    assert sum(shares.values()) < 0.1


def test_chord_shares_follow_the_duration_of_each_chord():
    major, minor = (60, 64, 67), (57, 60, 64)
    heard = played(*[major] * 6, *[minor] * 2, seconds=1.0)
    assert heard.chord_share[0] == pytest.approx(0.75, abs=0.08)
    assert heard.chord_share[1] == pytest.approx(0.25, abs=0.08)


def test_broken_chords_count_but_single_notes_and_pairs_do_not():
    broken = [(57,), (60,), (64,), (69,)] * 4
    assert played(*broken, seconds=0.15).chord_share[1] > 0.8
    assert sum(played(*[(60,)] * 6).chord_share) < 0.05
    assert sum(played(*[(60, 67)] * 6).chord_share) < 0.05
    assert sum(measure.measure(np.zeros(2 * RATE), RATE).chord_share) == 0


def test_melody_with_noise_is_no_chord():
    notes = np.concatenate([note(pitch, 0.5) for pitch in (60, 62, 64, 65, 67, 69)])
    noise = np.random.default_rng(0).normal(0, 0.02, len(notes)).astype(np.float32)
    assert sum(measure.measure(notes / 4 + noise, RATE).chord_share) < 0.1


@pytest.mark.slow
def test_chords_of_sampled_instruments():
    heard = clips("chords", 12, midi_program_num=(0, 19, 24, 48, 73))
    right = [list(CHORDS)[int(np.argmax(m.chord_share))] == row["chord_type"] for row, m in heard]
    assert len(right) >= 9 and np.mean(right) >= 0.9


# ---- intervals ----


@pytest.mark.parametrize("semitones", range(1, 12))
def test_two_notes_at_once_are_a_harmonic_interval(semitones):
    heard = played(*[(57, 57 + semitones)] * 4)
    assert heard.harmonic_intervals[semitones - 1] > 0.85
    assert heard.interval_share[semitones - 1] > 0.85
    assert sum(heard.melodic_intervals) < 0.5 or np.argmax(heard.melodic_intervals) == semitones - 1


@pytest.mark.parametrize("semitones", range(1, 13))
def test_two_notes_in_turn_are_a_melodic_interval(semitones):
    heard = played(*[(57,), (57 + semitones,)] * 5)
    assert heard.melodic_intervals[semitones - 1] > 0.8
    assert np.argmax(heard.interval_share) == semitones - 1


def test_melodic_intervals_are_counted():
    heard = played(*[(p,) for p in (60, 62, 64, 62, 69, 62, 64, 62, 60)])
    # seconds are 60-62 62-64 64-62, 62-64 64-62 62-60; fifths are 62-69 69-62
    assert heard.melodic_intervals[1] == pytest.approx(6 / 8, abs=0.13)
    assert heard.melodic_intervals[6] == pytest.approx(2 / 8, abs=0.13)
    repeated = played(*[(60,)] * 8)
    assert sum(repeated.melodic_intervals) == 0 and sum(repeated.interval_share) < 0.1


@pytest.mark.slow
def test_intervals_of_sampled_instruments():
    heard = clips("intervals", 12, midi_program_num=(0, 24, 48, 73))
    right = [int(np.argmax(m.interval_share)) + 1 == row["interval"] for row, m in heard]
    assert len(right) >= 10 and np.mean(right) >= 0.75


# ---- modes ----


@pytest.mark.parametrize("mode", MODES)
def test_scale_up_and_down_has_the_right_mode(mode):
    steps = [*MODES[mode], 12]
    line = [(62 + step,) for step in steps + steps[::-1]]
    heard = played(*line, seconds=0.4)
    assert list(MODES)[int(np.argmax(heard.mode_fit))] == mode
    assert heard.mode_share[list(MODES).index(mode)] == 1
    assert max(heard.mode_fit) > 0.85


def test_silence_and_noise_have_no_mode():
    silent = measure.measure(np.zeros(2 * RATE), RATE)
    assert sum(silent.mode_share) == 0 and max(silent.mode_fit) == 0
    noise = measure.measure(np.random.default_rng(0).normal(size=4 * RATE) * 0.1, RATE)
    assert max(noise.mode_fit) < 0.85


def test_modes_of_sampled_instruments():
    heard = clips("scales", 7, midi_program_num=(0, 24, 73))
    right = [list(MODES)[int(np.argmax(m.mode_share))] == row["mode"] for row, m in heard]
    assert len(right) == 7 and np.mean(right) >= 0.8
