"""The certainty of a training's scores: intervals over the test clips, and the chance level."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from musicrfm import intervals, metrics
from musicrfm.intervals import Interval
from musicrfm.training import probes
from musicrfm.training.fits import Fitted
from musicrfm.training.questions import Question

SHOWN = {
    "binary": ("auc", "accuracy"),
    "multiclass": ("auc", "accuracy"),
    "regression": ("r2", "spearman"),
}
# What reads all layers together, by its name in reports.
READERS = {
    "linear": "logistic regression (of classes) or ridge regression on what all layers say",
    "rfm": "one more RFM on what all layers say, as published",
}


@dataclass(frozen=True)
class Reliability:
    """Intervals of scores. layers: one for each layer. together: of all layers together, by reader
    and metric. chance: chance level by metric."""

    layers: list[Interval]
    together: dict[str, dict[str, Interval]]
    chance: dict[str, float | None]
    metric: str

    @property
    def best(self) -> int:
        """Position of the best layer."""
        return int(np.argmax([metrics.utility(self.metric, layer.value) for layer in self.layers]))

    @property
    def verdict(self) -> str:
        """A remark in words if the best layer is not clearly better than chance."""
        level, best = self.chance.get(self.metric), self.layers[self.best]
        if level is None:
            return ""
        if not np.isfinite(best.low):
            return (
                f"too few groups of test clips for an interval: {best.count}, at least 2 are needed"
            )
        higher = metrics.higher_is_better(self.metric)
        if best.above(level) if higher else best.below(level):
            return ""
        worse = best.below(level) if higher else best.above(level)
        word = "worse than" if worse else "not better than"
        return f"{word} chance ({level:.2f}) in the best layer: {best}"

    def as_dict(self) -> dict[str, Any]:
        """JSON-able: [low, high] of each."""
        return {
            "chance": self.chance,
            "test_intervals": {
                reader: {metric: ends(one) for metric, one in found.items()}
                for reader, found in self.together.items()
            },
            "verdict": self.verdict,
        }


def ends(one: Interval) -> list[float] | None:
    """[low, high], None if they are unknown."""
    return [one.low, one.high] if np.isfinite(one.low) else None


def reliability(question: Question, found: Fitted, groups: Sequence[Hashable]) -> Reliability:
    """groups: of all rows; the bootstrap draws groups, because clips of one group are not
    independent."""
    scored, tested = question.scored, question.parts.test
    labels, of_scored = question.labels[scored], [groups[n] for n in scored]

    def layer(told: np.ndarray) -> Interval:
        def score(rows: np.ndarray) -> float:
            if question.reported == "auc" and _one_class(question, labels[rows]):
                return np.nan  # a sample without an answer
            return probes.layer_score(question, told[rows], labels[rows])

        return intervals.statistic(score, len(scored), of_scored)

    truth, of_tested = question.labels[tested], [groups[n] for n in tested]

    def reader(predicted: np.ndarray) -> dict[str, Interval]:
        def measured(rows: np.ndarray) -> dict[str, float]:
            shown = SHOWN[question.kind]
            found = metrics.measure(question.kind, truth[rows], predicted[rows], shown)
            return found | {"auc": np.nan} if _one_class(question, truth[rows]) else found

        return intervals.statistics(measured, len(tested), of_tested)

    wanted = {question.reported, *SHOWN[question.kind]}
    chance = {m: metrics.chance(question.kind, m, truth, question.classes) for m in sorted(wanted)}
    return Reliability(
        [layer(told) for told in found.told],
        {name: reader(predicted) for name, predicted in found.predicted.items()},
        chance,
        question.reported,
    )


def _one_class(question: Question, labels: np.ndarray) -> bool:
    """Whether no AUC can be computed, as in some samples of few clips."""
    return question.kind != "regression" and len(np.unique(labels)) < 2


def confusion(question: Question, predicted: np.ndarray) -> np.ndarray | None:
    """Counts of test clips [true class, predicted class]; None for a regression."""
    if question.kind == "regression":
        return None
    truth = question.labels[question.parts.test].astype(int)
    multiclass = question.kind == "multiclass"
    guess = predicted.argmax(1) if multiclass else (predicted.reshape(-1) >= 0.5).astype(int)
    counts = np.zeros((question.classes, question.classes), int)
    np.add.at(counts, (truth, guess), 1)
    return counts
