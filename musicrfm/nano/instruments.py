"""Which of nano's instruments leads a clip, judged from the sound alone.

A logistic regression on timbre statistics, fitted on rendered clips (never on generated ones) and
kept in `instruments.json`. It answers whether a prompt, with or without steering, is still obeyed.
"""

from __future__ import annotations

import itertools
import json
import sys
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import librosa
import numpy as np
import soxr

from musicrfm.nano.compose import Clip, compose
from musicrfm.nano.render import SAMPLE_RATE, render

FITTED = Path(__file__).parent / "instruments.json"
FIRST_SEED = 8_000_000  # far from the clips that nano was trained on
HOP, WINDOW = 1024, 2048


def timbre(audio: np.ndarray) -> np.ndarray:
    """Means, deviations and movement of 20 MFCCs and of spectral contrast; mono at 32 kHz."""
    mfcc = librosa.feature.mfcc(y=audio, sr=SAMPLE_RATE, n_mfcc=20, n_fft=WINDOW, hop_length=HOP)
    contrast = librosa.feature.spectral_contrast(
        y=audio, sr=SAMPLE_RATE, n_fft=WINDOW, hop_length=HOP
    )
    movement = np.abs(np.diff(mfcc, axis=1)).mean(1)
    parts = [mfcc.mean(1), mfcc.std(1), movement, contrast.mean(1), contrast.std(1)]
    return np.concatenate(parts)


def hear_instrument(audio: np.ndarray, sample_rate: int) -> str:
    """The lead instrument of a clip, one of `compose.INSTRUMENTS`. audio: [samples], mono."""
    if sample_rate != SAMPLE_RATE:
        audio = soxr.resample(audio, sample_rate, SAMPLE_RATE)
    fitted = _fitted()
    features = (timbre(np.asarray(audio, np.float32)) - fitted["mean"]) / fitted["deviation"]
    return fitted["names"][int(np.argmax(fitted["weights"] @ features + fitted["bias"]))]


def fit(clips: int = 700) -> float:
    """Fits on rendered clips and writes `instruments.json`; returns the accuracy on held-out ones.

    As in evaluation, what is heard has been through nano's codec and starts anywhere.
    """
    from sklearn.linear_model import LogisticRegression

    from musicrfm.model import MusicModel

    model = MusicModel.load("nano")
    features, names = [], []
    for clip in itertools.islice(_music(), clips):
        sound = render(clip)[SAMPLE_RATE : 7 * SAMPLE_RATE]
        features.append(timbre(model.decode_codes(model.encode_audio(sound, SAMPLE_RATE))[:, 0]))
        names.append(clip.lead)
        if len(names) % 50 == 0:
            print(f"\rheard {len(names)}/{clips}", end="", file=sys.stderr, flush=True)
    x, held = np.stack(features), clips // 7
    mean, deviation = x[held:].mean(0), x[held:].std(0)
    x = (x - mean) / deviation
    machine = LogisticRegression(C=0.1, max_iter=3000).fit(x[held:], names[held:])
    accuracy = float(machine.score(x[:held], names[:held]))
    fitted = {
        "names": machine.classes_.tolist(),
        "mean": mean.tolist(),
        "deviation": deviation.tolist(),
        "weights": machine.coef_.round(6).tolist(),
        "bias": machine.intercept_.round(6).tolist(),
        "accuracy": accuracy,
        "clips": clips,
    }
    FITTED.write_text(json.dumps(fitted) + "\n")
    _fitted.cache_clear()
    return accuracy


def _music() -> Iterator[Clip]:
    return (c for c in map(compose, itertools.count(FIRST_SEED)) if c.kind == "music")


@lru_cache(1)
def _fitted() -> dict:
    fitted = json.loads(FITTED.read_text())
    numbers = ("mean", "deviation", "weights", "bias")
    return fitted | {key: np.array(fitted[key]) for key in numbers}
