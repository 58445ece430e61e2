"""Writes the page of a part: tables and plots, as Markdown, JSON and CSV, with its command."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from musicrfm.evaluation.report import plain
from musicrfm.evaluation.walkthrough import QUICK
from musicrfm.files.writing import write_text
from musicrfm.weights.fingerprint import fingerprint

if TYPE_CHECKING:
    from musicrfm.results.options import Options

INDEX = "README.md"


@dataclass(frozen=True)
class Table:
    """rows: cells to show; numbers have two decimals, None is empty."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]

    def markdown(self) -> str:
        head = [f"| {' | '.join(self.columns)} |", "|" + "---|" * len(self.columns)]
        body = [f"| {' | '.join(map(_shown, row))} |" for row in self.rows]
        return "\n".join([f"### {self.title}", "", *head, *body])

    def csv(self) -> str:
        text = io.StringIO(newline="")
        table = csv.writer(text, lineterminator="\n")
        table.writerow(self.columns)
        table.writerows(["" if cell is None else cell for cell in row] for row in self.rows)
        return text.getvalue()


@dataclass(frozen=True)
class Page:
    """title. words: the conditions of the measurement. summary: the finding, as one sentence.
    pictures: files in the same folder. details: JSON-able, all data behind the tables."""

    title: str
    words: str
    tables: Sequence[Table]
    summary: str = ""
    pictures: Sequence[str] = ()
    details: Any = field(default=None, repr=False)


def write_page(options: Options, name: str, page: Page) -> Path:
    """Write `<name>.md`, `<name>.json` and a CSV file for every table; returns the first."""
    options.out.mkdir(parents=True, exist_ok=True)
    command = f"{options.command} --only {name}"
    data = {
        "part": name,
        "title": page.title,
        "summary": page.summary,
        "command": command,
        "model": options.model.name,
        "weights": fingerprint(options.model.hf),
        "quick": options.quick,
        "setting": asdict(options.setting),
        "tables": [asdict(table) for table in page.tables],
        "details": page.details,
    }
    text = json.dumps(plain(data), indent=1, default=str)
    write_text(options.out / f"{name}.json", text + "\n")
    for number, table in enumerate(page.tables, 1):
        write_text(options.out / f"{name}-{number}.csv", table.csv())
    lines = [f"# {page.title}", "", *([QUICK, ""] if options.quick else [])]
    if page.summary:
        lines += [page.summary, ""]
    for table in page.tables:
        lines += [table.markdown(), ""]
    lines += [f"![{page.title}]({picture})\n" for picture in page.pictures]
    lines += ["## How it was measured", "", page.words, "", "```", command, "```"]
    path = options.out / f"{name}.md"
    write_text(path, "\n".join(lines) + "\n")
    return path


def write_index(options: Options, names: Sequence[str], left_out: dict[str, str]) -> Path:
    """`README.md`: every part that has been run, now or before, with its finding and command.

    Pages made with earlier weights of the same model are marked.
    """
    now = fingerprint(options.model.hf)
    lines = [
        f"# Results on `{options.model.name}`",
        "",
        (
            "The effect of steering is measured in the audio alone "
            "(`musicrfm.listening.measure`), not by the probes of the training. The JSON file "
            "beside each page has all numbers and settings."
        ),
        "",
        "| part | finding | command |",
        "|---|---|---|",
    ]
    for name in names:
        file = options.out / f"{name}.json"
        if file.is_file():
            told = json.loads(file.read_text("utf-8"))
            remarks = " (quick run)" if told["quick"] else ""
            remarks += " (with earlier weights)" if told.get("weights") != now else ""
            summary = told["summary"] or told["title"]
            lines.append(
                f"| [{told['title']}]({name}.md){remarks} | {summary} | `{told['command']}` |"
            )
    for name, why in left_out.items():
        if not (options.out / f"{name}.json").is_file():
            lines.append(
                f"| {name} | could not be run: {why} | `{options.command} --only {name}` |"
            )
    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / INDEX
    write_text(path, "\n".join(lines) + "\n")
    return path


def listed(words: Sequence[str]) -> str:
    """The words as a list in a sentence: a, b and c."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _shown(value: Any) -> str:
    if value is None or value != value:  # NaN is not itself
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.2f}" if isinstance(value, float) else str(value)
