"""Bootstrap intervals of 95 %, by resampling independent clips or groups of clips.

An interval has the percentiles of the statistic over samples drawn with replacement. The draws come
from a fixed seed, so the same numbers give the same interval.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

import numpy as np

DRAWS = 1000
LEVEL = 0.95
FORMS = {"share": ".2f", "part": ".0%", "BPM": ".1f", "frames": ".0f"}  # by quantity, see `written`


def written(value: float, quantity: str = "share", sign: str = "") -> str:
    """A measured value as in tables. quantity: one of `FORMS`; any other is of unknown scale and
    has three significant digits, or all before the point. sign: "+" to write it in any case."""
    form = FORMS.get(quantity, ".0f" if 1000 <= abs(value) < 1e9 else ".3g")
    return f"{value:{sign}{form}}"


@dataclass(frozen=True)
class Interval:
    """A value with its 95 % interval, and the number of clips, or groups of clips, behind it.

    The ends are NaN for fewer than two of them.
    """

    value: float
    low: float
    high: float
    count: int

    def __str__(self) -> str:
        return self.text()

    def text(self, quantity: str = "share", sign: str = "") -> str:
        """`0.62 (0.55 to 0.70)`; quantity, sign: see `written`."""
        if not np.isfinite(self.value):
            return ""
        value, low, high = (written(v, quantity, sign) for v in (self.value, self.low, self.high))
        return f"{value} ({low} to {high})" if np.isfinite(self.low) else value

    def above(self, chance: float) -> bool:
        """Whether the whole interval lies above `chance`."""
        return bool(self.low > chance)

    def below(self, chance: float) -> bool:
        return bool(self.high < chance)


UNKNOWN = Interval(np.nan, np.nan, np.nan, 0)


def mean(values: Sequence[float] | np.ndarray, seed: int = 0) -> Interval:
    """The mean of independent numbers; values that are not finite are left out."""
    kept = np.asarray(values, np.float64)
    kept = kept[np.isfinite(kept)]
    if len(kept) == 0:
        return UNKNOWN
    drawn = np.random.default_rng(seed).integers(len(kept), size=(DRAWS, len(kept)))
    return _interval(float(kept.mean()), kept[drawn].mean(1), len(kept))


def statistic(
    of: Callable[[np.ndarray], float],
    rows: int,
    groups: Sequence[Hashable] | None = None,
    seed: int = 0,
) -> Interval:
    """The interval of any statistic `of` row numbers; rows of one group are drawn together."""
    return statistics(lambda some: {"": of(some)}, rows, groups, seed)[""]


def statistics(
    of: Callable[[np.ndarray], dict[str, float]],
    rows: int,
    groups: Sequence[Hashable] | None = None,
    seed: int = 0,
) -> dict[str, Interval]:
    """As `statistic`, for several statistics at once, by name."""
    names = list(range(rows)) if groups is None else list(groups)
    numbers = {name: n for n, name in enumerate(dict.fromkeys(names))}
    of_row = np.array([numbers[name] for name in names])
    members = [np.flatnonzero(of_row == n) for n in range(len(numbers))]
    rng = np.random.default_rng(seed)
    found = [
        of(np.concatenate([members[n] for n in rng.integers(len(members), size=len(members))]))
        for _ in range(DRAWS if len(members) > 1 else 0)
    ]
    return {
        name: _interval(float(value), np.array([one[name] for one in found]), len(members))
        for name, value in of(np.arange(rows)).items()
    }


def effect(target: np.ndarray, control: np.ndarray, seed: int = 0) -> Interval:
    """Mean of `target` [clips] less that of `control` [draws, clips], of the same clips.

    Both the clips and the draws of the control are resampled. Clips in which one of them is not a
    number are left out; the count is that of the clips.
    """
    target, control = np.asarray(target, np.float64), np.asarray(control, np.float64)
    known = np.isfinite(target) & np.isfinite(control).all(0)
    target, control = target[known], control[:, known]
    clips, draws = len(target), len(control)
    if not clips or not draws:
        return UNKNOWN
    rng = np.random.default_rng(seed)
    some = rng.integers(clips, size=(DRAWS, clips))
    which = rng.integers(draws, size=(DRAWS, draws))
    found = target[some].mean(1) - control[which[:, :, None], some[:, None, :]].mean((1, 2))
    return _interval(float(target.mean() - control.mean()), found, clips)


def grand_mean(values: np.ndarray, seed: int = 0) -> Interval:
    """Mean of `values` [draws, clips]; clips and draws are resampled, as in `effect`."""
    return effect(np.zeros(values.shape[1]), -values, seed)


def _interval(value: float, drawn: np.ndarray, count: int) -> Interval:
    drawn = drawn[np.isfinite(drawn)]
    if count < 2 or not len(drawn):
        return Interval(value, np.nan, np.nan, count)
    low, high = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(value, float(low), float(high), count)
