"""Background work rests while the buffer is short."""

from __future__ import annotations

import threading

import pytest

from bridge.process import room
from bridge.process.room import LONGEST, STALE, Room


class Clock:
    now = 100.0

    def monotonic(self) -> float:
        return self.now


def test_background_work_rests_only_while_the_buffer_is_short(monkeypatch) -> None:
    clock, one = Clock(), Room()
    monkeypatch.setattr(room, "time", clock)
    assert one.rest(0.01) == 0.0
    one.tell(short=True)
    assert one.rest(0.01) == pytest.approx(0.04) and one.rest(10.0) == LONGEST
    over = threading.Event()
    over.set()
    one.rested(10.0, over)
    one.tell(short=False)
    assert one.rest(0.01) == 0.0


def test_hanging_engine_does_not_hold_up_background_work(monkeypatch) -> None:
    clock, one = Clock(), Room()
    monkeypatch.setattr(room, "time", clock)
    one.tell(short=True)
    clock.now += STALE + 0.1
    assert one.rest(0.01) == 0.0
