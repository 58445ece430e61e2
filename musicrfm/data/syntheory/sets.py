"""The seven sets by name."""

from __future__ import annotations

from typing import Any

from musicrfm.data.syntheory import tones
from musicrfm.data.syntheory.clicks import TEMPOS, TIME_SIGNATURES
from musicrfm.data.syntheory.spec import ConceptSet
from musicrfm.errors import MusicRFMError

SETS: dict[str, ConceptSet] = {
    one.name: one
    for one in (
        tones.NOTES,
        tones.INTERVALS,
        tones.SCALES,
        tones.CHORDS,
        tones.SIMPLE_PROGRESSIONS,
        TEMPOS,
        TIME_SIGNATURES,
    )
}
ALIASES = {"chord_progressions": "simple_progressions"}  # the generator's name, the hub's name
# Set -> (field of its concept, kind of label, class value -> name of the target).
LABELS: dict[str, tuple[str, str, dict[Any, str]]] = {
    name: (one.label, one.kind, one.spoken) for name, one in SETS.items()
}


def find(name: str) -> ConceptSet:
    """A set by name; raises MusicRFMError for one that does not exist."""
    try:
        return SETS[ALIASES.get(name, name)]
    except KeyError:
        raise MusicRFMError(
            f"SynTheory has no set {name!r}: choose one of {', '.join(SETS)}"
        ) from None
