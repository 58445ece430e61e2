"""`musicrfm directions`: the directions there are for a model."""

from __future__ import annotations

import argparse

from musicrfm.commands.arguments import command
from musicrfm.errors import MusicRFMError
from musicrfm.terminal import plain


def add(commands) -> None:
    p = command(commands, "directions", directions, "list the directions there are for a model")
    p.add_argument("--model", default="nano")


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
