"""A streaming codec on fixed tensors, for CUDA graphs.

The first frames of a piece differ from one another, because the codec's layers start one after the
other; `StreamingCodec` plays them. From then on, every frame is the same work on a state of the
same shape. That state is one buffer, so returning to an earlier frame is a single copy.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from musicrfm.errors import MusicRFMError
from musicrfm.runtime.codec import State, StreamingCodec
from musicrfm.runtime.graphs import Recorder, Work

_LATEST_START = 64  # frames until any codec is in its steady state


@dataclass(frozen=True)
class Snapshot:
    """The state of a codec in its steady state: all its tensors, flattened, float32."""

    numbers: Tensor


@dataclass
class _Peek:
    """The input of `StreamingCodec.peek`, its result, and the recorded work."""

    codes: Tensor
    known: Tensor
    audio: Tensor
    work: Work


class StaticCodec:
    """Replaces the given `StreamingCodec`, with the same interface."""

    def __init__(self, codec: StreamingCodec, recorder: Recorder) -> None:
        self.codec, self.recorder = codec, recorder
        self.codebooks, self.frame_size = codec.codebooks, codec.frame_size
        self.latency, self.lookahead_frames = codec.latency, codec.lookahead_frames
        device = codec.table.device
        self._codes = torch.zeros(codec.codebooks, 1, dtype=torch.long, device=device)
        state = self._even_state()
        self._layout = _layout(state)
        tensors = tensors_of(state)
        self._numbers = torch.cat([tensor.flatten() for tensor in tensors])
        parts = self._numbers.split([tensor.numel() for tensor in tensors])
        views = (part.view(tensor.shape) for part, tensor in zip(parts, tensors, strict=True))
        self._state = _replaced(state, views)
        self._audio = torch.zeros(codec.channels, self.frame_size, device=device)
        self._peeks: dict[tuple, _Peek] = {}
        self._work = recorder(self._push)
        self.reset()

    def reset(self) -> None:
        """Clear the state: the next codes start a piece."""
        self.codec.reset()
        self._even = False

    def give_up(self) -> None:
        """Does the work as it is from now on, on the same tensors: earlier states still fit."""
        self.recorder = Recorder(self._codes.device, record=False)
        self._work = self._push
        self._peeks.clear()

    @property
    def state(self) -> State | Snapshot:
        """The state at the current position. Setting an earlier one returns there."""
        return Snapshot(self._numbers.clone()) if self._even else self.codec.state

    @state.setter
    def state(self, state: State | Snapshot) -> None:
        self._even = isinstance(state, Snapshot)
        if isinstance(state, Snapshot):
            self._numbers.copy_(state.numbers)
            self.codec.state = self._state
        else:
            self.codec.state = state

    @torch.inference_mode()
    def push(self, codes: Tensor) -> Tensor:
        """Codes int64 [codebooks, frames] -> float32 [channels, samples], possibly none yet."""
        sound = [self._frame(codes[:, i : i + 1]) for i in range(codes.shape[1])]
        return sound[0] if len(sound) == 1 else torch.cat(sound, 1)

    def _frame(self, codes: Tensor) -> Tensor:
        if self._even:
            return self._even_frame(codes)
        audio = self.codec.push(codes)
        state = self.codec.state
        if _layout(state) == self._layout:
            self._even = True
            self._keep(state)
        return audio

    def _even_frame(self, codes: Tensor) -> Tensor:
        self._codes.copy_(codes)
        self._work()
        return self._audio.clone()

    @torch.inference_mode()
    def peek(self, codes: Tensor, known: Tensor, hold: int = 0) -> Tensor:
        """The best estimate of the output of `push`, without changing the state."""
        if not self._even:
            return self.codec.peek(codes, known, hold)
        return self._even_peek(codes, known, hold)

    def _even_peek(self, codes: Tensor, known: Tensor, hold: int) -> Tensor:
        peek = self._peeks.get((codes.shape, hold))
        if peek is None:
            peek = self._peeks[codes.shape, hold] = self._peek(codes, known, hold)
        peek.codes.copy_(codes)
        peek.known.copy_(known)
        peek.work()
        return peek.audio.clone()

    @torch.inference_mode()
    def flush(self) -> Tensor:
        """The remaining samples at the end of the piece, [channels, samples]; then clears the
        state."""
        audio = self.codec.flush()
        self.reset()
        return audio

    def _push(self) -> None:
        self.codec.state = self._state
        self._audio.copy_(self.codec.push(self._codes))
        self._keep(self.codec.state)

    def _keep(self, state: State) -> None:
        torch.cat([tensor.flatten() for tensor in tensors_of(state)], out=self._numbers)
        self.codec.state = self._state

    def _peek(self, codes: Tensor, known: Tensor, hold: int) -> _Peek:
        audio = self.codec.peek(codes, known, hold).clone()
        peek = _Peek(codes.clone(), known.clone(), audio, lambda: None)

        def work() -> None:
            peek.audio.copy_(self.codec.peek(peek.codes, peek.known, hold))

        peek.work = self.recorder(work)
        return peek

    @torch.inference_mode()
    def _even_state(self) -> State:
        """The state after the frame from which on all frames are alike."""
        before = None
        for _ in range(_LATEST_START):
            self.codec.push(self._codes)
            if _layout(self.codec.state) == before:
                return self.codec.state
            before = _layout(self.codec.state)
        raise MusicRFMError("the model's codec changes from frame to frame")


def _layout(state: object) -> object:
    """The state without the values of its tensors."""
    if isinstance(state, tuple):
        return tuple(_layout(part) for part in state)
    return state.shape if isinstance(state, Tensor) else state


def tensors_of(state: object) -> list[Tensor]:
    if isinstance(state, tuple):
        return [tensor for part in state for tensor in tensors_of(part)]
    return [state] if isinstance(state, Tensor) else []


def _replaced(state: Any, tensors: Iterator[Tensor]) -> Any:
    """The state with other tensors."""
    if isinstance(state, tuple):
        return tuple(_replaced(part, tensors) for part in state)
    return next(tensors) if isinstance(state, Tensor) else state
