"""Checks, before the download, whether memory and disk suffice to train on a model."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import constants

from bridge.process.memory import free_memory
from musicrfm.checkpoints import hub
from musicrfm.checkpoints.finding import local, wanted
from musicrfm.errors import MusicRFMError
from musicrfm.files.paths import path_of
from musicrfm.published.sizes import PUBLISHED

GIB = 2**30
BESIDE = 1.3  # factor on the weights, for hidden states and audio
LIBRARIES = 1.0 * GIB  # memory of Python and its libraries
OTHER_PARTS = 170e6  # weights of T5-base and of EnCodec
KEPT = 1.0 * GIB  # on disk, for hidden states and clips


@dataclass(frozen=True)
class Room:
    """Bytes. weights: of the model in float32. download: still to be downloaded. memory, disk: free
    on this computer; None if unknown."""

    weights: float
    download: float
    memory: float | None
    disk: float

    def dtype(self, kept: str | None = None) -> str:
        """The precision to train in: float32, or bfloat16 if only that fits.

        kept: that of an earlier start, which stays as long as it fits.
        Raises MusicRFMError if neither fits, or the disk is too full.
        """
        if self.disk < self.download + KEPT:
            raise MusicRFMError(
                f"the disk has {self.disk / GIB:.1f} GiB left, and this needs about "
                f"{(self.download + KEPT) / GIB:.1f}: free some space, or set HF_HOME and "
                "MUSICRFM_CACHE to folders on a larger disk"
            )
        if self.memory is None:
            return kept or "float32"
        for dtype in (kept or "float32", "float32", "bfloat16"):
            if self.needs(dtype) <= self.memory:
                return dtype
        raise MusicRFMError(
            f"{self.memory / GIB:.1f} GiB of memory are free, and this model needs about "
            f"{self.needs('bfloat16') / GIB:.1f} in bfloat16: close other programs, or use a "
            "smaller model"
        )

    def needs(self, dtype: str) -> float:
        return BESIDE * self.weights * (1.0 if dtype == "float32" else 0.5) + LIBRARIES

    def words(self) -> str:
        free = "unknown" if self.memory is None else f"{self.memory / GIB:.1f} GiB"
        fetch = f"{self.download / GIB:.1f} GiB to download, " if self.download else ""
        return (
            f"{self.weights / GIB:.2f} GiB of weights in float32, {fetch}free memory {free}, free "
            f"disk space {self.disk / GIB:.1f} GiB"
        )


def room_for(model: str) -> Room:
    """The memory and disk that a model needs and this computer has; loads nothing.

    model: as for `MusicModel.load`.
    """
    here = local(model)
    known, address = PUBLISHED.get(model.split("/")[-1]), hub.address(model)
    if here is not None:
        weights = float(sum(file.stat().st_size for file in here.weights))
    elif known is not None:
        weights = 4.0 * (_decoder_weights(known) + OTHER_PARTS)
    else:
        assert address is not None, "`local` refuses anything but a local model or a hub id"
        weights = float(hub.download_bytes(address, wanted))
    download = 0.0 if here is not None else weights
    cache = path_of(constants.HF_HUB_CACHE)
    return Room(weights, download, free_memory(), float(shutil.disk_usage(_there(cache)).free))


def _decoder_weights(size) -> float:
    books = 8 if size.stereo else 4
    layer = (4 + (0 if size.melody else 4) + 8) * size.width**2
    return size.layers * layer + 2 * books * 2049 * size.width


def _there(path: Path) -> Path:
    """The nearest parent folder that exists."""
    while not path.is_dir() and path.parent != path:
        path = path.parent
    return path
