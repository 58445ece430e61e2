"""Turns labelled hidden states of one layer into a steering direction, by several methods.

`rfm-top` is the published MusicRFM method: the top eigenvector of the average gradient outer
product (AGOP) of a Recursive Feature Machine. The others are cheaper or blend it with class means;
which one steers best is decided on the sound, in `musicrfm.evaluate`. Sources: Radhakrishnan et
al., "Mechanism for feature learning in neural networks", Science 2024 (RFM); Beaglehole et al.,
"xRFM", 2025; Zhao et al., "MusicRFM", 2025.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from musicrfm.errors import MusicRFMError

METHODS = {
    "rfm-top": "top eigenvector of the AGOP of an RFM, as published",
    "rfm": "class-mean difference (or regression slope) within the top AGOP eigenvectors",
    "rfm-multiclass": "the same within the AGOP of one RFM that tells all classes apart",
    "mean-difference": "difference of the class means, or the slope of the states on the label",
    "linear": "ridge regression on the label",
    "logistic": "logistic regression (binary labels only)",
}
RIDGES = (1e-3, 1e-2, 1e-1, 1.0, 10.0)


@dataclass(frozen=True)
class Split:
    """Row numbers of the training, validation and test part."""

    train: np.ndarray
    val: np.ndarray
    test: np.ndarray


@dataclass(frozen=True)
class Search:
    """How hard to look for a good RFM; ranges are the published ones.

    trials: random draws of regularisation (1e-5 to 10, log-uniform), bandwidth (1 to 100,
    log-uniform, with distances scaled to a median of 10), exponent (0.7 to 1.4) and centred
    gradients. iterations: AGOP updates per draw, with early stopping on the validation part.
    rows: training rows used at most; time grows with their cube.
    """

    trials: int = 10
    iterations: int = 4
    rows: int = 1000
    seed: int = 0


@dataclass(frozen=True)
class Probe:
    """directions [layers, components, width], unit rows; layer_scores [layers] on the test part."""

    directions: np.ndarray
    layer_scores: np.ndarray


def split(groups: Sequence[Hashable], seed: int = 0) -> Split:
    """70 % / 15 % / 15 % of the groups; rows of one group stay together.

    Raises MusicRFMError for fewer than 7 groups, which leave a part empty.
    """
    names = list(dict.fromkeys(groups))
    if len(names) < 7:
        raise MusicRFMError(f"{len(names)} independent clips cannot be split: give at least 7")
    np.random.default_rng(seed).shuffle(names)
    val, test = round(0.70 * len(names)), round(0.85 * len(names))
    part = {name: (i >= val) + (i >= test) for i, name in enumerate(names)}
    rows = np.array([part[g] for g in groups])
    return Split(*(np.flatnonzero(rows == p) for p in range(3)))


def probe_layers(
    method: str,
    states: np.ndarray,
    labels: np.ndarray,
    parts: Split,
    *,
    kind: str,
    search: Search | None = None,
    components: int = 12,
    keep: int = 1,
    bases: Sequence[torch.Tensor] | None = None,
    progress=None,
) -> Probe:
    """One direction per layer of `states` [rows, layers, width] for `labels` [rows].

    kind: "binary" (labels 0 and 1) or "regression" (labels on any scale). components: how many AGOP
    eigenvectors `rfm` and `rfm-multiclass` keep. keep: how many eigenvectors `rfm-top` returns.
    bases: for `rfm-multiclass`, `agop_basis` of each layer. progress: called with each layer number
    as it is done. Scores are the AUC (binary) or Spearman correlation (regression) of the test
    rows' projections on the direction.
    """
    if method not in METHODS:
        raise MusicRFMError(f"there is no method {method!r}: choose one of {', '.join(METHODS)}")
    if kind not in ("binary", "regression"):
        raise MusicRFMError(f"kind {kind!r} is neither 'binary' nor 'regression'")
    if method == "logistic" and kind == "regression":
        raise MusicRFMError("method 'logistic' needs binary labels: for tempo use 'linear'")
    if method == "rfm-multiclass" and bases is None:
        raise MusicRFMError("method 'rfm-multiclass' needs several classes: for tempo use 'rfm'")
    labels = np.asarray(labels, np.float32)
    _check(states, labels, parts, kind)
    search = search or Search()
    vectors, scores = [], []
    for layer in range(states.shape[1]):
        x = torch.from_numpy(np.ascontiguousarray(states[:, layer], np.float32))
        y = torch.from_numpy(labels)
        basis = bases[layer] if bases is not None else None
        found = _directions(method, x, y, parts, kind, search, components, keep, basis)
        found = found / found.norm(dim=-1, keepdim=True).clamp_min(1e-12)
        vectors.append(found.numpy())
        scores.append(score(x.numpy()[parts.test] @ vectors[-1][0], labels[parts.test], kind))
        if progress is not None:
            progress(layer)
    return Probe(np.stack(vectors).astype(np.float32), np.array(scores, np.float32))


def score(projection: np.ndarray, labels: np.ndarray, kind: str) -> float:
    """AUC (binary) or Spearman correlation (regression) of a projection with the label."""
    from scipy.stats import rankdata

    ranks = rankdata(projection)
    if kind == "binary":
        positive = labels > 0.5
        n, m = positive.sum(), (~positive).sum()
        return float((ranks[positive].sum() - n * (n + 1) / 2) / (n * m))
    return float(np.corrcoef(ranks, rankdata(labels))[0, 1])


def agop_basis(
    x: torch.Tensor, targets: torch.Tensor, parts: Split, kind: str, search: Search
) -> torch.Tensor:
    """Eigenvectors [width, width] of the AGOP of the best RFM found, strongest first, as columns.

    `targets` is [rows, outputs]: 0/1 (one column per class if there are more than two) for kind
    "binary", any numbers for "regression". One RFM is one leaf of xRFM, as the published code uses
    it on data of this size.
    """
    try:
        from xrfm import RFM
        from xrfm.rfm_src.class_conversion import ClassificationConverter
    except ImportError as missing:
        raise MusicRFMError(
            "methods 'rfm', 'rfm-top' and 'rfm-multiclass' need the package xrfm (Python 3.11 or "
            "newer): pip install 'musicrfm-bridge[train]'"
        ) from missing
    rng = np.random.default_rng(search.seed)
    train = parts.train
    if len(train) > search.rows:
        train = np.sort(rng.choice(train, search.rows, replace=False))
    x = (x - x[train].mean(0)) * (10 / _typical_distance(x[train]))
    metric = "auc" if kind == "binary" else "mse"
    best, best_agop = None, None
    for _ in range(search.trials):
        reg = float(np.exp(rng.uniform(np.log(1e-5), np.log(10))))
        bandwidth = float(np.exp(rng.uniform(np.log(1), np.log(100))))
        exponent, centred = float(rng.uniform(0.7, 1.4)), bool(rng.integers(2))
        converter = None
        if kind == "binary":
            converter = ClassificationConverter("zero_one", max(2, targets.shape[1]))
        machine = RFM(
            kernel="l2_high_dim",
            bandwidth=bandwidth,
            exponent=exponent,
            device="cpu",
            verbose=False,
            tuning_metric=metric,
            class_converter=converter,
        )
        machine.fit(
            (x[train], targets[train]),
            (x[parts.val], targets[parts.val]),
            iters=search.iterations,
            reg=reg,
            center_grads=centred,
            early_stop_rfm=True,
            early_stop_multiplier=1.1,
            get_agop_best_model=True,
        )
        value = machine.score(x[parts.val], targets[parts.val], [metric])[metric]
        value = value if metric == "auc" else -value
        if np.isfinite(value) and (best is None or value > best):
            best, best_agop = value, machine.agop_best_model
    if best_agop is None:
        raise MusicRFMError(f"none of {search.trials} RFM trials gave a finite score: try more")
    return torch.linalg.eigh(best_agop.double())[1].flip(1).float()


def _directions(
    method: str,
    x: torch.Tensor,
    y: torch.Tensor,
    parts: Split,
    kind: str,
    search: Search,
    components: int,
    keep: int,
    basis: torch.Tensor | None,
) -> torch.Tensor:
    """[components kept, width]; larger labels lie on the positive side."""
    xt, yt = x[parts.train], y[parts.train]
    if method == "mean-difference":
        return _slope(xt, yt)[None]
    if method == "linear":
        return _ridge(x, y, parts, kind)[None]
    if method == "logistic":
        return _logistic(x, y, parts)[None]
    if basis is None:
        targets = y[:, None] if kind == "binary" else ((y - yt.mean()) / yt.std())[:, None]
        basis = agop_basis(x, targets, parts, kind, search)
    if method == "rfm-top":
        top = basis[:, :keep].T
        along = (xt - xt.mean(0)) @ top.T
        sign = torch.sign((along * (yt - yt.mean())[:, None]).sum(0))
        return top * torch.where(sign == 0, 1.0, sign)[:, None]
    span = basis[:, :components]
    return (span @ (span.T @ _slope(xt, yt)))[None]


def _slope(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """How the states move with the label; for labels 0 and 1 the difference of the class means."""
    centred = y - y.mean()
    return (x - x.mean(0)).T @ centred / centred.square().sum()


def _ridge(x: torch.Tensor, y: torch.Tensor, parts: Split, kind: str) -> torch.Tensor:
    xt, yt = x[parts.train].double(), y[parts.train].double()
    xt, yt = xt - xt.mean(0), yt - yt.mean()
    gram, moment = xt.T @ xt, xt.T @ yt
    scale = gram.diagonal().mean()
    weights = [
        torch.linalg.solve(gram + r * scale * torch.eye(len(gram), dtype=gram.dtype), moment)
        for r in RIDGES
    ]
    return max(weights, key=lambda w: _on_val(x, y, parts, kind, w.float())).float()


def _logistic(x: torch.Tensor, y: torch.Tensor, parts: Split) -> torch.Tensor:
    from sklearn.linear_model import LogisticRegression

    xt = x[parts.train]
    scale = float(xt.std())
    fits = [
        LogisticRegression(C=c, class_weight="balanced", max_iter=300).fit(
            (xt / scale).numpy(), y[parts.train].numpy()
        )
        for c in (1e-3, 1e-2, 1e-1)
    ]
    weights = [torch.from_numpy(f.coef_[0].astype(np.float32)) for f in fits]
    return max(weights, key=lambda w: _on_val(x, y, parts, "binary", w))


def _on_val(x: torch.Tensor, y: torch.Tensor, parts: Split, kind: str, w: torch.Tensor) -> float:
    return score((x[parts.val] @ w).numpy(), y[parts.val].numpy(), kind)


def _typical_distance(x: torch.Tensor) -> float:
    """Median distance of neighbouring rows, in the order given; rows should be shuffled."""
    return max(float((x[1:] - x[:-1]).norm(dim=1).median()), 1e-12)


def _check(states: np.ndarray, labels: np.ndarray, parts: Split, kind: str) -> None:
    if states.ndim != 3 or len(states) != len(labels):
        raise MusicRFMError(
            f"states of shape {states.shape} do not fit {len(labels)} labels: "
            "give [rows, layers, width] and one label a row"
        )
    if not np.isfinite(states).all():
        raise MusicRFMError("the hidden states hold NaN or infinite values")
    for name in ("train", "val", "test"):
        part = labels[getattr(parts, name)]
        if kind == "binary" and not (set(np.unique(part)) == {0.0, 1.0}):
            raise MusicRFMError(f"the {name} part needs clips of both classes: use more clips")
        if kind == "regression" and part.std() == 0:
            raise MusicRFMError(f"the {name} part has one label only: use more clips")
