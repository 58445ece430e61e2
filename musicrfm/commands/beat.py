"""`musicrfm train beat`: a tempo knob that holds the beat, from clips whose beats are known."""

from __future__ import annotations

import argparse
import itertools

from musicrfm.commands.arguments import (
    SEED_HELP,
    command,
    count,
    model_arguments,
    overwrite_argument,
)
from musicrfm.commands.training import loaded_model
from musicrfm.errors import MusicRFMError
from musicrfm.training.names import free_name


def add(sets) -> None:
    words = "a tempo knob that holds the beat"
    p = command(sets, "beat", train_beat, words, f"Train {words}.")
    p.add_argument("--name", default="tempo", help="name of the direction (default %(default)s)")
    p.add_argument(
        "--data",
        choices=("music", "syntheory"),
        default="music",
        help="music composed by rule, or SynTheory's click tracks (default %(default)s)",
    )
    p.add_argument(
        "--samples", type=count, default=240, help="number of clips (default %(default)s)"
    )
    p.add_argument(
        "--strength",
        type=float,
        help="strength with which the position in the beat is set (default 4.5)",
    )
    p.add_argument(
        "--knob",
        metavar="BPM,BPM",
        default="60,160",
        help="tempi at coefficients -1 and 1 (default %(default)s)",
    )
    p.add_argument("--seed", type=int, default=0, help=SEED_HELP)
    p.add_argument(
        "--out",
        metavar="DIR",
        help="folder for <model>/<name>.safetensors (default: your data folder)",
    )
    overwrite_argument(p)
    model_arguments(p)


def train_beat(o: argparse.Namespace) -> None:
    from musicrfm.data import syntheory
    from musicrfm.data.composed import music_clips
    from musicrfm.training.beat import STRENGTH, clicks, composed, fit
    from musicrfm.training.telling import told_of_beat
    from musicrfm.training.train import direction_path

    knob = _knob(o.knob)
    model = loaded_model(o)
    if o.data == "music":
        clips = music_clips(o.samples, o.seed)
        beats = composed(clips)
    else:
        clips = syntheory.clip_set("tempos", o.samples, o.seed)
        beats = clicks(clips)
    direction = fit(
        model,
        itertools.islice(beats, o.samples),
        o.samples,
        name=free_name(o.name, model.name, o.out, o.overwrite),
        data=clips.name,
        seed=o.seed,
        strength=STRENGTH if o.strength is None else o.strength,
        knob=knob,
    )
    print(told_of_beat(direction))
    print(f"  {direction.save(direction_path(direction, o.out))}")


def _knob(text: str) -> tuple[float, float]:
    try:
        slowest, fastest = (float(part) for part in text.split(","))
    except ValueError:
        raise MusicRFMError(f"--knob {text!r} is not a pair of tempi such as 60,160") from None
    return slowest, fastest
