"""Decoding messages into moves: 14-bit halves, NRPN and RPN, channel modes, MPE, raw bytes."""

from __future__ import annotations

import mido
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.controls.controls import Controls, namespace
from bridge.midi.controllers import MidiInput
from bridge.midi.decoder import Decoder
from bridge.midi.mapping import MidiMap
from bridge.midi.wire import Messages


def control(number, value, channel=0):
    return mido.Message("control_change", control=number, value=value, channel=channel)


def positions(sent, source, number, decoder=None):
    """The positions of one control, after each message that moves it."""
    decoder = decoder or Decoder()
    moves = [move for one in sent for move in decoder.moves(one)]
    return [m.position for m in moves if (m.source, m.number) == (source, number)]


def knobs(*maps, **more):
    names = [f"note_{name}" for name in ("C", "D", "E", "G")]
    one = Controls(namespace([*names, "tempo"]))
    return one, MidiInput(one, maps, **more)


values = st.lists(st.integers(0, 16383), min_size=1, max_size=20)


@given(values, st.booleans(), st.sampled_from(["cc14", "nrpn", "rpn"]))
def test_fine_value_is_exact_in_either_order_of_its_halves(values, fine_first, source):
    decoder = Decoder()
    for value in values:
        coarse, fine = value >> 7, value & 127
        if source == "cc14":
            sent = [control(7, coarse), control(39, fine)]
        else:
            number = (99, 98) if source == "nrpn" else (101, 100)
            sent = [control(6, coarse), control(38, fine)]
        sent = sent[::-1] if fine_first else sent
        if source != "cc14":
            sent = [control(number[0], 1), control(number[1], 2), *sent]
        at = positions(sent, source, 7 if source == "cc14" else 130, decoder)
        assert at[-1] == pytest.approx(value / 16383)


def test_fine_value_is_exact_when_the_order_of_halves_changes():
    decoder = Decoder()
    for step, value in enumerate(range(0, 16384, 311)):
        sent = [control(39, value & 127), control(7, value >> 7)]
        sent = sent if 20 < step < 40 else sent[::-1]
        assert positions(sent, "cc14", 7, decoder)[-1] == pytest.approx(value / 16383)


@pytest.mark.parametrize("fine_first", [True, False])
def test_rising_fine_values_never_decrease(fine_first):
    decoder, heard = Decoder(), [0.0]
    for value in range(0, 16384, 97):
        sent = [control(7, value >> 7), control(39, value & 127)]
        heard += positions(sent[::-1] if fine_first else sent, "cc14", 7, decoder)
    assert heard == sorted(heard)


def test_coarse_half_alone_is_a_knob_of_128_steps():
    sent = [control(7, value) for value in (0, 64, 127)]
    assert positions(sent, "cc14", 7) == pytest.approx([0, 64 / 127, 1])
    decoder = Decoder()
    positions([control(7, 3), control(39, 5)], "cc14", 7, decoder)
    assert positions(sent, "cc14", 7, decoder)[1:] == pytest.approx([64 / 127, 1])
    number = [control(99, 1), control(98, 2)]
    sent = [*number, control(6, 0), *number, control(6, 127)]
    assert positions(sent, "nrpn", 130) == [0, 1]


def test_fine_halves_alone_refine_the_last_coarse_value():
    sent = [control(7, 10), control(39, 1), control(39, 50), control(39, 9)]
    assert positions(sent, "cc14", 7)[1:] == pytest.approx(
        [(1280 + fine) / 16383 for fine in (1, 50, 9)]
    )


def test_nrpn_with_fine_halves_only_is_a_knob_of_128_steps():
    number = [control(99, 1), control(98, 2)]
    sent = [message for fine in (3, 60, 127) for message in (*number, control(38, fine))]
    assert positions(sent, "nrpn", 130) == pytest.approx([60 / 127, 1])


def test_data_entry_after_its_number_is_no_knob_but_later_data_is():
    number = [control(99, 1), control(98, 2)]
    sent = [*number, control(6, 5), control(38, 6)]
    assert positions(sent, "cc", 6) == positions(sent, "cc14", 6) == []
    assert positions([*sent, control(6, 127)], "cc", 6) == [1]
    assert positions([*sent, control(6, 127)], "nrpn", 130)[-1] > 0.99
    # A pitch bend range, as keyboards send it when they are switched on.
    range_ = [control(101, 0), control(100, 0), control(6, 2), control(38, 0)]
    assert positions(range_, "cc", 6) == []
    nobody = [control(101, 127), control(100, 127), control(6, 127)]
    decoder = Decoder()
    assert positions([*range_, *nobody], "cc", 6, decoder) == [1]
    assert positions([control(6, 3)], "rpn", 0, decoder) == []


@pytest.mark.parametrize("value", [0, 1, 64, 127])
@pytest.mark.parametrize(("source", "number"), [("nrpn", (99, 98)), ("rpn", (101, 100))])
def test_increments_and_decrements_are_clicks_of_any_value(source, number, value):
    one, input_ = knobs(MidiMap(source, 130, "/steer/tempo", low=-1.0, high=1.0))
    for message in (control(number[0], 1), control(number[1], 2)):
        input_.handle(message)
    seen = []
    for data in (96, 96, 97, 97, 97):
        input_.handle(control(data, value))
        seen.append(one.get("/steer/tempo") * 127 / 2)
    assert seen == pytest.approx([1, 2, 1, 0, -1])


def test_increments_without_a_number_are_buttons():
    sent = [control(96, 127), control(97, 0)]
    assert positions(sent, "cc", 96) == [1] and positions(sent, "cc", 97) == [0]


def test_encoder_clicks_sent_as_an_nrpn_are_counted():
    one, input_ = knobs(MidiMap("nrpn", 130, "/gain", relative="offset", step=1.0))
    for click in (65, 65, 63, 67):
        for message in (control(99, 1), control(98, 2), control(6, click), control(38, 0)):
            input_.handle(message)
    assert one.get("/gain") == pytest.approx(4.0)


def test_reset_centres_the_wheel_and_forgets_pressure_and_numbers():
    one, input_ = knobs(
        MidiMap("pitch_bend", None, "/steer/tempo", low=-1.0, high=1.0),
        MidiMap("pressure", None, "/steer/note_C"),
        MidiMap("cc", 6, "/gain", low=0.0, high=1.0, relative="off"),
    )
    for message in (
        mido.Message("pitchwheel", pitch=8191),
        mido.Message("aftertouch", value=127),
        control(99, 1),
        control(98, 2),
        control(121, 0),
        control(6, 127),
    ):
        input_.handle(message)
    assert one.get("/steer/tempo") == 0.0 and one.get("/steer/note_C") == 0.0
    assert one.get("/gain") == 1.0  # which is a knob again


def test_hardest_finger_sets_the_pressure():
    one, input_ = knobs(MidiMap("pressure", None, "/steer/note_C"))
    seen = []
    for message in (
        mido.Message("note_on", note=60, velocity=1),
        mido.Message("polytouch", note=60, value=100),
        mido.Message("note_on", note=64, velocity=1),
        mido.Message("polytouch", note=64, value=20),
        mido.Message("note_off", note=60),
        mido.Message("note_off", note=64),
    ):
        input_.handle(message)
        seen.append(round(one.get("/steer/note_C") * 127))
    assert seen == [0, 100, 100, 100, 20, 0]


ZONE = [control(101, 0), control(100, 6), control(6, 15)]


@pytest.mark.parametrize("said", [True, False])
def test_mpe_channels_form_one_instrument(said):
    one, input_ = knobs(
        MidiMap("notes", None, channel=1),
        MidiMap("pitch_bend", None, "/steer/tempo", 1, -1.0, 1.0),
        MidiMap("pressure", None, "/temperature", 1, 0.0, 1.0),
        MidiMap("cc", 6, "/gain", relative="off"),
        mpe=() if said else ("sea",),
        ports=["Seaboard"],
    )
    for message in ZONE if said else ():
        input_.handle(message)
    assert one.get("/gain") == 0.0  # the size of a zone is no knob
    seen = []
    for message in (
        mido.Message("note_on", channel=1, note=60, velocity=127),
        mido.Message("note_on", channel=2, note=60, velocity=127),  # the same key, another finger
        mido.Message("note_off", channel=1, note=60),
        control(64, 127),  # the pedal is the instrument's
        mido.Message("note_off", channel=2, note=60),
        control(64, 0),
    ):
        input_.handle(message)
        seen.append(one.get("/steer/note_C"))
    assert seen == [1, 1, 1, 1, 1, 0]
    input_.handle(mido.Message("pitchwheel", channel=5, pitch=8191))
    assert one.get("/steer/tempo") == 1.0
    for channel, value in ((5, 100), (6, 40)):
        input_.handle(mido.Message("note_on", channel=channel, note=62, velocity=1))
        input_.handle(mido.Message("aftertouch", channel=channel, value=value))
    assert one.get("/temperature") == pytest.approx(100 / 127)
    input_.handle(mido.Message("note_off", channel=5, note=62))
    assert one.get("/temperature") == pytest.approx(40 / 127)


def test_all_notes_off_ends_the_mpe_zone_on_its_first_channel_or_one_finger():
    one, input_ = knobs(MidiMap("notes", None))
    for message in (
        *ZONE,
        mido.Message("note_on", channel=1, note=60, velocity=100),
        mido.Message("note_on", channel=2, note=62, velocity=100),
        mido.Message("note_on", channel=3, note=64, velocity=100),
        control(123, 0, channel=2),
    ):
        input_.handle(message)
    assert [bool(one.get(f"/steer/note_{name}")) for name in "CDE"] == [True, False, True]
    input_.handle(control(123, 0))
    assert [bool(one.get(f"/steer/note_{name}")) for name in "CDE"] == [False] * 3


def test_upper_mpe_zone_counts_down_from_channel_16_and_can_be_removed():
    decoder = Decoder()
    for message in (control(101, 0, 15), control(100, 6, 15), control(6, 3, 15)):
        decoder.moves(message)
    played = [mido.Message("note_on", channel=c, note=60, velocity=9) for c in (11, 12, 13, 14, 15)]
    assert [decoder.moves(one)[0].channel for one in played] == [12, 16, 16, 16, 16]
    decoder.moves(control(6, 0, 15))
    assert [decoder.moves(one)[0].channel for one in played] == [12, 13, 14, 15, 16]


def sent_again(messages, realtime=b""):
    """The bytes of messages with running status, and `realtime` after every byte."""
    data, status = bytearray(), None
    for message in messages:
        one = bytes(message.bytes())
        data += one[1:] if one[0] == status else one
        status = one[0] if one[0] < 0xF0 else None
    return b"".join(bytes([byte]) + realtime for byte in data)


channel_messages = st.one_of(
    st.builds(control, st.integers(0, 127), st.integers(0, 127), st.integers(0, 15)),
    st.builds(
        lambda note, velocity: mido.Message("note_on", note=note, velocity=velocity),
        st.integers(0, 127),
        st.integers(0, 127),
    ),
    st.builds(lambda value: mido.Message("aftertouch", value=value), st.integers(0, 127)),
    st.builds(lambda program: mido.Message("program_change", program=program), st.integers(0, 127)),
    st.just(mido.Message("sysex", data=(1, 2, 3))),
)


@given(st.lists(channel_messages), st.sampled_from([b"", b"\xfe", b"\xf8"]))
def test_running_status_and_interleaved_realtime_lose_no_message(messages, realtime):
    heard = Messages().feed(sent_again(messages, realtime))
    assert [one for one in heard if one.type not in ("active_sensing", "clock")] == messages


@given(st.binary(max_size=300))
def test_no_bytes_raise(data):
    messages = Messages()
    for at in range(0, len(data), 7):
        messages.feed(data[at : at + 7])


def test_every_message_of_a_running_status_line_moves_the_knob():
    one, input_ = knobs(MidiMap("cc", 21, "/steer/note_C"))
    input_.hear("message B0 15 20 FE 15 40 15 FE 7F\n")
    assert one.get("/steer/note_C") == 1.0 and one.received == 3
    input_.hear("message 15 00\n")
    assert one.get("/steer/note_C") == 0.0
    input_.hear("message FE\n")
    assert one.received == 4
