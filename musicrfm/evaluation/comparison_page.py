"""Writes a comparison to a folder: a page with the clips, a picture, the table as CSV and JSON."""

from __future__ import annotations

import csv
import html
import io
import json
import re
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import soundfile

from musicrfm.evaluation.comparison import ON_TEMPO, WINDOW, Clip, Comparison, Row
from musicrfm.evaluation.report import plain
from musicrfm.files.paths import path_of
from musicrfm.files.writing import write_bytes, write_text
from musicrfm.theory import PITCH_CLASSES

COLUMNS = ("steering", "measure", "value", "random directions", "effect", "")
STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 96rem; margin: 2rem auto; padding: 0 1rem;
  color: #1e293b; background: #fff; }
table { border-collapse: collapse; margin: 1rem 0; display: block; overflow-x: auto; }
td, th { padding: .35rem .8rem; border-bottom: 1px solid #e2e8f0; text-align: left;
  vertical-align: top; }
td { white-space: nowrap; }
tr > th:first-child { position: sticky; left: 0; background: #fff; max-width: 12rem; }
audio { width: 11rem; height: 2.5rem; display: block; }
svg { width: 11rem; display: block; margin-top: .25rem; }
img { max-width: 100%; }
small { color: #64748b; }
"""


def write_comparison(folder: Path, found: Comparison, title: str, words: str = "") -> Path:
    """Write the folder; returns the path of its page. words: plain text above the table."""
    folder.mkdir(parents=True, exist_ok=True)
    names = {}
    for number, clip in enumerate(found.clips):
        name = f"clips/{number:03d}-{_file_name(clip)}.flac"
        names[id(clip)] = name
        sound = io.BytesIO()
        soundfile.write(sound, clip.audio.clip(-1, 1), found.sample_rate, format="FLAC")
        write_bytes(folder / name, sound.getvalue())
    write_text(folder / "table.csv", _csv(found.rows))
    data = {"settings": found.settings, "rows": [asdict(row) for row in found.rows]}
    write_text(folder / "table.json", json.dumps(plain(data), indent=1) + "\n")
    _picture(folder / "picture.png", found.rows)
    page = folder / "index.html"
    write_text(page, _page(found, names, title, words))
    return page


def table_text(rows: list[Row]) -> str:
    """The table for a terminal or a log."""
    lines = [COLUMNS, *map(_cells, rows)]
    widths = [max(len(line[at]) for line in lines) for at in range(len(COLUMNS))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.variant,
        f"{row.target}: {row.unit}",
        row.value.text(row.quantity) or "not measurable",
        row.random.text(row.quantity) if row.random else "",
        row.effect.text(row.quantity, "+") if row.effect else "",
        row.remark,
    )


def _csv(rows: list[Row]) -> str:
    text = io.StringIO(newline="")
    table = csv.writer(text, lineterminator="\n")
    parts = ("value", "random", "effect")
    head = [f"{part}{end}" for part in parts for end in ("", "_low", "_high")]
    table.writerow(["steered", "target", "unit", "clips", *head])
    for row in rows:
        numbers: list[float | str] = []
        for part in parts:
            one = getattr(row, part)
            ends = [one.value, one.low, one.high] if one else ["", "", ""]
            numbers += [v if isinstance(v, str) or np.isfinite(v) else "" for v in ends]
        table.writerow([row.variant, row.target, row.unit, row.value.count, *numbers])
    return text.getvalue()


def _picture(path: Path, rows: list[Row]) -> None:
    """The value of each target by variant, with intervals and single clips, beside random ones."""
    from musicrfm.evaluation.plots import compared_bars

    compared_bars(path, rows)


def _page(found: Comparison, names: dict[int, str], title: str, words: str) -> str:
    settings = found.settings
    how = (
        f"{len(settings['prompts'])} prompts × {len(settings['seeds'])} seeds × "
        f"{settings['seconds']:g} s of {settings['model']} each. In brackets: 95 % intervals over "
        f"clips. Random directions: {settings['draws']} draws of the same length at every layer. "
        "Effect: value minus value with random directions."
    )
    if settings["draws"] == 0:
        how = how.partition(" Random directions")[0]
    lines = [
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{html.escape(title)}</title>',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<style>{STYLE}</style><h1>{html.escape(title)}</h1>",
        *(f"<p>{html.escape(part)}</p>" for part in (words, how) if part),
        "<table>",
        f"<tr>{''.join(f'<th>{name}</th>' for name in COLUMNS)}</tr>",
    ]
    for row in found.rows:
        lines.append(f"<tr>{''.join(f'<td>{html.escape(c)}</td>' for c in _cells(row))}</tr>")
    lines += ["</table>", '<img src="picture.png" alt="Measured values, by steering">']
    lines += ["<h2>Listen</h2>", f"<p>{_legend(found)}</p>", "<table>"]
    lines.append("<tr><th></th>" + "".join(f"<th>{_column(c)}</th>" for c in _columns(found)))
    for prompt in settings["prompts"]:
        for seed in settings["seeds"]:
            head = f"{html.escape(prompt) or 'no prompt'}<br><small>seed {seed}</small>"
            cells = "".join(
                f"<td>{_player(found, names, prompt, seed, column)}</td>"
                for column in _columns(found)
            )
            lines.append(f"<tr><th>{head}</th>{cells}</tr>")
    return "\n".join([*lines, "</table></html>"]) + "\n"


def _legend(found: Comparison) -> str:
    """What the drawings of the clips show."""
    if _is_tempo(found):
        return "Drawn: the level over time, and the beats at the measured tempo."
    frame = " The frame marks the target." if _targets(found) else ""
    return f"Drawn: the pitch classes over time, from C at the bottom to B at the top.{frame}"


def _targets(found: Comparison) -> list[int]:
    """The pitch classes of the measured notes."""
    targets = dict.fromkeys(tuple(row.target.rpartition("_")[::2]) for row in found.rows)
    return [
        PITCH_CLASSES.index(name)
        for concept, name in targets
        if concept in ("note", "notes") and name in PITCH_CLASSES
    ]


def _columns(found: Comparison) -> list[tuple[str, int | None]]:
    """(variant, draw) of the clips, each random direction beside its variant."""
    kinds = list(dict.fromkeys((clip.variant, clip.draw) for clip in found.clips))
    order = list(dict.fromkeys(variant for variant, _ in kinds))
    return sorted(kinds, key=lambda kind: (order.index(kind[0]), kind[1] is not None))


def _column(column: tuple[str, int | None]) -> str:
    variant, draw = column
    label = html.escape(variant)
    return label if draw is None else f"<small>random direction, same length as</small> {label}"


def _player(found: Comparison, names: dict[int, str], prompt: str, seed: int, column: tuple) -> str:
    for clip in found.clips:
        if (clip.prompt, clip.seed) == (prompt, seed) and (clip.variant, clip.draw) == column:
            drawn = _beat(clip) if _is_tempo(found) else _pitches(clip, _targets(found))
            heard = _heard(found, clip)
            return f'<audio controls preload="none" src="{names[id(clip)]}"></audio>{drawn}{heard}'
    return ""


def _is_tempo(found: Comparison) -> bool:
    return all(row.unit in ("BPM", ON_TEMPO) for row in found.rows)


def _heard(found: Comparison, clip: Clip) -> str:
    bpm = clip.heard.tempo_bpm
    told = f"{bpm:.0f} BPM" if bpm else "no pulse"
    if not _is_tempo(found):
        told = f"mostly {(clip.heard.dominant or 'silence').replace('s', '♯')}"
    return f"<small>{told}</small>"


def _pitches(clip: Clip, targets: Sequence[int]) -> str:
    """The pitch classes over time, from C at the bottom, with a frame round each target."""
    width = max(1, len(clip.shares))
    boxes = []
    for at, shares in enumerate(clip.shares):
        for number, share in enumerate(shares):
            if share > 0.05:
                boxes.append(
                    f'<rect x="{at}" y="{11 - number}" width="1" height="1" '
                    f'fill-opacity="{share:.2f}"/>'
                )
    frames = "".join(
        f'<rect x="0" y="{11 - number}" width="{width}" height="1" fill="none" stroke="#334155" '
        'vector-effect="non-scaling-stroke"/>'
        for number in targets
    )
    told = ", ".join(
        f"{name} {share:.2f}"
        for name, share in zip(PITCH_CLASSES, clip.heard.note_share, strict=True)
        if share > 0.05
    )
    return (
        f'<svg viewBox="0 0 {width} 12" height="60" preserveAspectRatio="none" fill="#c2410c" '
        f'role="img" aria-label="{told}"><title>{told}</title>'
        f'<rect width="{width}" height="12" fill="#f1f5f9"/>{"".join(boxes)}{frames}</svg>'
    )


def _beat(clip: Clip) -> str:
    """Beats at the measured tempo, over the peak level in sixteenths of a second."""
    seconds = clip.heard.seconds
    size = max(1, round(len(clip.audio) * WINDOW / max(seconds, WINDOW) / 4))
    mono = clip.audio.mean(1) if clip.audio.ndim == 2 else clip.audio
    parts = [np.abs(mono[at : at + size]).max(initial=0.0) for at in range(0, len(mono), size)]
    highest = max([*parts, 1e-6])
    bars = "".join(
        f'<rect x="{n * WINDOW / 4:.3f}" y="{12 - 12 * p / highest:.2f}" width="{WINDOW / 5:.3f}" '
        f'height="{12 * p / highest:.2f}" fill="#94a3b8"/>'
        for n, p in enumerate(parts)
    )
    bpm = clip.heard.tempo_bpm
    beats = np.arange(0, seconds, 60 / bpm) if bpm else np.empty(0)
    ticks = "".join(
        f'<rect x="{at:.3f}" y="0" width="0.03" height="12" fill="#c2410c"/>' for at in beats
    )
    told = f"{bpm:.0f} BPM" if bpm else "no pulse"
    return (
        f'<svg viewBox="0 0 {seconds:.2f} 12" height="60" preserveAspectRatio="none" role="img" '
        f'aria-label="{told}"><title>{told}</title>{bars}{ticks}</svg>'
    )


def _file_name(clip: Clip) -> str:
    text = f"{clip.variant}{'' if clip.draw is None else '-random'}-{clip.prompt}-seed{clip.seed}"
    return re.sub(r"[^A-Za-z0-9_.]+", "-", text.replace("#", "s")).strip("-")[:80]


def tell(found: Comparison, folder: Path | str, title: str, words: str = "") -> Path:
    """Write the folder, print the table and the words, and return the path of the page."""
    page = write_comparison(path_of(folder), found, title, words)
    print(table_text(found.rows))
    if words:
        print(words)
    print(f"listen to the clips: {page}")
    return page
