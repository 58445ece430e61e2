"""A hang is reported while it lasts; a signal ends a set in time, whichever part hangs."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from bridge.audio.output import PacedOutput
from bridge.controls.controls import Controls, namespace
from bridge.engine import Engine
from bridge.engine.watchdog import Watchdog
from bridge.status import line
from tests.bridge.tones import RATE, ToneStream

# A set of a tone in which one part hangs after a second. It has all parts of a real set that
# handle a signal.
SET = """
import os, sys, threading, time
import numpy as np, soundfile
from bridge.controls.controls import Controls, namespace
from bridge.engine import Engine
from bridge.audio.output import PacedOutput
from bridge.recording.recorder import Recorder
from bridge.stopping import stopping
from bridge.process.voice import speaking
from tests.bridge.tones import RATE, ToneStream

what, path = sys.argv[1:]
for_ever = threading.Event()

def later(seconds=1.0, began=time.monotonic()):
    return time.monotonic() - began > seconds

class Output(PacedOutput):
    def position(self):
        if what == "output" and later(): for_ever.wait()
        return super().position()
    def close(self):
        if what == "closing": for_ever.wait()
        if what == "slow end": time.sleep(2.2)
        if what == "plays out":
            engine.sounds_until = time.monotonic() + 3.6
            time.sleep(3.6)

with speaking() as voice, stopping(voice) as stop:
    if what == "loading":
        print("ready", flush=True)
        for_ever.wait()
    stream, controls = ToneStream(), Controls(namespace(["note_C"]))
    recorder = Recorder(path, RATE, 1)
    engine = Engine(stream, controls, Output(RATE, "none", 0.3), {"/steer/note_C": "note_C"},
                    recorders=[recorder], lookahead=0.3)
    if what == "step":
        stream.slow = lambda: later() and for_ever.wait()
    if what == "disk":
        write = soundfile.SoundFile.write
        soundfile.SoundFile.write = lambda *a: for_ever.wait() if later() else write(*a)
    stop.engine = engine
    engine.start()
    print("ready", flush=True)
    if what == "main":
        time.sleep(1000)
    while engine.running and not stop.asked.wait(0.2):
        pass
    engine.stop()
    engine.join(15)
    if what == "after":
        for_ever.wait()
sys.stdout.flush()
os._exit(1 if recorder.missing else 0)
"""


def end(what: str, path: Path, *numbers: float, wait: float = 2.0):
    """(exit status, seconds from the first signal to the end, output); a float is a pause."""
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    process = subprocess.Popen(
        [sys.executable, "-c", SET, what, str(path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=env,
        text=True,
    )
    assert process.stdout.readline() == "ready\n"
    time.sleep(wait)
    began = time.monotonic()
    for number in numbers:
        if isinstance(number, float):
            time.sleep(number)
        else:
            process.send_signal(number)
    said, _ = process.communicate(timeout=30)
    return process.returncode, time.monotonic() - began, said


def end_within(limit: float, what: str, folder: Path, *numbers: float, wait: float = 2.0):
    """As `end`, with the path of the recording. Tries three times, as the computer may be busy."""
    for turn in range(3):
        path = folder / f"set{turn}.wav"
        status, seconds, said = end(what, path, *numbers, wait=wait)
        if seconds < limit:
            break
    assert seconds < limit
    return status, seconds, said, path


posix = pytest.mark.needs("posix")  # signals as Unix has them


@posix
@pytest.mark.parametrize(
    ("what", "number"),
    [
        ("step", signal.SIGINT),
        pytest.param("main", signal.SIGTERM, marks=pytest.mark.slow),
        pytest.param("disk", signal.SIGTERM, marks=pytest.mark.slow),
        pytest.param("closing", signal.SIGINT, marks=pytest.mark.slow),
    ],
)
def test_signal_ends_a_hanging_set(what, number, tmp_path):
    import soundfile

    status, _, said, path = end_within(3.0, what, tmp_path, number)
    assert status == 1 and "Traceback" not in said
    if what != "disk":
        audio, _ = soundfile.read(path)
        assert len(audio) >= 0.9 * RATE  # what was heard before it hung
        assert np.abs(audio[: RATE // 2]).max() > 0.4
    if what == "closing":  # the fade was recorded before the hang
        assert "the recording is complete" in said and abs(audio[-1]) < 1e-3


@pytest.mark.slow
@posix
def test_signal_ends_a_healthy_set_with_a_fade(tmp_path):
    import soundfile

    status, _, said = end("nothing", tmp_path / "set.wav", signal.SIGTERM)
    audio, _ = soundfile.read(tmp_path / "set.wav")
    assert (status, said) == (0, "") and abs(audio[-1]) < 1e-3 and len(audio) > 1.5 * RATE


@posix
@pytest.mark.slow
@pytest.mark.parametrize("what", ["slow end", "step"])
def test_second_ctrl_c_ends_the_set_at_once(what, tmp_path):
    import soundfile

    twice = (signal.SIGINT, 0.6, signal.SIGINT)
    status, seconds, said, path = end_within(1.7, what, tmp_path, *twice)
    assert status == 1 and seconds >= 0.6 and "Traceback" not in said
    assert "a part of the bridge hung, so the set was ended" in said
    audio, _ = soundfile.read(path)
    assert len(audio) >= 0.9 * RATE and np.abs(audio[: RATE // 2]).max() > 0.4


@pytest.mark.slow
@posix
def test_music_playing_out_is_not_taken_for_a_hang(tmp_path):
    status, seconds, said = end("plays out", tmp_path / "set.wav", signal.SIGINT)
    assert (status, said) == (0, "") and seconds > 3.5


@pytest.mark.slow
@posix
def test_two_ctrl_c_within_a_moment_count_as_one(tmp_path):
    status, _, said = end("nothing", tmp_path / "set.wav", signal.SIGINT, 0.05, signal.SIGINT)
    assert (status, said) == (0, "")


@posix
def test_signal_while_loading_ends_silently_at_once(tmp_path):
    status, _, said, _ = end_within(1.0, "loading", tmp_path, signal.SIGINT, wait=0.2)
    assert (status, said) == (130, "")


def test_watchdog_reports_a_hang_while_it_lasts(caplog):
    stream, controls = ToneStream(), Controls(namespace(["note_C"]))
    over = threading.Event()
    stream.slow = lambda: stream.frame == 50 and over.wait()
    engine = Engine(
        *(stream, controls, PacedOutput(RATE, "none", 0.3), {"/steer/note_C": "note_C"}),
        lookahead=0.3,
        seconds=3.0,
    )
    told = []
    controls.on_error(lambda message, source: told.append(message))
    watchdog = Watchdog(engine)
    watchdog.start()
    engine.start()
    try:
        began = time.monotonic()
        while not told and time.monotonic() - began < 30.0:
            time.sleep(0.02)
        assert "the music hangs" in told[0] and "in wait (" in told[0]
        assert "the music hangs: nothing new for" in line(engine.status())
        (record,) = [r for r in caplog.records if r.levelno == logging.ERROR]
        assert "thread engine:" in record.stack_info and "__next__" in record.stack_info
        over.set()
        assert engine.join(10.0)
    finally:
        over.set()
        watchdog.close()
    assert len(told) <= 2 and "hangs" not in line(engine.status())


@posix
def test_signal_while_importing_ends_silently():
    code = """
import signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # it may be ignored where tests run
class Slow:
    def find_spec(self, name, path=None, target=None):
        if name == "bridge.cli":
            print("ready", flush=True)
            time.sleep(60)
sys.meta_path.insert(0, Slow())
from bridge.__main__ import main
main()
"""
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=10)
    assert (process.returncode, said) == (-signal.SIGINT, "")
