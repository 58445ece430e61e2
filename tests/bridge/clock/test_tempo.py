"""Holding a tempo: the beat is set directly and corrected by the tempo of a simulated model."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from bridge.clock.tempo import MOST, TempoHold, missing_from
from bridge.controls.controls import Controls, namespace
from bridge.meters import Reading
from musicrfm.directions import Direction
from musicrfm.steering.beat import Beat
from tests.bridge.midi.test_controllers import until
from tests.musicrfm.steering.test_beat import direction as beat_direction

BEAT = beat_direction()
DT = 0.5


class Plant:
    """A model that plays `plays(BPM set)`; the reading averages the last eight seconds."""

    def __init__(self, plays, directions=None):
        self.plays = plays
        self.controls = Controls(namespace(["tempo", "note_C"]))
        self.reading = Reading()
        self.heard: list[float] = []
        self.says = lambda heard: heard
        directions = {"/steer/tempo": BEAT} if directions is None else directions
        self.hold = TempoHold(self.controls, lambda: self.reading, directions)

    @property
    def told(self):
        coefficient = self.controls.get("/steer/tempo")
        return Beat.of(BEAT).bpm(BEAT.raw(coefficient)) if coefficient else 0.0

    def run(self, seconds):
        for _ in range(round(seconds / DT)):
            self.heard.append(self.plays(self.told))
            heard = float(np.mean(self.heard[-round(8 / DT) :]))
            self.reading = replace(
                self.reading, tempo=self.says(heard), seconds=self.reading.seconds + DT
            )
            self.hold.update()
        return self.heard[-1]

    def target(self, bpm):
        self.controls.set("/tempo/target", bpm, "osc")


@pytest.mark.parametrize("target", [80.0, 120.0, 150.0])
@pytest.mark.parametrize("slope", [0.93, 1.0, 1.08])
def test_measured_tempo_reaches_the_target_and_stays(target, slope):
    plant = Plant(lambda told: slope * told)
    plant.target(target)
    plant.run(DT)
    assert plant.told == pytest.approx(target)  # at once, before anything can be heard
    assert plant.run(100) == pytest.approx(target, abs=0.01 * target)
    late = plant.heard[-80:]
    assert max(late) - min(late) < 0.02 * target  # it does not swing


def test_correction_overshoots_by_less_than_two_percent():
    plant = Plant(lambda told: 0.9 * told)
    plant.target(120)
    plant.run(120)
    assert max(plant.heard) < 1.02 * 120


@pytest.mark.parametrize("octave", [0.5, 2.0])
def test_half_and_double_tempo_readings_count_as_the_tempo(octave):
    plant = Plant(lambda told: 0.95 * told)
    plant.says = lambda heard: octave * heard
    plant.target(110)
    assert plant.run(100) == pytest.approx(110, abs=1.5)


@pytest.mark.parametrize("says", [0.0, math.nan, 155.0, 80.0])
def test_implausible_tempo_readings_correct_nothing(says):
    plant = Plant(lambda told: told)
    plant.says = lambda heard: says
    plant.target(110)
    plant.run(60)
    assert plant.hold._trim == 0 and plant.told == pytest.approx(110)


def test_correction_of_an_unresponsive_model_is_limited():
    plant = Plant(lambda told: 100.0)
    plant.target(115)
    plant.run(400)
    assert plant.hold._trim == pytest.approx(MOST)
    assert plant.told == pytest.approx(115 * 1.2, rel=0.01)


def test_no_correction_while_paused_or_before_the_new_tempo_is_audible():
    plant = Plant(lambda told: 0.95 * told)
    plant.target(120)
    plant.run(8)
    assert plant.hold._trim == 0
    plant.controls.set("/play", 0)
    plant.run(20)
    assert plant.hold._trim == 0
    plant.controls.set("/play", 1)
    plant.run(20)
    assert plant.hold._trim > 0


def test_target_zero_releases_the_tempo_and_leaves_an_unheld_knob_alone():
    plant = Plant(lambda told: told)
    plant.controls.set("/steer/tempo", 0.3)
    plant.run(2)
    assert plant.controls.get("/steer/tempo") == 0.3
    plant.target(120)
    plant.run(2)
    plant.target(0)
    plant.run(2)
    assert plant.controls.get("/steer/tempo") == 0.0
    plant.target(10)  # the slowest tempo of the direction
    plant.run(2)
    assert plant.told == pytest.approx(40)


def test_manual_change_and_panic_release_the_target():
    plant = Plant(lambda told: told)
    plant.target(120)
    plant.run(2)
    plant.controls.set("/steer/tempo", -0.4, "midi")
    plant.run(30)
    assert plant.controls.get("/tempo/target") == 0
    assert plant.controls.get("/steer/tempo") == -0.4
    plant.target(90)
    plant.run(2)
    plant.controls.set("/panic")
    plant.run(30)
    assert plant.controls.get("/tempo/target") == 0 and plant.controls.get("/steer/tempo") == 0


def test_preset_with_a_tempo_target_keeps_the_hold():
    plant = Plant(lambda told: told)
    plant.target(120)
    plant.run(2)
    plant.controls.set_many({"/steer/tempo": 0.1, "/tempo/target": 90.0})
    plant.run(2)
    assert plant.controls.get("/tempo/target") == 90 and plant.told == pytest.approx(90)


def test_plain_tempo_direction_is_adjusted_until_the_tempo_fits():
    plain = Direction(
        "tempo", BEAT.vectors[:, :1], BEAT.layer_scores, {"model": "x", "range": [-1, 1]}
    )
    plant = Plant(None, {"/steer/tempo": plain})
    plant.plays = lambda told: 100 * (1 + 0.3 * plant.controls.get("/steer/tempo"))
    plant.target(112)
    assert plant.run(200) == pytest.approx(112, abs=1.5)


def test_target_without_a_tempo_direction_is_refused():
    plant = Plant(lambda told: 100.0, {})
    said = []
    plant.controls.on_error(lambda message, source: said.append(message))
    plant.target(120)
    plant.run(5)
    assert said == ["/tempo/target: this model has no direction for the tempo"]
    assert plant.controls.get("/tempo/target") == 0


def test_tempo_hold_thread_applies_the_target():
    plant = Plant(lambda told: told)
    plant.hold.start()
    plant.target(130)
    until(lambda: plant.told == pytest.approx(130))
    plant.hold.close()


def test_tempo_difference_is_measured_modulo_octaves():
    assert missing_from(100, 100) == 0
    assert missing_from(120, 61) == pytest.approx(math.log(120 / 122))
    assert missing_from(60, 118) == pytest.approx(math.log(120 / 118))
    assert missing_from(100, 150) is None and missing_from(100, -1) is None
