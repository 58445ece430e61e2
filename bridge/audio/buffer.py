"""A buffer of audio that waits to be played and can still be replaced.

Samples are numbered from the start of the set. The newest take of a sample counts, but an older
take that reaches further is kept behind it: if the new one stops, the audio continues with the old
one instead of breaking off.
"""

from __future__ import annotations

import numpy as np


class RewindableBuffer:
    """Audio float32 [samples, channels] by sample number; `seam` samples are crossfaded at seams.

    A take written at a sample number that is still in the buffer replaces the audio from that
    sample on, without a crossfade, because it continues from the exact state before that sample.
    Crossfades cover faults only: a take that is late for its first samples, or one that ends before
    the older take behind it.

    Not thread-safe.
    """

    def __init__(self, channels: int, seam: int) -> None:
        self.first = 0  # number of the first sample in the buffer
        self.late = 0  # number of takes that were late for their first samples
        self._seam = seam
        self._audio = np.zeros((0, channels), dtype=np.float32)  # from `first` on, as it will sound
        self._newest = 0  # where the newest take ends
        self._unmixed = self._audio  # its last samples, before the crossfade into the older take
        self._empty = True  # nothing has been written yet

    @property
    def end(self) -> int:
        """Number of the sample after the last one."""
        return self.first + len(self._audio)

    @property
    def samples(self) -> int:
        return len(self._audio)

    def write(self, at: int, audio: np.ndarray) -> None:
        """Audio [samples, channels] that starts at sample `at`.

        Audio before the first replaceable sample is dropped. After a gap (which occurs only in a
        buffer that starts in mid-set), the audio continues at `at`.
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
        """Remove and return the next samples, at most this number; they can no longer be
        replaced."""
        taken, self._audio = self._audio[:samples], self._audio[samples:]
        self.first += len(taken)
        return taken

    def read(self, begin: int, end: int) -> np.ndarray:
        """Samples `begin` to `end`, as far as they are still replaceable."""
        return self._audio[max(0, begin - self.first) : max(0, end - self.first)]

    def cut(self, at: int) -> None:
        """Remove all audio from sample `at` on, including older takes."""
        if at == self._newest:
            self._restore()
        self._audio = self._audio[: max(0, at - self.first)]

    def _restore(self) -> None:
        """Undo the crossfade at the newest take's end, as far as it is still in the buffer."""
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
