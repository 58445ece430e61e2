"""`musicrfm train`: directions from labelled sound."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from musicrfm.commands.arguments import (
    METHODS,
    command,
    count,
    model_arguments,
    octave_argument,
    octaves_of,
)


def add(commands) -> None:
    p = commands.add_parser("train", help="train directions from labelled sound")
    kinds = p.add_subparsers(required=True, metavar="KIND")
    for name, run, words in (
        ("note", train_note, "one pitch class against the others"),
        ("tempo", train_tempo, "beats per minute"),
    ):
        p = command(kinds, name, run, words)
        if name == "note":
            p.add_argument("--target", required=True, help="C, C#, Db, … or all")
            octave_argument(p)
        else:
            p.add_argument(
                "--data",
                choices=("clicks", "music"),
                default="clicks",
                help="SynTheory's click tracks, or pieces composed as nano's (default %(default)s)",
            )
        p.add_argument("--method", choices=METHODS, default="rfm", help="default %(default)s")
        p.add_argument(
            "--out", metavar="DIR", help="folder for <model>/<name>.safetensors (default: your own)"
        )
        p.add_argument("--samples", type=count, help="clips to hear (default 1440 or 1200)")
        p.add_argument(
            "--pooling",
            choices=("mean", "max", "last"),
            default="mean",
            help="how the frames of a clip become one state (default %(default)s)",
        )
        p.add_argument(
            "--components",
            type=count,
            default=12,
            help="AGOP eigenvectors that rfm keeps (default %(default)s)",
        )
        p.add_argument(
            "--keep",
            type=count,
            default=1,
            help="eigenvectors that rfm-top writes (default %(default)s)",
        )
        p.add_argument("--trials", type=count, default=10, help="RFM settings to try")
        p.add_argument("--iterations", type=count, default=4, help="RFM iterations each")
        p.add_argument("--rows", type=count, default=1000, help="most clips an RFM is fitted on")
        p.add_argument("--seed", type=int, default=0)
        model_arguments(p)


def train_note(o: argparse.Namespace) -> None:
    from musicrfm.directions import PITCH_CLASSES
    from musicrfm.model import MusicModel
    from musicrfm.train import note_data
    from musicrfm.train import train_note as train

    targets = PITCH_CLASSES if o.target == "all" else (o.target,)
    model = MusicModel.load(o.model, device=o.device)
    data = note_data(model, o.samples or 1440, o.seed, o.pooling, octaves_of(o.octaves))
    for target in targets:
        _train(o, lambda target=target, **options: train(data, target, o.method, **options))


def train_tempo(o: argparse.Namespace) -> None:
    from musicrfm.model import MusicModel
    from musicrfm.train import music_data, tempo_data
    from musicrfm.train import train_tempo as train

    model = MusicModel.load(o.model, device=o.device)
    hear = tempo_data if o.data == "clicks" else music_data
    data = hear(model, o.samples or 1200, o.seed, o.pooling)
    _train(o, lambda **options: train(data, o.method, **options))


def _train(o: argparse.Namespace, fit) -> None:
    from musicrfm.probes import Search
    from musicrfm.train import direction_path

    started = time.monotonic()
    direction = fit(
        components=o.components,
        keep=o.keep,
        search=Search(o.trials, o.iterations, o.rows, o.seed),
    )
    path = direction.save(direction_path(direction, Path(o.out) if o.out else None))
    scores = " ".join(f"{s:.2f}" for s in direction.layer_scores.tolist())
    seconds = time.monotonic() - started
    print(f"{direction.name}: {direction.meta['metric']} by layer {scores} ({seconds:.0f} s)")
    print(f"  {path}", flush=True)
