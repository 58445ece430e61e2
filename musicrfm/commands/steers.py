"""Parses `--steer` and `--crossfade` for all commands that take them.

Options of a direction follow its coefficient after commas. A comma without an option's name after
it belongs to the value, so `layers=exp:1,0.95` needs no quotes.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import Any

from musicrfm.errors import MusicRFMError

OPTIONS = ("layers", "schedule", "inject", "inject-per", "component")
STEER_HELP = (
    "add a direction with this coefficient; 1 is the top of its useful range; options may follow, "
    "as in note_C=0.8,layers=exp:1,0.95,schedule=ramp:500,inject=0.3,inject-per=step,"
    "component=0 (repeatable)"
)
_NEXT_OPTION = re.compile(rf",(?=(?:{'|'.join(OPTIONS)}|inject_per)=)")
_UNKNOWN_OPTION = re.compile(r"=[^,]*,([a-z][a-z_-]*)$")


@dataclass(frozen=True)
class SteerOption:
    """name: of a direction or file. options: keyed by the arguments of `Steering.add`."""

    name: str
    coefficient: float
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class CrossfadeOption:
    """start, seconds: begin and duration, in seconds."""

    from_name: str
    to_name: str
    start: float
    seconds: float


def steer_option(text: str, low: float = -math.inf, high: float = math.inf) -> SteerOption:
    """Parse `note_C=0.8,inject=0.3`, with a coefficient from `low` to `high`.

    Raises MusicRFMError for any other form.
    """
    first, *rest = _NEXT_OPTION.split(text)
    name, equals, value = first.rpartition("=")
    if unknown := _UNKNOWN_OPTION.search(name):
        raise MusicRFMError(
            f"--steer {text!r} has the unknown option {unknown[1]!r}: choose from "
            f"{', '.join(OPTIONS)}"
        )
    if not (equals and name):
        raise MusicRFMError(f"--steer {text!r} must be NAME=COEFFICIENT, such as note_C=0.8")
    coefficient = _number(value)
    if coefficient is None or not low <= coefficient <= high:
        spread = f" from {low:g} to {high:g}" if math.isfinite(high - low) else ""
        raise MusicRFMError(
            f"--steer {text!r} must be NAME=COEFFICIENT: {value!r} is not a number{spread}"
        )
    options: dict[str, Any] = {}
    for part in rest:
        key, _, given = part.partition("=")
        key = key.replace("-", "_")
        if key in options:
            raise MusicRFMError(f"--steer {text!r} gives {key.replace('_', '-')} twice")
        options[key] = given
    if "inject" in options:
        inject = _number(str(options["inject"]))
        if inject is None or not 0 <= inject <= 1:
            raise MusicRFMError(
                f"--steer {text!r}: inject must be a number from 0 to 1, not {options['inject']!r}"
            )
        options["inject"] = inject
    return SteerOption(name, coefficient, options)


def crossfade_option(text: str) -> CrossfadeOption:
    """Parse `note_C,note_G,5,10`. Raises MusicRFMError for any other form."""
    names, *numbers = text.rsplit(",", 2)
    from_name, comma, to_name = names.partition(",")
    times = [_number(number) for number in numbers]
    if not (from_name and comma and to_name) or len(times) < 2 or None in times:
        raise MusicRFMError(
            f"--crossfade {text!r} is not FROM,TO,START,SECONDS, such as note_C,note_G,5,10"
        )
    start, seconds = (float(time) for time in times if time is not None)
    if start < 0 or seconds <= 0:
        raise MusicRFMError(
            f"--crossfade {text!r} must start at 0 s or later and take more than 0 s"
        )
    return CrossfadeOption(from_name, to_name, start, seconds)


def _number(text: str) -> float | None:
    """A finite number, or None."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
