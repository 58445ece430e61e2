"""The disk space that preparing a model needs, on each disk that it writes to."""

from __future__ import annotations

import math
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from huggingface_hub import constants

from bridge.commands.unseen import RATE
from bridge.prepare.plan import Concept, Sizes
from musicrfm.data.composed import SECONDS
from musicrfm.data.hidden import kept_as
from musicrfm.directions import user_folder
from musicrfm.files.folders import cache_folder
from musicrfm.files.paths import path_of
from musicrfm.training.beat import HELD_OUT, SETTLING

FLOAT32 = 4  # bytes
FILES = 2  # of a direction: itself and its detector
SPARE = 64 * 2**20  # bytes in each folder, for logs, measurements and tables


@dataclass(frozen=True)
class Kept:
    """Bytes that preparing writes. cache: hidden states, in the cache. scratch: at most, in the
    folder for temporary files. results: directions, in the folder of results and in the user's."""

    cache: float
    scratch: float
    results: float


def kept(layers: int, width: int, concepts: Sequence[Concept], sizes: Sizes) -> Kept:
    """What preparing these concepts writes for a model of this shape.

    The frames of composed music are stored once, and copied in float32 while their directions are
    trained; each other set has its own clips. Training the tempo stores the frames of its held-out
    clips in float32 for as long as it runs.
    """
    position = layers * width
    sets = [concept.data for concept in concepts]
    frames = sizes.frames if "frames" in sets else 0
    beats = math.ceil(sizes.beats / HELD_OUT) if "beats" in sets else 0
    rows = frames + sizes.clips * sets.count("clips")
    item = np.dtype(kept_as(position)).itemsize
    held = beats * (SECONDS - SETTLING) * RATE
    directions = sum(concept.directions for concept in concepts)
    results = FILES * FLOAT32 * position * directions
    return Kept(
        item * position * rows + results + SPARE,
        FLOAT32 * position * max(frames, held) + results + SPARE,
        results + SPARE,
    )


@dataclass(frozen=True)
class Disk:
    """Bytes. folders: that lie on it, with what can be set to move them."""

    free: float
    needs: float
    folders: tuple[str, ...]


def disks(download: float, space: Kept, out: Path) -> tuple[Disk, ...]:
    """The disks that are written to. download: bytes. out: the folder of results."""
    wanted = (
        (path_of(constants.HF_HUB_CACHE), download, "HF_HOME"),
        (cache_folder(), space.cache, "MUSICRFM_CACHE"),
        (Path(tempfile.gettempdir()), space.scratch, "TMPDIR"),
        (out, space.results, "--out"),
        (user_folder(), space.results, "MUSICRFM_DIRECTIONS"),
    )
    found: dict[int, Disk] = {}
    for folder, needs, name in wanted:
        if needs:
            there = _there(folder)
            number = there.stat().st_dev
            free = float(shutil.disk_usage(there).free)
            one = found.get(number, Disk(free, 0.0, ()))
            found[number] = Disk(one.free, one.needs + needs, (*one.folders, f"{folder} ({name})"))
    return tuple(found.values())


def _there(path: Path) -> Path:
    """The nearest parent folder that exists."""
    path = path.absolute()
    while not path.is_dir() and path.parent != path:
        path = path.parent
    return path
