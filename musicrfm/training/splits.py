"""Which clips a probe is fitted on, tuned on and tested on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from musicrfm.errors import MusicRFMError

NAMES = ("train", "val", "test")
LEAST = 5  # groups


@dataclass(frozen=True)
class Split:
    """Row numbers of the training, validation and test part."""

    train: np.ndarray
    val: np.ndarray
    test: np.ndarray


def split(
    groups: Sequence[Hashable], seed: int = 0, classes: Sequence[Hashable] | None = None
) -> Split:
    """70 % / 15 % / 15 % of the groups; rows of one group stay together.

    classes: of every row. Where each group is of one class, every class is split by itself, so that
    all parts know it. Raises MusicRFMError for fewer than 5 groups.
    """
    names = list(dict.fromkeys(groups))
    if len(names) < LEAST:
        raise MusicRFMError(
            f"{len(names)} independent clips cannot be split: give at least {LEAST}"
        )
    rng = np.random.default_rng(seed)
    part: dict[Hashable, int] = {}
    for stratum in _strata(names, groups, classes):
        rng.shuffle(stratum)
        n = len(stratum)
        val, test = round(0.70 * n), round(0.85 * n)
        if n >= 3:  # at least one for every part
            val, test = min(val, n - 2), min(max(test, val + 1), n - 1)
        part |= {name: (i >= val) + (i >= test) for i, name in enumerate(stratum)}
    rows = np.array([part[g] for g in groups])
    return Split(*(np.flatnonzero(rows == p) for p in range(3)))


def balanced(parts: Split, labels: np.ndarray, seed: int = 0) -> Split:
    """For binary labels: in every part as many rows of one class as of the other, at random."""
    rng = np.random.default_rng([seed, 1])

    def even(rows: np.ndarray) -> np.ndarray:
        yes, no = rows[labels[rows] > 0.5], rows[labels[rows] <= 0.5]
        count = min(len(yes), len(no))
        drawn = [
            side if len(side) == count else rng.choice(side, count, False) for side in (yes, no)
        ]
        return np.sort(np.concatenate(drawn))

    return Split(even(parts.train), even(parts.val), even(parts.test))


def check(parts: Split, labels: np.ndarray, kind: str, classes: int = 2) -> None:
    """Raises MusicRFMError for a part that lacks a class, or whose labels are all the same."""
    for name in NAMES:
        part = labels[getattr(parts, name)]
        if kind == "regression":
            if len(part) == 0 or part.std() == 0:
                raise MusicRFMError(f"the {name} part has one label only: use more clips")
        elif kind == "binary" and set(np.unique(part)) != {0, 1}:
            raise MusicRFMError(f"the {name} part needs clips of both classes: use more clips")
        elif kind == "multiclass" and len(np.unique(part)) < classes:
            raise MusicRFMError(
                f"the {name} part has clips of {len(np.unique(part))} of {classes} classes: "
                "use more clips, or leave rare classes out"
            )


def _strata(
    names: list[Hashable], groups: Sequence[Hashable], classes: Sequence[Hashable] | None
) -> list[list[Hashable]]:
    """Groups of one class each, if that is how they are; otherwise all together."""
    if classes is None:
        return [names]
    found: dict[Hashable, set[Hashable]] = defaultdict(set)
    for group, one in zip(groups, classes, strict=True):
        found[group].add(one)
    if any(len(several) > 1 for several in found.values()):
        return [names]
    by_class: dict[Hashable, list[Hashable]] = defaultdict(list)
    for name in names:
        by_class[next(iter(found[name]))].append(name)
    return list(by_class.values())
