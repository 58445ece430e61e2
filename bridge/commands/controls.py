"""The page that documents every control, made from the namespace: `bridge controls` prints it."""

from __future__ import annotations

from collections.abc import Iterable

from bridge.controls.controls import TYPE_NAMES
from bridge.controls.parameters import Parameter, namespace

HEAD = """# Controls

Every parameter that can be changed while the music plays: over OSC, from MIDI, on the control page
and in presets. This page is made by `bridge controls > docs/controls.md`; a test keeps it current.

Numbers outside a range are clamped to it. NAME stands for a direction: `bridge controls --model M`
lists the directions of a model, and `/list` those of a bridge that plays.

| Address | Takes | Range | Default | Unit | What it does |
|---|---|---|---|---|---|
"""

METERS = """
## Meters

Sent to those who say [`/subscribe`](osc.md#being-told), and never taken.

| Address | Value | Unit | What it says |
|---|---|---|---|
| `/meter/level` | number | dBFS | loudness (RMS) of the last tenth of a second |
| `/meter/buffer` | number | s | how far ahead the music is made |
| `/meter/underruns` | whole number | | how often the sound broke off since the start |
| `/meter/speed` | number | × real time | seconds of music made a second |
| `/meter/latency` | number | s | from a control to the ear |
| `/meter/chroma` | 12 numbers | | how much of C, C♯, … B sounds; their sum is 1, or 0 in silence |
| `/meter/tempo` | number | BPM | tempo of the last eight seconds; 0 without a pulse |
"""


def page(parameters: Iterable[Parameter] | None = None) -> str:
    """The page as Markdown, for any set or for these parameters."""
    parameters = namespace(["NAME"]) if parameters is None else parameters
    return HEAD + "".join(row(parameter) + "\n" for parameter in parameters) + METERS


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
