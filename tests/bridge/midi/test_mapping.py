"""Every kind of MIDI control: its messages and its effect on the parameters."""

from __future__ import annotations

import mido
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.controls.controls import Controls, namespace
from bridge.midi.controllers import MidiInput
from bridge.midi.decoder import Decoder
from bridge.midi.mapping import CURVES, MidiMap, bent, unbent
from bridge.midi.notes import Key, shared
from musicrfm.theory import PITCH_CLASSES


def rig(*maps, **more):
    one = Controls(namespace([f"note_{name}" for name in PITCH_CLASSES] + ["tempo"]))
    return one, MidiInput(one, maps, **more)


def send(knobs, kind, **fields):
    knobs.handle(mido.Message(kind, **fields))


def control(knobs, *pairs):
    for number, value in pairs:
        send(knobs, "control_change", control=number, value=value)


def on(knobs, note, velocity):
    send(knobs, "note_on", note=note, velocity=velocity)


@given(st.sampled_from(CURVES), st.floats(0, 1), st.floats(0, 1))
def test_every_curve_is_monotonic_and_invertible(curve, one, other):
    assert bent(curve, 0.0) == pytest.approx(0) and bent(curve, 1.0) == pytest.approx(1)
    low, high = sorted((one, other))
    assert bent(curve, low) <= bent(curve, high) + 1e-12
    assert unbent(curve, bent(curve, one)) == pytest.approx(one, abs=1e-6)


def test_exp_log_and_s_curves_bend_as_named():
    assert bent("exp", 0.5) < 0.2 < 0.5 < 0.8 < bent("log", 0.5)
    assert bent("s", 0.1) < 0.1 and bent("s", 0.9) > 0.9


@given(st.integers(0, 31), st.integers(0, 127), st.integers(0, 127))
def test_coarse_and_fine_control_changes_form_one_knob(number, coarse, fine):
    one, knobs = rig(MidiMap("cc14", number, "/gain", low=0.0, high=1.0))
    control(knobs, (number, coarse), (number + 32, fine))
    assert one.get("/gain") == pytest.approx((coarse * 128 + fine) / 16383)


def test_fine_half_without_a_coarse_half_is_ignored():
    one, knobs = rig(MidiMap("cc14", 1, "/gain"))
    control(knobs, (33, 100))
    assert one.received == 0


def test_nrpn_mapping_ignores_other_nrpns_and_rpns():
    one, knobs = rig(MidiMap("nrpn", 130, "/gain", low=0.0, high=1.0))
    control(knobs, (99, 1), (98, 2), (6, 127), (38, 127))
    assert one.get("/gain") == 1.0
    control(knobs, (98, 3), (6, 0))
    assert one.get("/gain") == 1.0
    control(knobs, (98, 2), (6, 0))
    assert one.get("/gain") == 0.0
    control(knobs, (101, 0), (100, 0), (6, 127))
    assert one.get("/gain") == 0.0


def test_the_middle_of_the_pitch_wheel_is_the_middle_of_the_range():
    one, knobs = rig(MidiMap("pitch_bend", None, "/steer/tempo", low=-1.0, high=1.0))
    for pitch, value in ((-8192, -1.0), (8191, 1.0), (0, 0.0)):
        send(knobs, "pitchwheel", pitch=pitch)
        assert one.get("/steer/tempo") == value


def test_pressure_is_a_knob():
    one, knobs = rig(MidiMap("pressure", None, "/steer/tempo"))
    send(knobs, "aftertouch", value=127)
    assert one.get("/steer/tempo") == 1.0


@given(st.dictionaries(st.integers(0, 127), st.floats(0.01, 1), min_size=1))
def test_held_notes_share_the_amount_of_the_hardest(held):
    amounts = shared({Key("", 1, 1, number): velocity for number, velocity in held.items()})
    assert sum(amounts.values()) == pytest.approx(max(held.values()))
    assert set(amounts) == {PITCH_CLASSES[note % 12] for note in held}


def test_held_notes_steer_until_they_are_released():
    one, knobs = rig(MidiMap("notes", None, high=1.2, low=0.0))
    on(knobs, 60, 127)
    assert one.get("/steer/note_C") == pytest.approx(1.2)
    on(knobs, 67, 127)
    assert one.get("/steer/note_C") == one.get("/steer/note_G") == pytest.approx(0.6)
    send(knobs, "note_off", note=60)
    assert one.get("/steer/note_C") == 0 and one.get("/steer/note_G") == pytest.approx(1.2)
    on(knobs, 67, 0)  # as many keyboards let go
    assert one.get("/steer/note_G") == 0


def test_lost_port_releases_its_notes():
    one, knobs = rig(MidiMap("notes", None))
    on(knobs, 61, 64)
    assert one.get("/steer/note_Cs") > 0
    knobs.let_go()
    assert one.get("/steer/note_Cs") == 0


def test_one_note_is_a_knob_while_it_is_held_or_a_toggle():
    one, knobs = rig(
        MidiMap("note", 36, "/steer/note_C"), MidiMap("note", 37, "/play", toggle=True)
    )
    on(knobs, 36, 127)
    assert one.get("/steer/note_C") == 1.0
    send(knobs, "note_off", note=36)
    assert one.get("/steer/note_C") == 0.0
    heard = []
    for note in (37, 37, 37):
        on(knobs, note, 10)
        send(knobs, "note_off", note=note)
        heard.append(one.get("/play"))
    assert heard == [0, 1, 0]


def test_pickup_knob_waits_until_it_reaches_the_parameter():
    one, knobs = rig(MidiMap("cc", 1, "/gain", low=0.0, high=127 / 127, pickup=True))
    one.set("/gain", 0.5)
    control(knobs, (1, 0), (1, 30))
    assert one.get("/gain") == 0.5
    control(knobs, (1, 90))  # past it: caught
    assert one.get("/gain") == pytest.approx(90 / 127)
    control(knobs, (1, 10))  # and held
    assert one.get("/gain") == pytest.approx(10 / 127)
    one.set("/gain", 0.9, "osc")  # another source changes it
    control(knobs, (1, 20))
    assert one.get("/gain") == 0.9


def test_mapping_can_be_limited_to_one_port():
    one = MidiMap("cc", 1, "/gain", port="nano")
    move = Decoder().moves(mido.Message("control_change", control=1, value=1))[0]
    assert one.matches(move, "nanoKONTROL2") and not one.matches(move, "Launchpad")


def test_halves_of_different_ports_are_not_combined():
    one, knobs = rig(MidiMap("cc14", 1, "/gain"), ports=["a", "b"])
    first, second = knobs._ports
    first.hear("message B0 01 40")
    before = one.received
    second.hear("message B0 21 10")
    assert before == one.received == 1


class Presets:
    def __init__(self):
        self.recalled = []

    def names(self):
        return ["intro", "verse"]

    def recall(self, name, source="local"):
        self.recalled.append((name, source))


def test_program_changes_recall_presets_by_number_or_by_order(caplog):
    presets = Presets()
    _, knobs = rig(MidiMap("program", None), presets=presets)
    send(knobs, "program_change", program=1)
    assert presets.recalled == [("verse", "midi")]
    send(knobs, "program_change", program=2)
    assert "program 3 has no preset: there are 2" in caplog.text
    _, knobs = rig(MidiMap("program", 9, preset="intro"), presets=presets)
    send(knobs, "program_change", program=9)
    send(knobs, "program_change", program=0)
    assert presets.recalled[1:] == [("intro", "midi")]
    _, knobs = rig(MidiMap("program", None))
    send(knobs, "program_change", program=0)
    assert "no presets are stored" in caplog.text
