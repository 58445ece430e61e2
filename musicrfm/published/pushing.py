"""The published way to add directions to hidden states, as a modification of the decoder's blocks.

h + coefficient * layer weight * direction after a block. If the injection probability is below 1,
it is drawn with Python's `random` once per block and pass, in the order of the blocks, so the same
`random.seed` gives the same draws as the published code.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from torch import Tensor

from musicrfm.errors import MusicRFMError
from musicrfm.steering.hooks import Change, Reading

TimeControl = Callable[[int, float], float]  # f(step, coefficient) -> coefficient


@dataclass
class Term:
    """One direction. vectors: of each block, [width], from the first. weights: likewise."""

    vectors: dict[int, Tensor]
    weights: dict[int, float]
    coefficient: float
    inject: float = 1.0
    time_control: TimeControl | None = None
    steps: dict[int, int] = field(default_factory=dict)  # what each block has counted

    def at(self, block: int, step: int) -> Tensor | None:
        """The vector to add after a block, [width]; None if the draw excludes it."""
        if block not in self.vectors or (self.inject < 1 and random.random() >= self.inject):
            return None
        coefficient = self.coefficient
        if self.time_control is not None:
            coefficient = self.time_control(step, coefficient)
        return coefficient * self.weights[block] * self.vectors[block]


def term(
    directions: Mapping[int, Tensor],
    layers: Sequence[int],
    coefficient: float,
    depth: int,
    inject: float = 1.0,
    time_control: TimeControl | None = None,
    weights: Sequence[float] | Mapping[int, float] | None = None,
    components: Sequence[int] = (0,),
) -> Term:
    """weights: one for each of `layers`, or by layer. Raises MusicRFMError for unknown layers."""
    if weights is None:
        weights = dict.fromkeys(layers, 1.0)
    if not isinstance(weights, Mapping):
        if len(weights) != len(layers):
            raise MusicRFMError(f"{len(weights)} layer weights do not fit {len(layers)} layers")
        weights = dict(zip(layers, weights, strict=True))
    unknown = [n for n in layers if n not in directions or not -depth <= n < depth]
    if unknown:
        raise MusicRFMError(
            f"layer {unknown[0]} has no direction: choose from {sorted(directions)}"
        )
    vectors = {n % depth: sum(directions[n][c] for c in components) for n in layers}
    by_block = {n % depth: float(weights[n]) for n in layers}
    return Term(vectors, by_block, coefficient, inject, time_control)


def one_direction(added: Term) -> Change:
    """Each block counts only the steps in which the direction is added."""

    def change(reading: Reading, block: int, hidden: Tensor) -> Tensor:
        part = added.at(block, added.steps.get(block, 0))
        if part is None:
            return hidden
        added.steps[block] = added.steps.get(block, 0) + 1
        return hidden + part.to(hidden)

    return change


def several_directions(terms: Sequence[Term]) -> Change:
    """All blocks share the pass count of their last block."""
    last = max(block for one in terms for block in one.vectors)
    passes = 0

    def change(reading: Reading, block: int, hidden: Tensor) -> Tensor:
        nonlocal passes
        parts = [part for one in terms if (part := one.at(block, passes)) is not None]
        passes += block == last
        return hidden + sum(parts[1:], parts[0]).to(hidden) if parts else hidden

    return change
