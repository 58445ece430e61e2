"""How well the hidden states know each concept of SynTheory: RFM beside linear and logistic probes.

Every set is asked as a whole (which of twelve notes, which of seven modes), tempo as a number.
"""

from __future__ import annotations

import math
from typing import Any

from musicrfm import syntheory, train
from musicrfm.plots import bars
from musicrfm.results.options import Options
from musicrfm.results.page import Page, Table
from musicrfm.rfm import Search

METHODS = {"multiclass": ("rfm", "linear", "logistic"), "regression": ("rfm", "linear")}
SHOWN = {"multiclass": "accuracy", "regression": "r2"}
CACHE = "states"
TIE = 0.005


def page(options: Options) -> Page:
    asked = {name: _asked(options, name) for name in syntheory.SETS}
    rows, best = [], {method: [] for method in METHODS["multiclass"]}
    for name, (about, reports) in asked.items():
        shown = SHOWN[about["kind"]]
        row = [name, about["clips"], about["classes"] or "", shown, about["chance"]]
        for method, values in best.items():
            told = _told(reports[method], shown) if method in reports else (math.nan, math.nan)
            values.append(told[0])
            row += told
        rows.append(row)
    columns = ["set", "clips", "classes", "metric", "chance"]
    for method in best:
        columns += [f"{method}, best layer", f"{method}, all layers"]
    bars(options.out / "probes.png", list(asked), best, "best layer: accuracy, of tempos R²")
    wins = {
        other: sum(b - a <= TIE for a, b in zip(best["rfm"], best[other], strict=True))
        for other in ("linear", "logistic")
    }
    return Page(
        f"What the hidden states of `{options.model.name}` know",
        f"{options.samples} rendered clips of each SynTheory set (fewer where it has fewer), "
        "mean-pooled hidden states of every layer, split 70/15/15 without sharing an instrument "
        f"or a click track between parts. RFM: {search_of(options).trials} draws of the published "
        "search, tuned on the validation part. All numbers are of the test part. Best layer: the "
        "highest of the layers there, the same choice for every method; all layers: their "
        "projections stacked by one more probe (for rfm an RFM, as published), where nothing is "
        "chosen on the test part.",
        [Table("Probing", columns, rows)],
        f"{rows[0][0]} {best['rfm'][0]:.2f} by RFM in the best layer; RFM at least as good as "
        f"linear (to {TIE:g}) on {wins['linear']} of {len(rows)} sets, as logistic on "
        f"{wins['logistic']} of {sum(b == b for b in best['logistic'])}",
        ["probes.png"],
        {
            name: {"about": about, "reports": {m: _short(r) for m, r in reports.items()}}
            for name, (about, reports) in asked.items()
        },
    )


def search_of(options: Options) -> Search:
    quick = options.quick
    return Search(options.trials, iterations=2 if quick else 4, seed=options.seed)


def _asked(options: Options, name: str) -> tuple[dict[str, Any], dict[str, dict]]:
    """(about the set, each method's report); every fit is kept beside the states."""
    column, kind, spoken = syntheory.LABELS[name]
    clips = syntheory.clip_set(name, options.samples, options.seed)
    data = train.hear(
        options.model,
        clips,
        cache=options.work / CACHE,
        workers=options.workers,
        seed=options.seed,
    )
    if kind == "regression":
        labels: list = [row[column] for row in data.rows]
        names = []
    else:
        labels = [spoken[row[column]] for row in data.rows]
        names = [one for one in spoken.values() if one in set(labels)]
    reports = {}
    for method in METHODS[kind]:
        reports[method] = train.fit(
            data,
            name,
            labels,
            kind=kind,
            method=method,
            class_names=names or None,
            search=search_of(options),
            work=train.Work(workers=options.workers),
        ).report
    chance = 0.0 if kind == "regression" else max(map(labels.count, names)) / len(labels)
    about = {"clips": len(data.rows), "classes": len(names), "kind": kind, "chance": chance}
    return about, reports


def _told(report: dict, shown: str) -> tuple[float, float]:
    """(of the best layer, of all layers together)"""
    together = report["aggregated"].get("rfm") or report["aggregated"]["linear"]
    return max(layer["predictor"][shown] for layer in report["layers"]), together[shown]


def _short(report: dict) -> dict:
    return {
        "aggregated": report["aggregated"],
        "layers": [
            {k: layer[k] for k in ("layer", "predictor", "chosen")} for layer in report["layers"]
        ],
    }
