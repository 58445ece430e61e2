"""The TouchOSC layout: its file, its addresses, and its script in TouchOSC's version of Lua."""

from __future__ import annotations

import xml.etree.ElementTree as ET
import zlib
from itertools import combinations

import pytest
from lupa import lua51

from bridge.controls.controls import namespace
from max_patches.build import HERE
from max_patches.panel import FREE, METERS, SHIPPED, TOUCH_PORT, panel

CONTENT = (HERE / "musicrfm.tosc").read_bytes()
ROOT = ET.fromstring(zlib.decompress(CONTENT))[0]
NODES = ROOT.find("children").findall("node")
CONTROLS = {parameter.address: parameter for parameter in namespace(SHIPPED)}
METER_ADDRESSES = {meter.address for meter in METERS}


def given(node: ET.Element) -> dict[str, str]:
    found = {}
    for entry in node.find("properties"):
        value = entry.find("value")
        texts = [part.text for part in value] or value.text or ""
        found[entry.find("key").text] = texts
    return found


def messages(node: ET.Element) -> list[tuple[str, ET.Element]]:
    found = []
    for message in node.find("messages"):
        (path,) = message.findall("path/partial")
        assert path.find("type").text == "CONSTANT"
        found.append((path.find("value").text, message))
    return found


def test_file_is_compressed_editor_xml_with_unique_ids_and_names() -> None:
    assert CONTENT[:2] == b"\x78\xda"
    text = zlib.decompress(CONTENT).decode()
    assert text.startswith("<?xml version='1.0' encoding='UTF-8'?><lexml version='3'>")
    ids = [node.get("ID") for node in ROOT.iter("node")]
    assert len(ids) == len(set(ids))
    names = [given(node)["name"] for node in NODES]
    assert len(names) == len(set(names)), "the script finds controls by their names"


def test_addresses_and_ranges_match_the_namespace() -> None:
    spoken = set()
    for node in NODES:
        for address, message in messages(node):
            spoken.add(address)
            assert address in CONTROLS or address in METER_ADDRESSES
            parameter = CONTROLS.get(address)
            for argument in message.findall("arguments/partial"):
                if argument.find("type").text != "VALUE" or parameter is None:
                    continue
                if argument.find("value").text == "x":
                    ends = (argument.find("scaleMin").text, argument.find("scaleMax").text)
                    assert tuple(map(float, ends)) == (parameter.low, parameter.high)
                    kind = argument.find("conversion").text
                    assert kind == {"f": "FLOAT", "i": "INTEGER"}[parameter.type]
    what = panel()
    knobs = {knob.parameter.address for knob in what.knobs}
    assert spoken >= knobs | {"/prompt", "/play", "/panic", "/meter/level"}


def test_faders_begin_at_the_defaults() -> None:
    by_name = {given(node)["name"]: node for node in NODES}
    for knob in panel().knobs:
        parameter = knob.parameter
        node = by_name[parameter.address.strip("/").replace("/", "_")]
        (value,) = [v for v in node.find("values") if v.find("key").text == "x"]
        share = float(value.find("default").text)
        start = parameter.low + share * (parameter.high - parameter.low)
        assert start == pytest.approx(float(parameter.default), abs=1e-4)


def test_controls_fit_the_page_and_overlap_only_with_their_labels() -> None:
    _, _, width, height = map(float, given(ROOT)["frame"])
    frames = []
    for node in NODES:
        x, y, w, h = map(float, given(node)["frame"])
        assert 0 <= x <= width - w and 0 <= y <= height - h, given(node)["name"]
        frames.append((given(node)["name"], x, y, w, h))
    for (one, ax, ay, aw, ah), (other, bx, by, bw, bh) in combinations(frames, 2):
        apart = ax + aw <= bx or bx + bw <= ax or ay + ah <= by or by + bh <= ay
        assert apart or other == f"{one}_name", (one, other)


class Touch:
    """A fake TouchOSC for the script: controls with values and a tag, a clock, OSC output."""

    def __init__(self) -> None:
        self.lua = lua51.LuaRuntime()
        self.sent: list[tuple[str, list]] = []
        self.lua.globals().sendOSC = self.send
        self.now = 0.0
        self.lua.globals().getMillis = lambda: self.now
        names = [given(node)["name"] for node in NODES]
        self.lua.execute("self = {children = {}}")
        children = self.lua.eval("self.children")
        for name in names:
            children[name] = self.lua.table(
                tag="", name=name, values=self.lua.table(x=0, text="", touch=False)
            )
        self.children = children
        self.lua.execute(given(ROOT)["script"])

    def send(self, message: object) -> None:
        path, arguments = message[1], message[2]
        self.sent.append((path, [(a["tag"], a["value"]) for a in arguments.values()]))

    def receive(self, path: str, *values: object) -> None:
        arguments = self.lua.table(*(self.lua.table(tag="f", value=value) for value in values))
        self.lua.globals().onReceiveOSC(self.lua.table(path, arguments), self.lua.table())

    def text(self, name: str) -> str:
        return self.children[name]["values"]["text"]


@pytest.fixture
def touch() -> Touch:
    return Touch()


def test_script_renews_its_subscription_regularly(touch: Touch) -> None:
    touch.lua.globals().update()
    assert touch.sent == [
        ("/reply_port", [("i", TOUCH_PORT)]),
        ("/subscribe", [("i", TOUCH_PORT)]),
        ("/ping", []),
    ]
    touch.lua.globals().update()
    assert len(touch.sent) == 3
    touch.now = 1500
    touch.lua.globals().update()
    assert len(touch.sent) == 6


def test_first_pong_requests_the_state_and_silence_is_shown(touch: Touch) -> None:
    touch.receive("/pong")
    assert touch.text("status") == "connected"
    asked = [arguments[0][1] for path, arguments in touch.sent if path == "/get"]
    assert ("/list", []) in touch.sent and tuple(asked) == panel().patterns
    touch.now = 5000
    touch.lua.globals().update()
    assert "bridge play" in touch.text("status")
    touch.receive("/error", "unknown address '/nowhere'")
    assert touch.text("status") == "unknown address '/nowhere'"


def test_the_script_shows_the_meters(touch: Touch) -> None:
    touch.receive("/meter/chroma", *[0.5, *[0.0] * 10, 0.25])
    assert touch.children["heard_1"]["values"]["x"] == 0.5
    assert touch.children["heard_12"]["values"]["x"] == 0.25
    touch.receive("/meter/latency", 0.164)
    assert touch.text("latency") == "latency 0.16 s"


def test_free_dials_take_directions_from_the_list_reply(touch: Touch) -> None:
    for address in ("/steer/note_C", "/gain", "/steer/waltz", "/steer/waltz/inject", "/steer/rain"):
        touch.receive("/list", address)
    touch.receive("/list", "/steer/waltz")
    tags = [touch.children[f"free_{number + 1}"]["tag"] for number in range(FREE)]
    assert tags == ["/steer/waltz", "/steer/rain", "", ""]
    assert touch.text("free_2_name") == "rain"
    touch.receive("/steer/rain", 1.0)
    assert touch.children["free_2"]["values"]["x"] == pytest.approx(0.75)


def test_free_dial_sends_only_while_touched(touch: Touch) -> None:
    (node,) = [node for node in NODES if given(node)["name"] == "free_1"]
    dial = touch.children["free_1"]
    touch.lua.globals().self = dial
    touch.lua.execute(given(node)["script"])
    dial["values"]["x"] = 0.75
    turned = touch.lua.globals().onValueChanged
    turned("x")
    dial["tag"] = "/steer/waltz"
    turned("x")
    assert touch.sent == []
    dial["values"]["touch"] = True
    turned("x")
    assert touch.sent == [("/steer/waltz", [("f", 1.0)])]
