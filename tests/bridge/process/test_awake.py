"""A clock that stops while the computer sleeps, but not while a process is slow."""

from __future__ import annotations

import pytest

from bridge.audio.output import PacedOutput
from bridge.process import awake
from bridge.process.awake import Patience, Watch
from tests.bridge.audio.test_output import BLOCK, RATE


@pytest.fixture
def clock(monkeypatch):
    """[monotonic time, process time] in seconds, read by a new clock."""
    now = [1000.0, 10.0]
    monkeypatch.setattr("bridge.process.awake.time.monotonic", lambda: now[0])
    monkeypatch.setattr("bridge.process.awake.time.process_time", lambda: now[1])
    monkeypatch.setattr(awake, "_clock", awake._Clock())
    return now


def test_clock_does_not_count_sleep(clock, caplog):
    watch = Watch()
    watch.update()
    before = awake.now()
    clock[0] += 20.0
    assert awake.now() == before
    clock[0] += 0.5
    assert awake.now() == before + 0.5
    watch.update()
    watch.update()
    assert [r.getMessage() for r in caplog.records] == [
        "the computer slept for 20 s; the music continues where it stopped"
    ]


def test_busy_process_is_not_taken_for_asleep(clock, caplog):
    Watch().update()
    before = awake.now()
    clock[0] += 5.0
    clock[1] += 4.0
    assert awake.now() == before + 5.0 and not caplog.records


def test_clock_without_a_watch_counts_sleep(clock):
    before = awake.now()
    clock[0] += 20.0
    assert awake.now() == before + 20.0


def test_sleep_causes_no_underrun_in_a_set_into_a_file(clock):
    output = PacedOutput(RATE, "a.flac", 0.05)
    Watch().update()
    for at in range(0, 6400, 640):
        output.write(at, BLOCK)
    clock[0] += 0.1
    assert output.position() == 3200
    clock[0] += 30.0
    output.write(6400, BLOCK)
    assert output.underruns == 0 and output.position() == 3200
    clock[0] += 0.5
    output.write(7040, BLOCK)
    assert output.underruns == 1  # half a second with nothing new is late


def test_patience_limits_each_wait_to_its_longest_step(clock):
    one = Patience()
    assert one.waited("a") == 0.0
    clock[0] += 3600.0
    assert one.waited("a") == Patience.LONGEST
    clock[0] += 0.1
    assert one.waited("a") == pytest.approx(Patience.LONGEST + 0.1)
    assert one.waited("b") == 0.0
