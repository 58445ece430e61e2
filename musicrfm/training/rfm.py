"""Recursive Feature Machines: which directions of the input a label depends on.

One `RFM` of the package xrfm is fitted per random draw of its settings, and the best draw on the
validation part is kept; its average gradient outer product (AGOP) is what directions come from.
Sources: Radhakrishnan et al., "Mechanism for feature learning in neural networks and
backpropagation-free machine learning models", Science 2024; Beaglehole et al., "xRFM", 2025; the
search ranges are those of Zhao et al., "MusicRFM", 2025.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from musicrfm import metrics
from musicrfm.errors import MusicRFMError, whole_number

EARLY_STOP = 1.1  # an AGOP update that makes the metric worse by this factor is the last
# Metrics that xrfm cannot watch between AGOP updates (0.4.5 has no r2, and asks for arguments that
# it does not pass in its AUC of AGOP vectors) are watched by a relative, and chosen by themselves.
WATCHED = {"r2": "mse", "agop-auc": "auc"}


@dataclass(frozen=True)
class Search:
    """How hard to look for a good RFM; ranges are the published ones.

    trials: random draws of regularisation (1e-5 to 10, log-uniform), bandwidth (1 to 100,
    log-uniform, with distances scaled to a median of 10), exponent (0.7 to 1.4) and centred
    gradients. iterations: AGOP updates per draw, with early stopping on the validation part.
    rows: training rows used at most; time grows with their cube. metric: which draw is best, see
    `metrics.METRICS`; None for auc (classes) or mse (regression). device: cpu, cuda, or auto for
    cuda where there is one. Raises MusicRFMError for a number that is not whole or too small.
    """

    trials: int = 10
    iterations: int = 4
    rows: int = 1000
    seed: int = 0
    metric: str | None = None
    device: str = "auto"

    def __post_init__(self) -> None:
        for name, least in (("trials", 1), ("iterations", 1), ("rows", 1), ("seed", 0)):
            whole_number(name, getattr(self, name), least)


@dataclass(frozen=True)
class Draw:
    """One choice of an RFM's settings."""

    reg: float
    bandwidth: float
    exponent: float
    centred: bool


@dataclass(frozen=True)
class Machine:
    """The best RFM found. basis [width, width]: eigenvectors of its AGOP as columns, strongest
    first; eigenvalues [width]; value: its tuning metric on the validation part; predicted
    [rows, outputs] of all rows that were asked for."""

    basis: torch.Tensor
    eigenvalues: torch.Tensor
    value: float
    draw: Draw
    predicted: np.ndarray


def draws(search: Search, train: np.ndarray) -> tuple[np.ndarray, list[Draw]]:
    """The training rows and the settings of every trial; the same for the same seed."""
    rng = np.random.default_rng(search.seed)
    if len(train) > search.rows:
        train = np.sort(rng.choice(train, search.rows, replace=False))
    found = []
    for _ in range(search.trials):
        reg = float(np.exp(rng.uniform(np.log(1e-5), np.log(10))))
        bandwidth = float(np.exp(rng.uniform(np.log(1), np.log(100))))
        exponent, centred = float(rng.uniform(0.7, 1.4)), bool(rng.integers(2))
        found.append(Draw(reg, bandwidth, exponent, centred))
    return train, found


def best_machine(
    x: torch.Tensor,
    targets: torch.Tensor,
    train: np.ndarray,
    val: np.ndarray,
    ask: np.ndarray,
    kind: str,
    search: Search,
    choices: Sequence[Draw],
    top: int = 12,
) -> Machine:
    """The best of `choices` on rows `val`, fitted on rows `train` of `x` [rows, width].

    `targets` is [rows, outputs]: 0/1 for kind "binary", one-hot for "multiclass", standardised
    numbers for "regression". `ask`: rows to predict. `top`: how many eigenvectors the metric
    agop-auc judges by. One RFM is one leaf of xRFM, as the published code uses it on data of this
    size. Raises MusicRFMError if xrfm is missing or no choice gives a finite score.
    """
    metric = metrics.check(kind, search.metric)
    watched = _watched(metric, targets[val], kind)
    device = _device(search.device)
    centre, scale = x[train].mean(0), 10 / typical_distance(x[train])
    seen, judged, asked = (((x[rows] - centre) * scale).to(device) for rows in (train, val, ask))
    taught, wanted = targets[train].to(device), targets[val].to(device)
    labels = _labels(wanted, kind)
    best: tuple[float, Draw, torch.Tensor, np.ndarray] | None = None
    for choice in choices:
        machine = _fitted((seen, taught), (judged, wanted), kind, choice, watched, search)
        agop = machine.agop_best_model
        if metric == "agop-auc":
            value = _agop_auc(seen, taught, judged, labels, kind, agop, top)
        else:
            value = metrics.measure(kind, labels, machine.predict(judged).cpu().numpy())[metric]
        if not (np.isfinite(value) and agop.isfinite().all()):
            continue
        if best is None or metrics.utility(metric, value) > metrics.utility(metric, best[0]):
            best = (value, choice, agop, machine.predict(asked).cpu().numpy())
    if best is None:
        raise MusicRFMError(f"none of {len(choices)} RFM trials gave a finite score: try more")
    value, choice, agop, predicted = best
    eigenvalues, basis = torch.linalg.eigh(agop.double().cpu())
    return Machine(basis.flip(1).float(), eigenvalues.flip(0).float(), value, choice, predicted)


def _fitted(
    train: tuple[torch.Tensor, torch.Tensor],
    val: tuple[torch.Tensor, torch.Tensor],
    kind: str,
    choice: Draw,
    watched: str,
    search: Search,
) -> Any:
    """One `xrfm.RFM`, fitted on rows and labels. Raises MusicRFMError without xrfm."""
    try:
        from xrfm import RFM
        from xrfm.rfm_src.class_conversion import ClassificationConverter
    except ImportError as missing:
        raise MusicRFMError(
            "methods 'rfm', 'rfm-top' and 'rfm-multiclass' need the package xrfm (Python 3.11 or "
            "newer): pip install 'musicrfm-bridge[train]'"
        ) from missing
    rows, labels = train
    converter = None
    if kind != "regression":
        converter = ClassificationConverter("zero_one", max(2, labels.shape[1]))
    machine = RFM(
        kernel="l2_high_dim",
        bandwidth=choice.bandwidth,
        exponent=choice.exponent,
        device=rows.device,
        verbose=False,
        tuning_metric=watched,
        class_converter=converter,
    )
    machine.fit(
        (rows, labels),
        val,
        iters=search.iterations,
        reg=choice.reg,
        center_grads=choice.centred,
        early_stop_rfm=True,
        early_stop_multiplier=EARLY_STOP,
        get_agop_best_model=True,
    )
    return machine


def typical_distance(x: torch.Tensor) -> float:
    """Median distance of neighbouring rows, in the order given; rows should be shuffled."""
    return max(float((x[1:] - x[:-1]).norm(dim=1).median()), 1e-12)


def one_hot(classes: np.ndarray, count: int) -> torch.Tensor:
    return torch.eye(count)[torch.from_numpy(np.asarray(classes).astype(np.int64))]


def _labels(targets: torch.Tensor, kind: str) -> np.ndarray:
    """What `metrics.measure` compares with: class numbers, or the one column there is."""
    targets = targets.cpu()
    return (targets.argmax(1) if kind == "multiclass" else targets[:, 0]).numpy()


def _watched(metric: str, val: torch.Tensor, kind: str) -> str:
    """The metric for early stopping: xrfm's AUC fails where a class is missing."""
    watched = WATCHED.get(metric, metric)
    whole = kind != "multiclass" or bool((val.sum(0) > 0).all())
    return watched if whole or watched != "auc" else "accuracy"


def _agop_auc(
    seen: torch.Tensor,
    taught: torch.Tensor,
    judged: torch.Tensor,
    labels: np.ndarray,
    kind: str,
    agop: torch.Tensor,
    top: int,
) -> float:
    """AUC on the rows `judged` of least squares on the top eigenvectors' projections, fitted on the
    rows `seen`.

    The published code solves the least squares on the validation rows themselves, which flatters.
    """
    vectors = torch.linalg.eigh(agop.double())[1].flip(1)[:, :top].to(seen.dtype)
    weights = torch.linalg.pinv(seen @ vectors) @ (taught - taught.mean(0))
    return metrics.measure(kind, labels, (judged @ vectors @ weights).cpu().numpy())["auc"]


def _device(name: str) -> torch.device:
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(name)
