"""Compares variants of steering: layers, injection, schedules, preserved norms, guidance.

A few notes are played in every variant at several knob positions, and random directions at 1.
Variants differ in strength, so the pages also compare how much of the music remains at the same
effect.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import asdict, replace

import numpy as np

from musicrfm import intervals
from musicrfm.evaluation.control import DRAWS, Control, controls
from musicrfm.evaluation.evaluate import respond
from musicrfm.evaluation.plots import curves
from musicrfm.evaluation.responses import Response, pooled
from musicrfm.evaluation.takes import Take
from musicrfm.intervals import Interval
from musicrfm.listening.readings import reading
from musicrfm.results.options import Options
from musicrfm.results.page import Page, Table, listed
from musicrfm.results.steering import COST, at, beside_random, cost, raw_of

NOTES = 3
SAME_EFFECT = 0.5  # the note's share at which the remaining music is compared


def layers(options: Options) -> Page:
    depth = options.model.layers
    best = [k for k in (1, round(depth / 3), round(2 * depth / 3)) if 0 < k < depth]
    variants = {"all": {"layers": "all"}}
    variants |= {f"the best {k}": {"layers": f"top:{k}"} for k in dict.fromkeys(best)}
    variants["weighted, exp:1,0.95 (published)"] = {"layers": "exp:1,0.95"}
    return _page(options, "layers", "Which layers are steered", variants, (0.5, 1.0, 1.5, 2.5))


def injection(options: Options) -> Page:
    variants: dict[str, dict] = {
        "every layer and frame": {},
        "0.3 of layers and frames (published)": {"inject": 0.3},
        "0.3 of frames": {"inject": 0.3, "inject_per": "step"},
    }
    return _page(
        options,
        "injection",
        "Injection: how often a direction is added",
        variants,
        (0.5, 1.0, 2.0, 3.3),
    )


def schedules(options: Options) -> Page:
    frames = max(2, round(options.setting.seconds * options.model.frame_rate))
    specs = ["constant", f"exponential:{3 / frames:.4g}", f"linear:{frames}"]
    specs += [f"ramp:{frames}", f"cosine:{frames}", f"cosine-down:{frames}"]
    variants = {spec: {"schedule": spec} for spec in specs}
    return _page(
        options, "schedules", "Schedules: steering that changes over time", variants, (1.0,), True
    )


def norm(options: Options) -> Page:
    variants = {"norms as they come": {}, "norms kept": {"keep_norm": True}}
    knobs = (0.5, 1.0, 1.5, 2.5, 4.0)
    return _page(options, "norm", "Keeping the norms of hidden states", variants, knobs)


def guidance(options: Options) -> Page:
    variants = {
        "both halves (published)": {},
        "the conditional half alone": {"steer_guidance": "conditional"},
    }
    title = "Which half of guidance is steered"
    return _page(options, "guidance", title, variants, (0.5, 1.0, 1.5))


def _page(
    options: Options,
    name: str,
    title: str,
    variants: dict[str, dict],
    knobs: tuple[float, ...],
    over_time: bool = False,
) -> Page:
    notes = options.notes(NOTES)
    if options.quick:
        knobs = knobs[-1:] if over_time else knobs[:2]
    raws = [[raw_of(d, knob) for knob in knobs] for d in notes]
    tops = [(d, raw_of(d, 1.0)) for d in notes]
    found: dict[str, list[Response]] = {}
    thirds: dict[str, list[np.ndarray]] = {}
    beside: dict[str, Control] = {}
    with options.recorder() as recorder:
        for variant, changes in variants.items():
            played = recorder.using(**changes)
            found[variant] = respond(played, notes, raws, options.instruments, over_time=over_time)
            for one in controls(played, tops, 2 if options.quick else DRAWS, over_time):
                beside[f"{variant}: {one.name}"] = one
            if over_time:
                steers = [(d, raw) for d, of in zip(notes, raws, strict=True) for raw in of]
                thirds[variant] = [
                    _thirds(played.hear(played.plays(s, over_time=True)), s[0]) for s in steers
                ]
    table, series = _by_knob(found, knobs, raws)
    tables = [table]
    if over_time:
        parts = [
            [variant, *(str(intervals.mean(of)) for of in np.concatenate(shares).T)]
            for variant, shares in thirds.items()
        ]
        tables.append(Table("Target share in each third of a clip", ["", "1", "2", "3"], parts))
    else:
        tables.append(_same_effect(found))
    tables.append(beside_random(beside, "variant"))
    random = {
        variant: [v for d in notes for v in beside[f"{variant}: {d.name}"].draws]
        for variant in variants
    }
    path = options.out / f"{name}.png"
    lines = {
        variant: (x, [share.value for share in shares]) for variant, (x, shares) in series.items()
    }
    curves(path, lines, "knob", "target-note share", random=random)
    return Page(
        title,
        f"Means over {listed([d.name for d in notes])}, each with {options.setting.size} at every "
        "position of the knob. At 1 is the top of the range, which was calibrated with all layers, "
        "every frame and a constant coefficient. Shares have their 95 % intervals over clips.",
        tables,
        _summary(series, over_time),
        [f"{name}.png"],
        {
            "responses": {variant: [asdict(r) for r in of] for variant, of in found.items()},
            "controls": {row: asdict(one) for row, one in beside.items()},
        },
    )


def _by_knob(
    found: dict[str, list[Response]], knobs: tuple[float, ...], raws: list[list[float]]
) -> tuple[Table, dict[str, tuple[list[float], list[Interval]]]]:
    """The table, and for every variant the knob's positions with the share at each. raws: the raw
    coefficients of each direction."""
    columns = ["variant", "knob", "share", "clips it dominates", *COST]
    rows, series = [], {}
    for variant, responses in found.items():
        shares = []
        for number, knob in enumerate((0.0, *knobs)):
            points = [
                at(r, 0.0 if not number else raws[i][number - 1]) for i, r in enumerate(responses)
            ]
            hits = [p.hits for p in points if p.hits is not None]
            shares.append(pooled(zip(responses, points, strict=True)))
            share = [str(shares[-1]), float(np.mean(hits))]
            rows.append([variant, f"{knob:g}", *share, *cost(points)])
        series[variant] = ([0.0, *knobs], shares)
    return Table("By variant and knob", columns, rows), series


def _same_effect(found: dict[str, list[Response]]) -> Table:
    """The music that remains where the target has the same share, interpolated between the
    points."""
    rows = []
    for variant, responses in found.items():
        values = [v for r in responses if (v := _at_share(r, SAME_EFFECT)) is not None]
        told = np.mean(values, 0).tolist() if values else []
        shown = [f"{told[0]:.0%}", f"{told[1]:.1f}", told[2], told[3]] if told else [None] * 4
        rows.append([variant, f"{len(values)} of {len(responses)}", *shown])
    columns = ["variant", "notes that reach it", "onset rate", "pitch classes", "flatness ratio"]
    columns.append("likelihood of the prompted instrument")
    return Table(f"Where the target's share is {SAME_EFFECT:g}", columns, rows)


def _at_share(response: Response, share: float) -> list[float] | None:
    """[onset ratio, pitch classes, flatness over unsteered, odds], interpolated between the two
    points around the share; None if the share is not reached. Odds are NaN where they were not
    measured."""
    zero = response.unsteered

    def of(point) -> np.ndarray:
        odds = point.adherence if point.odds is None else point.odds
        flat = point.flatness / max(zero.flatness, 1e-9)
        last = np.nan if odds is None else odds
        return np.array([point.onset_ratio, point.pitch_classes, flat, last])

    points = [p for p in response.points if p.coefficient >= 0]
    for before, after in itertools.pairwise(points):
        if before.value <= share <= after.value:
            part = (share - before.value) / max(after.value - before.value, 1e-9)
            return ((1 - part) * of(before) + part * of(after)).tolist()
    return None


def _thirds(takes: list[Take], direction) -> np.ndarray:
    """The target's share in each third of every clip, [clips, 3]."""
    shares = []
    for take in takes:
        windows = take.over_time or ()
        one = max(1, round(len(windows) / 3))
        parts = [windows[n * one : (n + 1) * one] or windows[-1:] for n in range(3)]
        shares.append([np.mean([_share_of(direction, w, take) for w in part]) for part in parts])
    return np.array(shares)


def _share_of(direction, window: tuple[float, ...], take: Take) -> float:
    value = reading(direction).read(replace(take.heard, note_share=window))
    return math.nan if value is None else value


def _summary(series: dict[str, tuple[list[float], list[Interval]]], over_time: bool) -> str:
    """The finding as one sentence."""
    shares = [
        f"{values[-1] if over_time else values[knobs.index(1.0)]} with *{name}*"
        for name, (knobs, values) in series.items()
    ]
    where = " over the whole clip" if over_time else ""
    return f"With the knob at 1, the mean share of the target note{where} is {listed(shares)}."
