"""Chooses the name of a new direction: a name in use gets a number, as in `note_C-2`."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from musicrfm.files.paths import path_of


def free_name(
    name: str, model: str, out: str | None, overwrite: bool = False, report: str | None = None
) -> str:
    """The name, or the first free one of `NAME-2`, `NAME-3` and so on; prints a line if it differs.

    A name is free if `out` (by default the user's data folder) has no direction and no detector of
    it, and `report` no folder.
    """
    from musicrfm.directions import canonical_name

    first = free = canonical_name(name)
    number = 1
    while not overwrite and any(map(os.path.lexists, _files(free, model, out, report))):
        number += 1
        free = f"{first}-{number}"
    if free != first:
        told = f"{first} exists already, so this is {free} (--overwrite replaces)"
        print(told, file=sys.stderr, flush=True)
    return free


def _files(name: str, model: str, out: str | None, report: str | None) -> Iterator[Path]:
    from musicrfm.training.detect import detector_path
    from musicrfm.training.train import path_named

    yield path_named(name, model, out)
    yield detector_path(name, model, out)
    if report is not None:
        yield path_of(report) / name
