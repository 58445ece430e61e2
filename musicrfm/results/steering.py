"""Measures the effect of every direction on the audio, over its range and slightly beyond."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict
from typing import Any

import numpy as np

from musicrfm.directions import Direction
from musicrfm.evaluation.control import DRAWS, Control, controls
from musicrfm.evaluation.evaluate import respond
from musicrfm.evaluation.plots import curves
from musicrfm.evaluation.responses import Point, Response, pooled
from musicrfm.intervals import written
from musicrfm.listening.readings import reading
from musicrfm.results.options import Options
from musicrfm.results.page import Page, Table, listed

KNOBS = (0.25, 0.5, 0.75, 1.0, 1.25)
QUICK_KNOBS = (0.5, 1.0)


def page(options: Options) -> Page:
    directions = options.calibrated()
    silent = [d.name for d in options.directions() if not d.range]
    knobs = {d.name: knobs_of(d, QUICK_KNOBS if options.quick else KNOBS) for d in directions}
    with options.recorder(directions) as recorder:
        tried = [[raw_of(d, knob) for knob in knobs[d.name]] for d in directions]
        found = respond(recorder, directions, tried, options.instruments)
        ends = {d.name: (d, raw_of(d, 1.0)) for d in directions}
        for d in directions:
            if min(knobs[d.name]) < 0:
                ends[f"{d.name} at -1"] = (d, raw_of(d, -1.0))
        pushed = controls(recorder, list(ends.values()), 2 if options.quick else DRAWS)
    beside = dict(zip(ends, pushed, strict=True))
    by_concept: dict[str, list[tuple[Direction, Response]]] = defaultdict(list)
    for direction, response in zip(directions, found, strict=True):
        by_concept[_measure(direction)].append((direction, response))
    tables, series, faint = [], {}, []
    for concept, pairs in by_concept.items():
        tables.append(_answers(concept, pairs, knobs))
        tables.append(_cost(concept, pairs, knobs))
        if pairs[0][1].quantity == "share":
            lines = [_line(d, r, knobs[d.name]) for d, r in pairs]
            faint += [([0.0, *knobs[d.name]], y) for (d, _), y in zip(pairs, lines, strict=True)]
            series[concept] = ([0.0, *knobs[pairs[0][0].name]], np.mean(lines, 0).tolist())
    tables.append(beside_random(beside))
    pictures = []
    if series:
        path = options.out / "steering.png"
        labels = ("knob (1: top of the range)", "share of the target")
        random = {
            concept: [v for d, _ in by_concept[concept] for v in beside[d.name].draws]
            for concept in series
        }
        curves(path, series, *labels, faint=faint, random=random)
        pictures.append(path.name)
    words = (
        f"{options.setting.size} at every position of the knob, with the same prompts and seeds; 1 "
        "is the top of the range that calibration found. Cells: the measured amount of the target "
        "(`musicrfm.listening.readings`), in brackets its 95 % interval over clips, then the share "
        "of clips in which the target is the strongest of its kind. Means and their intervals are "
        "over the clips of all directions."
    )
    if silent:
        words += f" Not played, because they have no useful range: {', '.join(silent)}."
    return Page(
        f"Steering `{options.model.name}`",
        words,
        tables,
        _summary(by_concept, beside),
        pictures,
        {
            "knobs": knobs,
            "responses": [asdict(r) for r in found],
            "controls": [asdict(c) for c in pushed],
        },
    )


def _measure(direction: Direction) -> str:
    """Title of the directions that are measured alike: the concept, or what a listener measures."""
    heard = reading(direction)
    return heard.unit if heard.concept == "listener" else heard.concept


def beside_random(beside: dict[str, Control], what: str = "direction") -> Table:
    """The effect at the top of the knob beside that of random directions; beside: by row."""
    rows = []
    for name, one in beside.items():
        of = one.quantity
        parts = (one.unsteered, one.random, one.target)
        words = one.remark or "yes"
        draws = f"{written(min(one.draws), of)} to {written(max(one.draws), of)}"
        row = [name, *(part.text(of) for part in parts), draws]
        rows.append([*row, one.effect.text(of, "+"), words])
    columns = [what, "unsteered", "random", "target", "single random draws"]
    columns += ["effect: target less random", "more than any push"]
    return Table("Beside random directions of the same length, at 1", columns, rows)


def knobs_of(direction: Direction, knobs: tuple[float, ...]) -> list[float]:
    """Knob positions, with both signs for two-sided directions, and none beyond the lower end of
    the range."""
    if not reading(direction).both_ways:
        return list(knobs)
    down = [-k for k in reversed(knobs) if k <= 1 and direction.range and direction.range[0] < 0]
    return [*down, *knobs]


def raw_of(direction: Direction, knob: float) -> float:
    """The raw coefficient with six digits, so that equal knob positions share their takes."""
    raw = direction.raw(knob)
    if knob < 0 and direction.range:
        raw = max(raw, direction.range[0] * abs(knob) ** direction.curve)
    return float(f"{raw:.6g}")


def at(response: Response, raw: float) -> Point:
    return min(response.points, key=lambda p: abs(p.coefficient - raw))


def _line(direction: Direction, response: Response, knobs: list[float]) -> list[float]:
    return [at(response, raw_of(direction, knob)).value for knob in [0.0, *knobs]]


def _answers(
    concept: str, pairs: list[tuple[Direction, Response]], knobs: dict[str, list[float]]
) -> Table:
    unit = pairs[0][1].unit
    positions = [0.0, *knobs[pairs[0][0].name]]
    positions = sorted({p for d, _ in pairs for p in knobs[d.name]} | set(positions))
    rows = []
    for direction, response in pairs:
        row: list[Any] = [direction.name, response.method]
        for knob in positions:
            known = knob == 0 or knob in knobs[direction.name]
            point = at(response, raw_of(direction, knob))
            row.append(_cell(point, response.quantity) if known else "")
        if concept == "tempo":
            row += [f"{response.spread:.0%}", response.spearman, response.ordered]
        rows.append(row)
    if len(pairs) > 1:
        means = [pooled((r, at(r, raw_of(d, knob))) for d, r in pairs) for knob in positions]
        rows.append(["**mean**", "", *[m.text(pairs[0][1].quantity) for m in means]])
    columns = ["direction", "method", *(f"at {p:g}" for p in positions)]
    columns += ["spread", "Spearman of clips", "of means"] if concept == "tempo" else []
    return Table(concept if concept == unit else f"{concept}: {unit}", columns, rows)


def _cell(point: Point, quantity: str) -> str:
    told = point.interval.text(quantity)
    return told if not told or point.hits is None else f"{told}, {point.hits:.2f}"


def _cost(
    concept: str, pairs: list[tuple[Direction, Response]], knobs: dict[str, list[float]]
) -> Table:
    """The side effects of steering, averaged over the directions of a concept."""
    positions = sorted({0.0} | {p for d, _ in pairs for p in knobs[d.name]})
    rows = []
    for knob in positions:
        points = [at(r, raw_of(d, knob)) for d, r in pairs if knob == 0 or knob in knobs[d.name]]
        rows.append([f"{knob:g}", *cost(points)])
    return Table(f"{concept}: adherence and artefacts", ["knob", *COST], rows)


COST = (
    "prompted instrument recognised",
    "its likelihood",
    "onset rate",
    "pitch classes",
    "level dB",
    "silence",
    "clipped",
    "flatness",
)


def cost(points: list[Point]) -> list:
    """Means over points, in the order of `COST`."""

    def mean(of: str) -> float | None:
        values = [v for p in points if (v := getattr(p, of)) is not None]
        return float(np.mean(values)) if values else None

    return [
        mean("adherence"),
        mean("odds"),
        f"{mean('onset_ratio'):.0%}",
        f"{mean('pitch_classes'):.1f}",
        f"{mean('level_db'):.1f}",
        f"{mean('silence_share'):.1%}",
        f"{mean('clipped_share'):.2%}",
        f"{mean('flatness'):.4f}",
    ]


def _summary(
    by_concept: dict[str, list[tuple[Direction, Response]]], beside: dict[str, Control]
) -> str:
    told = []
    for concept, pairs in by_concept.items():
        if concept == "tempo":
            told += [
                f"The knob of `{d.name}` changes the tempo by {r.spread:.0%} between its ends; its "
                f"rank correlation with the measured tempo is {r.spearman:.2f} over clips and "
                f"{r.ordered:.2f} over their means."
                for d, r in pairs
            ]
            continue
        zero, half, top = (
            pooled((r, at(r, raw_of(d, knob))) for d, r in pairs) for knob in (0.0, 0.5, 1.0)
        )
        random = float(np.mean([beside[d.name].random.value for d, _ in pairs]))
        if (of := pairs[0][1].quantity) != "share":
            told.append(
                f"The {concept} is {zero.text(of)} unsteered, {half.text(of)} in the middle of the "
                f"knob and {top.text(of)} at its top, where random directions of the same length "
                f"lead to {written(random, of)} ({listed([d.name for d, _ in pairs])})."
            )
            continue
        told.append(
            f"{concept.capitalize()} directions raise the share of their target from {zero} to "
            f"{half} in the middle of the knob and {top} at its top, where random "
            f"directions of the same length lead to {random:.2f}."
        )
    return " ".join(told)
