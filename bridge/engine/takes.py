"""The frames that can still be replaced: returns to one when a control changes.

Older takes stay in the output until the new one has caught up with them. While they are too short
for that, a change takes effect with the next frame, and the engine returns when there is room.
"""

from __future__ import annotations

import math
import time
from collections import deque

import numpy as np

from bridge.engine.frame import Frame, FrameMaker

MARGIN_SECONDS = 0.008  # for a new frame's way to the output, in addition to the time to make it
AGAIN_SECONDS = 0.01  # returning more often would only add work
# The end is in no hurry: if its frames came late, more would be heard of an older take than is in
# the recording, which ends with them.
END_SPARE_SECONDS = 0.2
AUDIBLE = 1e-4  # 80 dB below full scale


class Takes:
    """The frames of one set that are not settled, for the engine's thread.

    turns: the times of returning, and the first sample that then changed.
    """

    def __init__(self, maker: FrameMaker) -> None:
        self._maker = maker
        self._made: deque[Frame] = deque()
        self.rewinds = 0  # number of returns caused by control changes
        self.remade = 0  # frames made again
        self.turns: deque[tuple[float, int]] = deque(maxlen=10_000)
        self.reached = 0  # the furthest sample ever made
        self._rewound = -math.inf  # when it last went back
        self._turning = False  # it went back, and has made nothing since
        self._waits: int | None = None  # first sample of a change that could still sound earlier
        self._replaced: dict[int, np.ndarray] = {}  # what it had made, by first sample

    @property
    def reaction(self) -> float:
        """Longest time in seconds that a new frame needs to be made and to reach the output."""
        return MARGIN_SECONDS + 1.5 * self._maker.frame_busy

    def settle(self, position: int) -> list[Frame]:
        """The frames that start before sample `position`, which are final."""
        settled = []
        while self._made and self._made[0].first < position:
            settled.append(self._made.popleft())
        return settled

    def notice(self) -> None:
        """Before a frame is made: a change that takes effect with it may still be moved earlier."""
        if self._made and self._waits is None and not self._turning and self._maker.outdated:
            self._waits = self._maker.samples
        self._turning = False

    def give_in(self) -> None:
        """Changes since the latest frame take effect with the next one, and no earlier."""
        self._waits = None

    def add(self, frame: Frame) -> None:
        """Add the latest frame."""
        self._made.append(frame)
        self.reached = max(self.reached, self._maker.samples)

    def compare(self, frame: Frame) -> None:
        """Find the first sample that differs from the audio before returning.

        The engine may return several times before a change is audible: the oldest take is compared.
        """
        replaced = self._replaced.get(frame.first)
        if replaced is None or len(replaced) != len(frame.audio):
            return
        apart = np.abs(frame.audio - replaced).max(axis=1)
        if len(different := np.flatnonzero(apart > AUDIBLE)):
            self.turns.append((self._rewound, frame.first + int(different[0])))
            self._replaced = {}

    def rewind(self, position: int, room: float) -> None:
        """Return as far as possible, if a control has changed since the latest frame.

        position: the first sample that can still be replaced. room: seconds of older takes that
        must remain; with less, the change waits.
        """
        now, rate = time.monotonic(), self._maker.rate
        if not self._made or now - self._rewound < AGAIN_SECONDS or self._maker.unapplied:
            return
        if self._waits is None and not self._maker.outdated:
            return
        if (self.reached - position) / rate <= room:
            return
        spare = END_SPARE_SECONDS if self._maker.stopping.is_set() else 0.0
        soonest = position + (self.reaction + spare) * rate
        if self._waits is not None and self._waits <= soonest:
            self._waits = None
            if not self._maker.outdated:
                return
        for number, frame in enumerate(self._made):
            if frame.first < soonest or frame.before is None:
                continue
            if self._maker.stream.reaches(frame.before.stream):
                self._rewound, self._turning, self._waits = now, True, None
                self.rewinds += 1
                self.remade += len(self._made) - number
                self._maker.state = frame.before
                self._drop(number, soonest)
                return

    def _drop(self, number: int, soonest: float) -> None:
        """Forget all frames from a number on, but keep their audio for comparison."""
        kept = {at: audio for at, audio in self._replaced.items() if at >= soonest}
        while len(self._made) > number:
            gone = self._made.pop()
            kept.setdefault(gone.first, gone.audio)
        self._replaced = kept
