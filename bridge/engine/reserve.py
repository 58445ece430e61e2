"""How much older sound must be left in the output while the music goes back."""

from __future__ import annotations

from bridge.process import awake

# Seconds that must be left to play while what lies before them is made again: as many as the new
# take catches up with in CATCH_UP, or twice the longest hiccup of late, within these bounds.
CATCH_UP = 0.05
LEAST_RESERVE, MOST_RESERVE = 0.2, 0.75
SHORT = 0.75  # of that, from which on all else makes room
FORGET = 0.5 ** (1 / 15_000)  # a frame: half of a hiccup in five minutes


class Reserve:
    """lookahead: in seconds, as it was asked for."""

    def __init__(self, lookahead: float) -> None:
        self._asked = lookahead
        self._hiccup = 0.0  # the longest time of late without a frame, in seconds
        self._looked = awake.now()  # when the engine last looked at the clock

    def look(self, now: float) -> None:
        """The engine turns; what has passed since it last did, or woke, is a hiccup."""
        self._hiccup = max(FORGET * self._hiccup, now - self._looked)
        self._looked = now

    def wake(self) -> None:
        """The engine has slept on purpose."""
        self._looked = awake.now()

    def room(self, speed: float, lookahead: float) -> float:
        """Seconds of older takes from which going back leaves a reserve.

        They shrink until the new take has caught up with them, which takes one part in `speed`.
        """
        speed = max(speed, 1.05)
        reserve = max(LEAST_RESERVE, CATCH_UP * (speed - 1.0), 2 * self._hiccup)
        reserve = min(reserve, MOST_RESERVE, self._asked / 2)
        reserve *= lookahead / self._asked
        left = 1.0 - 1.0 / speed
        return min(reserve / left, 0.9 * lookahead)

    def short(self, left: float, speed: float, lookahead: float) -> bool:
        """Whether so many seconds to play are fewer than going back leaves."""
        return left < SHORT * self.room(speed, lookahead)
