"""Bootstrap intervals: coverage of known distributions, and resampling of whole groups."""

from __future__ import annotations

import math

import numpy as np
import pytest

from musicrfm import intervals


def test_bootstrap_interval_of_a_mean_matches_theory():
    values = np.random.default_rng(0).normal(3.0, 2.0, 400)
    found = intervals.mean(values)
    half = 1.96 * values.std() / math.sqrt(400)
    assert found.value == pytest.approx(values.mean()) and found.count == 400
    assert found.low == pytest.approx(values.mean() - half, abs=0.05)
    assert found.high == pytest.approx(values.mean() + half, abs=0.05)
    assert found == intervals.mean(values)


def test_bootstrap_interval_has_its_nominal_coverage():
    rng = np.random.default_rng(1)
    covered = 0
    for trial in range(200):
        found = intervals.mean(rng.normal(0.0, 1.0, 30), seed=trial)
        covered += found.low <= 0.0 <= found.high
    assert 0.88 <= covered / 200 <= 0.99


def test_fewer_than_two_clips_have_no_interval():
    assert intervals.mean([0.5]).text() == "0.50"
    assert intervals.mean([float("nan")]).text() == "" and intervals.mean([]).count == 0
    assert not intervals.mean([0.5]).above(0.0)


def test_bootstrap_resamples_whole_groups():
    values = np.repeat(np.random.default_rng(2).normal(size=10), 50)
    groups = np.repeat(np.arange(10), 50).tolist()
    rows = intervals.statistic(lambda some: values[some].mean(), 500)
    together = intervals.statistic(lambda some: values[some].mean(), 500, groups)
    assert together.count == 10 and rows.count == 500
    assert together.high - together.low > 4 * (rows.high - rows.low)


def test_effect_interval_includes_the_spread_between_random_directions():
    rng = np.random.default_rng(3)
    target = np.full(8, 0.6)
    alike = intervals.effect(target, 0.2 + 0.01 * rng.normal(size=(5, 8)))
    apart = intervals.effect(target, np.array([[0.0], [0.1], [0.2], [0.3], [0.4]]) + np.zeros(8))
    assert alike.value == pytest.approx(0.4, abs=0.02) and alike.above(0.3)
    assert apart.value == pytest.approx(0.4) and apart.high - apart.low > 0.1


def test_interval_formatting():
    assert str(intervals.Interval(0.625, 0.5, 0.75, 4)) == "0.62 (0.50 to 0.75)"
    assert intervals.Interval(0.4, 0.1, 0.6, 4).text("BPM", "+") == "+0.4 (+0.1 to +0.6)"


@pytest.mark.parametrize(
    ("value", "quantity", "told"),
    [
        (0.0004, "value", "0.0004"),
        (-17.034, "value", "-17"),
        (2134.6, "value", "2135"),
        (0.0004, "share", "0.00"),
        (121.26, "BPM", "121.3"),
    ],
)
def test_values_of_unknown_scale_are_not_rounded_away(value, quantity, told):
    assert intervals.written(value, quantity) == told
    assert intervals.Interval(value, np.nan, np.nan, 1).text(quantity) == told
