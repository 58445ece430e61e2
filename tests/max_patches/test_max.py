"""The Max patch and the Live device: well formed, and using only addresses that exist."""

from __future__ import annotations

import json
import re
import struct
from itertools import combinations

import pytest
from py2max import Patcher

from bridge.controls.controls import namespace
from max_patches import amxd, boxes
from max_patches.build import HERE
from max_patches.panel import FREE, METERS, SHIPPED, Panel, panel

# Not controls: requests to the bridge, replies, and a free dial without a name.
SERVICE = {"/ping", "/pong", "/get", "/list", "/reply_port", "/subscribe", "/error", "/steer/none"}
SERVICE |= {"/steer/"}  # the beginning of an address, to be followed by a name
CONTROLS = {parameter.address: parameter for parameter in namespace(SHIPPED)}
HEARD = {meter.address for meter in METERS}
PANEL: Panel = panel()


def chunks(device: bytes) -> dict[bytes, bytes]:
    """The chunks of a Live device, by name. Raises ValueError if they do not fill the file."""
    found, at = {}, 0
    while at < len(device):
        name, size = struct.unpack_from("<4sI", device, at)
        found[name] = device[at + 8 : at + 8 + size]
        if len(found[name]) != size:
            raise ValueError(f"{name!r} has {len(found[name])} bytes, not {size}")
        at += 8 + size
    return found


def patcher_of(name: str) -> dict:
    content = (HERE / name).read_bytes()
    if name.endswith(".amxd"):
        content = chunks(content)[b"ptch"].rstrip(b"\0")
    return json.loads(content)["patcher"]


FILES = ["musicrfm.maxpat", "musicrfm.amxd"]
PATCHERS = {name: patcher_of(name) for name in FILES}
both = pytest.mark.parametrize("name", FILES)


def boxes_of(name: str) -> dict[str, dict]:
    entries = PATCHERS[name]["boxes"]
    found = {entry["box"]["id"]: entry["box"] for entry in entries}
    assert len(found) == len(entries), "two boxes share an id"
    return found


def texts(name: str) -> list[str]:
    there = boxes_of(name).values()
    return [box["text"] for box in there if box["maxclass"] in ("newobj", "message")]


def lines(name: str) -> list[tuple[str, int, str, int]]:
    cords = [line["patchline"] for line in PATCHERS[name]["lines"]]
    return [(*cord["source"], *cord["destination"]) for cord in cords]


def overlap(one: list[float], other: list[float]) -> bool:
    (ax, ay, aw, ah), (bx, by, bw, bh) = one, other
    return ax < bx + bw and bx < ax + aw and ay < by + bh and by < ay + ah


@both
def test_cords_join_boxes_and_ports_that_exist(name: str) -> None:
    here = boxes_of(name)
    cords = lines(name)
    assert len(cords) > 200 and len(cords) == len(set(cords))
    for source, outlet, target, inlet in cords:
        assert 0 <= outlet < here[source]["numoutlets"], (source, target)
        assert 0 <= inlet < here[target]["numinlets"], (source, target)


@both
def test_py2max_finds_no_error_and_knows_every_object(name: str) -> None:
    findings = Patcher.from_dict(patcher_of(name)).lint()
    bad = [f for f in findings if f.severity == "error" or f.code == "W-UNKNOWN-OBJECT"]
    assert not bad, "\n".join(map(str, bad))


@both
def test_addresses_exist_and_every_control_is_sent_and_received(name: str) -> None:
    said = texts(name)
    spoken = {a for text in said for a in re.findall(r"(?<![\w*])/[\w/]+(?![\w*/])", text)}
    spoken = {address for address in spoken - SERVICE if "(" not in address}
    assert spoken - HEARD <= set(CONTROLS)
    assert spoken >= HEARD
    shown = set(PANEL.addresses)
    if name.endswith(".amxd"):  # the device has only controls that a Live set automates
        knobs = {knob.parameter.address for knob in PANEL.notes}
        shown = {"/prompt", "/play", "/panic", "/steer/tempo", "/gain", *knobs}
    sent = {text.split()[1] for text in said if text.startswith("prepend /")} - SERVICE
    heard = {text.split()[1] for text in said if text.startswith("route /")}
    assert sent | {"/panic"} == shown
    untold = {"/panic"} | {parameter.address for parameter in PANEL.presets}
    untold |= {"/prompt"} if name.endswith(".amxd") else set()  # the Live set keeps its prompts
    assert heard - HEARD == (shown - untold) | {"/pong", "/error", "/list"}


@both
def test_every_receive_has_its_send(name: str) -> None:
    def ends(kind: str) -> set[str]:
        return {text[2:] for text in texts(name) if text.startswith(f"{kind} ")}

    wires = set(ends("s") | ends("r"))
    assert all(wire.startswith(("---", "musicrfm-")) for wire in wires)
    assert ends("r") <= ends("s")
    assert ends("s") - ends("r") <= {boxes.Wires("musicrfm-").gone}


@both
def test_a_dial_has_its_parameters_range(name: str) -> None:
    here = boxes_of(name)
    after: dict[str, list[str]] = {}
    for source, _, target, _ in lines(name):
        after.setdefault(source, []).append(target)
    checked = 0
    for ident, box in here.items():
        if box["maxclass"] not in ("live.dial", "live.slider"):
            continue
        values = box["saved_attribute_attributes"]["valueof"]
        (slow,) = after[ident]
        (out,) = after[slow]
        address = here[out]["text"].removeprefix("prepend ")
        parameter = CONTROLS.get(address, PANEL.free)
        assert address in CONTROLS or address == "/steer/none"
        assert (values["parameter_mmin"], values["parameter_mmax"]) == (
            parameter.low,
            parameter.high,
        )
        assert here[slow]["text"].startswith("speedlim ")
        assert box["annotation"] == parameter.help
        checked += 1
    assert checked >= len(PANEL.notes) + 2 + FREE


@both
def test_presentation_boxes_fit_the_window_without_overlap(name: str) -> None:
    patcher = PATCHERS[name]
    assert patcher["openinpresentation"] == 1
    _, _, width, height = patcher.get("openrect") or patcher["rect"]
    seen = [box for box in boxes_of(name).values() if box.get("presentation")]
    assert {"live.dial", "textedit", "umenu", "multislider"} <= {b["maxclass"] for b in seen}
    for box in seen:
        x, y, w, h = box["presentation_rect"]
        assert 0 <= x <= width - w and 0 <= y <= height - h, box
    front = [box for box in seen if box["maxclass"] != "panel"]
    for one, other in combinations(front, 2):
        apart = not overlap(one["presentation_rect"], other["presentation_rect"])
        assert apart, (one.get("text"), other.get("text"))


@both
def test_patching_mode_boxes_do_not_overlap(name: str) -> None:
    wiring = [b for b in boxes_of(name).values() if b["patching_rect"][0] < boxes.ASIDE]
    for one, other in combinations(wiring, 2):
        apart = not overlap(one["patching_rect"], other["patching_rect"])
        assert apart, (one.get("text", one["id"]), other.get("text", other["id"]))


@both
def test_every_meter_outlet_is_connected(name: str) -> None:
    here = boxes_of(name)
    (split,) = [b for b in here.values() if b.get("text", "").startswith("route /meter/")]
    order = split["text"].split()[1:]
    assert set(order) == HEARD
    ends = {outlet: target for source, outlet, target, _ in lines(name) if source == split["id"]}
    assert set(ends) == set(range(len(order)))
    shown = {target for _, _, target, _ in lines(name)}
    assert {here[i]["maxclass"] for i in shown} >= {"slider", "multislider"}


class TestDevice:
    def test_the_container_is_a_live_audio_effect(self) -> None:
        found = chunks((HERE / "musicrfm.amxd").read_bytes())
        assert list(found) == [b"ampf", b"meta", b"ptch"]
        assert found[b"ampf"] == b"aaaa"
        assert struct.unpack("<I", found[b"meta"]) == (0,)
        assert found[b"ptch"].startswith(b"{") and found[b"ptch"].endswith(b"}\n\0")
        project = PATCHERS["musicrfm.amxd"]["project"]
        assert project["amxdtype"] == int.from_bytes(b"aaaa", "big")

    def test_truncated_container_is_refused(self) -> None:
        with pytest.raises(ValueError, match="ptch"):
            chunks((HERE / "musicrfm.amxd").read_bytes()[:-1])

    def test_device_height_fits_the_device_view_of_live(self) -> None:
        patcher = PATCHERS["musicrfm.amxd"]
        assert patcher["openrect"] == [0.0, 0.0, patcher["devicewidth"], 169.0]
        assert patcher["devicewidth"] == amxd.WIDTH

    def test_every_parameter_has_a_unique_name_and_is_listed(self) -> None:
        patcher = PATCHERS["musicrfm.amxd"]
        there = [b for b in boxes_of("musicrfm.amxd").values() if b.get("parameter_enable")]
        long = {box["saved_attribute_attributes"]["valueof"]["parameter_longname"] for box in there}
        assert len(long) == len(there)
        listed = {
            ident: names
            for ident, names in patcher["parameters"].items()
            if ident.startswith("obj")
        }
        assert {names[0] for names in listed.values()} == long
        assert {box["id"] for box in there} == set(listed)
        banks = patcher["parameters"]["parameterbanks"]
        for bank in banks.values():
            assert len(bank["parameters"]) == 8
            assert set(bank["parameters"]) - {"-"} <= long

    def test_automatable_parameters_are_the_expected_ones(self) -> None:
        automated = {}
        for box in boxes_of("musicrfm.amxd").values():
            values = box.get("saved_attribute_attributes", {}).get("valueof", {})
            if box.get("parameter_enable") and not values.get("parameter_invisible"):
                automated[values["parameter_longname"]] = values
                assert box["annotation"], values
        notes = {f"Note {knob.label}" for knob in PANEL.notes}
        free = {f"Free {number + 1}" for number in range(FREE)}
        others = {"Prompt slot", "Play", "Panic", "Tempo", "Gain"}
        assert set(automated) == notes | free | others
        for name in notes | free | {"Tempo", "Gain"}:
            values = automated[name]
            assert values["parameter_type"] == 0 and values["parameter_initial_enable"] == 1
            assert values["parameter_initial"] == [0.0]
        assert automated["Prompt slot"]["parameter_enum"] == ["1", "2", "3", "4"]
        assert automated["Play"]["parameter_initial"] == [1]

    def test_device_passes_audio_through(self) -> None:
        here = boxes_of("musicrfm.amxd")
        ends = {here[i].get("text"): i for i in here}
        cords = lines("musicrfm.amxd")
        for channel in (0, 1):
            assert (ends["plugin~"], channel, ends["plugout~"], channel) in cords

    def test_dials_send_only_through_the_gated_output(self) -> None:
        """Values that dials send while a Live set loads must not overwrite a playing bridge."""
        said = texts("musicrfm.amxd")
        prepended = [text for text in said if text.startswith("prepend /")]
        assert "gate 1 0" in said and prepended
        here = boxes_of("musicrfm.amxd")
        for source, _, target, _ in lines("musicrfm.amxd"):
            if (
                here[source].get("text", "").startswith("prepend /")
                and "/get" not in here[source]["text"]
            ):
                assert here[target]["text"] == "s ---out"


class TestPatch:
    def test_dials_start_at_their_defaults_without_sending(self) -> None:
        said = set(texts("musicrfm.maxpat"))
        assert {f"loadmess set {float(k.parameter.default):g}" for k in PANEL.knobs} <= said

    def test_patch_has_a_help_subpatch(self) -> None:
        helps = [b for b in boxes_of("musicrfm.maxpat").values() if b.get("text") == "p help"]
        (pages,) = helps
        words = [b["box"].get("text", "") for b in pages["patcher"]["boxes"]]
        assert any("bridge play" in text for text in words)
