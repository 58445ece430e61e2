"""The command line of `bridge bench`."""

from __future__ import annotations

import argparse

from bridge.bench import BENCHMARKS, Options, bench
from musicrfm.commands.arguments import DEVICE_HELP, MODEL_HELP, overwrite_argument
from musicrfm.errors import MusicRFMError
from musicrfm.runtime.defaults import DTYPES


def bench_arguments(p: argparse.ArgumentParser) -> None:
    _list_benchmarks(p)
    add = p.add_argument
    add("name", metavar="BENCHMARK", choices=tuple(BENCHMARKS), help=", ".join(BENCHMARKS))
    add("--model", metavar="M", default="nano", help=MODEL_HELP)
    add("--device", metavar="DEVICE", help=DEVICE_HELP)
    add(
        "--dtype",
        choices=DTYPES,
        help="precision of the decoder (default for step: each useful one; else auto)",
    )
    add("--shape", metavar="NAME", help="step: use this published shape with random weights")
    add("--threads", metavar="N", type=int, help="step: number of threads (default: one per core)")
    add("--window", metavar="SECONDS", type=float, help="step: with --shape, as in `bridge play`")
    add("--minutes", metavar="N", type=float, help="time to measure (default: a short run)")
    add(
        "--changes",
        metavar="N",
        type=int,
        default=40,
        help="knob: number of changes to time (default 40)",
    )
    add(
        "--moves",
        metavar="N",
        type=float,
        default=0.0,
        help="knob: moves per second of another knob meanwhile (default 0)",
    )
    add(
        "--only",
        metavar="TEXT",
        action="append",
        default=[],
        help="torture: only faults with this text in their name (repeatable)",
    )
    add("--early", action="store_true", help="play each frame 80 ms sooner")
    add("--output", metavar="DEVICE|none", help="knob and load: output device, or none")
    add("--capture", metavar="DEVICE", help="knob: audio input that records the output")
    add(
        "--lookahead",
        metavar="MS",
        type=float,
        default=1500.0,
        help="audio to buffer ahead (default 1500)",
    )
    add("--seed", metavar="N", type=int, default=0, help="random seed")
    add("--json", metavar="FILE", help="also write the numbers to this file")
    overwrite_argument(p)


def _list_benchmarks(p: argparse.ArgumentParser) -> None:
    width = max(map(len, BENCHMARKS))
    listed = "\n".join(f"  {name:{width}}  {words}" for name, words in BENCHMARKS.items())
    p.formatter_class = argparse.RawDescriptionHelpFormatter
    p.epilog = f"benchmarks:\n{listed}"


def run_bench(args: argparse.Namespace) -> int:
    for name in ("minutes", "changes", "lookahead", "threads", "window"):
        value = getattr(args, name)
        if value is not None and not value > 0:
            raise MusicRFMError(f"--{name} {value:g} must be above 0")
    options = Options(
        model=args.model,
        device=args.device,
        dtype=args.dtype,
        shape=args.shape,
        threads=args.threads,
        window=args.window,
        minutes=args.minutes,
        changes=args.changes,
        moves=args.moves,
        early=args.early,
        only=tuple(args.only),
        output=args.output,
        capture=args.capture,
        lookahead=args.lookahead / 1000,
        seed=args.seed,
    )
    return bench(args.name, options, args.json, args.overwrite)
