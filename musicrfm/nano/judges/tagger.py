"""A network that tags music, as an ear that nobody here trained.

The network is "musicnn", trained by Jordi Pons on MagnaTagATune. Its weights are in the wheel
`musicnn` (`pip download --no-deps musicnn`) and stay there: only the file is read, nothing of it is
installed. The layers are those of the published description: wide and tall convolutions of a mel
spectrogram, each reduced to its maximum over frequency; three convolutions over time with
shortcuts; maxima and means over time; a dense layer of 200, whose output is the embedding; the
tags.
Source: Pons and Serra, "musicnn: pre-trained convolutional neural networks for music audio
tagging", 2019.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import librosa
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from musicrfm.errors import MusicRFMError
from musicrfm.listening.measure import mono_of
from musicrfm.listening.rhythm import RATE
from musicrfm.nano.judges import bundle
from musicrfm.nano.judges.wheels import content

HOP, WINDOW, BANDS = 256, 512, 96  # of the mel spectrogram, at 16 kHz
FRAMES = 187  # of a patch, 3 s
EPSILON = 1e-3  # of the batch normalisations
TIMBRAL, TEMPORAL = (0, 1), (2, 3, 4)  # numbers of the front end's convolutions
MIDDLE = (5, 6, 7)
PLACES = ("musicnn/MTT_musicnn", "MTT_musicnn", "")  # where the checkpoint may be in what is given
# fmt: off
TAGS = (
    "guitar", "classical", "slow", "techno", "strings", "drums", "electronic", "rock", "fast",
    "piano", "ambient", "beat", "violin", "vocal", "synth", "female", "indian", "opera", "male",
    "singing", "vocals", "no vocals", "harpsichord", "loud", "quiet", "flute", "woman",
    "male vocal", "no vocal", "pop", "soft", "sitar", "solo", "man", "classic", "choir", "voice",
    "new age", "dance", "male voice", "female vocal", "beats", "harp", "cello", "no voice",
    "weird", "country", "metal", "female voice", "choral",
)
# fmt: on

Weights = Mapping[str, Tensor]


@dataclass(frozen=True)
class Heard:
    """Of the 3 s patches of a clip. tags: [patches, 50], the likelihood of each of TAGS.
    embedding: [patches, 200]."""

    tags: np.ndarray
    embedding: np.ndarray

    def likeliest(self, count: int = 5) -> list[str]:
        """The tags of the whole clip, the likeliest first."""
        return [TAGS[i] for i in np.argsort(-self.tags.mean(0))[:count]]


def load(source: Path) -> Weights:
    """The weights from the wheel, or from a folder with its content.

    Raises MusicRFMError if they are not there or damaged.
    """
    root = content(source)
    for place in PLACES:
        folder = root / place if place else root
        index, data = folder / ".index", folder / ".data-00000-of-00001"
        if index.is_file() and data.is_file():
            found = bundle.variables(index.read_bytes(), data.read_bytes())
            return {k: torch.from_numpy(v.copy()) for k, v in found.items() if "Adam" not in k}
    raise MusicRFMError(
        f"{source} has no MTT_musicnn checkpoint: give the wheel that "
        "`pip download --no-deps musicnn` leaves, or a folder with its content"
    )


def listen(weights: Weights, audio: np.ndarray, sample_rate: int) -> Heard:
    """audio: float [samples] or [samples, channels], at least 3 s; the rest after whole patches of
    3 s is left out."""
    spectrum = patches(mono_of(audio, sample_rate))
    with torch.inference_mode():
        embedding, logits = forward(weights, torch.from_numpy(spectrum))
    return Heard(logits.sigmoid().numpy(), embedding.numpy())


def patches(mono: np.ndarray) -> np.ndarray:
    """Compressed mel spectra of audio at 16 kHz, float32 [patches, 187, 96]."""
    mel = librosa.feature.melspectrogram(
        y=mono, sr=RATE, n_fft=WINDOW, hop_length=HOP, n_mels=BANDS, pad_mode="reflect"
    )
    count = mel.shape[1] // FRAMES
    if not count:
        raise MusicRFMError(
            f"{len(mono) / RATE:.1f} s are too short to be tagged: give 3 s or more"
        )
    level = np.log10(1 + 10_000 * mel.T[: count * FRAMES])
    return level.astype(np.float32).reshape(count, FRAMES, BANDS)


def forward(weights: Weights, x: Tensor) -> tuple[Tensor, Tensor]:
    """[patches, frames, 96] -> embedding [patches, 200], logits of the tags [patches, 50]."""
    x = _normalised(weights, 0, x[:, None])
    padded = F.pad(x, (0, 0, 3, 3))
    front = [_front(weights, number, padded) for number in TIMBRAL]
    for number in TEMPORAL:
        length = _get(weights, _name("conv2d", number) + "/kernel").shape[0]
        before = (length - 1) // 2
        front.append(_front(weights, number, F.pad(x, (0, 0, before, length - 1 - before))))
    features = [torch.cat(front, 1)]
    for number in MIDDLE:
        last = features[-1]
        kernel = _get(weights, _name("conv2d", number) + "/kernel")[:, :, 0].permute(2, 1, 0)
        bias = _get(weights, _name("conv2d", number) + "/bias")
        new = _normalised(weights, number + 1, F.conv1d(last, kernel, bias, padding=3).relu())
        features.append(new if number == MIDDLE[0] else new + last)
    every = torch.cat(features, 1)  # [patches, 753, frames]
    pooled = torch.stack((every.amax(2), every.mean(2)), 2).flatten(1)
    dense = _dense(weights, 0, _normalised(weights, 9, pooled)).relu()
    embedding = _normalised(weights, 10, dense)
    return embedding, _dense(weights, 1, embedding)


def _front(weights: Weights, number: int, x: Tensor) -> Tensor:
    """[patches, 1, frames, 96] -> [patches, channels, frames], the maxima over frequency."""
    kernel = _get(weights, _name("conv2d", number) + "/kernel").permute(3, 2, 0, 1)
    found = F.conv2d(x, kernel, _get(weights, _name("conv2d", number) + "/bias")).relu()
    return _normalised(weights, number + 1, found).amax(3)


def _normalised(weights: Weights, number: int, x: Tensor) -> Tensor:
    """Batch normalisation of the second axis, with the statistics of the training."""
    name = _name("batch_normalization", number)
    mean, variance, gamma, beta = (
        _get(weights, f"{name}/{part}")
        for part in ("moving_mean", "moving_variance", "gamma", "beta")
    )
    shape = [-1, *[1] * (x.ndim - 2)]
    scale = gamma / (variance + EPSILON).sqrt()
    return x * scale.view(shape) + (beta - mean * scale).view(shape)


def _dense(weights: Weights, number: int, x: Tensor) -> Tensor:
    name = _name("dense", number)
    return x @ _get(weights, f"{name}/kernel") + _get(weights, f"{name}/bias")


def _name(kind: str, number: int) -> str:
    """As TensorFlow numbers layers."""
    return f"{kind}_{number}" if number else kind


def _get(weights: Weights, name: str) -> Tensor:
    if name not in weights:
        raise MusicRFMError(f"the checkpoint lacks {name}: it is not musicnn's")
    return weights[name]
