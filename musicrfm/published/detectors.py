"""Detectors: least squares on the projections of hidden states along directions, by layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from musicrfm.published.toolkits import States, prediction_metrics, solved

ALL, BEST = "aggregation", "best_layer"  # published names beside the layers'

Part = tuple[States, Tensor]  # states of each layer, labels [pieces, outputs]


def projections(states: Tensor, vectors: Tensor) -> Tensor:
    """[pieces, k] of states [pieces, (frames,) width] along [k, width]: the mean over the frames if
    there are any."""
    z = states.float() @ vectors.T
    return z.mean(1) if z.ndim == 3 else z


def evaluate(
    directions: Mapping[int, Tensor],
    parts: Sequence[Part],
    unsupervised: bool = False,
    selection_metric: str = "auc",
) -> tuple[dict, dict, dict, dict]:
    """(validation metrics, test metrics, [weights, bias] of the detectors, test predictions), each
    by layer; all but the first also for `ALL` layers together, metrics and predictions of the test
    part for the layer that is `BEST` on the validation part.

    directions: [k, width] by layer. parts: train, validation and test. unsupervised: predict by the
    sign of the first projection instead.
    """
    (_, train_y), (_, val_y), (_, test_y) = parts
    val_metrics: dict[Any, dict[str, float]] = {}
    test_metrics: dict[Any, dict[str, float]] = {}
    detectors: dict[Any, list[Any]] = {}
    told: dict[Any, Tensor] = {}
    along: list[list[Tensor]] = [[], [], []]
    for layer, vectors in directions.items():
        z = [projections(states[layer], vectors) for states, _ in parts]
        for kept, part in zip(along, z, strict=True):
            kept.append(part)
        beta, bias = solved(z[0], train_y, z[1], val_y)
        detectors[layer] = [beta, bias]
        guesses = [(part[:, :1] > 0).float() if unsupervised else part @ beta + bias for part in z]
        val_metrics[layer] = prediction_metrics(guesses[1], val_y)
        test_metrics[layer] = prediction_metrics(guesses[2], test_y)
        told[layer] = guesses[2]
    joint = [torch.cat(part, 1) for part in along]
    beta, bias = solved(joint[0], train_y, joint[1], val_y)
    detectors[ALL] = [beta, bias]
    told[ALL] = joint[2] @ beta + bias
    test_metrics[ALL] = prediction_metrics(told[ALL], test_y)
    best = max(val_metrics, key=lambda layer: val_metrics[layer][selection_metric])
    told[BEST], test_metrics[BEST] = told[best], test_metrics[best]
    return val_metrics, test_metrics, detectors, told


def presence(
    z: Mapping[int, Tensor], detectors: Mapping[Any, Sequence[Any]], layer: int | None
) -> Tensor:
    """[pieces], about 1 where the concept is present and 0 where not, of projections by layer.

    layer: whose detector decides; None: that of all layers together.
    """
    if layer is None:
        beta, bias = detectors[ALL]
        each = len(beta) // len(z)
        projected = torch.cat([part[:, :each] for part in z.values()], 1)
    else:
        beta, bias = detectors[layer]
        projected = z[layer][:, : len(beta)]
    return (projected @ beta + bias).squeeze(-1)
