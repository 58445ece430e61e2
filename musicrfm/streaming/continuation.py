"""Encodes the end of a recording (a take), so that a piece can continue from it.

The decoder continues the take as if it had generated it.
"""

from __future__ import annotations

import os

import numpy as np
import torch
from torch import Tensor

from musicrfm.errors import MusicRFMError
from musicrfm.files.paths import path_of
from musicrfm.files.sound import check_mix, read_sound
from musicrfm.model import MusicModel

SECONDS = 8.0  # used from the end of a take
WARM_UP = 1.0  # seconds before it that the codec also encodes
SHORTEST = 0.5
SILENT = 1e-3  # peak, 60 dB below full scale


def opening(model: MusicModel, source: object, longest: int) -> Tensor:
    """Codes int64 [codebooks, frames] of the end of a take, at most 8 s and `longest` frames.

    source: the path of a sound file, or the codes of the whole take. Raises MusicRFMError if the
    file does not exist, is silent or shorter than half a second, or if its channels cancel when
    mixed to mono.
    """
    frames = min(longest, round(SECONDS * model.frame_rate))
    if isinstance(source, (str, os.PathLike)):
        codes = model.encode_audio(*_end_of(model, source))
    else:
        codes = _checked(model, source)
    return codes[:, -frames:].to(model.device).contiguous()


def _end_of(model: MusicModel, source: str | os.PathLike[str]) -> tuple[np.ndarray, int]:
    """The end of a sound file, float32 [samples, channels], and its rate in Hz."""
    shown = os.fspath(source)
    if not path_of(source).exists():
        raise MusicRFMError(f"the recording {shown!r} does not exist: check the path")
    audio, rate = read_sound(source, last=SECONDS + WARM_UP)
    if len(audio) < SHORTEST * rate:
        raise MusicRFMError(
            f"{shown!r} is only {len(audio) / rate:.2f} s long: continuing it takes at least "
            f"{SHORTEST:g} s"
        )
    peak = float(np.abs(audio[-round(SECONDS * rate) :]).max())
    if peak < SILENT:
        raise MusicRFMError(
            f"{shown!r} is silent at its end, so it cannot be continued: cut the silence off"
        )
    if audio.shape[1] != model.channels:
        check_mix(audio, shown)
    return audio / max(1.0, peak), rate  # beyond full scale, the codec would encode noise


def _checked(model: MusicModel, source: object) -> Tensor:
    try:
        codes = torch.as_tensor(source).detach().long()
    except (TypeError, ValueError, RuntimeError, OverflowError, RecursionError):
        raise MusicRFMError(
            f"continue_from must be a sound file's path or codes, not {type(source).__name__}"
        ) from None
    shortest = max(model.delays) + 1
    if codes.ndim != 2 or codes.shape[0] != model.codebooks or codes.shape[1] < shortest:
        raise MusicRFMError(
            f"codes to continue from must have the shape [{model.codebooks}, at least {shortest} "
            f"frames], not {list(codes.shape)}"
        )
    if codes.min() < 0 or codes.max() >= model.codes:
        raise MusicRFMError(f"codes must be from 0 to {model.codes - 1}")
    return codes
