"""Meters: level, chroma and tempo match the sound."""

from __future__ import annotations

import numpy as np
import pytest

from bridge.controls.controls import Controls, namespace
from bridge.engine import Engine
from bridge.meters import FLOOR_DB, Meters, Reading
from tests.bridge.tones import Collector, ToneStream

RATE, FRAME = 32_000, 640


def play(meters: Meters, sound: np.ndarray) -> Reading:
    """Writes the sound frame by frame and updates every fifth, as while playing."""
    for number, first in enumerate(range(0, len(sound) - FRAME + 1, FRAME)):
        meters.write(np.stack([sound[first : first + FRAME]] * 2, 1).astype(np.float32))
        if number % 5 == 4:
            meters.update()
    return meters.update()


def tone(hertz: float, seconds: float = 1.0, level: float = 0.5) -> np.ndarray:
    return level * np.sin(2 * np.pi * hertz * np.arange(round(seconds * RATE)) / RATE)


@pytest.mark.parametrize("note", range(12))
@pytest.mark.parametrize("octave", [0, 2])
def test_chroma_of_a_note_is_its_pitch_class(note: int, octave: int) -> None:
    reading = play(Meters(RATE), tone(440 * 2 ** ((note - 9) / 12 + octave - 1)))
    assert int(np.argmax(reading.chroma)) == note
    assert reading.chroma[note] > 0.8 and sum(reading.chroma) == pytest.approx(1, abs=1e-4)


def test_chroma_of_a_chord_is_its_notes() -> None:
    chord = sum(tone(hertz, level=0.2) for hertz in (261.63, 329.63, 392.0))
    chroma = np.array(play(Meters(RATE), chord).chroma)
    assert set(np.argsort(chroma)[-3:]) == {0, 4, 7} and chroma[[0, 4, 7]].sum() > 0.8


def test_level_follows_the_current_sound() -> None:
    meters = Meters(RATE)
    assert play(meters, tone(440)).level == pytest.approx(-9.03, abs=0.1)  # 0.5 / sqrt 2
    reading = play(meters, np.zeros(RATE))
    assert reading.level == FLOOR_DB and reading.chroma == (0.0,) * 12


@pytest.mark.parametrize("bpm", [60, 97, 128, 175])
def test_tempo_of_clicks_is_measured(bpm: int) -> None:
    sound = 0.01 * np.random.default_rng(0).standard_normal(12 * RATE)
    for beat in np.arange(0.1, 11.9, 60 / bpm):
        at = round(beat * RATE)
        sound[at : at + 1600] += 0.5 * np.hanning(3200)[1600:] * tone(1000, 0.05, 1.0)
    meters = Meters(RATE)
    play(meters, sound)
    assert meters._onsets.tempo() == pytest.approx(bpm, rel=0.02)


def test_tempo_without_a_pulse_is_zero() -> None:
    meters = Meters(RATE)
    assert meters._onsets.tempo() == 0.0
    play(meters, tone(440, 9))
    assert meters._onsets.tempo() == 0.0


def test_nan_audio_does_not_break_the_meters() -> None:
    meters = Meters(RATE)
    reading = play(meters, np.full(RATE, np.nan))
    assert reading.chroma == (0.0,) * 12 and reading.level == FLOOR_DB
    assert play(meters, tone(440, 2)).chroma[9] > 0.8


def test_reading_reports_seconds_latency_and_underruns_of_the_engine() -> None:
    stream, output = ToneStream(), Collector()
    meters = Meters(RATE)
    controls = Controls(namespace(["note_C"]), {})
    engine = Engine(
        stream, controls, output, {"/steer/note_C": "note_C"}, recorders=[meters], seconds=3.0
    )
    meters.start(engine)
    engine.start()
    assert engine.join(30)
    meters.close()
    reading = meters.update()
    assert reading.seconds == pytest.approx(3.0)
    assert reading.latency == pytest.approx(sum(engine.latency.values()))
    assert {"reaction", "ring", "delay_pattern", "codec_lookahead", "device"} == set(engine.latency)
    assert reading.underruns == 0 and reading.speed > 0
