"""MIDI: what knobs mean, for any bytes a cable could carry, and finding the controller again."""

from __future__ import annotations

import time
from types import SimpleNamespace

import mido
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge import midi
from bridge.controls import Controls, namespace
from bridge.midi import CCMap, MidiInput, choose, translate
from musicrfm.errors import MusicRFMError

NAMES = ["note_C", "note_Cs", "tempo"]
ends = st.floats(-100, 100)


def controls():
    return Controls(namespace(NAMES))


def cc(control, value, channel=0):
    return mido.Message("control_change", control=control, value=value, channel=channel)


@given(st.integers(0, 127), ends, ends)
def test_a_knob_stays_within_its_range_and_meets_both_ends(position, low, high):
    knob = CCMap(1, "/gain", low=low, high=high)
    assert knob.value(0) == low and knob.value(127) == high
    slack = 1e-9 * (abs(low) + abs(high))
    assert min(low, high) - slack <= knob.value(position) <= max(low, high) + slack


@given(st.integers(0, 126), ends, ends)
def test_turning_up_never_turns_down(position, low, high):
    knob = CCMap(1, "/gain", low=min(low, high), high=max(low, high))
    assert knob.value(position) <= knob.value(position + 1) + 1e-9


@given(st.integers(0, 127), st.integers(0, 127), st.integers(0, 15), st.integers(0, 127))
def test_only_the_mapped_number_on_the_mapped_channel_counts(mapped, control, channel, value):
    maps = [CCMap(mapped, "/a", channel=3), CCMap(mapped, "/b")]
    addresses = [address for address, _ in translate(cc(control, value, channel), maps)]
    expected = []
    if control == mapped:
        expected = ["/a", "/b"] if channel == 2 else ["/b"]
    assert addresses == expected


@given(st.binary(max_size=200))
def test_any_bytes_leave_every_value_in_range(data):
    one = controls()
    maps = [CCMap(n, a) for n, a in enumerate(("/steer/note_C", "/gain", "/top_k", "/panic"))]
    knobs = MidiInput(one, maps)
    parser = mido.Parser()
    parser.feed(data)
    for message in parser:
        knobs.handle(message)
    for address in ("/steer/note_C", "/gain", "/top_k"):
        parameter = one.parameters[address]
        assert parameter.low <= one.get(address) <= parameter.high


@given(st.integers(0, 15), st.integers(0, 127))
def test_a_control_change_sent_as_bytes_arrives_as_the_value(channel, value):
    one = controls()
    knobs = MidiInput(one, [CCMap(21, "/steer/note_Db", channel + 1, 0.0, 1.2)])
    parser = mido.Parser()
    parser.feed([0xB0 | channel, 21, value])
    for message in parser:
        knobs.handle(message)
    assert one.get("/steer/note_Cs") == pytest.approx(1.2 * value / 127)


def test_without_a_range_a_knob_covers_what_makes_sense():
    one = controls()
    steer = CCMap(1, "/steer/tempo").fitted(one.parameter("/steer/tempo"))
    gain = CCMap(1, "/gain").fitted(one.parameter("/gain"))
    assert (steer.low, steer.high) == (0.0, 1.0)
    assert (gain.low, gain.high) == (-60.0, 12.0)


def test_a_pad_triggers_once_a_press():
    one = controls()
    pads = MidiInput(one, [CCMap(40, "/panic")])
    for value in (127, 127, 0, 100, 63, 64):
        pads.handle(cc(40, value))
    assert one.snapshot().times["/panic"] == 3


def test_wrong_mappings_are_told_at_once():
    with pytest.raises(MusicRFMError, match="unknown address"):
        MidiInput(controls(), [CCMap(1, "/steer/nothing")])
    with pytest.raises(MusicRFMError, match="cannot set the text /prompt"):
        MidiInput(controls(), [CCMap(1, "/prompt")])


def test_ports_are_chosen_by_a_part_of_their_name():
    names = ["Midi Through:0", "nanoKONTROL2 SLIDER", "nanoKONTROL2"]
    assert choose(names, "nanoKONTROL2") == "nanoKONTROL2"
    assert choose(names, "slider") == "nanoKONTROL2 SLIDER"
    assert choose(names, "launchpad") is None
    assert choose(names, None) == "nanoKONTROL2 SLIDER"
    assert choose(["Midi Through"], None) is None


class Cable:
    """A MIDI system with one controller that can be pulled out and put back."""

    def __init__(self, monkeypatch) -> None:
        self.names: list[str] = []
        self.callback = None
        self.closed = 0
        self.fail = ""
        monkeypatch.setattr(midi, "POLL_SECONDS", 0.01)
        monkeypatch.setattr(mido, "get_input_names", self.list)
        monkeypatch.setattr(mido, "open_input", self.open)

    def list(self):
        if self.fail:
            raise RuntimeError(self.fail)
        return list(self.names)

    def open(self, name, callback):
        self.callback = callback
        return SimpleNamespace(close=self.close)

    def close(self):
        self.closed += 1


def until(condition) -> None:
    deadline = time.monotonic() + 5
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.005)
    assert condition()


def test_the_controller_is_found_when_it_comes_and_comes_back(monkeypatch, caplog):
    cable = Cable(monkeypatch)
    one = controls()
    knobs = MidiInput(one, [CCMap(21, "/gain", low=-10, high=10)], "KONTROL")
    knobs.start()
    until(lambda: "no input matches 'KONTROL'" in caplog.text)
    cable.names = ["nanoKontrol"]
    until(lambda: knobs.connected == "nanoKontrol")
    cable.callback(cc(21, 127))
    assert one.get("/gain") == 10
    cable.names = []
    until(lambda: knobs.connected == "" and cable.closed == 1)
    cable.fail = "the MIDI server has gone"
    until(lambda: "the MIDI server has gone" in caplog.text)
    cable.fail, cable.names = "", ["nanoKontrol"]
    until(lambda: knobs.connected == "nanoKontrol")
    cable.callback(cc(21, 0))
    assert one.get("/gain") == -10
    knobs.close()
    assert cable.closed == 2
