"""Fits a line through the ticks of a MIDI clock: its tempo, and the current position in the beat.

Ticks can be late, late in bursts, doubled or lost, and the tempo itself can change. Each tick is
compared with the line so far. A tick that fits is counted and refines the line. Of the ticks that
do not fit, only a run of many shows what happened: ticks were lost or doubled (the old line,
shifted by whole ticks), the clock restarted (the old slope, at another position), or the tempo
changed (a new line). Anything else, such as a burst after a stall, changes nothing.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from bridge.clock.line import (
    WINDOW,
    Line,
    is_block,
    is_regular,
    jitter_of,
    longest_curve,
    longest_line,
    straight,
    trend,
)

TICKS_A_BEAT = 24  # MIDI clock
SILENT_SECONDS = 1.0  # without a tick, there is no clock
SLOWEST, FASTEST = 10.0, 1000.0  # BPM; values outside are ignored
RAMP = 1.3  # loss of precision accepted to follow a tempo ramp
LEAST_JITTER = 0.0007  # seconds, one standard deviation: the least jitter assumed for any clock
OUTLIER = 4.0  # standard deviations of jitter
EVERY_SECONDS = 0.004  # at most one fit in this time, however many ticks there are
SAME, SAME_NOISY = 8, 14  # ticks that must agree on the number of lost ones
NOISY = 0.1  # of a tick, of jitter
RESTART = 4  # ticks after a start that must agree on its position
RUNS = (12, 24, 48)  # numbers of ticks that can form a new line
PRECISE = 0.03  # precision required of such a line, relative to its slope
ODD = 5.0  # times as far off as most: an interval with a lost tick or one that came twice
CLEAR = 0.2  # of a tick: with more jitter, ticks cannot be identified
RESTLESS = 3  # apparent restarts per window that mean imprecision instead
STEADIER = 0.99  # for each tick, what is left of the jitter that was seen once
ECHOES = 24  # alternating short and long intervals: every tick is doubled


class Place(NamedTuple):
    """Ticks since beat 0, including the fraction of the current one, and the standard error."""

    ticks: float
    error: float


class ClockFit:
    """The ticks of one clock. Not thread-safe. Nothing here raises, whatever the ticks are."""

    def __init__(self) -> None:
        self._next = 0  # the number of the tick that comes next
        self._zero = 0  # the number of the tick that is position 0
        self._zero_set = 0  # the number of the first tick that was counted from there
        self._began = False  # the next tick is the first after a start: it may begin anywhere
        self.forget()

    def forget(self) -> None:
        """Forget the tempo; the position is kept."""
        self.line: Line | None = None
        self._numbers: list[int] = []  # of the ticks that are on the line
        self._times: list[float] = []
        self._apart: list[tuple[int, float]] = []  # the latest ones that are not
        self._restarting = False  # the run that does not fit began with a start
        self._jitter = LEAST_JITTER
        self._shifts: list[int] = []  # the ticks with which it seemed to begin anew
        self._wander = 0.0  # how far the clock has strayed and come back, in seconds
        self._last = -math.inf  # when the latest tick came
        self._interval = 0.0
        self._echoes = 0
        self._fitted = -math.inf

    @property
    def last(self) -> float:
        """Time of the latest tick; minus infinity before the first."""
        return self._last

    @property
    def _line(self) -> Line:
        assert self.line is not None, "only while there is a tempo"
        return self.line

    @property
    def bpm(self) -> float | None:
        return None if self.line is None else 60.0 / (TICKS_A_BEAT * self.line.period)

    @property
    def counted(self) -> int:
        """The position of the latest tick, in ticks; -1 before the first."""
        return self._next - 1 - self._zero

    def count_from(self, position: int, anew: bool = False) -> None:
        """Set the position of the next tick. anew: it may come at any time between the old ones."""
        self._zero, self._zero_set = self._next - position, self._next
        self._began |= anew

    def place(self, now: float) -> Place | None:
        """The clock's position at `now`; None without a tempo."""
        line = self.line
        if line is None or not math.isfinite(now):
            return None
        if self._began:
            return Place(self.counted, 1.0)
        if self._restarting:  # where the line is, is not known yet; the count is
            since = min(max(now - self._last, 0.0) / line.period, 1.0)
            return Place(self.counted + since, 1.0)
        number = line.number + (now - line.at) / line.period
        ahead = (number - line.number) * line.period_error
        return Place(number - self._zero, math.hypot(line.at_error, ahead) / line.period)

    def tick(self, at: float) -> None:
        """Process a tick at this time in seconds. Times that are not finite, or long past, are
        ignored."""
        if not math.isfinite(at):
            return
        if at - self._last > SILENT_SECONDS or self._last - at > SILENT_SECONDS:
            self.forget()
        interval = max(at - self._last, 0.0)
        if self._is_double(at, interval):
            self._last = max(at, self._last)
            return
        self._last = max(at, self._last)
        number, self._next = self._next, self._next + 1
        began, self._began = self._began, False
        if self.line is not None and abs(self._lateness(number, at)) <= self._tolerance():
            self._apart.clear()
            self._restarting = False
            self._keep([(number, at)])
        else:
            self._restarting |= began and self.line is not None
            self._apart.append((number, at))
            del self._apart[: -RUNS[-1]]
        if at - self._fitted >= EVERY_SECONDS:
            self._fitted = at
            if self._apart:
                self._explain()
            if not self._apart:
                self._fit()

    # ---- one tick ----

    def _lateness(self, number: float, at: float) -> float:
        """In ticks."""
        line = self._line
        return (at - line.at) / line.period - (number - line.number)

    def _tolerance(self) -> float:
        """The permitted deviation of a tick, in ticks."""
        jitter = self._jitter / self._line.period
        return min(OUTLIER * jitter, 0.5) if self._is_clear() else max(OUTLIER * jitter, 2.5)

    def _is_clear(self) -> bool:
        """Whether the time of a tick identifies it."""
        return self.line is None or self._jitter < CLEAR * self.line.period

    def _is_double(self, at: float, interval: float) -> bool:
        """Whether this tick repeats the one before."""
        before, self._interval = self._interval, interval
        short = interval < 0.3 * before
        self._echoes = self._echoes + 1 if short or before < 0.3 * interval else 0
        if short and self._echoes >= ECHOES and not is_block(interval + before):
            return True
        if self.line is None or not self._is_clear() or interval > 0.25 * self.line.period:
            return False
        return self._lateness(self._next, at) < -0.6 and not is_block(self.line.period)

    # ---- ticks that do not fit ----

    def _explain(self) -> None:
        """Determine what a run of ticks off the line means, if possible."""
        if self.line is not None:
            if self._restarting:
                if self._moved(RESTART):
                    return
            elif self._skipped() or self._catching_up():
                return
        for count in RUNS:
            if len(self._apart) < count:
                return
            numbers, times = _columns(self._apart[-count:])
            line, jitter = straight(numbers, times)
            if not _is_music(line.period) or (count == RUNS[0] and not self._is_clear()):
                continue
            if count < RUNS[-1] and not self._is_plain(line, jitter, times):
                continue
            if self.line is None and line.period_error > 2 * PRECISE * line.period:
                continue
            if self._renew(line, jitter, count):
                return

    def _is_plain(self, line: Line, jitter: float, times: np.ndarray) -> bool:
        """Whether a run is one line, and not two with a lost tick or a stall between them."""
        intervals = np.diff(times)
        middle = np.median(intervals)
        off = np.abs(intervals - middle)
        spread = 1.5 * np.median(off) / math.sqrt(len(intervals))
        return bool(
            line.period_error <= PRECISE * line.period
            and off.max() <= max(0.5 * middle, ODD * np.median(off))
            and (len(times) > RUNS[0] or not is_block(line.period))
            and abs(line.period - middle) <= max(0.02 * line.period, 3 * spread)
            and (
                self.line is None
                or (jitter <= 3 * self._jitter and not self._is_stairs(len(times), jitter))
            )
        )

    def _skipped(self) -> bool:
        """Ticks were lost or doubled: all later ones are shifted by a whole number."""
        jitter = self._jitter / self._line.period
        same = SAME if jitter < NOISY else SAME_NOISY
        if len(self._apart) < same or not self._is_clear():
            return False
        late = [self._lateness(*one) for one in self._apart]
        tilt, middle = trend(late[-same:])
        whole = round(middle)
        if not whole or abs(middle - whole) > 0.25 or (whole < 0 and is_block(self._line.period)):
            return False
        if abs(tilt) > 0.02 + jitter * same**-1.5 * 3.5 or not self._leapt():
            return False  # another tempo comes there too, but step by step
        # Those before the run that agrees were late as well as not in their places.
        first = len(late)
        while first and abs(late[first - 1] - whole) <= max(0.4, self._tolerance()):
            first -= 1
        self._renumber(self._apart[first:], whole)
        return True

    def _renumber(self, run: list[tuple[int, float]], whole: int) -> None:
        """Before these, ticks were lost, by this number (negative: doubled)."""
        if self._zero_set >= self._apart[0][0]:
            self._zero += whole
        self._next += whole
        self._rejoin([(number + whole, at) for number, at in run])

    def _rejoin(self, run: list[tuple[int, float]]) -> None:
        """These ticks are on the line, and no run remains."""
        self._apart.clear()
        self._restarting = False
        self._keep(run)

    def _moved(self, count: int) -> bool:
        """The clock continues at its tempo from another time: the old ticks are shifted to it."""
        if len(self._apart) < count:
            return False
        run = self._apart[-count:]
        tilt, _ = trend([self._lateness(*one) for one in run])
        if abs(tilt) > 0.3:
            return False
        self._shift(run)
        return True

    def _shift(self, run: list[tuple[int, float]]) -> None:
        late = self._late(run) * self._line.period
        self._times = [at + late for at in self._times]
        self._rejoin(run)

    def _late(self, run: list[tuple[int, float]]) -> float:
        """On average, in ticks."""
        return sum(self._lateness(*one) for one in run) / len(run)

    def _catching_up(self) -> bool:
        """After a gap, ticks that come too fast until they are on time again."""
        number, at = self._apart[-1]
        return (
            len(self._apart) >= SAME
            and self._lateness(*self._apart[0]) > 1.5
            and self._lateness(number, at) > 0.0
            and trend([self._lateness(*one) for one in self._apart[-SAME:]])[0] < -0.2
        )

    def _renew(self, line: Line, jitter: float, count: int) -> bool:
        """These ticks form a new line. False if that is not certain yet."""
        run = self._apart[-count:]
        if self.line is not None:
            error = math.hypot(line.period_error, self.line.period_error)
            error = max(error, LEAST_JITTER * math.sqrt(12 / count**3))
            other = abs(line.period - self.line.period) / error
            if other < OUTLIER:
                return self._take_back(run, other)
        self._numbers, self._times = [], []
        self._wander, self._jitter = 0.0, max(jitter, LEAST_JITTER)
        self._rejoin(run)
        return True

    def _take_back(self, run: list[tuple[int, float]], other: float) -> bool:
        """The tempo may be the old one: `other` is its deviation in standard errors."""
        late, jitter = self._late(run), self._jitter / self._line.period
        whole = round(late)
        # The more exact a clock has been, the smaller a step shows that it began anew.
        leapt = self._leapt(min(max(8 * jitter, 0.4), 0.6))
        if leapt or abs(late) > 0.6:
            if len(run) < (RUNS[-1] if other > 1.5 else RUNS[0] if leapt else RUNS[1]):
                return False
            if whole and abs(late - whole) < 0.25 and other < 1.5:
                self._renumber(run, whole)
                return True
            if leapt and not self._is_restless(run[0][0]):
                self._shift(run)
                return True
        elif other < 1.5:  # as before, but less exact than was thought
            self._wander = max(self._wander, abs(late) * self._line.period / 2)
        self._rejoin(run)  # if it has changed a little, the fit will show
        return True

    def _is_restless(self, number: int) -> bool:
        """Whether the clock seems to restart so often that it is merely imprecise."""
        self._shifts = [*self._shifts, number][-RESTLESS:]
        if len(self._shifts) < RESTLESS or number - self._shifts[0] > WINDOW:
            return False
        self._wander = 0.3 * self._line.period
        return True

    def _leapt(self, least: float = 0.6) -> bool:
        """Whether the ticks shifted at once, by at least this number, and not gradually."""
        on_time = list(zip(self._numbers[-4:], self._times[-4:], strict=True))
        return abs(self._late(self._apart[:4]) - self._late(on_time)) > least

    def _is_stairs(self, count: int, jitter: float) -> bool:
        """Whether the old tempo with a few lost or doubled ticks fits as well as a line of their
        own, from which they stray by this jitter.
        """
        late = np.array([self._lateness(*one) for one in self._apart[-count:]])
        steps = np.round(late)
        return bool(
            np.sum(np.abs(np.diff(steps))) <= 3
            and np.mean((late - steps) ** 2) <= (jitter / self._line.period) ** 2
        )

    # ---- ticks that fit ----

    def _keep(self, ticks: list[tuple[int, float]]) -> None:
        for number, at in ticks:
            self._numbers.append(number)
            self._times.append(at)
        if len(self._times) > 2 * WINDOW:
            del self._numbers[:-WINDOW], self._times[:-WINDOW]

    def _fit(self) -> None:
        numbers = np.array(self._numbers[-WINDOW:], float)
        times = np.array(self._times[-WINDOW:])
        self._wander *= STEADIER
        last, start = numbers[-1], times[-1]
        # From the latest tick on into the past.
        x, y = (numbers - last)[::-1], (times - start)[::-1]
        self._jitter = max(jitter_of(x, y), self._wander, LEAST_JITTER)
        fit = longest_line(x, y, self._jitter)
        x_of, y_of = x[: fit.ticks], y[: fit.ticks]
        strays = float(np.sqrt(np.mean((y_of - fit.end - fit.slope * x_of) ** 2)))
        if strays > self._jitter and not is_regular(y):
            self._jitter = strays
        if fit.ticks < len(x):
            curve = longest_curve(x, y, self._jitter)
            if curve is not None and curve.slope_error < RAMP * fit.slope_error:
                fit = curve
        if not _is_music(fit.slope):
            self.line = None
            self._numbers, self._times = [], []
            return
        self.line = Line(float(last), start + fit.end, fit.slope, fit.end_error, fit.slope_error)


def _is_music(period: float) -> bool:
    return 60.0 / FASTEST <= TICKS_A_BEAT * period <= 60.0 / SLOWEST


def _columns(ticks: list[tuple[int, float]]) -> tuple[np.ndarray, np.ndarray]:
    numbers, times = zip(*ticks, strict=True)
    return np.array(numbers, float), np.array(times)
