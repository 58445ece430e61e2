"""The report of `bridge prepare`: the knobs made for a model, and the effect of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bridge.bench.report import machine_line
from bridge.prepare.notebook import Notebook
from musicrfm.directions import SUFFIX, Direction
from musicrfm.files.writing import write_text
from musicrfm.progress import clock

PAGE = "README.md"


def write_page(folder: Path, directions: Path, notebook: Notebook, command: str) -> Path:
    """Write the page. directions: folder of the model's direction files. command: plays them."""
    found = [Direction.load(path) for path in sorted(directions.glob(f"[!.]*{SUFFIX}"))]
    lines = [f"# Knobs for `{notebook.model}`", ""]
    answering = sum(direction.range is not None for direction in found)
    lines += [
        f"**{answering} of {len(found)} knobs work.** Play them with:",
        "",
        "```",
        command,
        "```",
        "",
        "Effects are measured in the audio: unsteered, with the knob in the middle and at its top, "
        "with seeds that were not used to find the range. *Probe* is the score on held-out clips.",
        "",
        "| knob | probe | range | unsteered | middle | top | remarks |",
        "|---|---|---|---|---|---|---|",
        *(_row(direction) for direction in found),
    ]
    if notebook.left_out:
        lines += ["", "Not made within the budget:", ""]
        lines += [f"- {name}: {why}" for name, why in notebook.left_out.items()]
    lines += ["", "| step | time |", "|---|---|"]
    lines += [f"| {name} | {clock(step.seconds)} |" for name, step in notebook.steps.items()]
    total = sum(step.seconds for step in notebook.steps.values())
    lines += [f"| total | {clock(total)} |", ""]
    lines.append(f"{machine_line()} Peak memory: {notebook.peak_memory / 1024:.1f} GiB.")
    path = folder / PAGE
    write_text(path, "\n".join(lines) + "\n")
    return path


def _row(direction: Direction) -> str:
    calibration: Mapping[str, Any] = direction.meta.get("calibration") or {}
    points = {p["coefficient"]: p["value"] for p in calibration.get("confirmed") or ()}
    ordered = [points[c] for c in sorted(points, key=abs)]
    effects = [ordered[0], ordered[len(ordered) // 2], ordered[-1]] if len(ordered) > 2 else []
    unit = calibration.get("unit", "")
    shown = [f"{value:.0f} BPM" if unit == "BPM" else f"{value:.2f}" for value in effects]
    remarks = "; ".join(calibration.get("remarks") or ())
    if not calibration:
        remarks = "holds a tempo" if direction.meta.get("kind") == "beat" else "not measured"
    useful = "none" if direction.range is None else "{:.3g} to {:.3g}".format(*direction.range)
    cells = [direction.name, _probe(direction), useful, *(shown or ("", "", "")), remarks]
    return f"| {' | '.join(cells)} |"


def _probe(direction: Direction) -> str:
    tests = direction.meta.get("test")
    scores: Sequence[Mapping[str, float]] = list((tests or {}).values())
    metric = str(direction.meta.get("metric", ""))
    if scores and metric in scores[0]:
        return f"{metric} {scores[0][metric]:.2f}"
    return f"{metric} {float(direction.layer_scores.max()):.2f}"
