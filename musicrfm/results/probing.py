"""Measures how well hidden states encode SynTheory's concepts, by RFM, linear and logistic probes.

Every set is probed as a whole (one of twelve notes, one of seven modes), tempo as a number, with
two kinds of split: by unseen instruments and click tracks, which is closer to the use of a knob,
and at random, as in the published numbers.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np

from musicrfm import intervals, metrics
from musicrfm.data import syntheory
from musicrfm.evaluation.plots import bars
from musicrfm.intervals import UNKNOWN, Interval
from musicrfm.results.options import Options
from musicrfm.results.page import Page, Table
from musicrfm.training import train
from musicrfm.training.rfm import Search

METHODS = {"multiclass": ("rfm", "linear", "logistic"), "regression": ("rfm", "linear")}
SHOWN = {"multiclass": "accuracy", "regression": "r2"}
CACHE = "states"
ROWS = 4000  # largest number of clips to fit an RFM on; its time grows with the cube
SPLITS = {
    "apart": "Unseen instruments and click tracks",
    "random": "Split at random, as published",
}
LEADS = {
    "apart": "On unseen instruments and click tracks",
    "random": "With clips split at random, as published",
}
LESS = "first less "  # and another method


@dataclass(frozen=True)
class Probed:
    """One set with one split. layers: number of each method's best layer; best: the score there on
    the test part, and the difference of the scores of the first method and every other; together:
    the score of all layers; sizes: clips for training, validation and test; groups: of the test
    clips, which the bootstrap draws."""

    layers: dict[str, int]
    best: dict[str, Interval]
    together: dict[str, Interval]
    chance: float
    sizes: dict[str, int]
    groups: int


@dataclass(frozen=True)
class Octave:
    """The test clips of one octave, and the share of them whose note is identified."""

    clips: int
    share: Interval


@dataclass(frozen=True)
class Asked:
    """One set. clips, classes, kind: of the data. scores, reports: by split, and reports by method.
    octaves: of notes, by split and octave."""

    clips: int
    classes: int
    kind: str
    scores: dict[str, Probed]
    reports: dict[str, dict[str, dict]]
    octaves: dict[str, dict[int, Octave]]


def page(options: Options) -> Page:
    asked = {name: _asked(options, name) for name in syntheory.SETS}
    tables, told = [], []
    for split, title in SPLITS.items():
        tables.append(_table(title, split, asked))
        told.append(f"{LEADS[split]}, {_summary({n: a.scores[split] for n, a in asked.items()})}")
    tables.append(_by_octave(asked["notes"].octaves))
    apart = [one.scores["apart"] for one in asked.values()]
    bars(
        options.out / "probes.png",
        list(asked),
        {
            method: [one.best.get(method, UNKNOWN) for one in apart]
            for method in METHODS["multiclass"]
        },
        "best layer: accuracy, of tempos R²",
        [one.chance for one in apart],
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
        "highest AUC (of tempos the lowest squared error) on the validation part. All layers: "
        "their projections, combined by one more probe (for rfm an RFM, as published). Nothing is "
        "chosen on the test part. Chance: the score of whoever knows only how often each label "
        "occurs in the test part. In brackets: 95 % intervals (bootstrap) over the groups of the "
        "test part; a group is all clips of one instrument or click track, and with the random "
        "split one clip. Better and worse in the first paragraph: the 95 % interval of the "
        "difference, on the same test clips, does not include 0.",
        tables,
        " ".join(told),
        ["probes.png"],
        {name: asdict(one) for name, one in asked.items()},
    )


def _table(title: str, split: str, asked: dict[str, Asked]) -> Table:
    """A row for each set."""
    columns = ["set", "train / validation / test", "groups in test", "classes", "metric", "chance"]
    for method in METHODS["multiclass"]:
        columns += [f"{method}, best layer", f"{method}, all layers"]
    rows = []
    for name, whole in asked.items():
        one = whole.scores[split]
        sizes = " / ".join(map(str, one.sizes.values()))
        row = [name, sizes, one.groups, whole.classes or "", SHOWN[whole.kind], one.chance]
        for method in METHODS["multiclass"]:
            row += [str(of.get(method, UNKNOWN)) for of in (one.best, one.together)]
        rows.append(row)
    return Table(title, columns, rows)


def _summary(probed: dict[str, Probed]) -> str:
    first, one = next(iter(probed.items()))
    beaten = [name for name, p in probed.items() if p.best["rfm"].above(p.chance)]
    compared = []
    for other in METHODS["multiclass"][1:]:
        less = [p.best[LESS + other] for p in probed.values() if LESS + other in p.best]
        better, worse = sum(d.above(0) for d in less), sum(d.below(0) for d in less)
        compared.append(
            f"better than a {other} probe on {better} of {len(less)} sets and worse on {worse}"
        )
    return (
        f"an RFM on the best layer has an accuracy of {one.best['rfm']} on {first} (chance "
        f"{one.chance:.2f}, {one.sizes['test']} test clips), and is above chance on "
        f"{len(beaten)} of {len(probed)} sets. It is {', and '.join(compared)}."
    )


def _by_octave(found: dict[str, dict[int, Octave]]) -> Table:
    """The share of notes identified in each octave. found: by split, see `_octaves`."""
    rows = [
        [
            f"MIDI {12 * octave} to {12 * octave + 11}",
            *(str(of[octave].share) if octave in of else "" for of in found.values()),
        ]
        for octave in sorted(set().union(*found.values()))
    ]
    columns = ["octave", *(SPLITS[split].lower() for split in found)]
    return Table(
        "Notes by octave: share identified by all layers of the RFM directions", columns, rows
    )


def _octaves(
    data: train.Data, labels: list[str], trained: train.Trained, groups: Sequence[Hashable]
) -> dict[int, Octave]:
    """The test clips by octave. groups: of all clips."""
    test = trained.split.test
    told = trained.detector.read(np.asarray(data.states)[test]).argmax(1)
    found: dict[int, list[tuple[bool, Hashable]]] = {}
    for row, answer in zip(test, told, strict=True):
        right = trained.detector.answers[answer] == labels[row]
        found.setdefault(data.rows[row]["octave"], []).append((right, groups[row]))
    return {octave: _octave(*zip(*some, strict=True)) for octave, some in found.items()}


def _octave(right: Sequence[bool], groups: Sequence[Hashable]) -> Octave:
    rightly = np.array(right, float)
    share = intervals.statistic(lambda rows: rightly[rows].mean(), len(right), groups)
    return Octave(len(right), share)


def search_of(options: Options) -> Search:
    quick = options.quick
    return Search(options.trials, iterations=2 if quick else 4, seed=options.seed)


def _asked(options: Options, name: str) -> Asked:
    """Fit every method with every split; each fit is stored beside the states."""
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
    probed, reports, octaves = {}, {}, {}
    for split, one in of_split.items():
        fitted = {
            method: train.fit(
                one,
                name,
                labels,
                kind=kind,
                method=method,
                class_names=names or None,
                search=replace(search_of(options), rows=ROWS),
                work=options.fitting,
            )
            for method in METHODS[kind]
        }
        probed[split] = scores(fitted, kind, one.groups)
        reports[split] = {method: _short(trained.report) for method, trained in fitted.items()}
        if name == "notes":
            octaves[split] = _octaves(one, labels, fitted["rfm"], one.groups)
    return Asked(len(data.rows), len(names), kind, probed, reports, octaves)


def scores(fitted: dict[str, train.Trained], kind: str, groups: Sequence[Hashable]) -> Probed:
    """fitted: by method, with the same split. groups: of all clips."""
    shown, tuning = SHOWN[kind], metrics.check(kind, None)
    first = next(iter(fitted.values()))
    truth, tested = first.predictions["truth"], [groups[n] for n in first.split.test]
    layers, told = {}, {}
    for method, trained in fitted.items():
        of_layer = [layer["chosen"]["validation"] for layer in trained.report["layers"]]
        best = int(np.argmax([metrics.utility(tuning, value) for value in of_layer]))
        layers[method] = trained.report["layers"][best]["layer"]
        told[method] = trained.layer_predictions[best]

    def measured(rows: np.ndarray) -> dict[str, float]:
        found = {
            method: metrics.measure(kind, truth[rows], predicted[rows], (shown,))[shown]
            for method, predicted in told.items()
        }
        leading, *others = found
        less = {LESS + other: found[leading] - found[other] for other in others}
        return found | less

    return Probed(
        layers,
        intervals.statistics(measured, len(truth), tested),
        {
            method: trained.reliability.together["rfm" if method == "rfm" else "linear"][shown]
            for method, trained in fitted.items()
        },
        first.reliability.chance[shown] or 0.0,
        first.report["rows"],
        len(set(tested)),
    )


def _short(report: dict) -> dict:
    return {
        **{key: report[key] for key in ("aggregated", "test_intervals", "chance")},
        "layers": [
            {k: layer[k] for k in ("layer", "predictor", "chosen")} for layer in report["layers"]
        ],
    }
