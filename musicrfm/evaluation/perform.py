"""Plays a clip offline with changing knobs; all measurements use it.

It uses the same `MusicStream` that plays live. Coefficients are raw, because the useful ones are
yet to be found.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from musicrfm.directions import checked_direction
from musicrfm.errors import MusicRFMError, short
from musicrfm.stream import MusicStream

if TYPE_CHECKING:
    from musicrfm.directions import Direction
    from musicrfm.model import MusicModel
    from musicrfm.steering.schedules import Function

PROMPTS = {  # prompt -> the instrument it asks for
    "piano melody with drums": "piano",
    "solo guitar melody": "guitar",
    "flute melody with bass and drums": "flute",
    "vibraphone arpeggio": "vibraphone",
}


@dataclass(frozen=True)
class Setting:
    """The clips to play for every coefficient: every prompt with every seed, `seconds` long.

    layers, schedule, inject, inject_per: for every direction, as in `Steering.add`. keep_norm: as
    `Steering.keep_norm`. steer_guidance and the sampling settings: as in `MusicStream`; None for
    the model's default. listeners: further measures, see `musicrfm.listening.listeners`. Raises
    MusicRFMError for a single prompt or seed instead of a list.
    """

    prompts: tuple[str, ...] = tuple(PROMPTS)
    seeds: tuple[int, ...] = (0, 1)
    seconds: float = 8.0
    layers: str = "all"
    guidance_scale: float | None = None
    temperature: float | None = None
    top_k: int | None = None
    schedule: str = "constant"
    inject: float = 1.0
    inject_per: str = "layer"
    keep_norm: bool = False
    steer_guidance: str = "both"
    listeners: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for key in ("prompts", "seeds", "listeners"):
            if isinstance(value := getattr(self, key), str) or not isinstance(value, Iterable):
                raise MusicRFMError(f"{key} must be a list, such as [{value!r}], not {value!r}")

    @classmethod
    def checked(cls, setting: Setting | None) -> Setting:
        """The setting, the usual one for None. Raises MusicRFMError for anything else."""
        if setting is None:
            return cls()
        if not isinstance(setting, cls):
            raise MusicRFMError(
                f"setting must be a Setting, such as Setting(seconds=4), not {short(setting)}"
            )
        return setting

    @property
    def size(self) -> str:
        """The clips in words: `4 prompts × 1 seed × 8 s`."""
        counts = [(len(self.prompts), "prompt"), (len(self.seeds), "seed")]
        numbers = [f"{count} {word}{'s' * (count != 1)}" for count, word in counts]
        return " × ".join([*numbers, f"{self.seconds:g} s"])

    def hearing(self, directions: Iterable[Direction]) -> Setting:
        """The same, with the listeners that the directions name."""
        named = {str(d.meta["listener"]) for d in directions if d.meta.get("listener")}
        return replace(self, listeners=tuple(sorted(named.union(self.listeners))))

    def of(self, model: MusicModel) -> Setting:
        """The same with the model's own sampling defaults filled in."""
        usual = vars(model.sampling)
        return replace(self, **{k: v for k, v in usual.items() if getattr(self, k) is None})

    @property
    def how(self) -> dict:
        """Everything but prompts, seeds and listeners, as `perform` takes it."""
        return {k: v for k, v in vars(self).items() if k not in ("prompts", "seeds", "listeners")}


def perform(
    model: MusicModel,
    prompt: str,
    *,
    seed: int = 0,
    seconds: float = 8.0,
    changes: Iterable[tuple[float, Direction, float]] = (),
    fades: Iterable[tuple[float, Direction, Direction, float]] = (),
    layers: str = "all",
    schedule: str | Function = "constant",
    inject: float = 1.0,
    inject_per: str = "layer",
    keep_norm: bool = False,
    **settings,
) -> np.ndarray:
    """Play `seconds` offline: float32 [samples, channels].

    changes: (second, direction, raw coefficient) in any order, each taking effect within a tenth of
    a second. fades: (second, from, to, seconds), each a crossfade from one direction's knob to
    another's. settings: those of `MusicStream`. Raises MusicRFMError for anything else.
    """
    if not (isinstance(seconds, (int, float)) and 0 < seconds < math.inf):
        raise MusicRFMError(f"seconds must be a finite number above 0, not {seconds!r}")
    stream = MusicStream(model, prompt, seed=seed, chunk_frames=5, **settings)
    stream.steering.keep_norm, stream.steering.raw_meant = keep_norm, True
    waiting = _in_time("changes", changes, "(second, direction, coefficient)")
    fading = _in_time("fades", fades, "(second, from, to, seconds)")
    steered = [d for _, d, _ in waiting] + [d for _, *pair, _ in fading for d in pair]
    for direction in steered:
        if checked_direction(direction).name not in stream.steering.names():
            stream.steering.add(
                direction,
                layers=layers,
                schedule=schedule,
                inject=inject,
                inject_per=inject_per,
            )
    rate = model.frame_rate
    frames = max(1, round(seconds * rate))
    chunks = []
    while stream.frame < frames:
        while waiting and waiting[0][0] * rate <= stream.frame:
            _, direction, raw = waiting.pop(0)
            stream.steering.set(direction.name, direction.coefficient(raw))
        while fading and fading[0][0] * rate <= stream.frame:
            _, one, other, length = fading.pop(0)
            stream.steering.crossfade(one.name, other.name, max(1, round(length * rate)))
        chunks.append(next(stream))
    chunks.append(stream.finish())
    return np.concatenate(chunks)[: frames * model.frame_size]


def _in_time(what: str, given: Iterable[tuple], form: str) -> list[tuple]:
    """Sorted by their first element, a second. Raises MusicRFMError for another form."""
    parts = form.count(",") + 1
    rows = list(given) if isinstance(given, Iterable) and not isinstance(given, str) else [given]
    for row in rows:
        seconds = row[0] if isinstance(row, (tuple, list)) and len(row) == parts else None
        if not isinstance(seconds, (int, float)):
            raise MusicRFMError(f"{what} must be a list of {form}, not {short(row)}")
    return sorted(rows, key=lambda row: row[0])
