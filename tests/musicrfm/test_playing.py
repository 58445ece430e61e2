"""The faults of nano's clips and of its codec, on sounds with a known answer."""

from __future__ import annotations

import numpy as np
import pytest

from musicrfm.data.compose import compose
from musicrfm.data.render import SAMPLE_RATE, render
from musicrfm.nano.judges import codec_quality, playing

USUAL = dict.fromkeys(playing.TEXTURES, (1.0, 6.0))


def tones(*pitches: int, seconds: float) -> np.ndarray:
    """Each pitch in turn for `seconds`, with a soft attack, [samples, 1]."""
    at = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    attack = np.minimum(1, at / 0.01) * np.exp(-at / max(1.0, seconds))
    parts = []
    for pitch in pitches:
        hertz = 440 * 2 ** ((pitch - 69) / 12)
        parts.append(sum(0.2 / k * np.sin(2 * np.pi * k * hertz * at) for k in (1, 2, 3)) * attack)
    return np.concatenate(parts).astype(np.float32)[:, None]


def judged(audio: np.ndarray) -> playing.Judged:
    def odds(heard: np.ndarray, rate: int) -> dict[str, float]:
        return {"flute": 0.7, "piano": 0.3}

    usual = dict.fromkeys(playing.PROMPTS.values(), 0.0)
    return playing.judge(
        lambda prompt, seed: audio, SAMPLE_RATE, USUAL, lambda *a: usual | odds(*a), 1
    )[0]


@pytest.mark.slow
def test_melody_has_no_faults_and_drone_has_faults():
    melody = tones(60, 64, 67, 72, 65, 69, 62, 71, 60, 67, 64, 72, 65, 60, 69, 62, 64, 67, 71, 60,
                   seconds=0.5)  # fmt: skip
    assert judged(melody).faults == [] and judged(melody).named
    drone = judged(tones(60, seconds=10.0))
    assert drone.faults == ["few notes", "held", "onsets"] and drone.pitch_classes == 1
    assert drone.longest == pytest.approx(10, abs=0.5)
    three = judged(tones(*[60] * 10, *[64, 67] * 5, seconds=0.5))
    assert three.faults == ["held"] and three.longest == pytest.approx(5, abs=0.5)


@pytest.mark.slow
def test_the_summary_names_the_worst_prompt():
    good, bad = judged(tones(*[60, 64, 67, 71] * 5, seconds=0.5)), judged(tones(60, seconds=10.0))
    told = playing.summary([good, bad])
    assert told["clips"] == 2 and told["clips_without_fault"] == 0.5
    assert told["worst_prompt"] == "flute melody: 0.50"


@pytest.mark.slow
def test_usual_onset_rates_are_measured_for_every_texture():
    usual = playing.usual_onsets(map(compose, range(9_000_000, 9_000_400)), count=3)
    assert set(usual) == set(playing.TEXTURES)
    assert all(0 < low <= high < 12 for low, high in usual.values())


def test_noise_off_the_partials_matches_the_added_noise():
    audio = render(codec_quality.note(24, 60))
    clean = codec_quality.off_partials(audio, 60)
    noise = np.random.default_rng(0).normal(size=len(audio)) * np.std(audio)
    assert clean < -25
    assert codec_quality.off_partials(audio + noise.astype(np.float32), 60) > -9
    quiet = codec_quality.off_partials(audio + 0.1 * noise.astype(np.float32), 60)
    assert -26 < quiet < -20


def test_identity_codec_keeps_all_notes_and_lowering_by_a_fifth_keeps_none():
    same = codec_quality.noise(lambda audio: audio, keys=1)
    assert same["steady_notes_kept"] == 1 and same["off_partials_more_db"] == 0
    lower = codec_quality.noise(lambda audio: np.repeat(audio, 2)[: len(audio)] * 0.5, keys=1)
    assert lower["steady_notes_kept"] == 1  # an octave keeps the pitch class
    fifth = codec_quality.noise(lambda audio: _slower(audio, 1.5), keys=1)
    assert fifth["steady_notes_kept"] == 0


def _slower(audio: np.ndarray, times: float) -> np.ndarray:
    return np.interp(np.arange(len(audio)) / times, np.arange(len(audio)), audio)
