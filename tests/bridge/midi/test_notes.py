"""Held notes: keys, pedals, and the messages that end them."""

from __future__ import annotations

import mido
import pytest

from bridge.controls.controls import Controls, namespace
from bridge.midi.controllers import MidiInput
from bridge.midi.mapping import MidiMap
from musicrfm.theory import PITCH_CLASSES

NOTES = {60: "C", 62: "D", 64: "E"}


class Keyboard:
    """A keyboard in front of a set; `sounds` are the pitch classes that steer."""

    def __init__(self, *maps, **more):
        self.controls = Controls(namespace([f"note_{name}" for name in PITCH_CLASSES]))
        self.input = MidiInput(self.controls, maps or [MidiMap("notes", None)], **more)

    def on(self, note, channel=0, velocity=100):
        self.input.handle(mido.Message("note_on", note=note, velocity=velocity, channel=channel))

    def off(self, note, channel=0):
        self.input.handle(mido.Message("note_off", note=note, channel=channel))

    def control(self, number, value, channel=0):
        self.input.handle(
            mido.Message("control_change", control=number, value=value, channel=channel)
        )

    @property
    def sounds(self):
        return {name for name in PITCH_CLASSES if self.controls.get(f"/steer/note_{name}")}


@pytest.mark.parametrize("number", [120, 121, 123, 124, 125, 126, 127])
def test_a_channel_mode_message_ends_the_notes_of_its_channel(number):
    one = Keyboard()
    one.on(60)
    one.on(64)
    one.on(62, channel=1)
    one.control(number, 0, channel=2)
    assert one.sounds == {"C", "D", "E"}
    one.control(number, 0)
    assert one.sounds == {"D"}
    one.control(number, 0, channel=1)
    assert one.sounds == set()
    one.on(60)
    assert one.sounds == {"C"}


def test_a_reset_of_the_system_ends_the_notes_of_all_channels():
    one = Keyboard()
    one.on(60)
    one.on(62, channel=15)
    one.control(64, 127)
    one.input.handle(mido.Message("reset"))
    assert one.sounds == set()


def test_local_control_ends_no_notes():
    one = Keyboard()
    one.on(60)
    one.control(122, 0)
    assert one.sounds == {"C"}


def test_sustain_pedal_holds_released_notes_until_it_comes_up():
    one = Keyboard()
    one.on(60)
    one.control(64, 127)
    one.off(60)
    one.on(64)
    one.off(64)
    assert one.sounds == {"C", "E"}
    one.on(62)
    one.control(64, 63)  # half way up is up
    assert one.sounds == {"D"}
    one.off(62)
    assert one.sounds == set()


def test_key_pressed_again_under_the_pedal_sounds_until_released():
    one = Keyboard()
    one.control(64, 127)
    one.on(60)
    one.off(60)
    one.on(60, velocity=20)
    one.control(64, 0)
    assert one.sounds == {"C"}
    one.off(60)
    assert one.sounds == set()


def test_pedal_holds_only_notes_of_its_channel():
    one = Keyboard()
    one.control(64, 127, channel=1)
    one.on(60)
    one.off(60)
    assert one.sounds == set()


def test_sostenuto_pedal_holds_only_keys_already_down():
    one = Keyboard()
    one.on(60)
    one.control(66, 127)
    one.on(64)
    one.off(60)
    one.off(64)
    assert one.sounds == {"C"}
    one.control(66, 0)
    assert one.sounds == set()


def test_all_notes_off_releases_keys_and_all_sound_off_also_sustained_notes():
    one = Keyboard()
    one.control(64, 127)
    one.on(60)
    one.control(123, 0)  # the pedal is still down
    assert one.sounds == {"C"}
    one.control(120, 0)
    assert one.sounds == set()
    one.on(60)
    one.off(60)
    assert one.sounds == {"C"}
    one.control(121, 0)
    one.on(62)
    one.off(62)
    assert one.sounds == set()  # the reset has lifted the pedal


def test_pedal_mapped_to_a_parameter_holds_no_notes():
    one = Keyboard(MidiMap("notes", None), MidiMap("cc", 64, "/gain"))
    one.control(64, 127)
    one.on(60)
    one.off(60)
    assert one.sounds == set() and one.controls.get("/gain") == 12.0


def test_first_channel_without_notes_controls_all_channels_as_in_mpe():
    one = Keyboard()
    one.control(64, 127)
    one.on(60, channel=1)
    one.on(64, channel=2)
    one.off(60, channel=1)
    one.off(64, channel=2)
    assert one.sounds == {"C", "E"}
    one.control(64, 0)
    assert one.sounds == set()
    one.on(60, channel=1)
    one.on(64, channel=2)
    one.control(123, 0)
    assert one.sounds == set()


@pytest.mark.parametrize("number", [120, 121, 123])
def test_notes_off_releases_a_held_pad_but_keeps_a_toggle(number):
    one = Keyboard(MidiMap("note", 60, "/steer/note_C"), MidiMap("note", 62, "/play", toggle=True))
    one.on(60)
    one.on(62)
    one.control(number, 0)
    assert one.sounds == set() and one.controls.get("/play") == 0
    one.on(62)
    assert one.controls.get("/play") == 1


def test_the_same_note_on_two_channels_is_two_notes():
    one = Keyboard()
    one.on(60)
    one.on(60, channel=1)
    one.off(60)
    assert one.sounds == {"C"}
    one.off(60, channel=1)
    assert one.sounds == set()


def test_lost_port_releases_only_its_own_notes_and_pads():
    one = Keyboard(
        MidiMap("notes", None), MidiMap("note", 36, "/gain", low=-60.0, high=0.0), ports=["a", "b"]
    )
    first, second = one.input._ports
    first.hear("message 90 3C 40")
    second.hear("message 90 3E 40")
    first.hear("message 90 24 7F")
    one.input.let_go("b")
    assert one.sounds == {"C"} and one.controls.get("/gain") == 0.0
    one.input.let_go("a")
    assert one.sounds == set() and one.controls.get("/gain") == -60.0


def test_note_held_when_learning_begins_can_still_be_released():
    one = Keyboard()
    one.on(60)
    one.input.learner.start("/gain")
    one.off(60)
    one.on(62)
    assert one.sounds == set()
    one.input.learner.cancel()


def test_held_note_survives_a_new_mapping_and_ends_with_its_own():
    one = Keyboard()
    one.on(60)
    one.input.adopt(MidiMap("cc", 7, "/gain"))
    assert one.sounds == {"C"}
    one.input.remap([MidiMap("cc", 7, "/gain")])
    assert one.sounds == set()
