"""Measures how well hidden states encode SynTheory's concepts, by RFM, linear and logistic probes.

Every set is probed as a whole (one of twelve notes, one of seven modes), tempo as a number, with
two kinds of split: by unseen instruments and click tracks, which is closer to the use of a knob,
and at random, as in the published numbers.
"""

from __future__ import annotations

import math
from collections.abc import Hashable
from dataclasses import replace
from typing import Any

import numpy as np

from musicrfm.data import syntheory
from musicrfm.evaluation.plots import bars
from musicrfm.results.options import Options
from musicrfm.results.page import Page, Table
from musicrfm.training import train
from musicrfm.training.rfm import Search

METHODS = {"multiclass": ("rfm", "linear", "logistic"), "regression": ("rfm", "linear")}
SHOWN = {"multiclass": "accuracy", "regression": "r2"}
CACHE = "states"
TIE = 0.005
ROWS = 4000  # largest number of clips to fit an RFM on; its time grows with the cube
SPLITS = {
    "apart": "Unseen instruments and click tracks",
    "random": "Split at random, as published",
}
LEADS = {
    "apart": "On unseen instruments and click tracks",
    "random": "With clips split at random, as published",
}


def page(options: Options) -> Page:
    asked = {name: _asked(options, name) for name in syntheory.SETS}
    tables, best, told = [], {}, []
    for split, title in SPLITS.items():
        reports = {name: (about, several[split]) for name, (about, several) in asked.items()}
        table, best[split] = _table(title, reports)
        tables.append(table)
        told.append(f"{LEADS[split]}, {_summary(table.rows[0][0], best[split])}")
    tables.append(_by_octave(asked["notes"][0]["octaves"]))
    bars(
        options.out / "probes.png", list(asked), best["apart"], "best layer: accuracy, of tempos R²"
    )
    return Page(
        f"What the hidden states of `{options.model.name}` encode",
        f"At most {options.samples} rendered clips of each SynTheory set"
        + (f" (all of {' and '.join(options.whole)})" if options.whole else "")
        + ", with mean-pooled hidden states of every layer. They are split 70/15/15: once so that "
        "no instrument or click track is in two parts (the picture), and once at random, as Wei et "
        "al. 2024 do (for tempos, they hold out the slowest and fastest instead). RFM: "
        f"{search_of(options).trials} draws of the published search on at most {ROWS} clips, tuned "
        "on the validation part. All numbers are from the test part. Best layer: the one with the "
        "highest score on the test part, chosen in the same way for every method. All layers: "
        "their projections, combined by one more probe (for rfm an RFM, as published), with "
        "nothing chosen on the test part.",
        tables,
        " ".join(told),
        ["probes.png"],
        {
            name: {
                "about": about,
                "reports": {
                    split: {m: _short(r) for m, r in several.items()}
                    for split, several in reports.items()
                },
            }
            for name, (about, reports) in asked.items()
        },
    )


def _table(
    title: str, asked: dict[str, tuple[dict[str, Any], dict[str, dict]]]
) -> tuple[Table, dict[str, list[float]]]:
    """(a row for each set, each method's values in its best layer); asked: see `_asked`."""
    rows = []
    best: dict[str, list[float]] = {method: [] for method in METHODS["multiclass"]}
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
    return Table(title, columns, rows), best


def _summary(first: str, best: dict[str, list[float]]) -> str:
    wins = {
        other: sum(b - a <= TIE for a, b in zip(best["rfm"], best[other], strict=True))
        for other in ("linear", "logistic")
    }
    return (
        f"an RFM on the best layer scores {best['rfm'][0]:.2f} on {first}. It is at least as good "
        f"(to within {TIE:g}) as a linear probe on {wins['linear']} of {len(best['rfm'])} sets, "
        f"and as a logistic probe on {wins['logistic']} of {sum(b == b for b in best['logistic'])}."
    )


def _by_octave(found: dict[str, dict[int, tuple[int, float]]]) -> Table:
    """The share of notes identified in each octave. found: see `_octaves`."""
    octaves = sorted(set().union(*found.values()))
    rows = []
    for split, of_octave in found.items():
        rows.append([SPLITS[split].lower(), *(of_octave.get(o, (0, None))[1] for o in octaves)])
    names = [f"MIDI {12 * o} to {12 * o + 11}" for o in octaves]
    return Table(
        "Notes by octave: share identified by all layers of the RFM directions", ["", *names], rows
    )


def _octaves(data: train.Data, labels: list[str], trained: train.Trained) -> dict:
    """octave -> (test clips, share identified correctly)"""
    test = train.split(data, labels).test
    told = trained.detector.read(np.asarray(data.states)[test]).argmax(1)
    found: dict[int, list[bool]] = {}
    for row, answer in zip(test, told, strict=True):
        right = trained.detector.answers[answer] == labels[row]
        found.setdefault(data.rows[row]["octave"], []).append(right)
    return {octave: (len(right), float(np.mean(right))) for octave, right in found.items()}


def search_of(options: Options) -> Search:
    quick = options.quick
    return Search(options.trials, iterations=2 if quick else 4, seed=options.seed)


def _asked(options: Options, name: str) -> tuple[dict[str, Any], dict[str, dict[str, dict]]]:
    """(facts about the set, split -> method -> report); every fit is stored beside the states."""
    column, kind, spoken = syntheory.LABELS[name]
    count = None if name in options.whole else options.samples
    data = train.hear(
        options.model,
        syntheory.clip_set(name, count, options.seed),
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
    each: list[Hashable] = list(range(len(data.rows)))
    of_split = {"apart": data, "random": replace(data, groups=each)}
    reports: dict[str, dict[str, dict]] = {split: {} for split in SPLITS}
    octaves = {}
    for split, one in of_split.items():
        for method in METHODS[kind]:
            trained = train.fit(
                one,
                name,
                labels,
                kind=kind,
                method=method,
                class_names=names or None,
                search=replace(search_of(options), rows=ROWS),
                work=train.Work(workers=options.workers),
            )
            reports[split][method] = trained.report
            if name == "notes" and method == "rfm":
                octaves[split] = _octaves(one, labels, trained)
    chance = 0.0 if kind == "regression" else max(map(labels.count, names)) / len(labels)
    about = {"clips": len(data.rows), "classes": len(names), "kind": kind, "chance": chance}
    if octaves:
        about["octaves"] = octaves
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
