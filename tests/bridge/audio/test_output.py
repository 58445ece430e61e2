"""Outputs: their clocks, and the errors and retries when no sound can be played."""

from __future__ import annotations

import json
import os
import threading
import time
from collections import deque
from contextlib import suppress
from types import SimpleNamespace
from typing import ClassVar

import numpy as np
import pytest

from bridge.audio.output import (
    DeviceOutput,
    OutputUnavailable,
    PacedOutput,
    WallClock,
    _Speaker,
    describe,
)
from bridge.audio.speaker import read_messages
from musicrfm.errors import MusicRFMError
from tests.bridge.interrupting import raise_in

RATE = 32000
BLOCK = np.full((640, 1), 0.25, np.float32)


def test_wall_clock_stops_at_the_end_of_the_audio_and_notices_lateness():
    clock = WallClock(RATE)
    assert clock.position() == 0
    assert clock.write(0, 1600)
    assert 0 <= clock.position() < 800
    time.sleep(0.1)
    assert clock.position() == 1600
    assert not clock.write(1600, 1600)
    assert 1600 <= clock.position() < 2400  # lateness is not made up for by hurrying


def test_wall_clock_starts_after_the_prefill_and_counts_a_gap_once():
    clock = WallClock(RATE, lead=0.1)
    assert clock.write(0, 1280)
    time.sleep(0.1)
    assert clock.position() == 0 and clock.write(1280, 1280) and clock.lead == 0.1
    assert clock.write(2560, 1280) and clock.lead == 0.0  # enough: now it runs
    time.sleep(0.2)
    assert not clock.write(3840, 1280)
    time.sleep(0.1)
    assert clock.write(5120, 1280) and clock.position() == 3840


def test_wall_clock_counts_rewritten_samples_once():
    clock = WallClock(RATE, start=64_000)
    assert clock.position() == 64_000
    assert clock.write(64_000, 3200) and clock.write(64_640, 640)
    assert 64_000 <= clock.position() < 65_600
    time.sleep(0.15)
    assert clock.position() == 67_200


def test_paced_output_keeps_real_time_and_counts_underruns():
    output = PacedOutput(RATE, "a.flac", 0.05)
    for at in range(0, 5 * 640, 640):
        output.write(at, BLOCK)
    assert 0 <= output.position() < 1600
    time.sleep(0.15)
    output.write(5 * 640, BLOCK)
    assert output.underruns == 1
    output.close()


def test_fast_output_advances_with_each_block_and_has_no_underruns():
    output = PacedOutput(RATE, "none", fast=True)
    for at in range(0, 64_000, 640):
        output.write(at, BLOCK)
        assert output.position() == at + 640
    assert output.underruns == 0
    output.close()


def test_blocks_kept_for_a_new_speaker_include_the_rest_of_the_older_take():
    output = DeviceOutput.__new__(DeviceOutput)
    output._unsettled, output.position = deque(), lambda: 700
    for at in (0, 640, 1280, 1920, 2560, 1280):
        output._keep(at, BLOCK)
    assert [at for at, _ in output._unsettled] == [640, 1280, 1920, 2560]
    assert output._end == 3200


def test_position_follows_the_audio_while_the_output_closes():
    heard_at = []

    def finish(end, timeout):
        heard_at.append(output.position())
        return {}

    output = DeviceOutput.__new__(DeviceOutput)
    output._lock, output._closing = threading.Lock(), threading.Event()
    output._rate, output._newest = 32_000, 40_000
    output._lost_counts, output._margin, output._clock = {}, 0.0, WallClock(32_000)
    output._speaker = SimpleNamespace(position=lambda rate: 31_000, finish=finish)
    output._candidate = output._speaker
    output.close()
    assert len(heard_at) == 1 and 31_000 <= heard_at[0] <= 40_000
    assert 31_000 <= output.position() <= 40_000


def pretend(tmp_path, monkeypatch, source: str) -> None:
    """Put a `sounddevice` of our own before the real one, for the speaker process."""
    (tmp_path / "sounddevice.py").write_text(source, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    # The process looks for `bridge` first, then here; this folder has only the one module.


def test_missing_portaudio_is_an_error_that_names_the_fix(tmp_path, monkeypatch):
    pretend(tmp_path, monkeypatch, "raise OSError('PortAudio library not found')")
    output = DeviceOutput(None, 32000, 1, 0.2)
    with pytest.raises(OutputUnavailable, match="apt install libportaudio2"):
        output.open()
    output.close()


NO_DEVICES = """
class PortAudioError(Exception): pass
def query_devices(): return []
"""

ONE_DEVICE = """
class PortAudioError(Exception): pass
def query_devices(): return [{"index": 0, "name": "Built-in", "max_output_channels": 2}]
"""


def test_missing_device_is_an_error_that_names_the_fix(tmp_path, monkeypatch):
    pretend(tmp_path, monkeypatch, NO_DEVICES)
    output = DeviceOutput(None, 32000, 1, 0.2)
    with pytest.raises(OutputUnavailable, match="connect one"):
        output.open()
    output.close()


def test_unknown_device_is_an_error_not_a_fallback(tmp_path, monkeypatch):
    pretend(tmp_path, monkeypatch, ONE_DEVICE)
    output = DeviceOutput("Scarlett", 32000, 1, 0.2)
    with pytest.raises(MusicRFMError, match="'Scarlett'; there are: 0 'Built-in'") as info:
        output.open()
    assert not isinstance(info.value, OutputUnavailable)
    output.close()


def test_speaker_process_that_exits_at_once_makes_the_output_unavailable(tmp_path, monkeypatch):
    pretend(tmp_path, monkeypatch, "import os; os._exit(3)")
    output = DeviceOutput(None, 32000, 1, 0.2)
    with pytest.raises(OutputUnavailable, match="does not answer"):
        output.open()
    output.close()


def hello(**told) -> dict:
    usual = {"name": "Card", "rate": 48000.0, "channels": 2, "outputs": [1, 2], "cue": []}
    return {**usual, **told}


def test_description_names_the_chosen_outputs():
    assert describe(hello()) == "Card (2 × 48000 Hz)"
    chosen = hello(outputs=[3, 4], channels=4, rate=44100.0)
    assert describe(chosen) == "Card (outputs 3, 4; 44100 Hz)"
    assert describe(hello(outputs=[2])) == "Card (output 2; 48000 Hz)"
    assert describe(hello(cue=[3, 4])) == "Card (outputs 1, 2; cue 3, 4; 48000 Hz)"


def test_faults_in_blocks_are_logged_once(caplog):
    output = DeviceOutput(None, RATE, 1, 0.2)
    for at in range(0, 6400, 640):
        output.write(at, np.full((640, 1), np.nan, np.float32))
    output.write(6400, np.full((640, 2), 0.5, np.float32))
    assert len(caplog.records) == 2 and "not finite" in caplog.records[0].message
    output.close()


class FakeSpeaker:
    """A fake speaker process; `greets` holds its first answer, or an exception to raise."""

    made: ClassVar[list[FakeSpeaker]] = []
    greets: ClassVar[deque] = deque()

    def __init__(self, config, wait):
        self.config, self.latest, self.end = dict(config), {}, ""
        self.lives, self.killed, self.sent = True, False, []
        self.made.append(self)
        self._greets = self.greets.popleft() if self.greets else "open"
        if isinstance(self._greets, BaseException):
            raise self._greets

    def hello(self):
        if self._greets != "open":
            return self._greets
        return hello(state="open", exact="Card, ASIO", latency=0.01)

    def alive(self):
        return self.lives

    def begin(self, at):
        self.began = at

    def send(self, at, audio):
        self.sent.append((at, audio))

    def position(self, rate):
        return 0

    def finish(self, end, timeout):
        return {}

    def kill(self):
        self.killed = True


@pytest.fixture
def speakers(monkeypatch):
    FakeSpeaker.made, FakeSpeaker.greets = [], deque()
    monkeypatch.setattr("bridge.audio.output._Speaker", FakeSpeaker)
    monkeypatch.setattr("bridge.audio.output.PAUSE", 0.01)
    monkeypatch.setattr("bridge.audio.output.LONGEST_PAUSE", 0.02)
    return FakeSpeaker


def until(condition) -> None:
    deadline = time.monotonic() + 5.0
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.005)


def test_lost_speaker_process_is_restarted_until_it_opens(speakers, caplog):
    caplog.set_level("INFO")
    output = DeviceOutput("card", RATE, 1, 0.2)
    output.open()
    output.write(0, np.repeat(BLOCK, 100, 0))
    failures = [OSError(24, "Too many open files"), MemoryError(), SystemExit(1), None]
    speakers.greets.extend([*failures, {"state": "error", "kind": "crash"}])
    speakers.made[0].lives = False
    until(lambda: output._speaker and len(speakers.made) == 7)
    assert output.lost_times == 1 and 0 <= speakers.made[-1].sent[0][0] < RATE
    assert all(one.killed for one in speakers.made[:1] + speakers.made[4:6])
    assert speakers.made[-1].config["device"] == "Card, ASIO"  # whatever number it has now
    said = [record.getMessage() for record in caplog.records]
    assert "Too many open files" in said[1] and "MemoryError" in said[2] and "back" in said[-1]
    output.close()


def test_device_connected_after_start_is_used(speakers, caplog):
    speakers.greets.extend([{"state": "error", "kind": "no-device"}, None])
    output = DeviceOutput(None, RATE, 1, 0.2)
    with pytest.raises(OutputUnavailable) as info:
        output.open()
    assert info.value.may_come
    output.wait("session.flac")
    output.write(0, BLOCK)
    assert output.description == "session.flac"
    until(lambda: output._speaker)
    assert output.lost_times == 0 and output.description == "Card (2 × 48000 Hz)"
    until(lambda: "an audio output is available now: Card" in caplog.text)
    output.close()


def test_failure_to_start_the_speaker_process_is_output_unavailable(speakers):
    speakers.greets.append(OSError(12, "Cannot allocate memory"))
    output = DeviceOutput(None, RATE, 1, 0.2)
    with pytest.raises(OutputUnavailable, match="Cannot allocate memory"):
        output.open()
    output.close()


class Piped:
    """A fake `Popen` of a speaker process: keeps the sent audio, and `say` sends a message."""

    def __init__(self) -> None:
        said, self.says = os.pipe()
        taken, given = os.pipe()
        self.stdout, self.stdin = open(said, "rb"), open(given, "wb")  # noqa: SIM115
        self.sent = open(taken, "rb")  # noqa: SIM115

    def say(self, **message) -> None:
        os.write(self.says, json.dumps(message).encode() + b"\n")

    def kill(self) -> None:
        with suppress(OSError):
            os.close(self.says)

    def wait(self, timeout: float) -> None:
        pass


def test_exceptions_in_the_speaker_threads_lose_no_block_and_no_speaker(monkeypatch):
    process = Piped()
    monkeypatch.setattr("bridge.audio.output.start", lambda *_: process)
    before = set(threading.enumerate())
    speaker = _Speaker({}, wait=False)
    threads = set(threading.enumerate()) - before
    process.say(**hello(state="open"))
    assert speaker.hello()["state"] == "open"
    for number in range(60):
        for thread in threads:
            raise_in(thread, KeyboardInterrupt)
        speaker.send(640 * number, BLOCK[:64])  # a pipe holds them all
        process.say(position=number, playing=False, time=0.0)
        time.sleep(0.005)
    until(lambda: not speaker._outbox)
    process.say(position=1234, playing=False, time=0.0)
    until(lambda: speaker.latest.get("position") == 1234)
    assert speaker.alive()
    speaker.kill()
    blocks = list(dict.fromkeys(at for _, at, _ in read_messages(process.sent)))
    assert blocks == list(range(0, 60 * 640, 640))
    assert all(not thread.is_alive() for thread in threads)
