"""Measures how well predictions fit labels, for tuning and reporting probes.

Labels are class numbers for kind "multiclass", 0 or 1 for "binary", and standardised numbers for
"regression"; predictions have one column per class for "multiclass", otherwise one column.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

import numpy as np

from musicrfm.errors import MusicRFMError

KINDS = ("binary", "regression", "multiclass")
# `agop-auc` is the AUC of a probe on the top AGOP eigenvectors alone.
METRICS = {
    "binary": ("auc", "accuracy", "f1", "mse", "agop-auc"),
    "multiclass": ("auc", "accuracy", "f1", "mse", "agop-auc"),
    "regression": ("mse", "r2"),
}
LOWER_IS_BETTER = frozenset({"mse"})
# The score of a layer without information.
CHANCE = {"auc": 0.5, "agop-auc": 0.5, "accuracy": 0.0, "f1": 0.0, "r2": 0.0, "spearman": 0.0}


def check(kind: str, metric: str | None) -> str:
    """The tuning metric: `metric`, or the default of the kind.

    Raises MusicRFMError for an unknown kind, or a metric that does not apply to it.
    """
    if kind not in KINDS:
        raise MusicRFMError(f"kind {kind!r} is not one of {', '.join(map(repr, KINDS))}")
    if metric is None:
        return METRICS[kind][0]
    if metric not in METRICS[kind]:
        raise MusicRFMError(
            f"metric {metric!r} does not fit {kind} labels: "
            f"choose one of {', '.join(METRICS[kind])}"
        )
    return metric


def chance(kind: str, metric: str, labels: np.ndarray, classes: int = 2) -> float | None:
    """The highest expected score of whoever knows only how often each label occurs; None without
    labels.

    classes: number of classes of a multiclass question; some may not occur in `labels` [rows].
    """
    if metric in ("auc", "agop-auc"):
        return 0.5
    if metric in ("r2", "spearman"):
        return 0.0
    if not len(labels):
        return None
    if metric == "mse" and kind != "multiclass":
        return float(np.var(labels))
    shares = np.unique(labels, return_counts=True)[1] / len(labels)
    if metric == "accuracy":
        return float(shares.max())
    if metric == "mse":
        return float((shares * (1 - shares)).sum() / classes)
    if kind == "multiclass":
        return float(shares.mean())  # F1 of guessing each class as often as it occurs
    positive = float(np.mean(np.asarray(labels) > 0.5))
    return 2 * positive / (1 + positive)  # F1 of always saying yes


def higher_is_better(metric: str) -> bool:
    return metric not in LOWER_IS_BETTER


def utility(metric: str, value: float) -> float:
    """The value, with its sign changed where less is better; the worst possible if it is NaN."""
    if not np.isfinite(value):
        return -np.inf
    return float(value) if higher_is_better(metric) else -float(value)


def measure(
    kind: str,
    labels: np.ndarray,
    predicted: np.ndarray,
    wanted: Collection[str] | None = None,
) -> dict[str, float]:
    """The metrics `wanted` (None: all) of predictions [rows] or [rows, classes] for labels [rows].

    For multiclass predictions, AUC and F1 are means over the classes that occur.
    """
    predicted = np.asarray(predicted, np.float64)
    if kind == "multiclass":
        every = _multiclass(np.asarray(labels).astype(int), predicted)
    else:
        labels, predicted = np.asarray(labels, np.float64), predicted.reshape(len(labels))
        every = (_regression if kind == "regression" else _binary)(labels, predicted)
    return {name: of() for name, of in every.items() if wanted is None or name in wanted}


def auc(values: np.ndarray, positive: np.ndarray) -> float:
    """Probability that a positive row has the larger value, counting ties half; 0.5 if all rows
    have one class."""
    from scipy.stats import rankdata

    n, m = int(positive.sum()), int((~positive).sum())
    if not n or not m:
        return 0.5
    return float((rankdata(values)[positive].sum() - n * (n + 1) / 2) / (n * m))


def spearman(values: np.ndarray, labels: np.ndarray) -> float:
    """Rank correlation; 0 if either side is constant."""
    from scipy.stats import rankdata

    a, b = rankdata(values), rankdata(labels)
    if a.std() == 0 or b.std() == 0:
        return 0.0
    return float(np.corrcoef(a, b)[0, 1])


def class_auc(values: np.ndarray, labels: np.ndarray) -> float:
    """The mean of `auc` over the classes that occur. values: [rows, classes]; labels: class
    numbers."""
    from scipy.stats import rankdata

    there, number = np.unique(labels, return_inverse=True)
    n = np.bincount(number).astype(float)
    m = len(labels) - n
    if len(there) == 1:
        return 0.5
    ranks = rankdata(values[:, there], axis=0)
    of_class = np.eye(len(there), dtype=bool)[number]
    return float(np.mean(((ranks * of_class).sum(0) - n * (n + 1) / 2) / (n * m)))


_Metrics = dict[str, Callable[[], float]]


def _regression(labels: np.ndarray, predicted: np.ndarray) -> _Metrics:
    mse = float(np.mean((predicted - labels) ** 2))
    spread = float(np.mean((labels - labels.mean()) ** 2))
    return {
        "mse": lambda: mse,
        "r2": lambda: 1 - mse / spread if spread > 0 else 0.0,
        "spearman": lambda: spearman(predicted, labels),
    }


def _binary(labels: np.ndarray, predicted: np.ndarray) -> _Metrics:
    truth, guess = labels > 0.5, predicted >= 0.5
    return {
        "auc": lambda: auc(predicted, truth),
        "accuracy": lambda: float((truth == guess).mean()),
        "f1": lambda: _f1(truth, guess),
        "mse": lambda: float(np.mean((predicted - labels) ** 2)),
    }


def _multiclass(labels: np.ndarray, predicted: np.ndarray) -> _Metrics:
    guess, there = predicted.argmax(1), np.unique(labels)
    return {
        "auc": lambda: class_auc(predicted, labels),
        "accuracy": lambda: float((guess == labels).mean()),
        "f1": lambda: float(np.mean([_f1(labels == c, guess == c) for c in there])),
        "mse": lambda: float(np.mean((predicted - np.eye(predicted.shape[1])[labels]) ** 2)),
    }


def _f1(truth: np.ndarray, guess: np.ndarray) -> float:
    both = int((truth & guess).sum())
    return 2 * both / max(1, int(truth.sum()) + int(guess.sum()))
