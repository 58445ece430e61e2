"""Lines and curves through the latest ticks of a clock, over the span of constant tempo.

The length of that span is found by the intersection of confidence intervals (Goldenshluger and
Nemirovski, 1997): more ticks are added as long as the slope through them agrees with the slopes
through fewer.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

WINDOW = 256  # ticks of which the tempo is taken, at most
SHORTEST = 16  # and at least
CONFIDENCE = 3.8  # standard errors; fewer follow sooner, more tremble less
LADDER = np.unique((12 * 1.25 ** np.arange(15)).astype(int).clip(max=WINDOW))  # for a ramp
BLOCKS = [2.0**n / rate for n in range(6, 14) for rate in (44100, 48000)]  # seconds of audio


class Line(NamedTuple):
    """Tick number `number` was due at `at`; one tick takes `period`. Errors are standard errors.

    `at`, `period`, `at_error` and `period_error` are seconds.
    """

    number: float
    at: float
    period: float
    at_error: float
    period_error: float


class Fit(NamedTuple):
    """The expected time of the latest tick and the slope there, with their standard errors."""

    end: float
    slope: float
    end_error: float
    slope_error: float
    ticks: int


def longest_line(x: np.ndarray, y: np.ndarray, jitter: float) -> Fit:
    """Through as many of the latest ticks as can have one tempo."""
    n = np.arange(1, len(x) + 1)
    sum_x, sum_y = np.cumsum(x), np.cumsum(y)
    spread = np.maximum(np.cumsum(x * x) - sum_x * sum_x / n, 1e-9)
    slope = (np.cumsum(x * y) - sum_x * sum_y / n) / spread
    error = jitter / np.sqrt(spread)
    first = min(SHORTEST, len(x)) - 1
    at = first + _longest(slope[first:], error[first:])
    middle = sum_x[at] / n[at]
    end = sum_y[at] / n[at] - slope[at] * middle
    end_error = jitter * math.sqrt(1 / n[at] + middle**2 / spread[at])
    return Fit(float(end), float(slope[at]), float(end_error), float(error[at]), int(n[at]))


def longest_curve(x: np.ndarray, y: np.ndarray, jitter: float) -> Fit | None:
    """A parabola through as many of the latest ticks as fit one, for a changing tempo. None with
    too few ticks, or without a clear curvature."""
    sizes = LADDER[: np.searchsorted(LADDER, len(x), "right")]
    if len(sizes) < 2:
        return None
    scaled = x / WINDOW
    powers = np.cumsum(scaled ** np.arange(5)[:, None], axis=1)[:, sizes - 1]
    sums = np.cumsum(y * scaled ** np.arange(3)[:, None], axis=1)[:, sizes - 1]
    inverse = np.linalg.pinv(powers[np.add.outer(np.arange(3), np.arange(3))].transpose(2, 0, 1))
    found = (inverse @ sums.T[:, :, None])[:, :, 0]
    errors = jitter * np.sqrt(np.maximum(np.diagonal(inverse, axis1=1, axis2=2), 1e-18))
    at = _longest(found[:, 1], errors[:, 1])
    if abs(found[at, 2]) < CONFIDENCE * errors[at, 2]:
        return None
    end, slope, _ = (float(value) for value in found[at])
    end_error, slope_error, _ = (float(value) for value in errors[at])
    return Fit(end, slope / WINDOW, end_error, slope_error / WINDOW, int(sizes[at]))


def _longest(values: np.ndarray, errors: np.ndarray) -> int:
    """The last of these estimates that agrees with all earlier ones."""
    low = np.maximum.accumulate(values - CONFIDENCE * errors)
    high = np.minimum.accumulate(values + CONFIDENCE * errors)
    apart = low > high
    return (int(np.argmax(apart)) if apart.any() else len(apart)) - 1


def is_regular(times: np.ndarray) -> bool:
    """Whether most intervals are equal, so that single ticks deviate, not the clock."""
    intervals = -np.diff(times[:64])
    if len(intervals) < SHORTEST:
        return True
    middle = float(np.median(intervals))
    spread = float(np.median(np.abs(intervals - middle)))
    return spread < 0.15 * middle and not is_block(middle)


def is_block(period: float) -> bool:
    """Whether ticks seem to come with audio blocks, as some programs send them: if the clock is
    slightly faster than the blocks, two ticks sometimes coincide, but none is doubled."""
    return any(abs(period - block) < 0.002 * block for block in BLOCKS)


def straight(numbers: np.ndarray, times: np.ndarray) -> tuple[Line, float]:
    """The line of least squares, and the standard deviation from it in seconds."""
    x, y = numbers - numbers.mean(), times - times.mean()
    spread = float(x @ x)
    period = float(x @ y) / spread
    jitter = float(np.sqrt(np.sum((y - period * x) ** 2) / (len(x) - 2)))
    error = jitter / math.sqrt(spread)
    return Line(float(numbers.mean()), float(times.mean()), period, error, error), jitter


def trend(values: list[float]) -> tuple[float, float]:
    """The slope of a line through these, a step each, and their mean."""
    n = len(values)
    middle, mean = (n - 1) / 2, sum(values) / n
    spread = n * (n * n - 1) / 12
    return sum((i - middle) * value for i, value in enumerate(values)) / spread, mean


def jitter_of(x: np.ndarray, y: np.ndarray) -> float:
    """The jitter of the times (one standard deviation), for any tempo."""
    recent = slice(0, 64)
    x, y = x[recent], y[recent]
    if len(x) < 4 or not x[-1]:
        return 0.0
    step = float(y[-1] / x[-1])
    trembling = np.diff(y - step * x, 2)
    return float(np.sqrt(np.mean(trembling**2) / 6))
