"""Finds the silences of a set in the log of `bridge.bench.torture.card`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bridge.bench.torture.card import BLOCK, BLOCK_MS

MILLISECOND = 0.001


@dataclass(frozen=True)
class Gaps:
    """Silences of at least 2 ms, from `begins` to `ends` in seconds (monotonic)."""

    begins: np.ndarray
    ends: np.ndarray

    def within(self, since: float, until: float) -> tuple[float, float]:
        """(longest silence in this span, end of the last one or `since`), in seconds"""
        begins, ends = np.maximum(self.begins, since), np.minimum(self.ends, until)
        lengths = ends - begins
        if not (lengths > 0.0).any():
            return 0.0, since
        return float(lengths.max()), float(ends[lengths > 0.0].max())


def read(path: Path, first: int = 0) -> np.ndarray:
    """The blocks in a card's log from number `first` on, in the order of playing."""
    if not path.is_file():
        return np.zeros(0, BLOCK)
    with path.open("rb") as file:
        file.seek(first * BLOCK.itemsize)
        data = file.read()
    return np.frombuffer(data[: len(data) // BLOCK.itemsize * BLOCK.itemsize], BLOCK)


def gaps(blocks: np.ndarray, until: float) -> Gaps:
    """The silences up to `until`; times without a card are silent too."""
    bits = (blocks["sounds"][:, None] >> np.arange(BLOCK_MS)) & 1
    times = blocks["time"][:, None] + MILLISECOND * np.arange(BLOCK_MS)
    sounding = times[bits > 0]
    if not len(sounding):
        return Gaps(np.zeros(0), np.zeros(0))
    begins, ends = sounding + MILLISECOND, np.append(sounding[1:], until)
    silent = ends - begins > 1.5 * MILLISECOND
    return Gaps(begins[silent], ends[silent])
