"""All measurements of one direction: its effect at each coefficient, and the damage there.

Single points are noisy, because every clip is a different piece of music. The values used are
therefore smoothed over neighbouring coefficients.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from musicrfm.evaluation.responses import Point, Response, summarise
from musicrfm.listening.readings import reading

if TYPE_CHECKING:
    from musicrfm.directions import Direction
    from musicrfm.evaluation.takes import Take

BESIDE = math.log(1.25)  # points within about this factor are averaged
MOST_SILENCE = 0.10  # more than unsteered, as a share of time,
MOST_CLIPPED = 0.001  # as a share of samples,
NOISE = (2.0, 0.02)  # flatness: this factor over unsteered, plus this offset,
LEVEL_DB = 9.0  # louder or softer,
LESS_LIKELY = (
    0.05  # likelihood of the prompted instrument; beyond these limits, something is spoiled
)
SURE = 2.0  # standard errors


@dataclass
class Survey:
    """All measurements of one direction so far, with the same prompts and seeds at every point."""

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
        """Unsteered, then all points of one side with a known value, nearest first."""
        there = [p for p in self.response.points if side * p.coefficient > 0]
        known = [p for p in there if math.isfinite(p.value)]
        return [self.zero, *sorted(known, key=lambda p: abs(p.coefficient))]

    def spoiled(self, point: Point) -> tuple[str, ...]:
        """The kinds of damage at a coefficient: silence, clipping, noise, level, instrument."""
        zero = self.zero
        noise = zero.flatness * NOISE[0] + NOISE[1]
        found = {
            "silence": point.silence_share > zero.silence_share + MOST_SILENCE,
            "clipping": point.clipped_share > zero.clipped_share + MOST_CLIPPED,
            "noise": point.flatness > noise,
            "level": abs(point.level_db - zero.level_db) > LEVEL_DB,
            "instrument": self._instrument_lost(point),
        }
        wanted = reading(self.direction).spoils
        return tuple(word for word, there in found.items() if there and word not in wanted)

    def gain(self, point: Point) -> tuple[float, float]:
        """(mean difference from unsteered, its standard error), paired by take."""
        read = reading(self.direction).read
        return self._paired(point, lambda take: read(take.heard))

    def _instrument_lost(self, point: Point) -> bool:
        change, error = self._paired(point, lambda take: take.likelihood(self.instruments))
        return math.isfinite(change) and change + SURE * error < -LESS_LIKELY

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
class Curve:
    """The smoothed effect of the points from 0 outwards on one side, and the music that remains.

    coefficients: absolute values, starting at 0. onset_ratio, pitch_classes: relative to unsteered.
    """

    coefficients: np.ndarray
    effect: np.ndarray
    onset_ratio: np.ndarray
    pitch_classes: np.ndarray

    def at(self, of: str, coefficient: float | np.ndarray) -> float | np.ndarray:
        """`effect`, `onset_ratio` or `pitch_classes`, interpolated between the points."""
        return np.interp(np.abs(coefficient), self.coefficients, getattr(self, of))


def curve(survey: Survey, side: int, points: Sequence[Point]) -> Curve:
    """points: unsteered first, then outwards. The effect never decreases: more steering does
    more."""
    from sklearn.isotonic import isotonic_regression

    zero, steered = points[0], points[1:]
    at = np.array([abs(p.coefficient) for p in steered])

    def smooth(of: Callable[[Point], float]) -> np.ndarray:
        return np.array([of(zero), *_beside(at, np.array([of(p) for p in steered]))])

    return Curve(
        np.array([0.0, *at]),
        isotonic_regression(smooth(lambda p: effect(survey, side, p))),
        smooth(lambda p: p.onset_ratio),
        smooth(lambda p: p.pitch_classes / max(zero.pitch_classes, 1e-6)),
    )


def effect(survey: Survey, side: int, point: Point) -> float:
    """The effect of a point, where larger is more: the share, or the change in BPM."""
    if survey.response.quantity == "share":
        return point.value
    return side * (point.value - survey.zero.value)


def _beside(at: np.ndarray, values: np.ndarray) -> np.ndarray:
    """A line fitted through the neighbours of each point, weighted by log distance."""
    found = np.empty(len(at))
    for number, here in enumerate(np.log(at)):
        away = np.log(at) - here
        weight = np.exp(-0.5 * (away / BESIDE) ** 2)
        weight /= weight.sum()
        mean, level = weight @ away, weight @ values
        spread = weight @ np.square(away - mean) + 0.1 * BESIDE**2  # a flat line where there is one
        slope = weight @ ((away - mean) * (values - level)) / spread
        found[number] = level - slope * mean
    return found
