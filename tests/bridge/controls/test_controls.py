"""The control namespace: its addresses, accepted values and notifications."""

from __future__ import annotations

import difflib
import math
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.controls.controls import (
    HINTS,
    Controls,
    canonical_address,
    namespace,
    steer_address,
)
from bridge.controls.parameters import FIXED, of_direction
from musicrfm.errors import MusicRFMError

NAMES = ["note_C", "note_Cs", "tempo"]


def controls(**start):
    return Controls(namespace(NAMES), {f"/{key}": value for key, value in start.items()})


def test_the_namespace_has_every_live_address_once():
    addresses = [parameter.address for parameter in namespace(NAMES)]
    assert len(addresses) == len(set(addresses))
    general = {parameter.address for parameter in FIXED}
    assert {"/prompt", "/prompt/4/weight", "/gain", "/cue/gain", "/panic"} <= general
    parts = {one.address.removeprefix("/steer/x") for one in of_direction("x")}
    assert {"", "/inject", "/layers"} <= parts
    steering = {f"/steer/{name}{part}" for name in NAMES for part in parts}
    assert set(addresses) == general | steering
    without = {parameter.address for parameter in namespace(NAMES, cue=False)}
    assert set(addresses) - without == {"/cue/gain"}  # where there are no outputs for headphones


def test_every_parameter_explains_itself_and_its_default_is_allowed():
    for parameter in namespace(NAMES):
        assert parameter.help and parameter.type in ("f", "i", "s", "trigger", "ssf", "sf")
        if parameter.type in ("f", "i"):
            assert parameter.low <= parameter.default <= parameter.high


@pytest.mark.parametrize("spelling", ["note_C#", "note_Db", "note_Cs"])
def test_directions_accept_any_spelling_of_a_note(spelling):
    one = controls()
    one.set(f"/steer/{spelling}", 0.5)
    one.set(f"/steer/{spelling}/layers", "top:3")
    assert one.get("/steer/note_Cs") == 0.5
    assert one.get("/steer/note_Cs/layers") == "top:3"
    assert steer_address(spelling) == "/steer/note_Cs"
    assert canonical_address(f"/steer/{spelling}/inject") == "/steer/note_Cs/inject"


def test_addresses_contain_no_reserved_osc_character():
    assert steer_address("my concept [2]*") == "/steer/my_concept__2__"


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_are_clamped_to_the_range(value):
    kept = controls().set("/steer/tempo", value)
    assert kept == min(max(value, -2.0), 2.0)


@given(st.integers())
def test_whole_numbers_of_any_size_are_clamped(value):
    assert controls().set("/top_k", value) == min(max(value, 0), 2048)


def test_integers_accept_floats_and_switches_accept_booleans():
    one = controls()
    assert one.set("/top_k", 12.6) == 13
    assert one.set("/play", False) == 0
    assert isinstance(one.set("/play", 1.0), int)


@pytest.mark.parametrize(
    ("address", "value"),
    [
        ("/gain", "loud"),
        ("/gain", None),
        ("/gain", math.nan),
        ("/gain", math.inf),
        ("/gain", [1.0]),
        ("/top_k", "5"),
        ("/prompt", 3),
        ("/prompt", b"piano"),
        ("/prompt", "x" * 2001),
    ],
)
def test_values_of_the_wrong_kind_are_refused_and_change_nothing(address, value):
    one = controls()
    before = one.snapshot()
    with pytest.raises(MusicRFMError, match=address):
        one.set(address, value)
    assert one.snapshot() is before


def test_an_unknown_address_is_refused_with_the_nearest_one():
    with pytest.raises(MusicRFMError, match="'/gian'; did you mean '/gain'"):
        controls().set("/gian", 1)
    with pytest.raises(MusicRFMError, match="unknown address"):
        controls().get("/" + "x" * 100_000)


def test_start_values_are_checked_too():
    with pytest.raises(MusicRFMError, match="/gain"):
        controls(gain="loud")
    assert controls(gain=99).get("/gain") == 12.0


def test_checks_refuse_an_invalid_text_when_it_is_set():
    def check(text):
        if text == "sideways":
            raise MusicRFMError("layers cannot be sideways")

    one = Controls(namespace(NAMES), checks={"layers": check})
    with pytest.raises(MusicRFMError, match="sideways"):
        one.set("/steer/tempo/layers", "sideways")
    assert one.set("/steer/tempo/layers", "top:2") == "top:2"


def test_snapshot_is_immutable_and_shared_until_a_change():
    one = controls()
    first = one.snapshot()
    assert one.snapshot() is first
    one.set("/gain", -3)
    assert first.values["/gain"] == 0.0
    assert one.snapshot().values["/gain"] == -3.0
    assert one.snapshot().version > first.version
    with pytest.raises(TypeError):
        first.values["/gain"] = 1.0


def test_listeners_receive_the_clamped_value_and_a_failing_one_is_ignored():
    one = controls()
    heard = []

    def broken(*event):
        raise RuntimeError("a listener's own problem")

    one.on_change(broken)
    one.on_change(lambda *event: heard.append(event))
    one.set("/gain", 99, "fader")
    assert heard == [("/gain", 12.0, "fader")]


def test_rejected_value_is_restored_unless_a_newer_one_was_set():
    one = controls(prompt="piano")
    told = []
    one.on_error(lambda *event: told.append(event))
    one.set("/prompt", "bad", "me")
    one.reject("/prompt", "piano", "bad", "no such thing")
    assert one.get("/prompt") == "piano"
    one.set("/prompt", "bad", "me")
    one.set("/prompt", "organ", "you")
    one.reject("/prompt", "piano", "bad", "no such thing")
    assert one.get("/prompt") == "organ"
    assert told == [("no such thing", "me"), ("no such thing", "you")]


def test_panic_resets_the_steering_and_never_raises_the_gain():
    one = Controls(
        namespace(NAMES),
        {
            "/steer/tempo": 1.0,
            "/steer/tempo/component": "2",
            "/gain": -3.0,
            "/temperature": 1.5,
            "/prompt": "a",
        },
    )
    for address, value in (
        ("/steer/note_C", 2),
        ("/steer/note_C/inject", 0.1),
        ("/steer/note_C/layers", "top:1"),
        ("/steer/tempo/component", "0,1"),
        ("/temperature", 4),
        ("/guidance", 9),
        ("/top_k", 3),
        ("/gain", -20),
        ("/prompt", "b"),
    ):
        one.set(address, value)
    one.set("/panic")
    values = one.snapshot().values
    assert values["/steer/note_C"] == values["/steer/tempo"] == 0.0
    assert values["/steer/note_C/inject"] == 1.0 and values["/steer/note_C/layers"] == "all"
    assert (values["/temperature"], values["/guidance"], values["/top_k"]) == (1.5, 3.0, 250)
    assert values["/steer/tempo/component"] == "2"
    assert values["/gain"] == -20.0
    assert values["/prompt"] == "b"
    one.set("/gain", 12)
    one.set("/panic")
    assert one.get("/gain") == -3.0
    assert one.snapshot().times["/panic"] == 2


def test_setting_the_same_schedule_again_restarts_it():
    one = controls()
    one.set("/steer/tempo/schedule", "linear:100")
    first = one.snapshot()
    one.set("/steer/tempo/schedule", "linear:100")
    again = one.snapshot()
    assert again.values == first.values
    assert again.times["/steer/tempo/schedule"] == first.times["/steer/tempo/schedule"] + 1


@pytest.mark.parametrize(
    "text", ["python:os:getcwd", " python:os:getcwd", "python:curves_of_mine:swell", "python:"]
)
def test_schedule_that_imports_code_is_accepted_only_at_the_start(text):
    """The check is not called either, because it may import."""
    checked = []
    started = {"/steer/tempo/schedule": "python:curves_of_mine:swell"}
    one = Controls(namespace(NAMES), started, {"schedule": checked.append})
    assert checked == ["python:curves_of_mine:swell"]
    for address in ("/steer/tempo/schedule", "/steer/note_Db/schedule"):
        with pytest.raises(
            MusicRFMError, match="importing a function runs code: set it in the rig"
        ):
            one.set(address, text, "someone on the network")
    assert len(checked) == 1
    assert one.get("/steer/tempo/schedule") == "python:curves_of_mine:swell"
    assert one.set("/steer/tempo/schedule", "ramp:50") == "ramp:50"


def test_a_crossfade_moves_two_directions_and_keeps_their_sum():
    one = controls()
    one.set("/steer/note_C", 0.8)
    one.set("/steer/note_Cs", 0.1)
    heard = []
    one.on_change(lambda *event: heard.append(event))
    one.set("/crossfade", ("note_C", "note_Db", 10), "me")
    values, glides = one.snapshot().values, one.snapshot().glides
    assert values["/steer/note_C"] == 0.0 and values["/steer/note_Cs"] == pytest.approx(0.9)
    assert glides == {"/steer/note_C": 10.0, "/steer/note_Cs": 10.0}
    assert heard == [
        ("/steer/note_C", 0.0, "me"),
        ("/steer/note_Cs", values["/steer/note_Cs"], "me"),
    ]
    one.set("/steer/note_C", 0.0)  # a fader takes over
    assert one.snapshot().glides == {"/steer/note_Cs": 10.0}
    one.set("/crossfade", ["/steer/note_C#", "tempo", 1e9])
    assert one.get("/steer/tempo") == pytest.approx(0.9)
    assert one.snapshot().glides["/steer/tempo"] == 3600.0
    one.set("/panic")
    assert one.snapshot().glides == {}
    assert one.get("/steer/tempo") == 0.0


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (("note_C", "tempo"), "needs two directions and seconds, such as note_C note_G 10"),
        (("note_C", "tempo", "soon"), "needs two directions and seconds"),
        (("note_C", "tempo", math.nan), "needs two directions and seconds"),
        (5, "needs two directions and seconds"),
        (("note_C", "nothing", 1), "unknown address '/steer/nothing'"),
        (("note_C", 5, 1), "unknown address '/steer/5'"),
        (("note_C", "/steer/tempo/inject", 1), "'/steer/tempo/inject' is not a direction"),
        (("note_C", "note_C", 1), "two directions, not 'note_C' twice"),
        (("tempo", "note_C", 1), "/steer/tempo is at 0, so it cannot be crossfaded"),
    ],
)
def test_impossible_crossfade_is_refused_and_changes_nothing(value, said):
    one = Controls(namespace(NAMES), {"/steer/note_C": 0.5})
    before = one.snapshot()
    with pytest.raises(MusicRFMError, match=said):
        one.set("/crossfade", value)
    assert one.snapshot() is before


def test_concurrent_changes_are_all_kept():
    one = controls()

    def turn(name):
        for step in range(200):
            one.set(f"/steer/{name}", step / 200)

    threads = [threading.Thread(target=turn, args=(name,)) for name in NAMES]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert one.received == 600
    assert all(one.get(f"/steer/{name}") == 199 / 200 for name in NAMES)


def test_spelling_hints_are_rate_limited(monkeypatch):
    controls = Controls(namespace([f"direction_{number}" for number in range(60)]))
    now, looked = [7.0], []
    look = difflib.get_close_matches
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.setattr(
        difflib, "get_close_matches", lambda *a, **b: looked.append(a) or look(*a, **b)
    )
    with pytest.raises(MusicRFMError, match="did you mean '/gain'"):
        controls.set("/gaim", 1)
    for second in (1, 2):
        for number in range(300):
            with pytest.raises(MusicRFMError, match="unknown address"):
                controls.set(f"/steer/directoin_{number}/layers{second}", 1)
            with pytest.raises(MusicRFMError, match="did you mean '/gain'"):
                controls.set("/gaim", 1)
        assert len(looked) == HINTS * second
        now[0] += 1.0
