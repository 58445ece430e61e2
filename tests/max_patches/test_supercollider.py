"""The SuperCollider snippet: its blocks close, its addresses exist, its ranges are right."""

from __future__ import annotations

import re

from bridge.controls.controls import namespace
from max_patches.build import HERE
from max_patches.panel import METERS, SHIPPED, panel

TEXT = (HERE / "musicrfm.scd").read_text("utf-8")
CONTROLS = {parameter.address: parameter for parameter in namespace(SHIPPED)}
SERVICE = {"/get", "/subscribe", "/error"}
CODE = re.sub(r"//[^\n]*", "", re.sub(r'"(?:\\.|[^"\\])*"|\'[^\']*\'', "''", TEXT))


def test_every_bracket_closes() -> None:
    open_ = []
    for character in CODE:
        if character in "([{":
            open_.append(character)
        elif character in ")]}":
            assert open_ and "([{".index(open_.pop()) == ")]}".index(character)
    assert not open_


def test_code_outside_the_three_blocks_is_single_lines() -> None:
    blocks = re.findall(r"^\((.*?)^\)$", TEXT, re.DOTALL | re.MULTILINE)
    assert len(blocks) == 3
    for line in re.sub(r"^\(.*?^\)$", "", TEXT, flags=re.DOTALL | re.MULTILINE).splitlines():
        assert not line or line.startswith("//") or re.match(r"~\w+\.", line), line


def test_addresses_exist() -> None:
    spoken = set(re.findall(r"'(/[\w/]+)'", TEXT))
    heard = {meter.address for meter in METERS}
    presets = {parameter.address for parameter in panel().presets}
    assert spoken - SERVICE - heard <= set(CONTROLS)
    assert spoken >= heard | presets | {"/prompt", "/play", "/panic"}
    assert {knob.parameter.address for knob in panel().knobs} <= spoken


def test_control_specs_match_the_namespace() -> None:
    found = re.findall(r"'(/[\w/]+)' -> ControlSpec\(([^)]*)\)", TEXT)
    assert len(found) == len(panel().knobs)
    for address, text in found:
        low, high, _, step, default, unit = (part.strip() for part in text.split(","))
        parameter = CONTROLS[address]
        assert (float(low), float(high)) == (parameter.low, parameter.high)
        assert float(default) == parameter.default and unit == f'"{parameter.unit}"'
        assert float(step) == (parameter.type == "i")
