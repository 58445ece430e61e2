"""How near generated music is to rendered music, by an ear that nobody here trained.

The Fréchet distance between two sets of embeddings (`musicrfm.nano.judges.tagger`), each described
by its mean and covariance. Small sets look further apart than they are, by an amount that falls
with their size, so every comparison is of equally many clips: generated with half of the held-out
clips, and for the floor one half of them with the other. Patches of one clip resemble each other,
so many short clips tell more than few long ones. The embeddings are projected on the main
directions of further held-out clips, so that there are several clips for each dimension and no set
had a say in its own favour. From the same comparison with half of the clips, the distance is
extrapolated to many.
Sources: Kilgour et al., "Fréchet Audio Distance", 2019; on the extrapolation Chong and Forsyth,
"Effectively unbiased FID and Inception Score and where to find them", 2020.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

DIMENSIONS = 16  # of the projection
SPLITS = 60  # ways to halve the held-out clips
SECONDS, LEFT_OUT = 4.1, 1.0  # of a clip, and of its start, where some are still silent
FIRST_SEED = 8_000  # of the generated clips
GROUPS = 10  # of generated clips, left out in turn


def frechet(one: np.ndarray, other: np.ndarray) -> float:
    """Distance between two normal distributions that were fitted to rows [rows, dimensions]."""
    gap = one.mean(0) - other.mean(0)
    a, b = (np.atleast_2d(np.cov(rows, rowvar=False)) for rows in (one, other))
    values, vectors = np.linalg.eigh(a)
    root = vectors * np.sqrt(np.maximum(values, 0)) @ vectors.T
    shared = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ b @ root), 0)).sum()
    return float(gap @ gap + np.trace(a) + np.trace(b) - 2 * shared)


def compare(
    generated: Sequence[np.ndarray], held_out: Sequence[np.ndarray], further: Sequence[np.ndarray]
) -> dict[str, object]:
    """Distance and floor; each clip is its embeddings, [patches, 200].

    further: other held-out clips, which the main directions are taken from. distance: of all
    generated clips (at most as many as half of the held-out ones) from as many held-out clips, the
    mean over many halves. floor: of two halves of the held-out clips from each other. deviation:
    the standard error of the distance that comes from which clips were generated, by a jackknife.
    extrapolated: the distance minus what it would fall by with more clips, if that falls as one
    over their number; of the floor, what remains should be small.
    """
    main, kept = _main(further)
    made = [clip @ main for clip in generated]
    held = [clip @ main for clip in held_out]
    count = min(len(made), len(held) // 2)
    away, floor = _distances(made, held, count)
    half_distance, half_floor = _distances(made, held, count // 2)
    return {
        "clips_generated": count,
        "clips_held_out": 2 * count,
        "patches_a_clip": float(np.mean([len(clip) for clip in held])),
        "dimensions": main.shape[1],
        "variance_in_them": kept,
        "distance": away,
        "deviation": _jackknife(made[:count], held),
        "floor": floor,
        "above_the_floor": away - floor,
        "extrapolated_distance": 2 * away - half_distance,
        "extrapolated_floor": 2 * floor - half_floor,
        "distance_with_half_the_clips": half_distance,
        "floor_with_half_the_clips": half_floor,
    }


def part(audio: np.ndarray, sample_rate: int) -> np.ndarray:
    """What is heard of a clip: SECONDS without the start."""
    return audio[round(LEFT_OUT * sample_rate) : round(SECONDS * sample_rate)]


def distance(
    one: Sequence[np.ndarray], other: Sequence[np.ndarray], further: Sequence[np.ndarray]
) -> float:
    """Between two sets of clips, on the directions of `compare`."""
    main, _ = _main(further)
    return frechet(np.concatenate(one) @ main, np.concatenate(other) @ main)


def _main(further: Sequence[np.ndarray]) -> tuple[np.ndarray, float]:
    """(main directions [200, dimensions], the share of the variance that is in them)."""
    every = np.concatenate(further)
    _, spread, directions = np.linalg.svd(every - every.mean(0), full_matrices=False)
    kept = float((spread[:DIMENSIONS] ** 2).sum() / (spread**2).sum())
    return directions[:DIMENSIONS].T, kept


def _distances(
    made: Sequence[np.ndarray], held: Sequence[np.ndarray], count: int
) -> tuple[float, float]:
    """Mean distance and floor of sets of `count` clips, drawn without replacement."""
    rng = np.random.default_rng(0)
    found = []
    for _ in range(SPLITS):
        drawn = [held[i] for i in rng.permutation(len(held))[: 2 * count]]
        one, other = np.concatenate(drawn[:count]), np.concatenate(drawn[count:])
        mine = np.concatenate([made[i] for i in rng.permutation(len(made))[:count]])
        found.append((frechet(mine, one), frechet(one, other)))
    away, floor = np.mean(found, 0)
    return float(away), float(floor)


def _jackknife(made: Sequence[np.ndarray], held: Sequence[np.ndarray]) -> float:
    """Standard error of the distance from all held-out clips, leaving out groups of clips."""
    groups, every = min(GROUPS, len(made)), np.concatenate(held)
    left = [
        frechet(np.concatenate([c for i, c in enumerate(made) if i % groups != out]), every)
        for out in range(groups)
    ]
    return float(np.sqrt((groups - 1) * np.var(left)))
