"""The log stays readable under a flood of messages, and keeps the important ones."""

from __future__ import annotations

import io
import logging

import pytest

from bridge.controls.controls import Controls, namespace
from bridge.osc.packets import build
from bridge.osc.replies import Client
from bridge.osc.server import OscServer
from bridge.process.log_limit import FROM_LOGGER, FROM_SOURCE, TOGETHER, LogLimit, Verdict, about
from bridge.process.voice import Voice
from bridge.status import LogHandler
from bridge.web.memory import MAX_ENTRIES, LogMemory


class Clock:
    now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("bridge.process.log_limit.time", clock)
    return clock


def record(
    text: str,
    *args: object,
    name: str = "bridge.osc.replies",
    level: int = logging.WARNING,
    **extra: object,
) -> logging.LogRecord:
    return logging.getLogger(name).makeRecord(name, level, "", 0, text, args, None, extra=extra)


def wrong(value: float, address: str = "/gain", host: str = "10.0.0.5") -> logging.LogRecord:
    text = f"{address} needs a number, not 'v{value}'"
    return record("OSC: %s", text, **about(address, Client((host, 9))))


def said(limit: LogLimit, *records: logging.LogRecord) -> int:
    return [limit.judge(one) for one in records].count(Verdict.SAID)


def test_repeated_line_is_logged_once_and_counted_per_minute(clock):
    limit = LogLimit()
    assert said(limit, *[wrong(n / 7) for n in range(500)]) == 1
    assert limit.summary() == []
    clock.now += 61
    assert limit.summary() == [
        "OSC: /gain needs a number, not 'v71.28571428571429' (499 more times)"
    ]
    assert said(limit, wrong(1.0)) == 0
    clock.now += 61
    assert limit.summary() == ["OSC: /gain needs a number, not 'v1.0' (once more)"]
    clock.now += 61
    assert limit.summary() == []
    assert said(limit, wrong(2.0)) == 1


def test_lines_differ_by_address_kind_and_source(clock):
    limit = LogLimit()
    other_kind = record("OSC: /gain is gone", **about("/gain", Client(("10.0.0.5", 9))))
    assert said(limit, wrong(1), wrong(1, "/top_k"), wrong(1, host="10.0.0.6"), other_kind) == 4
    assert said(limit, wrong(2), wrong(2, "/top_k"), wrong(2, host="10.0.0.6"), other_kind) == 0


def test_flood_from_one_source_does_not_hide_the_others(clock):
    limit = LogLimit()
    flood = [wrong(1, f"/x{n}") for n in range(1000)]
    assert said(limit, *flood) == FROM_SOURCE[0]
    assert said(limit, wrong(1, host="10.0.0.6"), record("the disk is full")) == 2
    clock.now += 61
    assert limit.summary() == ["994 lines were skipped from 10.0.0.5, in a minute"]
    assert said(limit, *[wrong(1, f"/y{n}") for n in range(1000)]) == FROM_SOURCE[0]


def test_flood_from_many_sources_does_not_hide_the_bridge(clock):
    limit = LogLimit()
    forged = [wrong(1, host=f"10.{n // 256}.{n % 256}.1") for n in range(5000)]
    assert said(limit, *forged) == TOGETHER[0]
    assert len(limit._gates) + len(limit._said) < 50
    assert (
        said(
            limit, record("recording ended", name="bridge.recording.recorder", level=logging.ERROR)
        )
        == 1
    )
    clock.now += 61
    assert limit.summary() == ["4990 lines were skipped from all sources together, in a minute"]


def test_flood_from_one_logger_is_limited_too(clock):
    limit = LogLimit()
    many = [record("lost: %s", "x" * n, name="bridge.engine") for n in range(300)]
    assert said(limit, *many) == FROM_LOGGER[0]
    assert (
        said(
            limit, record("recording ended", name="bridge.recording.recorder", level=logging.ERROR)
        )
        == 1
    )
    clock.now += 61
    assert "290 lines were skipped from bridge.engine, in a minute" in limit.summary()


def test_repeated_bridge_line_is_logged_a_few_times(clock):
    limit = LogLimit()
    gone, back = record("the output is gone"), record("the output is back")
    for _ in range(10):
        clock.now += 2
        limit.judge(gone), limit.judge(back)
    assert said(limit, gone, back) == 0
    limit = LogLimit()
    assert said(limit, gone, back, gone, back) == 4
    clock.now += 61
    assert limit.summary() == []
    assert [said(limit, gone) for _ in range(8)] == [1] * 5 + [0] * 3


def test_slow_different_lines_are_all_logged(clock):
    limit = LogLimit()
    for number in range(200):
        clock.now += 1
        limit.summary()
        assert said(limit, record("lost: %s", chr(300 + number), name="bridge.engine")) == 1
    assert len(limit._said) < 100


def test_tracebacks_of_one_place_are_logged_once_per_error_type(clock):
    limit = LogLimit()
    records = []
    for number in range(50):
        try:
            raise [ValueError, KeyError][number % 2](number)
        except Exception as error:
            info = (type(error), error, error.__traceback__)
        records.append(
            logging.getLogger("x").makeRecord("x", logging.ERROR, "", 0, "it failed", (), info)
        )
    assert said(limit, *records) == 2


def test_summary_is_a_few_lines_and_complete_at_the_end(clock):
    limit = LogLimit()
    for host in range(10):
        said(limit, *[wrong(1, host=f"10.0.0.{host}")] * (host + 2))
    lines = limit.summary(at_end=True)
    assert len(lines) == 6 and "10 more times" in lines[0] and "5 other kinds" in lines[-1]
    assert limit.summary(at_end=True) == []


class TestMemory:
    def test_alternating_lines_are_two_entries(self):
        memory = LogMemory()
        for number in range(100):
            memory.emit(wrong(number, "/accxyz"))
            memory.emit(wrong(number, "/1/fader1"))
        assert [(entry.times, entry.source) for entry in memory.since(0)] == [(100, "10.0.0.5")] * 2

    def test_flood_does_not_push_out_earlier_bridge_entries(self):
        memory = LogMemory()
        memory.emit(record("recording to set.flac ended", name="bridge.recording.recorder"))
        for number in range(500):
            memory.emit(wrong(1, f"/x{number}"))
            memory.emit(wrong(1, host=f"10.0.{number // 256}.{number % 256}"))
        entries = memory.since(0)
        assert entries[0].text == "recording to set.flac ended" and len(entries) < 40
        (rest,) = [
            entry for entry in entries if entry.text.startswith("more messages than are shown")
        ]
        assert rest.times > 900

    def test_external_sources_get_at_most_half_of_the_entries(self, monkeypatch):
        memory = LogMemory()
        monkeypatch.setattr(memory._limit, "judge", lambda record: Verdict.SAID)
        for number in range(30):
            memory.emit(record("lost: %s", number))
        for number in range(300):
            memory.emit(wrong(1, f"/x{number}"))
        entries = memory.since(0)
        assert len(entries) == MAX_ENTRIES
        assert sum(not entry.source for entry in entries) == 30
        for number in range(300):
            memory.emit(record("%s is lost", number))
        assert sum(bool(entry.source) for entry in memory.since(0)) == MAX_ENTRIES // 2


def test_flood_of_wrong_packets_gives_a_few_lines():
    errors = io.StringIO()
    voice = Voice(None, errors)
    handler = LogHandler(voice)
    logging.getLogger().addHandler(handler)
    server = OscServer(port=0)
    try:
        server.start(Controls(namespace([])))
        for number in range(200):
            list(server.handle(build("/accxyz", number / 7), Client(("127.0.0.1", 9))))
            list(server.handle(build("/gain", f"loud {number}"), Client(("127.0.0.1", 9))))
            list(server.handle(build(f"/fader{number}", 1), Client(("127.0.0.1", 9))))
            list(server.handle(b"junk", Client(("127.0.0.1", 9))))
    finally:
        server.close()
        logging.getLogger().removeHandler(handler)
    assert voice.flush() and len(errors.getvalue().splitlines()) == FROM_SOURCE[0]
