"""Measures nano's codec: the quality of music, the notes it preserves, and the noise it adds."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import librosa
import numpy as np

from musicrfm.data.compose import INSTRUMENTS, Clip, Note
from musicrfm.data.render import SAMPLE_RATE, render
from musicrfm.listening import measure

Through = Callable[[np.ndarray], np.ndarray]  # audio [samples] -> the same, decoded from its codes

LOWEST, HIGHEST = 28, 96  # MIDI pitches that the codec is to keep
NOISE_LOWEST, NOISE_HIGHEST = 40, 89  # of the notes whose noise is measured
STEADY = slice(int(0.6 * SAMPLE_RATE), int(1.6 * SAMPLE_RATE))  # where a note has settled
NEAR, NEAR_HZ = 0.012, 6.0  # largest distance of a partial from a multiple of the pitch


def note(program: int, pitch: int, seconds: float = 2.6) -> Clip:
    """One long note of a General MIDI program."""
    sounds = [Note(0.1, seconds - 0.2, pitch, 90, 0)]
    return Clip("", "note", "", pitch % 12, None, None, sounds, {0: program}, seconds=seconds)


def off_partials(audio: np.ndarray, pitch: int) -> float:
    """Energy of a steady note outside its partials, in dB relative to the total."""
    steady = audio[STEADY]
    power = np.abs(np.fft.rfft(steady * np.hanning(len(steady)))) ** 2
    frequency = np.fft.rfftfreq(len(steady), 1 / SAMPLE_RATE)
    pitch_hz = 440 * 2 ** ((pitch - 69) / 12)
    partial = np.maximum(1, np.round(frequency / pitch_hz)) * pitch_hz
    near = np.abs(frequency - partial) <= np.maximum(NEAR_HZ, NEAR * partial)
    return float(10 * np.log10((power[~near].sum() + 1e-12) / (power.sum() + 1e-12)))


def noise(through: Through, keys: int = 12) -> dict[str, float]:
    """Energy outside the partials of steady notes before and after the codec, and the share that
    keeps its pitch class; eight programs, `keys` pitches each."""
    rng = np.random.default_rng(0)
    before, after, kept = [], [], []
    for program, *_ in INSTRUMENTS.values():
        pitches = np.arange(NOISE_LOWEST, NOISE_HIGHEST + 1)
        for pitch in rng.choice(pitches, keys, replace=False).tolist():
            audio = render(note(program, pitch))
            decoded = through(audio)
            before.append(off_partials(audio, pitch))
            after.append(off_partials(decoded, pitch))
            if measure.pitch_class_of(audio, SAMPLE_RATE) == pitch % 12:
                kept.append(measure.pitch_class_of(decoded, SAMPLE_RATE) == pitch % 12)
    return {
        "off_partials_original_db": float(np.median(before)),
        "off_partials_decoded_db": float(np.median(after)),
        "off_partials_more_db": float(np.median(np.subtract(after, before))),
        "steady_notes_kept": float(np.mean(kept)),
    }


def notes_kept(through: Through) -> dict[str, float]:
    """Share of single notes from MIDI 28 to 96 that keep their pitch class, and the same for the
    worst octave; one note per pitch, the instruments in turn."""
    kept: dict[int, list[bool]] = {}
    programs = [program for program, *_ in INSTRUMENTS.values()]
    for number, pitch in enumerate(range(LOWEST, HIGHEST + 1)):
        audio = render(note(programs[number % len(programs)], pitch))
        if measure.pitch_class_of(audio, SAMPLE_RATE) != pitch % 12:
            continue  # only notes that the detector identifies in the original
        heard = measure.pitch_class_of(through(audio), SAMPLE_RATE)
        kept.setdefault(pitch // 12, []).append(heard == pitch % 12)
    octaves = {octave: float(np.mean(right)) for octave, right in kept.items()}
    worst = min(octaves, key=octaves.__getitem__)
    return {
        "notes_kept": float(np.mean([right for rights in kept.values() for right in rights])),
        "notes_heard": sum(map(len, kept.values())),
        "notes_kept_worst_octave": octaves[worst],
        "worst_octave_from_midi": 12 * worst,
    }


def distance(through: Through, clips: Sequence[Clip], seconds: float = 6.0) -> float:
    """Mean log-mel distance on music, in dB."""
    found = []
    for clip in clips:
        audio = render(clip, seconds)
        found.append(np.abs(_log_mel(audio) - _log_mel(through(audio))).mean())
    return float(np.mean(found))


def _log_mel(audio: np.ndarray) -> np.ndarray:
    mel = librosa.feature.melspectrogram(
        y=audio, sr=SAMPLE_RATE, n_fft=2048, hop_length=640, n_mels=80
    )
    return 10 * np.log10(mel + 1e-5)
