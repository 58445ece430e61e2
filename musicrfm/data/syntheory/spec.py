"""What one of SynTheory's seven sets is: its rows, its labels, and the MIDI behind every row."""

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

    label: the field that holds the concept. kind: "multiclass" or "regression". size: the published
    number of clips, silent ones included. fields: the published ones. spoken: class value -> name
    fit for a file or an address. factors: fields that vary freely, in every combination; together
    they tell tracks apart. stem: fields that name a clip's file. make: seed -> rows in published
    order. midi: row -> (MIDI file, seconds of its sound to skip). group: row -> what a split must
    not separate. silent: row -> whether the soundfont has no sound for it.
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
        """All rows in the published order, silent ones included; `seed` draws excerpts' offsets."""
        return [row | {"synth_soundfont": SOUNDFONT} for row in self.make(seed)]

    def track(self, row: Row) -> tuple[Hashable, ...]:
        """What tells the row's track from every other; excerpts of one track share it."""
        return tuple(row[factor] for factor in self.factors)

    def file_stem(self, row: Row) -> str:
        """A name for the clip's file, of letters, digits, `.`, `#` and `_`."""
        words = (re.sub(r"[^A-Za-z0-9.#]+", "_", str(row[f])).strip("_") for f in self.stem)
        return "_".join(words)
