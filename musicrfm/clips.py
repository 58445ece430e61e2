"""A data set of labelled sounds: rows of labels, and a way to hear each one.

A `ClipSet` holds no audio. Its `hear` renders, reads or downloads one clip when it is asked for, so
that a set of 40,000 costs no more memory than its labels, and worker processes can share the work.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np

Sound = tuple[np.ndarray, int]


@dataclass
class ClipSet:
    """Labelled clips.

    name: what the set is called in files made from it. rows: one JSON-able dict per clip, in which
    silent clips are already left out as far as that is known. groups: one per row; rows of one
    group sound so alike that a train/val/test split must not separate them. about: JSON-able facts
    that, with `name` and `rows`, decide how the clips sound; the key of every cache. hear: row ->
    (float32 [samples] or [samples, channels], sample rate in Hz), or None if the clip turns out to
    be silent; picklable, since it runs in worker processes. silent: how many were left out.
    """

    name: str
    rows: list[dict[str, Any]]
    groups: list[Hashable]
    about: dict[str, Any]
    hear: Callable[[dict[str, Any]], Sound | None]
    silent: int = 0

    def __post_init__(self) -> None:
        if len(self.rows) != len(self.groups):
            raise ValueError(f"{len(self.rows)} rows do not fit {len(self.groups)} groups")

    def __len__(self) -> int:
        return len(self.rows)


def peak_normalised(audio: np.ndarray, peak: float = 0.5) -> np.ndarray:
    """`audio` of any shape scaled to a largest sample of `peak`, as float32; silence stays so."""
    largest = float(np.abs(audio).max(initial=0.0))
    scale = peak / largest if largest > 0 else 1.0
    return (np.asarray(audio, np.float32) * np.float32(scale)).astype(np.float32)
