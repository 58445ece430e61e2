"""The deep buffer that the sound card's callback reads.

The callback takes each sample when it is due, resamples and limits it, in machine code independent
of Python. No process must wake up in time: the audio continues as long as the buffer lasts,
whatever the computer does, and audio due in a few milliseconds can still be replaced.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from bridge.audio.buffer import RewindableBuffer
from bridge.audio.dsp import soft_limit
from bridge.audio.layout import (
    CALLED,
    CALLS,
    CHANNELS,
    DOWN,
    END,
    ENDED,
    FADE,
    FILTERS,
    FLOATS,
    LARGEST,
    LEVEL,
    MASK,
    OUTPUTS,
    PHASE,
    PLAYING,
    POSITION,
    TAPS,
    UNDERRUNS,
    UP,
    XRUNS,
)

FADE_SECONDS = 0.01  # length of the fades that cover an underrun, and of emergency crossfades
RESUME_SECONDS = 0.3
ROOM_SECONDS = 10.0  # of audio beyond twice the lookahead
# The resampler: a windowed sinc. Its passband equals that of soxr's HQ, up to 0.91 of Nyquist,
# and it attenuates the stopband by 90 dB.
HALF = 64  # samples on either side
KAISER = 9.0
CUTOFF = 0.4775  # of the rate
LONGEST_RATIO = 640  # the least exact ratio of rates is of numbers like these


def lead_seconds(lookahead: float) -> float:
    """Seconds of audio needed before playing starts, and restarts after a gap."""
    return min(0.75 * lookahead, RESUME_SECONDS)


class Deck:
    """A rewindable buffer, and the memory shared with the callback.

    Playing starts with a fade in when enough audio is buffered. When less than a fade's length
    remains and no new audio has arrived, the rest fades out, which is an underrun; later audio is
    collected until there is enough. A gap therefore causes silence but no click, nothing is
    repeated, and no audio is lost.

    Audio due within `ring_seconds`, and in the card's next block, is settled; the rest can still be
    replaced. `play` does the work of the callback; everything else is for one thread.

    mix: the share of each channel in each output of the card, float32 [outputs, channels].
    """

    def __init__(
        self,
        rate_in: int,
        rate_out: float,
        mix: np.ndarray,
        lookahead: float,
        ring_seconds: float,
    ) -> None:
        outputs, channels = mix.shape
        self.channels = channels
        self.rate_in = rate_in
        self.ring_seconds = ring_seconds
        self._seam = round(FADE_SECONDS * rate_in)
        self.deep = RewindableBuffer(channels, self._seam)
        self._enough = lead_seconds(lookahead)
        ratio = Fraction(round(rate_out), rate_in).limit_denominator(LONGEST_RATIO)
        taps = resampling_taps(ratio.numerator, ratio.denominator)
        room = 1 << int((2 * lookahead + ROOM_SECONDS) * rate_in).bit_length()
        shares = FILTERS + taps.size
        sound = shares + mix.size
        self._memory = np.zeros(sound + room * channels, np.float32)
        self.numbers = self._memory[:FILTERS].view(np.int64)
        self.numbers[FADE] = max(1, round(FADE_SECONDS * rate_out))
        self.numbers[[UP, DOWN, TAPS]] = *ratio.as_integer_ratio(), taps.shape[1]
        self.numbers[[MASK, CHANNELS, OUTPUTS]] = room - 1, channels, outputs
        self.numbers[FLOATS] = self._memory.size
        self._memory[FILTERS:shares] = taps.ravel()
        self._memory[shares:sound] = mix.ravel()
        self._sound = self._memory[sound:].reshape(room, channels)
        self._silence = np.zeros((taps.shape[1], channels), np.float32)

    @property
    def address(self) -> int:
        """Address of the memory for `callback`."""
        return self._memory.ctypes.data

    @property
    def playing(self) -> bool:
        return bool(self.numbers[PLAYING])

    @property
    def underruns(self) -> int:
        return int(self.numbers[UNDERRUNS])

    @property
    def calls(self) -> int:
        """Number of times that the card requested audio."""
        return int(self.numbers[CALLS])

    @property
    def xruns(self) -> int:
        """Number of times that the system called too late for the card."""
        return int(self.numbers[XRUNS])

    @property
    def waiting(self) -> float:
        """Seconds of buffered audio."""
        return max(0, self.deep.end - int(self.numbers[POSITION])) / self.rate_in

    @property
    def margin(self) -> float:
        """Seconds between settled and due audio: the ring, and a block of the card."""
        reach = int(self.numbers[TAPS]) // 2  # of the resampler, ahead
        return self.ring_seconds + self._block + reach / self.rate_in

    @property
    def _block(self) -> float:
        """Longest block of the card in seconds."""
        n = self.numbers
        return float(n[LARGEST] * n[DOWN] / n[UP]) / self.rate_in

    def push(self, at: int, audio: np.ndarray) -> None:
        """Accept audio [samples, channels] that starts at sample number `at`."""
        self._settle()
        self.deep.write(at, audio)
        self._hand_over(at - self._seam)
        self._start_if(self.waiting >= self._enough)

    def end(self, at: int | None = None) -> None:
        """No more audio will arrive: play the rest.

        Nothing plays from sample `at` on, even if an older take reaches further.
        """
        self._settle()
        self.numbers[ENDED] = 1
        if at is not None:
            self.deep.cut(at)
        self._hand_over(self.deep.first)
        self._start_if(self.waiting > 0)

    def tend(self) -> None:
        """Call regularly: settles due audio, and restarts playing after a gap."""
        self._settle()
        if self.deep.end > self.numbers[END]:  # there was no room
            self._hand_over(int(self.numbers[END]))
        self._start_if(self.waiting >= (0 if self.numbers[ENDED] else self._enough))

    def position(self, now: float | None = None) -> int:
        """Number of the first sample that can still be replaced.

        now: by the card's clock. The card takes whole blocks, but time advances evenly between
        them, so that an extrapolation from here never falls behind the card.
        """
        first = self.deep.first
        if now is None or not self.playing:
            return first
        passed = now - 1e-9 * float(self.numbers[CALLED])
        return first + int(min(max(passed, 0.0), self._block) * self.rate_in)

    def play(self, out: np.ndarray, underflow: bool = False, now: float = 0.0) -> None:
        """Fill out, float32 [frames, outputs]: the callback where machine code is not available."""
        n = self.numbers
        n[CALLS] += 1
        n[CALLED] = 1e9 * now
        n[LARGEST] = max(n[LARGEST], len(out))
        n[XRUNS] += underflow
        play_with_numpy(self.numbers, self._memory, out)

    def _settle(self) -> None:
        """Audio due soon becomes final."""
        due = int(self.numbers[POSITION])
        if self.playing:
            due += round(self.margin * self.rate_in)
        self.deep.take(max(0, min(due, self.deep.end) - self.deep.first))

    def _hand_over(self, since: int) -> None:
        """Put samples from `since` on into the callback's memory, as far as there is room."""
        deep, n = self.deep, self.numbers
        if not self.playing and deep.first > n[POSITION]:  # playing starts in mid-set
            n[POSITION], n[PHASE] = deep.first, 0
        begin = max(deep.first, min(since, int(n[END])))
        end = min(deep.end, int(n[POSITION]) + len(self._sound) - 2 * self._silence.shape[0])
        self._write(begin, deep.read(begin, end))
        self._write(end, self._silence)  # the resampler reads beyond the end of the audio
        n[END] = end

    def _write(self, at: int, audio: np.ndarray) -> None:
        first = at % len(self._sound)
        head = min(len(audio), len(self._sound) - first)
        self._sound[first : first + head] = audio[:head]
        self._sound[: len(audio) - head] = audio[head:]

    def _start_if(self, enough: bool) -> None:
        n = self.numbers
        if enough and self.waiting and not n[PLAYING]:
            n[LEVEL] = 0
            n[PLAYING] = 1


def resampling_taps(up: int, down: int) -> np.ndarray:
    """A polyphase low-pass filter, float32 [up, taps]: the weights of samples for each phase.

    The output of phase p lies p / up samples after sample `taps

    2 - 1` of its window.
    """
    if up == down:
        return np.array([[1.0, 0.0]], np.float32)
    lower = max(1.0, down / up)  # downsampling: remove what the lower rate cannot represent
    half = int(np.ceil(HALF * lower))
    away = np.arange(1 - half, half + 1) - np.arange(up)[:, None] / up
    window = np.i0(KAISER * np.sqrt(np.maximum(0.0, 1.0 - (away / half) ** 2))) / np.i0(KAISER)
    taps = np.sinc(2 * CUTOFF / lower * away) * window
    return (taps / taps.sum(1, keepdims=True)).astype(np.float32)


def play_with_numpy(numbers: np.ndarray, memory: np.ndarray, out: np.ndarray) -> None:
    """The next frames: resampled, mixed to the card's outputs, limited, faded where the audio
    ends."""
    n = numbers
    up, taps = int(n[UP]), int(n[TAPS])
    channels, outputs = int(n[CHANNELS]), int(n[OUTPUTS])
    mixes = FILTERS + up * taps
    sounds = mixes + outputs * channels
    filters = memory[FILTERS:mixes].reshape(up, taps)
    mix = memory[mixes:sounds].reshape(outputs, channels)
    sound = memory[sounds:].reshape(-1, channels)
    out[:] = 0.0
    if not n[PLAYING]:
        return
    # In UPths of a sample, from the one that is due: where each frame lies, and the end.
    places = n[PHASE] + n[DOWN] * np.arange(len(out))
    end = (n[END] - n[POSITION]) * up
    frames = int(np.searchsorted(places, end))
    ended = bool(n[ENDED])
    left = np.full(frames, n[FADE]) if ended else (end - places[:frames]) // n[DOWN]
    levels = np.minimum(n[LEVEL] + 1 + np.arange(frames), np.minimum(left, n[FADE]))
    first = n[POSITION] + places[:frames] // up - taps // 2 + 1
    heard = sound[(first[:, None] + np.arange(taps)) & n[MASK]]
    resampled = np.einsum("fk,fkc->fc", filters[places[:frames] % up], heard)
    mixed = soft_limit(np.einsum("fc,oc->fo", resampled, mix))
    out[:frames] = mixed * (levels / n[FADE])[:, None]
    n[LEVEL] = levels[-1] if frames else n[LEVEL]
    if frames < len(out):
        n[PLAYING] = n[LEVEL] = 0
        n[UNDERRUNS] += not ended
    gone = n[PHASE] + n[DOWN] * frames
    n[PHASE] = gone % up
    n[POSITION] += gone // up
