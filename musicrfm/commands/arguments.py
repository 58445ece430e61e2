"""Arguments that several commands share."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, NoReturn

from musicrfm.errors import MusicRFMError
from musicrfm.runtime.defaults import DTYPES
from musicrfm.terminal import shortened

if TYPE_CHECKING:
    from musicrfm.directions import Direction

DEVICE_HELP = "cpu, cuda, cuda:1, mps or another PyTorch device (default: cuda if present)"
OVERWRITE_HELP = "replace existing files (default: write NAME-2)"
MOST_TOLD = 600  # characters of an error
METHODS = ("rfm", "rfm-top", "rfm-multiclass", "mean-difference", "linear", "logistic", "random")


class Parser(argparse.ArgumentParser):
    """What is wrong is told in a line or two, however long the argument is."""

    def error(self, message: str) -> NoReturn:
        super().error(shortened(message, MOST_TOLD))


def command(group, name: str, run, words: str) -> argparse.ArgumentParser:
    parser = group.add_parser(name, help=words, description=words[0].upper() + words[1:] + ".")
    parser.set_defaults(run=run)
    return parser


def model_arguments(p: argparse.ArgumentParser, dtype: str = "float32") -> None:
    """dtype: the default on a CPU, or auto."""
    p.add_argument("--model", default="nano", help="nano, a folder, or a hub id")
    p.add_argument("--device", help=DEVICE_HELP)
    p.add_argument(
        "--dtype",
        choices=DTYPES,
        default="auto" if dtype == "auto" else None,
        help=(
            f"precision of the decoder (default: {dtype} on a CPU, float16 on a GPU; auto "
            "is int8 on a CPU; int4 is for large models on a CPU)"
        ),
    )


def playing_arguments(p: argparse.ArgumentParser) -> None:
    p.add_argument("--layers", default="all", help="all, top:K, exp:BASE,RATE or layer:N")
    p.add_argument("--seed", type=int, default=0)
    p.add_argument(
        "--top-k",
        type=int,
        help="number of most likely codes to choose from (default: the model's)",
    )
    p.add_argument("--temperature", type=float, help="default: the model's")
    p.add_argument("--guidance", type=float, help="guidance scale (default: the model's)")


def overwrite_argument(p: argparse.ArgumentParser) -> None:
    p.add_argument("--overwrite", action="store_true", help=OVERWRITE_HELP)


def octave_argument(p: argparse.ArgumentParser) -> None:
    p.add_argument(
        "--octaves",
        default="0-8",
        metavar="A-B",
        help="MIDI octaves of the notes to train on (default %(default)s)",
    )


def control_argument(p: argparse.ArgumentParser) -> None:
    p.add_argument(
        "--control",
        type=int,
        default=5,
        metavar="N",
        help="random directions of the same length to play beside the top, 0 for none (default "
        "%(default)s)",
    )


def listener_argument(p: argparse.ArgumentParser) -> None:
    p.add_argument(
        "--listener",
        metavar="WHO",
        help="what says how much of the concept is heard: level, centroid, onsets, register, "
        "roughness, detector (the concept's own) or FILE.py:FUNCTION, given samples and sample "
        "rate; --listener=-level where less is more (default: by the concept, such as a note)",
    )


def listened_by(o: argparse.Namespace, given: str, direction: Direction) -> Direction:
    """The direction, which says who listens if that was asked for."""
    if o.listener is None:
        return direction
    from musicrfm.listening.listeners import DETECTOR, listener

    spec = o.listener
    if spec == DETECTOR:
        from musicrfm.directions import Direction as Directions

        whole, component = Directions.parts(given)
        name = direction.name if component is None else f"{whole}:{component}"
        spec = f"{DETECTOR}:{name}"
    listener(spec)  # says so if it is none
    direction.meta["listener"] = spec
    return direction


def workers_argument(p: argparse.ArgumentParser) -> None:
    p.add_argument(
        "--workers",
        type=int,
        default=0,
        metavar="N",
        help="parallel processes, one thread each; 0: this process alone (default)",
    )


def workers_of(o: argparse.Namespace) -> int:
    if o.workers < 0:
        raise MusicRFMError(f"--workers {o.workers} is negative: give 0 or more")
    return o.workers


def count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 up")
    return int(text)


def numbers(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a list of numbers such as 2,4,8"
        ) from None


def octaves_of(text: str) -> tuple[int, int]:
    low, _, high = text.partition("-")
    try:
        return int(low), int(high or low)
    except ValueError:
        raise MusicRFMError(f"--octaves {text!r} is not a range of octaves such as 3-6") from None
