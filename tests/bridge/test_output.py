"""Outputs: their clocks, and what happens where no sound can be played."""

from __future__ import annotations

import time

import numpy as np
import pytest
import soundfile

from bridge.output import DeviceOutput, OutputUnavailable, PacedOutput, WallClock
from bridge.recorder import Recorder
from musicrfm.errors import MusicRFMError

BLOCK = np.full((640, 1), 0.25, np.float32)


def test_the_wall_clock_runs_down_and_notices_lateness():
    clock = WallClock()
    assert clock.ahead() == 0.0
    assert clock.write(0.05)
    assert 0.0 < clock.ahead() <= 0.05
    time.sleep(0.1)
    assert clock.ahead() < 0.0
    assert not clock.write(0.05)
    assert 0.03 < clock.ahead() <= 0.05  # lateness is not made up for by hurrying


def test_the_wall_clock_begins_when_there_is_enough_and_a_gap_counts_once():
    clock = WallClock(lead=0.1)
    assert clock.write(0.04)
    time.sleep(0.1)
    assert clock.ahead() == 0.04 and clock.write(0.04)
    assert clock.write(0.04)  # enough: now it runs
    time.sleep(0.2)
    assert not clock.write(0.04)
    time.sleep(0.1)
    assert clock.write(0.04) and clock.ahead() == 0.08


def test_a_file_is_paced_counted_and_written(tmp_path):
    output = PacedOutput(32000, Recorder(tmp_path / "a.flac", 32000, 1), "a.flac", 0.05)
    for _ in range(5):
        output.write(BLOCK)
    assert 0.05 < output.ahead() <= 0.1
    time.sleep(0.15)
    output.write(BLOCK)
    assert output.underruns == 1
    output.close()
    assert soundfile.info(tmp_path / "a.flac").frames == 6 * 640


def test_fast_is_never_ahead():
    output = PacedOutput(32000, None, "none", fast=True)
    for _ in range(100):
        output.write(BLOCK)
    assert output.ahead() == 0.0 and output.underruns == 0
    output.close()


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
