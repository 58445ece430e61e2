"""Measures of a concept in audio, each named by a text (`musicrfm calibrate --listener`).

- `level`, `centroid`, `onsets`, `register` and `roughness` are built in.
- `FILE:FUNCTION` is your own Python function, which receives float32 [samples] and the sample rate
  and returns a number.
- `detector:NAME` or `detector:NAME:CLASS` is a detector (`musicrfm.training.detect`), applied to
  the sound after it has passed through the model's codec; see `CAVEAT`.

A minus sign before the name (`-level`) means that less of the measure is more of the concept.
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
CAVEAT = (
    "the measure is a detector, which reads the sound as the model itself encodes it: it is no "
    "independent witness, and can respond to what nobody hears"
)
PARTIALS = 20  # the strongest of a frame, between which roughness is computed
FRAME, HOP = 2048, 1024  # at 16 kHz

Hear = Callable[[np.ndarray], float]  # of mono sound at 16 kHz


@dataclass(frozen=True)
class Named:
    """A built-in measure. unit: for tables. spoils: changes that calibration must not count as
    damage."""

    unit: str
    hear: Hear
    spoils: tuple[str, ...] = ()


def level(mono: np.ndarray) -> float:
    """Root mean square in dB relative to full scale."""
    power = float(np.mean(np.square(mono, dtype=np.float64)))
    return 10 * math.log10(max(power, 1e-18))


def centroid(mono: np.ndarray) -> float:
    """Mean spectral centroid in Hz, weighted by the magnitude of each frame; NaN for silence."""
    magnitudes = np.abs(librosa.stft(mono, n_fft=FRAME, hop_length=HOP))
    energy = magnitudes.sum(0)
    if not energy.any():
        return math.nan
    at = librosa.feature.spectral_centroid(S=magnitudes, sr=RATE)[0]
    return float((at * energy).sum() / energy.sum())


def onset_rate(mono: np.ndarray) -> float:
    """Onsets of notes or drums per second."""
    return len(onsets(onset_envelope(mono))) * RATE / len(mono)


def register(mono: np.ndarray) -> float:
    """Mean MIDI note from C2 up, weighted by strength; NaN for silence."""
    strength = np.square(harmony.notes(harmony.spectrum(mono))).sum(1)
    if not strength.any():
        return math.nan
    notes = librosa.note_to_midi("C2") + np.arange(len(strength))
    return float(strength @ notes / strength.sum())


def roughness(mono: np.ndarray) -> float:
    """Beating between partials; 0 for a single tone, NaN for silence. Louder frames weigh more.

    For each pair of the strongest partials, the smaller amplitude is multiplied by the roughness of
    their distance in frequency (the curve of Plomp and Levelt, as fitted by Sethares, 1993). The
    result is the sum over pairs divided by the sum of amplitudes.
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
    """A measure by its text, `spec`.

    sign: -1 if less is more of the concept. hear: (float32 [samples], rate) -> number; None for a
    detector. spoils: see `Named`. digest: of the file of a function.
    """

    spec: str
    unit: str
    sign: int
    hear: Callable[[np.ndarray, int], float | None] | None
    spoils: tuple[str, ...] = ()
    digest: str = ""


def listener(spec: str) -> Listener:
    """The listener of a text. `hear` is None for a detector, which needs a model.

    Raises MusicRFMError if the name does not exist, or the function cannot be loaded.
    """
    sign, name = (-1, spec[1:]) if spec.startswith("-") else (1, spec)
    less = "less of " if sign < 0 else ""
    if detector_of(spec) is not None:
        return Listener(spec, less + "the detector's answer", sign, None)
    if (named := LISTENERS.get(name)) is not None:
        return Listener(spec, less + named.unit, sign, _at_16_khz(named.hear), named.spoils)
    file, colon, function = name.rpartition(":")
    if not colon or not file.endswith(".py"):
        known = ", ".join([*LISTENERS, DETECTOR])
        raise MusicRFMError(
            f"listener {spec!r} does not exist: choose one of {known}, or FILE.py:FUNCTION"
        )
    path = path_of(file)
    found = _function(path, function)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    return Listener(spec, less + str(getattr(found, "unit", function)), sign, found, (), digest)


def detector_of(spec: str) -> tuple[str, str] | None:
    """(name, class) of a detector that listens, the class "" if none is named; None for another
    listener. Raises MusicRFMError if the name is missing, or is that of a file."""
    from musicrfm.directions import is_file_name

    kind, _, rest = spec.removeprefix("-").partition(":")
    if kind != DETECTOR:
        return None
    name, _, target = rest.partition(":")
    if not is_file_name(name):
        raise MusicRFMError(
            f"listener {spec!r} does not name a detector: give {DETECTOR}:NAME without a folder, "
            f"and keep its file in {DETECTOR}s beside that of the direction"
        )
    return name, target


def listened(spec: str, audio: np.ndarray, sample_rate: int) -> float | None:
    """The measure of audio [samples] or [samples, channels]; higher is more of the concept.

    None if there is nothing to measure. Raises MusicRFMError if a function returns no number.
    """
    one = listener(spec)
    assert one.hear is not None, "a detector needs its model"
    mono = np.asarray(audio, np.float32)
    mono = mono.mean(1) if mono.ndim == 2 else mono
    told = one.hear(mono, sample_rate)
    if told is None:
        return None
    try:
        value = float(told)
    except (TypeError, ValueError):
        raise MusicRFMError(f"listener {spec} returned {told!r}, which is not a number") from None
    return one.sign * value if math.isfinite(value) else None


def _at_16_khz(hear: Hear) -> Callable[[np.ndarray, int], float]:
    return lambda audio, sample_rate: hear(mono_of(audio, sample_rate))


@lru_cache(32)
def _function(path: Path, name: str) -> Callable[[np.ndarray, int], float]:
    if not path.is_file():
        raise MusicRFMError(f"the listener's file {str(path)!r} does not exist: check the path")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise MusicRFMError(
            f"the listener {path} cannot be loaded: {type(error).__name__}: {error}"
        ) from error
    found = getattr(module, name, None)
    if not callable(found):
        raise MusicRFMError(f"the listener {path} has no function {name!r}")
    return found
