"""The definition of one of SynTheory's seven sets: its rows, labels, and the MIDI of every row."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any

from musicrfm.data.synth import SOUNDFONT

Row = dict[str, Any]


@dataclass(frozen=True)
class ConceptSet:
    """One set of labelled clips.

    label: the field of the concept. kind: "multiclass" or "regression". size: the published number
    of clips, including silent ones. fields: the published ones. spoken: class value -> a name for
    files and addresses. factors: fields that vary freely, in every combination; together they
    identify a track. stem: the fields in a clip's file name. make: seed -> rows in published order.
    midi: row -> (MIDI file, seconds of its audio to skip). group: row -> the unit that a split must
    keep together. silent: row -> whether the soundfont has no sample for it.
    """

    name: str
    about: str
    label: str
    kind: str
    size: int
    fields: tuple[str, ...]
    spoken: dict[Any, str]
    factors: tuple[str, ...]
    stem: tuple[str, ...]
    make: Callable[[int], list[Row]]
    midi: Callable[[Row], tuple[bytes, float]]
    group: Callable[[Row], tuple[Hashable, ...]]
    silent: Callable[[Row], bool] = field(default=lambda row: False)

    def rows(self, seed: int = 0) -> list[Row]:
        """All rows in the published order, including silent ones; `seed` draws the excerpts'
        offsets."""
        return [row | {"synth_soundfont": SOUNDFONT} for row in self.make(seed)]

    def track(self, row: Row) -> tuple[Hashable, ...]:
        """The factors that identify the row's track; excerpts of one track share them."""
        return tuple(row[factor] for factor in self.factors)

    def file_stem(self, row: Row) -> str:
        """A file name for the clip, of letters, digits, `.`, `#` and `_`."""
        words = (re.sub(r"[^A-Za-z0-9.#]+", "_", str(row[f])).strip("_") for f in self.stem)
        return "_".join(words)
