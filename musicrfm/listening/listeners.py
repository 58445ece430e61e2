"""Listeners by name, for concepts of one's own: what a number says of a clip's sound.

A listener is named by a text: `level`, `centroid`, `onsets`, `register`, `roughness`, or
`FILE:FUNCTION` for a Python function of yours that is given float32 [samples] and the sample rate
and returns a number. A minus before the name (`-level`) means that the concept is less of it.
`detector:NAME`, or `detector:NAME:CLASS`, is a detector (`musicrfm.training.detect`), on the sound
as the model's codec gives it back: it hears what the probes heard, so it may be satisfied by what
nobody hears.
"""

from __future__ import annotations

import hashlib
import importlib.util
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import librosa
import numpy as np

from musicrfm.errors import MusicRFMError
from musicrfm.files.paths import path_of
from musicrfm.listening import harmony
from musicrfm.listening.measure import mono_of
from musicrfm.listening.rhythm import RATE, onset_envelope, onsets

DETECTOR = "detector"
PARTIALS = 20  # strongest ones of a frame, between which roughness is worked out
FRAME, HOP = 2048, 1024  # at 16 kHz

Hear = Callable[[np.ndarray], float]  # of mono sound at 16 kHz


@dataclass(frozen=True)
class Named:
    """unit: as in tables. spoils: what else calibration must not take for damage."""

    unit: str
    hear: Hear
    spoils: tuple[str, ...] = ()


def level(mono: np.ndarray) -> float:
    """Root mean square in dB of full scale."""
    power = float(np.mean(np.square(mono, dtype=np.float64)))
    return 10 * math.log10(max(power, 1e-18))


def centroid(mono: np.ndarray) -> float:
    """Mean spectral centroid in Hz, louder frames counting more."""
    magnitudes = np.abs(librosa.stft(mono, n_fft=FRAME, hop_length=HOP))
    energy = magnitudes.sum(0)
    if not energy.any():
        return math.nan
    at = librosa.feature.spectral_centroid(S=magnitudes, sr=RATE)[0]
    return float((at * energy).sum() / energy.sum())


def onset_rate(mono: np.ndarray) -> float:
    """Onsets of notes or drums a second."""
    return len(onsets(onset_envelope(mono))) * RATE / len(mono)


def register(mono: np.ndarray) -> float:
    """Mean MIDI note of what sounds, from C2 up, stronger notes counting more."""
    strength = np.square(harmony.notes(harmony.spectrum(mono))).sum(1)
    if not strength.any():
        return math.nan
    notes = librosa.note_to_midi("C2") + np.arange(len(strength))
    return float(strength @ notes / strength.sum())


def roughness(mono: np.ndarray) -> float:
    """Beating between partials, 0 for a single tone; louder frames count more.

    Sum over pairs of the strongest partials of the smaller amplitude times how much two tones so
    far apart beat (Plomp and Levelt's curve as Sethares fits it, 1993), over the sum of amplitudes.
    """
    magnitudes = np.abs(librosa.stft(mono, n_fft=2 * FRAME, hop_length=2 * HOP))
    frequencies = librosa.fft_frequencies(sr=RATE, n_fft=2 * FRAME)
    inner = magnitudes[1:-1]
    peaks = np.where((inner > magnitudes[:-2]) & (inner > magnitudes[2:]), inner, 0.0)
    found = weight = 0.0
    for frame in peaks.T:
        best = np.argsort(frame)[-PARTIALS:]
        amplitude, at = frame[best], frequencies[1:-1][best]
        total = float(amplitude.sum())
        if total <= 0:
            continue
        low = np.minimum(at[:, None], at)
        apart = 0.24 / (0.021 * low + 19) * np.abs(at[:, None] - at)
        beating = np.exp(-3.5 * apart) - np.exp(-5.75 * apart)
        pairs = np.minimum(amplitude[:, None], amplitude) * beating
        found += float(np.triu(pairs, 1).sum())
        weight += total
    return found / weight if weight else math.nan


LISTENERS = {
    "level": Named("level in dB", level, ("level",)),
    "centroid": Named("spectral centroid in Hz", centroid, ("noise",)),
    "onsets": Named("onsets a second", onset_rate),
    "register": Named("mean MIDI note", register),
    "roughness": Named("roughness", roughness, ("noise",)),
}


@dataclass(frozen=True)
class Listener:
    """What a text stands for. sign: -1 where less is more. digest: of the function's file."""

    spec: str
    unit: str
    sign: int
    hear: Callable[[np.ndarray, int], float | None] | None
    spoils: tuple[str, ...] = ()
    digest: str = ""


def listener(spec: str) -> Listener:
    """The listener of a text; `hear` is None for `detector`, which needs a model.

    Raises MusicRFMError for a name that is none, and for a function that cannot be had.
    """
    sign, name = (-1, spec[1:]) if spec.startswith("-") else (1, spec)
    less = "less of " if sign < 0 else ""
    if name.partition(":")[0] == DETECTOR:
        return Listener(spec, less + "the detector's answer", sign, None)
    if (named := LISTENERS.get(name)) is not None:
        return Listener(spec, less + named.unit, sign, _at_16_khz(named.hear), named.spoils)
    file, colon, function = name.rpartition(":")
    if not colon or not file.endswith(".py"):
        known = ", ".join([*LISTENERS, DETECTOR])
        raise MusicRFMError(f"{spec!r} is no listener: choose one of {known}, or file.py:function")
    path = path_of(file)
    found = _function(path, function)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    return Listener(spec, less + str(getattr(found, "unit", function)), sign, found, (), digest)


def listened(spec: str, audio: np.ndarray, sample_rate: int) -> float | None:
    """What a listener says of audio [samples] or [samples, channels], more being more of the
    concept; None if it says nothing. Raises MusicRFMError if a function gives no number."""
    one = listener(spec)
    assert one.hear is not None, "a detector is asked with its model"
    mono = np.asarray(audio, np.float32)
    mono = mono.mean(1) if mono.ndim == 2 else mono
    told = one.hear(mono, sample_rate)
    if told is None:
        return None
    try:
        value = float(told)
    except (TypeError, ValueError):
        raise MusicRFMError(f"listener {spec} gave {told!r}, which is no number") from None
    return one.sign * value if math.isfinite(value) else None


def _at_16_khz(hear: Hear) -> Callable[[np.ndarray, int], float]:
    return lambda audio, sample_rate: hear(mono_of(audio, sample_rate))


@lru_cache(32)
def _function(path: Path, name: str) -> Callable[[np.ndarray, int], float]:
    if not path.is_file():
        raise MusicRFMError(f"there is no file {str(path)!r} with a listener")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise MusicRFMError(f"{path} cannot be run: {type(error).__name__}: {error}") from error
    found = getattr(module, name, None)
    if not callable(found):
        raise MusicRFMError(f"{path} has no function {name!r}")
    return found
