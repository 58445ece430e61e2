"""The page of all controls covers the namespace, and the copy in docs/ is up to date."""

from __future__ import annotations

from pathlib import Path

from bridge.cli import main
from bridge.commands.controls import page
from bridge.controls.controls import namespace
from bridge.meters import Reading

PAGE = Path(__file__).resolve().parents[3] / "docs" / "controls.md"


def test_the_committed_page_is_current(capsys) -> None:
    assert main(["controls"]) == 0
    said = "run `bridge controls > docs/controls.md`"
    assert PAGE.read_text("utf-8") == capsys.readouterr().out, said


def test_every_control_has_a_line_in_the_page() -> None:
    text = page(namespace(["note_C"]))
    for parameter in namespace(["note_C"]):
        line = next(one for one in text.splitlines() if f"| `{parameter.address}` |" in one)
        assert parameter.help in line and parameter.unit in line
    assert "NAME" not in text.split("|---")[1]


def test_every_meter_has_a_line_in_the_page() -> None:
    told = {name for name in Reading.__dataclass_fields__ if name != "seconds"}
    lines = [line for line in page().splitlines() if line.startswith("| `/meter/")]
    assert {line.split("`")[1] for line in lines} == {f"/meter/{name}" for name in told}


def test_controls_with_a_model_include_its_directions(capsys) -> None:
    assert main(["controls", "--model", "nano"]) == 0
    assert "| `/steer/note_C` |" in capsys.readouterr().out
