"""Makes the page that documents every control: `bridge controls` prints it."""

from __future__ import annotations

from collections.abc import Iterable

from bridge.controls.controls import TYPE_NAMES
from bridge.controls.parameters import Parameter, namespace
from bridge.meters import METERS

HEAD = """# Controls

Every parameter that can change while the music plays: over OSC, from MIDI, on the control page
and in presets. `bridge controls > docs/controls.md` makes this page; a test keeps it current.

Numbers outside a range are clamped. NAME stands for a direction: `bridge controls --model M` lists
the directions of a model, and `/list` those of a running bridge.

| Address | Takes | Range | Default | Unit | What it does |
|---|---|---|---|---|---|
"""

METER_HEAD = """
## Meters

Sent to [subscribers](osc.md#subscriptions); they cannot be set.

| Address | Value | Unit | What it measures |
|---|---|---|---|
"""


def page(parameters: Iterable[Parameter] | None = None) -> str:
    """The page as Markdown, for any set or for these parameters."""
    parameters = namespace(["NAME"]) if parameters is None else parameters
    return (
        HEAD + "".join(row(parameter) + "\n" for parameter in parameters) + METER_HEAD + _meters()
    )


def _meters() -> str:
    lines = (f"| `{m.address}` | {m.takes} | {m.unit} | {m.help} |\n" for m in METERS)
    return "".join(lines).replace("|  |", "| |")


def row(parameter: Parameter) -> str:
    """One parameter as a line of the table."""
    takes = "nothing" if parameter.type == "trigger" else TYPE_NAMES[parameter.type]
    spread = "" if parameter.low is None else f"{parameter.low:g} … {parameter.high:g}"
    default = parameter.default
    shown = f"{default:g}" if isinstance(default, (int, float)) else f"`{default}`"
    if parameter.event or default == "":
        shown = ""
    cells = (f"`{parameter.address}`", takes, spread, shown, parameter.unit, parameter.help)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
