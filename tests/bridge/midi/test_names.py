"""Finding a MIDI port by name: among equal names, with changed numbers, on every system."""

from __future__ import annotations

import sys
import threading
from types import ModuleType, SimpleNamespace

import mido
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.controls.controls import Controls, namespace
from bridge.midi import port_process
from bridge.midi.controllers import MidiInput
from bridge.midi.library import ensure
from bridge.midi.mapping import MidiMap
from bridge.midi.names import assigned, choose, labelled, lasting, meant, output_for
from bridge.midi.twins import tell_apart
from tests.bridge.midi.test_controllers import Cable, until

TWINS = ["nanoPAD2 PAD", "nanoPAD2 PAD"]  # as macOS and PortMidi have them
ALSA = ["Midi Through:Midi Through Port-0 14:0", "X:X MIDI 1 20:0", "X:X MIDI 1 24:0", "Y 28:0"]
WINDOWS = ["Microsoft GS 0", "nanoKONTROL2 1", "2- nanoKONTROL2 2"]


def test_only_ports_with_equal_names_are_numbered():
    assert labelled(TWINS) == ["nanoPAD2 PAD #1", "nanoPAD2 PAD #2"]
    assert labelled(ALSA) == [ALSA[0], "X:X MIDI 1 20:0 #1", "X:X MIDI 1 24:0 #2", "Y 28:0"]
    assert labelled(WINDOWS) == [WINDOWS[0], "nanoKONTROL2 1 #1", "2- nanoKONTROL2 2 #2"]
    alone = ["IAC Driver Bus 1", "IAC Driver Bus 2", "loopMIDI Port 10", "loopMIDI Port 1"]
    assert labelled(alone) == alone


@given(st.lists(st.sampled_from(["a", "b", "b 1", "a #1", "a 20:0", "a 24:0", "A"]), max_size=8))
def test_labels_are_stable_and_select_every_port(names):
    labels = labelled(names)
    assert labelled(labels) == labels
    if len(set(labels)) == len(labels):
        assert [choose(names, label) for label in labels] == labels


@pytest.mark.parametrize(
    ("names", "wanted", "found"),
    [
        (["Microsoft GS 0", "nanoKONTROL2 3"], "nanoKONTROL2", "nanoKONTROL2 3"),
        (["nanoKONTROL2 2"], "nanoKONTROL2 1", "nanoKONTROL2 2"),
        (["Launchkey Mini 24:0"], "Launchkey Mini 20:0", "Launchkey Mini 24:0"),
        (["X:X MIDI 1 24:0"], "X:X MIDI 1 20:0", "X:X MIDI 1 24:0"),
        (["3- UM-ONE 0"], "UM-ONE", "3- UM-ONE 0"),
        (["UM-ONE 4"], "3- UM-ONE 0", "UM-ONE 4"),
        (["loopMIDI Port 10", "loopMIDI Port 1"], "loopMIDI Port 1", "loopMIDI Port 1"),
        (["loopMIDI Port 10 0", "loopMIDI Port 1 1"], "loopMIDI Port 1", "loopMIDI Port 1 1"),
        (["loopMIDI Port 10 0"], "loopMIDI Port 1", None),
        (["Port 11", "Port 1"], "port 1", "Port 1"),
        (TWINS, "nanoPAD2", "nanoPAD2 PAD #1"),
        (TWINS, "nanoPAD2 #2", "nanoPAD2 PAD #2"),
        (TWINS, "nanopad2 pad #2", "nanoPAD2 PAD #2"),
        (TWINS, "nanoPAD2 #3", None),
        (TWINS[:1], "nanoPAD2 #1", "nanoPAD2 PAD"),
        (TWINS[:1], "nanoPAD2 #2", None),  # is waited for
        (ALSA, "X #2", "X:X MIDI 1 24:0 #2"),
        (ALSA, "24:0", "X:X MIDI 1 24:0 #2"),
        (ALSA, None, "X:X MIDI 1 20:0 #1"),
    ],
)
def test_port_is_found_by_the_name_in_a_rig(names, wanted, found):
    assert choose(names, wanted) == found


def test_a_number_at_the_end_of_a_name_belongs_to_it_on_macos(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    assert choose(["IAC Driver Bus 2"], "IAC Driver Bus 1") is None
    assert lasting("IAC Driver Bus 1") == "IAC Driver Bus 1"


def test_every_wanted_name_gets_a_different_port():
    assert assigned(TWINS, ["nanoPAD2", "nanoPAD2"]) == labelled(TWINS)
    # Both have other numbers now, or one of them has the other's.
    assert assigned(ALSA, ["X:X MIDI 1 32:0", "X:X MIDI 1 36:0"]) == labelled(ALSA)[1:3]
    assert assigned(ALSA, ["X:X MIDI 1 28:0", "X:X MIDI 1 20:0"]) == labelled(ALSA)[2:0:-1]
    assert assigned(["nanoPAD", "nanoKONTROL"], ["nano", "nanoPAD"]) == ["nanoKONTROL", "nanoPAD"]
    assert assigned(["nanoPAD"], ["nano", "nanoPAD"]) == [None, "nanoPAD"]


def test_port_of_a_mapping_matches_the_right_labels():
    labels = labelled(ALSA)
    assert meant("X #2", labels) == [labels[2]]
    assert meant("X", labels) == labels[1:3]
    assert meant("Y 20:0", labels) == ["Y 28:0"]  # it has another number now
    assert meant("X:X MIDI 1 24:0", labels) == [labels[2]]
    assert [lasting(label) for label in labels[1:]] == ["X:X MIDI 1 #1", "X:X MIDI 1 #2", "Y"]
    assert [meant(lasting(label), labels) for label in labels[1:]] == [[x] for x in labels[1:]]


def test_lasting_names_on_windows_omit_the_list_number(monkeypatch):
    monkeypatch.setattr(sys, "platform", "win32")
    assert [lasting(label) for label in labelled(WINDOWS)[1:]] == [
        "nanoKONTROL2 #1",
        "nanoKONTROL2 #2",
    ]


def test_output_for_one_of_two_equal_controllers_is_its_own():
    assert output_for("nanoPAD2 PAD #2", TWINS) == "nanoPAD2 PAD #2"
    assert output_for("X:X MIDI 1 24:0 #2", ALSA) == "X:X MIDI 1 24:0 #2"
    several = ["Z:Z DAW 20:1", "Z:Z MIDI 20:0"]
    assert output_for("Z:Z MIDI 24:0", several) == "Z:Z MIDI 20:0"


class Hands:
    """Two controllers of one model in front of a set."""

    def __init__(self, *maps):
        self.controls = Controls(namespace(["note_C", "note_D"]))
        self.input = MidiInput(self.controls, maps, ports=["nanoPAD2", "nanoPAD2"])
        for port, name in zip(self.input._ports, labelled(TWINS), strict=True):
            port.hear(f"open {name}")

    def turn(self, which, value):
        self.input._ports[which].hear(f"message B0 15 {value:02X}")

    @property
    def values(self):
        return [self.controls.get(f"/steer/note_{name}") for name in "CD"]


def test_two_equal_controllers_move_their_own_parameters():
    one = Hands(
        MidiMap("cc", 21, "/steer/note_C", port="nanoPAD2 #1"),
        MidiMap("cc", 21, "/steer/note_D", port="nanoPAD2 #2"),
    )
    one.turn(0, 127)
    assert one.values == [1.0, 0.0]
    one.turn(1, 127)
    one.turn(0, 0)
    assert one.values == [0.0, 1.0]


def test_port_process_arguments_name_its_index_and_all_ports():
    one = Hands()
    assert [port._arguments for port in one.input._ports] == [
        ["0", "nanoPAD2", "nanoPAD2"],
        ["1", "nanoPAD2", "nanoPAD2"],
    ]
    one.input.close()


def test_two_processes_open_two_equal_controllers_and_survive_a_third(monkeypatch):
    cable = Cable(monkeypatch)
    cable.names = list(TWINS)
    opened, said = [], ([], [])
    monkeypatch.setattr(
        mido, "open_input", lambda name, callback: opened.append(name) or SimpleNamespace(name=name)
    )
    wanted = ["nanoPAD2", "nanoPAD2"]
    processes = [
        threading.Thread(target=port_process.follow, args=(None, said[at].append, wanted, at))
        for at in range(2)
    ]
    for process in processes:
        process.start()
    until(lambda: all("news listening" in "".join(lines) for lines in said))
    assert [lines[0] for lines in said] == ["open nanoPAD2 PAD #1", "open nanoPAD2 PAD #2"]
    assert opened == TWINS  # which is what this system calls them
    cable.names = [*TWINS, TWINS[0]]
    for _ in range(3):
        assert all(process.is_alive() for process in processes)
        processes[0].join(0.03)
    cable.names = TWINS[:1]  # either could be left, so both search again
    for process in processes:
        process.join(5)
    assert all("is disconnected" in lines[-1] for lines in said)


def test_port_that_returns_with_another_number_is_found(monkeypatch):
    cable = Cable(monkeypatch)
    cable.names = ["Launchkey Mini 20:0"]
    for number in (20, 24):
        cable.names = [f"Launchkey Mini {number}:0"]
        said: list[str] = []
        follower = threading.Thread(target=port_process.follow, args=(ALSA_NAME, said.append))
        follower.start()
        until(lambda: f"open Launchkey Mini {number}:0" in said)  # noqa: B023
        cable.names = []
        follower.join(5)
        assert not follower.is_alive()


def test_message_received_while_a_port_opens_belongs_to_that_port(monkeypatch):
    cable = Cable(monkeypatch)
    cable.names = list(TWINS)

    def open_input(name, callback):
        callback(mido.Message("control_change", control=1, value=2))
        return SimpleNamespace(name=name)

    monkeypatch.setattr(mido, "open_input", open_input)
    said: list[str] = []
    follower = threading.Thread(target=port_process.follow, args=("nanoPAD2", said.append))
    follower.start()
    until(lambda: len(said) == 3)
    assert said[:2] == ["open nanoPAD2 PAD #1", "message B0 01 02"]
    cable.names = []
    follower.join(5)


ALSA_NAME = "Launchkey Mini 20:0"


def test_mido_lists_both_of_two_equal_ports():
    """With a library like python-rtmidi, which lists names and opens a port by its index."""

    class In:
        def get_ports(self, encoding="auto"):
            return list(TWINS)

        def open_port(self, place):
            self.place = place

    library = ModuleType("rtmidi")
    library.MidiIn = library.MidiOut = In
    library.API_UNSPECIFIED = 0
    backend = ModuleType("mido.backends.rtmidi")
    backend.rtmidi = library
    for _ in range(2):
        tell_apart(backend)
    assert backend.rtmidi.MidiIn().get_ports() == labelled(TWINS)
    assert backend.rtmidi.MidiOut().get_ports(encoding="utf-8") == labelled(TWINS)
    assert backend.rtmidi.API_UNSPECIFIED == 0 and library.MidiIn is In
    other = ModuleType("mido.backends.pygame")
    tell_apart(other)
    assert not hasattr(other, "rtmidi")


@pytest.mark.needs("rtmidi", "libasound")
def test_real_rtmidi_backend_can_be_wrapped():
    ensure()
    import rtmidi
    from mido.backends import rtmidi as backend

    real = backend.rtmidi
    try:
        backend.rtmidi = rtmidi
        tell_apart(backend)
        assert issubclass(backend.rtmidi.MidiIn, rtmidi.MidiIn)
        assert set(vars(rtmidi)) <= set(vars(backend.rtmidi))
    finally:
        backend.rtmidi = real
