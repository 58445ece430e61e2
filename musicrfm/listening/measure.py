"""Measures audio: notes, chords, rhythm, level and artefacts.

The input is audio alone, without a model or direction, so it can judge both. Everything is computed
on a mono mix resampled to 16 kHz, except peak and clipping. The functions of
`musicrfm.listening.harmony` and `musicrfm.listening.rhythm` state their accuracy.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import librosa
import numpy as np
import soxr

from musicrfm.errors import MusicRFMError
from musicrfm.listening import harmony
from musicrfm.listening.alone import alone
from musicrfm.listening.harmony import CHROMA_HOP
from musicrfm.listening.rhythm import RATE, metre, onset_envelope, onsets, tempo
from musicrfm.theory import CHORDS, MODES, PITCH_CLASSES

__all__ = [
    "CHORDS",
    "MODES",
    "PITCH_CLASSES",
    "Measurements",
    "cepstra_over_time",
    "chroma",
    "measure",
    "note_share_over_time",
    "onset_envelope",
    "onsets",
    "pitch_class_of",
    "tempo",
]

VERSION = 4  # of the results of `measure`; part of every cache key
HEARD_SHARE = 0.03  # a pitch class that dominates for less is not counted
SILENCE_DB = -60.0  # dBFS; quieter frames are silence
SOUNDING_DB = -35.0  # relative to the loudest frame; quieter frames are tails, not notes


@dataclass(frozen=True)
class Measurements:
    """One clip's measurements; `as_dict()` is ready for JSON.

    note_share: for each pitch class from C up, the share (0 to 1) of sounding time in which it
    dominates; all zero for silence. pitch_classes: number of pitch classes with at least 3 %.
    tempo_bpm: 40 to 220, or None without a pulse. pulse: how strictly the rhythm repeats at that
    tempo, 0 to 1. onset_rate: note or drum onsets per second. level_db: RMS in dBFS. peak: largest
    absolute sample. flatness: mean spectral flatness of sounding frames, 0 (tone) to 1 (noise).
    silence_share: share of 32 ms frames below -60 dBFS. clipped_share: share of samples at full
    scale.

    chord_share: of major, minor, augmented and diminished triads, the share of sounding time in
    which one is heard. interval_share: of 1 to 12 semitones, the share of sounding time in which
    the interval is heard; harmonic_intervals, melodic_intervals: of time and of moves, for itself.
    mode_share, mode_fit: of the seven modes from ionian to locrian, the share of time in which it
    fits best, and how well it fits. triple: 0 duple, 1 triple metre, None if it cannot be told;
    accent_every: how many pulses apart accents are. listened: what listeners that were asked for
    say, by their names (`musicrfm.listening.listeners`).
    """

    seconds: float
    note_share: tuple[float, ...]
    pitch_classes: int
    tempo_bpm: float | None
    pulse: float
    onset_rate: float
    level_db: float
    peak: float
    flatness: float
    silence_share: float
    clipped_share: float
    chord_share: tuple[float, ...] = (0.0,) * 4
    interval_share: tuple[float, ...] = (0.0,) * 12
    harmonic_intervals: tuple[float, ...] = (0.0,) * 12
    melodic_intervals: tuple[float, ...] = (0.0,) * 12
    mode_share: tuple[float, ...] = (0.0,) * 7
    mode_fit: tuple[float, ...] = (0.0,) * 7
    triple: float | None = None
    accent_every: int | None = None
    listened: dict[str, float | None] = field(default_factory=dict)

    @classmethod
    def of(cls, fields: dict) -> Measurements:
        """From the result of `as_dict`, also after JSON."""
        given: dict[str, Any] = {
            k: tuple(v) if isinstance(v, list) else v for k, v in fields.items()
        }
        return cls(**given)

    @property
    def dominant(self) -> str | None:
        """Name of the pitch class that dominates longest, or None for silence."""
        return PITCH_CLASSES[int(np.argmax(self.note_share))] if any(self.note_share) else None

    def as_dict(self) -> dict:
        return asdict(self)


@alone
def measure(audio: np.ndarray, sample_rate: int) -> Measurements:
    """Measures `audio` (float, [samples] or [samples, channels], full scale = 1).

    Raises MusicRFMError for audio that is empty, not finite, or shorter than a tenth of a second.
    """
    audio = _checked(audio, sample_rate)
    mono = mono_of(audio, sample_rate)
    level = _frame_level(mono, CHROMA_HOP)
    sounding = _sounding(level)
    envelope = onset_envelope(mono)
    begins = onsets(envelope)
    tempo_bpm, pulse = tempo(envelope)
    triple, accent_every = metre(mono, tempo_bpm) if tempo_bpm else (None, None)
    magnitudes = harmony.spectrum(mono)
    share = _note_share(harmony.chroma(magnitudes), sounding)
    strength = harmony.notes(magnitudes)
    interval_share, together, moves = harmony.intervals(strength, sounding, begins)
    mode_share, mode_fit = harmony.modes(strength, sounding)
    return Measurements(
        seconds=len(audio) / sample_rate,
        note_share=_floats(share),
        pitch_classes=int((share >= HEARD_SHARE).sum()),
        tempo_bpm=tempo_bpm,
        pulse=pulse,
        onset_rate=len(begins) * RATE / len(mono),
        level_db=float(_db(np.sqrt(np.mean(audio.astype(np.float64) ** 2)))),
        peak=float(np.abs(audio).max()),
        flatness=_flatness(mono, sounding),
        silence_share=float((level < SILENCE_DB).mean()),
        clipped_share=float((np.abs(audio) >= 0.999).mean()),
        chord_share=_floats(harmony.chord_share(magnitudes, sounding)),
        interval_share=_floats(interval_share),
        harmonic_intervals=_floats(together),
        melodic_intervals=_floats(moves),
        mode_share=_floats(mode_share),
        mode_fit=_floats(mode_fit),
        triple=triple,
        accent_every=accent_every,
    )


@alone
def chroma(audio: np.ndarray, sample_rate: int) -> tuple[np.ndarray, np.ndarray]:
    """Constant-Q chroma over time: (seconds [frames], energy [12, frames]).

    The largest value of a column is 1; silent columns are zero.
    """
    mono = mono_of(_checked(audio, sample_rate), sample_rate)
    energy = harmony.chroma(harmony.spectrum(mono))
    sounding = _sounding(_frame_level(mono, CHROMA_HOP))[: energy.shape[1]]
    return np.arange(len(sounding)) * CHROMA_HOP / RATE, energy[:, : len(sounding)] * sounding


def note_share_over_time(audio: np.ndarray, sample_rate: int, seconds: float = 1.0) -> np.ndarray:
    """[windows, 12]: `Measurements.note_share` of consecutive windows of `seconds`."""
    at, energy = chroma(audio, sample_rate)
    windows = (at / seconds).astype(int)
    shares = np.zeros((int(windows.max()) + 1, 12))
    heard = energy.any(0)
    np.add.at(shares, (windows[heard], energy[:, heard].argmax(0)), 1)
    return shares / np.maximum(shares.sum(1, keepdims=True), 1)


@alone
def cepstra_over_time(
    audio: np.ndarray, sample_rate: int, seconds: float, count: int
) -> np.ndarray:
    """[windows, count]: mel cepstra of each `seconds` of the audio, which describe its timbre."""
    mono = mono_of(_checked(audio, sample_rate), sample_rate)
    hop = round(seconds * RATE)
    found = librosa.feature.mfcc(y=mono, sr=RATE, n_mfcc=count, n_fft=2 * hop, hop_length=hop)
    return found.T.round(3)


def pitch_class_of(audio: np.ndarray, sample_rate: int) -> int | None:
    """Pitch class (0 = C … 11 = B) of a recording of one note, or None if it is unclear.

    YIN on 64 ms frames, so independent of the chroma: each frame votes with its energy, and the
    winner needs half of all votes. The range is 40 to 2100 Hz, and octave errors do not matter.
    Source: de Cheveigné and Kawahara, "YIN, a fundamental frequency estimator", 2002.
    """
    mono = mono_of(_checked(audio, sample_rate), sample_rate)
    frame, hop = 1024, 512
    if len(mono) < frame or np.sqrt(np.mean(mono**2)) < 10 ** (SILENCE_DB / 20):
        return None
    f0 = librosa.yin(mono, fmin=40, fmax=2100, sr=RATE, frame_length=frame, hop_length=hop)
    energy = librosa.feature.rms(y=mono, frame_length=frame, hop_length=hop)[0][: len(f0)] ** 2
    votes = np.bincount(
        np.round(librosa.hz_to_midi(f0)).astype(int) % 12, weights=energy, minlength=12
    )
    return int(np.argmax(votes)) if votes.max() >= 0.5 * votes.sum() else None


def _note_share(energy: np.ndarray, sounding: np.ndarray) -> np.ndarray:
    frames = min(energy.shape[1], len(sounding))
    winners = energy[:, :frames].argmax(0)[sounding[:frames]]
    return np.bincount(winners, minlength=12) / max(1, len(winners))


def _frame_level(mono: np.ndarray, hop: int) -> np.ndarray:
    """dBFS of frames of four hops, centred on multiples of `hop`."""
    return _db(librosa.feature.rms(y=mono, frame_length=4 * hop, hop_length=hop)[0])


def _sounding(level: np.ndarray) -> np.ndarray:
    return level > max(SILENCE_DB, float(level.max()) + SOUNDING_DB)


def _floats(values: np.ndarray) -> tuple[float, ...]:
    return tuple(float(v) for v in values)


def _flatness(mono: np.ndarray, sounding: np.ndarray) -> float:
    flat = librosa.feature.spectral_flatness(y=mono, n_fft=2048, hop_length=CHROMA_HOP)[0]
    heard = flat[: len(sounding)][sounding[: len(flat)]]
    return float(heard.mean()) if len(heard) else 0.0


def _db(amplitude: np.ndarray) -> np.ndarray:
    return 20 * np.log10(np.maximum(amplitude, 1e-9))


def _checked(audio: np.ndarray, sample_rate: int) -> np.ndarray:
    audio = np.asarray(audio)
    if audio.ndim not in (1, 2) or len(audio) < sample_rate / 10:
        raise MusicRFMError(
            f"audio of shape {audio.shape} at {sample_rate} Hz cannot be measured: "
            "give [samples] or [samples, channels], at least a tenth of a second"
        )
    if not np.isfinite(audio).all():
        raise MusicRFMError("audio holds NaN or infinite samples and cannot be measured")
    return audio.astype(np.float32, copy=False)


def mono_of(audio: np.ndarray, sample_rate: int) -> np.ndarray:
    """Audio [samples] or [samples, channels] as float32 [samples] at 16 kHz."""
    mono = audio.mean(1) if audio.ndim == 2 else audio
    return np.ascontiguousarray(soxr.resample(mono, sample_rate, RATE), dtype=np.float32)
