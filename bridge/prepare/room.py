"""Checks, before the download, whether memory and disk suffice to train on a model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from bridge.prepare.plan import Concept, Sizes
from bridge.prepare.storage import Disk, disks, kept
from bridge.process.memory import free_memory
from musicrfm.checkpoints import adapters, hub
from musicrfm.checkpoints.audiocraft_settings import opened
from musicrfm.checkpoints.finding import local, wanted
from musicrfm.checkpoints.tensors import count_values, read_pickled
from musicrfm.errors import MusicRFMError
from musicrfm.published.importer import model_size
from musicrfm.published.sizes import PUBLISHED

GIB = 2**30
BESIDE = 1.3  # factor on the weights, for hidden states and audio
LIBRARIES = 1.0 * GIB  # memory of Python and its libraries, or of CUDA
OTHER_PARTS = 170e6  # weights of T5-base and of EnCodec
FLOAT32 = 4.0  # bytes
ON_GPU = "float16"  # the precision there, see `musicrfm.runtime.devices.precision_of`


@dataclass(frozen=True)
class Room:
    """Bytes. weights: of the model in float32. download: still to be downloaded. memory: free on
    this computer, None if unknown. gpu: free memory of the GPU, None without one."""

    weights: float
    download: float
    memory: float | None
    disks: tuple[Disk, ...] = ()
    gpu: float | None = None

    def dtype(self, kept: str | None = None) -> str:
        """The precision to train in: float32, or bfloat16 if only that fits; on a GPU, its own is
        used.

        kept: that of an earlier start, which stays as long as it fits.
        Raises MusicRFMError if neither fits, the GPU is too small, or a disk is too full.
        """
        for disk in self.disks:
            if disk.free < disk.needs:
                raise MusicRFMError(
                    f"the disk of {' and '.join(disk.folders)} has {disk.free / GIB:.1f} GiB left, "
                    f"and this needs about {disk.needs / GIB:.1f}: free some space, or set what is "
                    "in brackets to a folder on a larger disk"
                )
        if self.gpu is not None and self.needs(ON_GPU) > self.gpu:
            raise MusicRFMError(
                f"{self.gpu / GIB:.1f} GiB of GPU memory are free, and this model needs about "
                f"{self.needs(ON_GPU) / GIB:.1f} in {ON_GPU}: close other programs that use the "
                "GPU, give --device cpu, or use a smaller model"
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
        words = [f"{self.weights / GIB:.2f} GiB of weights in float32"]
        if self.download:
            words.append(f"{self.download / GIB:.1f} GiB to download")
        words.append(f"free memory {free}")
        if self.gpu is not None:
            words.append(f"free GPU memory {self.gpu / GIB:.1f} GiB")
        for disk in self.disks:
            words.append(f"{disk.needs / GIB:.1f} of {disk.free / GIB:.1f} GiB free on a disk")
        return ", ".join(words)


def room_for(
    model: str, concepts: Sequence[Concept], sizes: Sizes, out: Path, device: torch.device
) -> Room:
    """The memory and disk that a model needs and this computer has; loads nothing.

    model: as for `MusicModel.load`. concepts, sizes: what is made. out: the folder of results.
    """
    weights, download = _weights(model)
    space = kept(*_shape(model), concepts, sizes)
    gpu = float(torch.cuda.mem_get_info(device)[0]) if device.type == "cuda" else None
    return Room(FLOAT32 * weights, download, free_memory(), disks(download, space, out), gpu)


def _weights(model: str) -> tuple[float, float]:
    """(number of weights, bytes to download). An adapter has the size of its base model."""
    here = local(model)
    if here is not None and here.layout == "adapter":
        return _weights(adapters.base_of(here))
    if here is not None and here.layout == "audiocraft":
        path = here.weights[0]
        state, _ = opened(read_pickled(path), path)
        return sum(tensor.numel() for tensor in state.values()) + OTHER_PARTS, 0.0
    if here is not None:
        return float(count_values(here.weights)), 0.0
    if (known := PUBLISHED.get(model.split("/")[-1])) is not None:
        weights = _decoder_weights(known) + OTHER_PARTS
        return weights, FLOAT32 * weights
    address = hub.address(model)
    assert address is not None, "`local` refuses anything but a local model or a hub id"
    size, values = hub.download_size(address, wanted)
    return values or size / FLOAT32, float(size)


def _shape(model: str) -> tuple[int, int]:
    """(layers, width); of the largest published model if it cannot be known before the download."""
    here = local(model)
    if here is not None and here.shown != "nano":
        model = str(here.weights[0] if here.layout == "audiocraft" else here.folder)
    try:
        return model_size(model)
    except MusicRFMError:
        return max((size.layers, size.width) for size in PUBLISHED.values())


def _decoder_weights(size) -> float:
    books = 8 if size.stereo else 4
    layer = (4 + (0 if size.melody else 4) + 8) * size.width**2
    return size.layers * layer + 2 * books * 2049 * size.width
