"""Options and steps that all kinds of `musicrfm train` share."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from musicrfm.commands.arguments import (
    METHODS,
    SEED_HELP,
    count,
    executor_argument,
    model_arguments,
    overwrite_argument,
)
from musicrfm.errors import MusicRFMError
from musicrfm.files.paths import path_of
from musicrfm.files.writing import check_folder
from musicrfm.training.names import free_name

if TYPE_CHECKING:
    from musicrfm.data.hidden import Data
    from musicrfm.model import MusicModel
    from musicrfm.training.rfm import Search

MANY = 500  # number of clips from which worker processes save time
ABOUT = {
    "author": "author of the direction, stored in its file",
    "licence": "licence of the direction, stored in its file",
    "note": "remark for readers, stored in its file",
}
METRICS = ("auc", "accuracy", "f1", "mse", "r2", "agop-auc")


def training_arguments(p: argparse.ArgumentParser) -> None:
    p.add_argument(
        "--method", choices=METHODS, default="rfm", help="training method (default %(default)s)"
    )
    p.add_argument(
        "--metric",
        choices=METRICS,
        help="metric that selects settings and is reported (default: auc; for regressions, squared "
        "error selects and rank correlation is reported)",
    )
    p.add_argument(
        "--trials", type=count, default=10, help="RFM settings to try (default %(default)s)"
    )
    p.add_argument(
        "--iterations", type=count, default=4, help="iterations of each RFM (default %(default)s)"
    )
    p.add_argument(
        "--rows",
        type=count,
        default=1000,
        help="maximum number of clips to fit an RFM on (default %(default)s)",
    )
    p.add_argument(
        "--components",
        metavar="N",
        help="number of AGOP eigenvectors for rfm, or sweep to find the best (default 12; for "
        "multiclass: sweep)",
    )
    p.add_argument(
        "--keep",
        type=count,
        default=1,
        help="number of eigenvectors that rfm-top writes (default %(default)s)",
    )
    p.add_argument(
        "--unbalanced",
        action="store_true",
        help="fit binary targets on all clips instead of equal numbers with and without the target",
    )
    p.add_argument(
        "--layers",
        default="all",
        metavar="A,B,…",
        help="layers to train, from 0, or from the end as in --layers=-1,-2 (default %(default)s)",
    )
    p.add_argument(
        "--pooling",
        choices=("mean", "max", "last", "mean+std"),
        default="mean",
        help="pooling over the frames of a clip; last suits tempo, mean+std gives a "
        "detector only (default %(default)s)",
    )
    p.add_argument("--batch", type=count, default=16, help="clips per batch (default %(default)s)")
    executor_argument(p)
    p.add_argument(
        "--workers",
        type=int,
        help="processes (default: one per CPU for slow work; 0: this process alone), or parallel "
        "jobs on Ray",
    )
    p.add_argument("--gpus", type=float, default=0.0, help="share of a GPU for each job on Ray")
    p.add_argument("--seed", type=int, default=0, help=SEED_HELP)
    p.add_argument(
        "--out",
        metavar="DIR",
        help="folder for <model>/<name>.safetensors (default: your data folder)",
    )
    p.add_argument("--report", metavar="DIR", help="folder for <name>/metrics.json and its plots")
    for name, words in ABOUT.items():
        p.add_argument(f"--{name}", metavar="TEXT", help=words)
    overwrite_argument(p)
    model_arguments(p)


def loaded_model(o: argparse.Namespace) -> MusicModel:
    """Load the model, after checking that the results can be written."""
    from musicrfm.directions import user_folder
    from musicrfm.selfcheck import loaded

    check_folder(o.out or user_folder(), getattr(o, "report", None))
    return loaded(o.model, o.device, o.dtype)


def processes(o: argparse.Namespace, clips: int = MANY) -> int:
    """The number of local worker processes; by default none for a few clips."""
    if o.workers is not None and o.workers < 0:
        raise MusicRFMError(f"--workers {o.workers} is negative: give 0 or more")
    if o.workers is not None and o.executor == "local":
        return o.workers
    return (os.cpu_count() or 1) if clips >= MANY else 0


def make(o: argparse.Namespace, data: Data, name: str, labels: Sequence, **about) -> None:
    """Train one direction and its detector, write them, and print the result."""
    from musicrfm.training.telling import told
    from musicrfm.training.train import Work, direction_path, fit

    name = free_name(name, data.model, o.out, o.overwrite, o.report)
    started = time.monotonic()
    workers = o.workers or 0
    if o.executor == "local" and o.method.startswith("rfm"):
        workers = processes(o)  # other methods finish before a process starts
    trained = fit(
        data,
        name,
        labels,
        method=o.method,
        search=_search(o),
        components=_components(o.components),
        keep=o.keep,
        layers=_layers(o.layers),
        balance=not o.unbalanced,
        work=Work(o.executor, workers, o.gpus),
        about={key: getattr(o, key) for key in ABOUT if getattr(o, key)},
        **about,
    )
    written = [trained.detector.save(o.out)]
    if trained.direction is not None:
        written.insert(0, trained.direction.save(direction_path(trained.direction, o.out)))
    if o.report:
        from musicrfm.training.report import write_report

        written += write_report(path_of(o.report) / trained.report["name"], trained.report)
    print(told(trained, time.monotonic() - started))
    for path in written:
        print(f"  {path}", flush=True)


def _search(o: argparse.Namespace) -> Search:
    from musicrfm.training.rfm import Search

    return Search(o.trials, o.iterations, o.rows, o.seed, o.metric)


def _components(text: str | None) -> int | str | None:
    if text is None:
        return "usual"
    if text == "sweep":
        return None
    if not text.isdecimal() or int(text) < 1:
        raise MusicRFMError(f"--components {text!r} is neither a number of at least 1 nor sweep")
    return int(text)


def _layers(text: str) -> list[int] | None:
    if text == "all":
        return None
    try:
        return [int(number) for number in text.split(",")]
    except ValueError:
        raise MusicRFMError(f"--layers {text!r} is not a list of layers such as 0,5,-1") from None
