"""Compares ways of steering the same music, each beside random directions of the same length.

Used by the examples and `musicrfm generate --compare`. `musicrfm.evaluation.comparison_page` writes
the result: a table, a picture, and a page to listen to.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from musicrfm import intervals
from musicrfm.directions import Direction, checked_direction, checked_directions
from musicrfm.errors import MusicRFMError, short
from musicrfm.evaluation.control import DRAWS, outcome, random_directions
from musicrfm.evaluation.perform import Setting
from musicrfm.evaluation.takes import NO_FILES, measured_by
from musicrfm.executor import in_turn
from musicrfm.intervals import Interval
from musicrfm.listening import measure
from musicrfm.listening.readings import reading
from musicrfm.many import Generated, generate_many
from musicrfm.progress import Progress
from musicrfm.steering.beat import Beat, is_beat

if TYPE_CHECKING:
    from musicrfm.model import MusicModel

WINDOW = 0.25  # seconds per column in the drawing of a clip
NEAR = 0.06  # of the tempo asked for; a clip that is not further away has this tempo
ON_TEMPO = f"share of clips within {100 * NEAR:g} % of the tempo asked for"


@dataclass(frozen=True)
class Variant:
    """One way to steer. steers: directions with their coefficients; empty for unsteered. how:
    options of `Steering.add` for all of them. at: position on the picture's axis, if any."""

    label: str
    steers: tuple[tuple[Direction, float], ...] = ()
    how: Mapping[str, Any] = field(default_factory=dict)
    at: float | None = None

    def coefficient(self, name: str) -> float | None:
        """That of the direction of this name; None if it is not steered."""
        return next((value for one, value in self.steers if one.name == name), None)


@dataclass(frozen=True)
class Clip:
    """A clip that was played. draw: number of the random direction, None for the variant itself.
    heard: its measurements. shares: share of each pitch class in each quarter of a second
    [windows, 12]."""

    variant: str
    prompt: str
    seed: int
    draw: int | None
    audio: np.ndarray = field(repr=False)
    heard: measure.Measurements = field(repr=False)
    shares: np.ndarray = field(repr=False)


@dataclass(frozen=True)
class Row:
    """The effect of one variant on one target.

    value: measured amount of the target, in the quantity and unit of its reading. random: the same
    with random directions. effect: their difference. random and effect are None for unsteered.
    values: of single clips; draws: means of single random directions. wanted: its sign is that of
    the effect that is meant, 0 for either.
    """

    variant: str
    target: str
    quantity: str
    unit: str
    value: Interval
    random: Interval | None
    effect: Interval | None
    values: tuple[float, ...]
    draws: tuple[float, ...] = ()
    at: float | None = None
    wanted: float = 0.0

    @property
    def remark(self) -> str:
        """What the effect on the target lacks, see `control.outcome`; empty for unsteered."""
        return "" if self.effect is None else outcome(self.effect, self.wanted)


@dataclass(frozen=True)
class Comparison:
    """rows: for every target, variant by variant. clips: of the variants, and of the first random
    direction of each. settings: how they were played, JSON-able."""

    rows: list[Row]
    clips: list[Clip]
    sample_rate: int
    settings: dict[str, Any]


def knob_variants(
    direction: Direction, coefficients: Sequence[float], how: Mapping[str, Any] | None = None
) -> list[Variant]:
    """Unsteered, then the direction at each coefficient (without 0 and repeats)."""
    checked_direction(direction)
    if not isinstance(coefficients, Iterable):
        raise MusicRFMError(f"coefficients must be a list, not {short(coefficients)}")
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
    detectors: Mapping[str, Path] = NO_FILES,
) -> Comparison:
    """Play every variant, and random directions in its place, with every prompt and seed.

    targets: directions whose concepts are measured. draws: number of random directions of the same
    length, 0 for none. detectors: see `Recorder`. Raises MusicRFMError for a direction whose
    concept cannot be measured, or that belongs to another model.
    """
    targets = checked_directions(targets)
    if isinstance(prompts, str):
        raise MusicRFMError(f"prompts must be a list, such as [{prompts!r}]")
    asked = {target.name: reading(target) for target in targets}
    pieces = _pieces(variants, prompts, seeds, draws)
    files = {spec: detectors.get(spec) for spec in Setting().hearing(targets).listeners}
    clips = _played(model, pieces, seconds, batch, partial(_clip, model, files))
    rows = []
    for target, one in asked.items():
        for variant in variants:
            values, *pushed = [
                one.values(clip.heard for clip in clips[variant.label, draw])
                for draw in (None, *range(draws if variant.steers else 0))
            ]
            wanted = variant.coefficient(target) or 0.0
            of = (target, one.quantity, one.unit)
            rows.append(_row(variant, of, values, np.array(pushed), wanted))
    for direction in filter(is_beat, targets):
        rows += _on_tempo(direction, variants, clips, draws)
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
    model: MusicModel,
    pieces: Sequence[_Piece],
    seconds: float,
    batch: int,
    listen: Callable[[tuple[_Piece, Generated]], Clip],
) -> dict[tuple[str, int | None], list[Clip]]:
    """Clips by variant and draw, in the order of prompts and seeds."""
    together: dict[tuple, list[_Piece]] = defaultdict(list)
    for piece in pieces:  # pieces with the same directions and options can share a batch
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
        for clip in in_turn(listen, zip(some, played, strict=True), torch.device("cpu")):
            clips[clip.variant, clip.draw].append(clip)
            done += 1
            progress(done)
    return clips


def _clip(
    model: MusicModel, files: Mapping[str, Path | None], played: tuple[_Piece, Generated]
) -> Clip:
    """files: of the detectors, by listener; None for other listeners."""
    piece, (audio, _, _) = played
    listened = {spec: measured_by(spec, model, audio, file) for spec, file in files.items()}
    heard = replace(measure.measure(audio, model.sample_rate), listened=listened)
    shares = measure.note_share_over_time(audio, model.sample_rate, WINDOW)
    return Clip(piece.variant.label, piece.prompt, piece.seed, piece.draw, audio, heard, shares)


def _on_tempo(
    direction: Direction,
    variants: Sequence[Variant],
    clips: Mapping[tuple[str, int | None], list[Clip]],
    draws: int,
) -> list[Row]:
    """How often the tempo that each variant asks for is heard."""
    rows = []
    for variant in variants:
        if (coefficient := variant.coefficient(direction.name)) is None:
            continue
        asked = Beat.of(direction).bpm(direction.raw(coefficient))
        values, *pushed = [
            np.array([_is_near(c.heard.tempo_bpm, asked) for c in clips[variant.label, draw]])
            for draw in (None, *range(draws))
        ]
        of = (direction.name, "share", ON_TEMPO)
        rows.append(_row(variant, of, values, np.array(pushed), 1.0))
    return rows


def _is_near(bpm: float | None, asked: float) -> float:
    return float(bpm is not None and abs(bpm / asked - 1) <= NEAR)


def _row(
    variant: Variant,
    of: tuple[str, str, str],
    values: np.ndarray,
    pushed: np.ndarray,
    wanted: float,
) -> Row:
    """of: the target, its quantity and its unit."""
    random = effect = None
    if len(pushed):
        random = intervals.grand_mean(pushed)
        effect = intervals.effect(values, pushed)
    means = tuple(intervals.mean(one).value for one in pushed)
    value = intervals.mean(values)
    return Row(variant.label, *of, value, random, effect, tuple(values), means, variant.at, wanted)
