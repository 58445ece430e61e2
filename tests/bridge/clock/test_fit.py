"""The fit of tempo and beat to MIDI clock ticks: its error under jitter, stalls and loss."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.clock.fit import ClockFit


def slow(*values):
    """Parameters with many ticks: slower, and unlikely to find more than the others."""
    return pytest.param(*values, marks=pytest.mark.slow)


TEMPI = [30, slow(60), 120, slow(174), slow(300)]
PLACES = np.arange(0, 1, 0.22)  # of a beat, at which something happens
START = 5.0


def period(bpm):
    return 60 / bpm / 24


def ticks(bpm, seconds, jitter=0.0, seed=0):
    """Times of the ticks of a clock with at most `jitter` seconds of error, early or late."""
    rng = np.random.default_rng(seed)
    due = START + np.arange(int(seconds / period(bpm))) * period(bpm)
    return np.sort(due + rng.uniform(-jitter, jitter, len(due)))


def stalled(times, start, seconds):
    """Delays all ticks of a time span to its end, where they arrive at once."""
    late = times.copy()
    held = (times >= start) & (times < start + seconds)
    late[held] = start + seconds + 5e-5 * np.arange(held.sum())
    return np.maximum.accumulate(late)


def heard(times, after=0.0):
    """The fit, and the tempo after each tick that comes later than `after`."""
    fit, bpm = ClockFit(), []
    for at in times:
        fit.tick(at)
        if at > after:
            bpm.append(fit.bpm)
    return fit, np.array(bpm, float)


def worst(bpm, found):
    """The greatest tempo error in percent; infinite if a tempo was missing."""
    return float(np.max(np.abs(np.nan_to_num(found, nan=math.inf) / bpm - 1))) * 100


def middle(bpm):
    """The time after ten beats, and at least four seconds."""
    return START + max(4.0, 10 * 60 / bpm)


@pytest.mark.parametrize("bpm", TEMPI)
def test_tempo_survives_two_milliseconds_of_jitter(bpm):
    for seed in range(2):
        _, found = heard(ticks(bpm, 28, 0.002, seed), middle(bpm))
        assert worst(bpm, found) < 0.2


@pytest.mark.parametrize("bpm", TEMPI)
@pytest.mark.parametrize("jitter", [0.0, 0.002])
def test_stall_and_burst_shift_neither_tempo_nor_count(bpm, jitter):
    for place in PLACES:
        at = middle(bpm) + place * 60 / bpm
        times = stalled(ticks(bpm, at + 3 - START, jitter), at, 0.3)
        fit, found = heard(times, at - 0.1)
        assert worst(bpm, found) < 1.0
        # The count is as without the stall.
        assert fit.place(times[-1]).ticks == pytest.approx(len(times) - 1, abs=0.5)


@pytest.mark.parametrize("bpm", [slow(60), 120, slow(200)])
def test_faults_in_the_first_beats_delay_the_tempo_but_do_not_falsify_it(bpm):
    first = np.arange(200) * period(bpm)
    for number in range(1, 40, 4):
        at = first[number]
        for times in (
            stalled(first, at, 0.3),
            stalled(first, at, 0.8),
            first[(first < at) | (first > at + 0.3)],
            np.delete(first, number),
            np.sort(np.append(first, at + 0.0005)),
        ):
            _, found = heard(times)
            known = found[~np.isnan(found)]
            assert len(known) > 90 and worst(bpm, known) < 2.5
            assert worst(bpm, known[-60:]) < 0.2


@pytest.mark.parametrize("bpm", [60, 120])
def test_stall_caught_up_at_double_speed_does_not_shift_the_tempo(bpm):
    times = ticks(bpm, 30)
    at = middle(bpm) + 0.1
    queue = times.copy()
    for i in range(1, len(times)):  # not faster than half a tick
        ready = at + 0.3 if at <= times[i] < at + 0.3 else times[i]
        queue[i] = max(ready, queue[i - 1] + 0.5 * period(bpm))
    _, found = heard(queue, at)
    assert worst(bpm, found) < 1.0


@pytest.mark.parametrize("bpm", TEMPI)
@pytest.mark.parametrize("jitter", [0.0, 0.002])
def test_gap_of_lost_ticks_shifts_neither_tempo_nor_count(bpm, jitter):
    for place in PLACES:
        at = middle(bpm) + place * 60 / bpm
        times = ticks(bpm, at + 3 - START, jitter)
        fit, found = heard(times[(times < at) | (times > at + 0.3)], at - 0.1)
        assert worst(bpm, found) < 1.0
        assert fit.place(times[-1]).ticks == pytest.approx(len(times) - 1, abs=0.5)


@pytest.mark.parametrize("bpm", TEMPI)
@pytest.mark.parametrize("jitter", [0.0, 0.002])
def test_one_percent_of_lost_ticks_shifts_neither_tempo_nor_count(bpm, jitter):
    times = ticks(bpm, 30, jitter)
    kept = np.random.default_rng(1).uniform(size=len(times)) > 0.01
    kept[-20:] = True
    fit, found = heard(times[kept], middle(bpm))
    assert worst(bpm, found) < 1.0
    assert not kept.all() and fit.place(times[-1]).ticks == pytest.approx(len(times) - 1, abs=0.5)


@pytest.mark.parametrize("bpm", TEMPI)
@pytest.mark.parametrize("share", [0.05, 1.0])
def test_duplicated_ticks_do_not_shift_the_tempo(bpm, share):
    times = ticks(bpm, 24, 0.0005)
    twice = np.random.default_rng(2).uniform(size=len(times)) <= share
    _, found = heard(np.sort(np.concatenate([times, times[twice] + 0.0013])), middle(bpm))
    assert worst(bpm, found) < 1.0


@pytest.mark.parametrize("bpm", [60, 120, slow(240)])
@pytest.mark.parametrize("ratio", [0.5, 0.75, 0.9, 0.97, 1.02, 1.05, 1.2, 1.5, 2.0])
def test_tempo_jump_is_followed_within_two_beats(bpm, ratio):
    rng = np.random.default_rng(3)
    before = ticks(bpm, middle(bpm) - START)
    after = before[-1] + np.arange(1, 24 * 8) * period(bpm * ratio)
    for jitter in (0.0, 0.001):
        times = np.concatenate([before, after])
        times = np.sort(times + rng.uniform(-jitter, jitter, len(times)))
        _, found = heard(times, before[-1] + 2 * 60 / (bpm * ratio))
        assert worst(bpm * ratio, found) < 1.0


@pytest.mark.parametrize(("bpm", "most"), [(60, 3.5), (120, 1.8), slow(174, 1.5), slow(240, 1.5)])
@pytest.mark.parametrize("way", [0.02, -0.02])
def test_gradual_tempo_change_is_followed(bpm, most, way):
    """Two percent a second, eight seconds long, with two milliseconds of jitter."""
    seconds = np.linspace(0, 20, 40000)
    tempo = bpm * (1 + way * np.clip(seconds - 8, 0, 8))
    number = 24 / 60 * np.concatenate([[0], np.cumsum(tempo[1:] * np.diff(seconds))])
    times = START + np.interp(np.arange(int(number[-1])), number, seconds)
    times = np.sort(times + np.random.default_rng(4).uniform(-0.002, 0.002, len(times)))
    _, found = heard(times, START + 8)
    true = np.interp(times[times > START + 8] - START, seconds, tempo)
    assert worst(true, found) < most


@pytest.mark.parametrize("block", [256, 512, 1024, 2048])
@pytest.mark.parametrize("bpm", [60, 108, 120, 128, slow(174), slow(240)])
def test_ticks_quantized_to_audio_blocks_do_not_shift_the_tempo(bpm, block):
    """As sent by programs that time their ticks only to the audio block."""
    times = np.ceil(ticks(bpm, 14) * 44100 / block) * block / 44100
    _, found = heard(times, START + 8)
    assert worst(bpm, found) < 1.0


@pytest.mark.parametrize("bpm", [60, 120, slow(240)])
def test_beat_position_is_accurate_and_its_error_estimate_true(bpm):
    """With jitter, a stall and lost ticks, and read between the ticks too."""
    rng = np.random.default_rng(5)
    true_start, seconds = START, 30
    due = ticks(bpm, seconds)
    times = np.sort(due + rng.normal(0, 0.001, len(due)))
    times = stalled(times, START + 15, 0.3)
    times = times[(times < START + 20) | (times > START + 20.2)]
    fit, off, error, i = ClockFit(), [], [], 0
    for now in np.arange(START + 10, START + 28, 0.0137):
        while i < len(times) and times[i] <= now:
            fit.tick(times[i])
            i += 1
        place = fit.place(now)
        off.append(place.ticks - (now - true_start) / period(bpm))
        error.append(place.error)
    off, error = np.abs(off), np.array(error)
    assert off.max() * period(bpm) < 0.004  # seconds, at any moment
    assert np.mean(off < 2 * error) > 0.9  # as for a standard error
    assert error.max() * period(bpm) < 0.003


def test_position_error_grows_without_ticks_and_there_is_no_position_without_a_tempo():
    fit = ClockFit()
    assert fit.bpm is None and fit.place(1.0) is None
    for at in ticks(120, 5, 0.001):
        fit.tick(at)
    assert fit.place(at).error < fit.place(at + 0.5).error < fit.place(at + 1.0).error
    assert fit.place(math.nan) is None


def test_clock_resumed_after_a_pause_keeps_its_tempo():
    first = ticks(120, 6)
    for pause in np.arange(0.03, 0.9, 0.061):
        times = np.concatenate([first, first[-1] + pause + np.arange(48) * period(120)])
        fit, found = heard(times, first[-1])
        assert worst(120, found) < 1.0
        ahead = fit.place(times[-1]).ticks % 1  # a tick is a tick
        assert min(ahead, 1 - ahead) < 0.1


def test_start_is_counted_from_its_first_tick_after_any_pause():
    for pause in np.arange(0.03, 0.9, 0.061):
        fit = ClockFit()
        for at in ticks(120, 6):
            fit.tick(at)
        fit.count_from(0, anew=True)
        for number in range(30):
            now = at + pause + number * period(120)
            fit.tick(now)
            if number > 0:
                assert fit.place(now).ticks == pytest.approx(number, abs=0.15)
        assert fit.bpm == pytest.approx(120, rel=0.01)


def test_tick_flood_is_cheap_and_the_tempo_recovers():
    fit = ClockFit()
    for at in ticks(120, 6):
        fit.tick(at)
    began = time.process_time()
    for number in range(10_000):
        fit.tick(at + number * 1e-4)
    assert time.process_time() - began < 0.5  # of one second of flood
    assert fit.bpm is None or 10 <= fit.bpm <= 1000
    after = at + 1 + np.arange(72) * period(120)
    for at in after:
        fit.tick(at)
    assert fit.bpm == pytest.approx(120, rel=0.01)


moments = st.one_of(
    st.floats(),
    st.floats(0, 10),
    st.sampled_from([0.0, -1e308, 1e308, 1e300, 5e-324, math.inf, math.nan]),
)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(moments, st.integers(1, 40), st.floats(0, 0.2), st.booleans()), max_size=12)
)
def test_no_tick_times_break_the_fit(runs):
    fit = ClockFit()
    for start, count, step, anew in runs:
        if anew:
            fit.count_from(count, anew=True)
        for number in range(count):
            fit.tick(start + number * step)
            assert fit.bpm is None or 10 <= fit.bpm <= 1000
            place = fit.place(start)
            assert place is None or not math.isnan(place.ticks)
    for at in ticks(100, 6):  # and then a clock is followed as ever
        fit.tick(at + 1000.0)
    assert fit.bpm == pytest.approx(100, rel=0.01)
