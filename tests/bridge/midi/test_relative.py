"""Endless encoders: their encodings, telling them from knobs, and the effect of their clicks."""

from __future__ import annotations

import mido
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.controls.controls import Controls, namespace
from bridge.midi.controllers import MidiInput
from bridge.midi.mapping import MidiMap
from bridge.midi.relative import FAST, Auto, Recogniser, Speed, clicks
from bridge.rig import check_rig
from musicrfm.errors import MusicRFMError

# The value of one click up and one click down in each encoding.
CLICKS = {"twos": (1, 127), "signed": (1, 65), "offset": (65, 63)}


def code(encoding: str, turned: int) -> int:
    """The value byte of a number of clicks: the inverse of `clicks`."""
    if encoding == "twos":
        return turned % 128
    return 64 + turned if encoding == "offset" else (turned if turned > 0 else 64 - turned)


def turn(knobs, *codes, number=20):
    for one in codes:
        knobs.handle(mido.Message("control_change", control=number, value=one))


def rig(*maps, start=0.3, to="/steer/note_C", **more):
    controls = Controls(namespace(["note_C", "tempo"]))
    controls.set(to, start)
    return controls, MidiInput(controls, maps, **more)


@given(st.sampled_from(list(CLICKS)), st.integers(-63, 63).filter(bool))
def test_clicks_are_decoded_as_sent_in_every_encoding(encoding, turned):
    assert clicks(encoding, code(encoding, turned)) == turned


def test_unknown_encoding_is_refused():
    with pytest.raises(MusicRFMError, match="not 'mackie'"):
        clicks("mackie", 1)


@pytest.mark.parametrize(
    ("codes", "kind"),
    [
        ([1, 1, 127], "twos"),
        ([127, 127, 1], "twos"),
        ([1, 2, 4, 3, 126, 127], "twos"),
        ([1, 3, 8, 12, 126, 120, 127], "twos"),  # it was spun before it was turned back
        ([2, 8, 14, 66, 67, 66], "signed"),
        ([5, 110, 20, 110], None),  # an automation
        ([1, 65], "signed"),
        ([65, 65, 1], "signed"),
        ([65, 63], "offset"),
        ([63, 63, 66], "offset"),
        ([67, 61], "offset"),
        ([1, 1, 9, 20, 31], "auto"),
        ([1, 1, 1], "auto"),  # it was not turned back yet
        ([1], None),
        ([65], None),
        ([1, 2, 3, 4], None),  # a knob from its bottom, or an encoder that is spun
        ([1, 2, 3, 5, 9, 14, 20, 28, 40], "off"),
        ([100], "off"),
        ([0], "off"),
        ([127, 0], "off"),
        ([60, 61, 62, 63, 64, 65], "off"),
        ([62, 63, 65, 67], None),  # a quick knob steps over its middle
        ([62, 63, 65, 67, 70, 80, 97], "off"),
        ([127, 126, 124, 119, 90], "off"),
    ],
)
def test_control_kind_is_recognised_from_its_values(codes, kind):
    recogniser = Recogniser()
    assert [recogniser.hear(one) for one in codes][-1] == kind


@given(st.integers(0, 127), st.integers(0, 127), st.integers(1, 9))
def test_turned_knob_is_never_taken_for_an_encoder(one, other, stride):
    way = range(one, other, stride if other > one else -stride)
    recogniser = Recogniser()
    kinds = {recogniser.hear(value) for value in way}
    # Two values alone, as far on either side of the middle, could be clicks as well.
    assert kinds <= {None, "off"} or sum(list(way)[:2]) == 128


@given(st.sampled_from(list(CLICKS)), st.lists(st.integers(-8, 8).filter(bool), min_size=1))
def test_encoder_is_never_taken_for_another_encoding(encoding, turned):
    recogniser = Recogniser()
    kinds = [recogniser.hear(code(encoding, one)) for one in turned][:16]
    assert not set(kinds) & (set(CLICKS) - {encoding})


@pytest.mark.parametrize("encoding", CLICKS)
@pytest.mark.parametrize("turned", [1, 2, 3, 5])
def test_encoder_uses_the_encoding_of_its_rig(encoding, turned):
    controls, knobs = rig(MidiMap("cc", 20, "/steer/note_C", relative=encoding))
    turn(knobs, code(encoding, turned))
    assert controls.get("/steer/note_C") == pytest.approx(0.3 + turned / 127)
    turn(knobs, code(encoding, -turned), code(encoding, -1))
    assert controls.get("/steer/note_C") == pytest.approx(0.3 - 1 / 127)


@pytest.mark.parametrize("encoding", CLICKS)
@pytest.mark.parametrize("turned", [1, 2, 3, 5, 8])
def test_encoder_without_a_rig_encoding_moves_little_until_recognised(encoding, turned, caplog):
    controls, knobs = rig(MidiMap("cc", 20, "/steer/note_C"))
    seen = []
    for one in (turned, -turned):
        turn(knobs, code(encoding, one))
        seen.append(controls.get("/steer/note_C"))
    assert seen == pytest.approx([0.3, 0.3], abs=0.02)
    assert seen[1] == pytest.approx(0.3)
    # The encoding is now known, and clicks have their full effect.
    turn(knobs, code(encoding, 10), code(encoding, 20))
    assert controls.get("/steer/note_C") == pytest.approx(0.3 + 30 / 127)
    assert caplog.text.count(f'relative = "{encoding}"') == 1


def test_first_click_of_127_is_corrected_once_recognised():
    controls, knobs = rig(MidiMap("cc", 20, "/steer/note_C"))
    turn(knobs, 127)  # a button would mean: all the way
    assert controls.get("/steer/note_C") == 1.0
    turn(knobs, 127)
    assert controls.get("/steer/note_C") == pytest.approx(0.3 - 2 / 127)


def test_direction_of_65_is_corrected_once_recognised():
    controls, knobs = rig(MidiMap("cc", 20, "/steer/note_C"))
    turn(knobs, 65, 65, 65)  # up with an offset, down with a sign bit
    assert controls.get("/steer/note_C") == pytest.approx(0.3 + 3 / 127)
    turn(knobs, 1)
    assert controls.get("/steer/note_C") == pytest.approx(0.3 - 2 / 127)


def test_value_set_by_another_source_is_kept_when_an_encoder_is_recognised():
    controls, knobs = rig(MidiMap("cc", 20, "/steer/note_C"))
    turn(knobs, 1)
    controls.set("/steer/note_C", 0.8, "osc")
    turn(knobs, 127)
    assert controls.get("/steer/note_C") == pytest.approx(0.8 - 1 / 127)


@pytest.mark.parametrize("start", [0, 20, 64, 66, 127])
def test_knob_without_a_rig_entry_is_exact_after_a_few_steps(start):
    controls, knobs = rig(MidiMap("cc", 20, "/steer/note_C"))
    way = [*range(start, 128, 2), *range(124, -1, -3), 0]
    turn(knobs, *way[:9])
    for value in way[9:]:
        turn(knobs, value)
        assert controls.get("/steer/note_C") == pytest.approx(value / 127)


@pytest.mark.parametrize("value", [127, 124, 100, 0, 30])
def test_button_or_pad_value_applies_at_once(value):
    controls, knobs = rig(MidiMap("cc", 20, "/steer/note_C"))
    turn(knobs, value)
    assert controls.get("/steer/note_C") == pytest.approx(value / 127)


def test_knob_at_the_parameter_value_moves_it_at_once():
    controls, knobs = rig(MidiMap("cc", 20, "/steer/note_C"), start=0.0)
    for value in (1, 2, 3, 4, 5):
        turn(knobs, value)
        assert controls.get("/steer/note_C") == pytest.approx(value / 127)


def test_relative_off_makes_every_value_absolute():
    controls, knobs = rig(MidiMap("cc", 20, "/steer/note_C", relative="off"))
    for value in (1, 127, 1, 65, 63):
        turn(knobs, value)
        assert controls.get("/steer/note_C") == pytest.approx(value / 127)


def test_relative_auto_detects_the_encoding_of_an_encoder():
    for encoding, (up, down) in CLICKS.items():
        controls, knobs = rig(MidiMap("cc", 20, "/steer/note_C", relative="auto"))
        turn(knobs, up, up, up, down)
        assert controls.get("/steer/note_C") == pytest.approx(0.3 + 2 / 127), encoding
    auto = Auto()
    assert [auto.clicks(one) for one in (1, 65, 66)] == [1, -1, -2]
    assert abs(auto.clicks(96)) <= FAST + 1


def test_step_is_in_the_unit_of_the_parameter_and_integers_move_by_integers():
    controls, knobs = rig(
        MidiMap("cc", 20, "/gain", relative="twos", step=0.5), to="/gain", start=-12.0
    )
    turn(knobs, 1, 1, 127)
    assert controls.get("/gain") == pytest.approx(-11.5)
    controls, knobs = rig(MidiMap("cc", 20, "/play", relative="twos"), to="/play", start=1)
    seen = []
    for one in (127, 127, 1, 1):
        turn(knobs, one)
        seen.append(controls.get("/play"))
    assert seen == [0, 0, 1, 1]
    slow = MidiMap("cc", 20, "/top_k", relative="twos", step=0.25)
    controls, knobs = rig(slow, to="/top_k", start=100)
    turn(knobs, *[1] * 10)
    assert controls.get("/top_k") in (102, 103)


def test_reversed_range_inverts_clicks_and_limits_them():
    back = MidiMap("cc", 20, "/steer/note_C", low=1.0, high=0.0, relative="twos")
    controls, knobs = rig(back)
    turn(knobs, 1)
    assert controls.get("/steer/note_C") == pytest.approx(0.3 - 1 / 127)
    turn(knobs, *[63] * 4)
    assert controls.get("/steer/note_C") == 0.0
    turn(knobs, 127)
    assert controls.get("/steer/note_C") == pytest.approx(1 / 127)


@given(st.floats(-2, 2), st.integers(-63, 63), st.sampled_from(["linear", "exp", "log", "s"]))
def test_click_outside_the_range_never_leads_further_out(value, turned, curve):
    knob = MidiMap("cc", 1, "/steer/note_C", low=0.0, high=1.0, curve=curve, relative="twos")
    after = knob.turned(value, turned)
    assert min(value, 0.0) - 1e-9 <= after <= max(value, 1.0) + 1e-9
    assert (after - value) * turned >= -1e-6
    if turned == 0:
        assert after == pytest.approx(value, abs=1e-6)


def test_acceleration_applies_only_to_quick_clicks():
    now = [0.0]
    quick = MidiMap("cc", 20, "/steer/note_C", relative="twos", acceleration=4.0)
    controls, knobs = rig(quick, start=0.0, clock=lambda: now[0])
    for _ in range(3):
        now[0] += 0.5
        turn(knobs, 1)
    assert controls.get("/steer/note_C") == pytest.approx(3 / 127)
    for _ in range(3):
        now[0] += 0.005
        turn(knobs, 1)
    assert controls.get("/steer/note_C") == pytest.approx((3 + 3 * 4) / 127)
    now[0] += 0.005
    turn(knobs, 127)  # turned back: a click is a click
    assert controls.get("/steer/note_C") == pytest.approx(14 / 127)
    speed = Speed()
    assert [speed.factor(1, at, 3.0) for at in (0.0, 10.0, 10.01)] == [1.0, 1.0, 3.0]


def test_encoder_options_refuse_triggers_toggles_and_pickup():
    with pytest.raises(MusicRFMError, match="an endless encoder cannot trigger /panic"):
        rig(MidiMap("cc", 1, "/panic", relative="twos"))
    for entry, said in (
        ({"note": 1, "relative": "twos"}, "relative is for an endless encoder, and note is not"),
        ({"cc14": 1, "step": 0.1}, "step is for an endless encoder, and cc14 is not"),
        ({"cc": 1, "relative": "off", "step": 0.1}, "excludes that"),
        ({"cc": 1, "relative": "twos", "pickup": True}, "pickup is for a control with end stops"),
        ({"cc": 1, "relative": "offset", "toggle": True}, "toggle is for a control with end stops"),
        ({"cc": 1, "relative": "mackie"}, "relative must be twos or offset or signed or auto"),
        ({"cc": 1, "relative": True}, "must be twos"),
        ({"cc": 1, "step": 0}, "step must be from 1e-06"),
        ({"cc": 1, "step": float("nan")}, "step must be a number"),
        ({"cc": 1, "acceleration": 0.5}, "acceleration must be from 1 to 100"),
    ):
        with pytest.raises(MusicRFMError, match=said):
            check_rig({"midi": [{"to": "/gain", **entry}]}, "rig")


def test_encoder_options_of_a_rig_round_trip():
    entry = {
        "cc": 1,
        "to": "/gain",
        "relative": "twos",
        "step": 0.5,
        "acceleration": 3.0,
    }
    one = check_rig({"midi": [entry]}, "rig").midi[0]
    assert one == MidiMap("cc", 1, "/gain", relative="twos", step=0.5, acceleration=3.0)
    assert one.entry() == entry


def test_feedback_follows_an_encoder(monkeypatch):
    controls, knobs = rig(MidiMap("cc", 20, "/steer/note_C", relative="twos"), feedback=True)
    sent: list = []
    monkeypatch.setattr(knobs._ports[0], "send", sent.extend)
    knobs._feedback.update()
    turn(knobs, 10, 10)
    knobs._feedback.update()
    assert [m.value for m in sent] == [38, 58]
