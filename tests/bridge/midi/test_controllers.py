"""MIDI: knob values for any received bytes, and restarting a lost port process."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from types import SimpleNamespace

import mido
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.controls.controls import Controls, namespace
from bridge.midi import controllers, port_process
from bridge.midi.controllers import MidiInput
from bridge.midi.decoder import Decoder
from bridge.midi.mapping import MidiMap
from bridge.midi.port_process import choose
from musicrfm.errors import MusicRFMError

NAMES = ["note_C", "note_Cs", "tempo"]
ends = st.floats(-100, 100)


def controls():
    return Controls(namespace(NAMES))


def cc(control, value, channel=0):
    return mido.Message("control_change", control=control, value=value, channel=channel)


@given(st.integers(0, 127), ends, ends)
def test_knob_stays_in_its_range_and_reaches_both_ends(position, low, high):
    knob = MidiMap("cc", 1, "/gain", low=low, high=high)
    assert knob.value(0) == low and knob.value(1) == high
    slack = 1e-9 * (abs(low) + abs(high))
    assert min(low, high) - slack <= knob.value(position / 127) <= max(low, high) + slack


@given(st.integers(0, 126), ends, ends)
def test_turning_a_knob_up_never_lowers_the_value(position, low, high):
    knob = MidiMap("cc", 1, "/gain", low=min(low, high), high=max(low, high))
    assert knob.value(position / 127) <= knob.value((position + 1) / 127) + 1e-9


@given(st.integers(0, 127), st.integers(0, 127), st.integers(0, 15), st.integers(0, 127))
def test_only_the_mapped_number_on_the_mapped_channel_counts(mapped, control, channel, value):
    maps = [MidiMap("cc", mapped, "/a", channel=3), MidiMap("cc", mapped, "/b")]
    moves = Decoder().moves(cc(control, value, channel))
    addresses = [one.to for one in maps for move in moves if one.matches(move)]
    expected = []
    if control == mapped:
        expected = ["/a", "/b"] if channel == 2 else ["/b"]
    assert addresses == expected


@given(st.binary(max_size=200))
def test_any_bytes_leave_every_value_in_range(data):
    one = controls()
    maps = [
        MidiMap("cc", n, a) for n, a in enumerate(("/steer/note_C", "/gain", "/top_k", "/panic"))
    ]
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
    knob = MidiMap("cc", 21, "/steer/note_Db", channel + 1, 0.0, 1.2, relative="off")
    knobs = MidiInput(one, [knob])
    parser = mido.Parser()
    parser.feed([0xB0 | channel, 21, value])
    for message in parser:
        knobs.handle(message)
    assert one.get("/steer/note_Cs") == pytest.approx(1.2 * value / 127)


def test_knob_without_a_range_gets_a_default_range():
    one = controls()
    steer = MidiMap("cc", 1, "/steer/tempo").fitted(one.parameter("/steer/tempo"))
    gain = MidiMap("cc", 1, "/gain").fitted(one.parameter("/gain"))
    assert (steer.low, steer.high) == (0.0, 1.0)
    assert (gain.low, gain.high) == (-60.0, 12.0)


def test_pad_triggers_once_per_press():
    one = controls()
    pads = MidiInput(one, [MidiMap("cc", 40, "/panic")])
    for value in (127, 127, 0, 100, 63, 64):
        pads.handle(cc(40, value))
    assert one.snapshot().times["/panic"] == 3


def test_invalid_mapping_is_refused_at_once():
    with pytest.raises(MusicRFMError, match="unknown address"):
        MidiInput(controls(), [MidiMap("cc", 1, "/steer/nothing")])
    with pytest.raises(MusicRFMError, match="cannot set the text /prompt"):
        MidiInput(controls(), [MidiMap("cc", 1, "/prompt")])
    with pytest.raises(MusicRFMError, match="cannot set the text /crossfade"):
        MidiInput(controls(), [MidiMap("cc", 1, "/crossfade")])


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
        self.fail = ""
        monkeypatch.setattr(port_process, "POLL_SECONDS", 0.01)
        monkeypatch.setattr(mido, "get_input_names", self.list)
        monkeypatch.setattr(mido, "open_input", self.open)

    def list(self):
        if self.fail:
            raise RuntimeError(self.fail)
        return list(self.names)

    def open(self, name, callback):
        self.callback = callback
        return SimpleNamespace(name=name)


def until(condition) -> None:
    deadline = time.monotonic() + 5
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.005)
    assert condition()


@pytest.mark.parametrize("end", ["pulled out", "system down"])
def test_port_process_waits_for_the_controller_and_ends_when_it_is_gone(monkeypatch, end):
    cable = Cable(monkeypatch)
    cable.fail = "no server"
    said: list[str] = []
    follower = threading.Thread(target=port_process.follow, args=("KONTROL", said.append))
    follower.start()
    until(lambda: any("no server" in line for line in said))
    cable.fail, cable.names = "", ["Midi Through"]
    until(lambda: "news no input matches 'KONTROL' (there are: Midi Through)" in "".join(said))
    cable.names = ["nanoKontrol"]
    until(lambda: said[-1] == "news listening to nanoKontrol")
    assert said[-2] == "open nanoKontrol"
    cable.callback(cc(21, 127))
    assert said[-1] == "message B0 15 7F"
    cable.callback(mido.Message("clock"))
    assert said[-1].startswith("clock ") and float(said[-1][6:]) <= time.monotonic()
    if end == "pulled out":
        cable.names = []
    else:
        cable.fail = "the server has gone"
    follower.join(5)
    assert not follower.is_alive()
    assert "nanoKontrol is disconnected" in said[-1]


@given(st.text(max_size=40))
def test_no_line_from_the_port_raises(text):
    one = controls()
    MidiInput(one, [MidiMap("cc", 21, "/gain")]).hear(text)
    MidiInput(one, [MidiMap("cc", 21, "/gain")]).hear("message " + text)


def test_lines_from_the_port_turn_knobs_and_news_is_logged_once(caplog):
    one = controls()
    knobs = MidiInput(one, [MidiMap("cc", 21, "/gain", low=-10, high=10)])
    knobs.hear("message B0 15 7F\n")
    assert one.get("/gain") == 10
    for _ in range(3):
        knobs.hear("news nobody is here\n")
    assert caplog.text.count("MIDI: nobody is here") == 1


def test_dead_port_process_is_restarted(monkeypatch):
    """With a MIDI library that fails when it is loaded."""
    started = []
    start = controllers.start
    monkeypatch.setattr(controllers, "RESTART_SECONDS", 0.01)
    monkeypatch.setattr(controllers, "start", lambda *a: started.append(start(*a)) or started[-1])
    monkeypatch.setenv("MIDO_BACKEND", "no.such.backend")
    knobs = MidiInput(controls(), [MidiMap("cc", 21, "/gain")])
    knobs.start()
    until(lambda: len(started) == 1)
    started[0].kill()
    until(lambda: len(started) > 1)
    knobs.close()
    assert all(process.poll() is not None for process in started)


def test_hanging_port_process_is_replaced(monkeypatch, caplog):
    """As with a hanging driver or a stopped process: it sends nothing any more."""
    said = "import time; print('open pad', flush=True); time.sleep(60)"
    started = []

    def start(*_: object):
        started.append(
            subprocess.Popen(
                [sys.executable, "-c", said], stdin=subprocess.PIPE, stdout=subprocess.PIPE
            )
        )
        return started[-1]

    for name, seconds in (("RESTART", 0.01), ("LOOK", 0.02), ("STUCK", 0.2)):
        monkeypatch.setattr(controllers, f"{name}_SECONDS", seconds)
    monkeypatch.setattr(controllers, "start", start)
    knobs = MidiInput(controls(), [MidiMap("cc", 21, "/gain")])
    knobs.start()
    try:
        until(lambda: len(started) > 1)
    finally:
        knobs.close()
    assert "the process at pad does not answer; another takes its place" in caplog.text
    assert started[0].poll() is not None


def test_port_process_sends_a_sign_of_life():
    process = controllers.start("bridge.midi.port_process", "0", "nobody")
    try:
        assert any(line == b"here\n" for line in process.stdout)
    finally:
        process.kill()
