"""A recording of the output shows the time at which a sample was played."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import soxr

from bridge.audio.speaker import SetupError
from bridge.bench import capture
from bridge.bench.capture import Capture, Heard, find_input
from musicrfm.errors import MusicRFMError

RATE, CARD = 32_000, 48_000


@pytest.fixture
def music() -> np.ndarray:
    """Ten seconds of notes that change every eighth of a second."""
    draw = np.random.default_rng(0)
    notes = [np.sin(2 * np.pi * hz / RATE * np.arange(4000)) for hz in draw.uniform(100, 900, 80)]
    return (0.3 * np.concatenate(notes)).astype(np.float32)


def heard(music: np.ndarray, late: float, began: float = 50.0) -> Heard:
    """The recording of a card that plays the music `late` seconds after the recording began."""
    silence = np.zeros(round(late * CARD), np.float32)
    audio = np.concatenate([silence, 0.5 * soxr.resample(music, RATE, CARD)])
    audio += 0.003 * np.random.default_rng(1).standard_normal(len(audio)).astype(np.float32)
    firsts = np.arange(0, len(audio), 256)
    jitter = np.random.default_rng(2).uniform(-0.002, 0.002, len(firsts))
    return Heard(audio, CARD, firsts, began + firsts / CARD + jitter)


@pytest.mark.parametrize("sample", [0, 1000, 100_000, 250_000])
def test_time_of_a_sample_is_found_in_the_recording(music, sample):
    one = heard(music, late=0.7)
    true = 50.0 + 0.7 + sample / RATE
    for expected in (true - 0.25, true, true + 0.25):
        assert one.time_of(music, RATE, sample, expected) == pytest.approx(true, abs=0.001)


def test_music_that_was_not_played_is_not_found(music):
    one = heard(music, late=0.7)
    other = music[::-1].copy()
    assert one.time_of(other, RATE, 100_000, 50.7 + 100_000 / RATE) is None
    assert one.time_of(0 * music, RATE, 100_000, 53.8) is None
    assert one.time_of(music, RATE, 100_000, 500.0) is None


@pytest.mark.parametrize(
    ("says", "then", "words"),
    [
        ("", "hang", "did not start"),  # as PortAudio does in a device that has gone away
        ("no line in", "end", "--capture Line: no line in"),
        ("ready", "hang", "recording was lost"),
        ("ready", "end", "recording was lost"),
    ],
)
def test_hanging_or_failing_capture_process_is_an_error(says, then, words, monkeypatch):
    code = f"import sys, time; print({says!r}, flush=True) if {says!r} else None\n"
    code += "time.sleep(60)" if then == "hang" else ""
    monkeypatch.setattr(capture, "START_SECONDS", 0.5)
    monkeypatch.setattr(capture, "FINISH_SECONDS", 0.5)
    monkeypatch.setattr(
        capture,
        "start",
        lambda *_: subprocess.Popen(
            [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ),
    )
    with pytest.raises(MusicRFMError, match=words):
        one = Capture("Line")
        try:
            one.finish()
        finally:
            one.close()


def test_unknown_input_is_an_error_that_lists_the_inputs():
    class System:
        @staticmethod
        def query_devices():
            return [
                {"name": "out", "index": 0, "max_input_channels": 0},
                {"name": "Line In", "index": 1, "max_input_channels": 2},
                {"name": "in", "index": 2, "max_input_channels": 1},
            ]

    assert find_input(System, "1")["name"] == "Line In"
    assert find_input(System, "in")["index"] == 2
    assert find_input(System, "line")["index"] == 1
    with pytest.raises(SetupError, match="1 'Line In', 2 'in'"):
        find_input(System, "out")


def test_failed_capture_gives_the_reason():
    with pytest.raises(MusicRFMError, match="--capture no such thing: "):
        Capture("no such thing")
