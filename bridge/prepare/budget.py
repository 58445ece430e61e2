"""How much of each part is made within a time: all of it, less data, or fewer knobs."""

from __future__ import annotations

from dataclasses import dataclass

from bridge.prepare import plan
from musicrfm.directions import Direction
from musicrfm.theory import PITCH_CLASSES

SIZES = {"full": plan.FULL, "quick": plan.QUICK}
FIFTH = 7  # semitones


@dataclass(frozen=True)
class Share:
    """How much of a part is made. sizes: a key of SIZES. knobs: number of those of which the range
    is found, the most useful first; None for all."""

    sizes: str
    knobs: int | None = None

    def seconds(self, concept: plan.Concept, rates: plan.Rates) -> float:
        return plan.work(concept, SIZES[self.sizes], self.knobs).seconds(rates)


def shares(concept: plan.Concept, quick: bool) -> list[Share]:
    """All shares of a part, from the whole part to the least."""
    whole = [Share("quick")] if quick else [Share("full"), Share("quick")]
    fewer = range(concept.directions - 1, 0, -1) if concept.heard else ()
    return [*whole, *(Share("quick", knobs) for knobs in fewer)]


def usefulness(direction: Direction) -> tuple[int, str]:
    """The place of a knob among those of its part, the most useful first.

    Pitches stand in the circle of fifths from C, so that any number of them sounds well together.
    """
    target = str(direction.meta.get("target", ""))
    if target in PITCH_CLASSES:
        return FIFTH * PITCH_CLASSES.index(target) % len(PITCH_CLASSES), direction.name
    return 0, direction.name
