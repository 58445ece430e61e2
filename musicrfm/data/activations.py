"""Pooled hidden states of the decoder's layers over clips.

They are the same for all targets on the same clips and take most of the time, so they are stored on
disk, keyed by the model's weights and everything that determines the clips.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TYPE_CHECKING

import numpy as np
import torch

from musicrfm.data.states import States
from musicrfm.errors import MusicRFMError
from musicrfm.executor import in_turn, one_thread
from musicrfm.steering.layers import layer_numbers

if TYPE_CHECKING:
    from musicrfm.data.clips import ClipSet
    from musicrfm.model import MusicModel

POOLINGS = ("mean", "max", "last", "mean+std")
Heard = tuple[np.ndarray, int]  # audio [samples] or [samples, channels], sample rate in Hz


def pool(states: torch.Tensor, pooling: str) -> torch.Tensor:
    """Pool [..., frames, width] to [..., width]: the mean, the maximum, or the last frame.

    `mean+std` appends the standard deviation: [..., 2 * width]. It gives probes more information
    but is not a point in the residual stream, so it cannot be steered.
    """
    if pooling == "mean":
        return states.mean(-2)
    if pooling == "max":
        return states.amax(-2)
    if pooling == "last":
        return states[..., -1, :]
    if pooling == "mean+std":
        return torch.cat([states.mean(-2), states.std(-2, unbiased=False)], -1)
    raise MusicRFMError(f"pooling {pooling!r} is not one of {', '.join(POOLINGS)}")


def features_of(pooling: str, width: int) -> int:
    """The number of features that `pool` makes of `width`. Raises MusicRFMError for an unknown
    pooling."""
    return pool(torch.zeros(1, width), pooling).shape[-1]


def pooled(
    model: MusicModel, codes: torch.Tensor, pooling: str, layers: Sequence[int] | None = None
) -> np.ndarray:
    """float32 [clips, layers, features] for codes [clips, codebooks, frames], without text.

    Each layer is pooled before the next one runs, so memory holds one layer only.
    """
    states = model.hidden_states(codes, lambda h: pool(h.float(), pooling))
    states = states[layer_numbers(layers, model.layers)]
    return states.transpose(0, 1).cpu().numpy()


def activations(
    model: MusicModel,
    clips: Iterable[Heard],
    pooling: str = "mean",
    batch: int = 16,
    progress: Callable[[int], None] | None = None,
) -> np.ndarray:
    """float32 [clips, layers, features] of clips given as (audio, sample rate), all in memory.

    Clips of one length are run `batch` at a time, without text. `progress` is called with the
    number of clips done. Raises MusicRFMError for an unknown pooling or no clips.
    """
    features_of(pooling, model.width)
    found: list[np.ndarray] = []
    numbered = enumerate(clips)
    for states, _, _ in _batches(model, numbered, pooling, batch, None):
        found.append(states)
        if progress is not None:
            progress(sum(map(len, found)))
    if not found:
        raise MusicRFMError("no clips were given to compute hidden states of")
    return np.concatenate(found)


def stream(
    model: MusicModel,
    clip_set: ClipSet,
    states: States,
    pooling: str,
    *,
    layers: Sequence[int] | None = None,
    batch: int = 16,
    workers: int = 0,
    progress: Callable[[int], None] | None = None,
) -> None:
    """Compute the hidden states of `clip_set` that `states` lacks, and write them batch by batch.

    Memory is bounded for any number of clips: the audio of `batch` + 2 * `workers` clips, one
    layer's states [batch, frames, width], the pooled states of one batch (batch * layers * features
    * 4 bytes: 6.3 MB for 16 clips, 48 layers, 2048 features), and the model. With workers, that
    number of processes prepares the audio; the model runs in this process.
    """
    count = len(clip_set.rows)
    clips = _in_order(clip_set, states.heard, workers)
    for found, rows, heard in _batches(model, clips, pooling, batch, layers):
        states.append(found, rows, heard)
        if progress is not None:
            progress(heard)
    if states.heard < count:  # the last clips are silent
        states.append(np.empty((0, states.layers, states.features)), [], count)
    if progress is not None:
        progress(count)


def _batches(
    model: MusicModel,
    clips: Iterable[tuple[int, Heard | None]],
    pooling: str,
    batch: int,
    layers: Sequence[int] | None,
) -> Iterator[tuple[np.ndarray, list[int], int]]:
    """Yields (pooled states, numbers of their clips, number of the first clip not yet
    processed)."""
    if batch < 1:
        raise MusicRFMError(f"the batch size {batch} must be at least 1")
    waiting: list[torch.Tensor] = []
    numbers: list[int] = []

    def heard() -> tuple[np.ndarray, list[int], int]:
        found = pooled(model, torch.stack(waiting), pooling, layers)
        done = list(numbers)
        waiting.clear()
        numbers.clear()
        return found, done, done[-1] + 1

    def encoded(one: tuple[int, Heard]) -> tuple[int, torch.Tensor]:
        return one[0], model.encode_audio(*one[1])

    audible = ((number, clip) for number, clip in clips if clip is not None)
    for number, codes in in_turn(encoded, audible, model.device):
        if waiting and (codes.shape != waiting[0].shape or len(waiting) == batch):
            yield heard()
        waiting.append(codes)
        numbers.append(number)
    if waiting:
        yield heard()


def _in_order(clip_set: ClipSet, first: int, workers: int) -> Iterator[tuple[int, Heard | None]]:
    """Yields the number and audio of every row from `first` on; only a few clips are prepared
    ahead."""
    rows = enumerate(clip_set.rows[first:], first)
    if not workers:
        for number, row in rows:
            yield number, clip_set.hear(row)
        return
    pool = ProcessPoolExecutor(workers, get_context("spawn"), initializer=one_thread)
    try:
        ahead: deque = deque()
        for number, row in rows:
            ahead.append((number, pool.submit(clip_set.hear, row)))
            if len(ahead) >= 2 * workers:
                done, future = ahead.popleft()
                yield done, future.result()
        for done, future in ahead:
            yield done, future.result()
    finally:
        pool.shutdown(cancel_futures=True)
