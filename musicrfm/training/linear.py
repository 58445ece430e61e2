"""Linear probes, and linear readers of what other probes found: ridge and logistic regression."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from musicrfm import metrics
from musicrfm.training.questions import Question

RIDGES = (1e-3, 1e-2, 1e-1, 1.0, 10.0)  # of the states, in units of their mean square
STACK_RIDGES = (1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0)  # of a few projections, likewise
INVERSE_PENALTIES = (1e-3, 1e-2, 1e-1, 1.0)  # scikit-learn's C, of states of unit variance
STACK_PENALTIES = (1e-3, 1e-2, 1e-1, 1.0, 10.0)  # scikit-learn's C, of standardised projections


@dataclass(frozen=True)
class Linear:
    """A linear probe. weights [outputs, width]; predicted: of the test rows; penalty: the one that
    does best on the validation part; value: its tuning metric there, signed such that higher is
    better."""

    weights: torch.Tensor
    predicted: np.ndarray
    penalty: float
    value: float


def slopes(x: torch.Tensor, targets: torch.Tensor, rows: np.ndarray) -> torch.Tensor:
    """[width, outputs]: how the states move with each target; for targets of 0 and 1 the difference
    of the means of the rows that have it and those that do not."""
    x, centred = x[rows], targets[rows] - targets[rows].mean(0)
    return (x - x.mean(0)).T @ centred / centred.square().sum(0).clamp_min(1e-12)


def ridge(x: torch.Tensor, question: Question) -> Linear:
    """Ridge regression on the targets."""
    parts = question.parts
    mean, middle = x[parts.train].mean(0), question.targets[parts.train].mean(0)
    xt, yt = (x[parts.train] - mean).double(), (question.targets[parts.train] - middle).double()
    gram, moment = xt.T @ xt, xt.T @ yt
    eye = gram.diagonal().mean() * torch.eye(len(gram), dtype=gram.dtype)

    def predicted(weights: torch.Tensor, rows: np.ndarray) -> np.ndarray:
        return ((x[rows] - mean) @ weights + middle).numpy()

    fits = {r: torch.linalg.solve(gram + r * eye, moment).float() for r in RIDGES}
    values = {r: question.worth(predicted(fits[r], parts.val), parts.val) for r in fits}
    best = max(values, key=values.__getitem__)
    return Linear(fits[best].T, predicted(fits[best], parts.test), best, values[best])


def logistic(x: torch.Tensor, question: Question) -> Linear:
    """Logistic regression; predictions are probabilities."""
    from sklearn.linear_model import LogisticRegression

    parts, labels = question.parts, question.labels
    mean, scale = x[parts.train].mean(0), float(x[parts.train].std())

    def predicted(fit: LogisticRegression, rows: np.ndarray) -> np.ndarray:
        found = fit.predict_proba(((x[rows] - mean) / scale).numpy())
        return found if question.kind == "multiclass" else found[:, 1:]

    xt = ((x[parts.train] - mean) / scale).numpy()
    fits = {
        c: LogisticRegression(C=c, class_weight="balanced", max_iter=300).fit(
            xt, labels[parts.train]
        )
        for c in INVERSE_PENALTIES
    }
    values = {c: question.worth(predicted(fits[c], parts.val), parts.val) for c in fits}
    best = max(values, key=values.__getitem__)
    weights = torch.from_numpy(_per_class(fits[best].coef_, question).astype(np.float32))
    return Linear(weights, predicted(fits[best], parts.test), best, values[best])


def stack(projections: np.ndarray, question: Question) -> np.ndarray:
    """Predictions [rows, outputs] of every row: ridge regression on projections [rows, k].

    The ridge is the best of `STACK_RIDGES` on the validation part, as the published detectors'.
    """
    parts, targets = question.parts, question.targets.double()
    z = torch.from_numpy(projections).double()
    z = (z - z[parts.train].mean(0)) / z[parts.train].std(0).clamp_min(1e-12)
    mean = targets[parts.train].mean(0)
    gram = z[parts.train].T @ z[parts.train] / len(parts.train)
    moment = z[parts.train].T @ (targets[parts.train] - mean) / len(parts.train)
    eye = torch.eye(len(gram), dtype=gram.dtype)
    guesses = [(z @ torch.linalg.solve(gram + r * eye, moment) + mean) for r in STACK_RIDGES]
    return max(guesses, key=lambda g: question.worth(g.numpy()[parts.val], parts.val)).numpy()


def outputs(logits: np.ndarray, kind: str) -> np.ndarray:
    """Probabilities of classes [rows, classes] (binary: of the second one, [rows, 1]) from logits
    of any size; numbers as they are."""
    if kind == "regression":
        return logits
    values = torch.from_numpy(logits)
    return (values.sigmoid() if kind == "binary" else values.softmax(1)).numpy()


def logistic_stack(z: np.ndarray, question: Question) -> tuple[np.ndarray, np.ndarray]:
    from sklearn.linear_model import LogisticRegression

    train, val, labels = question.parts.train, question.parts.val, question.labels

    def read(fit: LogisticRegression) -> tuple[np.ndarray, np.ndarray]:
        return _per_class(fit.coef_, question).T, _per_class(fit.intercept_, question)

    def loss(fit: LogisticRegression) -> float:
        weights, bias = read(fit)
        told = outputs(z[val] @ weights + bias, question.kind)
        return metrics.measure(question.kind, labels[val], told)["mse"]

    fits = [
        LogisticRegression(C=c, max_iter=500).fit(z[train], labels[train]) for c in STACK_PENALTIES
    ]
    return read(min(fits, key=loss))


def _per_class(found: np.ndarray, question: Question) -> np.ndarray:
    """One row a class: of two classes scikit-learn gives the second one's alone."""
    if question.kind == "multiclass" and len(found) == 1:
        return np.concatenate([-found, found]) / 2
    return found


def ridge_stack(z: np.ndarray, question: Question) -> tuple[np.ndarray, np.ndarray]:
    train, val, y = question.parts.train, question.parts.val, question.labels
    x, mean = z[train].astype(np.float64), y[train].mean()
    gram, moment = x.T @ x / len(x), x.T @ (y[train] - mean) / len(x)
    fits = [np.linalg.solve(gram + r * np.eye(len(gram)), moment)[:, None] for r in STACK_RIDGES]
    best = min(fits, key=lambda w: float(np.mean((z[val] @ w[:, 0] + mean - y[val]) ** 2)))
    return best, np.array([mean])
