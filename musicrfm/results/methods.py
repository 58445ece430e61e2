"""Compares the methods of finding a direction, trained and measured on the same clips."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import NamedTuple

import numpy as np

from musicrfm.data import syntheory
from musicrfm.data.composed import IN_MUSIC, frame_data
from musicrfm.directions import Direction
from musicrfm.evaluation.control import DRAWS, random_directions
from musicrfm.evaluation.evaluate import respond
from musicrfm.evaluation.plots import methods as picture
from musicrfm.evaluation.responses import Point, Response, pooled
from musicrfm.intervals import Interval
from musicrfm.results.options import Options
from musicrfm.results.page import Page, Table, listed
from musicrfm.results.probing import CACHE, search_of
from musicrfm.training import train

METHODS = ("rfm", "rfm-multiclass", "rfm-top", "mean-difference", "linear", "logistic", "random")
MUSIC = "composed music"
FRAMES = 4800  # of composed music
FRACTIONS = (0.06, 0.12)  # coefficients, in units of the typical norm of a hidden state


class Trial(NamedTuple):
    """The training data: a set of SynTheory, or frames of composed music."""

    word: str
    source: str
    targets: tuple[str, ...]

    @property
    def title(self) -> str:
        source = self.source if self.source == MUSIC else f"SynTheory's {self.source}"
        return f"{self.word}s trained on {source}"


TRIALS = (
    Trial("note", "notes", ("C", "E", "Gs")),
    Trial("note", MUSIC, ("C", "E", "Gs")),
    Trial("chord", "chords", ("major", "minor")),
    Trial("chord", MUSIC, ("major", "minor")),
    Trial("interval", "intervals", ("7",)),
)


def page(options: Options) -> Page:
    wanted = (Trial("note", "notes", ("C",)),) if options.quick else TRIALS
    draws = 2 if options.quick else DRAWS
    found = [(t, d) for t in wanted for d in _drawn(trained(options, t, METHODS), draws)]
    directions = [d for _, d in found]
    fractions = FRACTIONS[-1:] if options.quick else FRACTIONS
    tried = [
        [float(f"{f * float(d.meta['state_norm']):.4g}") for f in fractions] for d in directions
    ]
    with options.recorder() as recorder:
        responses = respond(recorder, directions, tried, options.instruments, keep_ranges=False)
    heard = {
        trial.title: [(d, r) for (t, d), r in zip(found, responses, strict=True) if t == trial]
        for trial in wanted
    }
    tables = [
        table
        for title, pairs in heard.items()
        for table in (_overview(title, pairs), _each(title, pairs))
    ]
    picture(
        options.out / "methods.png",
        {title: [r for _, r in pairs] for title, pairs in heard.items()},
    )
    return Page(
        "Methods of finding a direction",
        f"All methods are trained on the same data (at most {options.samples} clips of a SynTheory "
        f"set, or {FRAMES} frames of composed music) and played at the same coefficients: "
        f"{listed([f'{f:g}' for f in fractions])} times the typical norm of a hidden state, "
        f"{options.setting.size} each. Random has {draws} directions for every target, with unit "
        "vectors in the same layers. Shares have their 95 % interval over the clips of all targets "
        "(and of all draws). Best as music: the highest share at which the onset rate is "
        "within 30 % of unsteered, at least three pitch classes sound and no silence is added. "
        "Composed music has several notes at once, so `rfm-multiclass` does not apply to it.",
        tables,
        _summary(heard),
        ["methods.png"],
        [asdict(r) for r in responses],
    )


def _drawn(directions: list[Direction], draws: int) -> list[Direction]:
    """The directions, with several random ones in place of each that is random."""
    return [
        one
        for d in directions
        for one in (random_directions(d, draws) if d.meta["method"] == "random" else [d])
    ]


def trained(options: Options, trial: Trial, methods: Sequence[str]) -> list[Direction]:
    """A direction for every target by every method that applies to the data."""
    if trial.source == MUSIC:
        column = IN_MUSIC[trial.word]
        whole = frame_data(options.model, FRAMES, options.seed)
        data = whole.part([n for n, row in enumerate(whole.rows) if row[column]])
        store = whole.store.with_name(f"fits-{trial.word}")  # a part is in memory alone
        sounds = [row[column] for row in data.rows]
        classes, methods = None, [m for m in methods if m != "rfm-multiclass"]
    else:
        column, _, spoken = syntheory.LABELS[trial.source]
        clips = syntheory.clip_set(trial.source, options.samples, options.seed)
        cache, workers = options.work / CACHE, options.workers
        data = train.hear(options.model, clips, cache=cache, workers=workers, seed=options.seed)
        classes = sounds = [spoken[row[column]] for row in data.rows]
        store = data.store
    found = []
    for method in methods:
        for target in trial.targets:
            direction = train.train(
                data,
                f"{trial.word}_{target}",
                [target in s if isinstance(s, list) else s == target for s in sounds],
                kind="binary",
                method=method,
                classes=classes,
                concept=trial.word,
                target=target,
                search=search_of(options),
                aggregate=False,
                store=store,
                work=options.fitting,
            )
            found.append(direction)
    return found


def _methods(pairs: list[tuple[Direction, Response]]) -> list[str]:
    return [m for m in METHODS if any(r.method == m for _, r in pairs)]


def _overview(title: str, pairs: list[tuple[Direction, Response]]) -> Table:
    rows = []
    means = {d.name: d for d, r in pairs if r.method == "mean-difference"}
    for method in _methods(pairs):
        of = [(d, r) for d, r in pairs if r.method == method]
        best = {name: pooled((r, r.best) for d, r in of if d.name == name) for name in _names(of)}
        most = [_most(r) for _, r in of]
        worst = min(best, key=lambda name: best[name].value)
        rows.append(
            [
                method,
                float(np.mean([float(d.layer_scores.max()) for d, _ in of])),
                float(np.mean([_cosine(d, means[d.name]) for d, _ in of])),
                pooled((r, r.unsteered) for _, r in of).text(),
                pooled((r, r.best) for _, r in of).text(),
                f"{worst} {best[worst]}",
                _highest(of).text(),
                float(np.mean([p.adherence for p in most if p.adherence is not None] or [np.nan])),
            ]
        )
    columns = ["method", "probe's AUC, best layer", "cosine to mean-difference"]
    columns += ["unsteered", "best as music", "worst target"]
    columns += ["highest", "prompted instrument there"]
    return Table(f"{title}: means over targets", columns, rows)


def _cosine(one: Direction, other: Direction) -> float:
    """Of the first components of two directions, which are unit vectors; the mean over layers."""
    return float((one.vectors[:, 0] * other.vectors[:, 0]).sum(-1).mean())


def _each(title: str, pairs: list[tuple[Direction, Response]]) -> Table:
    names = _names(pairs)
    rows = []
    for method in _methods(pairs):
        cells = []
        for name in names:
            of = [(d, r) for d, r in pairs if r.method == method and d.name == name]
            cells.append(f"{pooled((r, r.best) for _, r in of)} / {_highest(of)}")
        rows.append([method, *cells])
    return Table(f"{title}: best as music / highest", ["method", *names], rows)


def _names(pairs: list[tuple[Direction, Response]]) -> list[str]:
    return list(dict.fromkeys(d.name for d, _ in pairs))


def _most(response: Response) -> Point:
    known = [p for p in response.points if np.isfinite(p.value)]
    return max(known or [response.unsteered], key=lambda p: p.value)


def _highest(pairs: list[tuple[Direction, Response]]) -> Interval:
    return pooled((r, _most(r)) for _, r in pairs)


def _summary(heard: dict[str, list[tuple[Direction, Response]]]) -> str:
    told = []
    for title, pairs in heard.items():
        means = {
            method: _highest([(d, r) for d, r in pairs if r.method == method])
            for method in _methods(pairs)
        }
        before = float(np.mean([r.unsteered.value for _, r in pairs]))
        told.append(finding(title, before, means))
    return " ".join(told)


def finding(title: str, before: float, means: dict[str, Interval]) -> str:
    """The finding for one kind of direction. means: highest share of the target, by method."""
    best, *others = sorted(means, key=lambda m: -means[m].value)
    words = f"For {title}, {best} steers furthest: from a share of {before:.2f} to {means[best]}"
    if others:
        words += f", against {listed([f'{means[m]} with {m}' for m in others])}"
    random = means.get("random")
    lost = [m for m in means if m != "random" and random and means[m].low <= random.high]
    if lost:
        words += f"; the intervals of {listed(lost)} overlap with that of random directions"
    return f"{words}."
