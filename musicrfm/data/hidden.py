"""Training data: the pooled hidden states of labelled clips, computed once and stored on disk."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from musicrfm.data.activations import (
    activations,
    features_of,
    layer_numbers,
    stream,
)
from musicrfm.data.states import States
from musicrfm.directions import checked_owner
from musicrfm.errors import MusicRFMError, short
from musicrfm.files.folders import cache_folder
from musicrfm.progress import Progress
from musicrfm.weights.fingerprint import fingerprint

if TYPE_CHECKING:
    from musicrfm.data.clips import ClipSet
    from musicrfm.model import MusicModel

VERSION = 4  # of the cache's contents
LARGE = 20_000  # numbers of a position, in all layers together


@dataclass
class Data:
    """Pooled hidden states with the rows of their labels.

    states: [clips, layers, features]; rows: one dict per clip; groups: clips of one group go to the
    same part of the split. layers: the model's numbers of the layers that `states` has, out of
    `depth`; by default all. file: where the states lie on disk; without it they are in memory.
    seconds: length of the clips, None if they differ or it is not known. fingerprint: of the
    model's weights.
    """

    name: str
    model: str
    states: np.ndarray = field(repr=False)
    rows: list[dict] = field(repr=False)
    groups: list[Hashable] = field(repr=False)
    pooling: str
    seed: int
    about: dict = field(default_factory=dict)
    layers: list[int] = field(default_factory=list)
    depth: int = 0
    file: States | None = field(default=None, repr=False)
    seconds: float | None = None
    fingerprint: str | None = None

    def __post_init__(self) -> None:
        self.layers = self.layers or list(range(self.states.shape[1]))
        self.depth = self.depth or len(self.layers)

    def part(self, rows: Sequence[int]) -> Data:
        """Some of the clips, by number, in memory."""
        return replace(
            self,
            states=np.asarray(self.states)[list(rows)],
            rows=[self.rows[n] for n in rows],
            groups=[self.groups[n] for n in rows],
            file=None,
        )

    @cached_property
    def on_disk(self) -> States:
        """The states as a file for worker processes; written on first use if they are in memory
        only."""
        return self.file or States.of(Path(self._scratch.name) / "states", self.states)

    @property
    def store(self) -> Path:
        """The folder for fits on these states: beside them, or a temporary one that lives as long
        as this object."""
        return self.on_disk.folder / "fits"

    @cached_property
    def _scratch(self) -> tempfile.TemporaryDirectory:
        return tempfile.TemporaryDirectory(prefix="musicrfm-")


def hear(
    model: MusicModel,
    clip_set: ClipSet,
    pooling: str = "mean",
    batch: int = 16,
    cache: Path | None = None,
    workers: int = 0,
    *,
    layers: Sequence[int] | None = None,
    seed: int = 0,
    dtype: str | None = None,
) -> Data:
    """The pooled hidden states of `clip_set`; those in the cache are not computed again.

    batch: clips of one length that the model hears at once. cache: a folder; None for the user's,
    or the environment variable MUSICRFM_CACHE. workers: processes that prepare sound, 0 for none
    but this. layers: the numbers of those to keep, negative ones from the end. seed: of the split.
    dtype: float32, or float16 for half the disk; by default as `kept_in` says.

    The states go to disk batch by batch, so 40,000 clips of 48 layers of 2048 (8 GB in float16)
    need no more memory than 40 do; `activations.stream` states the bound. A run that was
    interrupted goes on after its last batch. Raises MusicRFMError for unknown poolings and layers
    and for a set in which nothing can be heard.
    """
    checked_owner(model)
    if not hasattr(clip_set, "rows"):
        raise MusicRFMError(f"{short(clip_set)} is not a ClipSet: make it with audio_folder(…)")
    chosen = layer_numbers(layers, model.layers)
    if not clip_set.rows:
        raise MusicRFMError(f"{clip_set.name!r} has no clips to compute hidden states of")
    kept_as = dtype or kept_in(model)
    states = _states(model, clip_set, pooling, chosen, cache or cache_folder(), kept_as)
    if not states.done:
        progress = Progress(
            f"encoding {clip_set.name}", len(clip_set.rows), "clips", already=states.heard
        )
        stream(
            model,
            clip_set,
            states,
            pooling,
            layers=chosen,
            batch=batch,
            workers=workers,
            progress=progress,
        )
    if not states.kept:
        raise MusicRFMError(f"every clip of {clip_set.name!r} is silent")
    return Data(
        name=clip_set.name,
        model=model.name,
        states=states.view(),
        rows=[clip_set.rows[i] for i in states.kept],
        groups=[clip_set.groups[i] for i in states.kept],
        pooling=pooling,
        seed=seed,
        about=dict(clip_set.about),
        layers=chosen,
        depth=model.layers,
        file=states,
        seconds=clip_set.about.get("seconds"),
        fingerprint=model.fingerprint,
    )


def _states(
    model: MusicModel, clip_set: ClipSet, pooling: str, layers: list[int], cache: Path, dtype: str
) -> States:
    """The stored states of these clips, possibly incomplete."""
    features = features_of(pooling, model.width)
    key = {
        "set": clip_set.name,
        "about": clip_set.about,
        "rows": clip_set.rows,
        "pooling": pooling,
        "layers": layers,
    }
    folder = states_folder(cache, model, key, dtype)
    return States.open(folder, len(clip_set.rows), len(layers), features, dtype)


def states_folder(cache: Path, model: MusicModel, key: dict, dtype: str) -> Path:
    """Where states are kept that these weights and all in `key` decide."""
    weights = {"model": fingerprint(model.hf), "precision": model.precision}
    whole = {**weights, **key, "version": VERSION}
    return cache / f"states-{digest(whole)}-{dtype}"


def kept_in(model: MusicModel) -> str:
    """As `kept_as`, for the states of a model."""
    return kept_as(model.layers * model.width)


def kept_as(position: int) -> str:
    """float32, or float16 for a large model, whose states would fill a disk.

    position: how many numbers a position has, in all layers together.
    """
    return "float16" if position >= LARGE else "float32"


def clip_data(
    model: MusicModel,
    name: str,
    clips: Iterable[tuple[dict, np.ndarray, int]],
    *,
    groups: Callable[[dict], Hashable] | None = None,
    pooling: str = "mean",
    seed: int = 0,
) -> Data:
    """Hidden states of any clips, given as (row of labels, audio, sample rate).

    `groups` gives the group of each row; by default every clip is a group. Everything stays in
    memory and nothing is cached; for large sets, make a `ClipSet` and call `hear`. Raises
    MusicRFMError for anything else.
    """
    checked_owner(model)
    if not isinstance(clips, Iterable):
        raise MusicRFMError(f"clips must be (labels, audio, sample rate), not {short(clips)}")
    rows: list[dict] = []

    def heard():
        for one in clips:
            try:
                row, audio, sample_rate = one
            except (TypeError, ValueError):
                raise MusicRFMError(
                    f"a clip must be (labels, audio, sample rate), not {short(one)}"
                ) from None
            rows.append(row)
            yield audio, sample_rate

    states = activations(model, heard(), pooling, progress=Progress(name, unit="clips"))
    keys: list[Hashable] = list(range(len(rows)))
    if groups is not None:
        keys = [groups(row) for row in rows]
    mark = model.fingerprint
    return Data(name, model.name, states, rows, keys, pooling, seed, fingerprint=mark)


def digest(key: Any) -> str:
    """A short hash of anything JSON-able."""
    return hashlib.sha256(json.dumps(key, sort_keys=True, default=str).encode()).hexdigest()[:24]
