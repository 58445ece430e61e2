"""Writes an evaluation: numbers as JSON, a Markdown page, and plots."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from musicrfm.files.writing import write_text
from musicrfm.intervals import written
from musicrfm.listening.listeners import CAVEAT, detector_of

if TYPE_CHECKING:
    from musicrfm.evaluation.control import Control
    from musicrfm.evaluation.perform import Setting
    from musicrfm.evaluation.responses import Response


def write_report(
    folder: Path, responses: Sequence[Response], setting: Setting, model_name: str
) -> Path:
    """Writes `evaluation.json`, `.csv` (a line a point), `.md` and the plots into `folder`; returns
    the last of the three."""
    from musicrfm.evaluation import plots

    folder.mkdir(parents=True, exist_ok=True)
    data = {
        "model": model_name,
        "setting": asdict(setting),
        "directions": [asdict(r) | {"best": asdict(r.best)} for r in responses],
    }
    write_text(folder / "evaluation.json", json.dumps(plain(data), indent=1) + "\n")
    write_text(folder / "evaluation.csv", points_csv(responses))
    several = len({r.method for r in responses}) > 1
    for response in responses:
        name = f"{response.name}_{response.method}" if several else response.name
        plots.response_curve(folder / f"response_{name}.png", response)
    if len(responses) > 1:
        plots.response_overview(folder / "responses.png", responses)
    if several:
        shares = [r for r in responses if r.quantity == "share"]
        plots.methods(folder / "methods.png", {f"`{model_name}`": shares})
    table = folder / "evaluation.md"
    write_text(table, markdown(responses, setting, model_name))
    return table


def points_csv(responses: Sequence[Response]) -> str:
    """Every point of every response, in full."""
    text = io.StringIO(newline="")
    fields = [f.name for f in dataclasses.fields(responses[0].points[0])]
    table = csv.DictWriter(text, ["direction", "method", "unit", *fields], lineterminator="\n")
    table.writeheader()
    for r in responses:
        about = {"direction": r.name, "method": r.method, "unit": r.unit}
        for point in r.points:
            table.writerow(plain(about | asdict(point)))
    return text.getvalue()


def markdown(responses: Sequence[Response], setting: Setting, model_name: str) -> str:
    """The results as a page of Markdown."""
    lines = [
        f"# Steering `{model_name}`, measured on the sound",
        "",
        f"{setting.size} per "
        f"coefficient, layers `{setting.layers}`, guidance {_usual(setting.guidance_scale)}, "
        f"temperature {_usual(setting.temperature)}, top-k {_usual(setting.top_k)}. "
        "In brackets: 95 % intervals over clips (bootstrap). "
        "Best: the surely highest value (by the lower end of its interval) at which it is "
        "still music (onset rate within 30 % of unsteered, "
        "at least three pitch classes, no added silence), within the useful range. Coefficients "
        "are raw.",
        "",
    ]
    units = dict.fromkeys(r.unit for r in sorted(responses, key=lambda r: r.quantity != "share"))
    for unit in units:
        lines += [*_table([r for r in responses if r.unit == unit], unit), ""]
    lines += control_table([r.control for r in responses if r.control is not None])
    if any(map(detector_of, setting.listeners)):
        lines += [f"{CAVEAT[0].upper()}{CAVEAT[1:]}.", ""]
    methods = sorted({r.method for r in responses if r.quantity == "share"})
    if len(methods) > 1:
        lines += [
            "| method | directions | mean best share | worst | below 0.6 |",
            "|---|---|---|---|---|",
        ]
        for method in methods:
            best = {
                r.name: r.best.value
                for r in responses
                if r.method == method and r.quantity == "share"
            }
            worst = min(best, key=lambda name: best[name])
            lines.append(
                f"| {method} | {len(best)} | {np.mean(list(best.values())):.2f} | {worst} "
                f"{best[worst]:.2f} | {sum(v < 0.6 for v in best.values())} |"
            )
        lines.append("")
    return "\n".join(lines)


def _table(responses: Sequence[Response], unit: str) -> list[str]:
    bpm = responses[0].quantity != "share"
    asked = any(r.best.adherence is not None for r in responses)
    head = ["direction", "method", "useful range", f"{unit} unsteered"]
    head += (
        ["lowest to highest", "spread", "Spearman of clips, of means"]
        if bpm
        else ["best", "at", "onset rate"]
    )
    head += ["pitch classes"] + (["prompted instrument heard"] if asked else [])
    head += [] if bpm else ["at the top: share, onset rate, pitch classes"]
    rows = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    for r in responses:
        zero, best = r.unsteered, r.best
        cells = [r.name, r.method, f"{r.range[0]:.3g} to {r.range[1]:.3g}" if r.range else "none"]
        if bpm:
            values = [p.value for p in r.points if np.isfinite(p.value)] or [float("nan")]
            lowest, highest = (written(v, r.quantity) for v in (min(values), max(values)))
            cells += [zero.interval.text(r.quantity), f"{lowest} to {highest}"]
            cells += [f"{r.spread:.0%}", f"{r.spearman:.2f}, {r.ordered:.2f}"]
        else:
            cells += [str(zero.interval), str(best.interval), f"{best.coefficient:.3g}"]
            cells.append(f"{best.onset_ratio:.0%}")
        cells.append(f"{best.pitch_classes:.1f}")
        if asked:
            cells.append(f"{zero.adherence:.2f} → {best.adherence:.2f}")
        if not bpm:
            top = r.top
            cells.append(
                f"{top.value:.2f}, {top.onset_ratio:.0%}, {top.pitch_classes:.1f}" if top else ""
            )
        rows.append(f"| {' | '.join(cells)} |")
    if len(responses) > 1 and not bpm:
        before, after = (
            np.mean([getattr(r, at).value for r in responses]) for at in ("unsteered", "best")
        )
        cells = ["**mean**", "", "", f"{before:.2f}", f"{after:.2f}"]
        if asked:
            cells += [""] * (len(head) - 7)
            kept = [
                np.mean([getattr(r, at).adherence for r in responses])
                for at in ("unsteered", "best")
            ]
            cells.append(f"{kept[0]:.2f} → {kept[1]:.2f}")
        else:
            cells += [""] * (len(head) - 6)
        tops = [r.top for r in responses if r.top]
        cells.append(
            ", ".join(
                form.format(np.mean([getattr(t, of) for t in tops]))
                for of, form in (
                    ("value", "{:.2f}"),
                    ("onset_ratio", "{:.0%}"),
                    ("pitch_classes", "{:.1f}"),
                )
            )
            if tops
            else ""
        )
        rows.append(f"| {' | '.join(cells)} |")
    return rows


def control_table(found: Sequence[Control]) -> list[str]:
    """Lines of Markdown: each direction beside random ones of the same length; none for none."""
    if not found:
        return []
    lines = [
        f"Beside {len(found[0].draws)} random directions of the same length at every layer, played "
        "at the same coefficient with the same prompts and seeds (effect: target less random):",
        "",
        "| direction | raw coefficient | unsteered | random | single draws | target | effect | |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for one in found:
        cells = [one.name, f"{one.coefficient:.3g}"]
        cells += [part.text(one.quantity) for part in (one.unsteered, one.random)]
        cells.append(" ".join(written(draw, one.quantity) for draw in one.draws))
        cells += [one.target.text(one.quantity), one.effect.text(one.quantity, "+")]
        cells.append(f"**{one.remark}**" if one.remark else "")
        lines.append(f"| {' | '.join(cells)} |")
    return [*lines, ""]


def plain(value: object) -> Any:
    """A value for JSON, which has no NaN and no numbers of NumPy."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not np.isfinite(value) else value


def _usual(value: float | None) -> str:
    return "of the model" if value is None else f"{value:g}"
