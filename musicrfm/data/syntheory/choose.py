"""Chooses rows of a set: filters, and subsets with balanced classes."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence
from typing import Any

from musicrfm.data.syntheory.spec import ConceptSet, Row
from musicrfm.errors import MusicRFMError, whole_number

MATCHED_CLASSES = 24  # with more, a block of one row per class would be too coarse a unit


def filtered(concept_set: ConceptSet, rows: Sequence[Row], filters: dict[str, Any]) -> list[int]:
    """Numbers of the rows that pass every filter.

    A filter is a field with one or several values to keep; `octaves=(3, 5)` keeps octaves 3 to 5.
    Raises MusicRFMError for a field that the set does not have, and if no row passes.
    """
    kept = list(range(len(rows)))
    for name, wanted in filters.items():
        if name == "octaves":
            name, wanted = "octave", _octaves(wanted)
        if name not in concept_set.fields:
            raise MusicRFMError(
                f"{concept_set.name} has no field {name!r}: use one of "
                f"{', '.join(concept_set.fields)}"
            )
        values = [wanted] if isinstance(wanted, (str, int, float)) else list(wanted)
        kept = [i for i in kept if rows[i][name] in values]
        if not kept:
            raise MusicRFMError(
                f"no clip of {concept_set.name} has {name} {', '.join(map(str, values))}"
            )
    return kept


def balanced(
    concept_set: ConceptSet,
    rows: Sequence[Row],
    among: Sequence[int],
    count: int,
    label: str,
    seed: int = 0,
) -> list[int]:
    """`count` of the rows numbered `among`; the frequencies of the values of `label` differ by one
    at most.

    As far as possible, rows are drawn in blocks that differ in the label alone (all twelve
    intervals from one root, in one style, on one instrument), so that classes differ in nothing
    else. Values with too few rows pass their share to the others. Raises MusicRFMError for a count
    below 1 and for a field that the set does not have.
    """
    count = whole_number("the number of clips", count, 1)
    if label not in concept_set.fields:
        raise MusicRFMError(
            f"{concept_set.name} has no field {label!r} to balance: use one of "
            f"{', '.join(concept_set.fields)}"
        )
    if count >= len(among):
        return list(among)
    rng = random.Random(f"{concept_set.name} {seed}")
    classes = {rows[i][label] for i in among}
    drawn: list[int] = []
    if label in concept_set.factors and len(classes) <= MATCHED_CLASSES:
        blocks = [b for b in _blocks(concept_set, rows, among, label) if len(b) == len(classes)]
        rng.shuffle(blocks)
        for block in blocks[: -(-count // len(classes))]:
            left = count - len(drawn)
            drawn += block if len(block) <= left else rng.sample(block, left)
    taken = set(drawn)
    rest = [i for i in among if i not in taken]
    return drawn + _dealt(rows, rest, count - len(drawn), label, rng)


def _octaves(wanted: Any) -> range:
    try:
        first, last = wanted
        if 0 <= first <= last <= 8:
            return range(first, last + 1)
    except (TypeError, ValueError):
        pass
    raise MusicRFMError(
        f"octaves {wanted} do not exist: give the first and the last octave, from 0 to 8"
    )


def _blocks(
    concept_set: ConceptSet, rows: Sequence[Row], among: Sequence[int], label: str
) -> list[list[int]]:
    """Groups of rows that agree in all factors but the label; the n-th excerpts of tracks belong
    together."""
    others = [factor for factor in concept_set.factors if factor != label]
    blocks: dict[tuple[Hashable, ...], list[int]] = defaultdict(list)
    excerpts: Counter[tuple[Hashable, ...]] = Counter()
    for i in among:
        track = concept_set.track(rows[i])
        blocks[(*(rows[i][factor] for factor in others), excerpts[track])].append(i)
        excerpts[track] += 1
    return list(blocks.values())


def _dealt(
    rows: Sequence[Row], among: Sequence[int], count: int, label: str, rng: random.Random
) -> list[int]:
    """`count` random rows, one of each class per round."""
    decks: dict[Hashable, list[int]] = defaultdict(list)
    for i in among:
        decks[rows[i][label]].append(i)
    for deck in decks.values():
        rng.shuffle(deck)
    drawn: list[int] = []
    while len(drawn) < count:
        hands = [deck for deck in decks.values() if deck]
        rng.shuffle(hands)
        drawn += [deck.pop() for deck in hands[: count - len(drawn)]]
    return drawn
