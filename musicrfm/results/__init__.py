"""The paper's tables for one model: probing, steering, ablations, methods, two directions at once.

`musicrfm results` runs all parts or the named ones. Each part writes a page, its numbers as JSON
and its plots, with the command that made it. Takes, hidden states and fits are stored, so an
interrupted run continues where it stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from musicrfm.errors import MusicRFMError
from musicrfm.files.paths import path_of
from musicrfm.results import ablations, grid, methods, pairs, probing, steering
from musicrfm.results.options import Options
from musicrfm.results.page import INDEX, Page, write_index, write_page

__all__ = ["PARTS", "Options", "pages", "run"]

# Name -> function that makes its page, in the order of running and listing.
PARTS: dict[str, Callable[[Options], Page]] = {
    "probes": probing.page,
    "steering": steering.page,
    "layers": ablations.layers,
    "injection": ablations.injection,
    "schedules": ablations.schedules,
    "norm": ablations.norm,
    "guidance": ablations.guidance,
    "methods": methods.page,
    "together": pairs.page,
    "grid": grid.page,
}


def pages(out: str | Path, only: Sequence[str] = ()) -> list[str]:
    """Names of the files that `run` writes to `out`, except the index."""
    made = [name for name in PARTS if (path_of(out) / f"{name}.json").exists()]
    names = [f"{name}{suffix}" for name in only or PARTS for suffix in (".json", ".md")]
    return names if made else [*names, INDEX]


def run(options: Options, only: Sequence[str] = ()) -> list[Page]:
    """Run the named parts, or all, and write them and `README.md` to `options.out`.

    Raises MusicRFMError for parts that do not exist, and if a named part cannot be run; of all
    parts, those that cannot be run are skipped, and the index gives the reason.
    """
    if unknown := [name for name in only if name not in PARTS]:
        raise MusicRFMError(f"part {unknown[0]!r} does not exist: choose from {', '.join(PARTS)}")
    pages, left_out = [], {}
    for name, part in PARTS.items():
        if only and name not in only:
            continue
        try:
            page = part(options)
        except MusicRFMError as error:
            if only:
                raise
            left_out[name] = str(error)
            continue
        write_page(options, name, page)
        write_index(options, tuple(PARTS), left_out)
        pages.append(page)
    write_index(options, tuple(PARTS), left_out)
    return pages
