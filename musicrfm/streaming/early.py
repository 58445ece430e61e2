"""Estimates the audio of a frame before the codec's output is final.

A codec that is not causal needs the codes of the next four frames, and MusicGen's delay pattern
provides their later codebooks up to three frames late. Instead of waiting, this module fills the
frames ahead with the codebooks known so far and decodes them as a trial. Each trial starts from the
exact state, so errors do not accumulate; a short crossfade joins one trial to the next.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from musicrfm.runtime.codec import StreamingCodec
from musicrfm.runtime.static_codec import StaticCodec


class Trial(NamedTuple):
    """The state of the early sound. frame: number of frames pushed. exact: number of final samples
    from the codec. ahead: the latest trial's audio after this frame, [channels, samples]."""

    frame: int = 0
    exact: int = 0
    ahead: Tensor | None = None


class EarlySound:
    """Audio of a `StreamingCodec`, `codec.latency` samples earlier, with estimates at the end."""

    def __init__(self, codec: StreamingCodec | StaticCodec) -> None:
        self.codec = codec
        self.reset()

    def reset(self) -> None:
        self.state = Trial()

    @torch.inference_mode()
    def push(self, codes: Tensor, ahead: Tensor, known: Tensor) -> Tensor:
        """The audio of one more frame, [channels, frame_size].

        codes: int64 [codebooks], complete. ahead: int64 [codebooks, frames], codes of the frames
        after it. known: bool, same shape, which of them are known.
        """
        codec, size = self.codec, self.codec.frame_size
        frame, exact, joint = self.state
        exact += codec.push(codes[:, None]).shape[1]
        # One frame more than the lookahead, for the crossfade into the next trial.
        trial = codec.peek(ahead, known, max(0, codec.lookahead_frames + 1 - ahead.shape[1]))
        begin = frame * size - exact  # of this frame in the trial, which follows the final samples
        sound, rest = trial[:, begin : begin + size].clone(), trial[:, begin + size :]
        if joint is not None and joint.shape[1]:
            count = min(joint.shape[1], size // 4)
            level = (torch.arange(count, device=sound.device) + 0.5) / count
            sound[:, :count] = torch.lerp(joint[:, :count], sound[:, :count], level)
        self.state = Trial(frame + 1, exact, rest)
        return sound

    @property
    def given(self) -> int:
        """Number of returned samples that are estimates so far."""
        frame, exact, _ = self.state
        return frame * self.codec.frame_size - exact
