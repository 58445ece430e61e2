"""Measures two directions at once: a crossfade between them, or both steering together.

The audio comes from the same streams that play live. Measured are the time at which a crossfade
changes the dominant note, and the part of each direction's effect that remains when both steer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from musicrfm.errors import MusicRFMError
from musicrfm.evaluation.takes import WINDOW, Recorder, Take
from musicrfm.listening.readings import reading
from musicrfm.theory import PITCH_CLASSES

if TYPE_CHECKING:
    from musicrfm.directions import Direction


@dataclass(frozen=True)
class Handover:
    """A crossfade of two notes, over all takes.

    shares: (first note, second note) in each half second, from the start of the clip. late: seconds
    after the middle of the crossfade at which dominance changes, None if it does not. before,
    after: share of the first note before the fade, and of the second after it.
    """

    first: str
    second: str
    lead: float
    seconds: float
    shares: tuple[tuple[float, float], ...]
    late: float | None
    before: float
    after: float


@dataclass(frozen=True)
class Together:
    """Two directions alone and together, in the units of their measurements.

    alone, both: the effect of each: the change of its measurement from unsteered or, for a
    two-sided direction, from its lower to its upper end. kept: both / alone, None without an
    effect.
    """

    names: tuple[str, str]
    knobs: tuple[float, float]
    alone: tuple[float, float]
    both: tuple[float, float]

    @property
    def kept(self) -> tuple[float | None, float | None]:
        first, second = (
            b / a if abs(a) > 1e-6 else None for a, b in zip(self.alone, self.both, strict=True)
        )
        return first, second


def handovers(
    recorder: Recorder, pairs: Sequence[tuple[Direction, Direction]], seconds: float = 10.0
) -> list[Handover]:
    """Crossfades of notes over `seconds`, in the middle of clips of the recorder's length.

    The first note starts at the top of its range, the second ends at the top of its range.
    """
    lead = (recorder.setting.seconds - seconds) / 2
    if lead < 1:
        raise MusicRFMError(
            f"a crossfade of {seconds:g} s needs clips of {seconds + 2:g} s or more, "
            f"not {recorder.setting.seconds:g} s"
        )
    for direction in (d for pair in pairs for d in pair):
        _pitch_class(direction)  # raises an error for other concepts
    plays = [
        recorder.plays(
            (one, one.raw(1.0)), (other, other.raw(1.0)), fade=(lead, seconds), over_time=True
        )
        for one, other in pairs
    ]
    takes = iter(recorder.hear([p for several in plays for p in several], "crossfades"))
    return [
        handover(one, other, [next(takes) for _ in several], lead, seconds)
        for (one, other), several in zip(pairs, plays, strict=True)
    ]


def handover(
    one: Direction, other: Direction, takes: Sequence[Take], lead: float, seconds: float
) -> Handover:
    """The time at which the second note takes over: the cut that best separates the two notes.

    The best cut has the largest share of the first note before it and of the second after it, so a
    single note in between has little influence.
    """
    shares = _shares_over_time([t.over_time for t in takes], _pitch_class(one), _pitch_class(other))
    ahead = shares[:, 0] - shares[:, 1]
    parted = np.concatenate([[0.0], np.cumsum(ahead)]) + np.concatenate(
        [np.cumsum(-ahead[::-1])[::-1], [0.0]]
    )
    cut = float(np.mean(np.flatnonzero(parted >= parted.max() - 1e-9))) * WINDOW
    first, last = round(lead / WINDOW), round((lead + seconds) / WINDOW)
    inside = 0 < cut < len(shares) * WINDOW
    return Handover(
        one.name,
        other.name,
        lead,
        seconds,
        tuple((float(a), float(b)) for a, b in shares),
        cut - lead - seconds / 2 if inside else None,
        float(shares[:first, 0].mean()),
        float(shares[last:, 1].mean()),
    )


def both_at_once(
    recorder: Recorder, one: Direction, other: Direction, knob: float = 1.0
) -> Together:
    """The part of its effect that each of two directions keeps when both are turned to `knob`."""
    sides = {d.name: _sides(d, knob) for d in (one, other)}
    groups: list[tuple[tuple[Direction, float], ...]] = [()]
    groups += [((d, raw),) for d in (one, other) for raw in sides[d.name]]
    groups += [((one, a), (other, b)) for a in sides[one.name] for b in sides[other.name]]
    plays = {_group(*g): recorder.plays(*g) for g in groups}
    takes = iter(recorder.hear([p for several in plays.values() for p in several], "two at once"))
    heard = {group: [next(takes) for _ in several] for group, several in plays.items()}

    def value(direction: Direction, *group: tuple[Direction, float]) -> float:
        read = reading(direction).read
        values = [v for t in heard[_group(*group)] if (v := read(t.heard)) is not None]
        return float(np.mean(values)) if values else float("nan")

    def effect(direction: Direction, *beside: tuple[Direction, float]) -> float:
        """The effect of the direction alone, or beside another one."""
        turned = [value(direction, (direction, raw), *beside) for raw in sides[direction.name]]
        return turned[1] - turned[0] if len(turned) == 2 else turned[0] - value(direction)

    return Together(
        (one.name, other.name),
        (knob, knob),
        (effect(one), effect(other)),
        (
            float(np.mean([effect(one, (other, raw)) for raw in sides[other.name]])),
            float(np.mean([effect(other, (one, raw)) for raw in sides[one.name]])),
        ),
    )


def _group(*steers: tuple[Direction, float]) -> frozenset[tuple[str, float]]:
    return frozenset((direction.name, raw) for direction, raw in steers)


def _sides(direction: Direction, knob: float) -> tuple[float, ...]:
    """The raw coefficients of a knob; for a two-sided direction both, the lower one first."""
    up = direction.raw(knob)
    if not reading(direction).both_ways:
        return (up,)
    low, high = direction.range or (-direction.scale, direction.scale)
    return max(low, direction.raw(-knob)), min(high, up)


def _pitch_class(direction: Direction) -> int:
    if reading(direction).concept == "note":
        for name in (direction.name.partition("_")[2], str(direction.meta.get("target"))):
            if name in PITCH_CLASSES:
                return PITCH_CLASSES.index(name)
    raise MusicRFMError(
        f"a crossfade can be measured between notes only, and {direction.name!r} is not a note"
    )


def _shares_over_time(takes: Sequence, first: int, second: int) -> np.ndarray:
    """[windows, 2], averaged over takes; the shortest take determines the number of windows."""
    length = min(len(t) for t in takes)
    return np.mean([np.array(t[:length])[:, [first, second]] for t in takes], 0)
