"""Sound that waits to be played and may still be replaced.

Samples are numbered from the beginning of the set. The newest take of any sample counts, but an
older take that reaches further stays behind it: should the new one come to a halt, the sound goes
over to the old one instead of breaking off.
"""

from __future__ import annotations

import numpy as np


class RewindableBuffer:
    """Audio float32 [samples, channels] by sample number; `seam` samples are crossfaded at seams.

    A take that is written at a sample number that has not been taken out yet replaces what is there
    from that sample on, without a crossfade, as whoever rewinds goes on from the very state in
    which that sample was made. Crossfades are only for what should not happen: a take that comes
    too late for its first samples, and one that ends before the older one behind it.

    For one thread.
    """

    def __init__(self, channels: int, seam: int) -> None:
        self.first = 0  # number of the first sample that has not been taken out
        self.late = 0  # takes whose beginning came too late
        self._seam = seam
        self._audio = np.zeros((0, channels), dtype=np.float32)  # from `first` on, as it will sound
        self._newest = 0  # where the newest take ends
        self._unmixed = self._audio  # its last samples, before their crossfade into the older take
        self._empty = True  # nothing was ever written

    @property
    def end(self) -> int:
        """Number of the sample after the last one there is."""
        return self.first + len(self._audio)

    @property
    def samples(self) -> int:
        return len(self._audio)

    def write(self, at: int, audio: np.ndarray) -> None:
        """Audio [samples, channels] that begins at sample `at`.

        What lies before the first sample that can still be replaced is dropped. After a hole (which
        only a buffer that begins in mid-set sees) the sound goes on with `at`.
        """
        if self._empty or at > self.end:
            self._audio = self._audio[:0]
            self.first = self._newest = at
            self._empty = False
        goes_on = at == self._newest
        missed = self.first - at
        if missed > 0:
            if missed >= len(audio):
                return
            at, audio = self.first, audio[missed:]
            if not goes_on:
                self.late += 1
                audio = self._crossfaded(self._audio[: self._seam], audio)
        if goes_on and missed <= 0:
            self._restore()
        start, stop = at - self.first, at - self.first + len(audio)
        behind = self._audio[stop:]
        tail = min(self._seam, len(audio)) if len(behind) else 0
        older = self._audio[stop - tail : stop].copy()
        self._audio = np.concatenate([self._audio[:start], audio, behind])
        self._newest = at + len(audio)
        self._unmixed = audio[len(audio) - tail :]
        if tail:
            self._audio[stop - tail : stop] = self._crossfaded(self._unmixed, older)

    def take(self, samples: int) -> np.ndarray:
        """The next samples, at most so many; they can no longer be replaced."""
        taken, self._audio = self._audio[:samples], self._audio[samples:]
        self.first += len(taken)
        return taken

    def read(self, begin: int, end: int) -> np.ndarray:
        """Samples `begin` to `end`, as far as there are any that can still be replaced."""
        return self._audio[max(0, begin - self.first) : max(0, end - self.first)]

    def cut(self, at: int) -> None:
        """Nothing sounds from sample `at` on, not even an older take."""
        if at == self._newest:
            self._restore()
        self._audio = self._audio[: max(0, at - self.first)]

    def _restore(self) -> None:
        """Undoes the crossfade at the newest take's end, as far as it has not been taken."""
        count = min(len(self._unmixed), self._newest - self.first)
        if count > 0:
            stop = self._newest - self.first
            self._audio[stop - count : stop] = self._unmixed[len(self._unmixed) - count :]

    @staticmethod
    def _crossfaded(out: np.ndarray, into: np.ndarray) -> np.ndarray:
        """`into` with its first samples mixed with those of `out`, which fades away."""
        count = min(len(out), len(into))
        level = ((np.arange(count, dtype=np.float32) + 0.5) / max(count, 1))[:, None]
        mixed = into.copy()
        mixed[:count] = out[:count] * (1 - level) + into[:count] * level
        return mixed
