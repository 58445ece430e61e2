"""The report folder of a direction: its metrics as JSON, and pictures of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from musicrfm.files.writing import beside, write_text

STRONG, SOFT, FAINT = "#c2410c", "#64748b", "#cbd5e1"
SPOKEN = {"auc": "AUC", "agop-auc": "AUC", "f1": "F1", "mse": "squared error", "r2": "R²"}


def write_report(folder: Path, report: dict[str, Any]) -> list[Path]:
    """Writes `metrics.json`, `layers.png` and, of an RFM, `spectrum.png` into `folder`; of several
    classes also `confusion.png`.

    `report` is that of `train.fit`. The JSON holds no times or paths, so that the same seed writes
    the same bytes. Returns the paths.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = [folder / "metrics.json", folder / "layers.png"]
    write_text(written[0], json.dumps(report, indent=1, sort_keys=True) + "\n")
    layer_scores(written[1], report)
    if any(layer["spectrum"] for layer in report["layers"]):
        written.append(folder / "spectrum.png")
        spectra(written[2], report)
    if report.get("confusion") and len(report["confusion"]) > 2:
        written.append(folder / "confusion.png")
        confusion(written[-1], report)
    return written


def confusion(path: Path, report: dict[str, Any]) -> None:
    """How often each class of the test clips is taken for each, by all layers together."""
    counts = np.array(report["confusion"])
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    size = 1.6 + 0.42 * len(counts)
    figure, axes = plt.subplots(figsize=(size + 0.6, size), layout="constrained")
    axes.imshow(shares, cmap="Oranges", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(counts):
        if count:
            dark = shares[row, column] > 0.6
            colour = "white" if dark else "black"
            axes.text(column, row, count, ha="center", va="center", fontsize=8, color=colour)
    names = report.get("classes") or [str(n) for n in range(len(counts))]
    axes.set_xticks(range(len(names)), names, rotation=60, ha="right", fontsize=8)
    axes.set_yticks(range(len(names)), names, fontsize=8)
    axes.set_xlabel("taken for")
    axes.set_ylabel("is")
    axes.set_title(f"{report['name']}: test clips", loc="left")
    _save(figure, path)


def layer_scores(path: Path, report: dict[str, Any]) -> None:
    """What each layer's probe and its direction tell on the test part, and all layers together."""
    metric = _common_metric(report)
    numbers = [layer["layer"] for layer in report["layers"]]
    figure, axes = plt.subplots(figsize=(6.4, 3.6), layout="constrained")
    for part, colour, label in (
        ("predictor", SOFT, f"probe ({report['method']})"),
        ("direction", STRONG, "along its directions"),
    ):
        values = [layer[part][metric] for layer in report["layers"]]
        ends = [layer.get("interval") for layer in report["layers"]]
        if part == "direction" and metric == report["metric"] and all(ends):
            low, high = zip(*ends, strict=True)
            axes.fill_between(numbers, low, high, color=colour, alpha=0.15, lw=0)
        axes.plot(numbers, values, color=colour, marker=".", label=label)
    for name, style in (("rfm", "--"), ("linear", ":")):
        if name in report["aggregated"]:
            value = report["aggregated"][name][metric]
            label = f"all layers, read by {name}: {value:.3f}"
            axes.axhline(value, color=SOFT, linestyle=style, linewidth=1, label=label)
    axes.set_xlabel("layer")
    axes.set_ylabel(f"{SPOKEN.get(metric, metric)} on test clips")
    axes.set_title(f"{report['name']} ({report['model']})", loc="left")
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.legend(frameon=False, fontsize=8)
    _save(figure, path)


def spectra(path: Path, report: dict[str, Any]) -> None:
    """Eigenvalues of every layer's AGOP, the largest as 1; the best layer in colour."""
    figure, axes = plt.subplots(figsize=(6.4, 3.6), layout="constrained")
    layers = report["layers"]
    turn = 1 if report["metric_higher_is_better"] else -1
    best = max(layers, key=lambda layer: turn * layer["score"])
    for layer in [*(one for one in layers if one is not best), best]:
        values = np.maximum(layer["spectrum"], 0)
        shown = values / max(float(values.max(initial=0.0)), 1e-30)
        mine = layer is best
        axes.semilogy(
            np.arange(1, len(shown) + 1),
            np.maximum(shown, 1e-8),
            color=STRONG if mine else FAINT,
            linewidth=1.6 if mine else 0.8,
            label=f"layer {layer['layer']}, the best" if mine else None,
        )
    axes.set_xlabel("eigenvector")
    axes.set_ylabel("eigenvalue / largest")
    axes.set_title(f"{report['name']}: spectrum of the AGOP", loc="left")
    axes.legend(frameon=False, fontsize=8)
    _save(figure, path)


def _common_metric(report: dict[str, Any]) -> str:
    """The reported metric, or the nearest one that probes and directions have both."""
    known = report["layers"][0]["direction"]
    metric = "auc" if report["metric"] == "agop-auc" else report["metric"]
    return metric if metric in known else next(iter(known))


def _save(figure: Figure, path: Path) -> None:
    for axes in figure.axes:
        axes.spines[["top", "right"]].set_visible(False)
    with beside(path) as new:
        figure.savefig(new, format="png", dpi=130, facecolor="white", metadata={"Software": None})
    plt.close(figure)
