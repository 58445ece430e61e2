"""The options of `bridge prepare`."""

from __future__ import annotations

import argparse

from musicrfm.commands.arguments import DEVICE_HELP


def prepare_arguments(p: argparse.ArgumentParser) -> None:
    add = p.add_argument
    add("model", metavar="MODEL", help="a hub id, a folder, or nano")
    add("--quick", action="store_true", help="what helps most, with little data: tempo and notes")
    add(
        "--only",
        action="append",
        default=[],
        metavar="PART",
        help="tempo, notes, keys, chords, scales, intervals, metres or progressions; repeatable, "
        "or with commas",
    )
    add("--budget", metavar="HOURS", type=_hours, help="time to spend; the most helpful come first")
    add("--out", metavar="FOLDER", help="folder of the work (default: prepared-MODEL)")
    add("--device", metavar="DEVICE", help=DEVICE_HELP)
    add("--overwrite", action="store_true", help="replace directions of yours with these names")


def _hours(text: str) -> float:
    try:
        hours = float(text)
    except ValueError:
        hours = float("nan")
    if not 0 < hours < 1e5:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of hours above 0")
    return hours
