"""How a coefficient goes on by itself: `constant`, `exponential:RATE` or `linear:STEPS`.

A schedule multiplies the coefficient; its time is counted in frames (20 ms) since it was set.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from musicrfm.errors import MusicRFMError


@dataclass(frozen=True)
class Schedule:
    """`kind` is "constant", "exponential" (value = rate a frame) or "linear" (value = frames)."""

    kind: str = "constant"
    value: float = 0.0

    def factor(self, step: int) -> float:
        """What the coefficient is multiplied by, `step` >= 0 frames after the schedule was set."""
        if self.kind == "exponential":
            return math.exp(-self.value * step)
        if self.kind == "linear":
            return max(0.0, 1.0 - step / self.value)
        return 1.0


def parse_schedule(spec: str) -> Schedule:
    """Reads `constant`, `exponential:RATE` or `linear:STEPS`.

    The factor stays 1; is exp(-RATE * step), RATE >= 0; falls evenly to 0 in STEPS > 0 frames.
    Raises MusicRFMError for anything else.
    """
    kind, _, text = str(spec).strip().partition(":")
    try:
        value = float(text) if text else math.nan
    except ValueError:
        value = math.nan
    if kind == "constant" and not text:
        return Schedule()
    if kind == "exponential" and math.isfinite(value) and value >= 0:
        return Schedule(kind, value)
    if kind == "linear" and math.isfinite(value) and value > 0:
        return Schedule(kind, value)
    raise MusicRFMError(
        f"schedule {spec!r} is not one of constant, exponential:RATE (RATE at least 0), "
        "linear:STEPS (STEPS above 0)"
    )
