"""Endless encoders: controls that send how far they were turned, not their position.

A click is one value byte in one of three usual encodings. The encoding, and whether a control is an
encoder at all, is inferred from its messages: a knob with end stops rarely repeats a value and
never jumps between its ends, while clicks do exactly that.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from musicrfm.errors import MusicRFMError

# Each encoding: its name for people, with what a click up and a click down are.
ENCODINGS: dict[str, str] = {
    "twos": "two's complement, 1 and 127",
    "offset": "offset 64, 65 and 63",  # before the next: a first turn is mostly up
    "signed": "sign bit, 1 and 65",
}
SMALL = 8  # clicks in one message of an encoder that starts to turn
FAST = 31  # clicks in one message of a spun encoder
SLOW = 2  # clicks in one message, of one that is turned back
LEAP = 48  # between two messages; a knob turned that fast continues in the same direction
MANY = 16  # messages after which an encoder is recognised
NEAR = SMALL / 127  # of the way, that a knob may jump although it could be an encoder
SLOW_TURN, FAST_TURN = 10.0, 50.0  # clicks a second, between which acceleration sets in


def clicks(encoding: str, code: int) -> int:
    """The clicks in one value byte, 0 to 127; up is positive."""
    if encoding == "twos":
        return code - 128 if code >= 64 else code
    if encoding == "signed":
        return 64 - code if code > 64 else code % 64
    if encoding == "offset":
        return code - 64
    raise MusicRFMError(f"an encoder's encoding must be {', '.join(ENCODINGS)}, not {encoding!r}")


def nearest(encodings: Iterable[str], code: int) -> int:
    """The smallest number of clicks that the byte means in several encodings."""
    return min((clicks(one, code) for one in encodings), key=abs)


class Auto:
    """The clicks of a known encoder whose encoding is inferred while it is turned."""

    def __init__(self) -> None:
        self._possible = list(ENCODINGS)

    def clicks(self, code: int) -> int:
        still = [one for one in self._possible if abs(clicks(one, code)) <= FAST]
        self._possible = still or list(ENCODINGS)
        return nearest(self._possible, code)


class Recogniser:
    """Infers the kind of a control from all its value bytes.

    `kind` is one of ENCODINGS, "auto" for an encoder with two possible encodings, "off" for a knob
    with end stops, and None while undecided.
    """

    def __init__(self) -> None:
        self.kind: str | None = None
        self._codes: list[int] = []
        self.possible = list(ENCODINGS)

    def hear(self, code: int) -> str | None:
        """Process one more value byte; returns the kind."""
        limit = FAST if self._codes else SMALL  # no gesture starts with a spin
        still = [one for one in self.possible if 0 < abs(clicks(one, code)) <= limit]
        if self.kind in ENCODINGS and clicks(self.kind, code) == 0:
            still = self.possible  # some say so when they come to rest
        if len(self._codes) < MANY:
            self._codes.append(code)
        self.possible = still
        if not still:
            self.kind = "off"
        elif self.kind not in (None, "off") or self._turns():
            self.kind = still[0] if len(still) == 1 else "auto"
        elif len(self._codes) == MANY:
            self.kind = "off"
        return self.kind

    def _turns(self) -> bool:
        """Whether the messages so far can come from an encoder only."""
        codes, pairs = self._codes, list(pairwise(self._codes))
        if any(a == b and a in (1, 63, 65, 127) for a, b in pairs):
            return True
        if any(self._back(a, b) and abs(a - b) > 2 * SMALL for a, b in pairs):
            return True
        # A quick knob also jumps over the middle, but continues in the same direction.
        steady = all(a < b for a, b in pairs) or all(a > b for a, b in pairs)
        if len(codes) == 2:
            return self._back(*codes) and sum(codes) == 128
        return not steady and any(
            self._back(a, b) or (abs(a - b) > LEAP and self._back(a, b, FAST, SLOW))
            for a, b in pairs
        )

    def _back(self, one: int, other: int, most: int = SMALL, least: int = SMALL) -> bool:
        """Whether these two values turn to opposite sides, by at most this number of clicks, and
        one by fewer.

        An encoder that was spun turns back slowly.
        """
        return any(
            clicks(way, one) * clicks(way, other) < 0
            and max(abs(clicks(way, one)), abs(clicks(way, other))) <= most
            and min(abs(clicks(way, one)), abs(clicks(way, other))) <= least
            for way in self.possible
        )


class Guess:
    """The position of a control whose mapping does not define whether it is endless.

    An undecided control moves little: a knob that would jump, and could be an encoder, moves by
    single clicks. Once decided, earlier moves are corrected.
    """

    def __init__(self) -> None:
        self._recogniser = Recogniser()
        self._base = 0.0  # where the parameter was before the codes
        self._codes: list[int] = []

    @property
    def kind(self) -> str | None:
        return self._recogniser.kind

    def position(self, code: int, here: float, by_others: bool, step: float) -> float:
        """The position, 0 to 1, after one more value byte.

        here: the parameter's current position. by_others: the parameter was changed elsewhere, or
        this control has not changed it yet. step: share of the travel per click.
        """
        kind = self._recogniser.hear(code)
        if by_others:
            self._base, self._codes = here, []
        self._codes.append(code)
        if kind == "off":
            return code / 127
        at = code / 127
        if kind is None and (not _is_low_click(code) or abs(at - here) <= NEAR):
            return at
        turned = self._base + step * sum(self._clicks(one) for one in self._codes)
        if kind in ENCODINGS or not 0.0 <= turned <= 1.0 or len(self._codes) >= MANY:
            self._base, self._codes = min(max(turned, 0.0), 1.0), []
        return min(max(turned, 0.0), 1.0)

    def _clicks(self, code: int) -> int:
        few = nearest(self._recogniser.possible, code)
        return (few > 0) - (few < 0) if self.kind is None else few


class Speed:
    """The speed of an encoder, for acceleration."""

    def __init__(self) -> None:
        self._at, self._up = float("-inf"), True

    def factor(self, turned: int, now: float, most: float) -> float:
        """The factor for each click: from 1 to `most`. now: seconds."""
        same_way = (turned > 0) == self._up
        rate = abs(turned) / max(now - self._at, 1e-3) if same_way else 0.0
        self._at, self._up = now, turned > 0
        share = (rate - SLOW_TURN) / (FAST_TURN - SLOW_TURN)
        return 1.0 + (most - 1.0) * min(max(share, 0.0), 1.0)


def _is_low_click(code: int) -> bool:
    """Whether a code may be a click. High codes are also sent by pads and buttons."""
    return code <= 64 + SMALL and any(0 < abs(clicks(one, code)) <= SMALL for one in ENCODINGS)
