"""`musicrfm directions`: which there are for a model, what a file says, other forms of it."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING

from musicrfm.commands.arguments import command, overwrite_argument
from musicrfm.errors import MusicRFMError
from musicrfm.files.paths import path_of
from musicrfm.files.writing import place_for
from musicrfm.terminal import plain

if TYPE_CHECKING:
    from pathlib import Path

    from musicrfm.directions import Direction

MODEL_HELP = "nano, a folder, or a hub id, for directions given by name (default: nano)"


def add(commands) -> None:
    p = command(commands, "directions", directions, "list, show and export directions")
    p.add_argument("--model", default="nano", help=MODEL_HELP)
    several = p.add_subparsers(metavar="COMMAND")
    one = command(several, "show", show, "show what a direction file says of itself")
    _which(one)
    one.add_argument("--json", action="store_true", help="as JSON")
    one = command(several, "export", export, "write a direction as CSV, NumPy or xRFM file")
    _which(one)
    one.add_argument(
        "--out",
        required=True,
        metavar="FILE",
        help=".csv, .npz, or .pkl, the pickle of published xRFM directions",
    )
    overwrite_argument(one)


def _which(p: argparse.ArgumentParser) -> None:
    p.add_argument("name", metavar="NAME", help="name or file; notes:C is a class")
    p.add_argument("--model", default=argparse.SUPPRESS, help=MODEL_HELP)


def directions(o: argparse.Namespace) -> None:
    from musicrfm.directions import list_directions, model_name

    name = model_name(o.model)
    names = list_directions(name)
    if not names:
        raise MusicRFMError(
            f"there are no directions for model {name!r}: make one with "
            f"`musicrfm train note --target C --model {o.model}`"
        )
    print("\n".join(map(plain, names)))


def show(o: argparse.Namespace) -> None:
    from musicrfm.description import described, text
    from musicrfm.evaluation.report import plain as finite

    direction, path = _loaded(o)
    about = described(direction, path)
    if o.json:
        print(json.dumps(finite(about), indent=1))
    else:
        print(plain(text(about), keep="\n"))


def export(o: argparse.Namespace) -> None:
    from musicrfm.description import described
    from musicrfm.description import export as write

    direction, path = _loaded(o)
    print(write(direction, described(direction, path), place_for(path_of(o.out), o.overwrite)))


def _loaded(o: argparse.Namespace) -> tuple[Direction, Path]:
    """By name or file; the model itself need not be there."""
    from musicrfm.directions import Direction, Named, find, model_name

    whole, component = Direction.parts(o.name)
    path = find(whole, Named(model_name(o.model)))
    direction = Direction.read(path)
    return (direction if component is None else direction.only(component)), path
