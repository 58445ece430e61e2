"""Measures how fast steering acts, how long it lasts and what it costs, by method and layers.

Every clip begins unsteered, is steered from `ON` to `OFF`, and continues unsteered. The share of
the target is measured every tenth of a second.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from musicrfm import intervals
from musicrfm.directions import Direction
from musicrfm.errors import MusicRFMError
from musicrfm.evaluation.control import random_directions
from musicrfm.evaluation.takes import FINE, Take
from musicrfm.intervals import Interval
from musicrfm.results.methods import METHODS, MUSIC, Trial, trained
from musicrfm.results.options import Options
from musicrfm.results.page import Page, Table
from musicrfm.steering.layers import layers_spec
from musicrfm.theory import PITCH_CLASSES

ON, OFF, END = 2.0, 6.0, 9.0  # seconds: steering begins, steering ends, the clip ends
SMOOTH = 5  # steps of the moving average over the shares
RANDOM = "random"
USUAL = "method=mean-difference,rfm,random;layers=all,top:3,exp:1,0.95"


@dataclass(frozen=True)
class Cell:
    """The effect of one method at one set of layers.

    before, plateau, after: share of the target before steering, in the second half of steering, and
    in the last second of the clip. onset, convergence: frames from the first steered one until the
    share has covered half and nine tenths of the difference between before and plateau. instrument:
    likelihood of the prompted instrument, steered minus unsteered. distance: Fréchet distance of
    the timbre (mel cepstra of tenths of a second) between steered and unsteered clips.
    """

    method: str
    layers: str
    before: Interval
    plateau: Interval
    after: Interval
    onset: Interval
    convergence: Interval
    instrument: Interval
    distance: float


def asked(text: str) -> tuple[list[str], list[str]]:
    """(methods, layer sets) of a text such as `method=rfm,random;layers=all,top:3`.

    A missing part has the value in `USUAL`. Raises MusicRFMError for any other form.
    """
    found: dict[str, list[str]] = {"method": [], "layers": []}
    for given in (USUAL, text):
        for part in filter(None, given.split(";")):
            key, equals, values = part.partition("=")
            if key not in found or not equals or not values:
                raise MusicRFMError(
                    f"--grid {text!r} is not valid: give text such as "
                    "'method=rfm,random;layers=all,top:3'"
                )
            found[key] = _listed(values)
    for method in found["method"]:
        if method not in METHODS:
            raise MusicRFMError(
                f"method {method!r} does not exist: choose from {', '.join(METHODS)}"
            )
    return found["method"], [layers_spec(one) for one in found["layers"]]


def _listed(values: str) -> list[str]:
    """The parts of `all,exp:1,0.95,top:3`: a number belongs to the part before it."""
    found: list[str] = []
    for part in values.split(","):
        number = part.strip().lstrip("-").replace(".", "", 1).isdigit()
        if number and found:
            found[-1] += f",{part}"
        else:
            found.append(part)
    return found


def page(options: Options) -> Page:
    """The page for the methods and layers in `options.grid`."""
    methods, layers = asked(options.grid)
    target = "C"
    directions = _directions(options, methods, target)
    raw = options.fraction * float(next(iter(directions.values())).meta["state_norm"])
    cells = []
    with options.recorder(seconds=END) as recorder:
        plain = recorder.hear(recorder.plays(fine=True), "unsteered")
        for spec in layers:
            played = recorder.using(layers=spec)
            for method, direction in directions.items():
                plays = played.plays((direction, raw), span=(ON, OFF), fine=True)
                takes = played.hear(plays, f"{method}, layers {spec}")
                cells.append(cell(method, spec, takes, plain, target, options))
    columns = ["method", "layers", "share before", "while steered", "in the last second"]
    columns += ["onset, frames", "convergence, frames", "likelihood of the instrument, change"]
    columns += ["Fréchet distance of the timbre"]
    shown = [
        [str(value) if isinstance(value, Interval) else value for value in vars(c).values()]
        for c in cells
    ]
    best = max(cells, key=lambda c: c.plateau.low if np.isfinite(c.plateau.low) else -1)
    s = options.setting
    return Page(
        "How fast steering acts, how long it lasts and what it costs",
        f"note_{target} at a raw coefficient of {raw:.3g}, steered from {ON:g} to {OFF:g} s in "
        f"clips of {END:g} s, {len(s.prompts)} prompts × {len(s.seeds)} seeds. While steered: the "
        "second half of the steering. Onset and convergence: frames (20 ms) from the first steered "
        "one until the share has covered half and nine tenths of its rise. In brackets: 95 % "
        "intervals over clips. Fréchet distance: of 20 mel cepstra of tenths of a second, between "
        "steered and unsteered clips of the same seeds; comparable only within this table. Random: "
        "one random direction of the same length.",
        [Table(f"note_{target}", columns, shown)],
        f"note_{target} reaches its highest share with {best.method} on {best.layers}: from "
        f"{best.before.value:.2f} to {best.plateau}, with half of the rise after "
        f"{best.onset.value:.0f} frames.",
        [],
        [asdict(c) for c in cells],
    )


def _directions(options: Options, methods: Sequence[str], target: str) -> dict[str, Direction]:
    learned = [method for method in methods if method != RANDOM]
    trial = Trial("note", MUSIC, (target,))
    found = {d.meta["method"]: d for d in trained(options, trial, learned or ["mean-difference"])}
    if RANDOM in methods:
        found[RANDOM] = random_directions(next(iter(found.values())), 1)[0]
    return {method: found[method] for method in methods}


def cell(
    method: str,
    layers: str,
    takes: Sequence[Take],
    plain: Sequence[Take],
    target: str,
    options: Options,
) -> Cell:
    """The measurements of steered takes, beside unsteered ones (`plain`) of the same seeds."""
    number = PITCH_CLASSES.index(target)
    length = min(len(take.over_time or ()) for take in takes)
    shares = np.array([np.array((take.over_time or ())[:length])[:, number] for take in takes])
    on, off = round(ON / FINE), round(OFF / FINE)
    middle, last = (on + off) // 2, length - round(1.0 / FINE)
    rate = options.model.frame_rate

    def reached(rows: np.ndarray, part: float) -> float:
        course = np.convolve(shares[rows].mean(0), np.ones(SMOOTH) / SMOOTH, "same")
        low, high = shares[rows][:, :on].mean(), shares[rows][:, middle:off].mean()
        there = course[on:off] >= low + part * (high - low)
        return float(there.argmax() * FINE * rate) if high > low and there.any() else np.nan

    course = intervals.statistics(
        lambda rows: {"onset": reached(rows, 0.5), "convergence": reached(rows, 0.9)}, len(takes)
    )
    odds = [
        _likely(take, options) - _likely(other, options)
        for take, other in zip(takes, plain, strict=True)
    ]
    return Cell(
        method,
        layers,
        intervals.mean(shares[:, :on].mean(1)),
        intervals.mean(shares[:, middle:off].mean(1)),
        intervals.mean(shares[:, last:].mean(1)),
        course["onset"],
        course["convergence"],
        intervals.mean(odds),
        frechet(_timbre(takes, on, off), _timbre(plain, on, off)),
    )


def _likely(take: Take, options: Options) -> float:
    likelihood = take.likelihood(options.instruments)
    return np.nan if likelihood is None else likelihood


def _timbre(takes: Sequence[Take], on: int, off: int) -> np.ndarray:
    return np.concatenate([np.array(take.timbre or ())[on:off] for take in takes])


def frechet(one: np.ndarray, other: np.ndarray) -> float:
    """Fréchet distance of two sets of vectors [n, features], each modelled as a Gaussian.

    NaN if one has fewer than two vectors.
    """
    import scipy.linalg

    if min(len(one), len(other)) < 2:
        return float("nan")
    a, b = np.cov(one.T), np.cov(other.T)
    root = scipy.linalg.sqrtm(a @ b)
    apart = np.square(one.mean(0) - other.mean(0)).sum()
    return float(apart + np.trace(a + b - 2 * np.real(root)))
