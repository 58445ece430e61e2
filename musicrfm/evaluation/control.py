"""Random directions as a control: the effect of any steering of the same strength.

A random direction has unit vectors in the same layers as the direction, and is played at the same
raw coefficient, with the same prompts and seeds. Only an effect beyond that of random directions is
due to the direction itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from musicrfm import intervals
from musicrfm.directions import Direction
from musicrfm.evaluation.takes import Recorder, Take
from musicrfm.intervals import Interval
from musicrfm.listening.readings import reading
from musicrfm.training.probes import drawn

DRAWS = 5


@dataclass(frozen=True)
class Control:
    """One direction at one raw coefficient, compared with random ones and with unsteered music.

    target, random, unsteered: measured amount of the target, in the quantity and unit of its
    reading. draws: the
    mean of each random direction. effect: target minus random, clip by clip. gain: target minus
    unsteered.
    """

    name: str
    coefficient: float
    quantity: str
    unit: str
    target: Interval
    random: Interval
    unsteered: Interval
    draws: tuple[float, ...]
    effect: Interval
    gain: Interval

    @property
    def remark(self) -> str:
        """As `outcome`; a negative coefficient is meant to lower the amount of the target."""
        return outcome(self.effect, self.coefficient)

    @property
    def words(self) -> str:
        """The conclusion for a reader."""
        of = self.quantity
        told = (
            f"{self.name} at {self.coefficient:.3g}: {self.unit} {self.target.text(of)}, "
            f"{len(self.draws)} random directions {self.random.text(of)}, "
            f"unsteered {self.unsteered.text(of)}; effect {self.effect.text(of, '+')}"
        )
        return ": ".join(filter(None, [told, self.remark.upper()]))


def outcome(effect: Interval, wanted: float) -> str:
    """What an effect against random directions lacks, in words; "" if it is shown, and goes the way
    that the sign of `wanted` says (0: either way)."""
    if not np.isfinite(effect.value):
        return "not measurable"
    if not np.isfinite(effect.low):
        return "too few clips to tell it from random directions"
    more, less = effect.above(0.0), effect.below(0.0)
    if (more and wanted >= 0) or (less and wanted <= 0):
        return ""
    if more or less:
        return "random directions do more"
    return "not distinguishable from random directions"


def random_directions(direction: Direction, draws: int = DRAWS, seed: int = 0) -> list[Direction]:
    """Directions of random unit vectors, of the same name, range and layers as `direction`."""
    import torch

    steered = direction.vectors.norm(dim=-1, keepdim=True) > 0
    found = []
    for draw in range(draws):
        vectors = torch.stack(
            [
                drawn(direction.width, direction.components, seed + draw, layer).T
                for layer in range(direction.layers)
            ]
        )
        meta = direction.meta | {"method": "random", "draw": seed + draw}
        found.append(Direction(direction.name, vectors * steered, direction.layer_scores, meta))
    return found


def controls(
    recorder: Recorder,
    asked: Sequence[tuple[Direction, float]],
    draws: int = DRAWS,
    over_time: bool = False,
) -> list[Control]:
    """The control of each direction at its raw coefficient, with the recorder's prompts and seeds.

    Takes that the recorder has stored are not played again. over_time: whether those takes were
    measured over time (see `Play`).
    """
    if not asked:
        return []
    plays, of_each = recorder.plays(over_time=over_time), []
    for direction, raw in asked:
        several = [direction, *random_directions(direction, draws)]
        of_each.append([recorder.plays((one, raw), over_time=over_time) for one in several])
    every = plays + [play for groups in of_each for group in groups for play in group]
    takes = iter(recorder.hear(every, "random directions beside it"))
    unsteered = [next(takes) for _ in plays]
    found = []
    for (direction, raw), groups in zip(asked, of_each, strict=True):
        heard = [[next(takes) for _ in group] for group in groups]
        found.append(compared(direction, raw, heard[0], heard[1:], unsteered))
    return found


def compared(
    direction: Direction,
    raw: float,
    target: Sequence[Take],
    random: Sequence[Sequence[Take]],
    unsteered: Sequence[Take],
) -> Control:
    """The control from takes of the same prompts and seeds in the same order; random:
    [draws][takes]."""
    asked = reading(direction)
    values, plain, *several = [
        asked.values(take.heard for take in takes) for takes in (target, unsteered, *random)
    ]
    pushed = np.array(several).reshape(len(random), len(values))
    means = [intervals.mean(one).value for one in pushed]
    return Control(
        direction.name,
        raw,
        asked.quantity,
        asked.unit,
        intervals.mean(values),
        intervals.grand_mean(pushed),
        intervals.mean(plain),
        tuple(means),
        intervals.effect(values, pushed),
        intervals.mean(values - plain),
    )
