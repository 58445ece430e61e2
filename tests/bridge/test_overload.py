"""Overload: a deeper buffer, dropped guidance and pauses, and the return to normal."""

from __future__ import annotations

import time

import numpy as np
import pytest

from bridge.audio.output import PacedOutput
from bridge.controls.controls import Controls, namespace
from bridge.engine import Engine
from bridge.engine.overload import (
    DEEPER_STAYS,
    DEEPEST,
    LONGEST_PAUSE,
    PATIENCE,
    PAUSE,
    Load,
    Strain,
)
from tests.bridge.tones import FRAME, RATE, ToneStream


class Machine:
    """Simulated time in frames; the test sets the buffer in seconds and the speed."""

    def __init__(self) -> None:
        self.controls = Controls(namespace(["note_C"]), {"/guidance": 3.0})
        self.said: list[str] = []
        self.controls.on_error(lambda message, source: self.said.append(message))
        self.strain = Strain(self.controls, 0.5)
        self.seconds = 0.0

    def run(self, seconds: float, buffer: float, speed: float) -> None:
        for _ in range(round(seconds * 50)):
            self.strain.look(Load(self.seconds, buffer, speed))
            self.seconds += 0.02

    @property
    def guidance(self) -> float:
        return float(self.controls.get("/guidance"))

    @property
    def playing(self) -> bool:
        return bool(self.controls.get("/play"))


@pytest.fixture
def machine() -> Machine:
    return Machine()


def test_prefill_is_not_taken_for_overload(machine: Machine) -> None:
    machine.run(5, 0.1, 0.5)
    assert machine.said == [] and machine.playing and machine.strain.lookahead == 0.5


def test_brief_shortage_deepens_the_buffer_up_to_a_limit(machine: Machine) -> None:
    machine.run(1, 0.5, 3.0)
    machine.run(1, 0.12, 3.0)
    assert machine.strain.lookahead == 1.0 and len(machine.said) == 1
    machine.run(60, 0.12, 3.0)
    assert machine.strain.lookahead == DEEPEST
    assert machine.guidance == 3.0 and machine.playing
    machine.run(
        3 * DEEPER_STAYS + 10, 2.0, 3.0
    )  # no shortage, so the buffer returns to its old depth
    assert machine.strain.lookahead == 0.5


def test_slow_machine_first_drops_guidance_and_then_pauses(machine: Machine) -> None:
    machine.run(1, 0.5, 2.0)
    machine.run(0.1, 0.12, 0.8)
    assert machine.guidance == 1.0 and machine.playing
    assert "guidance is off" in machine.said[-1]
    machine.run(2, 0.05, 0.8)  # which was not enough
    assert not machine.playing and "cannot keep up" in machine.said[-1]
    machine.run(PAUSE + 0.5, 0.3, 0.8)
    assert not machine.playing  # the buffer is not full yet
    machine.run(0.1, 0.5, 0.8)
    assert machine.playing


def test_overload_pauses_grow_up_to_a_limit(machine: Machine) -> None:
    machine.controls.set("/guidance", 1.0)
    machine.run(1, 0.5, 0.8)
    lengths = []
    for _ in range(7):
        machine.run(0.1, 0.05, 0.8)
        assert not machine.playing
        began = machine.seconds
        while not machine.playing:
            machine.run(0.02, 0.5, 0.8)
        lengths.append(machine.seconds - began)
    assert np.diff(lengths).min() > -0.05 and lengths[0] == pytest.approx(PAUSE, abs=0.2)
    assert lengths[-1] == pytest.approx(LONGEST_PAUSE, abs=0.3)


def test_guidance_returns_after_enough_time_with_headroom(machine: Machine) -> None:
    machine.run(1, 0.5, 2.0)
    machine.run(0.1, 0.12, 0.9)
    machine.run(PATIENCE - 1, 0.5, 3.0)
    assert machine.guidance == 1.0
    machine.run(2, 0.5, 3.0)
    assert machine.guidance == 3.0 and "guidance is back" in machine.said[-1]
    machine.run(0.1, 0.12, 0.9)  # it did not last: more patience the next time
    machine.run(PATIENCE + 2, 0.5, 3.0)
    assert machine.guidance == 1.0
    machine.run(PATIENCE, 0.5, 3.0)
    assert machine.guidance == 3.0


def test_guidance_stays_off_with_too_little_headroom(machine: Machine) -> None:
    machine.run(1, 0.5, 2.0)
    machine.run(0.1, 0.12, 0.9)
    machine.run(60, 0.5, 1.7)  # with guidance it would be 0.85
    assert machine.guidance == 1.0


def test_manual_change_overrules_overload_protection(machine: Machine) -> None:
    machine.run(1, 0.5, 2.0)
    machine.run(0.1, 0.12, 0.9)
    machine.controls.set("/guidance", 2.0, "osc")
    machine.run(60, 0.5, 4.0)
    assert machine.guidance == 2.0
    machine.controls.set("/guidance", 1.0)
    machine.run(2, 0.05, 0.5)
    assert not machine.playing
    machine.controls.set("/play", 1, "osc")
    machine.run(0.02, 0.5, 0.5)
    assert machine.playing


def test_paused_set_is_never_overloaded(machine: Machine) -> None:
    machine.run(1, 0.5, 2.0)
    machine.controls.set("/play", 0)
    machine.run(5, 0.0, 0.1)
    assert machine.said == [] and machine.guidance == 3.0


@pytest.mark.slow
def test_slow_engine_fades_out_pauses_and_resumes_without_a_click() -> None:
    """In real time: from second 1 on a frame takes twice as long as it lasts."""
    stream = ToneStream()
    slow = {"seconds": 0.0}
    stream.slow = lambda: time.sleep(slow["seconds"])
    controls = Controls(namespace(["note_C"]), {"/guidance": 1.0})
    output = PacedOutput(RATE, "none", 0.4)
    taken: list[np.ndarray] = []

    class Keeper:
        def write(self, audio: np.ndarray) -> None:
            taken.append(audio)

        def close(self) -> None: ...

    engine = Engine(
        stream,
        controls,
        output,
        {"/steer/note_C": "note_C"},
        recorders=[Keeper()],
        lookahead=0.4,
        seconds=5.0,
        strain=Strain(controls, 0.4),
    )
    paused = []
    controls.on_change(lambda address, value, source: paused.append((address, value, source)))
    engine.start()
    while engine.audio_seconds < 1.0:
        time.sleep(0.01)
    slow["seconds"] = 2 * FRAME / RATE
    while ("/play", 0, "engine") not in paused and engine.running:
        time.sleep(0.01)
    slow["seconds"] = 0.0
    assert engine.join(30)
    assert ("/play", 0, "engine") in paused and ("/play", 1, "engine") in paused
    sound = np.concatenate(taken)[:, 0]
    assert len(sound) == 5 * RATE
    assert np.abs(np.diff(sound)).max() < 0.05  # 220 Hz at 0.5 moves 0.022 a sample; no click
    assert (np.abs(sound) < 1e-6).sum() > 0.8 * RATE  # it did wait
