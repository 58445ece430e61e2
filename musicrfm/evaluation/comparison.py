"""The same music steered in several ways, side by side: played, measured, and beside random pushes.

What the examples and `musicrfm generate --compare` end with. `musicrfm.evaluation.comparison_page`
writes what is found: a table, a picture, and a page to listen to.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from musicrfm import intervals
from musicrfm.directions import Direction
from musicrfm.evaluation.control import DRAWS, random_directions
from musicrfm.intervals import Interval
from musicrfm.listening import measure
from musicrfm.listening.readings import reading
from musicrfm.many import generate_many
from musicrfm.progress import Progress

if TYPE_CHECKING:
    from musicrfm.model import MusicModel

WINDOW = 0.25  # seconds, of what is drawn of a clip


@dataclass(frozen=True)
class Variant:
    """One way to steer. steers: directions with their coefficients, none for unsteered. how: the
    settings of all of them, as `Steering.add` takes them. at: where the variant stands on the
    picture's axis, None if it has no place there."""

    label: str
    steers: tuple[tuple[Direction, float], ...] = ()
    how: Mapping[str, Any] = field(default_factory=dict)
    at: float | None = None


@dataclass(frozen=True)
class Clip:
    """A clip that was played. draw: number of the random direction, None for the variant itself.
    shares: of each quarter of a second, how much each pitch class dominates [windows, 12]."""

    variant: str
    prompt: str
    seed: int
    draw: int | None
    audio: np.ndarray = field(repr=False)
    heard: measure.Measurements = field(repr=False)
    shares: np.ndarray = field(repr=False)


@dataclass(frozen=True)
class Row:
    """What one variant does to one target. random, effect: None where nothing was pushed."""

    variant: str
    target: str
    unit: str
    value: Interval
    random: Interval | None
    effect: Interval | None
    values: tuple[float, ...]
    draws: tuple[float, ...] = ()
    at: float | None = None

    @property
    def convincing(self) -> bool:
        """Whether the variant does to the target what a random push does not."""
        return self.effect is not None and (self.effect.above(0.0) or self.effect.below(0.0))


@dataclass(frozen=True)
class Comparison:
    """rows: of every target, variant by variant. clips: the variants', and of each random push the
    first draw. settings: JSON-able, how it was played."""

    rows: list[Row]
    clips: list[Clip]
    sample_rate: int
    settings: dict[str, Any]


def knob_variants(
    direction: Direction, coefficients: Sequence[float], how: Mapping[str, Any] | None = None
) -> list[Variant]:
    """Unsteered, then a direction at each coefficient."""
    wanted = list(dict.fromkeys(c for c in coefficients if c))
    found = [Variant("unsteered", at=0.0)]
    return found + [
        Variant(f"{direction.name} {c:g}", ((direction, c),), how or {}, c) for c in wanted
    ]


def compare(
    model: MusicModel,
    variants: Sequence[Variant],
    targets: Sequence[Direction],
    *,
    prompts: Sequence[str],
    seeds: Sequence[int] = (0, 1),
    seconds: float = 5.0,
    draws: int = DRAWS,
    batch: int = 16,
) -> Comparison:
    """Plays every variant with every prompt and seed, and random directions in its place.

    targets: what is listened for. draws: random directions of the same length, 0 for none. Raises
    MusicRFMError for directions that nothing can measure or that are of another model.
    """
    asked = {target.name: reading(target) for target in targets}
    pieces = _pieces(variants, prompts, seeds, draws)
    clips = _played(model, pieces, seconds, batch)
    rows = []
    for target, one in asked.items():
        for variant in variants:
            values, *pushed = [
                one.values(clip.heard for clip in clips[variant.label, draw])
                for draw in (None, *range(draws if variant.steers else 0))
            ]
            rows.append(_row(variant, target, one.unit, values, np.array(pushed)))
    kept = [clip for (_, draw), some in clips.items() if draw in (None, 0) for clip in some]
    settings = {
        "model": model.name,
        "prompts": list(prompts),
        "seeds": list(seeds),
        "seconds": seconds,
        "draws": draws,
        **vars(model.sampling),
    }
    return Comparison(rows, kept, model.sample_rate, settings)


@dataclass(frozen=True)
class _Piece:
    variant: Variant
    prompt: str
    seed: int
    draw: int | None
    steers: tuple[tuple[Direction, float], ...]


def _pieces(
    variants: Sequence[Variant], prompts: Sequence[str], seeds: Sequence[int], draws: int
) -> list[_Piece]:
    random: dict[int, list[Direction]] = {}
    found = []
    for variant in variants:
        for draw in [None, *(range(draws) if variant.steers else ())]:
            steers = variant.steers
            if draw is not None:
                for one, _ in steers:
                    if id(one) not in random:
                        random[id(one)] = random_directions(one, draws)
                steers = tuple((random[id(one)][draw], amount) for one, amount in steers)
            found += [_Piece(variant, p, s, draw, steers) for p in prompts for s in seeds]
    return found


def _played(
    model: MusicModel, pieces: Sequence[_Piece], seconds: float, batch: int
) -> dict[tuple[str, int | None], list[Clip]]:
    """Clips by variant and draw, in the order of prompts and seeds."""
    together: dict[tuple, list[_Piece]] = defaultdict(list)
    for piece in pieces:  # what is steered by the same directions in the same way is one batch
        how = tuple(sorted((key, id(value)) for key, value in piece.variant.how.items()))
        together[how, tuple(id(one) for one, _ in piece.steers)].append(piece)
    progress, done = Progress("playing and listening", len(pieces), "clips"), 0
    clips: dict[tuple[str, int | None], list[Clip]] = defaultdict(list)
    for some in together.values():
        played = generate_many(
            model,
            [piece.prompt for piece in some],
            [one for one, _ in some[0].steers],
            [{one.name: amount for one, amount in piece.steers} for piece in some],
            [piece.seed for piece in some],
            seconds=seconds,
            batch=batch,
            **(some[0].variant.how if some[0].steers else {}),
        )
        for piece, (audio, _, _) in zip(some, played, strict=True):
            heard = measure.measure(audio, model.sample_rate)
            shares = measure.note_share_over_time(audio, model.sample_rate, WINDOW)
            clip = Clip(
                piece.variant.label, piece.prompt, piece.seed, piece.draw, audio, heard, shares
            )
            clips[piece.variant.label, piece.draw].append(clip)
            done += 1
            progress(done)
    return clips


def _row(variant: Variant, target: str, unit: str, values: np.ndarray, pushed: np.ndarray) -> Row:
    random = effect = None
    if len(pushed):
        random = intervals.grand_mean(pushed)
        effect = intervals.effect(values, pushed)
    means = tuple(intervals.mean(one).value for one in pushed)
    value = intervals.mean(values)
    return Row(variant.label, target, unit, value, random, effect, tuple(values), means, variant.at)
