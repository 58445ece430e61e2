"""The work of several senders is done in turns, and in order for each sender."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bridge.osc.turns import MAX_WAITING, TURN, Turns


class Clock:
    now = 0.0

    def perf_counter(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def clock(monkeypatch) -> Clock:
    monkeypatch.setattr("bridge.osc.turns.time", CLOCK)
    return CLOCK


CLOCK = Clock()


def work(done: list[str], name: str, steps: int, seconds: float = 0.0) -> Iterator[None]:
    for _ in range(steps):
        CLOCK.now += seconds
        done.append(name)
        yield


def test_short_work_runs_at_once_and_long_work_in_turns() -> None:
    turns, done = Turns(), []
    assert turns.start("a", work(done, "a", 3)) and done == ["a"] * 3 and not turns
    turns.start("a", work(done, "long", 6, 1.5 * TURN))
    turns.start("b", work(done, "other", 3, 1.5 * TURN))
    turns.start("a", work(done, "later", 1))
    turns.start("c", work(done, "short", 1))
    assert done[3:] == ["long", "other", "short"]
    while turns:
        turns.go_on()
    assert done[3:].index("other") < 2 and done.count("long") == 6 and done[-1] == "later"


def test_waiting_work_per_sender_is_limited() -> None:
    turns, done = Turns(), []
    turns.start("a", work(done, "a", 2, 2 * TURN))
    taken = [turns.start("a", work(done, "more", 1)) for _ in range(MAX_WAITING + 1)]
    assert taken.count(True) == MAX_WAITING - 1
    assert turns.start("b", work(done, "b", 1)) and done[-1] == "b"


def test_one_turn_does_as_much_work_as_fits() -> None:
    """Otherwise work queued behind one long piece would pile up."""
    turns, done = Turns(), []
    turns.start("a", work(done, "long", 2, 1.5 * TURN))
    for number in range(100):
        turns.start("a", work(done, str(number), 1, TURN / 1000))
    turns.go_on()
    turns.go_on()
    assert len(done) == 102 and not turns
