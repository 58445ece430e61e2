"""The clips that nano is trained on: tunes by composers, pieces by rule, and some exercises."""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from musicrfm.data.compose import Clip, piece, single_notes, theory
from musicrfm.nano.recipe import tunes
from musicrfm.nano.recipe.arrange import arrange
from musicrfm.nano.recipe.tunes import Tune

TUNES, PIECES = 0.6, 0.33  # shares; what is left are exercises
SECONDS = 20.0


def clip(cache: Path, seed: int, held_out: bool = False, seconds: float = SECONDS) -> Clip:
    """The clip of this seed. cache: the file of `tunes.read`. held_out: whether to use the held-out
    tunes."""
    rng = random.Random(seed)
    draw = rng.random()
    if draw < TUNES:
        return arrange(rng.choice(_tunes(cache, held_out)), rng.getrandbits(48), seconds)
    return (piece if draw < TUNES + PIECES else theory)(rng.getrandbits(48), seconds)


def notes(seed: int) -> Clip:
    """Single notes, for the codec only."""
    return single_notes(seed, SECONDS)


@lru_cache(2)
def _tunes(cache: Path, held_out: bool) -> Sequence[Tune]:
    return [tune for tune in tunes.read(cache) if tune.held_out == held_out]
