"""The Open Stage Control session: its tree, its addresses and ranges, and its scripts' messages."""

from __future__ import annotations

import json
import re
from itertools import combinations

from bridge.controls.controls import namespace
from max_patches.build import HERE
from max_patches.panel import METERS, SHIPPED, STAGE_PORT, panel

SESSION = json.loads((HERE / "musicrfm.openstagecontrol.json").read_text("utf-8"))
ROOT = SESSION["content"]
WIDGETS = ROOT["widgets"]
CONTROLS = {parameter.address: parameter for parameter in namespace(SHIPPED)}
HEARD = {meter.address for meter in METERS} | {"/error", "/pong"}
KINDS = {"text", "input", "button", "fader", "knob", "variable"}


def test_file_is_a_session_with_unique_widget_names() -> None:
    assert SESSION["createdWith"] == "Open Stage Control" and SESSION["type"] == "session"
    assert ROOT["type"] == "root" and ROOT["tabs"] == []
    names = [widget["id"] for widget in WIDGETS]
    assert len(names) == len(set(names))
    assert {widget["type"] for widget in WIDGETS} == KINDS


def test_addresses_ranges_and_types_match_the_namespace() -> None:
    spoken = set()
    for widget in WIDGETS:
        address = widget.get("address")
        if address is None:
            assert widget.get("bypass"), f"{widget['id']} would send to an address of its own"
            continue
        spoken.add(address)
        if address in HEARD:
            assert widget["bypass"], f"{widget['id']} only listens"
            continue
        parameter = CONTROLS[address]
        if widget["type"] in ("fader", "knob"):
            assert widget["range"] == {"min": parameter.low, "max": parameter.high}
            assert widget["default"] == parameter.default
        assert widget["typeTags"] == {"trigger": "i"}.get(parameter.type, parameter.type)
    said = {p.address for p in panel().presets}  # by scripts
    assert spoken == HEARD | set(panel().addresses) - said


def test_scripts_send_only_addresses_the_bridge_knows() -> None:
    scripts = [ROOT["onCreate"], *(widget.get("onValue", "") for widget in WIDGETS)]
    sent = {address for text in scripts for address in re.findall(r"send\('([^']+)'", text)}
    presets = {parameter.address for parameter in panel().presets}
    assert sent == {"/get", "/subscribe", "/ping"} | presets
    assert f"value: {STAGE_PORT}" in ROOT["onCreate"]
    names = {widget["id"] for widget in WIDGETS}
    for text in scripts:
        assert text.count("(") == text.count(")") and text.count("{") == text.count("}")
        assert set(re.findall(r"[gs]et\('(\w+)'[,)]", text)) <= names
    assert {f"heard_{number}" for number in range(1, 13)} <= names


def test_widgets_fit_the_window_without_overlap() -> None:
    placed = [widget for widget in WIDGETS if widget["type"] != "variable"]
    frames = [tuple(w[key] for key in ("left", "top", "width", "height")) for w in placed]
    for x, y, w, h in frames:
        assert 0 <= x <= ROOT["width"] - w and 0 <= y <= ROOT["height"] - h
    for (one, a), (other, b) in combinations(zip(placed, frames, strict=True), 2):
        apart = a[0] + a[2] <= b[0] or b[0] + b[2] <= a[0]
        apart = apart or a[1] + a[3] <= b[1] or b[1] + b[3] <= a[1]
        assert apart, (one["id"], other["id"])
