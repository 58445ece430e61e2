"""Chooses the codes of the next position, with fallbacks if the logits are not finite."""

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

AGAIN_FRAMES = 50  # after logits that are not finite, until their cause is tried again
QUIET_FRAMES = 500  # without such logits, until they are reported again

# Problems of a stream are logged under the name of the whole stream.
log = logging.getLogger("musicrfm.stream")


class Chooser:
    """Chooses codes position by position; for use by one thread.

    unsteered: the push that steers nothing. capture: file for the outputs of some layers. faults:
    number of frames that could not be played as steered, see `choose`.
    """

    def __init__(
        self, windows: Windows, steering: Steering, unsteered: Push, capture: Capture | None
    ) -> None:
        self._windows, self._steering, self._unsteered = windows, steering, unsteered
        self._capture = capture
        self.faults = 0
        self.begin()

    def begin(self) -> None:
        """Start a new piece."""
        # The offset that made the logits infinite, and the frames from which it may be tried again,
        # the window may be prefilled again, and such logits are reported again.
        self._refused: Tensor | None = None
        self._steer_at = self._read_at = self._quiet_until = 0

    def choose(self, frame: int, draws: Draws, settings: Settings) -> Tensor:
        """Codes of the next position, int64 [codebooks].

        If the logits are not finite, the frame is computed unsteered; if they still are not, the
        whole window is prefilled again unsteered; and if that fails too, the last codes repeat.
        """
        windows, window = self._windows, self._windows.here
        push = self.next_push(frame, draws.seed, settings.steer_guidance)
        refused = push.offset is self._refused and frame < self._steer_at
        if refused:
            push = self._unsteered  # trying again so soon would only cost time
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
            window.uses += 1  # earlier states of this window cannot be restored any more
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
        """The push of the next position; the same object as long as nothing changes."""
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
        """Whether float16 may be the cause of infinite numbers."""
        narrow = self._windows.here.decoder.dtype == torch.float16
        return narrow and bool(push.offset.isfinite().all())

    def _logits(self, push: Push, frame: int, settings: Settings) -> Tensor | None:
        """Guided logits [codebooks, codes] of the position, None if they are not all finite."""
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
        """Log a warning, once until there were no such frames for a while."""
        if frame >= self._quiet_until:
            log.warning(words, frame)
        self._quiet_until = frame + QUIET_FRAMES


class Capture:
    """Writes the outputs of some layers frame by frame, for the row that reads the prompt."""

    def __init__(self, path: str | os.PathLike[str], layers: Sequence[int]) -> None:
        self._file, self._layers = HalfFile(path), layers
        self._states: list[np.ndarray] = []

    def take(self, layer: int, hidden: Tensor) -> None:
        """Keep a layer's output for one position, [rows, 1, width], if it is wanted."""
        if layer in self._layers:
            self._states.append(hidden[0].half().cpu().numpy())

    def put(self, frame: int) -> None:
        """Write the outputs kept since the last call, as those of this frame."""
        self._file.put(frame, np.stack(self._states)[None])
        self._states.clear()


def capture_of(
    model: MusicModel,
    layers: str | Sequence[int] | None,
    path: str | os.PathLike[str] | None,
) -> Capture | None:
    """The capture for `MusicStream`'s `capture` (layers) and `capture_to` (file), None for neither.

    Raises MusicRFMError if only one is given, or the model's precision allows no capture.
    """
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
