"""The minimum of older audio in the output while the engine renders the buffer again."""

from __future__ import annotations

from bridge.process import awake

# Minimum audio kept buffered while re-rendering, in seconds: the amount in which the new
# take catches up within CATCH_UP, or twice the longest recent hiccup, within these bounds.
CATCH_UP = 0.05
LEAST_RESERVE, MOST_RESERVE = 0.2, 0.75
SHORT = 0.75  # of that, from which on all else makes room
FORGET = 0.5 ** (1 / 15_000)  # per frame: halves a hiccup in five minutes


class Reserve:
    """lookahead: in seconds, as requested."""

    def __init__(self, lookahead: float) -> None:
        self._asked = lookahead
        self._hiccup = 0.0  # the longest time of late without a frame, in seconds
        self._looked = awake.now()  # when the engine last looked at the clock

    def look(self, now: float) -> None:
        """The engine turns; the time since its last turn or wake-up is a hiccup."""
        self._hiccup = max(FORGET * self._hiccup, now - self._looked)
        self._looked = now

    def wake(self) -> None:
        """The engine has slept on purpose."""
        self._looked = awake.now()

    def room(self, speed: float, lookahead: float) -> float:
        """Seconds of older takes from which returning leaves a reserve.

        They shrink until the new take has caught up with them, which takes one part in `speed`.
        """
        speed = max(speed, 1.05)
        reserve = max(LEAST_RESERVE, CATCH_UP * (speed - 1.0), 2 * self._hiccup)
        reserve = min(reserve, MOST_RESERVE, self._asked / 2)
        reserve *= lookahead / self._asked
        left = 1.0 - 1.0 / speed
        return min(reserve / left, 0.9 * lookahead)

    def short(self, left: float, speed: float, lookahead: float) -> bool:
        """Whether this number of seconds is below what returning leaves."""
        return left < SHORT * self.room(speed, lookahead)
