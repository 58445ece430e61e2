"""Turns labelled hidden states of one layer into steering directions, by several methods.

`rfm-top` is the published MusicRFM method: the top eigenvector of the average gradient outer
product (AGOP) of a Recursive Feature Machine. The others are cheaper or blend it with class means;
which one steers best is decided on the sound, in `musicrfm.evaluation.evaluate`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from musicrfm import metrics
from musicrfm.errors import MusicRFMError
from musicrfm.training import rfm
from musicrfm.training.linear import logistic, ridge, slopes, stack
from musicrfm.training.questions import METHODS, RFM_METHODS, Question
from musicrfm.training.rfm import Search
from musicrfm.training.splits import Split, balanced, split

__all__ = [
    "METHODS",
    "RFM_METHODS",
    "Layer",
    "Question",
    "Search",
    "Split",
    "balanced",
    "split",
]

COMPONENTS = 12  # AGOP eigenvectors kept where nothing else is asked for
SWEEP = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64)


@dataclass(frozen=True)
class Layer:
    """The result for one layer. vectors [components, width]: unit directions, one per class if
    multiclass.

    basis [k, width]: directions that the layer's detector reads. projections [rows, k]: the states
    along them. told [rows, outputs]: predictions for the rows `Question.scored`, from which the
    score is computed. predicted: what the probe itself predicts of the test part. predictor,
    direction: metrics on the test part, of these predictions and of least squares on the
    projections. chosen: the selected settings, and for `linear` and `logistic` the probe's tuning
    metric on the validation part.
    """

    vectors: np.ndarray
    basis: np.ndarray
    projections: np.ndarray
    told: np.ndarray
    score: float
    predicted: np.ndarray
    predictor: dict[str, float]
    direction: dict[str, float]
    chosen: dict[str, Any] = field(default_factory=dict)


def machine(
    x: torch.Tensor, question: Question, search: Search, first: int = 0, last: int | None = None
) -> rfm.Machine:
    """The best RFM of trials `first` up to `last`, with its predictions of the test rows."""
    check_finite(x)
    parts = question.parts
    train, choices = rfm.draws(search, parts.train)
    return rfm.best_machine(
        x,
        question.targets,
        train,
        parts.val,
        parts.test,
        question.kind,
        search,
        choices[first:last],
    )


def answer(
    method: str,
    x: torch.Tensor,
    question: Question,
    basis: torch.Tensor | None = None,
    components: int | None = COMPONENTS,
    keep: int = 1,
) -> Layer:
    """The directions of one layer from its states [rows, width]; `basis` as in `rfm.Machine`.

    Without a probe of its own (an RFM found the basis, or the method is a mean or random), the
    predictions are those of least squares on the projections.
    """
    check_finite(x)
    chosen: dict[str, Any] = {}
    predicted: np.ndarray | None = None
    targets, every, parts = question.targets, question.every, question.parts
    if method in RFM_METHODS:
        assert basis is not None
        if components is None:
            components, chosen["sweep"] = _sweep(x, question, basis)
        components = min(components, basis.shape[1])
        chosen["components"] = components
        span = basis[:, :components]
        if method == "rfm-top":
            vectors = _top(x, targets, every.train, basis, components, keep, question.kind)
        else:
            vectors = (span @ (span.T @ slopes(x, targets, every.train))).T
        seen = span.T
    else:
        if method == "random":
            assert basis is not None
            vectors = basis[:, : targets.shape[1]].T
        elif method == "mean-difference":
            vectors = slopes(x, targets, every.train).T
        else:
            found = (ridge if method == "linear" else logistic)(x, question)
            vectors, predicted = found.weights, found.predicted
            chosen["penalty"] = found.penalty
            chosen["validation"] = metrics.utility(question.tuning, found.value)
        seen = vectors
    vectors = vectors / vectors.norm(dim=-1, keepdim=True).clamp_min(1e-12)
    seen = seen / seen.norm(dim=-1, keepdim=True).clamp_min(1e-12)
    projections = (x @ seen.T).numpy()
    read = stack(projections, question)[parts.test]
    predicted = read if predicted is None else predicted
    truth = question.labels[parts.test]
    told = read
    if question.reported in ("auc", "spearman"):
        told = (x[every.test] @ vectors.T).numpy()
    return Layer(
        vectors.numpy(),
        seen.numpy(),
        projections,
        told,
        layer_score(question, told, question.labels[question.scored]),
        predicted,
        metrics.measure(question.kind, truth, predicted),
        metrics.measure(question.kind, truth, read),
        chosen,
    )


def layer_score(question: Question, told: np.ndarray, labels: np.ndarray) -> float:
    """The score of a layer from its predictions `told` [rows, outputs] and the labels of these
    rows."""
    if question.reported in ("auc", "spearman"):
        return _along(told, labels, question.kind)
    metric = "auc" if question.reported == "agop-auc" else question.reported
    return metrics.measure(question.kind, labels, told, (metric,))[metric]


def drawn(width: int, outputs: int, seed: int, layer: int) -> torch.Tensor:
    """Random unit vectors [width, outputs] of one layer, for the method `random`."""
    draws = np.random.default_rng([seed, layer]).standard_normal((width, outputs))
    return torch.from_numpy((draws / np.linalg.norm(draws, axis=0)).astype(np.float32))


def score(projection: np.ndarray, labels: np.ndarray, kind: str) -> float:
    """AUC (binary) or Spearman correlation (regression) of a projection with the label."""
    if kind == "binary":
        return metrics.auc(projection, np.asarray(labels) > 0.5)
    return metrics.spearman(projection, labels)


def check_finite(x: torch.Tensor) -> None:
    if not x.isfinite().all():
        raise MusicRFMError("the hidden states hold NaN or infinite values")


def _along(along: np.ndarray, labels: np.ndarray, kind: str) -> float:
    if kind == "multiclass":
        return metrics.class_auc(along, labels.astype(int))
    return score(along[:, 0], labels, kind)


def _sweep(
    x: torch.Tensor, question: Question, basis: torch.Tensor
) -> tuple[int, dict[int, float]]:
    """The number of eigenvectors that predicts best on the validation part, and the score of each
    number."""
    counts = [k for k in SWEEP if k <= basis.shape[1]]
    along = (x @ basis[:, : counts[-1]]).numpy()
    val = question.parts.val
    told = {k: question.worth(stack(along[:, :k], question)[val], val) for k in counts}
    return max(counts, key=told.__getitem__), told


def _top(
    x: torch.Tensor,
    targets: torch.Tensor,
    rows: np.ndarray,
    basis: torch.Tensor,
    components: int,
    keep: int,
    kind: str,
) -> torch.Tensor:
    """The eigenvectors, with signs such that larger labels are on the positive side.

    Multiclass eigenvectors belong to no class, so each class gets the one with which it correlates
    most.
    """
    along = (x[rows] - x[rows].mean(0)) @ basis[:, : max(components, keep)]
    centred = targets[rows] - targets[rows].mean(0)
    moment = along.T @ centred  # [components, outputs]
    if kind == "multiclass":
        best = (moment / along.norm(dim=0).clamp_min(1e-12)[:, None]).abs().argmax(0)
        top, sign = basis[:, best].T, torch.sign(moment[best, torch.arange(len(best))])
    else:
        top, sign = basis[:, :keep].T, torch.sign(moment[:keep, 0])
    return top * torch.where(sign == 0, 1.0, sign)[:, None]
