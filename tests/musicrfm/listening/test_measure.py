"""Measurements of synthetic audio with known notes, tempo and level."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest

from musicrfm.data.compose import compose
from musicrfm.data.render import render
from musicrfm.errors import MusicRFMError
from musicrfm.listening import measure

RATE = 32_000


def tone(pitch: float, seconds: float, harmonics: int = 5) -> np.ndarray:
    """A decaying harmonic note of a MIDI pitch."""
    t = np.arange(int(seconds * RATE)) / RATE
    hz = 440 * 2 ** ((pitch - 69) / 12)
    wave = sum(np.sin(2 * np.pi * hz * h * t) / h for h in range(1, harmonics + 1))
    return (0.2 * wave * np.exp(-1.5 * t) * np.minimum(1, t / 0.005)).astype(np.float32)


def melody(pitches: list[float], seconds: float) -> np.ndarray:
    return np.concatenate([tone(p, seconds) for p in pitches])


def clicks(bpm: float, seconds: float = 10.0, offset: float = 0.13) -> np.ndarray:
    rng = np.random.default_rng(0)
    burst = rng.normal(size=800) * np.exp(-np.arange(800) / 120) * 0.3
    audio = np.zeros(int(seconds * RATE) + len(burst))
    for at in np.arange(offset, seconds, 60 / bpm):
        audio[int(at * RATE) : int(at * RATE) + len(burst)] += burst
    return audio[: int(seconds * RATE)].astype(np.float32)


@pytest.mark.parametrize("pitch_class", range(12))
def test_repeated_note_has_nearly_the_whole_share(pitch_class):
    audio = melody([48 + pitch_class, 60 + pitch_class, 72 + pitch_class] * 2, 0.5)
    heard = measure.measure(audio, RATE)
    assert heard.note_share[pitch_class] > 0.95
    assert heard.pitch_classes == 1
    assert heard.dominant == measure.PITCH_CLASSES[pitch_class]


def test_note_shares_follow_the_duration_of_each_note():
    # C for 3 s, E for 2 s, G for 1 s
    heard = measure.measure(melody([60] * 6 + [64] * 4 + [67] * 2, 0.5), RATE)
    assert heard.note_share[0] == pytest.approx(0.5, abs=0.04)
    assert heard.note_share[4] == pytest.approx(1 / 3, abs=0.04)
    assert heard.note_share[7] == pytest.approx(1 / 6, abs=0.04)
    assert sum(heard.note_share) == pytest.approx(1)
    assert heard.pitch_classes == 3


@pytest.mark.parametrize(("hz", "level"), [(41, 0.03), (50, 0.03), (60, 0.1)])
def test_a_loud_hum_below_the_lowest_note_is_no_note(hz, level):
    played = level * melody([62, 64, 65, 67, 69, 71], 0.5)  # without a C
    hum = 0.3 * np.sin(2 * np.pi * hz * np.arange(len(played)) / RATE)
    alone, with_hum = (measure.measure(a.astype(np.float32), RATE) for a in (played, played + hum))
    assert with_hum.note_share == pytest.approx(alone.note_share, abs=0.02)
    assert with_hum.note_share[0] < 0.02


@pytest.mark.parametrize("pitch", [36, 37])
def test_the_lowest_notes_are_heard(pitch):
    assert measure.measure(melody([pitch] * 4, 1.0), RATE).note_share[pitch % 12] > 0.95


def test_silence_between_notes_is_not_sounding_time():
    gap = np.zeros(2 * RATE, np.float32)
    audio = np.concatenate([tone(57, 1), gap, tone(62, 1), gap])
    heard = measure.measure(audio, RATE)
    assert heard.note_share[9] == pytest.approx(0.5, abs=0.08)
    assert heard.note_share[2] == pytest.approx(0.5, abs=0.08)
    assert heard.silence_share == pytest.approx(4 / 6, abs=0.05)


@pytest.mark.parametrize("bpm", [50, 63.5, 80, 97, 120, 144, 171, 200, 210])
def test_tempo_of_a_click_track(bpm):
    heard = measure.measure(clicks(bpm), RATE)
    assert heard.tempo_bpm == pytest.approx(bpm, rel=0.01)
    assert heard.pulse > 0.7
    assert heard.onset_rate == pytest.approx(bpm / 60, abs=0.11)


def test_tempo_of_accented_beats_is_the_beat_not_its_subdivision():
    beats, between = clicks(90), clicks(180)
    held = np.resize(tone(60, 60 / 90), len(beats))
    audio = beats + 0.1 * between + held
    heard = measure.measure(audio, RATE)
    assert heard.tempo_bpm == pytest.approx(90, rel=0.01)


def test_a_held_tone_and_noise_have_no_tempo():
    t = np.arange(10 * RATE) / RATE
    heard = measure.measure(0.3 * np.sin(2 * np.pi * 440 * t), RATE)
    assert heard.tempo_bpm is None
    assert heard.onset_rate < 0.3
    noise = np.random.default_rng(1).normal(size=10 * RATE) * 0.1
    heard = measure.measure(noise, RATE)
    assert heard.tempo_bpm is None or heard.pulse < 0.4
    assert heard.flatness > 0.3


def test_onset_rate_counts_notes():
    heard = measure.measure(melody([60, 62, 64, 65, 67, 69, 71, 72] * 4, 0.25), RATE)
    assert heard.onset_rate == pytest.approx(4, abs=0.3)


def test_level_peak_clipping_and_flatness_of_a_sine():
    t = np.arange(4 * RATE) / RATE
    sine = np.sin(2 * np.pi * 440 * t)
    heard = measure.measure(0.5 * sine, RATE)
    assert heard.level_db == pytest.approx(-9.03, abs=0.05)
    assert heard.peak == pytest.approx(0.5, abs=1e-3)
    assert heard.clipped_share == 0
    assert heard.silence_share == 0
    assert heard.flatness < 0.01
    assert measure.measure(np.clip(2 * sine, -1, 1), RATE).clipped_share > 0.5


def test_silence_measures_as_silence():
    heard = measure.measure(np.zeros(2 * RATE, np.float32), RATE)
    assert heard.silence_share == 1
    assert heard.note_share == (0.0,) * 12
    assert heard.dominant is None
    assert heard.tempo_bpm is None
    assert heard.onset_rate == 0


def test_other_rates_and_stereo_measure_the_same():
    audio = melody([60, 64, 67, 72], 0.5)
    stereo = np.stack([audio, 0.5 * audio], 1)
    a, b = measure.measure(audio, RATE), measure.measure(stereo, RATE)
    np.testing.assert_allclose(a.note_share, b.note_share, atol=0.03)
    half = measure.measure(audio[::2], RATE // 2)
    np.testing.assert_allclose(a.note_share, half.note_share, atol=0.05)


@pytest.mark.slow
def test_tempo_notes_and_onsets_of_sampled_instruments_with_drums():
    """Rendered pieces, compared with their score."""
    with_drums = (
        clip
        for clip in map(compose, itertools.count(9_000_000))
        if clip.kind == "music" and len(clip.tempi) == 1 and any(n.channel == 9 for n in clip.notes)
    )
    tempi, notes, onset_ratios = [], [], []
    for clip in itertools.islice(with_drums, 10):
        audio = render(clip)[: 10 * RATE]
        heard = measure.measure(audio, RATE)
        tempi.append(abs(heard.tempo_bpm / clip.bpm - 1) < 0.02)
        score = [n for n in clip.notes if n.start < 10]
        onset_ratios.append(heard.onset_rate * 10 / len({round(n.start, 2) for n in score}))
        seconds, energy = measure.chroma(audio, RATE)
        sounding = energy.any(0)
        right = [
            pitch_class
            in {
                n.pitch % 12
                for n in score
                if n.channel != 9 and n.start - 0.05 <= at <= n.start + n.length + 0.5
            }
            for at, pitch_class in zip(
                seconds[sounding], energy[:, sounding].argmax(0), strict=True
            )
        ]
        notes.append(np.mean(right))
    assert np.mean(tempi) >= 0.9
    assert np.mean(notes) > 0.88  # a third of it would be right by chance
    assert 0.8 < np.median(onset_ratios) < 1.25


def test_measurements_are_json():
    heard = measure.measure(tone(60, 1), RATE)
    assert json.loads(json.dumps(heard.as_dict()))["pitch_classes"] == 1


@pytest.mark.parametrize("pitch", [36, 41, 45, 50, 58, 60, 61, 66, 71, 74, 80, 88, 95])
def test_pitch_detector_names_single_notes(pitch):
    assert measure.pitch_class_of(tone(pitch, 1.0), RATE) == pitch % 12


def test_pitch_detector_returns_none_without_a_single_note():
    assert measure.pitch_class_of(np.zeros(RATE), RATE) is None
    assert measure.pitch_class_of(melody(list(range(60, 72)), 0.2), RATE) is None


def test_chroma_over_time_follows_the_notes():
    seconds, energy = measure.chroma(melody([60, 66], 1.0), RATE)
    assert energy.shape == (12, len(seconds))
    assert set(energy[:, (seconds > 0.2) & (seconds < 0.8)].argmax(0)) == {0}
    assert set(energy[:, (seconds > 1.2) & (seconds < 1.8)].argmax(0)) == {6}


@pytest.mark.parametrize(
    ("audio", "word"),
    [
        (np.zeros(100), "tenth of a second"),
        (np.zeros((3, 4, 5)), "shape"),
        (np.full(RATE, np.nan), "NaN"),
    ],
)
def test_unmeasurable_audio_is_refused_in_one_sentence(audio, word):
    with pytest.raises(MusicRFMError, match=word):
        measure.measure(audio, RATE)
