"""On stage: a real server, real packets, real knobs, and a sound card that goes away.

What is played is recorded from the other side of the JACK server, as an audience would hear it.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr

from tests.live.stage import RATE, Bridge, Jack

pytestmark = [pytest.mark.needs("jackd", "portaudio", "oscsend", "posix"), pytest.mark.slow]

HERE = Path(__file__).resolve().parent
LISTEN = 6.0  # seconds of music to judge by
SETTLE = 2.0  # from turning a knob until the music has followed


class Knob:
    """A controller with one knob, in the tests' JACK server while it is plugged in."""

    RIG = (
        'midi_port = "test knob"\n'
        '[[midi]]\ncc = 21\nchannel = 1\nto = "/steer/note_C"\nrange = [0, 1]\n'
    )

    def __init__(self, jack) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / "knob.py"), "test knob"],
            env=jack.env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout.readline() == "ready\n"

    def turn(self, value: int) -> None:
        time.sleep(0.5)  # JACK makes new connections in its own time
        self.process.stdin.write(f"21 {value}\n")
        self.process.stdin.flush()

    def pull_out(self) -> None:
        self.process.kill()
        self.process.communicate()


def test_a_midi_knob_changes_what_is_heard_and_is_found_again(jack, play, instrument, tmp_path):
    (tmp_path / "rig.toml").write_text(Knob.RIG, encoding="utf-8")
    bridge = play("--rig", "rig.toml")
    knob = Knob(jack)
    bridge.wait_for("MIDI: listening to .*test knob")
    before = jack.record(LISTEN)
    knob.turn(127)
    time.sleep(SETTLE)
    after = jack.record(LISTEN)
    instrument.assert_turned(before, after)
    knob.pull_out()
    bridge.wait_for("MIDI: .*test knob.* is disconnected")
    knob = Knob(jack)
    bridge.wait_for("MIDI: listening to .*test knob")
    knob.turn(0)
    time.sleep(1.0)
    knob.pull_out()
    stats = bridge.end()
    assert stats["control_changes_applied"] - stats["degraded"] == 2


def test_the_sound_card_goes_away_and_comes_back_while_the_music_goes_on(jack, play, tmp_path):
    (tmp_path / "rig.toml").write_text(Knob.RIG, encoding="utf-8")
    bridge = play("--record", "set.flac", "--rig", "rig.toml")
    began = time.monotonic()
    knob = Knob(jack)
    bridge.wait_for("MIDI: listening to .*test knob")
    assert np.abs(jack.record(1.0)).max() > 0.0
    jack.kill()  # and with it the MIDI system that the knob is plugged into
    bridge.wait_for("the audio output is gone")
    bridge.send("/gain", "f", "-6")  # it still listens, and still plays
    knob.pull_out()
    time.sleep(1.0)
    jack.start()
    bridge.wait_for("the audio output is back")
    heard = jack.record(2.0)
    knob = Knob(jack)
    bridge.wait_for("MIDI: listening to .*test knob")
    knob.turn(64)
    time.sleep(1.0)
    knob.pull_out()
    elapsed = time.monotonic() - began
    stats = bridge.end()
    assert np.abs(heard).max() > 0.0
    assert "keep up" not in "".join(bridge.output)  # what was made ahead is still there
    assert stats["device_lost"] == 1
    assert stats["control_changes_applied"] - stats["degraded"] == 2
    audio, rate = soundfile.read(tmp_path / "set.flac")
    assert len(audio) / rate == stats["audio_seconds"]
    # The clock ran on at real-time pace through all of it.
    assert elapsed - 1.5 < stats["audio_seconds"] < elapsed + 3.0, "".join(bridge.output)


def test_an_underrun_is_counted_and_is_silence_between_fades(jack, play):
    bridge = play("--lookahead", "500")

    def stumble() -> None:
        time.sleep(1.5)
        bridge.process.send_signal(signal.SIGSTOP)
        time.sleep(2.0)  # longer than the lookahead, even if it has grown
        bridge.process.send_signal(signal.SIGCONT)

    stumbling = threading.Thread(target=stumble)
    stumbling.start()
    audio = jack.record(5.0)
    stumbling.join()
    stats = bridge.end()
    assert stats["underruns"] >= 1  # a busy machine may add its own
    start, end = longest_silence(audio)
    assert (end - start) / RATE > 0.3
    near, edge = round(0.05 * RATE), round(0.001 * RATE)
    # The fades take 10 ms: in the last one next to the gap hardly anything is left.
    for side in (audio[start - near : start], audio[end : end + near][::-1]):
        assert np.abs(side[-edge:]).max() < 0.2 * np.abs(side).max()


def test_stopping_fades_and_nothing_comes_after_it(jack, play):
    bridge = play()
    stopping = threading.Timer(2.0, lambda: bridge.process.send_signal(signal.SIGINT))
    stopping.start()
    audio = jack.record(5.0)  # which begins when the listener has started: up to 2 s later
    bridge.end()
    heard = np.flatnonzero(np.abs(audio) > 1e-4)
    assert 0.1 < (heard[-1] + 1) / RATE < 3.2  # not what was made ahead, 1.5 s of it
    assert np.abs(audio[heard[-1] - RATE // 100 :]).max() < 0.1 * np.abs(audio).max()


def test_music_and_cue_are_heard_on_the_outputs_that_were_chosen(jack, play):
    chosen = ("--output", "sys, JACK", "--channels", "4,3", "--cue", "7")
    bridge = play(*chosen)
    bridge.send("/gain", "f", "-6")
    bridge.send("/cue/gain", "f", "-18")
    time.sleep(0.5)
    heard = jack.record(2.0, channels=7)  # as many as there are up to the last one
    bridge.send("/gain", "f", "-60")
    time.sleep(0.5)
    alone = jack.record(1.0, channels=7)
    stats = bridge.end()
    assert stats["output"] == "system (outputs 4, 3; cue 7; 48000 Hz)"
    assert set(np.flatnonzero(heard.any(axis=0)) + 1) == {3, 4, 7}
    if np.abs(heard[:, 3]).max() < 0.37:  # which no limiter bends, even with 6 dB more
        np.testing.assert_array_equal(heard[:, 2], heard[:, 3])
        np.testing.assert_allclose(heard[:, 6], 10**-0.6 * heard[:, 3], atol=1e-5)
    assert set(np.flatnonzero(alone.any(axis=0)) + 1) == {7}
    assert stats["device_lost"] == 0


def test_an_output_that_the_card_has_not_is_told_with_how_many_it_has(jack, instrument, tmp_path):
    command = [sys.executable, "-m", "bridge", "play", "--model", instrument.model]
    done = subprocess.run(
        [*command, "--channels", "8,9", "--osc-port", "0"],
        env=jack.env,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 2
    assert "'system' has 8 outputs, and output 9 was requested" in done.stderr


@pytest.mark.parametrize("rate", [44100, 96000])
def test_a_card_that_stands_at_another_rate_plays_the_same_music(rate, instrument, tmp_path):
    server = Jack(rate, period=1024)
    server.start()
    try:
        words = ("piano melody", "--model", instrument.model, "--record", "set.flac")
        bridge = Bridge(server.env, tmp_path, *words)
        heard = server.record(2.0)
        stats = bridge.end()
    finally:
        server.stop()
    assert stats["output"] == f"system (2 × {rate} Hz)"
    music, at = soundfile.read(tmp_path / "set.flac", dtype="float32", always_2d=True)
    # However busy the computer is, some parts hold no seam where a late block was left out.
    assert alike(soxr.resample(heard, rate, at), music[:, 0]) > 0.95
    assert alike(soxr.resample(heard, rate, 1.09 * at), music[:, 0]) < 0.9


def alike(heard: np.ndarray, music: np.ndarray, parts: int = 20) -> float:
    """How like tenths of a second are to what each is most like in the music, 1 being the same.

    Of the best fifth of them, the worst.
    """
    found = []
    for part in heard[: len(heard) // parts * parts].reshape(parts, -1):
        energy = np.convolve(music**2, np.ones(len(part)), "valid") * (part @ part)
        found.append((np.correlate(music, part, "valid") / np.sqrt(energy + 1e-9)).max())
    return float(np.sort(found)[-parts // 5])


def test_a_card_and_a_bridge_that_slept_go_on_as_if_nothing_had_been(jack, play):
    bridge = play("--record", "set.flac")
    time.sleep(1.0)
    jack.freeze()
    bridge.freeze()
    time.sleep(6.0)  # longer than a device or a process may say nothing
    jack.thaw()
    bridge.thaw()
    bridge.wait_for("slept for 6 s")
    assert np.abs(jack.record(2.0)).max() > 0.0
    stats = bridge.end()
    assert stats["device_lost"] == stats["underruns"] == 0
    said = "".join(bridge.output)
    assert "gone" not in said and "ran low" not in said
    audio, rate = soundfile.read(bridge.folder / "set.flac")
    assert len(audio) / rate == stats["audio_seconds"] < stats["wall_seconds"] - 3.0


def test_a_card_that_comes_after_the_start_is_found_and_plays(jack, play, tmp_path):
    jack.kill()
    bridge = play()
    assert "output: session.flac\n" in bridge.output
    jack.start()
    bridge.wait_for("an audio output is available now: system")
    heard = jack.record(1.0)
    stats = bridge.end()
    assert np.abs(heard).max() > 0.0 and stats["device_lost"] == 0
    audio, rate = soundfile.read(tmp_path / "session.flac")
    assert len(audio) / rate == stats["audio_seconds"]


def test_an_audio_process_that_dies_is_replaced(jack, play):
    bridge = play()
    look = ["pgrep", "-P", str(bridge.process.pid), "-f", "bridge.audio.speaker"]
    speaker = subprocess.run(look, capture_output=True, text=True, check=True).stdout
    os.kill(int(speaker), signal.SIGKILL)
    bridge.wait_for("the audio output is gone")
    bridge.wait_for("the audio output is back")
    heard = jack.record(1.0)
    assert np.abs(heard).max() > 0.0 and bridge.end()["device_lost"] == 1


def longest_silence(audio: np.ndarray) -> tuple[int, int]:
    """Where the longest run of zeros begins and ends."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], audio == 0.0, [0]]).astype(int)))
    runs = edges.reshape(-1, 2)
    start, end = runs[np.argmax(runs[:, 1] - runs[:, 0])]
    return int(start), int(end)


def test_twenty_changes_a_second_cause_no_underrun(jack, play):
    bridge = play()
    for step in range(160):
        bridge.send("/steer/note_C", "f", f"{step % 20 / 20:.2f}")
        time.sleep(0.04)
    stats = bridge.end()
    assert stats["underruns"] == 0
    assert stats["control_changes_received"] - stats["degraded"] == 160


def test_the_way_from_knob_to_ear_is_measured_on_what_is_heard(jack, instrument, tmp_path):
    numbers = tmp_path / "knob.json"
    words = ["bench", "knob", "--model", instrument.model, "--changes", "4"]
    done = subprocess.run(
        [sys.executable, "-m", "bridge", *words, "--capture", "PortAudio", "--json", numbers],
        env=jack.env,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(numbers.read_text())
    row = dict(zip(told["columns"], told["rows"][0], strict=True))
    assert row["heard by"] == "recording" and row["changes"] >= 2
    assert all(0.02 < delay < 1.5 for delay in told["data"]["delays"])
    by_the_engine = [turn["delay"] for turn in told["data"]["turns"]]
    assert abs(np.median(told["data"]["delays"]) - np.median(by_the_engine)) < 0.05


def test_a_named_device_that_is_not_there_is_an_error(jack, instrument, tmp_path):
    command = [sys.executable, "-m", "bridge", "play", "--model", instrument.model]
    done = subprocess.run(
        [*command, "--output", "Scarlett", "--osc-port", "0"],
        env=jack.env,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 2
    assert "'Scarlett'; there are: 0 'system'" in done.stderr


def test_devices_lists_the_server_and_the_knob(jack):
    done = subprocess.run(
        [sys.executable, "-m", "bridge", "devices"],
        env=jack.env,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0
    assert '*  0  "system, JACK Audio Connection Kit"  8 outputs, 48000 Hz\n' in done.stdout
    assert "MIDI inputs" in done.stdout
