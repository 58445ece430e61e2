"""How far a knob may reach: which coefficients to try next, and which are its middle and its top.

A search is a generator. It asks for coefficients to be played and is sent all that was heard so
far; so the searches of many directions can go on side by side. Nothing here plays anything.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from musicrfm.readings import reading
from musicrfm.responses import Point, Response, summarise

if TYPE_CHECKING:
    from musicrfm.directions import Direction
    from musicrfm.takes import Take

NET = (0.0125, 0.025, 0.05, 0.1, 0.2)  # first coefficients, in typical lengths of a hidden state
WIDER, NARROWER = 1.6, 0.4  # factors to go on by where the net ends too soon
CLOSE = 1.08  # coefficients nearer to each other than this factor need not be told apart
MOST_SILENCE = 0.10  # more than unsteered, as a share of time,
MOST_CLIPPED = 0.001  # as a share of samples,
NOISE = (2.0, 0.02)  # flatness: so many times that of unsteered, and so much more,
LEVEL_DB = 9.0  # louder or softer,
LESS_LIKELY = 0.05  # the prompted instrument, surely: beyond all this something is spoiled
LEAST_SHARE, LEAST_BPM = 0.1, 0.03  # what a knob must do; of a tempo, as a share of the unsteered
SURE = 2.0  # standard errors


@dataclass(frozen=True)
class Aims:
    """What a knob should do: at its middle, at its top.

    top: a note's share there, if it can be had. middle: a note's share, and `lean` the limits it
    must keep; at the middle onset rate and pitch classes should be within `tolerance` of
    unsteered. Of everything but notes the middle is half of what the top does, which is as much as
    can be had. steps: how often the search closes in on each.
    """

    middle: float = 0.55
    lean: tuple[float, float] = (0.4, 0.7)
    top: float = 0.95
    tolerance: float = 0.20
    steps: int = 4


@dataclass
class Survey:
    """All that was heard of one direction so far, of the same prompts and seeds at every point."""

    direction: Direction
    instruments: dict[str, str]
    takes: list[Take] = field(default_factory=list)

    def add(self, takes: Sequence[Take]) -> None:
        self.takes += takes
        self.__dict__.pop("response", None)

    @cached_property
    def response(self) -> Response:
        return summarise(self.direction, self.takes, self.instruments)

    @property
    def zero(self) -> Point:
        return self.response.unsteered

    def outwards(self, side: int) -> list[Point]:
        """Unsteered, then all points on one side whose value is known, the nearest first."""
        there = [p for p in self.response.points if side * p.coefficient > 0]
        known = [p for p in there if math.isfinite(p.value)]
        return [self.zero, *sorted(known, key=lambda p: abs(p.coefficient))]

    def spoiled(self, point: Point) -> tuple[str, ...]:
        """What steering has broken here: silence, clipping, noise, level, instrument."""
        zero = self.zero
        noise = zero.flatness * NOISE[0] + NOISE[1]
        found = {
            "silence": point.silence_share > zero.silence_share + MOST_SILENCE,
            "clipping": point.clipped_share > zero.clipped_share + MOST_CLIPPED,
            "noise": point.flatness > noise,
            "level": abs(point.level_db - zero.level_db) > LEVEL_DB,
            "instrument": self._instrument_lost(point),
        }
        return tuple(word for word, there in found.items() if there)

    def gain(self, point: Point) -> tuple[float, float]:
        """(mean difference from unsteered, its standard error), take by take."""
        read = reading(self.direction).read
        return self._paired(point, lambda take: read(take.heard))

    def _instrument_lost(self, point: Point) -> bool:
        def likely(take: Take) -> float | None:
            asked = self.instruments.get(take.prompt)
            if asked is None or take.instrument is None:
                return None
            return take.odds.get(asked, 0.0) if take.odds else float(take.instrument == asked)

        change, error = self._paired(point, likely)
        return math.isfinite(change) and change + error < -LESS_LIKELY

    def _paired(self, point: Point, of) -> tuple[float, float]:
        values: dict[tuple[str, int], dict[float, float | None]] = {}
        for take in self.takes:
            if take.coefficient in (0.0, point.coefficient):
                values.setdefault((take.prompt, take.seed), {})[take.coefficient] = of(take)
        pairs = [(v.get(0.0), v.get(point.coefficient)) for v in values.values()]
        changes = [b - a for a, b in pairs if a is not None and b is not None]
        if not changes:
            return math.nan, math.inf
        error = np.std(changes, ddof=1) / math.sqrt(len(changes)) if len(changes) > 1 else math.inf
        return float(np.mean(changes)), float(error)


@dataclass(frozen=True)
class Travel:
    """One side of a knob. top, middle: None if it does nothing there. limit: what more would spoil,
    empty if nothing stands in the way."""

    top: Point | None
    middle: Point | None
    limit: tuple[str, ...] = ()

    @property
    def curve(self) -> float | None:
        """The exponent that puts `middle` in the middle of the travel."""
        if self.top is None or self.middle is None or self.middle is self.top:
            return None
        return math.log(abs(self.middle.coefficient / self.top.coefficient)) / math.log(0.5)


Search = Generator[list[float], Survey, Travel]


def seek(side: int, norm: float, survey: Survey, aims: Aims) -> Search:
    """Searches one side (1 or -1) of a direction; norm: typical length of a hidden state."""
    survey = yield [side * share * norm for share in NET]
    if not math.isfinite(survey.zero.value):  # no clip has a pulse, say: nothing to compare with
        return Travel(None, None)
    for _ in range(3):
        asked = _further(side, survey, aims)
        if asked is None:
            break
        survey = yield [asked]
    for _ in range(aims.steps):
        nearer = (_nearer_top(side, survey, aims), _nearer_middle(side, survey, aims))
        wanted = sorted({float(f"{c:.4g}") for c in nearer if c is not None})
        if not wanted:
            break
        survey = yield wanted
    kept, beyond = _kept(side, survey)
    top = _top(side, survey, kept, aims)
    if not _answers(survey, top):
        return Travel(None, None, survey.spoiled(beyond) if beyond else ())
    middle = _middle(side, survey, kept[: kept.index(top) + 1], aims)
    return Travel(top, middle, survey.spoiled(beyond) if beyond else ())


def effect(side: int, survey: Survey, point: Point) -> float:
    """What a point does, more being more: the share, or by how many BPM it has changed."""
    if survey.response.quantity == "share":
        return point.value
    return side * (point.value - survey.zero.value)


def is_note(survey: Survey) -> bool:
    return reading(survey.direction).concept == "note"


def _kept(side: int, survey: Survey) -> tuple[list[Point], Point | None]:
    """Points from 0 outwards as long as nothing is spoiled, and the first beyond.

    A point alone between two good ones is taken for bad luck.
    """
    points = survey.outwards(side)
    bad = [False] + [bool(survey.spoiled(p)) for p in points[1:]]
    for number in range(1, len(points)):
        if bad[number] and (number + 1 == len(points) or bad[number + 1]):
            good = [p for p, is_bad in zip(points[:number], bad, strict=False) if not is_bad]
            return good, points[number]
    return [p for p, is_bad in zip(points, bad, strict=True) if not is_bad], None


def _smooth(side: int, survey: Survey, points: Sequence[Point]) -> np.ndarray:
    """The effects as a rising curve, so that one lucky take moves little."""
    from sklearn.isotonic import isotonic_regression

    return isotonic_regression([effect(side, survey, p) for p in points])


def _top(side: int, survey: Survey, kept: Sequence[Point], aims: Aims) -> Point:
    """The first point that does what the top should, or else as much as can be had."""
    smooth = _smooth(side, survey, kept)
    bpm = survey.response.quantity == "BPM"
    slack = 2.0 if bpm else 0.02
    goal = float(smooth[-1]) - slack
    if is_note(survey):
        goal = min(goal, aims.top)
    return next(
        p
        for p, s in zip(kept, smooth, strict=True)
        if s >= goal and effect(side, survey, p) >= goal - slack
    )


def _answers(survey: Survey, top: Point) -> bool:
    if top.coefficient == 0:
        return False
    zero, (gain, error) = survey.zero, survey.gain(top)
    least = LEAST_SHARE if survey.response.quantity == "share" else LEAST_BPM * zero.value
    return abs(gain) >= least and abs(gain) >= SURE * error


def _further(side: int, survey: Survey, aims: Aims) -> float | None:
    """A coefficient outside of those that were tried, if the answer may lie there."""
    kept, beyond = _kept(side, survey)
    points = survey.outwards(side)
    if len(points) < 2:
        return None
    top = _top(side, survey, kept, aims)
    first, last = points[1].coefficient, points[-1].coefficient
    if len(kept) == 1 or (top is kept[1] and top.coefficient == first):
        return first * NARROWER
    reached = is_note(survey) and effect(side, survey, top) >= aims.top
    if beyond is None and top.coefficient == last and not reached:
        return last * WIDER
    return None


def _nearer_top(side: int, survey: Survey, aims: Aims) -> float | None:
    kept, beyond = _kept(side, survey)
    top = _top(side, survey, kept, aims)
    number = kept.index(top)
    reached = not is_note(survey) or effect(side, survey, top) >= aims.top
    if not reached and beyond is not None and top is kept[-1]:
        return _between(top.coefficient, beyond.coefficient)
    return _between(kept[number - 1].coefficient, top.coefficient) if number else None


def _nearer_middle(side: int, survey: Survey, aims: Aims) -> float | None:
    kept, _ = _kept(side, survey)
    top = _top(side, survey, kept, aims)
    points = kept[: kept.index(top) + 1]
    if len(points) < 2:
        return None
    aim, (low, _) = _middle_effect(side, survey, top, aims), _lean(side, survey, top, aims)
    smooth = _smooth(side, survey, points)
    chosen = _middle(side, survey, points, aims)
    if chosen is not None and _lost(survey, chosen, aims):
        aim = low + 0.2 * (aim - low)  # perhaps less of it leaves more of the music
    above = next((n for n, s in enumerate(smooth) if s >= aim and n), len(points) - 1)
    low, high = points[above - 1].coefficient, points[above].coefficient
    if abs(high) < CLOSE * abs(low):
        return None
    rise = float(smooth[above] - smooth[above - 1])
    share = (aim - float(smooth[above - 1])) / rise if rise > 1e-9 else 0.5
    return low + (high - low) * min(0.8, max(0.2, share))


def _middle_effect(side: int, survey: Survey, top: Point, aims: Aims) -> float:
    nothing, most = effect(side, survey, survey.zero), effect(side, survey, top)
    if is_note(survey) and most >= aims.lean[1] and nothing < aims.middle:
        return aims.middle
    return (nothing + most) / 2


def _lean(side: int, survey: Survey, top: Point, aims: Aims) -> tuple[float, float]:
    """The limits of what the middle should do."""
    aim = _middle_effect(side, survey, top, aims)
    if aim == aims.middle and is_note(survey):
        return aims.lean
    span = abs(effect(side, survey, top) - effect(side, survey, survey.zero))
    return aim - 0.2 * span, aim + 0.2 * span


def _lost(survey: Survey, point: Point, aims: Aims) -> float:
    """By how much onset rate and pitch classes leave what is tolerated; a tempo may change both."""
    if survey.response.quantity == "BPM":
        return 0.0
    ratios = (point.onset_ratio, point.pitch_classes / max(survey.zero.pitch_classes, 1e-6))
    return sum(max(0.0, abs(ratio - 1) - aims.tolerance) for ratio in ratios)


def _middle(side: int, survey: Survey, points: Sequence[Point], aims: Aims) -> Point | None:
    """The most musical of the points that lean as they should, or else the one nearest to it."""
    top, zero = points[-1], survey.zero
    aim, (low, high) = _middle_effect(side, survey, top, aims), _lean(side, survey, top, aims)
    span = max(abs(effect(side, survey, top) - effect(side, survey, zero)), 1e-9)

    def cost(point: Point) -> float:
        value = effect(side, survey, point)
        outside = max(0.0, low - value, value - high) / span
        return 10 * outside + _lost(survey, point, aims) + 0.5 * abs(value - aim) / span

    between = points[1:-1]
    return min(between, key=cost) if between else None


def _between(low: float, high: float) -> float | None:
    """The geometric mean, or half of the first; None if they are close."""
    if not low:
        return high / 2
    return math.copysign(math.sqrt(low * high), high) if abs(high) > CLOSE * abs(low) else None
