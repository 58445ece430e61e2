"""From complete frames to samples: the codec, the early sound, and a take that is heard first."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from musicrfm.runtime.codec import State, StreamingCodec
from musicrfm.runtime.static_codec import Snapshot, StaticCodec
from musicrfm.streaming.early import EarlySound, Trial

TOGETHER = 16  # frames of a take that nobody hears are decoded together


@dataclass(frozen=True)
class SoundState:
    """codec: as its own `state`. early: of the early sound, if there is any. take: frames of the
    take that were heard."""

    codec: State | Snapshot
    early: Trial | None
    take: int


class Sound:
    """Samples of one frame after the other; for the thread that plays.

    codec: makes them. early: whether the codec's lookahead is not waited for, see
    `musicrfm.streaming.early`.
    """

    def __init__(self, codec: StreamingCodec | StaticCodec, early: bool, silence: Tensor) -> None:
        """silence: no samples, [channels, 0]."""
        self.codec, self._silence = codec, silence
        self.early = EarlySound(codec) if early and codec.latency else None
        self.begin()

    @property
    def lookahead_frames(self) -> int:
        """How many frames after a frame must be known to make its sound."""
        return 0 if self.early else self.codec.lookahead_frames

    @property
    def state(self) -> SoundState:
        early = None if self.early is None else self.early.state
        return SoundState(self.codec.state, early, self._played)

    @state.setter
    def state(self, state: SoundState) -> None:
        self.codec.state, self._played = state.codec, state.take
        if self.early is not None and state.early is not None:
            self.early.state = state.early

    def begin(self) -> None:
        """A new piece."""
        self.codec.reset()
        if self.early:
            self.early.reset()
        self._take: Tensor | None = None
        self._played = self._frames = 0  # frames of the take that were played, and of it in all
        self.begin_chunk()

    def begin_after(self, take: Tensor, frames: int, delay: int, heard: bool) -> None:
        """Right after `begin`: codes [codebooks, more than `frames`] go before the piece.

        delay: how many frames after one of them the early sound looks at. heard: whether the first
        `frames` are played, or were.
        """
        self._take, self._frames, self._delay = take, frames, delay
        if not heard:
            self._played, samples = frames, 0
            for first in range(0, frames, TOGETHER):
                samples += self.codec.push(take[:, first : min(first + TOGETHER, frames)]).shape[1]
            if self.early:
                self.early.state = Trial(frames, samples)

    def begin_chunk(self) -> None:
        """What was added and not made is forgotten."""
        self._complete: list[Tensor] = []
        self._made = [self._silence]

    @property
    def in_take(self) -> bool:
        """Whether frames of the take come before those of the piece."""
        return self._played < self._frames

    def add_of_take(self) -> None:
        """The next frame of the take."""
        assert self._take is not None, "`in_take` says so"
        here, self._played = self._played, self._played + 1
        ahead = self._take[:, here + 1 : here + 1 + self._delay]
        self.add(self._take[:, here], (ahead, torch.ones_like(ahead, dtype=torch.bool)))

    def add(self, codes: Tensor, ahead: tuple[Tensor, Tensor] | None) -> None:
        """One more complete frame, int64 [codebooks].

        ahead: codes [codebooks, frames] of those after it, and which of them are known; only looked
        at for the early sound, and None where the piece ends.
        """
        if self.early is None or ahead is None:
            self._complete.append(codes)
        else:
            self._made.append(self.early.push(codes, *ahead))

    def chunk(self) -> Tensor:
        """What became certain, float32 [channels, samples]."""
        made, complete = self._made, self._complete
        self.begin_chunk()
        if complete:
            made.append(self.codec.push(torch.stack(complete, 1)))
        return made[-1] if len(made) < 3 else torch.cat(made, 1)

    def flush(self) -> tuple[Tensor, int]:
        """The samples still owed, and how many of the first were given early."""
        return self.codec.flush(), self.early.given if self.early else 0
