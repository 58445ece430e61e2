"""Merges faults that were measured again into the table of a page."""

from __future__ import annotations

import re

from bridge.bench.torture.endings import ENDED
from bridge.bench.torture.faults import GROUPS
from bridge.bench.torture.outcome import COLUMNS, Outcome

_STATUS = re.compile(r"(-?\d+)(?:, after ([\d.]+) s)?")
_LATER = re.compile(r"\nMeasured later than the rest[^:\n]*: ([^\n]*)\.\n")


def told(page: str) -> list[dict]:
    """The outcomes in a page's table, in the form of a report's JSON.

    Raises ValueError if the page has no table of all faults.
    """
    groups = {fault.name: group for group, faults in GROUPS.items() for fault in faults}
    head = f"| {' | '.join(COLUMNS)} |\n"
    _, found, rest = page.partition(head)
    rows = rest.partition("\n\n")[0].splitlines()[1:]
    if not found or not rows:
        raise ValueError("no page has a table of all faults: measure all of them first")
    outcomes = [_outcome(row) for row in rows]
    return [{"group": groups.get(one.name, ENDED), **one.data()} for one in outcomes]


def later(page: str) -> list[str]:
    """The faults that the page marks as measured later than the rest."""
    found = _LATER.search(page)
    return found[1].split("; ") if found else []


def merged(report: dict, page: str) -> dict:
    """A report of some faults, completed by the other faults from a page."""
    fresh = {one["name"]: one for one in report["data"]["outcomes"]}
    kept = told(page)
    known = {one["name"] for one in kept}
    outcomes = [fresh.get(one["name"], one) for one in kept]
    for name, one in fresh.items():
        if name not in known:  # beside the others of its group
            places = [n for n, other in enumerate(outcomes) if other["group"] == one["group"]]
            outcomes.insert(places[-1] + 1 if places else len(outcomes), one)
    names = [*later(page), *(name for name in fresh if name not in later(page))]
    return report | {"data": {"outcomes": outcomes}, "later": names}


def _outcome(row: str) -> Outcome:
    name, gap, said, back, missing, status, held = row.strip("| ").split(" | ")
    found = _STATUS.fullmatch(status)
    return Outcome(
        name,
        gap=float(gap) / 1000,
        said={"yes": True, "no": False}.get(said),
        back=_number(back),
        missing=_number(missing),
        status=int(found[1]) if found else None,
        ended=float(found[2]) if found and found[2] else None,
        held=held == "yes",
    )


def _number(text: str) -> float | None:
    return None if text == "–" else float(text)
