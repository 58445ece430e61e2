"""The task of a probe: its labels, the parts of the data, and the metrics of predictions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from musicrfm import metrics
from musicrfm.errors import MusicRFMError
from musicrfm.training import rfm, splits
from musicrfm.training.splits import Split

METHODS = {
    "rfm-top": "top eigenvector of the AGOP of an RFM, as published",
    "rfm": "class-mean difference (or regression slope) within the top AGOP eigenvectors",
    "rfm-multiclass": "the same within the AGOP of one RFM for all classes",
    "mean-difference": "difference of the class means, or the slope of the states on the label",
    "linear": "ridge regression on the label",
    "logistic": "logistic regression (classes only)",
    "random": "a random direction, as a control: what it does, any push does",
}
RFM_METHODS = ("rfm-top", "rfm", "rfm-multiclass")


@dataclass(frozen=True)
class Question:
    """The task for every layer: labels [rows] (0 and 1, class numbers, or standardised numbers) and
    the parts of the rows. `parts` are the rows for fitting, tuning and testing; `every` also has
    the rows that balancing left out, for more exact class means."""

    kind: str
    labels: np.ndarray
    parts: Split
    every: Split
    classes: int = 2
    metric: str | None = None

    @property
    def targets(self) -> torch.Tensor:
        """float32 [rows, outputs]: one column per class if multiclass, otherwise one."""
        if self.kind == "multiclass":
            return rfm.one_hot(self.labels, self.classes)
        return torch.from_numpy(np.asarray(self.labels, np.float32))[:, None]

    @property
    def tuning(self) -> str:
        return metrics.check(self.kind, self.metric)

    @property
    def reported(self) -> str:
        """The metric of layer scores: the chosen one, else AUC or rank correlation."""
        return self.metric or ("spearman" if self.kind == "regression" else "auc")

    @property
    def scored(self) -> np.ndarray:
        """Rows that layer scores are measured on."""
        return self.every.test if self.reported in ("auc", "spearman") else self.parts.test

    def check(self, method: str) -> None:
        """Raises MusicRFMError for labels that cannot be fitted."""
        if method not in METHODS:
            raise MusicRFMError(
                f"method {method!r} does not exist: choose one of {', '.join(METHODS)}"
            )
        metrics.check(self.kind, self.metric)
        if method == "logistic" and self.kind == "regression":
            raise MusicRFMError("method 'logistic' needs classes: for tempo use 'linear'")
        splits.check(self.parts, self.labels, self.kind, self.classes)

    def worth(self, predicted: np.ndarray, rows: np.ndarray) -> float:
        """The tuning metric of predictions [rows, outputs], signed such that higher is better."""
        metric = "auc" if self.tuning == "agop-auc" else self.tuning
        found = metrics.measure(self.kind, self.labels[rows], predicted, (metric,))
        return metrics.utility(metric, found[metric])
