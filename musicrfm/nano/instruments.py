"""Classifies the lead instrument of a clip among nano's instruments, from the audio alone.

A logistic regression on timbre statistics, fitted on rendered clips (never on generated ones) and
stored in `instruments.json`. It shows whether the output still follows the prompt, with or without
steering. So that it recognises instruments and not the number of notes, it is trained on two
versions of every piece: as composed, and moved to one or a few pitch classes, like music that a
note direction steers.
"""

from __future__ import annotations

import itertools
import json
import random
import sys
from collections.abc import Collection, Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import librosa
import numpy as np
import soxr

from musicrfm.data.compose import DRUMS, Clip, compose
from musicrfm.data.render import SAMPLE_RATE, render
from musicrfm.listening.alone import alone

if TYPE_CHECKING:
    from musicrfm.model import MusicModel

FITTED = Path(__file__).parent / "instruments.json"
FIRST_SEED = 8_000_000  # far from the clips that nano was trained on
HOP, WINDOW = 512, 2048
HEARD = slice(SAMPLE_RATE, 8 * SAMPLE_RATE)  # the part of a clip that is used
FEW = (1, 1, 2, 3, 4, 5)  # numbers of pitch classes that a piece is moved to


@alone
def timbre(audio: np.ndarray) -> np.ndarray:
    """The level, spread and movement of 20 MFCCs and spectral contrast, [205]; audio: mono at 32
    kHz."""
    power = np.abs(librosa.stft(np.asarray(audio, np.float32), n_fft=WINDOW, hop_length=HOP)) ** 2
    mel = librosa.feature.melspectrogram(S=power, sr=SAMPLE_RATE, n_mels=64)
    mfcc = librosa.feature.mfcc(S=librosa.power_to_db(mel, amin=1e-8), n_mfcc=20)
    contrast = librosa.feature.spectral_contrast(S=np.sqrt(power), sr=SAMPLE_RATE)
    moved = np.diff(mfcc, axis=1)
    parts = [mfcc.mean(1), mfcc.std(1), np.abs(moved).mean(1), contrast.mean(1), contrast.std(1)]
    parts += [*np.quantile(mfcc, (0.1, 0.5, 0.9), 1), *np.quantile(moved, (0.05, 0.95), 1)]
    return np.concatenate(parts)


def narrowed(clip: Clip, pitch_classes: Collection[int]) -> Clip:
    """The piece with every note moved to the nearest of some pitch classes; drums stay."""

    def nearest(pitch: int) -> int:
        near = (p for p in range(pitch - 6, pitch + 7) if p % 12 in pitch_classes)
        return min(near, key=lambda p: (abs(p - pitch), p))

    notes = [n if n.channel == DRUMS else replace(n, pitch=nearest(n.pitch)) for n in clip.notes]
    return replace(clip, notes=notes)


def odds(audio: np.ndarray, sample_rate: int) -> dict[str, float]:
    """The likelihood of each of `compose.INSTRUMENTS` as the lead of a clip; they sum to 1. audio:
    [samples], mono."""
    if sample_rate != SAMPLE_RATE:
        audio = soxr.resample(audio, sample_rate, SAMPLE_RATE)
    fitted = _fitted()
    features = (timbre(audio) - fitted["mean"]) / fitted["deviation"]
    logits = fitted["weights"] @ features + fitted["bias"]
    likely = np.exp(logits - logits.max())
    return dict(zip(fitted["names"], (likely / likely.sum()).tolist(), strict=True))


def hear_instrument(audio: np.ndarray, sample_rate: int) -> str:
    """The most likely lead instrument of a clip; arguments as for `odds`."""
    found = odds(audio, sample_rate)
    return max(found, key=found.__getitem__)


def accuracy() -> float:
    """Share of held-out rendered clips whose lead instrument the classifier identifies."""
    return _fitted()["accuracy"]


def fit(model: MusicModel, clips: int = 1900) -> float:
    """Fit on rendered clips and write `instruments.json`; returns the accuracy on held-out clips.

    As in evaluation, the audio has passed through nano's codec and starts anywhere in the clip.
    Takes about 20 minutes on one core. The file also contains the accuracy on held-out pieces moved
    to one pitch class, and on the same pieces as composed.
    """
    features, names, kept = [], [], []
    for seed, clip in itertools.islice(_music(), clips):
        draw = random.Random(seed)
        count = draw.choice(FEW)
        few = set(draw.sample(range(12), count))
        for piece, of in ((clip, 12), (narrowed(clip, few), count)):
            codes = model.encode_audio(render(piece)[HEARD], SAMPLE_RATE)
            features.append(timbre(model.decode_codes(codes)[:, 0]))
            names.append(clip.lead)
            kept.append(of)
        if len(names) % 100 == 0:
            print(f"\rencoded {len(names) // 2}/{clips}", end="", file=sys.stderr, flush=True)
    fitted = learn(np.stack(features), np.array(names), np.array(kept))
    FITTED.write_text(json.dumps(fitted) + "\n")
    _fitted.cache_clear()
    return fitted["accuracy"]


def learn(x: np.ndarray, names: np.ndarray, kept: np.ndarray) -> dict:
    """The content of `instruments.json`, from timbres [rows, 205], their instruments, and the
    numbers of pitch classes kept [rows]; two rows per piece, the original first. A seventh is held
    out."""
    from sklearn.linear_model import LogisticRegression

    held = len(x) // 14 * 2
    mean, deviation = x[held:].mean(0), x[held:].std(0)
    x = (x - mean) / deviation
    machine = LogisticRegression(C=0.1, max_iter=3000).fit(x[held:], names[held:])
    told = machine.predict_proba(x[:held])
    right = told[np.arange(held), np.searchsorted(machine.classes_, names[:held])]
    named = machine.classes_[told.argmax(1)] == names[:held]
    whole, one = kept[:held] == 12, kept[:held] == 1
    before = np.roll(one, -1)  # the same pieces as they were
    return {
        "names": machine.classes_.tolist(),
        "mean": mean.round(6).tolist(),
        "deviation": deviation.round(6).tolist(),
        "weights": machine.coef_.round(6).tolist(),
        "bias": machine.intercept_.round(6).tolist(),
        "accuracy": float(named[whole].mean()),
        "on_one_pitch_class": {
            "pieces": int(one.sum()),
            "accuracy": float(named[one].mean()),
            "likelihood": float(right[one].mean()),
            "accuracy_as_they_were": float(named[before].mean()),
            "likelihood_as_they_were": float(right[before].mean()),
        },
        "clips": len(names) // 2,
    }


def _music() -> Iterator[tuple[int, Clip]]:
    """(seed, piece)"""
    for seed in itertools.count(FIRST_SEED):
        if (clip := compose(seed)).kind == "music":
            yield seed, clip


@lru_cache(1)
def _fitted() -> dict:
    fitted = json.loads(FITTED.read_text("utf-8"))
    numbers = ("mean", "deviation", "weights", "bias")
    return fitted | {key: np.array(fitted[key]) for key in numbers}
