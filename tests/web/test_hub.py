"""The messages between a control page and the bridge over their WebSocket."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import pytest
from starlette.testclient import TestClient, WebSocketTestSession
from starlette.websockets import WebSocketDisconnect

from bridge.controls.controls import Controls, Parameter, namespace
from bridge.web import create_app
from bridge.web.hub import MAX_PAGES
from bridge.web.memory import Coefficients, LogMemory
from tests.web.fakes import Learner, Meters, Presets

PLACE = "127.0.0.1:8000"
HEADERS = {"host": PLACE, "origin": f"http://{PLACE}"}
MESSAGES = 1000  # the bridge sends 25 messages a second


class Set:
    """A set being played, as far as the page can see."""

    def __init__(self) -> None:
        extra = Parameter("/new/thing", "f", 1.0, 0.0, 5.0, "m", help="something new")
        self.controls = Controls([*namespace(["note_C", "note_G", "tempo"]), extra])
        self.meters, self.learner = Meters(), Learner()
        self.presets = Presets(self.controls)
        app = create_app(
            self.controls, self.meters, self.presets, self.learner, about={"model": "nano"}
        )
        self.client = TestClient(app, base_url=f"http://{PLACE}")

    def page(self) -> WebSocketTestSession:
        return self.client.websocket_connect(f"ws://{PLACE}/socket", headers=dict(HEADERS))


@pytest.fixture
def stage() -> Iterator[Set]:
    stage = Set()
    with stage.client:
        yield stage


def hear(page: WebSocketTestSession, wanted: Callable[[dict], bool]) -> dict:
    """The first message that is as wanted."""
    for _ in range(MESSAGES):
        message = page.receive_json()
        if wanted(message):
            return message
    raise AssertionError(f"no such message among {MESSAGES}")


def now(message: dict) -> dict[str, float]:
    """The coefficients in a message that holds the meters."""
    return message.get("meter", {}).get("now", {})


def hear_value(page: WebSocketTestSession, address: str) -> object:
    return hear(page, lambda message: address in message.get("values", {}))["values"][address]


def refusal(page: WebSocketTestSession) -> str:
    return hear(page, lambda message: "refused" in message)["refused"][0]["reason"]


def test_new_page_receives_the_whole_state(stage):
    stage.controls.set("/steer/note_C", 0.7)
    stage.presets.store("intro")
    logging.getLogger("bridge").warning("something was wrong before it came")
    with stage.page() as page:
        hello = hear(page, lambda message: "hello" in message)["hello"]
        addresses = [one["address"] for one in hello["parameters"]]
        assert addresses == list(stage.controls.parameters)
        new = hello["parameters"][addresses.index("/new/thing")]
        assert (new["low"], new["high"], new["unit"]) == (0.0, 5.0, "m")
        assert hello["values"]["/steer/note_C"] == 0.7
        assert hello["about"] == {"model": "nano"}
        assert hello["meters"] and hello["learner"]
        assert hello["log"][0]["text"] == "something was wrong before it came"
        names = hello["presets"]
        if not names:  # they were looked up before there were any, or not yet
            names = hear(page, lambda message: "presets" in message)["presets"]
        assert names == ["intro"]


def test_set_message_changes_the_control_and_is_confirmed(stage):
    with stage.page() as page:
        hear(page, lambda message: "hello" in message)
        page.send_json({"n": 7, "set": {"/steer/note_C": 0.5, "/prompt": "flute"}})
        message = hear(page, lambda message: "seen" in message)
        assert message["seen"] == 7
        assert message["values"] == {"/steer/note_C": 0.5, "/prompt": "flute"}
        assert stage.controls.get("/steer/note_C") == 0.5
        assert stage.controls.get("/prompt") == "flute"


def test_a_clamped_value_comes_back_even_if_nothing_changed(stage):
    stage.controls.set("/steer/note_C", 2.0)
    with stage.page() as page:
        hear(page, lambda message: "hello" in message)
        page.send_json({"n": 1, "set": {"/steer/note_C": 99}})
        assert hear_value(page, "/steer/note_C") == 2.0


def test_changes_from_pages_and_osc_reach_every_page(stage):
    with stage.page() as one, stage.page() as other:
        for page in (one, other):
            hear(page, lambda message: "hello" in message)
        one.send_json({"n": 1, "set": {"/gain": -6}})
        assert hear_value(other, "/gain") == -6.0
        stage.controls.set("/steer/note_G", -0.4, source="osc")
        assert hear_value(one, "/steer/note_G") == -0.4
        assert hear_value(other, "/steer/note_G") == -0.4


def test_panic_and_the_values_it_resets_reach_the_page(stage):
    stage.controls.set("/steer/note_C", 1.0)
    with stage.page() as page:
        hear(page, lambda message: "hello" in message)
        page.send_json({"n": 1, "set": {"/panic": None}})
        assert hear_value(page, "/steer/note_C") == 0.0
        assert stage.controls.snapshot().times["/panic"] == 1


def test_crossfade_from_the_page_glides_both_directions(stage):
    stage.controls.set("/steer/note_C", 0.8)
    with stage.page() as page:
        # The first values that the meters read are the start: they do not glide.
        hear(page, lambda message: now(message) == {"/steer/note_C": 0.8})
        page.send_json({"n": 1, "set": {"/crossfade": ["note_C", "note_G", 20]}})
        assert hear_value(page, "/steer/note_G") == 0.8
        on_its_way = hear(page, lambda message: 0.0 < now(message).get("/steer/note_G", 0.0) < 0.8)
        assert set(on_its_way["meter"]["gliding"]) == {"/steer/note_C", "/steer/note_G"}


def test_a_burst_of_changes_is_coalesced_to_the_newest_value(stage):
    with stage.page() as page:
        hear(page, lambda message: "hello" in message)
        for step in range(5001):
            stage.controls.set("/steer/tempo", step / 5000)
        sent = []
        while not sent or sent[-1] != 1.0:
            sent.append(hear_value(page, "/steer/tempo"))
        assert len(sent) < 1000
        assert sent == sorted(sent)


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("{", "JSON object"),
        ("[]", "JSON object"),
        ("{}", "JSON object"),
        ('"set"', "JSON object"),
        ("[" * 60000, "JSON object"),
        ('{"set": 3}', "by address"),
        ('{"set": {"/steer/note_H": 1}}', "did you mean"),
        ('{"set": {"/gain": "loud"}}', "needs a number"),
        ('{"set": {"/gain": {"a": 1}}}', "needs a number"),
        ('{"set": {"/gain": NaN}}', "needs a number"),
        ('{"set": {"/gain": 1e999}}', "needs a number"),
        ('{"set": {"/prompt": 5}}', "needs a text"),
        ('{"set": {"/steer/note_C/schedule": "python:os:system"}}', "runs code"),
        ('{"set": {"/crossfade": ["note_C", "note_C", 1]}}', "two directions"),
        ('{"preset": {"do": "explode", "name": "x"}}', "'explode'"),
        ('{"preset": {"do": "store", "name": " "}}', "needs a name"),
        ('{"preset": {"do": "store", "name": "broken"}}', "cannot be written"),
        ('{"preset": {"do": "recall", "name": "nothing"}}', "preset 'nothing' does not exist"),
        ('{"preset": {"do": "morph", "name": "a", "seconds": "soon"}}', "seconds, not 'soon'"),
        ('{"preset": 1}', "needs a name"),
        ('{"learn": "/nothing"}', "unknown address"),
        ('{"learn": 5}', "not 5"),
        ('{"learn": "/prompt"}', "cannot set the text"),
        ('{"midi": 3}', "must be an object, and its replacement an object or null"),
        (
            '{"midi": {"before": {}, "after": 7}}',
            "must be an object, and its replacement an object or null",
        ),
        ('{"midi": {"before": {"cc": 1}, "after": null}}', "changed elsewhere in the meantime"),
    ],
)
def test_bad_message_is_answered_with_a_reason_and_the_page_stays_connected(stage, message, reason):
    before = dict(stage.controls.snapshot().values)
    with stage.page() as page:
        hear(page, lambda message: "hello" in message)
        page.send_text(message)
        assert reason in refusal(page)
        page.send_bytes(b"\x00\xff")
        assert "JSON object" in refusal(page)
        assert dict(stage.controls.snapshot().values) == before
        page.send_json({"n": 1, "set": {"/gain": -3}})
        assert hear_value(page, "/gain") == -3.0


def test_wrong_values_are_refused_and_the_others_applied(stage):
    with stage.page() as page:
        hear(page, lambda message: "hello" in message)
        page.send_json({"n": 1, "set": {"/nowhere": 1, "/gain": -9, "/top_k": "x"}})
        message = hear(page, lambda message: "refused" in message)
        assert [one["address"] for one in message["refused"]] == ["/nowhere", "/top_k"]
        assert message["values"] == {"/gain": -9.0, "/top_k": 250}


def test_meter_readings_reach_the_page(stage):
    with stage.page() as page:
        hear(page, lambda message: "hello" in message)
        stage.meters.reading.level = -3.25
        stage.meters.reading.underruns = 4
        stage.meters.reading.tempo = float("nan")
        meter = hear(page, lambda m: m.get("meter", {}).get("level") == -3.25)["meter"]
        assert meter["underruns"] == 4 and meter["tempo"] is None
        assert meter["chroma"] == [255] + 11 * [0]


def test_new_page_receives_the_history_of_the_coefficients(stage):
    with stage.page() as page:
        hear(page, lambda message: "hello" in message)
        hear(page, lambda m: m.get("meter", {}).get("now") == {})
        stage.controls.set("/steer/note_C", 0.9)
        hear(page, lambda m: m.get("meter", {}).get("now") == {"/steer/note_C": 0.9})
    with stage.page() as page:
        columns = hear(page, lambda message: "hello" in message)["hello"]["columns"]
        assert columns[0]["now"] == {} and columns[-1]["now"] == {"/steer/note_C": 0.9}
        assert [column["at"] for column in columns] == sorted(column["at"] for column in columns)


def test_presets_are_stored_recalled_morphed_and_deleted(stage):
    with stage.page() as page:
        hear(page, lambda message: "hello" in message)
        stage.controls.set("/gain", -12)
        page.send_json({"preset": {"do": "store", "name": "quiet"}})
        assert hear(page, lambda m: "quiet" in (m.get("presets") or ()))
        stage.controls.set("/gain", 0)
        assert hear_value(page, "/gain") == 0.0
        page.send_json({"preset": {"do": "recall", "name": "quiet"}})
        assert hear_value(page, "/gain") == -12.0
        page.send_json({"preset": {"do": "morph", "name": "quiet", "seconds": 4}})
        page.send_json({"preset": {"do": "replace", "name": "quiet"}})
        page.send_json({"preset": {"do": "delete", "name": "quiet"}})
        assert hear(page, lambda m: m.get("presets") == [])
        deeds = [asked[0] for asked in stage.presets.asked]
        assert deeds == ["store", "recall", "morph", "recall", "replace", "delete"]
        assert stage.presets.asked[2] == ("morph", "quiet", 4.0, "web")


def test_midi_learn_is_shown_on_every_page_until_it_ends(stage):
    with stage.page() as one, stage.page() as other:
        for page in (one, other):
            hear(page, lambda message: "hello" in message)
        one.send_json({"learn": "/steer/note_C"})
        for page in (one, other):
            assert hear(page, lambda m: "learning" in m)["learning"] == "/steer/note_C"
        assert stage.learner.address == "/steer/note_C"
        stage.learner.learn()
        for page in (one, other):
            assert hear(page, lambda m: "learning" in m)["learning"] is None
        one.send_json({"learn": "/gain"})
        hear(one, lambda m: m.get("learning") == "/gain")
        one.send_json({"learn": None})
        hear(one, lambda m: "learning" in m and m["learning"] is None)
        assert stage.learner.address is None


def test_mappings_can_be_changed_and_removed_from_every_page(stage):
    before = {"cc": 20, "to": "/steer/note_C", "channel": 1}
    after = before | {"relative": "twos", "step": 0.02}
    with stage.page() as one, stage.page() as other:
        assert hear(one, lambda m: "hello" in m)["hello"]["mappings"] == [before]
        hear(other, lambda m: "hello" in m)
        one.send_json({"midi": {"before": before, "after": after}})
        for page in (one, other):
            assert hear(page, lambda m: "mappings" in m)["mappings"] == [after]
        one.send_json({"midi": {"before": before, "after": None}})
        assert "changed elsewhere in the meantime" in refusal(one)
        other.send_json({"midi": {"before": after, "after": None}})
        assert hear(one, lambda m: m.get("mappings") == [])
        assert stage.learner.mapped.kept == []


def test_page_learns_that_presets_learner_or_meters_are_missing():
    controls = Controls(namespace(["note_C"]))
    with TestClient(create_app(controls), base_url=f"http://{PLACE}") as client:
        address = f"ws://{PLACE}/socket"
        with client.websocket_connect(address, headers=dict(HEADERS)) as page:
            hello = hear(page, lambda message: "hello" in message)["hello"]
            assert hello["presets"] is None
            assert not hello["learner"] and not hello["meters"]
            page.send_json({"preset": {"do": "store", "name": "x"}})
            assert "presets are not available" in refusal(page)
            page.send_json({"learn": "/gain"})
            assert "--midi" in refusal(page)
            assert hello["mappings"] is None
            page.send_json({"midi": {"before": {"cc": 1}, "after": None}})
            assert "--midi" in refusal(page)


def test_repeated_errors_reach_the_page_as_one_entry_with_a_count(stage):
    with stage.page() as page:
        hear(page, lambda message: "hello" in message)
        for _ in range(3):
            stage.controls.report("the device is gone")
        entries: list[dict] = []
        while not entries or entries[-1]["times"] < 3:
            entries += hear(page, lambda message: "log" in message)["log"]
        assert {entry["id"] for entry in entries} == {entries[0]["id"]}
        assert entries[-1]["text"] == "the device is gone"


def test_pages_beyond_the_limit_are_refused_until_one_closes(stage):
    pages = [stage.page() for _ in range(MAX_PAGES)]
    for page in pages:
        page.__enter__()
        hear(page, lambda message: "hello" in message)
    with stage.page() as one_more:
        with pytest.raises(WebSocketDisconnect) as refused:
            one_more.receive_json()
        assert refused.value.code == 1013
    pages.pop().__exit__(None, None, None)
    with stage.page() as page:
        hear(page, lambda message: "hello" in message)
    for page in pages:
        page.__exit__(None, None, None)


class TestMemory:
    def test_the_last_hundred_errors_are_kept(self):
        memory = LogMemory()
        for number in range(250):
            memory.emit(logging.LogRecord("x", 30, "", 0, "error %d", (number,), None))
        kept = memory.since(0)
        assert len(kept) == 100 and kept[-1].text == "error 249"
        assert memory.since(248) == kept[-2:] and memory.since(250) == []

    def test_long_errors_are_truncated(self):
        memory = LogMemory()
        memory.emit(logging.LogRecord("x", 30, "", 0, "long " * 1000, (), None))
        assert len(memory.since(0)[0].text) <= 501

    def test_shown_coefficients_follow_a_crossfade(self):
        controls = Controls(namespace(["note_C", "note_G"]), {"/steer/note_C": 0.8})
        coefficients = Coefficients(list(controls.parameters.values()))
        assert coefficients.at(controls.snapshot(), 0.0) == {"/steer/note_C": 0.8}
        controls.set("/crossfade", ("note_C", "note_G", 10.0))
        coefficients.at(controls.snapshot(), 1.0)
        half = coefficients.at(controls.snapshot(), 6.0)
        assert half["/steer/note_C"] == pytest.approx(0.4)
        assert half["/steer/note_G"] == pytest.approx(0.4)
        controls.set("/steer/note_C", 1.5)  # a hand on the dial takes over
        assert coefficients.at(controls.snapshot(), 7.0)["/steer/note_C"] == 1.5
        assert coefficients.gliding == ["/steer/note_G"]
        there = coefficients.at(controls.snapshot(), 20.0)
        assert there == {"/steer/note_C": 1.5, "/steer/note_G": 0.8}
        assert coefficients.gliding == []


def test_non_finite_meter_readings_are_sent_as_valid_json(stage):
    stage.meters.reading = SimpleNamespace(
        **{**vars(stage.meters.reading), "level": float("-inf"), "chroma": 12 * [float("nan")]}
    )
    with stage.page() as page:
        message = hear(page, lambda m: "meter" in m and m["meter"]["level"] is None)
        assert json.loads(json.dumps(message, allow_nan=False))["meter"]["chroma"] == 12 * [0]
