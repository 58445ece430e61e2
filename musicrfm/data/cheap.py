"""Cheap explanations: whether classes differ in level, length or brightness alone.

A probe that tells such classes apart may have learned no more than that.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from musicrfm import metrics
from musicrfm.progress import Progress

if TYPE_CHECKING:
    from musicrfm.data.clips import ClipSet

STRONG = 0.8  # AUC, or rank correlation, from which it is said
WHAT = ("level", "length", "brightness")


def explanations(clips: ClipSet, labels: Sequence, kind: str) -> dict[str, float]:
    """How well each of `WHAT` separates the labels of all clips.

    For classes, the AUC from 0.5 to 1, in the better of both directions (of several classes, the
    best one against the rest). For numbers, the absolute rank correlation from 0 to 1. Silent clips
    are left out. Empty if the labels of a regression are not numbers.
    """
    if kind == "regression" and not all(isinstance(one, (int, float)) for one in labels):
        return {}
    progress = Progress(f"level, length and brightness of {clips.name}", len(clips), "clips")
    rows, kept = [], []
    for number, row in enumerate(clips.rows):
        sound = clips.hear(row)
        if sound is not None:
            rows.append(_numbers(*sound))
            kept.append(labels[number])
        progress(number + 1)
    values = np.array(rows).reshape(-1, len(WHAT))
    return {
        name: _told(values[:, at], np.asarray(kept), kind) if len(kept) else 0.5
        for at, name in enumerate(WHAT)
    }


def words(found: dict[str, float], kind: str) -> str:
    """A line to print beside the scores of a training."""
    measure = "rank correlation" if kind == "regression" else "AUC"
    listed = ", ".join(f"{name} {value:.2f}" for name, value in found.items())
    line = f"cheap explanations ({measure} of each alone): {listed}"
    strong = [name for name, value in found.items() if value >= STRONG]
    if strong:
        line += f"; {' and '.join(strong)} alone may be what is learned"
    return line


def _numbers(audio: np.ndarray, rate: int) -> list[float]:
    mono = audio.mean(1) if audio.ndim == 2 else audio
    level = float(np.sqrt(np.mean(np.square(mono, dtype=np.float64))))
    spectrum = np.abs(np.fft.rfft(mono)) ** 2
    total = float(spectrum.sum())
    at = np.fft.rfftfreq(len(mono), 1 / rate)
    return [level, len(mono) / rate, float(spectrum @ at / total) if total else 0.0]


def _told(values: np.ndarray, labels: np.ndarray, kind: str) -> float:
    if kind == "regression":
        return abs(metrics.spearman(values, labels.astype(float)))
    found = [metrics.auc(values, labels == one) for one in np.unique(labels)]
    return max(max(one, 1 - one) for one in found)
