"""Routes the music to the outputs of a sound card: parses output numbers and computes the mix.

Outputs are counted from 1, as on the device.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from musicrfm.errors import MusicRFMError

MOST = 1024  # no card has more
EXAMPLE = "as in 3,4 or 2"


def outputs(wanted: str | int | Sequence[int]) -> tuple[int, ...]:
    """Output numbers: `3,4`, `3-4`, `2`, or [3, 4].

    Raises MusicRFMError for any other form, or for a repeated number.
    """
    if isinstance(wanted, str):
        text = re.sub(r"\s*[-–]\s*", "-", wanted.strip())
        numbers: list[int] = []
        for part in re.split(r"[\s,;/+&]+", text):
            match = re.fullmatch(r"([0-9]{1,9})(?:-([0-9]{1,9}))?", part)
            if match is None:
                raise _wrong(wanted)
            first, last = int(match[1]), int(match[2] or match[1])
            if not 1 <= first <= last <= MOST:
                raise _wrong(wanted)
            numbers += range(first, last + 1)
    else:
        numbers = [wanted] if isinstance(wanted, int) else list(wanted)
    whole = all(isinstance(n, int) and not isinstance(n, bool) for n in numbers)
    if not numbers or not whole or not all(1 <= n <= MOST for n in numbers):
        raise _wrong(wanted)
    if twice := [n for n in numbers if numbers.count(n) > 1]:
        raise MusicRFMError(f"output {twice[0]} is named twice in {_said(wanted)}")
    return tuple(numbers)


def apart(channels: Sequence[int] | None, cue: Sequence[int] | None) -> None:
    """Raise MusicRFMError if an output is assigned to both the music and the cue."""
    both = set(channels or (1, 2)) & set(cue or ())
    if both:
        raise MusicRFMError(
            f"output {min(both)} cannot have both the music and the cue: choose others with "
            "--channels or --cue"
        )


def mix(sound: int, channels: Sequence[int], cue: Sequence[int], count: int) -> np.ndarray:
    """The share of each channel in each of `count` outputs: float32.

    The music's `sound` channels come first, followed, if there are outputs for a `cue`, by the same
    number of cue channels. A single output gets the average of all channels; several outputs get
    one channel each, repeating.
    """
    shares = np.zeros((count, sound * (2 if cue else 1)), np.float32)
    for group, numbers in enumerate((channels, cue)):
        first = group * sound
        for place, number in enumerate(numbers):
            if len(numbers) == 1:
                shares[number - 1, first : first + sound] = 1.0 / sound
            else:
                shares[number - 1, first + place % sound] = 1.0
    return shares


def _wrong(wanted: object) -> MusicRFMError:
    return MusicRFMError(
        f"{_said(wanted)} is not a list of output numbers, counted from 1, {EXAMPLE}"
    )


def _said(wanted: object) -> str:
    text = repr(wanted)
    return text if len(text) <= 40 else text[:39] + "…"
