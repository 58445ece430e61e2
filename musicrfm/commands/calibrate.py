"""`musicrfm calibrate`: finds the range and the curve of a direction's knob from generated
audio."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from musicrfm.commands.arguments import (
    clip_arguments,
    command,
    control_argument,
    count,
    detectors_of,
    listened_by,
    listener_argument,
    model_arguments,
    overwrite_argument,
    playing_arguments,
    setting_of,
    workers_argument,
    workers_of,
)
from musicrfm.errors import MusicRFMError
from musicrfm.files.paths import path_of
from musicrfm.files.writing import check_folder, folder_for

if TYPE_CHECKING:
    from musicrfm.directions import Direction
    from musicrfm.evaluation.calibrate import Calibration
    from musicrfm.model import MusicModel


def add(commands) -> None:
    p = command(
        commands, "calibrate", calibrate, "find the range and curve of knobs from generated audio"
    )
    p.add_argument(
        "directions",
        nargs="*",
        metavar="NAME",
        help="direction, by name or file; notes:C is one class of notes, notes is all of them "
        "(default: all of the model)",
    )
    p.add_argument(
        "--out",
        metavar="DIR",
        help="folder for <model>/<name>.safetensors (default: a file stays in its place, a "
        "direction given by name goes to your data folder)",
    )
    overwrite_argument(p)
    p.add_argument("--dry-run", action="store_true", help="print the result, write nothing")
    clip_arguments(p)
    p.add_argument(
        "--top",
        type=float,
        default=0.95,
        help="share of a note at the top of the knob (default %(default)s)",
    )
    p.add_argument(
        "--middle",
        type=float,
        default=0.55,
        help="share of a note in the middle of the knob (default %(default)s)",
    )
    p.add_argument(
        "--steps",
        type=count,
        default=4,
        help="number of search steps towards these shares (default %(default)s)",
    )
    p.add_argument(
        "--adherence",
        action=argparse.BooleanOptionalAction,
        help="require that the prompted instrument is kept (default: for nano, whose instruments "
        "the classifier knows)",
    )
    control_argument(p)
    listener_argument(p)
    p.add_argument(
        "--keep-norm", action="store_true", help="calibrate for playing with --keep-norm"
    )
    p.add_argument("--takes", metavar="DIR", help="folder for the clips (default: your cache)")
    workers_argument(p)
    model_arguments(p)
    playing_arguments(p)


def calibrate(o: argparse.Namespace) -> None:
    from musicrfm.evaluation.calibrate import calibrate_all
    from musicrfm.evaluation.search import Aims
    from musicrfm.files.folders import cache_folder
    from musicrfm.nano.adherence import SHORTEST, instrument_listener
    from musicrfm.selfcheck import loaded
    from musicrfm.training.train import path_named

    if not 0 < o.middle < o.top <= 1:
        raise MusicRFMError(
            f"--middle {o.middle:g} and --top {o.top:g} must satisfy 0 < middle < top <= 1"
        )
    check_folder(None if o.dry_run else o.out, o.takes)
    model = loaded(o.model, o.device, o.dtype)
    setting, instruments = setting_of(o, keep_norm=o.keep_norm)
    asked = _directions(o, model)
    out = o.out
    if out is not None and not o.dry_run:
        files = [path_named(_filed(given), model.name, ".") for given, _ in asked]
        out = str(folder_for(out, map(str, files), o.overwrite))
    adherence = model.name == "nano" if o.adherence is None else o.adherence
    if adherence and o.seconds < SHORTEST:
        raise MusicRFMError(
            f"--seconds {o.seconds:g} is too short to recognise the instrument: give "
            f"{SHORTEST:g} or more, or --no-adherence"
        )
    lean = (o.middle - 0.15, o.middle + 0.15)
    found = calibrate_all(
        model,
        [direction for _, direction in asked],
        setting,
        aims=Aims(middle=o.middle, lean=lean, top=o.top, steps=o.steps),
        folder=path_of(o.takes) if o.takes else cache_folder() / "takes" / model.name,
        instruments=instruments,
        hear_instrument=instrument_listener() if adherence else None,
        workers=workers_of(o),
        draws=o.control,
        detectors=detectors_of(asked, model),
    )
    for (given, direction), calibration in zip(asked, found, strict=True):
        print(calibration.markdown(), flush=True)
        if not o.dry_run:
            print(f"{_write(given, direction, calibration, model, out)}\n", flush=True)


def _directions(o: argparse.Namespace, model: MusicModel) -> list[tuple[str, Direction]]:
    """Pairs (name as given, direction); every class of a multiclass file."""
    from musicrfm.directions import Direction, list_directions
    from musicrfm.listening.readings import reading

    found, names = [], o.directions
    for name in names or list_directions(model.name):
        direction = Direction.load(name, model)
        each = [(f"{name}:{c}", direction.only(c)) for c in direction.classes]
        for given, one in each or [(name, direction)]:
            listened_by(o, given, one)
            try:
                reading(one)
            except MusicRFMError as error:
                if names:
                    raise
                print(f"{error}; skipped")
                continue
            found.append((given, one))
    if not found:
        raise MusicRFMError(f"model {model.name!r} has no directions: train one first")
    return found


def _write(
    given: str, direction: Direction, calibration: Calibration, model: MusicModel, out: str | None
) -> Path:
    """Write to the given file or `out`; for a direction given by name, to the user's data
    folder."""
    from musicrfm.directions import Direction
    from musicrfm.training.train import direction_path

    file, of_class = _class_of(given)
    stays = out is None and file.endswith(".safetensors")
    whole = direction
    if of_class is not None:  # other classes of it may have been written before
        whole = Direction.load(file, model)
        written = direction_path(whole, out)
        if written.is_file() and not stays:
            whole = Direction.load(written, model)
    calibration.write_into(whole, None if of_class is None else str(direction.meta["target"]))
    whole.meta["model_fingerprint"] = model.fingerprint
    return whole.save(file if stays else direction_path(whole, out))


def _filed(given: str) -> str:
    """The file name of a direction that was given by name or file."""
    from musicrfm.directions import SUFFIX, canonical_name

    whole, _ = _class_of(given)
    return Path(whole).stem if whole.endswith(SUFFIX) else canonical_name(whole)


def _class_of(given: str) -> tuple[str, str | None]:
    """As `Direction.parts`."""
    from musicrfm.directions import Direction

    whole, component = Direction.parts(given)
    return str(whole), component
