"""How strongly each decoder layer is steered: `all`, `top:K` or `exp:BASE,RATE`.

The last two weigh layers by how well they know the concept (`Direction.layer_scores`).
"""

from __future__ import annotations

import math

import numpy as np

from musicrfm.errors import MusicRFMError


def layer_weights(spec: str, scores: np.ndarray) -> np.ndarray:
    """Weights float64 [layers] for `scores` [layers], higher scores being better.

    `all`: 1 everywhere. `top:K`: 1 on the K best layers, 0 elsewhere. `exp:BASE,RATE`:
    BASE * s ** (1 / RATE), with s the scores scaled to 0 (worst layer) .. 1 (best), RATE > 0: the
    exponential layer weighting of MusicRFM (arXiv:2510.19127).

    Raises MusicRFMError for anything else.
    """
    kind, _, text = str(spec).strip().partition(":")
    scores = np.asarray(scores, dtype=np.float64)
    try:
        values = [float(value) for value in text.split(",")] if text else []
    except ValueError:
        values = [math.nan]
    if kind == "all" and not text:
        return np.ones(len(scores))
    if kind == "top" and len(values) == 1 and values[0] in range(1, len(scores) + 1):
        weights = np.zeros(len(scores))
        weights[np.argsort(-scores, kind="stable")[: int(values[0])]] = 1.0
        return weights
    if kind == "exp" and len(values) == 2 and all(map(math.isfinite, values)) and values[1] > 0:
        spread = scores.max() - scores.min()
        normalised = (scores - scores.min()) / spread if spread > 0 else np.ones(len(scores))
        return values[0] * normalised ** (1.0 / values[1])
    raise MusicRFMError(
        f"layers {spec!r} is not one of all, top:K (K from 1 to {len(scores)}), "
        "exp:BASE,RATE (RATE above 0)"
    )
