"""Exceptions anywhere, once or always: the music continues, and the error is logged once."""

from __future__ import annotations

import json
import socket
import sys
import threading
import time
import urllib.request
from contextlib import suppress
from types import SimpleNamespace

import numpy as np
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from bridge.audio.output import PacedOutput
from bridge.clock import transport
from bridge.clock.transport import Follow, LinkTransport
from bridge.controls.controls import Controls, namespace
from bridge.engine import Engine
from bridge.engine.applier import Applier
from bridge.engine.frame import FrameMaker
from bridge.engine.levels import Levels
from bridge.engine.overload import Strain
from bridge.engine.takes import Takes
from bridge.engine.watchdog import Watchdog
from bridge.meters import Meters
from bridge.network.discovery import Announcement
from bridge.network.serving import Serving, listen
from bridge.osc.packets import build
from bridge.osc.server import OscServer
from bridge.process.awake import Watch
from bridge.process.threads import Guard, supervised
from bridge.recording.log import ControlLog
from bridge.recording.recorder import Recorder
from tests.bridge.clock.test_transport import FakeLink, until
from tests.bridge.interrupting import raise_in
from tests.bridge.tones import FRAME, RATE, Collector, ToneStream, largest_step

STEERS = {"/steer/note_C": "note_C"}
STEP = 2 * 0.5 * 2 * np.pi * 440 / RATE
# Exceptions raised in a thread; only the first is tried in every run.
INTERRUPTIONS = [
    RuntimeError,
    pytest.param(SystemExit, marks=pytest.mark.slow),
    pytest.param(KeyboardInterrupt, marks=pytest.mark.slow),
]
ERRORS = [RuntimeError, MemoryError, SystemExit, KeyboardInterrupt, StopIteration, OSError]


# If one of these always fails there is no sound, or no recording; the set continues anyway.
SILENT_FOR_GOOD = ("stream", "levelling", "write", "settling", "recorder", "position")


class Kept:
    """A recorder in memory."""

    def __init__(self) -> None:
        self.blocks: list[np.ndarray] = []
        self.closed = False

    def write(self, audio: np.ndarray) -> None:
        self.blocks.append(audio)

    def close(self) -> None:
        self.closed = True


class Log:
    """A control log in memory."""

    def __init__(self) -> None:
        self.changes: list[object] = []
        self.samples: int | None = None

    def write(self, number: int, first: int, changes: tuple) -> None:
        self.changes += changes

    def close(self, samples: int | None = None) -> None:
        self.samples = samples


def make(seconds: float = 1.0):
    stream, controls = ToneStream(), Controls(namespace(["note_C"]))
    output, first, second, log = Collector(), Kept(), Kept(), Log()
    strain = Strain(controls, 1.5)
    settings = {"recorders": (first, second), "control_log": log, "strain": strain}
    engine = Engine(stream, controls, output, STEERS, seconds=seconds, **settings)
    for frame in (5, 15, 25):
        output.hooks[frame] = lambda frame=frame: controls.set("/steer/note_C", frame / 50)
    return engine


PARTS = {
    "apply": (Applier, "follow", None),
    "curtain": (FrameMaker, "_move_curtain", None),
    "going back": (Engine, "_rewind", None),
    "settling": (Engine, "_settle", None),
    "comparing": (Takes, "compare", None),
    "levelling": (Levels, "apply", None),
    "state": (ToneStream, "state", property),
    "stream": (ToneStream, "__next__", None),
    "restart": (ToneStream, "restart", None),
    "strain": (Strain, "look", None),
    "write": (Collector, "write", None),
    "position": (Collector, "position", None),
    "closing": (Collector, "close", None),
    "recorder": (Kept, "write", None),
    "log": (Log, "write", None),
    "snapshot": (Controls, "snapshot", None),
}


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize(
    ("always", "error"), [(False, RuntimeError), (False, KeyboardInterrupt), (True, MemoryError)]
)
def test_no_failing_part_of_the_engine_ends_the_set(monkeypatch, part, error, always):
    owner, name, kind = PARTS[part]
    engine = make()
    raised = []
    original = getattr(owner, name) if kind is None else getattr(owner, name).fget

    def broken(self, *arguments):
        if engine.maker.frames >= 10 and (always or not raised):
            raised.append(part)
            raise error("boom")
        return original(self, *arguments)

    monkeypatch.setattr(owner, name, property(broken) if kind else broken)
    if part == "restart":
        engine.stream.broken = {20}
    told: list[str] = []
    engine.controls.on_error(lambda message, source: told.append(message))
    engine.start()
    assert engine.join(20.0) and engine.failure is None and engine.ended
    output, (first, second), log = engine.output, engine.recorders, engine.keeper.control_log
    assert engine.audio_seconds == 1.0
    assert first.closed and second.closed and log.samples == RATE
    if part not in ("snapshot", "comparing"):
        assert sum("boom" in message for message in told) <= 2 and told
    if part not in (
        ("stream", "levelling", "write", "settling", "recorder", "position") if always else ()
    ):
        blocks = first.blocks if part != "recorder" else second.blocks
        assert len(np.concatenate(blocks)) == len(output.audio) == RATE
        audio = output.audio[-20 * FRAME : -16 * FRAME]
        assert np.abs(audio).max() == pytest.approx(0.5, abs=0.02)  # the music goes on
        assert largest_step(output.audio) < 2 * STEP


def test_failing_recorder_does_not_affect_the_others(monkeypatch):
    engine = make()
    first, second = engine.recorders
    monkeypatch.setattr(first, "write", lambda audio: 1 / 0, raising=False)
    engine.start()
    assert engine.join(20.0)
    assert len(np.concatenate(second.blocks)) == RATE
    (count,) = engine.guard.faults.values()
    assert count == 50


def test_change_that_failed_is_applied_later(monkeypatch):
    engine = make()
    original, failed = Applier.follow, []

    def broken(self, changes):
        if engine.maker.frames >= 5 and len(failed) < 3:
            failed.append(1)
            raise RuntimeError("boom")
        return original(self, changes)

    monkeypatch.setattr(Applier, "follow", broken)
    engine.start()
    assert engine.join(20.0)
    assert engine.stream.steering.values["note_C"] == 0.5


def test_failing_script_ends_the_set_with_a_fade():
    stream, controls, output = ToneStream(), Controls(namespace(["note_C"])), Collector()

    def script(frame: int) -> None:
        if frame == 20:
            raise ValueError("odd")

    engine = Engine(stream, controls, output, STEERS, script=script)
    engine.start()
    assert engine.join(10.0) and isinstance(engine.failure, ValueError)
    assert largest_step(output.audio) < STEP and abs(output.audio[-1, 0]) < 1e-3


# ---- threads ----


@pytest.mark.parametrize("error", ERRORS)
def test_supervised_thread_restarts_after_an_exception(error, caplog):
    over, calls = threading.Event(), []

    def work() -> None:
        calls.append(1)
        if len(calls) < 4:
            raise error("boom")

    thread = supervised("worker", work, over)
    thread.start()
    thread.join(10.0)
    assert not thread.is_alive() and len(calls) == 4
    assert [record.getMessage() for record in caplog.records] == [
        f"worker failed and restarts ({error.__name__}: boom)"
    ]


def test_supervised_thread_that_always_raises_ends_on_request():
    over = threading.Event()
    thread = supervised("worker", lambda: 1 / 0, over)
    thread.start()
    time.sleep(0.2)
    assert thread.is_alive()
    over.set()
    thread.join(2.0)
    assert not thread.is_alive()


def test_guard_reports_each_error_type_once_and_counts_it():
    told = []
    guard = Guard(lambda words, error: told.append(words))
    for _ in range(5):
        assert guard("it failed", lambda: 1 / 0) is None
    assert guard("it failed", lambda: [][0]) is None
    assert guard("it failed", lambda: 3) == 3
    assert told == [
        "it failed (ZeroDivisionError: division by zero)",
        "it failed (IndexError: list index out of range)",
    ]
    assert sorted(guard.faults.values()) == [1, 5]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.filterwarnings("ignore:coroutine 'BaseEventLoop:RuntimeWarning")
@pytest.mark.parametrize("error", INTERRUPTIONS)
def test_bridge_survives_exceptions_in_every_thread(error, tmp_path, caplog):
    stream, controls = ToneStream(), Controls(namespace(["note_C"]))
    output = PacedOutput(RATE, "nowhere", 0.3)
    before = set(threading.enumerate())
    meters, kept = Meters(RATE), Kept()
    recorder = Recorder(tmp_path / "set.wav", RATE, 1)
    log = ControlLog(tmp_path / "set.jsonl", {}, RATE)
    settings = {"recorders": (meters, kept, recorder), "control_log": log}
    engine = Engine(stream, controls, output, STEERS, lookahead=0.3, seconds=4.0, **settings)
    server = OscServer(port=0)
    page = listen("127.0.0.1", 0)
    app = Starlette(routes=[Route("/", lambda request: PlainTextResponse("here"))])
    serving = Serving(app, page, "page", http="h11")
    parts = [meters, Watch(), Watchdog(engine), server, serving]
    engine.start()
    meters.start(engine)
    server.start(controls, meters)
    for part in parts[1:3]:
        part.start()
    # A recorder's "sync" comes and goes.
    threads = {one for one in set(threading.enumerate()) - before if one.name != "sync"}
    names = {thread.name for thread in threads}
    assert names == {
        *("engine", "meters", "awake", "watchdog", "recorder", "control-log"),
        *("osc", "osc-feedback", "page"),
    }
    try:
        time.sleep(1.0)
        for _ in range(8):
            for thread in threads:
                raise_in(thread, error)
            time.sleep(0.05)
        assert all(thread.is_alive() for thread in threads)
        assert engine.join(15.0) and engine.ended
        assert len(np.concatenate(kept.blocks)) == 4 * RATE
        assert meters.read().seconds > 3.0
        assert json.loads((tmp_path / "set.jsonl").read_text().splitlines()[-1]) == {
            "end": 4 * RATE
        }
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(5.0)
            client.sendto(build("/ping"), (server.host, server.port))
            assert client.recv(100).startswith(b"/pong")
        url = f"http://127.0.0.1:{page.getsockname()[1]}/"
        assert urllib.request.urlopen(url, timeout=10.0).read() == b"here"
    finally:
        for part in parts:
            part.close()


# An exception ends the thread of Zeroconf.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("error", INTERRUPTIONS)
def test_exceptions_in_link_and_announcement_do_not_disturb_a_set(error, monkeypatch, caplog):
    monkeypatch.setitem(sys.modules, "aalink", SimpleNamespace(Link=FakeLink))
    monkeypatch.setattr(transport, "JOIN_SECONDS", 0.01)
    controls, output = Controls(namespace(["note_C"])), PacedOutput(RATE, "nowhere", 0.3)
    kept = Kept()
    engine = Engine(ToneStream(), controls, output, STEERS, lookahead=0.3, recorders=[kept])
    before = set(threading.enumerate())
    link = LinkTransport()
    follow = Follow(link, controls, tempo=True)
    follow.start()
    announcement = Announcement("127.0.0.1", {"_osc._udp": 9})
    engine.start()
    until(lambda: FakeLink.made[-1].enabled and announcement.announced.wait(20.0))
    threads = set(threading.enumerate()) - before - {engine.thread}
    assert {"link", "transport"} <= {thread.name for thread in threads} and len(threads) > 2
    ours = {one for one in threads if "_run_loop" not in one.name}
    for turn in range(20):
        for thread in ours if turn else threads:
            if thread.is_alive():
                raise_in(thread, error)
        for loop in (link._loop, announcement._zeroconf.loop):
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(time.monotonic)  # otherwise the loop would sleep for ever
        time.sleep(0.05)
    until(lambda: FakeLink.made[-1].enabled)
    FakeLink.made[-1].num_peers, FakeLink.made[-1].tempo = 1, 93.0
    until(lambda: controls.get("/tempo/target") == 93.0)
    began = time.monotonic()
    for part in (announcement, follow, link):
        part.close()
    assert time.monotonic() - began < 10.0 and not announcement._zeroconf.loop.is_running()
    assert not link._thread.is_alive()
    assert engine.running and engine.failure is None
    engine.stop()
    assert engine.join(20.0)
    audio = np.concatenate(kept.blocks)
    assert np.abs(audio[RATE // 2 : RATE]).max() == pytest.approx(0.5, abs=0.02)
    assert sum("joined again" in record.getMessage() for record in caplog.records) == 1
    assert FakeLink.made[-1].enabled is False
