"""What a model's decoder holds in mind while it hears a clip: pooled hidden states of every layer.

They are the same for every target on the same clips and take most of the time, so they are kept on
disk, keyed by the model's weights and everything that decides the clips.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from musicrfm.errors import MusicRFMError

if TYPE_CHECKING:
    from musicrfm.model import MusicModel

POOLINGS = ("mean", "max", "last")


def pool(states: torch.Tensor, pooling: str) -> torch.Tensor:
    """[..., frames, width] -> [..., width]: the mean, the maximum, or the last frame."""
    if pooling == "mean":
        return states.mean(-2)
    if pooling == "max":
        return states.amax(-2)
    if pooling == "last":
        return states[..., -1, :]
    raise MusicRFMError(f"pooling {pooling!r} is not one of {', '.join(POOLINGS)}")


@torch.inference_mode()
def activations(
    model: MusicModel,
    clips: Iterable[tuple[np.ndarray, int]],
    pooling: str = "mean",
    batch: int = 16,
    progress: Callable[[int], None] | None = None,
) -> np.ndarray:
    """float32 [clips, layers, width] of clips given as (audio, sample rate).

    Clips of one length are run `batch` at a time, without text. Memory is bounded by one batch and
    the result. `progress` is called with the number of clips done. Raises MusicRFMError for an
    unknown pooling or no clips.
    """
    if pooling not in POOLINGS:
        raise MusicRFMError(f"pooling {pooling!r} is not one of {', '.join(POOLINGS)}")
    results: list[np.ndarray] = []
    waiting: list[torch.Tensor] = []

    def flush() -> None:
        if waiting:
            states = model.hidden_states(torch.stack(waiting))  # [layers, clips, frames, width]
            pooled = pool(states.float(), pooling).transpose(0, 1)
            results.append(pooled.cpu().numpy())
            waiting.clear()
            if progress is not None:
                progress(sum(map(len, results)))

    for audio, sample_rate in clips:
        codes = model.encode_audio(audio, sample_rate)
        if waiting and (codes.shape != waiting[0].shape or len(waiting) == batch):
            flush()
        waiting.append(codes)
    flush()
    if not results:
        raise MusicRFMError("there are no clips to take hidden states from")
    return np.concatenate(results)


def cached(
    key: dict, compute: Callable[[], tuple[np.ndarray, list[dict]]], folder: Path | None = None
) -> tuple[np.ndarray, list[dict]]:
    """(states, rows) of `compute()`, kept in `folder` under a hash of `key` (JSON-able).

    folder None: the user's cache, or the environment variable MUSICRFM_CACHE. A damaged file is
    computed anew.
    """
    digest = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:24]
    path = (folder or cache_folder()) / f"{digest}.npz"
    try:
        with np.load(path, allow_pickle=False) as kept:
            return kept["states"], json.loads(str(kept["rows"]))
    except FileNotFoundError:
        pass
    except (OSError, ValueError, KeyError, EOFError) as error:
        print(f"cached activations {path} are damaged ({error}): computed anew", file=sys.stderr)
    states, rows = compute()
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{digest}.{os.getpid()}.npz")
    np.savez(unfinished, states=states, rows=np.array(json.dumps(rows)))
    unfinished.replace(path)
    return states, rows


def cache_folder() -> Path:
    """MUSICRFM_CACHE, or the platform's place for what can be computed again."""
    if chosen := os.environ.get("MUSICRFM_CACHE"):
        return Path(chosen)
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
        return base / "musicrfm" / "cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "musicrfm"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "musicrfm"


def fingerprint(model: MusicModel) -> str:
    """A hash of the model's weights (the start and sum of every tensor), to key the cache."""
    digest = hashlib.sha256()
    for name, tensor in sorted(model.hf.state_dict().items()):
        flat = tensor.detach().reshape(-1)
        digest.update(f"{name} {list(tensor.shape)}".encode())
        digest.update(flat[:256].float().cpu().numpy().tobytes())
        digest.update(repr(float(flat.double().sum())).encode())
    return digest.hexdigest()[:24]
