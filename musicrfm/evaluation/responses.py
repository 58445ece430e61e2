"""The response of the audio to a direction: takes averaged by coefficient, and the useful range."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from musicrfm import intervals, metrics
from musicrfm.errors import MusicRFMError
from musicrfm.intervals import Interval
from musicrfm.listening.readings import Reading, reading
from musicrfm.steering.beat import is_beat

if TYPE_CHECKING:
    from musicrfm.directions import Direction
    from musicrfm.evaluation.control import Control
    from musicrfm.evaluation.takes import Take

ONSET_TOLERANCE = 0.30  # still music: onset rate this close to the unsteered one,
LEAST_PITCH_CLASSES = 3  # at least this number of pitch classes,
MOST_SILENCE = 0.25  # and at most this much added silence


@dataclass(frozen=True)
class Point:
    """The takes at one raw coefficient, averaged.

    value: mean target share (0 to 1) or BPM, see `Response.unit`. onset_ratio: onset rate over the
    unsteered one. adherence: share of takes whose instrument is the prompted one, None if it was
    not asked; odds: how likely it is on average, None if the classifier does not say. musical:
    whether onset rate, pitch classes and silence stay within limits; a tempo may change the onset
    rate. low, high: the 95 % interval of the value over takes, NaN of a single one. hits: share
    of takes in which the target is heard most, None where that means nothing.
    """

    coefficient: float
    takes: int
    value: float
    onset_ratio: float
    pitch_classes: float
    level_db: float
    flatness: float
    silence_share: float
    clipped_share: float
    adherence: float | None
    musical: bool
    hits: float | None = None
    odds: float | None = None
    low: float = float("nan")
    high: float = float("nan")

    @property
    def interval(self) -> Interval:
        return Interval(self.value, self.low, self.high, self.takes)


@dataclass(frozen=True)
class Response:
    """The audio of one direction from its lowest to its highest coefficient.

    readings: (coefficient, value) of every take. spearman: rank correlation of the two over all
    takes, of a held beat over those in which it is held; ordered: the same of the points' means.
    spread: largest over smallest mean value among the points, minus 1. control: random directions
    beside it, at the top of the range, None if they were not played.
    """

    name: str
    method: str
    quantity: str  # "share", "BPM" or "value"
    points: tuple[Point, ...]
    readings: tuple[tuple[float, float], ...]
    spearman: float
    ordered: float
    spread: float
    range: tuple[float, float] | None
    unit: str = "target-note share"
    control: Control | None = None

    @property
    def unsteered(self) -> Point:
        return next(p for p in self.points if p.coefficient == 0)

    @property
    def top(self) -> Point | None:
        """The point played at the top of the range, if one was."""
        if self.range is None:
            return None
        top = self.range[1]
        near = min(self.points, key=lambda p: abs(p.coefficient - top))
        return near if abs(near.coefficient - top) < 0.01 * abs(top) else None

    @property
    def best(self) -> Point:
        """Among the musical points, within the range if known, the one with the highest lower end
        of its interval, so that a lucky clip has little influence."""
        low, high = self.range or (-np.inf, np.inf)
        allowed = [
            p for p in self.points if p.musical and low - 1e-6 <= p.coefficient <= high + 1e-6
        ]
        return max(allowed or [self.unsteered], key=_surely)


def _surely(point: Point) -> tuple[float, float]:
    low = point.low if np.isfinite(point.low) else point.value
    return (low if np.isfinite(low) else -np.inf, point.value)


def summarise(
    direction: Direction,
    takes: Sequence[Take],
    instruments: dict[str, str],
    known: tuple[float, float] | None = None,
) -> Response:
    """Average takes by coefficient; takes at 0 are the reference. `known`: a range to keep."""
    asked = reading(direction)
    quantity, read = asked.quantity, asked.read
    unsteered = [t for t in takes if t.coefficient == 0]
    if not unsteered:
        raise MusicRFMError("an evaluation needs unsteered takes to compare with")
    points = tuple(
        _point(c, [t for t in takes if t.coefficient == c], unsteered, asked, instruments)
        for c in sorted({t.coefficient for t in takes})
    )
    readings = tuple(
        (t.coefficient, float(value)) for t in takes if (value := read(t.heard)) is not None
    )

    # A held beat is released at 0, so the tempo measured there belongs to no knob position.
    def order(pairs: Sequence[tuple[float, float]]) -> float:
        told = [pair for pair in pairs if pair[0] or not is_beat(direction)]
        return metrics.spearman(*np.array(told).T) if told else 0.0

    values = [p.value for p in points if np.isfinite(p.value)]
    response = Response(
        direction.name,
        str(direction.meta.get("method", "unknown")),
        quantity,
        points,
        readings,
        order(readings),
        order([(p.coefficient, p.value) for p in points if np.isfinite(p.value)]),
        max(values) / max(min(values), 1e-3) - 1 if values else 0.0,
        None,
        asked.unit,
    )
    found = known or find_range(response)
    return replace(response, range=found)


def pooled(chosen: Iterable[tuple[Response, Point]]) -> Interval:
    """The mean over the takes of several points, each given with the response that it belongs to.

    Every take counts once, and the interval is over takes.
    """
    return intervals.mean(
        [value for r, point in chosen for at, value in r.readings if at == point.coefficient]
    )


def find_range(response: Response) -> tuple[float, float] | None:
    """The useful raw coefficients (lowest, highest), or None if the audio does not respond.

    Searches from 0 outwards while the result is still music. The top is the smallest coefficient
    that comes close to the best value (`near_enough`), if the gain over unsteered is large enough
    (`least_gain`). Notes start at 0; a tempo has both sides.
    """
    zero = response.unsteered
    if not np.isfinite(zero.value):
        return None
    share = response.quantity == "share"
    gain = least_gain(response)

    def reach(side: int) -> list[Point]:
        outwards = sorted(
            (p for p in response.points if side * p.coefficient > 0),
            key=lambda p: abs(p.coefficient),
        )
        kept = [zero]
        for point in outwards:
            if not (point.musical and np.isfinite(point.value)):
                break
            kept.append(point)
        return kept

    up = reach(1)
    highest = max(p.value for p in up)
    tolerance = near_enough(response, highest - zero.value)
    top = next(p for p in up if p.value >= highest - tolerance)
    if share:
        return (0.0, top.coefficient) if top.value - zero.value >= gain else None
    down = reach(-1)
    lowest = min(p.value for p in down)
    tolerance = near_enough(response, zero.value - lowest)
    bottom = next(p for p in down if p.value <= lowest + tolerance)
    return (bottom.coefficient, top.coefficient) if top.value - bottom.value >= gain else None


def least_gain(response: Response) -> float:
    """The smallest useful change: 0.1 of a share, 3 % of a tempo, or half a standard deviation of a
    listener's values for unsteered clips."""
    if response.quantity == "share":
        return 0.1
    if response.quantity == "BPM":
        return 0.03 * response.unsteered.value
    plain = [value for coefficient, value in response.readings if coefficient == 0]
    return 0.5 * float(np.std(plain)) if len(plain) > 1 else 0.0


def near_enough(response: Response, most: float) -> float:
    """The difference from the best value that counts as equal: 0.02, 2 BPM, or 0.1 of the gain."""
    return {"share": 0.02, "BPM": 2.0}.get(response.quantity, 0.1 * abs(most))


def reaching(response: Response, share: float) -> tuple[float, float] | None:
    """(0, the coefficient at which a note reaches this share of the audio), or None if it never
    does.

    The points are smoothed to a rising curve (isotonic regression) and interpolated, so a lucky
    take has little influence. The result need not be musical there: this serves a knob that ends in
    a pedal note.
    """
    from sklearn.isotonic import isotonic_regression

    points = [p for p in response.points if p.coefficient >= 0 and np.isfinite(p.value)]
    smooth = isotonic_regression([p.value for p in points])
    if response.quantity != "share" or smooth[-1] < share or smooth[0] >= share:
        return None
    after = int(np.argmax(smooth >= share))
    (x0, y0), (x1, y1) = ((points[i].coefficient, smooth[i]) for i in (after - 1, after))
    return 0.0, float(x0 + (x1 - x0) * (share - y0) / (y1 - y0))


def _point(
    coefficient: float,
    takes: Sequence[Take],
    unsteered: Sequence[Take],
    asked: Reading,
    instruments: dict[str, str],
) -> Point:
    def mean(of: str, among: Sequence[Take] = takes) -> float:
        return float(np.mean([getattr(t.heard, of) for t in among]))

    value = intervals.mean([v for t in takes if (v := asked.read(t.heard)) is not None])
    hits = [h for t in takes if (h := asked.hit(t.heard)) is not None]
    named = [t for t in takes if t.instrument is not None and t.prompt in instruments]
    odds = [t.odds.get(instruments[t.prompt], 0.0) for t in named if t.odds]
    ratio = mean("onset_rate") / max(mean("onset_rate", unsteered), 1e-6)
    musical = mean("pitch_classes") >= LEAST_PITCH_CLASSES
    musical &= mean("silence_share") <= mean("silence_share", unsteered) + MOST_SILENCE
    musical &= asked.quantity != "share" or abs(ratio - 1) <= ONSET_TOLERANCE
    return Point(
        coefficient,
        len(takes),
        value.value,
        ratio,
        mean("pitch_classes"),
        mean("level_db"),
        mean("flatness"),
        mean("silence_share"),
        mean("clipped_share"),
        float(np.mean([t.instrument == instruments[t.prompt] for t in named])) if named else None,
        bool(musical) or coefficient == 0,
        float(np.mean(hits)) if hits else None,
        float(np.mean(odds)) if odds else None,
        value.low,
        value.high,
    )
