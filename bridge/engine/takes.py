"""What has been made and may still be replaced: goes back when a control changes.

Older takes stay in the output until the new one has caught up with them. While they are too few
for that, a change counts from the next frame on, and the music goes back when there is room.
"""

from __future__ import annotations

import math
import time
from collections import deque

import numpy as np

from bridge.engine.frame import Frame, FrameMaker

MARGIN_SECONDS = 0.008  # for a new frame's way to the output, beside the time it takes to make
AGAIN_SECONDS = 0.01  # going back more often than this would only be more work
# The end is in no hurry: if its frames came late, more would be heard of an older take than is in
# the recording, which ends with them.
END_SPARE_SECONDS = 0.2
AUDIBLE = 1e-4  # 80 dB below full scale


class Takes:
    """The frames of one set that are not settled, for the engine's thread.

    turns: when the music went back, and the first sample that then was another one.
    """

    def __init__(self, maker: FrameMaker) -> None:
        self._maker = maker
        self._made: deque[Frame] = deque()
        self.rewinds = 0  # times that a control change made it go back
        self.remade = 0  # frames that were made again
        self.turns: deque[tuple[float, int]] = deque(maxlen=10_000)
        self.reached = 0  # the furthest sample ever made
        self._rewound = -math.inf  # when it last went back
        self._turning = False  # it went back, and has made nothing since
        self._waits: int | None = None  # first sample of a change that could still sound earlier
        self._replaced: dict[int, np.ndarray] = {}  # what it had made, by first sample

    @property
    def reaction(self) -> float:
        """Seconds that a new frame needs to be made and to reach the output, at most."""
        return MARGIN_SECONDS + 1.5 * self._maker.frame_busy

    def settle(self, position: int) -> list[Frame]:
        """The frames that begin before sample `position`; they stay as they are."""
        settled = []
        while self._made and self._made[0].first < position:
            settled.append(self._made.popleft())
        return settled

    def notice(self) -> None:
        """Before a frame is made: a change that counts from it on may still go back later."""
        if self._made and self._waits is None and not self._turning and self._maker.outdated:
            self._waits = self._maker.samples
        self._turning = False

    def give_in(self) -> None:
        """What has changed since the latest frame counts from the next one on, and no earlier."""
        self._waits = None

    def add(self, frame: Frame) -> None:
        """The frame that was made last."""
        self._made.append(frame)
        self.reached = max(self.reached, self._maker.samples)

    def compare(self, frame: Frame) -> None:
        """Notes where the sound begins to differ from what was there before going back.

        Several times of going back may come before a change is heard: the oldest take is asked.
        """
        replaced = self._replaced.get(frame.first)
        if replaced is None or len(replaced) != len(frame.audio):
            return
        apart = np.abs(frame.audio - replaced).max(axis=1)
        if len(different := np.flatnonzero(apart > AUDIBLE)):
            self.turns.append((self._rewound, frame.first + int(different[0])))
            self._replaced = {}

    def rewind(self, position: int, room: float) -> None:
        """Goes back as far as possible, if a control has changed since the latest frame.

        position: the first sample that can still be replaced. room: seconds of older takes that
        must be left; with less, safety comes first.
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
        """Forgets all frames from a number on, but not how they sounded."""
        kept = {at: audio for at, audio in self._replaced.items() if at >= soonest}
        while len(self._made) > number:
            gone = self._made.pop()
            kept.setdefault(gone.first, gone.audio)
        self._replaced = kept
