"""A clock that stands still while the computer sleeps, but not while a program is merely slow."""

from __future__ import annotations

import pytest

from bridge.audio.output import PacedOutput
from bridge.process import awake
from bridge.process.awake import Patience, Watch
from tests.bridge.audio.test_output import BLOCK, RATE


@pytest.fixture
def clock(monkeypatch):
    """[monotonic, of the process's work], and a clock of our own that reads them."""
    now = [1000.0, 10.0]
    monkeypatch.setattr("bridge.process.awake.time.monotonic", lambda: now[0])
    monkeypatch.setattr("bridge.process.awake.time.process_time", lambda: now[1])
    monkeypatch.setattr(awake, "_clock", awake._Clock())
    return now


def test_what_is_slept_through_does_not_count(clock, caplog):
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


def test_a_program_that_works_is_not_asleep(clock, caplog):
    Watch().update()
    before = awake.now()
    clock[0] += 5.0
    clock[1] += 4.0
    assert awake.now() == before + 5.0 and not caplog.records


def test_without_a_watch_nobody_can_tell(clock):
    before = awake.now()
    clock[0] += 20.0
    assert awake.now() == before + 20.0


def test_a_set_into_a_file_that_slept_is_not_late(clock):
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


def test_patience_counts_only_while_it_looks(clock):
    one = Patience()
    assert one.waited("a") == 0.0
    clock[0] += 3600.0
    assert one.waited("a") == Patience.LONGEST
    clock[0] += 0.1
    assert one.waited("a") == pytest.approx(Patience.LONGEST + 0.1)
    assert one.waited("b") == 0.0
