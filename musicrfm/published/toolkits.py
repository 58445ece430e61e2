"""The published toolkits: directions from hidden states, by RFM, ridge or logistic regression.

Each is a thin layer over `musicrfm.training`: results have the published form and meaning, and the
algorithms are this library's (`docs/published.md` lists the differences).
"""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from musicrfm import metrics
from musicrfm.errors import MusicRFMError
from musicrfm.progress import Progress
from musicrfm.published.states import get_hidden_states_music
from musicrfm.training import linear, probes
from musicrfm.training.questions import Question
from musicrfm.training.splits import Split

AGGREGATE_ITERATIONS = 10
RIDGES = (0.0, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0)  # of detectors
TUNING = {"top_agop_vectors_ols_auc": "agop-auc"}  # published name -> this library's

States = dict[int, Tensor]


class Toolkit(ABC):
    """The common part of the three toolkits."""

    def preprocess_data(
        self,
        train_data: Any,
        train_labels: Any,
        val_data: Any,
        val_labels: Any,
        test_data: Any,
        test_labels: Any,
        model: Any,
        processor: Any,
        hidden_layers: Sequence[int],
        hyperparams: dict[str, Any],
        pooling: str | None = None,
        device: str = "auto",
    ) -> tuple:
        """(train, val and test states, train, val and test labels, whether there is a test part,
        columns of the labels). Data are codes, or states by layer already."""

        def states(data: Any) -> States:
            batch = hyperparams["forward_batch_size"]
            return get_hidden_states_music(
                data, model, processor, hidden_layers, batch, pooling=pooling
            )

        train, train_y = states(train_data), columns(train_labels)
        if val_data is None:
            train, train_y, val, val_y = _divided(train, train_y)
        else:
            val, val_y = states(val_data), columns(val_labels)
        tested = test_data is not None
        test = states(test_data) if tested else None
        test_y = columns(test_labels) if tested else None
        return train, val, test, train_y, val_y, test_y, tested, train_y.shape[1]

    def get_layer_data(
        self,
        layer_to_eval: int,
        train_hidden_states: States,
        val_hidden_states: States,
        train_y: Tensor,
        val_y: Tensor,
        device: str = "auto",
    ) -> tuple[Tensor, Tensor]:
        train, val = train_hidden_states[layer_to_eval], val_hidden_states[layer_to_eval]
        if len(train) != len(train_y) or len(val) != len(val_y):
            raise MusicRFMError(
                f"{len(train)} and {len(val)} states do not fit {len(train_y)} and {len(val_y)} "
                "labels"
            )
        return train.float(), val.float()

    def _compute_directions(
        self,
        train_data: Any,
        train_labels: Any,
        val_data: Any,
        val_labels: Any,
        model: Any,
        processor: Any,
        hidden_layers: Sequence[int],
        hyperparams: dict[str, Any],
        test_data: Any = None,
        test_labels: Any = None,
        device: str = "auto",
        regression: bool = False,
        pooling: str | None = None,
        tuning_metric: str = "auc",
        hyperparam_samples: int = 100,
        **kwargs: Any,
    ) -> tuple:
        """(directions, signs, detector coefficients, test accuracies of the probes, of the
        directions, results), each by layer; accuracies in per cent."""
        train, val, test, train_y, val_y, test_y, tested, outputs = self.preprocess_data(
            train_data,
            train_labels,
            val_data,
            val_labels,
            test_data,
            test_labels,
            model,
            processor,
            hidden_layers,
            hyperparams,
            pooling,
            device,
        )
        if not tested:
            test, test_y = val, val_y
        kind = "regression" if regression else "multiclass" if outputs > 1 else "binary"
        question = question_of(kind, [train_y, val_y, test_y], tuning_metric)
        search = probes.Search(
            trials=hyperparam_samples,
            iterations=hyperparams["rfm_iters"],
            rows=len(train_y),
            metric=question.metric,
            device="auto",
        )
        directions, signs, detectors = {}, {}, {}
        projected: list[Tensor] = []
        probe_accuracy: dict[Any, Any] = {}
        direction_accuracy: dict[Any, Any] = {}
        results: dict[str, Any] = {"layer_metrics": {}, "aggregated_metrics": {}}
        layers = [layer for layer in hidden_layers if layer in train]
        progress = Progress("directions", len(layers), "layers")
        for done, layer in enumerate(layers, 1):
            seen, judged = self.get_layer_data(layer, train, val, train_y, val_y)
            x = torch.cat([seen, judged, test[layer].float()])
            found, told, about = self._probe(x, question, search, hyperparams["n_components"])
            if outputs == 1:
                along = x[question.every.train] @ found.T
                sign = signs_of(along, train_y[:, 0])
                found = found * sign[:, None]
                signs[layer] = dict(enumerate(sign.int().tolist()))
            directions[layer] = found
            z = x @ found.T
            first, second = len(seen), len(seen) + len(judged)
            beta, bias = solved(z[:first], train_y, z[first:second], val_y)
            detectors[layer] = [beta, bias[0].item() if outputs == 1 else bias]
            projected.append(z)
            results["layer_metrics"][layer] = {
                "train_results": about | {"accuracy": accuracy(told[: len(judged)], val_y)}
            }
            probe_accuracy[layer] = accuracy(told[len(judged) :], test_y)
            direction_accuracy[layer] = accuracy(z[second:] @ beta + bias, test_y)
            progress(done)
        if not tested:
            return directions, signs, detectors, None, None, results
        together = aggregated(torch.cat(projected, 1), question, search, test_y)
        direction_accuracy["aggregated"] = results["aggregated_metrics"] = together
        return directions, signs, detectors, probe_accuracy, direction_accuracy, results

    @abstractmethod
    def _probe(
        self, x: Tensor, question: Question, search: probes.Search, components: int
    ) -> tuple[Tensor, np.ndarray, dict[str, Any]]:
        """Directions [components, width], predictions of val and test rows, what was chosen."""


class MusicRFMToolkit(Toolkit):
    """The top eigenvectors of a Recursive Feature Machine's AGOP.

    >>> import torch
    >>> from musicrfm import MusicRFMToolkit
    >>> labels = torch.tensor([0.0, 1.0]).repeat(20)
    >>> states = {-1: torch.randn(40, 8) + labels[:, None]}  # of the last layer
    >>> settings = {"forward_batch_size": 8, "n_components": 1, "rfm_iters": 1}
    >>> found = MusicRFMToolkit()._compute_directions(
    ...     states, labels, None, None, None, None, [-1], settings, hyperparam_samples=2
    ... )
    >>> found[0][-1].shape  # components, width
    torch.Size([1, 8])
    """

    def _probe(
        self, x: Tensor, question: Question, search: probes.Search, components: int
    ) -> tuple[Tensor, np.ndarray, dict[str, Any]]:
        best = probes.machine(x, question, search)
        about = {
            "score": best.value * (100 if search.metric == "accuracy" else 1),
            "reg": best.draw.reg,
            "bw": best.draw.bandwidth,
            "exponent": best.draw.exponent,
            "center_grads": best.draw.centred,
            "temperature": 1.0,
        }
        if question.kind == "regression":
            val = question.every.val
            told = best.predicted[: len(val)]
            about["r2"] = metrics.measure("regression", question.labels[val], told)["r2"]
        return best.basis[:, :components].T.contiguous(), best.predicted, about


class _LinearToolkit(Toolkit):
    fit: Any = None

    def _probe(
        self, x: Tensor, question: Question, search: probes.Search, components: int
    ) -> tuple[Tensor, np.ndarray, dict[str, Any]]:
        fitted = type(self).fit(x, question)
        vectors, told, penalty = fitted.weights, fitted.predicted, fitted.penalty
        val = question.every.val
        scores = metrics.measure(question.kind, question.labels[val], told[: len(val)])
        score = scores["auc" if question.tuning == "agop-auc" else question.tuning]
        norms = vectors.norm(dim=1, keepdim=True).clamp_min(1e-12)
        return vectors / norms, told, {"score": score, "val_acc": score, "best_reg": penalty}


class MusicLinearProbeToolkit(_LinearToolkit):
    """Ridge regression on the labels.

    >>> import torch
    >>> from musicrfm import MusicLinearProbeToolkit
    >>> labels = torch.tensor([0.0, 1.0]).repeat(20)
    >>> states = {-1: torch.randn(40, 8) + labels[:, None]}  # of the last layer
    >>> settings = {"forward_batch_size": 8, "n_components": 1, "rfm_iters": 1}
    >>> found = MusicLinearProbeToolkit()._compute_directions(
    ...     states, labels, None, None, None, None, [-1], settings
    ... )
    >>> found[0][-1].shape  # components, width
    torch.Size([1, 8])
    """

    fit = staticmethod(linear.ridge)


class MusicLogisticRegressionToolkit(_LinearToolkit):
    """Logistic regression; for classes alone.

    >>> import torch
    >>> from musicrfm import MusicLogisticRegressionToolkit
    >>> labels = torch.tensor([0.0, 1.0]).repeat(20)
    >>> states = {-1: torch.randn(40, 8) + labels[:, None]}  # of the last layer
    >>> settings = {"forward_batch_size": 8, "n_components": 1, "rfm_iters": 1}
    >>> found = MusicLogisticRegressionToolkit()._compute_directions(
    ...     states, labels, None, None, None, None, [-1], settings
    ... )
    >>> found[0][-1].shape  # components, width
    torch.Size([1, 8])
    """

    fit = staticmethod(linear.logistic)


def columns(labels: Any) -> Tensor:
    """Labels as float32 [rows, columns]."""
    labels = torch.as_tensor(np.asarray(labels), dtype=torch.float32)
    return labels[:, None] if labels.ndim == 1 else labels


def question_of(kind: str, labels: Sequence[Tensor], tuning_metric: str) -> Question:
    """`parts.test` are the rows to predict, validation and test; `every` are the parts as given."""
    ends = np.cumsum([len(part) for part in labels])
    rows = [np.arange(end - len(part), end) for part, end in zip(labels, ends, strict=True)]
    every = torch.cat(list(labels))
    numbers = every.argmax(1) if kind == "multiclass" else every[:, 0]
    metric = TUNING.get(tuning_metric, tuning_metric)
    if kind == "regression" and metric not in metrics.METRICS[kind]:
        metric = "mse"
    metrics.check(kind, metric)
    asked = Split(rows[0], rows[1], np.concatenate(rows[1:]))
    classes = max(2, every.shape[1])
    return Question(kind, numbers.numpy(), asked, Split(*rows), classes, metric)


def signs_of(along: Tensor, labels: Tensor) -> Tensor:
    """1 or -1 for each column of `along` [rows, columns], by its correlation with the labels."""
    moment = (along - along.mean(0)).T @ (labels - labels.mean())
    return torch.where(moment > 0, 1.0, -1.0)


def solved(
    z: Tensor, y: Tensor, z_val: Tensor, y_val: Tensor, bias: bool = True
) -> tuple[Tensor, Tensor]:
    """Least squares of y [rows, outputs] on z [rows, k], with the ridge that predicts the
    validation part best."""
    one = z.new_ones(len(z), 1)
    inputs = torch.cat([z, one if bias else one * 0], 1).double()
    gram, moment = inputs.T @ inputs, inputs.T @ y.double()
    eye = torch.eye(len(gram), dtype=torch.float64)
    fits = [(torch.linalg.pinv(gram + ridge * eye) @ moment).float() for ridge in RIDGES]
    best = max(fits, key=lambda fit: accuracy(z_val @ fit[:-1] + fit[-1], y_val))
    return best[:-1], best[-1]


def accuracy(predicted: Tensor | np.ndarray, labels: Tensor) -> float:
    """In per cent; with one column, values of at least 0.5 count as the class."""
    predicted = torch.as_tensor(predicted).reshape(labels.shape)
    if labels.shape[1] == 1:
        return 100.0 * ((predicted >= 0.5) == (labels >= 0.5)).float().mean().item()
    return 100.0 * (predicted.argmax(1) == labels.argmax(1)).float().mean().item()


def aggregated(
    z: Tensor, question: Question, search: probes.Search, test_y: Tensor
) -> dict[str, float]:
    """Test metrics of one more RFM on the projections of all layers."""
    parts = question.every
    z = (z - z[parts.train].mean(0)) / z[parts.train].std(0).clamp_min(1e-12)
    metric = "mse" if question.kind == "regression" else "accuracy"
    search = replace(search, iterations=AGGREGATE_ITERATIONS, metric=metric)
    asked = replace(question, parts=parts, metric=metric)
    told = probes.machine(z, asked, search).predicted
    return prediction_metrics(told, test_y, question.kind == "regression")


def prediction_metrics(
    predicted: Tensor | np.ndarray, labels: Tensor, regression: bool = False
) -> dict[str, float]:
    """mse and r2, or precision, recall, f1, auc, mse and accuracy (in per cent)."""
    from sklearn.metrics import precision_score, recall_score

    predicted = np.asarray(predicted, np.float64).reshape(labels.shape)
    several = labels.shape[1] > 1
    truth = (labels.argmax(1) if several else labels[:, 0]).numpy()
    if regression:
        found = metrics.measure("regression", truth, predicted)
        return {name: found[name] for name in ("mse", "r2")}
    found = metrics.measure("multiclass" if several else "binary", truth, predicted)
    guess = predicted.argmax(1) if several else predicted[:, 0] >= 0.5
    how = {"average": "macro" if several else "binary", "zero_division": 0}
    return {
        "precision": float(precision_score(truth, guess, **how)),
        "recall": float(recall_score(truth, guess, **how)),
        "f1": found["f1"],
        "auc": found["auc"],
        "mse": found["mse"],
        "accuracy": 100.0 * found["accuracy"],
    }


def _divided(states: States, labels: Tensor) -> tuple[States, Tensor, States, Tensor]:
    """A fifth of the rows, at most 1,024, as the validation part."""
    rows = list(range(len(labels)))
    random.shuffle(rows)
    count = min(len(rows) // 5, 1024)
    train, val = rows[count:], rows[:count]
    if not train or not val:
        raise MusicRFMError(f"{len(rows)} pieces are too few to split: give at least 5")
    return (
        {layer: x[train] for layer, x in states.items()},
        labels[train],
        {layer: x[val] for layer, x in states.items()},
        labels[val],
    )
