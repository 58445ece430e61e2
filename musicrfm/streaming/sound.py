"""Turns complete frames into samples, with early sound and a take played first, if wanted."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from musicrfm.runtime.codec import State, StreamingCodec
from musicrfm.runtime.static_codec import Snapshot, StaticCodec
from musicrfm.streaming.early import EarlySound, Trial

TOGETHER = 16  # frames decoded together, of a take that is not played


@dataclass(frozen=True)
class SoundState:
    """The state of a `Sound`. codec: its `state`. early: that of the early sound, if it is used.
    take: number of frames of the take that were played."""

    codec: State | Snapshot
    early: Trial | None
    take: int


class Sound:
    """Makes samples frame by frame; for use by one thread.

    early: whether to play without waiting for the codec's lookahead, see
    `musicrfm.streaming.early`. silence: an empty block, [channels, 0].
    """

    def __init__(self, codec: StreamingCodec | StaticCodec, early: bool, silence: Tensor) -> None:
        self.codec, self._silence = codec, silence
        self.early = EarlySound(codec) if early and codec.latency else None
        self.begin()

    @property
    def lookahead_frames(self) -> int:
        """Number of later frames that must be known to make the sound of a frame."""
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
        """Start a new piece."""
        self.codec.reset()
        if self.early:
            self.early.reset()
        self._take: Tensor | None = None
        self._played = self._frames = 0  # frames of the take: played so far, and in total
        self.begin_chunk()

    def begin_after(self, take: Tensor, frames: int, delay: int, heard: bool) -> None:
        """Put a take before the piece; call this right after `begin`.

        take: codes [codebooks, more than `frames`], of which the first `frames` count. delay:
        number of later frames that the early sound reads. heard: whether the take is to be played;
        otherwise it only sets the state of the codec.
        """
        self._take, self._frames, self._delay = take, frames, delay
        if not heard:
            self._played, samples = frames, 0
            for first in range(0, frames, TOGETHER):
                samples += self.codec.push(take[:, first : min(first + TOGETHER, frames)]).shape[1]
            if self.early:
                self.early.state = Trial(frames, samples)

    def begin_chunk(self) -> None:
        """Start a new chunk; frames that were added and not decoded are dropped."""
        self._complete: list[Tensor] = []
        self._made = [self._silence]

    @property
    def in_take(self) -> bool:
        """Whether frames of the take remain to be played."""
        return self._played < self._frames

    def add_of_take(self) -> None:
        """Add the next frame of the take."""
        assert self._take is not None, "`in_take` says so"
        here, self._played = self._played, self._played + 1
        ahead = self._take[:, here + 1 : here + 1 + self._delay]
        self.add(self._take[:, here], (ahead, torch.ones_like(ahead, dtype=torch.bool)))

    def add(self, codes: Tensor, ahead: tuple[Tensor, Tensor] | None) -> None:
        """Add a complete frame, int64 [codebooks].

        ahead: (codes [codebooks, frames] of the frames after it, which of them are known), for the
        early sound; None at the end of the piece.
        """
        if self.early is None or ahead is None:
            self._complete.append(codes)
        else:
            self._made.append(self.early.push(codes, *ahead))

    def chunk(self) -> Tensor:
        """The samples of the frames added since the last chunk, float32 [channels, samples]."""
        made, complete = self._made, self._complete
        self.begin_chunk()
        if complete:
            made.append(self.codec.push(torch.stack(complete, 1)))
        return made[-1] if len(made) < 3 else torch.cat(made, 1)

    def flush(self) -> tuple[Tensor, int]:
        """(the remaining samples, number of them at the start that were already played early)"""
        return self.codec.flush(), self.early.given if self.early else 0
