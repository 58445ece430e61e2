"""`musicrfm syntheory`: lists and renders the labelled clips of concepts."""

from __future__ import annotations

import argparse

from musicrfm.commands.arguments import command, count

SETS = (
    "notes",
    "intervals",
    "scales",
    "chords",
    "simple_progressions",
    "chord_progressions",
    "tempos",
    "time_signatures",
)


def add(commands) -> None:
    p = commands.add_parser(
        "syntheory",
        help="labelled clips of notes, chords, tempi and more",
        description="Labelled clips of notes, chords, tempi and more, by SynTheory's rules.",
    )
    actions = p.add_subparsers(required=True, metavar="ACTION")
    command(actions, "list", show, "list the sets")
    p = command(actions, "render", render, "render a set to sound files and a table of labels")
    p.add_argument("name", choices=SETS, metavar="NAME", help=", ".join(SETS))
    p.add_argument("--out", required=True, metavar="DIR", help="folder for clips and labels.csv")
    p.add_argument(
        "--subset", type=count, metavar="N", help="number of clips, balanced (default: all)"
    )
    p.add_argument(
        "--balance", metavar="FIELD", help="the field to balance (default: the set's concept)"
    )
    p.add_argument(
        "--seed", type=int, default=0, help="random seed for choosing clips (default %(default)s)"
    )
    p.add_argument(
        "--workers", type=count, metavar="N", help="number of processes (default: one per core)"
    )
    p.add_argument(
        "--format",
        choices=("flac", "wav"),
        default="flac",
        help="format of the clips (default %(default)s)",
    )


def show(o: argparse.Namespace) -> None:
    from musicrfm.data.syntheory import SETS

    print(f"{'set':<21}{'clips':>6}{'silent':>8}  {'concept':<23}content")
    for one in SETS.values():
        silent = sum(map(one.silent, one.rows()))
        print(f"{one.name:<21}{one.size:>6}{silent:>8}  {one.label:<23}{one.about}")


def render(o: argparse.Namespace) -> None:
    import os

    from musicrfm.data import syntheory
    from musicrfm.data.syntheory.folder import render_folder

    clip_set = syntheory.clip_set(o.name, o.subset, o.seed, label=o.balance)
    done = render_folder(
        o.name, clip_set, o.out, format=o.format, workers=o.workers or os.cpu_count() or 1
    )
    there = done.clips - done.fresh
    print(
        f"{done.clips} clips ({done.fresh} rendered now, {there} already present); {done.silent} "
        "silent clips of the set are excluded"
    )
    print(f"  {done.table}")
