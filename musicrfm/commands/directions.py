"""`musicrfm directions`: list, show, export, and pack those of a model into one file."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING

from musicrfm.commands.arguments import MODEL_HELP, command, overwrite_argument
from musicrfm.errors import MusicRFMError
from musicrfm.files.paths import path_of
from musicrfm.files.writing import place_for
from musicrfm.terminal import plain

if TYPE_CHECKING:
    from pathlib import Path

    from musicrfm.directions import Direction

NAMED_HELP = f"model of a direction given by name: {MODEL_HELP}"


def add(commands) -> None:
    p = command(
        commands, "directions", directions, "list, show, export, pack and unpack directions"
    )
    p.description = "List the directions of a model, or run one of the commands below."
    p.add_argument("--model", default="nano", help=MODEL_HELP)
    several = p.add_subparsers(metavar="COMMAND")
    one = command(several, "show", show, "print what is known of a direction: scores, data, range")
    _which(one)
    one.add_argument("--json", action="store_true", help="print JSON")
    one = command(several, "export", export, "write a direction as a CSV, NumPy or xRFM file")
    _which(one)
    one.add_argument(
        "--out",
        required=True,
        metavar="FILE",
        help=".csv, .npz, or .pkl, the pickle of published xRFM directions",
    )
    overwrite_argument(one)
    one = command(several, "pack", pack, "write a model's directions and detectors into one file")
    one.add_argument(
        "model", metavar="MODEL", help="nano, a folder, or a model on the Hugging Face hub"
    )
    one.add_argument(
        "--from",
        dest="folder",
        metavar="DIR",
        help="folder of <model>/<name>.safetensors (default: your data folder)",
    )
    one.add_argument("--out", metavar="FILE", help="file to write (default: MODEL.directions.zip)")
    overwrite_argument(one)
    one = command(
        several, "unpack", unpack, "copy the directions of a packed file into your data folder"
    )
    one.add_argument(
        "archive",
        metavar="FILE|HUB-ID",
        help="a packed file, or a hub repository that has one",
    )
    one.add_argument("--model", help="the model on this computer (default: the name in the file)")
    one.add_argument("--out", metavar="DIR", help="folder to copy to (default: your data folder)")
    overwrite_argument(one)


def _which(p: argparse.ArgumentParser) -> None:
    p.add_argument("name", metavar="NAME", help="name or file; notes:C is one class of notes")
    p.add_argument("--model", default=argparse.SUPPRESS, help=NAMED_HELP)


def directions(o: argparse.Namespace) -> None:
    from musicrfm.directions import list_directions, model_name

    name = model_name(o.model)
    names = list_directions(name)
    if not names:
        raise MusicRFMError(
            f"model {name!r} has no directions: make one with `musicrfm train note --target C "
            f"--model {o.model}`"
        )
    print("\n".join(map(plain, names)))


def show(o: argparse.Namespace) -> None:
    from musicrfm.evaluation.report import plain as finite
    from musicrfm.sharing.description import described, text

    direction, path = _loaded(o)
    about = described(direction, path)
    if o.json:
        print(json.dumps(finite(about), indent=1))
    else:
        print(plain(text(about), keep="\n"))


def export(o: argparse.Namespace) -> None:
    from musicrfm.sharing.description import described
    from musicrfm.sharing.description import export as write

    direction, path = _loaded(o)
    print(write(direction, described(direction, path), place_for(path_of(o.out), o.overwrite)))


def _loaded(o: argparse.Namespace) -> tuple[Direction, Path]:
    """By name or file; the model itself need not be there."""
    from musicrfm.directions import Direction, Named, find, model_name

    whole, component = Direction.parts(o.name)
    path = find(whole, Named(model_name(o.model)))
    direction = Direction.read(path)
    return (direction if component is None else direction.only(component)), path


def pack(o: argparse.Namespace) -> None:
    from musicrfm.directions import roots
    from musicrfm.files.paths import path_of
    from musicrfm.files.writing import place_for
    from musicrfm.model import MusicModel
    from musicrfm.sharing.archive import ENDING
    from musicrfm.sharing.archive import pack as pack_all

    model = MusicModel.load(o.model, device="cpu")
    places = [path_of(o.folder)] if o.folder else roots()
    folder = next((p / model.name for p in places if (p / model.name).is_dir()), None)
    if folder is None:
        raise MusicRFMError(f"model {model.name!r} has no directions: train one first")
    place = place_for(o.out or f"{model.name}{ENDING}", o.overwrite)
    manifest = pack_all(model, folder, place, source=_public(o.model))
    print(f"{place}: {len(manifest.files)} files for {model.name}, {place.stat().st_size} bytes")


def unpack(o: argparse.Namespace) -> None:
    from musicrfm.model import MusicModel
    from musicrfm.sharing.archive import read_manifest
    from musicrfm.sharing.archive import unpack as unpack_all
    from musicrfm.sharing.source import archive_at

    path = archive_at(o.archive)
    manifest = read_manifest(path)
    model = MusicModel.load(o.model or manifest.source or manifest.model, device="cpu")
    found = unpack_all(path, model, o.out, o.overwrite)
    print(f"{found.folder}: {len(found.written)} files")
    if found.kept:
        print(
            f"{len(found.kept)} files with other content exist already and were not replaced "
            f"({', '.join(map(plain, found.kept[:5]))}…): --overwrite replaces them"
        )


def _public(model: str) -> str:
    """How others name the model too: nano or a hub id, but no folder of this computer."""
    from musicrfm.checkpoints.hub import address
    from musicrfm.files.paths import path_of

    if model == "nano":
        return model
    where = None if path_of(model).exists() else address(model)
    return where.repo if where else ""
