"""Measures how fast steering acts, how long it lasts and what it costs, by method and layers.

Every clip begins unsteered, is steered from `ON` to `OFF`, and continues unsteered. The share of
the target is measured every tenth of a second.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from musicrfm import intervals
from musicrfm.directions import Direction
from musicrfm.errors import MusicRFMError
from musicrfm.evaluation.control import DRAWS, random_directions
from musicrfm.evaluation.plots import courses
from musicrfm.evaluation.takes import FINE, Recorder, Take
from musicrfm.intervals import Interval
from musicrfm.results.methods import METHODS, MUSIC, Trial, trained
from musicrfm.results.options import Options
from musicrfm.results.page import Page, Table, listed
from musicrfm.steering.layers import layers_spec
from musicrfm.theory import PITCH_CLASSES

ON, OFF, END = 2.0, 6.0, 9.0  # seconds: steering begins, steering ends, the clip ends
SMOOTH = 5  # steps of the moving average over the shares
RANDOM = "random"
APPLY = tuple(method for method in METHODS if method != "rfm-multiclass")  # to composed music
USUAL = "method=mean-difference,rfm,random;layers=all,top:3,exp:1,0.95"
TARGETS = ("C", "E", "Gs")


@dataclass(frozen=True)
class Steered:
    """A clip that was steered. plain: the unsteered clip of the same prompt and seed. notes: pitch
    classes whose share is measured; of several, the mean. group: clips of one group are not
    independent."""

    take: Take
    plain: Take
    notes: tuple[int, ...]
    group: Hashable


@dataclass(frozen=True)
class Cell:
    """The effect of one method at one set of layers.

    before, plateau, after: share of the target before steering, in the second half of steering, and
    in the last second of the clip. effect: plateau less that of random directions, None without
    them. onset, convergence: frames from the first steered one until the share has covered half and
    nine tenths of the difference between before and plateau; NaN if the share does not rise.
    instrument: likelihood of the prompted instrument, steered minus unsteered. distance: Fréchet
    distance of the timbre (mel cepstra of tenths of a second) between steered and unsteered clips.
    course: share over time, in steps of `FINE` seconds.
    """

    method: str
    layers: str
    before: Interval
    plateau: Interval
    effect: Interval | None
    after: Interval
    onset: Interval
    convergence: Interval
    instrument: Interval
    distance: float
    course: tuple[float, ...]


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
        if method not in APPLY:
            raise MusicRFMError(
                f"method {method!r} does not apply to composed music: choose from "
                f"{', '.join(APPLY)}"
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
    targets = TARGETS[:1] if options.quick else TARGETS
    directions, raw = _directions(options, methods, targets)
    cells = []
    with options.recorder(seconds=END) as recorder:
        plain = recorder.hear(recorder.plays(fine=True), "unsteered")
        for spec in layers:
            played = recorder.using(layers=spec)
            steered = {
                method: _played(played, plain, several, raw, f"{method}, layers {spec}")
                for method, several in directions.items()
            }
            pushed = steered.get(RANDOM)
            cells += [cell(method, spec, s, pushed, options) for method, s in steered.items()]
    courses(
        options.out / "grid.png",
        {spec: {c.method: c.course for c in cells if c.layers == spec} for spec in layers},
        FINE,
        (ON, OFF),
        f"share of {_spoken(targets)}",
    )
    s = options.setting
    return Page(
        "How fast steering acts, how long it lasts and what it costs",
        f"The notes {_spoken(targets)}, each steered from {ON:g} to {OFF:g} s in clips of {END:g} "
        f"s at a raw coefficient of {raw:.3g}, {len(s.prompts)} prompts × {len(s.seeds)} seeds. "
        "The directions are trained on frames of composed music. While steered: the second half of "
        f"the steering. Random: {DRAWS} random directions of the same length; in their clips, the "
        "share is the mean of these notes. Less random: the difference from random directions with "
        "the same layers. Onset and convergence: frames (20 ms) from the first steered one until "
        "the mean share, averaged over half a second, has covered half and nine tenths of its "
        "rise, in steps of a tenth of a second; empty where the share does not rise. The lowest "
        "notes are measured in windows of 0.8 s, so a change can appear 0.4 s early. In brackets: "
        "95 % intervals (bootstrap) over pairs of prompt and seed, and of random directions over "
        "directions. Fréchet distance: of 20 mel cepstra of tenths of a second, between steered "
        "and unsteered clips of the same seeds; comparable only within this table.",
        [Table(f"The notes {_spoken(targets)}", COLUMNS, [_row(c) for c in cells])],
        _summary(cells, targets, options.model.frame_rate),
        ["grid.png"],
        [asdict(c) for c in cells],
    )


COLUMNS = (
    "method",
    "layers",
    "share before",
    "while steered",
    "less random",
    "in the last second",
    "onset, frames",
    "convergence, frames",
    "likelihood of the instrument, change",
    "Fréchet distance of the timbre",
)


def _row(one: Cell) -> list[str | float]:
    frames = (one.onset.text("frames"), one.convergence.text("frames"))
    effect = one.effect.text(sign="+") if one.effect else ""
    shares = (str(one.before), str(one.plateau), effect, str(one.after))
    return [one.method, one.layers, *shares, *frames, one.instrument.text(sign="+"), one.distance]


def _summary(cells: Sequence[Cell], targets: Sequence[str], rate: float) -> str:
    learned = [c for c in cells if c.method != RANDOM] or cells
    best = max(learned, key=lambda c: c.plateau.low if np.isfinite(c.plateau.low) else -1)
    told = (
        f"The share of {_spoken(targets)} becomes highest with {best.method} on layers "
        f"{best.layers}: from {best.before.value:.2f} to {best.plateau}"
    )
    if best.effect and best.method != RANDOM:
        told += f", {best.effect.text(sign='+')} against random directions"
    if np.isfinite(best.onset.value):
        told += (
            f". Half of the rise is there within {best.onset.value + FINE * rate:.0f} frames "
            f"({best.onset.value / rate + FINE:.1f} s)"
        )
    return f"{told}. In the last second, {END - OFF - 1:g} s after steering, it is {best.after}."


def _spoken(targets: Sequence[str]) -> str:
    return listed([target.replace("s", "♯") for target in targets])


def _directions(
    options: Options, methods: Sequence[str], targets: tuple[str, ...]
) -> tuple[dict[str, list[tuple[tuple[int, ...], Direction]]], float]:
    """(by method, the directions to play and the notes to measure; the raw coefficient)"""
    learned = [method for method in methods if method != RANDOM] or ["mean-difference"]
    of_note = {target: PITCH_CLASSES.index(target) for target in targets}
    found: dict[str, list[tuple[tuple[int, ...], Direction]]] = {method: [] for method in methods}
    directions = trained(options, Trial("note", MUSIC, targets), learned)
    for one in directions:
        found.setdefault(one.meta["method"], []).append(((of_note[one.meta["target"]],), one))
    if RANDOM in methods:
        notes = tuple(of_note.values())
        found[RANDOM] = [(notes, one) for one in random_directions(directions[0])]
    raw = options.fraction * float(directions[0].meta["state_norm"])
    return {method: found[method] for method in methods}, raw


def _played(
    recorder: Recorder,
    plain: Sequence[Take],
    several: Sequence[tuple[tuple[int, ...], Direction]],
    raw: float,
    what: str,
) -> list[Steered]:
    found = []
    for number, (notes, direction) in enumerate(several):
        plays = recorder.plays((direction, raw), span=(ON, OFF), fine=True)
        takes = recorder.hear(plays, f"{what}, {number + 1} of {len(several)}")
        for take, before in zip(takes, plain, strict=True):
            group = number if len(notes) > 1 else (take.prompt, take.seed)
            found.append(Steered(take, before, notes, group))
    return found


def _shares(steered: Sequence[Steered]) -> np.ndarray:
    """[clips, steps of `FINE`]"""
    length = min(len(one.take.over_time or ()) for one in steered)
    return np.array(
        [np.array(one.take.over_time)[:length, list(one.notes)].mean(1) for one in steered]
    )


def cell(
    method: str,
    layers: str,
    steered: Sequence[Steered],
    pushed: Sequence[Steered] | None,
    options: Options,
) -> Cell:
    """The measurements of steered clips. pushed: those of random directions, if there are any."""
    shares = _shares(steered)
    on, off = round(ON / FINE), round(OFF / FINE)
    middle, last = (on + off) // 2, shares.shape[1] - round(1.0 / FINE)
    odds = np.array(
        [_likely(one.take, options) - _likely(one.plain, options) for one in steered], float
    )

    def reached(course: np.ndarray, low: float, high: float, part: float) -> float:
        there = course[on:off] >= low + part * (high - low)
        return float(there.argmax() * FINE * options.model.frame_rate) if there.any() else np.nan

    def measured(rows: np.ndarray) -> dict[str, float]:
        mean = shares[rows].mean(0)
        course = np.convolve(mean, np.ones(SMOOTH) / SMOOTH, "same")
        low, high = float(mean[:on].mean()), float(mean[middle:off].mean())
        known = odds[rows][np.isfinite(odds[rows])]
        return {
            "before": low,
            "plateau": high,
            "rise": high - low,
            "after": float(mean[last:].mean()),
            "onset": reached(course, low, high, 0.5),
            "convergence": reached(course, low, high, 0.9),
            "instrument": float(known.mean()) if len(known) else np.nan,
        }

    found = intervals.statistics(measured, len(steered), [one.group for one in steered])
    rises = found.pop("rise").above(0.0)
    if not rises:
        found |= {"onset": intervals.UNKNOWN, "convergence": intervals.UNKNOWN}
    effect = None
    if pushed is not None and method != RANDOM:
        plateau = shares[:, middle:off].mean(1)
        control = _shares(pushed)[:, middle:off].mean(1)
        clips = len({(one.take.prompt, one.take.seed) for one in steered})
        effect = intervals.effect(
            plateau.reshape(-1, clips).mean(0), control.reshape(-1, clips)
        )  # of each prompt and seed, the mean over the notes
    unsteered = list({id(one.plain): one.plain for one in steered}.values())
    return Cell(
        method=method,
        layers=layers,
        effect=effect,
        distance=frechet(
            _timbre([one.take for one in steered], on, off), _timbre(unsteered, on, off)
        ),
        course=tuple(shares.mean(0).round(4).tolist()),
        **found,
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
