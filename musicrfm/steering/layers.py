"""How strongly each decoder layer is steered: `all`, `top:K`, `exp:BASE,RATE` or `layer:N`.

`top` and `exp` weigh layers by how well they know the concept (`Direction.layer_scores`).
"""

from __future__ import annotations

import math

import numpy as np

from musicrfm.errors import MusicRFMError

MOST_BASE = 1e3  # beyond it no model's numbers hold
STEEPEST = 1e6  # of the exponent; all but the best layer are 0 then


def layer_weights(spec: str, scores: np.ndarray, higher_is_better: bool = True) -> np.ndarray:
    """Weights float64 [layers] for `scores` [layers].

    `all`: 1 everywhere. `top:K`: 1 on the K best layers, 0 elsewhere. `exp:BASE,RATE`:
    BASE * s ** (1 / RATE), with s the scores scaled to 0 (worst layer) .. 1 (best), RATE > 0: the
    exponential layer weighting of MusicRFM (arXiv:2510.19127); if all layers are equally good, s is
    1. `layer:N`: 1 on layer N alone, counted from 0, or from the end with -1 for the last.

    higher_is_better: false for errors, as that of a regression; the lowest score is the best then.

    Raises MusicRFMError for anything else.
    """
    kind, _, text = str(spec).strip().partition(":")
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
    if kind == "layer" and len(values) == 1 and values[0] in range(-count, count):
        weights = np.zeros(count)
        weights[int(values[0])] = 1.0
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
        f"above 0), layer:N (N from {-count} to {count - 1})"
    )
