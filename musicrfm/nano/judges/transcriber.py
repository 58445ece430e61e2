"""The pitch classes of a clip by a transcriber that nobody here trained, beside our own measure.

The network is Spotify's "Basic Pitch", from the wheel `basic-pitch` (`pip download --no-deps
basic-pitch`), of which only the ONNX file is read; `onnxruntime` computes it.
Source: Bittner et al., "A lightweight instrument-agnostic model for polyphonic note transcription
and multipitch estimation", 2022.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import soxr

from musicrfm.errors import MusicRFMError
from musicrfm.listening import measure
from musicrfm.nano.judges.wheels import content

RATE, HOP = 22_050, 256  # samples a second, and from one frame to the next
LENGTH = 2 * RATE - HOP  # samples of a window
EDGE = 15  # frames at both ends of a window, which another window hears better
LOWEST = 21  # the MIDI pitch of the first of 88 notes
HEARD = 0.3  # likelihood from which a note sounds
INPUT, NOTES = "serving_default_input_2:0", "StatefulPartitionedCall:1"
PLACE = "basic_pitch/saved_models/icassp_2022/nmp.onnx"

Network = Callable[[np.ndarray], np.ndarray]  # [windows, LENGTH, 1] -> notes [windows, 172, 88]


def load(source: Path) -> Network:
    """The network from the wheel, or from a folder with its content.

    Raises MusicRFMError if the file or onnxruntime is not there.
    """
    file = content(source) / PLACE
    if not file.is_file():
        raise MusicRFMError(
            f"{source} has no {PLACE}: give the wheel that "
            "`pip download --no-deps basic-pitch` leaves, or a folder with its content"
        )
    try:
        import onnxruntime
    except ImportError:
        raise MusicRFMError("the transcriber needs onnxruntime: pip install onnxruntime") from None
    session: Any = onnxruntime.InferenceSession(
        file.read_bytes(), providers=["CPUExecutionProvider"]
    )
    return lambda windows: session.run([NOTES], {INPUT: windows})[0]


def notes(network: Network, audio: np.ndarray, sample_rate: int) -> np.ndarray:
    """The likelihood of each note, [frames, 88]; audio: [samples, channels]."""
    mono = soxr.resample(audio.mean(1), sample_rate, RATE).astype(np.float32)
    padded = np.concatenate((np.zeros(EDGE * HOP, np.float32), mono))
    step = LENGTH - 2 * EDGE * HOP
    starts = range(0, len(mono), step)
    padded = np.pad(padded, (0, starts[-1] + LENGTH - len(padded)))
    found = network(np.stack([padded[at : at + LENGTH] for at in starts])[..., None])
    return found[:, EDGE:-EDGE].reshape(-1, found.shape[2])[: len(mono) // HOP]


def note_share(likelihood: np.ndarray) -> np.ndarray:
    """[12]: the share of sounding time in which each pitch class is the likeliest; zeros for
    silence."""
    classes = np.zeros((len(likelihood), 12))
    for key in range(likelihood.shape[1]):
        at = (LOWEST + key) % 12
        classes[:, at] = np.maximum(classes[:, at], likelihood[:, key])
    sounding = classes.max(1) >= HEARD
    return np.bincount(classes[sounding].argmax(1), minlength=12) / max(1, sounding.sum())


def compare(
    network: Network, clips: Sequence[np.ndarray], sample_rate: int, prefix: str = ""
) -> dict[str, float]:
    """How far the transcriber and our measure agree on the pitch classes of clips.

    agreement: overlap of both shares of the pitch classes, mean over clips, 0 to 1. by_chance: the
    same between different clips. three_pitch_classes: share of clips in which each hears three or
    more, and in which both say the same about that.
    """
    theirs = np.array([note_share(notes(network, clip, sample_rate)) for clip in clips])
    ours = np.array([measure.measure(clip, sample_rate).note_share for clip in clips])
    overlap = np.minimum(theirs[:, None], ours[None]).sum(2)
    own = np.eye(len(clips), dtype=bool)
    several = [(share >= measure.HEARD_SHARE).sum(1) >= 3 for share in (theirs, ours)]
    return {
        f"{prefix}clips": len(clips),
        f"{prefix}agreement": float(overlap[own].mean()),
        f"{prefix}agreement_by_chance": float(overlap[~own].mean()) if len(clips) > 1 else 0.0,
        f"{prefix}three_pitch_classes_transcribed": float(several[0].mean()),
        f"{prefix}three_pitch_classes_measured": float(several[1].mean()),
        f"{prefix}same_verdict": float((several[0] == several[1]).mean()),
    }
