"""Outputs: their clocks, and what happens where no sound can be played."""

from __future__ import annotations

import threading
import time
from collections import deque
from types import SimpleNamespace

import numpy as np
import pytest

from bridge.output import DeviceOutput, OutputUnavailable, PacedOutput, WallClock
from musicrfm.errors import MusicRFMError

RATE = 32000
BLOCK = np.full((640, 1), 0.25, np.float32)


def test_the_wall_clock_runs_down_and_notices_lateness():
    clock = WallClock(RATE)
    assert clock.position() == 0
    assert clock.write(0, 1600)
    assert 0 <= clock.position() < 800
    time.sleep(0.1)
    assert clock.position() == 1600
    assert not clock.write(1600, 1600)
    assert 1600 <= clock.position() < 2400  # lateness is not made up for by hurrying


def test_the_wall_clock_begins_when_there_is_enough_and_a_gap_counts_once():
    clock = WallClock(RATE, lead=0.1)
    assert clock.write(0, 1280)
    time.sleep(0.1)
    assert clock.position() == 0 and clock.write(1280, 1280) and clock.lead == 0.1
    assert clock.write(2560, 1280) and clock.lead == 0.0  # enough: now it runs
    time.sleep(0.2)
    assert not clock.write(3840, 1280)
    time.sleep(0.1)
    assert clock.write(5120, 1280) and clock.position() == 3840


def test_the_wall_clock_does_not_count_what_is_written_again():
    clock = WallClock(RATE, start=64_000)
    assert clock.position() == 64_000
    assert clock.write(64_000, 3200) and clock.write(64_640, 640)
    assert 64_000 <= clock.position() < 65_600
    time.sleep(0.15)
    assert clock.position() == 67_200


def test_real_time_is_kept_and_lateness_counted():
    output = PacedOutput(RATE, "a.flac", 0.05)
    for at in range(0, 5 * 640, 640):
        output.write(at, BLOCK)
    assert 0 <= output.position() < 1600
    time.sleep(0.15)
    output.write(5 * 640, BLOCK)
    assert output.underruns == 1
    output.close()


def test_fast_is_never_ahead():
    output = PacedOutput(RATE, "none", fast=True)
    for at in range(0, 64_000, 640):
        output.write(at, BLOCK)
        assert output.position() == at + 640
    assert output.underruns == 0
    output.close()


def test_what_a_new_speaker_would_get_has_older_takes_behind_the_newest():
    output = DeviceOutput.__new__(DeviceOutput)
    output._unsettled, output.position = deque(), lambda: 700
    for at in (0, 640, 1280, 1920, 2560, 1280):
        output._keep(at, BLOCK)
    assert [at for at, _ in output._unsettled] == [640, 1280, 1920, 2560]
    assert output._end == 3200


def test_while_it_closes_it_is_where_the_sound_is():
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


def test_without_portaudio_the_fix_is_named(tmp_path, monkeypatch):
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


def test_without_a_device_the_fix_is_named(tmp_path, monkeypatch):
    pretend(tmp_path, monkeypatch, NO_DEVICES)
    output = DeviceOutput(None, 32000, 1, 0.2)
    with pytest.raises(OutputUnavailable, match="plug one in"):
        output.open()
    output.close()


def test_a_device_that_is_not_there_is_an_error_not_a_fallback(tmp_path, monkeypatch):
    pretend(tmp_path, monkeypatch, ONE_DEVICE)
    output = DeviceOutput("Scarlett", 32000, 1, 0.2)
    with pytest.raises(MusicRFMError, match="'Scarlett'; there are: 0 'Built-in'") as info:
        output.open()
    assert not isinstance(info.value, OutputUnavailable)
    output.close()


def test_a_speaker_that_dies_at_once_is_no_output(tmp_path, monkeypatch):
    pretend(tmp_path, monkeypatch, "import os; os._exit(3)")
    output = DeviceOutput(None, 32000, 1, 0.2)
    with pytest.raises(OutputUnavailable, match="does not answer"):
        output.open()
    output.close()
