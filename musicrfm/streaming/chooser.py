"""Reads one position and chooses the codes of the next, whatever the logits are."""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from musicrfm.errors import MusicRFMError
from musicrfm.files.captured import HalfFile
from musicrfm.model import MusicModel
from musicrfm.runtime.decoder import Push
from musicrfm.runtime.sampling import Draws, guide, sample
from musicrfm.steering.layers import layer_numbers
from musicrfm.steering.steering import Steering
from musicrfm.streaming.settings import Settings
from musicrfm.streaming.windows import Windows

AGAIN_FRAMES = 50  # after logits that are not finite, until what led to them is tried again
QUIET_FRAMES = 500  # without such logits, until they are said again

# Named as the whole is: what goes wrong in a stream is logged there.
log = logging.getLogger("musicrfm.stream")


class Chooser:
    """Codes of one frame after the other; for the thread that plays.

    unsteered: the push of a frame that is not steered. capture: where the outputs of some layers
    are written. faults: frames that steering or the model made unusable, see `choose`.
    """

    def __init__(
        self, windows: Windows, steering: Steering, unsteered: Push, capture: Capture | None
    ) -> None:
        self._windows, self._steering, self._unsteered = windows, steering, unsteered
        self._capture = capture
        self.faults = 0
        self.begin()

    def begin(self) -> None:
        """A new piece."""
        # The offset that could not be used, and the frames from which it may be tried again, from
        # which the window may be read again, and from which all that is said again.
        self._refused: Tensor | None = None
        self._steer_at = self._read_at = self._quiet_until = 0

    def choose(self, frame: int, draws: Draws, settings: Settings) -> Tensor:
        """Codes of the next position, int64 [codebooks], whatever the logits are.

        If they are not finite, this frame is played unsteered; if that does not help, the whole
        window is read again unsteered; if even that does not, the last codes are held.
        """
        windows, window = self._windows, self._windows.here
        push = self.next_push(frame, draws.seed, settings.steer_guidance)
        refused = push.offset is self._refused and frame < self._steer_at
        if refused:
            push = self._unsteered  # to try again would only cost time
        window.pushes.append(push)
        logits = self._logits(push, frame, settings)
        if logits is None and self._may_widen(push):
            windows.widen(settings.prompt)
            logits = self._logits(push, frame, settings)
        self.faults += refused or logits is None
        if logits is None and push is not self._unsteered:
            self._refused, self._steer_at = push.offset, frame + AGAIN_FRAMES
            self._say("frame %d cannot be steered: its logits are not finite", frame)
            window.pushes[-1] = self._unsteered
            logits = self._logits(self._unsteered, frame, settings)
        if logits is None and frame >= self._read_at:
            self._say(
                "frame %d cannot be played: its logits are not finite even without steering", frame
            )
            window.uses += 1  # what was played can no longer be played again
            window.pushes = [self._unsteered] * len(window.pushes)
            windows.read_again()
            self._read_at = frame + AGAIN_FRAMES
            logits = self._logits(self._unsteered, frame, settings)
        if logits is None:
            window.decoder.forget(windows.position)
            held = window.inputs[:, windows.position]
            return torch.where(held == windows.model.start_code, 0, held)
        return sample(logits, draws(frame), settings.temperature, settings.top_k)

    def next_push(self, frame: int, seed: int, steer_guidance: str) -> Push:
        """How the next position is steered; the same object as long as nothing changes."""
        steering, pushes = self._steering, self._windows.here.pushes
        offset = steering.offset(frame, seed)
        if offset is steering.nothing:
            return self._unsteered
        latest = pushes[-1] if pushes else self._unsteered
        prompted_only, keep_norm = steer_guidance == "conditional", steering.keep_norm
        same = (latest.prompted_only, latest.keep_norm) == (prompted_only, keep_norm)
        same = same and latest.basis is steering.basis
        if latest.offset is offset and same:
            return latest
        return Push(offset, prompted_only, keep_norm, steering.basis)

    def _may_widen(self, push: Push) -> bool:
        """Whether the precision of the decoder may be what made numbers infinite."""
        narrow = self._windows.here.decoder.dtype == torch.float16
        return narrow and bool(push.offset.isfinite().all())

    def _logits(self, push: Push, frame: int, settings: Settings) -> Tensor | None:
        """Guided logits [codebooks, codes] after reading the position, None if not all finite."""
        windows, decoder = self._windows, self._windows.here.decoder
        position = windows.position
        decoder.steer(push)
        codes = windows.here.inputs[:, position : position + 1]
        capture = self._capture
        logits = decoder.step(codes, position, None if capture is None else capture.take)
        if capture is not None:
            capture.put(frame)
        logits = guide(logits, settings.guidance_scale) if decoder.guided else logits[0]
        return logits if math.isfinite(logits.sum().item()) else None

    def _say(self, words: str, frame: int) -> None:
        """Once, until there were no such frames for a while."""
        if frame >= self._quiet_until:
            log.warning(words, frame)
        self._quiet_until = frame + QUIET_FRAMES


class Capture:
    """Writes the outputs of some layers, of the row that reads the prompt, frame by frame."""

    def __init__(self, path: str | os.PathLike[str], layers: Sequence[int]) -> None:
        self._file, self._layers = HalfFile(path), layers
        self._states: list[np.ndarray] = []

    def take(self, layer: int, hidden: Tensor) -> None:
        """A layer's output of one position, [rows, 1, width]."""
        if layer in self._layers:
            self._states.append(hidden[0].half().cpu().numpy())

    def put(self, frame: int) -> None:
        """All that was taken is of this frame."""
        self._file.put(frame, np.stack(self._states)[None])
        self._states.clear()


def capture_of(
    model: MusicModel,
    layers: str | Sequence[int] | None,
    path: str | os.PathLike[str] | None,
) -> Capture | None:
    """What `MusicStream`'s `capture` and `capture_to` ask for. Raises MusicRFMError."""
    if layers is None and path is None:
        return None
    if layers is None or path is None:
        raise MusicRFMError("capture (the layers) and capture_to (the file) must be given together")
    if model.packed:
        raise MusicRFMError(
            f"hidden states cannot be captured with dtype {model.precision}: "
            "load the model in float32"
        )
    wanted: Any = None if isinstance(layers, str) and layers == "all" else layers
    return Capture(path, layer_numbers(wanted, model.layers))
