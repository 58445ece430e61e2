"""The patches as files: up to date, well formed, and speaking only of controls that exist."""

from __future__ import annotations

import json
import re
from itertools import combinations
from pathlib import Path

import pytest
from py2max import Patcher

from bridge.controls import namespace
from max_patches.build import HERE, build
from max_patches.panel import SHIPPED, panel
from tests.max_patches import pdfile

MAXPAT, PD = HERE / "musicrfm.maxpat", HERE / "musicrfm.pd"
# What is not a control: questions to the bridge, and its answers.
SERVICE = {"/ping", "/pong", "/get", "/reply_port", "/error"}
CONTROLS = {parameter.address: parameter for parameter in namespace(SHIPPED)}
SHOWN = {"/prompt", "/play", "/panic", *(knob.parameter.address for knob in panel().knobs)}


def boxes() -> dict[str, dict]:
    entries = json.loads(MAXPAT.read_text("utf-8"))["patcher"]["boxes"]
    found = {entry["box"]["id"]: entry["box"] for entry in entries}
    assert len(found) == len(entries), "two boxes share an id"
    return found


@pytest.mark.parametrize("path", [MAXPAT, PD], ids=lambda path: path.name)
def test_the_committed_patch_is_what_the_build_makes(path: Path) -> None:
    assert build()[path.name] == path.read_text("utf-8"), "run python -m max_patches.build"


def test_the_panel_has_twelve_notes_tempo_and_the_sound() -> None:
    assert " ".join(knob.label for knob in panel().notes) == "C C# D D# E F F# G G# A A# B"
    assert {"/steer/tempo", "/gain", "/guidance", "/temperature"} <= SHOWN


class TestMax:
    def test_cords_join_boxes_and_ports_that_exist(self) -> None:
        here = boxes()
        lines = json.loads(MAXPAT.read_text("utf-8"))["patcher"]["lines"]
        assert len(lines) > len(panel().knobs) * 5
        for line in lines:
            source, outlet = line["patchline"]["source"]
            target, inlet = line["patchline"]["destination"]
            assert 0 <= outlet < here[source]["numoutlets"], line
            assert 0 <= inlet < here[target]["numinlets"], line

    def test_py2max_finds_no_error_and_knows_every_object(self) -> None:
        findings = Patcher.from_file(MAXPAT).lint()
        bad = [f for f in findings if f.severity == "error" or f.code == "W-UNKNOWN-OBJECT"]
        assert not bad, "\n".join(map(str, bad))

    def test_addresses_exist_and_every_control_is_sent_and_heard(self) -> None:
        texts = [
            box["text"] for box in boxes().values() if box["maxclass"] in ("newobj", "message")
        ]
        spoken = {a for text in texts for a in re.findall(r"(?<![\w*])/[\w/]+(?![\w*/])", text)}
        assert spoken - SERVICE == SHOWN
        assert spoken - SERVICE <= set(CONTROLS)
        sent = {text.split()[1] for text in texts if text.startswith("prepend /")}
        heard = {text.split()[1] for text in texts if text.startswith("route /")}
        assert sent | {"/panic"} == SHOWN
        assert heard | {"/panic"} == SHOWN | {"/pong", "/error"}

    def test_a_dial_has_its_parameters_range_and_starts_at_its_default(self) -> None:
        dials = {box["varname"]: box for box in boxes().values() if box["maxclass"] == "live.dial"}
        assert len(dials) == len(panel().knobs)
        texts = {box.get("text") for box in boxes().values()}
        for knob in panel().knobs:
            parameter = knob.parameter
            values = dials[parameter.address.strip("/").replace("/", "_")][
                "saved_attribute_attributes"
            ]["valueof"]
            assert values["parameter_mmin"] == parameter.low
            assert values["parameter_mmax"] == parameter.high
            assert f"loadmess set {parameter.default:g}" in texts

    def test_what_a_player_sees_is_inside_the_window_and_does_not_overlap(self) -> None:
        patcher = json.loads(MAXPAT.read_text("utf-8"))["patcher"]
        assert patcher["openinpresentation"] == 1
        _, _, width, height = patcher["rect"]
        seen = [box for box in boxes().values() if box.get("presentation")]
        assert {"live.dial", "textedit", "toggle", "textbutton"} <= {b["maxclass"] for b in seen}
        for box in seen:
            x, y, w, h = box["presentation_rect"]
            assert 0 <= x <= width - w and 0 <= y <= height - h, box
        front = [box for box in seen if box["maxclass"] != "panel"]
        for one, other in combinations(front, 2):
            ax, ay, aw, ah = one["presentation_rect"]
            bx, by, bw, bh = other["presentation_rect"]
            apart = ax + aw <= bx or bx + bw <= ax or ay + ah <= by or by + bh <= ay
            assert apart, (one["id"], other["id"])


class TestPureData:
    def test_cords_join_objects_that_exist(self) -> None:
        canvases = pdfile.read(PD.read_text("utf-8"))
        assert [canvas.name for canvas in canvases] == ["sentence", "osc", "top"]
        for canvas in canvases:
            for source, _, target, _ in canvas.cords:
                assert 0 <= source < len(canvas.objects), canvas.name
                assert 0 <= target < len(canvas.objects), canvas.name

    def test_addresses_exist_and_every_control_is_sent(self) -> None:
        osc = pdfile.read(PD.read_text("utf-8"))[1]
        sent = set()
        for words in osc.named("oscformat"):
            atoms = words[3:] if words[1] == "-f" else words[1:]
            sent.add("/" + "/".join(atoms))
        assert sent - SERVICE == SHOWN
        assert sent - SERVICE <= set(CONTROLS)

    def test_every_slider_has_its_range_and_meets_the_subpatch_by_name(self) -> None:
        _, osc, top = pdfile.read(PD.read_text("utf-8"))
        heard = {words[1] for words in osc.named("r")}
        told = {words[1] for words in osc.named("s")}
        sliders = {words[8]: words for kind in ("vsl", "hsl") for words in top.named(kind)}
        assert len(sliders) == len(panel().knobs)
        for knob in panel().knobs:
            name = f"musicrfm{knob.parameter.address}"
            words = sliders[name]
            assert float(words[3]) == knob.parameter.low
            assert float(words[4]) == knob.parameter.high
            assert words[7] == f"{name}/out" and words[7] in heard
            assert name in told
