"""A parameter is one table entry and a meter one field: all other parts read them there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from bridge.commands.controls import page
from bridge.meters import METERS, Reading

ROOT = Path(__file__).resolve().parents[3]


def test_parameter_added_in_one_place_is_found_everywhere(tmp_path):
    program = [sys.executable, "-m", "tests.bridge.controls.one_more", str(tmp_path)]
    ran = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stderr


def test_meters_are_described_by_one_table():
    assert [meter.name for meter in METERS] == [
        *("level", "buffer", "underruns", "speed", "latency", "tempo", "chroma")
    ]
    kinds = {meter.name: meter.takes for meter in METERS}
    assert kinds["underruns"] == "whole number" and kinds["chroma"] == "12 numbers"
    assert {meter.unit for meter in METERS if meter.name == "tempo"} == {"BPM"}
    assert Reading().level == -120.0
    for meter in METERS:
        assert f"| `{meter.address}` |" in page() and meter.help in page()
