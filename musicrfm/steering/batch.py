"""The steering of several pieces that are played together, position by position."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from musicrfm.runtime.decoder import pushed
from musicrfm.steering.steering import Steering


@dataclass(frozen=True, eq=False)
class Pushes:
    """The steering of one position, for each piece; see `decoder.Push`.

    offset: [pieces, layers, width]. basis: [pieces, layers, HELD, width] or None; zeros for a piece
    without a held part. keep_norm: of all pieces. nothing: whether nothing is steered.
    """

    offset: Tensor
    basis: Tensor | None = None
    keep_norm: bool = False
    nothing: bool = False


class Steerings:
    """One `Steering` per piece, with the seed of its injection."""

    def __init__(self, steerings: Sequence[Steering], seeds: Sequence[int]) -> None:
        self.steerings, self.seeds = list(steerings), list(seeds)
        self._latest: tuple[list, Pushes] | None = None

    @property
    def count(self) -> int:
        return len(self.steerings)

    def at(self, frame: int) -> Pushes:
        """The steering of a frame; the same object as long as nothing changes."""
        pairs = zip(self.steerings, self.seeds, strict=True)
        offsets = [steering.offset(frame, seed) for steering, seed in pairs]
        bases = [steering.basis for steering in self.steerings]
        keep_norm = any(steering.keep_norm for steering in self.steerings)
        made_from = [*offsets, *bases, keep_norm]
        if self._latest is not None and all(
            one is other for one, other in zip(self._latest[0], made_from, strict=True)
        ):
            return self._latest[1]
        nothing = all(o is s.nothing for o, s in zip(offsets, self.steerings, strict=True))
        basis = None
        if any(part is not None for part in bases):
            none = torch.zeros_like(next(part for part in bases if part is not None))
            basis = torch.stack([none if part is None else part for part in bases])
        pushes = Pushes(torch.stack(offsets), basis, keep_norm, nothing and basis is None)
        self._latest = (made_from, pushes)
        return pushes


def push(
    hidden: Tensor, pushes: Sequence[Pushes], layer: int, counts: Tensor | None = None
) -> None:
    """Steers hidden [rows, positions, width] in place, one push a position.

    Rows are the pieces, once or several times over. counts: bool [rows], the rows that are steered;
    None for all.
    """
    if all(one is pushes[0] for one in pushes):
        _push(hidden, pushes[0], layer, counts)
        return
    for position, one in enumerate(pushes):
        _push(hidden[:, position : position + 1], one, layer, counts)


def _push(hidden: Tensor, pushes: Pushes, layer: int, counts: Tensor | None) -> None:
    if pushes.nothing:
        return
    times = len(hidden) // len(pushes.offset)
    offset = pushes.offset[:, None, layer].to(hidden).repeat(times, 1, 1)
    bases: tuple[tuple[Tensor, Tensor | None], ...] = ()
    if counts is not None:
        counts = counts[:, None, None].to(hidden)
        offset = offset * counts
    if pushes.basis is not None:
        bases = ((pushes.basis[:, layer].to(hidden).repeat(times, 1, 1), counts),)
    pushed(hidden, offset, pushes.keep_norm, bases)
