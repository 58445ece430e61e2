"""Hidden states of SynTheory's notes and click tracks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from musicrfm.data.hidden import Data, hear
from musicrfm.data.syntheory import clip_set

if TYPE_CHECKING:
    from musicrfm.model import MusicModel


def note_data(
    model: MusicModel,
    samples: int = 1440,
    seed: int = 0,
    pooling: str = "mean",
    octaves: tuple[int, int] = (0, 8),
    cache: Path | None = None,
) -> Data:
    """Hidden states of SynTheory notes; all twelve pitch classes of an instrument stay together."""
    clips = clip_set("notes", samples, seed, octaves=octaves)
    return hear(model, clips, pooling, cache=cache, seed=seed)


def tempo_data(
    model: MusicModel,
    samples: int = 1200,
    seed: int = 0,
    pooling: str = "mean",
    cache: Path | None = None,
) -> Data:
    """Hidden states of SynTheory click tracks; excerpts of one track stay together."""
    clips = clip_set("tempos", samples, seed)
    return hear(model, clips, pooling, cache=cache, seed=seed)
