"""MIDI learn and MIDI out: which control was meant, what is kept of it, and what it is told."""

from __future__ import annotations

from functools import partial

import mido
import pytest

from bridge import learn, midi_port
from bridge.cli import main
from bridge.controls import Controls, namespace
from bridge.learn import Learner, change_mapping, write_mapping
from bridge.midi import MidiInput, Port
from bridge.midi_decoder import Decoder
from bridge.midi_feedback import Feedback, messages
from bridge.midi_heard import found
from bridge.midi_map import MidiMap
from bridge.midi_port import output_for
from bridge.rig import load_rig
from musicrfm.errors import MusicRFMError
from tests.bridge.test_midi import until


def control(number, value, channel=0):
    return mido.Message("control_change", control=number, value=value, channel=channel)


def note(number, velocity):
    return mido.Message("note_on", note=number, velocity=velocity)


def heard(sent, target="number"):
    """What `found` makes of these messages."""
    decoder = Decoder()
    return found([(move, "") for message in sent for move in decoder.moves(message)], target)


NRPN = [control(99, 1), control(98, 2), control(6, 5), control(38, 6)]


@pytest.mark.parametrize(
    ("sent", "source", "number"),
    [
        ([control(7, 1), control(7, 9)], "cc", 7),
        ([control(7, 1), control(8, 9), control(8, 7)], "cc", 8),
        ([control(7, 1), control(39, 9)], "cc14", 7),
        (NRPN, "nrpn", 130),
        ([note(40, 3)], "note", 40),
        ([note(40, 3), mido.Message("aftertouch", value=9)], "note", 40),
        ([mido.Message("pitchwheel", pitch=9)], "pitch_bend", None),
        ([mido.Message("aftertouch", value=9)], "pressure", None),
    ],
)
def test_the_control_that_was_meant_is_found(sent, source, number):
    one = heard(sent).mapping
    assert (one.source, one.number) == (source, number)


def test_a_note_let_go_and_half_an_nrpn_are_no_choice():
    assert heard([note(40, 0), control(99, 1), control(98, 2)]) is None


def test_what_was_learned_works_is_told_and_is_in_the_rig(tmp_path, monkeypatch):
    monkeypatch.setattr(learn, "GATHER_SECONDS", 0.05)
    path = tmp_path / "rig.toml"
    path.write_text(
        "# mine\n[engine]\nseed = 3 # lucky\n[[midi]]\ncc = 1\nto = '/gain'\n"
        "[[midi]]\ncc = 2\nto = '/steer/note_C'\n"
    )
    one = Controls(namespace(["note_C"]))
    knobs = MidiInput(one, load_rig(path).midi, rig=path)
    told = []
    knobs.learner.on_learned(lambda *what: told.append(what))
    knobs.learner.start("/steer/note_C")
    knobs.handle(control(1, 100, channel=3))
    assert one.received == 0  # what is turned to be learned turns nothing
    until(lambda: told)
    entry = {"cc": 1, "channel": 4, "to": "/steer/note_C", "relative": "off"}
    assert told == [("/steer/note_C", entry)]
    knobs.handle(control(2, 127))
    assert one.received == 0  # the old knob has been let off
    knobs.handle(control(1, 127, channel=3))
    assert one.get("/steer/note_C") == 1.0
    written = path.read_text()
    assert "# mine" in written and "# lucky" in written
    kept = load_rig(path).midi
    assert kept == (
        MidiMap("cc", 1, "/gain"),
        MidiMap("cc", 1, "/steer/note_C", 4, relative="off"),
    )


def test_a_rig_that_is_not_there_is_made_and_one_that_is_broken_is_left(tmp_path):
    path = tmp_path / "new.toml"
    write_mapping(path, {"pitch_bend": True, "to": "/gain"})
    assert load_rig(path).midi == (MidiMap("pitch_bend", None, "/gain"),)
    path.write_text("midi = 3\n")
    with pytest.raises(MusicRFMError, match=r"written \[\[midi\]\]"):
        write_mapping(path, {"cc": 1, "to": "/gain"})
    assert path.read_text() == "midi = 3\n"


def test_learning_can_be_called_off_and_nonsense_is_refused(monkeypatch):
    monkeypatch.setattr(learn, "GATHER_SECONDS", 0.01)
    learned = []
    one = Learner(learned.append)
    one.start("/gain")
    one.cancel()
    assert not one.hear(Decoder().moves(control(1, 1)))
    with pytest.raises(MusicRFMError, match="takes an address"):
        one.start("gain")
    one.start("/gain")
    assert one.hear(Decoder().moves(control(1, 40)))
    until(lambda: learned)
    assert len(learned) == 1 and not one.hear(Decoder().moves(control(1, 1)))


def test_an_address_that_is_not_there_is_told(monkeypatch, caplog):
    monkeypatch.setattr(learn, "GATHER_SECONDS", 0.01)
    knobs = MidiInput(Controls(namespace([])), [])
    knobs.learner.start("/steer/nothing")
    knobs.handle(control(1, 40))
    until(lambda: "unknown address '/steer/nothing'" in caplog.text)


class Fader:
    """A motorised fader; the clock is the test's."""

    def __init__(self, *maps):
        self.now = 0.0
        self.told = []
        self.controls = Controls(namespace(["note_C"]))
        self.feedback = Feedback(
            self.controls, maps, lambda one, sent: self.told.extend(sent), lambda: self.now
        )


FADER = MidiMap("cc", 7, "/gain", 2, 0.0, 1.0)


def test_a_fader_follows_what_someone_else_changed_and_nothing_goes_round():
    one = Fader(FADER)
    one.feedback.update()
    assert [m.value for m in one.told] == [0] and one.told[0].channel == 1
    one.controls.set("/gain", 1.0, "osc")
    one.feedback.update()
    one.feedback.update()
    assert [m.value for m in one.told] == [0, 127]
    assert not one.feedback.heard(0, 126 / 127)  # on its way there
    one.now = 1.0
    assert one.feedback.heard(0, 60 / 127)  # a hand
    one.controls.set("/gain", 60 / 127, "midi")
    one.feedback.update()
    assert len(one.told) == 2  # it knows
    one.feedback.again()
    one.feedback.update()
    assert [m.value for m in one.told] == [0, 127, 60]


@pytest.mark.parametrize("source", ["cc", "cc14", "nrpn", "pitch_bend", "note"])
@pytest.mark.parametrize("position", [0.0, 0.25, 0.5, 1.0])
def test_what_is_sent_is_what_would_have_been_heard(source, position):
    one = Fader(MidiMap(source, None if source == "pitch_bend" else 5, "/gain", 2, 0.0, 1.0))
    one.controls.set("/gain", position)
    one.feedback.update()
    decoder = Decoder()
    moves = [m for sent in one.told for m in decoder.moves(sent) if m.source == source]
    assert moves[-1].position == pytest.approx(position, abs=0.005)
    assert moves[-1].channel == 2 and len(messages(FADER, 3)) == 1


def test_feedback_runs_by_itself_and_goes_to_the_port_it_belongs_to(monkeypatch):
    one = Controls(namespace([]))
    knobs = MidiInput(
        one, [MidiMap("cc", 7, "/gain", port="nano")], ["nano", "keys"], feedback=True
    )
    sent: dict[str, list] = {"nano": [], "keys": []}
    for port in knobs._ports:
        monkeypatch.setattr(port, "send", sent[port.name].extend)
        monkeypatch.setattr(port, "start", lambda: None)
    knobs.start()
    one.set("/gain", 12.0, "osc")
    until(lambda: sent["nano"] and sent["nano"][-1].value == 127)
    knobs.close()
    assert not sent["keys"]


def test_the_way_back_is_the_output_of_the_same_controller(monkeypatch):
    outputs = ["Midi Through:Midi Through Port-0 14:0", "nanoKONTROL2:nanoKONTROL2 MIDI 1 24:0"]
    assert output_for("nanoKONTROL2:nanoKONTROL2 MIDI 1 20:0", outputs) == outputs[1]
    assert output_for("nanoKONTROL2 1", ["Launchpad 0", "nanoKONTROL2 2"]) == "nanoKONTROL2 2"
    assert output_for("X-Touch MIDI IN", ["X-Touch MIDI OUT"]) == "X-Touch MIDI OUT"
    assert output_for("MIDIIN2 (Fader)", ["Fader", "MIDIOUT2 (Fader)"]) == "MIDIOUT2 (Fader)"
    assert output_for("keys", outputs) is None


def test_orders_on_stdin_go_out_and_bad_ones_do_not_hurt(monkeypatch):
    class Port:
        sent: list = []

        def send(self, message):
            self.sent.append(message)

    monkeypatch.setattr(mido, "get_output_names", lambda: ["nano"])
    monkeypatch.setattr(mido, "open_output", lambda name: Port())
    monkeypatch.setattr(midi_port, "OUT", midi_port.Out())
    midi_port._send("message B0 07 10")  # nobody is there yet
    midi_port.OUT.name = "nano"
    for line in ("message B0 07 11", "message", "message zz", "hello", "message B0 07 12"):
        midi_port._send(line)
    assert [m.value for m in Port.sent] == [0x11, 0x12]


def test_learning_over_osc_starts_stops_and_says_what_is_wrong():
    one = Controls(namespace(["note_C"]))
    knobs = MidiInput(one, [])
    one.handle("/midi/learn", partial(learn.learn, one, knobs.learner))
    one.set("/midi/learn", "/steer/note_C")
    assert knobs.learner.hear([])
    one.set("/midi/learn", "")
    assert not knobs.learner.hear([])
    with pytest.raises(MusicRFMError, match="unknown address"):
        one.set("/midi/learn", "/nothing")
    one.handle("/midi/learn", partial(learn.learn, one, None))
    with pytest.raises(MusicRFMError, match="needs a MIDI input"):
        one.set("/midi/learn", "/gain")


def test_the_command_writes_the_control_that_was_moved(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(learn, "GATHER_SECONDS", 0.01)
    path = tmp_path / "rig.toml"
    path.write_text("midi_port = ['nano', 'keys']\n")

    def play(port):
        if port.name == "keys":
            port.handle(note(36, 100))
            port.handle(note(36, 0))

    monkeypatch.setattr(Port, "start", play)
    assert main(["learn", "/steer/note_Db", "--rig", str(path)]) == 0
    assert "note = 36" in capsys.readouterr().out
    assert load_rig(path).midi == (MidiMap("note", 36, "/steer/note_Cs", 1, port="keys"),)
    assert main(["learn", "gain", "--rig", str(path)]) == 2
    assert "takes an address" in capsys.readouterr().err


def test_a_fader_that_was_learned_or_read_again_is_told_where_it_should_be(monkeypatch):
    one = Controls(namespace([]))
    fader = MidiMap("cc", 7, "/gain", low=0.0, high=1.0)
    knobs = MidiInput(one, [fader], feedback=True)
    sent: list = []
    monkeypatch.setattr(knobs._ports[0], "send", sent.extend)
    one.set("/gain", 1.0)
    for change in (
        lambda: None,
        lambda: knobs.remap([MidiMap("cc", 8, "/gain", low=0.0, high=1.0)]),
        lambda: knobs.adopt(MidiMap("cc", 9, "/gain", low=0.0, high=1.0)),
    ):
        change()
        knobs._feedback.update()
        knobs._feedback.update()
    assert [(m.control, m.value) for m in sent] == [(7, 127), (8, 127), (9, 127)]
