"""The search for a knob's middle and top: decides which coefficients to play next.

A search is a generator. It yields coefficients to play and receives all measurements so far, so the
searches of many directions can run side by side. This module plays nothing.
"""

from __future__ import annotations

import math
from collections.abc import Generator
from dataclasses import dataclass

import numpy as np

from musicrfm.evaluation.responses import Point, least_gain, near_enough
from musicrfm.evaluation.survey import SURE, Curve, Survey, curve
from musicrfm.listening.readings import reading

NET = (
    0.0125,
    0.025,
    0.05,
    0.1,
    0.2,
)  # first coefficients, in units of the typical norm of a hidden state
WIDER, NARROWER = 1.6, 0.4  # factors for the next coefficients where the net is too small
CLOSE = 1.08  # coefficients within this factor count as equal
GRID = 200  # coefficients between 0 and the end among which middle and top are chosen


@dataclass(frozen=True)
class Aims:
    """The aims for a knob's middle and top.

    top: a note's share there, if it can be reached. middle: a note's share, and `lean` its
    permitted limits; at the middle, onset rate and pitch classes should be within `tolerance` of
    unsteered. For other concepts, the top is the strongest effect that can be reached and the
    middle is half of it. steps: number of refinements of each.
    """

    middle: float = 0.55
    lean: tuple[float, float] = (0.4, 0.7)
    top: float = 0.95
    tolerance: float = 0.20
    steps: int = 4


@dataclass(frozen=True)
class Travel:
    """One side of a knob. top, middle: raw coefficients, None without an effect. limit: kinds of
    damage that stronger steering would do. lack: why there is no effect, in words."""

    top: float | None
    middle: float | None
    limit: tuple[str, ...] = ()
    lack: str = ""

    @property
    def curve(self) -> float | None:
        """The exponent that puts `middle` in the middle of the travel."""
        if self.top is None or self.middle is None:
            return None
        return math.log(self.middle / self.top) / math.log(0.5)


Search = Generator[list[float], Survey, Travel]


def seek(side: int, norm: float, survey: Survey, aims: Aims) -> Search:
    """Search one side (1 or -1) of a direction; norm: typical norm of a hidden state."""
    survey = yield [side * share * norm for share in NET]
    if not math.isfinite(survey.zero.value):  # for example, no clip has a pulse: no baseline
        return Travel(None, None, lack="the unsteered clips have no value to compare with")
    for _ in range(3):
        asked = _further(side, survey, aims)
        if asked is None:
            break
        survey = yield [asked]
    for _ in range(aims.steps):
        wanted = sorted({float(f"{c:.4g}") for c in _closer(side, survey, aims)})
        if not wanted:
            break
        survey = yield wanted
    kept, beyond = _kept(side, survey)
    limit = survey.spoiled(beyond) if beyond else ()
    found = curve(survey, side, kept)
    top = _top(survey, found, aims)
    if lack := _lack(side, survey, kept, top, limit):
        return Travel(None, None, limit, lack)
    return Travel(side * top, side * _middle(survey, found, top, aims), limit)


def is_note(survey: Survey) -> bool:
    return reading(survey.direction).concept == "note"


def _kept(side: int, survey: Survey) -> tuple[list[Point], Point | None]:
    """Points from 0 outwards until the first with damage, including it.

    A single damaged point between two good ones is treated as chance.
    """
    points = survey.outwards(side)
    bad = [False] + [bool(survey.spoiled(p)) for p in points[1:]]
    for number in range(1, len(points)):
        if bad[number] and (number + 1 == len(points) or bad[number + 1]):
            good = [p for p, is_bad in zip(points[:number], bad, strict=False) if not is_bad]
            return good, points[number]
    return [p for p, is_bad in zip(points, bad, strict=True) if not is_bad], None


def _top(survey: Survey, found: Curve, aims: Aims) -> float:
    """The smallest coefficient with the effect of the top, or else the strongest possible
    effect."""
    most = float(found.effect[-1])
    goal = most - near_enough(survey.response, most)
    if is_note(survey):
        goal = min(goal, aims.top)
    if len(found.coefficients) == 1 or found.effect[0] >= goal:
        return 0.0
    after = int(np.argmax(found.effect >= goal))
    (low, high), (before, there) = (
        a[after - 1 : after + 1] for a in (found.coefficients, found.effect)
    )
    return float(low + (high - low) * (goal - before) / (there - before))


def _reached(survey: Survey, found: Curve, aims: Aims) -> bool:
    return is_note(survey) and found.effect[-1] >= aims.top


def _lack(side: int, survey: Survey, kept: list[Point], top: float, limit: tuple[str, ...]) -> str:
    """Why the gain around the top is not both large enough and statistically certain, in words;
    "" if it is."""
    if len(kept) == 1 and not limit:
        return "the steered clips have no value to compare"
    nothing = "the audio does not respond"
    if limit:
        nothing = f"steering spoils the music ({', '.join(limit)}) before the audio responds"
    if not top:
        return nothing
    least = least_gain(survey.response)
    near = sorted(kept[1:], key=lambda p: abs(math.log(abs(p.coefficient) / top)))[:2]
    gains = [survey.gain(point) for point in near]
    gain = float(np.mean([g for g, _ in gains]))
    error = float(
        np.mean([e for _, e in gains])
    )  # two points do not reduce it: they share the unsteered takes
    wanted = gain if survey.response.quantity == "share" else side * gain
    if wanted >= least and wanted >= SURE * error:
        return ""
    if wanted + SURE * error < least:
        return nothing
    clips = survey.zero.takes
    return f"the change is uncertain with {clips} clip{'s' * (clips != 1)}: play more seeds"


def _further(side: int, survey: Survey, aims: Aims) -> float | None:
    """A coefficient outside those tried, if the answer may lie there."""
    kept, beyond = _kept(side, survey)
    points = survey.outwards(side)
    if len(points) < 2:
        return None
    first, last = points[1].coefficient, points[-1].coefficient
    if len(kept) == 1:
        return first * NARROWER
    found = curve(survey, side, kept)
    top = _top(survey, found, aims)
    if 0 < top <= abs(first):
        return first * NARROWER
    nearly = abs(points[-2].coefficient)
    if beyond is None and top > nearly and not _reached(survey, found, aims):
        return last * WIDER
    return None


def _closer(side: int, survey: Survey, aims: Aims) -> list[float]:
    """Coefficients to play next: near the current estimates of the top and the middle."""
    kept, beyond = _kept(side, survey)
    found = curve(survey, side, kept)
    top = _top(survey, found, aims)
    if not top:
        return []
    wanted = [_beside(top, kept)]
    last = found.coefficients[-1]
    if beyond is not None and not _reached(survey, found, aims) and top > 0.9 * last:
        edge = abs(beyond.coefficient)
        wanted = [math.sqrt(last * edge) if edge > CLOSE * last else None]
    wanted.append(_beside(_middle(survey, found, top, aims), kept))
    return [side * c for c in wanted if c is not None]


def _beside(estimate: float, kept: list[Point]) -> float | None:
    """The estimate, or a neighbour if it was already played; None if all of them were."""
    played = [abs(p.coefficient) for p in kept[1:]]
    for factor in (1.0, 1 / CLOSE, CLOSE):
        if all(max(c / (estimate * factor), estimate * factor / c) > CLOSE**0.5 for c in played):
            return estimate * factor
    return None


def _aim(survey: Survey, found: Curve, top: float, aims: Aims) -> tuple[float, float, float]:
    """The effect wanted at the middle, and its permitted limits."""
    nothing, most = float(found.effect[0]), float(found.at("effect", top))
    if is_note(survey) and most >= aims.lean[1] and nothing < aims.middle:
        return aims.middle, *aims.lean
    half, span = (nothing + most) / 2, most - nothing
    return half, half - 0.2 * span, half + 0.2 * span


def _middle(survey: Survey, found: Curve, top: float, aims: Aims) -> float:
    """The most musical coefficient among those whose effect is within the limits."""
    at = top * np.arange(1, GRID) / GRID
    effect = found.at("effect", at)
    aim, low, high = _aim(survey, found, top, aims)
    span = max(float(found.at("effect", top) - found.effect[0]), 1e-9)
    outside = np.maximum(0, np.maximum(low - effect, effect - high)) / span
    lost = np.zeros(len(at))
    if survey.response.quantity == "share":  # a tempo may change both
        for of in ("onset_ratio", "pitch_classes"):
            lost += np.maximum(0, np.abs(found.at(of, at) - 1) - aims.tolerance)
    return float(at[np.argmin(10 * outside + lost + 0.5 * np.abs(effect - aim) / span)])
