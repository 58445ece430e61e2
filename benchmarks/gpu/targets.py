"""What a GPU should reach with MusicGen-large, and whether it did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from musicrfm.published.sizes import PUBLISHED

LARGE = "musicgen-large"
REACHED, MISSED, NOT_MEASURED = "reached", "missed", "not measured"


@dataclass(frozen=True)
class Target:
    """field: of the stage that measures the speed of MusicGen-large. form: of its values."""

    words: str
    field: str
    least: float
    form: str


TARGETS = (
    Target("speed with guidance, × real time", "realtime", 6.0, ".2f"),
    Target("share of the floor that reading weights and cache sets", "share_of_floor", 0.5, ".0%"),
    Target("speed against eager `generate`", "against_generate", 8.0, ".2f"),
)


def compared(stages: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """The targets, as in gpu.json, each with the value (None if not measured) and the state.

    A rehearsal, on a CPU or with fewer layers than the model has, measures none of them.
    """
    found = stages.get(f"speed of {LARGE}", {})
    whole = found.get("graphs") is True and found.get("layers") == PUBLISHED[LARGE].layers
    rows = []
    for target in TARGETS:
        value = found.get(target.field) if whole else None
        state = NOT_MEASURED
        if value is not None:
            state = REACHED if value >= target.least else MISSED
        about = {"target": target.words, "size": LARGE, "least": target.least}
        rows.append({**about, "measured": value, "state": state})
    return rows


def table(stages: dict[str, dict[str, Any]]) -> list[str]:
    """The targets as lines of Markdown."""
    lines = [f"| target, {LARGE} | at least | measured | state |", "|---|---|---|---|"]
    for target, row in zip(TARGETS, compared(stages), strict=True):
        value = row["measured"]
        measured = "" if value is None else format(value, target.form)
        least = format(target.least, target.form)
        lines.append(f"| {target.words} | {least} | {measured} | {row['state']} |")
    return lines
