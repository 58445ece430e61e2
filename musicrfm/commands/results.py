"""`musicrfm results`: the paper's tables for a model, from probing to ablations."""

from __future__ import annotations

import argparse
import shlex

from musicrfm.commands.arguments import (
    PROMPT_HELP,
    SEED_HELP,
    command,
    count,
    executor_argument,
    model_arguments,
    overwrite_argument,
    prompts_of,
    workers_argument,
    workers_of,
)
from musicrfm.errors import MusicRFMError
from musicrfm.files.paths import path_of
from musicrfm.files.writing import folder_for

QUICK = {"seeds": 1, "seconds": 4.0, "samples": 240, "trials": 2}
FULL = {"seeds": 2, "seconds": 8.0, "samples": 2400, "trials": 10}


def add(commands) -> None:
    p = command(
        commands,
        "results",
        results,
        "write the paper's tables for a model: probes, steering, ablations",
    )
    p.add_argument(
        "directions",
        nargs="*",
        metavar="NAME",
        help="direction to steer with (default: all of the model that have a range)",
    )
    p.add_argument(
        "--out", default="results", metavar="DIR", help="folder of the pages (default %(default)s)"
    )
    overwrite_argument(p)
    p.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="PART",
        help="write only this: probes, steering, layers, injection, schedules, norm, guidance, "
        "methods, together or grid; repeatable, or separated by commas",
    )
    p.add_argument(
        "--grid",
        nargs="?",
        const="",
        metavar="WHAT",
        help="measure how fast steering acts, how long it lasts and what it costs, by method and "
        "layers, as in 'method=rfm,random;layers=all,top:3'; an interrupted run continues",
    )
    p.add_argument("--quick", action="store_true", help="very little data, to try the command")
    p.add_argument(
        "--prompt", action="append", default=[], metavar="TEXT[=INSTRUMENT]", help=PROMPT_HELP
    )
    _amounts(p)
    p.add_argument(
        "--adherence",
        action=argparse.BooleanOptionalAction,
        help="measure whether the prompted instrument is kept (default: for nano)",
    )
    p.add_argument(
        "--work", metavar="DIR", help="folder for intermediate results (default: your cache)"
    )
    p.add_argument("--seed", type=int, default=0, help=SEED_HELP)
    workers_argument(p)
    executor_argument(p)
    model_arguments(p)


def _amounts(p: argparse.ArgumentParser) -> None:
    p.add_argument("--seeds", type=count, help="number of seeds per prompt (default 2, quick 1)")
    p.add_argument("--seconds", type=float, help="length of a clip (default 8, quick 4)")
    p.add_argument(
        "--samples", type=count, help="clips of each SynTheory set (default 2400, quick 240)"
    )
    p.add_argument(
        "--whole",
        action="append",
        default=[],
        metavar="SET",
        help="use all clips of this SynTheory set, such as the 9,936 of notes (repeatable)",
    )
    p.add_argument("--trials", type=count, help="RFM settings to try (default 10, quick 2)")


def results(o: argparse.Namespace) -> None:
    from musicrfm.data import syntheory
    from musicrfm.evaluation.perform import Setting
    from musicrfm.files.folders import cache_folder
    from musicrfm.nano.adherence import SHORTEST, instrument_listener
    from musicrfm.results import Options, pages, run
    from musicrfm.results.grid import asked
    from musicrfm.selfcheck import loaded

    usual = QUICK if o.quick else FULL
    sizes = {key: getattr(o, key) or value for key, value in usual.items()}
    only = [part for text in o.only for part in text.split(",") if part]
    if o.grid is not None:
        asked(o.grid)  # raises if it is invalid
        only = only or ["grid"]
    out = folder_for(o.out, pages(o.out, only), o.overwrite)
    model = loaded(o.model, o.device, o.dtype)
    adherence = model.name == "nano" if o.adherence is None else o.adherence
    if adherence and sizes["seconds"] < SHORTEST:
        raise MusicRFMError(
            f"--seconds {sizes['seconds']:g} is too short to recognise the instrument: give "
            f"{SHORTEST:g} or more, or --no-adherence"
        )
    prompts, instruments = prompts_of(o.prompt)
    setting = Setting(
        prompts=prompts,
        seeds=tuple(range(o.seed, o.seed + sizes["seeds"])),
        seconds=sizes["seconds"],
    ).of(model)
    options = Options(
        model=model,
        out=out,
        work=path_of(o.work) if o.work else cache_folder() / "results" / model.name,
        names=tuple(o.directions),
        setting=setting,
        instruments=instruments,
        hear_instrument=instrument_listener() if adherence else None,
        samples=int(sizes["samples"]),
        whole=tuple(syntheory.find(name).name for name in o.whole),
        trials=int(sizes["trials"]),
        workers=workers_of(o),
        executor=o.executor,
        seed=o.seed,
        quick=o.quick,
        grid=o.grid or "",
        command=_typed(o),
    )
    for page in run(options, only):
        print(f"{page.title}: {page.summary}")
    print(options.out / "README.md")


def _typed(o: argparse.Namespace) -> str:
    """The command that repeats the tables on any computer: the choices, without local paths."""
    words = ["musicrfm", "results", *o.directions]
    for name in ("model", "dtype", "out", "seed", "seeds", "seconds", "samples", "trials"):
        value = getattr(o, name)
        if value is not None and not (name == "seed" and value == 0):
            words += [f"--{name}", f"{value:g}" if isinstance(value, float) else str(value)]
    for word, several in (("--whole", o.whole), ("--prompt", o.prompt)):
        for one in several:
            words += [word, one]
    if o.grid:
        words += ["--grid", o.grid]
    if o.quick:
        words.append("--quick")
    if o.adherence is not None:
        words.append("--adherence" if o.adherence else "--no-adherence")
    return shlex.join(words)
