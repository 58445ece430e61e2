"""The options of `bridge prepare`."""

from __future__ import annotations

import argparse

from musicrfm.commands.arguments import DEVICE_HELP


def prepare_arguments(p: argparse.ArgumentParser) -> None:
    add = p.add_argument
    add("model", metavar="MODEL", help="a model on the Hugging Face hub, a folder, or nano")
    add("--quick", action="store_true", help="only tempo and notes, with little data")
    add(
        "--only",
        action="append",
        default=[],
        metavar="PART",
        help="make only this: tempo, notes, keys, chords, scales, intervals, metres or "
        "progressions; repeatable, or separated by commas",
    )
    add(
        "--budget",
        metavar="HOURS",
        type=_hours,
        help="time to spend; the most useful parts come first, smaller if they do not fit",
    )
    add("--out", metavar="FOLDER", help="folder for all results (default: prepared-MODEL)")
    add("--device", metavar="DEVICE", help=DEVICE_HELP)
    add("--overwrite", action="store_true", help="replace your directions of the same names")


def _hours(text: str) -> float:
    try:
        hours = float(text)
    except ValueError:
        hours = float("nan")
    if not 0 < hours < 1e5:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of hours above 0")
    return hours
