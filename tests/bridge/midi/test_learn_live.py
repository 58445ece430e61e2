"""MIDI learn and MIDI feedback: finding the moved control, its rig entry, its position."""

from __future__ import annotations

from functools import partial

import mido
import pytest

from bridge.cli import main
from bridge.controls.controls import Controls, namespace
from bridge.midi import learn, port_process
from bridge.midi.controllers import MidiInput, Port
from bridge.midi.decoder import Decoder
from bridge.midi.feedback import Feedback, messages
from bridge.midi.heard import found
from bridge.midi.learn import Learner, change_mapping, write_mapping
from bridge.midi.mapping import MidiMap
from bridge.midi.port_process import output_for
from bridge.rig import load_rig
from musicrfm.errors import MusicRFMError
from tests.bridge.midi.test_controllers import until


def control(number, value, channel=0):
    return mido.Message("control_change", control=number, value=value, channel=channel)


def note(number, velocity):
    return mido.Message("note_on", note=number, velocity=velocity)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Shortens the waits of MIDI learn."""
    monkeypatch.setattr(learn, "GATHER_SECONDS", 0.01)
    monkeypatch.setattr(learn, "PATIENCE_SECONDS", 0.05)


def heard(sent, target="number"):
    """The result of `found` for these messages."""
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
def test_moved_control_is_found(sent, source, number):
    one = heard(sent).mapping
    assert (one.source, one.number) == (source, number)


def cc(number, *values, channel=0):
    return [control(number, value, channel) for value in values]


def bend(*values, channel=0):
    return [mido.Message("pitchwheel", pitch=value, channel=channel) for value in values]


def key(note, *between, channel=0, velocity=90):
    return [
        mido.Message("note_on", note=note, velocity=velocity, channel=channel),
        *between,
        mido.Message("note_off", note=note, channel=channel),
    ]


def nrpn(number, *data):
    return [control(99, number >> 7), control(98, number & 127), *data]


def touch(*values, channel=0):
    return [mido.Message("aftertouch", value=value, channel=channel) for value in values]


PRESSURE = touch(5, 40, 90, 0)
FINGER = [*bend(-300, 200, channel=3), *cc(74, 64, 70, 80, channel=3)]


@pytest.mark.parametrize(
    ("sent", "entry"),
    [
        # Plain knobs on numbers that other messages are made of.
        (cc(6, 10, 20, 30), {"cc": 6, "relative": "off"}),
        (cc(38, 10, 20, 30), {"cc": 38, "relative": "off"}),
        (cc(98, 10, 20, 30), {"cc": 98, "relative": "off"}),
        (cc(0, 10, 20, 30), {"cc": 0, "relative": "off"}),
        # Encoders.
        (cc(20, 1, 1, 127), {"cc": 20, "relative": "twos"}),
        (cc(20, 65, 65, 63), {"cc": 20, "relative": "offset"}),
        (cc(16, 1, 2, 3, 1, 65), {"cc": 16, "relative": "signed"}),
        (nrpn(300, *cc(96, 0, 0), control(97, 0)), {"nrpn": 300}),
        # A touched fader or encoder sends a note first.
        (key(104, *bend(-8192, -7000, -2000), velocity=127), {"pitch_bend": True}),
        (key(0, *cc(71, 1, 1, 127), velocity=127), {"cc": 71, "relative": "twos"}),
        (key(0, *cc(71, 1), velocity=127), {"cc": 71}),
        (key(90, *cc(7, 10, 40, 90)), {"cc": 7, "relative": "off"}),
        # Or it switches something on and off again: X-Touch Compact, faders 1, 2 and 6.
        ([*cc(101, 127), *cc(1, 9, 40, 50), *cc(101, 0)], {"cc": 1, "relative": "off"}),
        ([*cc(102, 127), *cc(2, 9, 40, 50), *cc(102, 0)], {"cc": 2, "relative": "off"}),
        ([*cc(106, 127), *cc(6, 9, 40, 50), *cc(106, 0)], {"cc": 6, "relative": "off"}),
        ([*cc(110, 127), *cc(16, 1, 1, 65), *cc(110, 0)], {"cc": 16, "relative": "signed"}),
        ([*cc(11, 63, 64, 63, 64), *cc(41, 127, 0)], {"cc": 41, "toggle": True}),
        # Keys and pads that send more than their note.
        (key(60, *PRESSURE), {"note": 60}),
        ([*cc(88, 17), *key(60)], {"note": 60}),
        ([*FINGER, *key(60, *FINGER, channel=3)], {"note": 60, "channel": None}),
        (
            [*bend(-9, channel=1), *key(60, *touch(9, 40, channel=1), channel=1)],
            {"note": 60, "channel": None},
        ),
        (key(60, *touch(9, 40, channel=9), channel=9), {"note": 60, "channel": 10}),  # a drum pad
        # One finer control that is sent as several.
        ([*cc(7, 10), *cc(39, 3), *cc(7, 20), *cc(39, 9)], {"cc14": 7}),
        ([*cc(39, 3), *cc(7, 10), *cc(39, 9), *cc(7, 20)], {"cc14": 7}),
        ([*nrpn(300, *cc(6, 1), *cc(38, 5)), *nrpn(300, *cc(6, 90), *cc(38, 5))], {"nrpn": 300}),
        # Two knobs, of which one only trembles, and messages that are no controls.
        ([*cc(11, 63, 64, 63, 64, 63, 64), *cc(12, 30, 50)], {"cc": 12, "relative": "off"}),
        ([*nrpn(300), *cc(5, 40, 50)], {"cc": 5, "relative": "off"}),
        (
            [*cc(101, 0), *cc(100, 0), *cc(6, 2), *cc(38, 0), *cc(7, 9, 90)],
            {"cc": 7, "relative": "off"},
        ),
        (
            [*cc(0, 3), *cc(32, 1), mido.Message("program_change", program=3), *cc(7, 99, 90)],
            {"cc": 7, "relative": "off"},
        ),
        ([*cc(123, 0), *cc(121, 0), *cc(7, 99, 90)], {"cc": 7, "relative": "off"}),
        # Buttons.
        (cc(41, 127, 0), {"cc": 41, "toggle": True}),
        (cc(41, 127, 0, 127, 0), {"cc": 41, "toggle": True}),
        (cc(41, 0, 127), {"cc": 41, "relative": "off"}),  # it stays where it is put
        (cc(41, 127), {"cc": 41}),
        (cc(41, 90, 0), {"cc": 41, "relative": "off"}),  # the value is its velocity
    ],
)
def test_learned_control_is_the_moved_one_not_the_first_received(sent, entry):
    found = heard(sent).mapping.entry()
    wanted = {"channel": 1} | entry
    assert found == {name: value for name, value in wanted.items() if value is not None}


@pytest.mark.parametrize(
    ("sent", "target", "toggle", "certain"),
    [
        (cc(41, 127, 0), "switch", True, True),
        (cc(41, 90, 0), "switch", True, True),
        (cc(41, 127), "switch", False, False),  # a button that is held, or one that latches
        (cc(41, 127, 127), "switch", True, True),  # a button that sends only its press
        (cc(41, 127, 127), "number", False, False),  # or an encoder
        (cc(41, 127, 0), "trigger", False, True),
        (key(36), "switch", True, True),
        (key(36)[:1], "switch", True, False),  # a pad that is held, or a fader that is touched
        (key(36), "number", False, True),
        (cc(7, 10, 90), "switch", False, True),
        (cc(7, 10), "number", False, False),
        (cc(20, 1, 1), "number", False, False),  # it has to be turned back
    ],
)
def test_button_is_learned_as_a_toggle_for_a_switch(sent, target, toggle, certain):
    one = heard(sent, target)
    assert (one.mapping.toggle, one.certain) == (toggle, certain)


def test_key_of_an_mpe_zone_is_learned_without_a_channel():
    zone = [control(101, 0), control(100, 6), control(6, 15)]
    assert heard([*zone, *key(60, channel=4)]).mapping == MidiMap("note", 60)


@pytest.mark.parametrize(
    "sent",
    [
        cc(123, 0),
        [mido.Message("active_sensing")],
        [mido.Message("program_change")],
        cc(121, 0),
        [mido.Message("reset")],
    ],
)
def test_messages_that_are_no_control_are_not_learned(sent):
    assert heard(sent) is None


def test_note_release_and_half_an_nrpn_are_not_learned():
    assert heard([note(40, 0), control(99, 1), control(98, 2)]) is None


def test_learned_control_works_is_reported_and_is_in_the_rig(tmp_path, monkeypatch):
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
    assert one.received == 0  # a control moved for learning changes no value
    until(lambda: told)
    entry = {"cc": 1, "channel": 4, "to": "/steer/note_C", "relative": "off"}
    assert told == [("/steer/note_C", entry)]
    knobs.handle(control(2, 127))
    assert one.received == 0  # the old mapping has been removed
    knobs.handle(control(1, 127, channel=3))
    assert one.get("/steer/note_C") == 1.0
    written = path.read_text()
    assert "# mine" in written and "# lucky" in written
    kept = load_rig(path).midi
    assert kept == (
        MidiMap("cc", 1, "/gain"),
        MidiMap("cc", 1, "/steer/note_C", 4, relative="off"),
    )


def test_missing_rig_is_created_and_a_broken_rig_is_kept(tmp_path):
    path = tmp_path / "new.toml"
    write_mapping(path, {"pitch_bend": True, "to": "/gain"})
    assert load_rig(path).midi == (MidiMap("pitch_bend", None, "/gain"),)
    path.write_text("midi = 3\n")
    with pytest.raises(MusicRFMError, match=r"write \[\[midi\]\]"):
        write_mapping(path, {"cc": 1, "to": "/gain"})
    assert path.read_text() == "midi = 3\n"


def test_learning_can_be_cancelled_and_needs_an_address(monkeypatch):
    learned = []
    one = Learner(learned.append)
    one.start("/gain")
    one.cancel()
    assert not one.hear(Decoder().moves(control(1, 1)))
    with pytest.raises(MusicRFMError, match="needs an address"):
        one.start("gain")
    one.start("/gain")
    assert one.hear(Decoder().moves(control(1, 40)))
    until(lambda: learned)
    assert len(learned) == 1 and not one.hear(Decoder().moves(control(1, 1)))


def test_learning_an_unknown_address_is_reported(monkeypatch, caplog):
    knobs = MidiInput(Controls(namespace([])), [])
    knobs.learner.start("/steer/nothing")
    knobs.handle(control(1, 40))
    until(lambda: "unknown address '/steer/nothing'" in caplog.text)


class Fader:
    """A motorised fader with a simulated clock."""

    def __init__(self, *maps):
        self.now = 0.0
        self.told = []
        self.controls = Controls(namespace(["note_C"]))
        self.feedback = Feedback(
            self.controls, maps, lambda one, sent: self.told.extend(sent), lambda: self.now
        )


FADER = MidiMap("cc", 7, "/gain", 2, 0.0, 1.0)


def test_motor_fader_follows_other_sources_without_feedback_loops():
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
def test_feedback_messages_decode_to_the_same_position(source, position):
    one = Fader(MidiMap(source, None if source == "pitch_bend" else 5, "/gain", 2, 0.0, 1.0))
    one.controls.set("/gain", position)
    one.feedback.update()
    decoder = Decoder()
    moves = [m for sent in one.told for m in decoder.moves(sent) if m.source == source]
    assert moves[-1].position == pytest.approx(position, abs=0.005)
    assert moves[-1].channel == 2 and len(messages(FADER, 3)) == 1


def test_feedback_thread_sends_to_the_port_of_the_mapping(monkeypatch):
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


def test_feedback_goes_to_the_output_of_the_same_controller(monkeypatch):
    outputs = ["Midi Through:Midi Through Port-0 14:0", "nanoKONTROL2:nanoKONTROL2 MIDI 1 24:0"]
    assert output_for("nanoKONTROL2:nanoKONTROL2 MIDI 1 20:0", outputs) == outputs[1]
    assert output_for("nanoKONTROL2 1", ["Launchpad 0", "nanoKONTROL2 2"]) == "nanoKONTROL2 2"
    assert output_for("X-Touch MIDI IN", ["X-Touch MIDI OUT"]) == "X-Touch MIDI OUT"
    assert output_for("MIDIIN2 (Fader)", ["Fader", "MIDIOUT2 (Fader)"]) == "MIDIOUT2 (Fader)"
    assert output_for("keys", outputs) is None


def test_port_process_sends_valid_messages_and_ignores_invalid_lines(monkeypatch):
    class Port:
        sent: list = []

        def send(self, message):
            self.sent.append(message)

    monkeypatch.setattr(mido, "get_output_names", lambda: ["nano"])
    monkeypatch.setattr(mido, "open_output", lambda name: Port())
    monkeypatch.setattr(port_process, "OUT", port_process.Out())
    port_process._send("message B0 07 10")  # no output is open yet
    port_process.OUT.name = "nano"
    for line in ("message B0 07 11", "message", "message zz", "hello", "message B0 07 12"):
        port_process._send(line)
    assert [m.value for m in Port.sent] == [0x11, 0x12]


def test_learn_address_starts_and_stops_learning_and_refuses_bad_addresses():
    one = Controls(namespace(["note_C"]))
    knobs = MidiInput(one, [])
    one.handle("/midi/learn", partial(learn.learn, one, knobs.learner))
    one.set("/midi/learn", "/steer/note_C")
    assert knobs.learner.hear([])
    one.set("/midi/learn", "")
    assert not knobs.learner.hear([])
    with pytest.raises(MusicRFMError, match="unknown address"):
        one.set("/midi/learn", "/nothing")
    with pytest.raises(MusicRFMError, match="cannot set the text /prompt"):
        one.set("/midi/learn", "/prompt")
    one.handle("/midi/learn", partial(learn.learn, one, None))
    with pytest.raises(MusicRFMError, match="needs a MIDI input"):
        one.set("/midi/learn", "/gain")


def test_learn_command_writes_the_moved_control_into_the_rig(tmp_path, monkeypatch, capsys):
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
    assert "needs an address" in capsys.readouterr().err


def test_new_or_reloaded_fader_receives_its_position(monkeypatch):
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


def test_mapping_can_be_changed_and_removed_and_comments_stay(tmp_path):
    path = tmp_path / "rig.toml"
    path.write_text(
        "# mine\n[[midi]]\ncc = 1 # left\nto = '/steer/note_Db'\nchannel = 2\n"
        "[[midi]]\ncc = 2\nto = '/gain'\n"
    )
    knobs = MidiInput(Controls(namespace(["note_Cs"])), load_rig(path).midi, rig=path)
    before, other = knobs.entries()
    after = before | {"relative": "twos", "step": 0.05}
    del after["channel"]
    knobs.change(before, after)
    assert knobs.entries() == [after, other]
    written = path.read_text()
    assert "# mine" in written and "cc = 1 # left" in written and "channel" not in written
    assert [one.entry() for one in load_rig(path).midi] == [after, other]
    knobs.handle(control(1, 1))
    assert knobs._controls.get("/steer/note_Cs") == pytest.approx(0.05)
    for wrong, said in (
        (after | {"step": -1}, "step must be from"),
        (after | {"to": "/nothing"}, "unknown address"),
        (after | {"relative": "mackie"}, "relative must be"),
        ({"to": "/gain"}, "needs one of the keys"),
    ):
        with pytest.raises(MusicRFMError, match=said):
            knobs.change(after, wrong)
    with pytest.raises(MusicRFMError, match="changed elsewhere in the meantime"):
        knobs.change(before, None)
    path.write_text(path.read_text().replace("cc = 2", "cc = 3"))
    with pytest.raises(MusicRFMError, match="the entry of cc 2"):
        knobs.change(other, None)
    knobs.change(after, None)
    assert knobs.entries() == [other] and len(load_rig(path).midi) == 1
    with pytest.raises(MusicRFMError, match="was changed in the meantime"):
        change_mapping(path, after, None)


def test_without_a_rig_mappings_are_changed_for_this_set():
    knobs = MidiInput(Controls(namespace([])), [MidiMap("cc", 7, "/gain")])
    knobs.change({"cc": 7, "to": "/gain"}, {"cc": 7, "to": "/gain", "curve": "exp"})
    assert knobs.entries() == [{"cc": 7, "to": "/gain", "curve": "exp"}]


def test_unchanged_control_keeps_its_pickup_when_another_is_learned():
    """A knob that has picked up does not wait again after another one is learned."""
    controls = Controls(namespace([]))
    knobs = MidiInput(controls, [MidiMap("cc", 7, "/gain", low=0.0, high=1.0, pickup=True)])
    for value in (0, 127, 64):
        knobs.handle(control(7, value))
    knobs.adopt(MidiMap("cc", 8, "/temperature"))
    knobs.handle(control(7, 20))
    assert controls.get("/gain") == pytest.approx(20 / 127)


def test_uncertain_control_prompts_for_more_and_is_learned_after_a_timeout(monkeypatch, caplog):
    learned = []
    one = Learner(learned.append)
    monkeypatch.setattr(learn, "PATIENCE_SECONDS", 0.2)
    one.start("/steer/note_C")
    for value in (1, 1, 1):
        one.hear(Decoder().moves(control(20, value)))
    until(lambda: "turn it back as well" in caplog.text)
    assert one.address == "/steer/note_C" and not learned
    until(lambda: learned)
    assert learned == [MidiMap("cc", 20, "/steer/note_C", 1, relative="auto")]
    assert caplog.text.count("turn it back") == 1 and one.address is None


def test_learning_waits_for_a_touched_fader_to_move(monkeypatch):
    learned = []
    one = Learner(learned.append)
    monkeypatch.setattr(learn, "PATIENCE_SECONDS", 5.0)
    one.start("/gain")
    one.hear(Decoder().moves(note(104, 127)))
    one._timer.join(0.1)
    assert not learned
    for message in bend(-8000, 0, 8000):
        one.hear(Decoder().moves(message))
    until(lambda: learned)
    assert learned == [MidiMap("pitch_bend", None, "/gain", 1)]


def test_learning_without_a_control_reports_the_received_messages(monkeypatch, caplog):
    monkeypatch.setattr(learn, "SILENCE_SECONDS", 0.3)
    knobs = MidiInput(Controls(namespace([])), [], ports=["nano"])
    knobs._ports[0].hear("open nanoKONTROL2")
    knobs.learner.start("/gain")
    until(lambda: "nothing was received; listening to nanoKONTROL2" in caplog.text)
    for message in (
        mido.Message("program_change", program=4),
        mido.Message("active_sensing"),
        mido.Message("start"),
        mido.Message("sysex", data=(1,)),
        mido.Message("note_off", note=36),
    ):
        knobs.handle(message)
    until(lambda: "received only" in caplog.text)
    said = caplog.text[caplog.text.index("received only") :]
    for what in (
        "program 4 on channel 1",
        "sysex",
        "active sensing",
        "note 36 released on channel 1",
    ):
        assert f"{what} from nanoKONTROL2" in said
    times = caplog.text.count("still waits")
    knobs.handle(mido.Message("sysex", data=(1,)))  # no news
    knobs.learner._silence.join(2)
    assert caplog.text.count("still waits") == times
    knobs.learner.cancel()


def test_control_learned_from_one_of_several_ports_names_the_port(tmp_path):
    path = tmp_path / "rig.toml"
    knobs = MidiInput(Controls(namespace([])), [], ports=["nano", "nano"], rig=path)
    for port, number in zip(knobs._ports, (1, 2), strict=True):
        port.hear(f"open nanoPAD2 PAD 2{number}:0 #{number}")
    knobs.learner.start("/gain")
    for value in (10, 50):
        knobs._ports[1].hear(f"message B0 15 {value:02X}")
    until(path.exists)
    assert load_rig(path).midi[0].port == "nanoPAD2 PAD #2"


def test_learn_command_refuses_an_address_that_no_set_has(tmp_path, capsys):
    rig = str(tmp_path / "rig.toml")
    for address, said in (
        ("/gian", "did you mean '/gain'"),
        ("/prompt", "cannot set the text"),
        ("/steer/note_C/injekt", "did you mean"),
    ):
        assert main(["learn", address, "--rig", rig]) == 2
        assert said in capsys.readouterr().err
    assert main(["learn", "/gain", "--rig", str(tmp_path / "no" / "rig.toml")]) == 2
    assert "the folder does not exist" in capsys.readouterr().err
