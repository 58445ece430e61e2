"""The report of `bridge prepare`: the knobs made for a model, and the effect of each."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bridge.bench.report import machine_line
from bridge.prepare.notebook import Notebook
from musicrfm.directions import SUFFIX, Direction
from musicrfm.files.writing import write_text
from musicrfm.intervals import Interval, written
from musicrfm.progress import clock
from musicrfm.steering.beat import Beat, is_beat
from musicrfm.theory import PITCH_CLASSES

PAGE = "README.md"


def write_page(folder: Path, directions: Path, notebook: Notebook, command: str) -> Path:
    """Write the page. directions: folder of the model's direction files. command: plays them."""
    found = [Direction.load(path) for path in directions.glob(f"[!.]*{SUFFIX}")]
    found.sort(key=_place)
    lines = [f"# Knobs for `{notebook.model}`", ""]
    measured = [direction for direction in found if _calibration(direction)]
    answering = sum(map(works, measured))
    unheard = [direction.name for direction in found if direction not in measured]
    said = f"**{answering} of {len(measured)} measured knobs work:** in the audio, they do more "
    said += "than random directions."
    if unheard:
        said += f" Not measured: {', '.join(unheard)}; `musicrfm evaluate NAME` does that."
    lines += [
        f"{said} Play them with:",
        "",
        "```",
        command,
        "```",
        "",
        "The address of a knob is `/steer/` and its name; 0 is off, and 1 is the top of its "
        "useful range. *At 0*, *at 0.5* and *at 1* are measured in the audio, with seeds that were "
        "not used to find the range: for a note, the share of the time in which it dominates. "
        "*Probe* is how well the model's hidden states show the concept, on held-out clips. *Raw* "
        "is the coefficient at the ends of the range.",
        "",
        "| knob | at 0 | at 0.5 | at 1 | remarks | probe | raw |",
        "|---|---|---|---|---|---|---|",
        *(_row(direction) for direction in found),
    ]
    told = {
        "Made smaller, to keep within the budget:": notebook.smaller,
        "Not made within the budget:": notebook.left_out,
    }
    for title, parts in told.items():
        if parts:
            lines += ["", title, ""]
            lines += [f"- {name}: {why}" for name, why in parts.items()]
    lines += ["", "| step | time |", "|---|---|"]
    lines += [f"| {name} | {clock(step.seconds)} |" for name, step in notebook.steps.items()]
    total = sum(step.seconds for step in notebook.steps.values())
    lines += [f"| total | {clock(total)} |", ""]
    lines.append(f"{machine_line()} Peak memory: {notebook.peak_memory / 1024:.1f} GiB.")
    path = folder / PAGE
    write_text(path, "\n".join(lines) + "\n")
    return path


def works(direction: Direction) -> bool:
    """Whether a knob has a range and was heard to do more than random directions at its top."""
    from musicrfm.evaluation.control import outcome  # needs the extra `train`

    control = _calibration(direction).get("control")
    if direction.range is None or not control:
        return False
    effect = control["effect"]
    ends = (effect["value"], effect["low"], effect["high"])
    value, low, high = (math.nan if one is None else one for one in ends)
    return not outcome(Interval(value, low, high, effect["count"]), control["coefficient"])


def _calibration(direction: Direction) -> Mapping[str, Any]:
    """The evidence of `musicrfm calibrate`; empty if the direction was not measured."""
    return direction.meta.get("calibration") or {}


def _row(direction: Direction) -> str:
    calibration = _calibration(direction)
    points = {p["coefficient"]: p["value"] for p in calibration.get("confirmed") or ()}
    ordered = [points[c] for c in sorted(points) if c >= 0]
    effects = [ordered[0], ordered[len(ordered) // 2], ordered[-1]] if len(ordered) > 2 else []
    unit = str(calibration.get("unit", ""))
    # files of earlier versions name the unit alone
    quantity = calibration.get("quantity") or ("share" if "share" in unit else unit)
    shown = [_amount(value, quantity) for value in effects]
    remarks = "; ".join(calibration.get("remarks") or ())
    if is_beat(direction):
        slow, fast = map(Beat.of(direction).bpm, direction.range or (0.0, 0.0))
        told = f"meant to hold {slow:.0f} BPM at -1 to {fast:.0f} BPM at 1, off at 0"
        lowest = _amount(points[min(points)], quantity) if points else ""
        heard = f"heard at -1: {lowest}" if lowest else "not measured"
        remarks = "; ".join(filter(None, (told, heard, remarks)))
    elif not calibration:
        remarks = "not measured"
    useful = "none" if direction.range is None else "{:.3g} to {:.3g}".format(*direction.range)
    cells = [direction.name, *(shown or ("", "", "")), remarks, _probe(direction), useful]
    return f"| {' | '.join(cells)} |"


def _amount(value: float, quantity: str) -> str:
    if quantity == "share":
        return f"{value:.0%}".replace("%", " %")
    return f"{value:.0f} BPM" if quantity == "BPM" else written(value, quantity)


def _place(direction: Direction) -> tuple[bool, str, int, str]:
    """Where a knob stands in the table: the tempo first, pitches from C up."""
    target = str(direction.meta.get("target", ""))
    pitch = PITCH_CLASSES.index(target) if target in PITCH_CLASSES else len(PITCH_CLASSES)
    return not is_beat(direction), str(direction.meta.get("concept", "")), pitch, direction.name


def _probe(direction: Direction) -> str:
    tests = direction.meta.get("test")
    scores: Sequence[Mapping[str, float]] = list((tests or {}).values())
    metric = str(direction.meta.get("metric", ""))
    if scores and metric in scores[0]:
        return f"{metric} {scores[0][metric]:.2f}"
    return f"{metric} {float(direction.layer_scores.max()):.2f}"
