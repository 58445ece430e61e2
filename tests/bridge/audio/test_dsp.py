"""The limiter, the fades and the level ramps."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.audio.dsp import LIMIT, Ramp, db_to_amplitude, mended, soft_limit


def test_the_limiter_leaves_quiet_sound_alone():
    audio = np.linspace(-LIMIT, LIMIT, 1001, dtype=np.float32)[:, None]
    assert soft_limit(audio) is audio


@given(st.lists(st.floats(-1e6, 1e6, width=32), min_size=1, max_size=50))
def test_the_limiter_never_exceeds_full_scale_and_keeps_the_sign(samples):
    audio = np.array(samples, dtype=np.float32)[:, None]
    limited = soft_limit(audio)
    assert limited.dtype == np.float32
    assert np.abs(limited).max() <= 1.0
    assert (np.sign(limited) == np.sign(audio)).all()
    quiet = np.abs(audio) <= LIMIT
    np.testing.assert_array_equal(limited[quiet], audio[quiet])


def test_the_limiter_bends_without_a_kink():
    audio = np.linspace(0, 2, 20001, dtype=np.float64)[:, None]
    slope = np.diff(soft_limit(audio)[:, 0].astype(np.float64)) / np.diff(audio[:, 0])
    assert slope.min() > -1e-2 and slope.max() < 1.01
    assert (np.diff(soft_limit(audio)[:, 0]) >= 0).all()
    near = np.abs(audio[:-1, 0] - LIMIT) < 1e-3
    np.testing.assert_allclose(slope[near], 1.0, atol=0.02)


def test_decibels_are_converted_to_amplitude():
    assert db_to_amplitude(0) == 1.0
    assert db_to_amplitude(-20) == pytest.approx(0.1)
    assert db_to_amplitude(6.0206) == pytest.approx(2.0, rel=1e-4)
    assert db_to_amplitude(-60) == 0.0


@given(st.lists(st.integers(1, 700), min_size=1, max_size=20), st.integers(1, 2000))
def test_ramp_does_not_depend_on_the_block_sizes(sizes, length):
    ramp, whole = Ramp(0.2), Ramp(0.2)
    ramp.to(0.9, length)
    whole.to(0.9, length)
    cut = np.concatenate([ramp.apply(np.ones((size, 1), np.float32)) for size in sizes])
    np.testing.assert_allclose(cut, whole.apply(np.ones((sum(sizes), 1), np.float32)), atol=1e-5)
    if sum(sizes) >= length:
        assert ramp.value == 0.9 and not ramp.moving


def test_ramp_to_its_current_target_does_not_restart():
    ramp = Ramp(1.0)
    ramp.to(0.0, 100)
    ramp.apply(np.ones((50, 1), np.float32))
    ramp.to(0.0, 100)
    ramp.apply(np.ones((50, 1), np.float32))
    assert ramp.value == 0.0 and not ramp.moving
    ramp.jump(0.5)
    assert ramp.apply(np.ones((1, 1), np.float32))[0, 0] == 0.5


@pytest.mark.parametrize(
    ("block", "heard", "wrong"),
    [
        (np.float32([[0.5, -0.5]]), [[0.5, -0.5]], None),
        (None, np.zeros((0, 2)), "has values of type"),
        (np.float64([[0.5, -0.5]]), [[0.5, -0.5]], None),
        (np.float32([[0.5], [0.25]]), [[0.5, 0.5], [0.25, 0.25]], "shape"),
        (np.float32([0.5, 0.25]), [[0.5, 0.5], [0.25, 0.25]], "shape"),
        (np.float32([[0.6, 0.2, 0.1]]), [[0.3, 0.3]], "shape"),
        (np.zeros((2, 0), np.float32), [[0, 0], [0, 0]], "shape"),
        (np.float32([[np.nan, 0.5]]), [[0.0, 0.5]], "not finite"),
        (np.float32([[np.inf, -np.inf]]), [[0.0, 0.0]], "not finite"),
        (np.float32([[1e6, -1e30]]), [[0.0, -1.0]], "too loud"),
        (np.array([["a", "b"]]), [[0.0, 0.0]], "has values of type"),
        (np.zeros((0, 2), np.float32), np.zeros((0, 2)), None),
    ],
)
def test_unplayable_block_is_repaired(block, heard, wrong):
    good, told = mended(block, 2)
    assert good.dtype == np.float32 and good.shape == np.shape(heard)
    np.testing.assert_allclose(good, heard, atol=1e-7)
    assert [wrong in one for one in told] == ([True] if wrong else [])
