"""Writes the table of `bridge bench torture` into pages.

    python -m bridge.bench.torture.page JSON PAGE…

JSON is the file that `bridge bench torture --json` wrote. The table replaces the lines between
`BEGIN_ALL` and `END`, with a row for every fault, or between `BEGIN` and `END`, with a row for each
group. After a run with `--only`, only the rows of its faults are replaced, and the page names them.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from bridge.bench.torture import again
from bridge.bench.torture.outcome import COLUMNS, Outcome

BEGIN, BEGIN_ALL, END = "<!-- torture -->", "<!-- torture: all -->", "<!-- end of torture -->"
GROUP_COLUMNS = ["kind of fault", "faults", "longest silence", "back after", "missing", "held"]


def main(told: Path, pages: list[Path]) -> None:
    """Raises ValueError for a page without a place for the table."""
    report = json.loads(told.read_text("utf-8"))
    if report["options"]["only"]:
        texts = [page.read_text("utf-8") for page in pages]
        whole = next((text for text in texts if BEGIN_ALL in text), "")
        report = again.merged(report, whole)
    for page in pages:
        page.write_text(with_table(page.read_text("utf-8"), report), "utf-8")


def with_table(text: str, report: dict) -> str:
    """A page with the table of a report. Raises ValueError if the page has no place for it."""
    for begin, table in ((BEGIN, groups), (BEGIN_ALL, faults)):
        before, mark, rest = text.partition(begin)
        _, end, after = rest.partition(END)
        if mark and end:
            return f"{before}{begin}\n\n{table(report)}\n{_where(report)}\n\n{END}{after}"
    raise ValueError(f"the page has no lines {BEGIN} and {END}")


def faults(report: dict) -> str:
    """A row for each fault."""
    return _table(COLUMNS, [_outcome(one).row() for one in report["data"]["outcomes"]])


def groups(report: dict) -> str:
    """A row for each group of faults, with its worst values."""
    by_group: dict[str, list[Outcome]] = {}
    for one in report["data"]["outcomes"]:
        by_group.setdefault(one["group"], []).append(_outcome(one))
    return _table(GROUP_COLUMNS, [_worst(group, found) for group, found in by_group.items()])


def _worst(group: str, found: list[Outcome]) -> list[object]:
    held = sum(one.held for one in found)
    back = max((one.back for one in found if one.back is not None), default=None)
    return [
        group,
        len(found),
        f"{1000 * max(one.gap for one in found):.0f} ms",
        "ends" if back is None else f"{back:.1f} s",
        f"{max(one.missing or 0.0 for one in found):.1f} s",
        "all" if held == len(found) else f"{held} of {len(found)}",
    ]


def _outcome(told: dict) -> Outcome:
    return Outcome(**{name: value for name, value in told.items() if name != "group"})


def _table(columns: list[str], rows: list[list[object]]) -> str:
    lines = [f"| {' | '.join(columns)} |", "|" + "---|" * len(columns)]
    return "\n".join([*lines, *(f"| {' | '.join(map(str, row))} |" for row in rows)]) + "\n"


def _where(report: dict) -> str:
    machine = report["machine"]
    place = machine["gpu"] or f"{machine['cores']} cores of {machine['processor']}"
    told = f"Measured on {place}."
    if report.get("later"):
        told += f"\nMeasured later than the rest: {'; '.join(report['later'])}."
    return told


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]])
