"""The paper's tables for one model: probing, steering, ablations, methods, two directions at once.

`musicrfm results` runs the parts one after the other, or only some of them. Each writes a page, its
numbers as JSON and its pictures, with the command that made it. All that takes long is kept (takes,
hidden states, fits), so a run that was interrupted goes on where it stopped.
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

# Name -> what makes its page; in this order they are run and listed.
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
    """Names of the files that `run` writes into `out`, but for an index of pages made before."""
    made = [name for name in PARTS if (path_of(out) / f"{name}.json").exists()]
    names = [f"{name}{suffix}" for name in only or PARTS for suffix in (".json", ".md")]
    return names if made else [*names, INDEX]


def run(options: Options, only: Sequence[str] = ()) -> list[Page]:
    """Runs parts (all, if none is named) and writes them and `README.md` into `options.out`.

    Raises MusicRFMError for parts that do not exist, and where a part that was named cannot be run;
    of all parts those that cannot are left out, and the index says why.
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
