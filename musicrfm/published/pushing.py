"""The published way to add directions to hidden states, as a modification of the decoder's blocks.

h + coefficient * layer weight * direction after a block. If the injection probability is below 1,
it is drawn with Python's `random` once per block and pass, in the order of the blocks, so the same
`random.seed` gives the same draws as the published code.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

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


def at_known_layers(
    layers: Sequence[int], weights: Sequence[float] | Mapping[int, float] | None, depth: int
) -> tuple[list[int], Any]:
    """(the given layers that a decoder of `depth` blocks has, their weights): the published
    examples list all layers of the large model."""
    layers = list(layers)
    known = [layer for layer in layers if -depth <= layer < depth]
    if weights is not None and not isinstance(weights, Mapping) and len(weights) == len(layers):
        by_layer = dict(zip(layers, weights, strict=True))
        weights = [by_layer[layer] for layer in known]
    return known, weights


def terms(
    directions: Sequence[Mapping[int, Tensor]],
    layers: Sequence[Sequence[int]],
    coefficients: float | Sequence[float],
    depth: int,
    inject: float | Sequence[float] | None = None,
    time_control: TimeControl | Sequence[TimeControl | None] | None = None,
    weights: Sequence | None = None,
) -> list[Term]:
    """A term of each of several directions; settings that are no list hold for all of them.

    Raises MusicRFMError if a list has another length than `directions`.
    """
    count = len(directions)

    def each(name: str, value: Any, otherwise: Any) -> list:
        if value is None:
            return [otherwise] * count
        several = list(value) if isinstance(value, (list, tuple)) else [value] * count
        if len(several) != count:
            raise MusicRFMError(f"{len(several)} {name} do not fit {count} directions")
        return several

    if weights is not None and not isinstance(weights[0], (list, tuple, dict, type(None))):
        weights = [weights] * count  # one for each layer, the same of all directions
    settings = zip(
        directions,
        each("layers_to_control", layers, ()),
        each("control_coefs", coefficients, 1.0),
        each("inject_chances", inject, 1.0),
        each("time_control_fns", time_control, None),
        each("layer_weights", weights, None),
        strict=True,
    )
    found = []
    for vectors, at, coefficient, chance, control, by_layer in settings:
        known, by_layer = at_known_layers(at, by_layer, depth)
        found.append(term(vectors, known, coefficient, depth, chance, control, by_layer))
    return found


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
