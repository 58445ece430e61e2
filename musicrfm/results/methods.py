"""Which way to find a direction steers best: all methods, on the same clips, heard the same way."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np

from musicrfm import syntheory, train
from musicrfm.directions import Direction
from musicrfm.evaluate import FRACTIONS, respond
from musicrfm.plots import methods as picture
from musicrfm.readings import reading
from musicrfm.responses import Response
from musicrfm.results.options import Options
from musicrfm.results.page import Page, Table
from musicrfm.results.probing import CACHE, search_of

METHODS = ("rfm", "rfm-multiclass", "rfm-top", "mean-difference", "linear", "logistic")
TARGETS = {  # SynTheory's set -> (word in names, the targets that are tried)
    "notes": ("note", ("C", "E", "Gs")),
    "chords": ("chord", ("major", "minor")),
    "intervals": ("interval", ("3", "7")),
    "scales": ("scale", ("ionian", "aeolian")),
}


def page(options: Options) -> Page:
    wanted = {"notes": ("note", ("C",))} if options.quick else TARGETS
    trained: list[Direction] = []
    for name, (word, targets) in wanted.items():
        trained += _trained(options, name, word, targets)
    fractions = FRACTIONS[::3] if options.quick else FRACTIONS
    tried = [[float(f"{f * float(d.meta['state_norm']):.4g}") for f in fractions] for d in trained]
    with options.recorder() as recorder:
        responses = respond(recorder, trained, tried, options.instruments, keep_ranges=False)
    tables = []
    for concept in dict.fromkeys(reading(d).concept for d in trained):
        pairs = [
            (d, r) for d, r in zip(trained, responses, strict=True) if reading(d).concept == concept
        ]
        tables.append(_overview(concept, pairs))
        tables.append(_each(concept, pairs))
    picture(options.out / "methods.png", responses)
    s = options.setting
    return Page(
        "Ways to find a direction",
        f"Trained on the same {options.samples} clips of each SynTheory set at most, heard over "
        f"the same coefficients (from {min(fractions):g} to {max(fractions):g} of the typical "
        f"length of a hidden state), {len(s.prompts)} prompts × {len(s.seeds)} seeds × "
        f"{s.seconds:g} s each. As music: the highest share at which the onset rate is within "
        "30 % of unsteered, at least three pitch classes are heard and no silence is added.",
        tables,
        _summary(trained, responses),
        ["methods.png"],
        [asdict(r) for r in responses],
    )


def _trained(options: Options, name: str, word: str, targets: tuple[str, ...]) -> list[Direction]:
    column, _, spoken = syntheory.LABELS[name]
    clips = syntheory.clip_set(name, options.samples, options.seed)
    cache = options.work / CACHE
    data = train.hear(options.model, clips, cache=cache, workers=options.workers, seed=options.seed)
    classes = [spoken[row[column]] for row in data.rows]
    found = []
    for method in METHODS:
        for target in targets:
            direction = train.train(
                data,
                f"{word}_{target}",
                [one == target for one in classes],
                kind="binary",
                method=method,
                classes=classes,
                concept=word,
                target=target,
                search=search_of(options),
                aggregate=False,
                work=train.Work(workers=options.workers),
            )
            found.append(direction)
    return found


def _overview(concept: str, pairs: list[tuple[Direction, Response]]) -> Table:
    rows = []
    for method in METHODS:
        of = [(d, r) for d, r in pairs if r.method == method]
        best = {d.name: r.best.value for d, r in of}
        most = [_most(r) for _, r in of]
        zero = [r.unsteered.value for _, r in of]
        worst = min(best, key=best.__getitem__)
        rows.append(
            [
                method,
                float(np.mean([float(d.layer_scores.max()) for d, _ in of])),
                float(np.mean(zero)),
                float(np.mean(list(best.values()))),
                f"{worst} {best[worst]:.2f}",
                float(np.mean([p.value for p in most])),
                float(np.mean([p.adherence for p in most if p.adherence is not None] or [np.nan])),
            ]
        )
    columns = ["method", "probe's AUC, best layer", "unsteered", "best as music", "worst of them"]
    columns += ["highest at all", "prompted instrument there"]
    return Table(f"{concept}: means over targets", columns, rows)


def _each(concept: str, pairs: list[tuple[Direction, Response]]) -> Table:
    names = list(dict.fromkeys(d.name for d, _ in pairs))
    rows = []
    for method in METHODS:
        cells = []
        for name in names:
            response = next(r for d, r in pairs if r.method == method and d.name == name)
            cells.append(f"{response.best.value:.2f} / {_most(response).value:.2f}")
        rows.append([method, *cells])
    return Table(f"{concept}: best as music / highest at all", ["method", *names], rows)


def _most(response: Response):
    known = [p for p in response.points if np.isfinite(p.value)]
    return max(known or [response.unsteered], key=lambda p: p.value)


def _summary(trained: list[Direction], responses: list[Response]) -> str:
    told = []
    for concept in dict.fromkeys(reading(d).concept for d in trained):
        means = {
            method: float(
                np.mean(
                    [
                        _most(r).value
                        for d, r in zip(trained, responses, strict=True)
                        if r.method == method and reading(d).concept == concept
                    ]
                )
            )
            for method in METHODS
        }
        best = sorted(means, key=lambda m: -means[m])
        told.append(f"{concept}: " + ", ".join(f"{m} {means[m]:.2f}" for m in best))
    return "; ".join(told)
