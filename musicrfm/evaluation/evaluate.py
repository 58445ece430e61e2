"""Measures whether the audio changes as a direction promises, and reports.

All measurements are made by `musicrfm.listening.measure` on audio of the same `MusicStream` that
plays live; the probe of the training is not used. Coefficients are raw here, because an evaluation
finds the useful range that defines the player's unit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from musicrfm.directions import Direction, checked_directions, checked_owner
from musicrfm.errors import MusicRFMError, short
from musicrfm.evaluation.control import DRAWS, controls
from musicrfm.evaluation.perform import PROMPTS, Setting, perform
from musicrfm.evaluation.report import markdown, write_report
from musicrfm.evaluation.responses import Point, Response, find_range, reaching, summarise
from musicrfm.evaluation.takes import NO_FILES, Listener, Recorder, Take
from musicrfm.listening.readings import Reading, reading
from musicrfm.steering.beat import is_beat

if TYPE_CHECKING:
    from musicrfm.model import MusicModel

__all__ = [
    "FRACTIONS",
    "PROMPTS",
    "Point",
    "Reading",
    "Response",
    "Setting",
    "Take",
    "coefficients_to_try",
    "controlled",
    "evaluate",
    "find_range",
    "markdown",
    "perform",
    "reaching",
    "reading",
    "respond",
    "summarise",
    "write_report",
]

# Coefficients to try, as shares of the typical norm of a hidden state.
FRACTIONS = (0.01, 0.02, 0.03, 0.045, 0.065, 0.09, 0.125, 0.18)


def coefficients_to_try(direction: Direction, calibrate: bool = False) -> tuple[float, ...]:
    """Raw coefficients for an evaluation, without 0.

    If there is a useful range and `calibrate` is false, values within and a little beyond it (for a
    held beat, within it only); otherwise a wide choice relative to the norm of the model's hidden
    states. Tempo gets both signs.
    """
    both_ways = reading(direction).both_ways
    if direction.range and (not calibrate or is_beat(direction)):
        low, high = direction.range
        steps = [f * high for f in (0.25, 0.5, 0.75, 1.0, *(() if is_beat(direction) else (1.25,)))]
        return tuple(([f * low for f in (1.0, 0.67, 0.33)] if low < 0 else []) + steps)
    norm = float(direction.meta.get("state_norm") or 50.0)
    up = tuple(float(f"{f * norm:.3g}") for f in FRACTIONS)
    return tuple(-c for c in reversed(up)) + up if both_ways else up


def evaluate(
    model: MusicModel,
    directions: Sequence[Direction],
    setting: Setting | None = None,
    *,
    coefficients: Sequence[float] | None = None,
    calibrate: bool = False,
    folder: Path | None = None,
    instruments: dict[str, str] | None = None,
    hear_instrument: Listener | None = None,
    workers: int = 0,
    draws: int = DRAWS,
    detectors: Mapping[str, Path] = NO_FILES,
) -> list[Response]:
    """Play every direction at its coefficients and measure it; one Response per direction.

    coefficients: raw, for all directions; by default `coefficients_to_try`. calibrate: look for the
    useful range anew instead of keeping the direction's. folder: takes are kept in its
    `takes.jsonl` as they come, so that an interrupted evaluation goes on where it stopped.
    hear_instrument: names the instrument of a clip (audio [samples], sample rate), or says how
    likely each is; that is compared with `instruments[prompt]`. workers: processes that play, 0 for
    none but this. draws: random directions played beside each, see `controlled`. detectors: see
    `Recorder`.
    """
    checked_owner(model)
    directions = checked_directions(directions)
    setting = Setting.checked(setting).of(model).hearing(directions)
    if not (coefficients is None or isinstance(coefficients, Iterable)):
        raise MusicRFMError(f"coefficients must be a list, not {short(coefficients)}")
    instruments = PROMPTS if instruments is None else instruments
    tried = [
        tuple(coefficients) if coefficients else coefficients_to_try(d, calibrate)
        for d in directions
    ]
    for direction in directions:
        direction.check(model)
    with Recorder(
        model,
        setting,
        folder,
        hear_instrument=hear_instrument,
        workers=workers,
        play=perform,
        detectors=detectors,
    ) as recorder:
        found = respond(recorder, directions, tried, instruments, keep_ranges=not calibrate)
        return controlled(recorder, directions, found, draws)


def controlled(
    recorder: Recorder,
    directions: Sequence[Direction],
    responses: Sequence[Response],
    draws: int = DRAWS,
) -> list[Response]:
    """The responses with random directions beside them, as many as `draws`, none for 0.

    They are played where the direction was at the top of its range, or, without one, at the
    largest coefficient at which it was still music.
    """
    if not draws:
        return list(responses)
    asked = [(d, _strongest(r)) for d, r in zip(directions, responses, strict=True)]
    found = iter(controls(recorder, [(d, raw) for d, raw in asked if raw], draws))
    return [
        replace(response, control=next(found)) if raw else response
        for response, (_, raw) in zip(responses, asked, strict=True)
    ]


def _strongest(response: Response) -> float:
    if response.top is not None:
        return response.top.coefficient
    return max((p.coefficient for p in response.points if p.musical), default=0.0) or max(
        p.coefficient for p in response.points
    )


def respond(
    recorder: Recorder,
    directions: Sequence[Direction],
    coefficients: Sequence[Sequence[float]],
    instruments: dict[str, str],
    *,
    keep_ranges: bool = True,
    over_time: bool = False,
) -> list[Response]:
    """A Response of each direction to its raw coefficients, from takes of a recorder.

    keep_ranges: keep a direction's known useful range. over_time: see `Play`.
    """
    plays = recorder.plays(over_time=over_time)
    of_each = []
    for direction, several in zip(directions, coefficients, strict=True):
        tried = sorted({c for c in several if c}, key=lambda c: (abs(c), c))
        steered = (recorder.plays((direction, c), over_time=over_time) for c in tried)
        of_each.append([play for group in steered for play in group])
    takes = iter(recorder.hear(plays + [p for several in of_each for p in several], "hearing"))
    unsteered = [next(takes) for _ in plays]
    return [
        summarise(
            direction,
            unsteered + [next(takes) for _ in several],
            instruments,
            direction.range if keep_ranges else None,
        )
        for direction, several in zip(directions, of_each, strict=True)
    ]
