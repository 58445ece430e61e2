"""The weight of each decoder layer: `all`, `top:K`, `exp:BASE,RATE` or `layer:N,...`.

`top` and `exp` weight layers by how well they encode the concept (`Direction.layer_scores`).
"""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence

import numpy as np

from musicrfm.errors import MusicRFMError, short

MOST_BASE = 1e3  # beyond it, hidden states overflow in every model
STEEPEST = 1e6  # of the exponent; all but the best layer are 0 then

Layers = str | Sequence[int]  # a specification, or the numbers of layers


def layers_spec(layers: Layers) -> str:
    """The specification as text: [3, 4] is `layer:3,4`."""
    if isinstance(layers, str):
        return layers.strip()
    try:
        numbers = [operator.index(number) for number in layers]
    except TypeError:
        numbers = []
    if not numbers:
        raise MusicRFMError(
            f"layers {layers!r} are not valid: give text such as 'top:3', or numbers such as [3, 4]"
        )
    return f"layer:{','.join(map(str, numbers))}"


def layer_weights(spec: Layers, scores: np.ndarray, higher_is_better: bool = True) -> np.ndarray:
    """Weights float64 [layers] for `scores` [layers].

    `all`: 1 everywhere. `top:K`: 1 on the K best layers, 0 elsewhere. `exp:BASE,RATE`:
    BASE * s ** (1 / RATE), with s the scores scaled to 0 (worst layer) .. 1 (best), RATE > 0: the
    exponential layer weighting of MusicRFM (arXiv:2510.19127); if all layers are equally good, s is
    1. `layer:N`: 1 on layer N alone, counted from 0, or from the end with -1 for the last.

    higher_is_better: false for errors, as that of a regression; the lowest score is the best then.

    Raises MusicRFMError for anything else.
    """
    spec = layers_spec(spec)
    kind, _, text = spec.partition(":")
    scores = np.asarray(scores, dtype=np.float64)
    goodness = scores if higher_is_better else -scores
    count = len(scores)
    try:
        values = [float(value) for value in text.split(",")] if text else []
    except ValueError:
        values = [math.nan]
    if kind == "all" and not text:
        return np.ones(count)
    if kind == "top" and len(values) == 1 and values[0] in range(1, count + 1):
        weights = np.zeros(count)
        weights[np.argsort(-goodness, kind="stable")[: int(values[0])]] = 1.0
        return weights
    if kind == "layer" and values and all(value in range(-count, count) for value in values):
        weights = np.zeros(count)
        weights[[int(value) for value in values]] = 1.0
        return weights
    if kind == "exp" and len(values) == 2 and all(map(math.isfinite, values)) and values[1] > 0:
        spread = goodness.max() - goodness.min()
        normalised = (goodness - goodness.min()) / spread if spread > 0 else np.ones(count)
        if abs(values[0]) > MOST_BASE:
            raise MusicRFMError(
                f"layers {spec!r} cannot steer: BASE must be from -{MOST_BASE:g} to {MOST_BASE:g}"
            )
        return values[0] * normalised ** min(1.0 / values[1], STEEPEST)
    raise MusicRFMError(
        f"layers {spec!r} is not one of all, top:K (K from 1 to {count}), exp:BASE,RATE (RATE "
        f"above 0), layer:N (N from {-count} to {count - 1}), or several as layer:0,1"
    )


def layer_numbers(layers: Sequence[int] | None, depth: int) -> list[int]:
    """Layers as numbers from 0 up, in order; negative ones count from the end, None means all.

    Raises MusicRFMError for a layer that a model of `depth` layers does not have, and for an empty
    choice.
    """
    if layers is None:
        return list(range(depth))
    try:
        layers = [operator.index(number) for number in layers]
    except TypeError:
        raise MusicRFMError(
            f"layers {short(layers)} are not numbers: give a list such as [0, -1]"
        ) from None
    for number in layers:
        if not -depth <= number < depth:
            raise MusicRFMError(
                f"layer {number} does not exist: the model has layers 0 to {depth - 1}, or "
                f"-{depth} to -1 from the end"
            )
    if not layers:
        raise MusicRFMError("no layers are chosen: give at least one, or None for all")
    return sorted({number % depth for number in layers})
