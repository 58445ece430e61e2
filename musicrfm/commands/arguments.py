"""Arguments that several commands share."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn

from musicrfm.errors import MusicRFMError
from musicrfm.executor import EXECUTORS
from musicrfm.runtime.defaults import DTYPES
from musicrfm.terminal import shortened

if TYPE_CHECKING:
    from pathlib import Path

    from musicrfm.directions import Direction
    from musicrfm.evaluation.perform import Setting
    from musicrfm.model import MusicModel

MODEL_HELP = "nano (default), a folder, or a model on the Hugging Face hub"
DEVICE_HELP = "cpu, cuda, cuda:1, mps or another PyTorch device (default: cuda if present)"
OVERWRITE_HELP = "replace existing files (default: write NAME-2)"
SEED_HELP = "random seed (default %(default)s)"
PROMPT_HELP = "prompt, and the instrument that it names (repeatable; default: four that nano knows)"
MOST_TOLD = 600  # characters of an error
METHODS = ("rfm", "rfm-top", "rfm-multiclass", "mean-difference", "linear", "logistic", "random")


class Parser(argparse.ArgumentParser):
    """Keeps error messages short, however long the argument is."""

    def error(self, message: str) -> NoReturn:
        super().error(shortened(message, MOST_TOLD))


def command(group, name: str, run, words: str, about: str = "") -> argparse.ArgumentParser:
    """A subcommand. words: for the list of commands. about: for its own help (default: words)."""
    about = about or f"{words[0].upper()}{words[1:]}."
    parser = group.add_parser(name, help=words, description=about)
    parser.set_defaults(run=run)
    return parser


def model_arguments(p: argparse.ArgumentParser, dtype: str = "float32") -> None:
    """dtype: the default on a CPU, or auto."""
    p.add_argument("--model", default="nano", help=MODEL_HELP)
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
    p.add_argument(
        "--layers",
        default="all",
        help="layers to steer: all, top:K (the K best), exp:BASE,RATE (weighted by score) or "
        "layer:N (default %(default)s)",
    )
    p.add_argument("--seed", type=int, default=0, help=SEED_HELP)
    p.add_argument(
        "--top-k",
        type=int,
        help="number of most likely codes to choose from (default: the model's)",
    )
    p.add_argument("--temperature", type=float, help="randomness (default: the model's)")
    p.add_argument("--guidance", type=float, help="strength of the prompt (default: the model's)")


def overwrite_argument(p: argparse.ArgumentParser) -> None:
    p.add_argument("--overwrite", action="store_true", help=OVERWRITE_HELP)


def clip_arguments(p: argparse.ArgumentParser) -> None:
    """The clips that are played to measure a direction."""
    p.add_argument(
        "--prompt", action="append", default=[], metavar="TEXT[=INSTRUMENT]", help=PROMPT_HELP
    )
    p.add_argument(
        "--seeds", type=count, default=2, help="number of seeds per prompt (default %(default)s)"
    )
    p.add_argument(
        "--seconds", type=float, default=8.0, help="length of a clip (default %(default)g)"
    )


def prompts_of(given: Sequence[str]) -> tuple[tuple[str, ...], dict[str, str]]:
    """(prompts, the instrument of each that names one) of `--prompt TEXT[=INSTRUMENT]`; by default
    those that nano knows, which are among the instruments in any case."""
    from musicrfm.evaluation.perform import PROMPTS

    pairs = [text.partition("=")[::2] for text in given]
    named = {prompt: instrument for prompt, instrument in pairs if instrument}
    return tuple(prompt for prompt, _ in pairs) or tuple(PROMPTS), PROMPTS | named


def setting_of(o: argparse.Namespace, keep_norm: bool = False) -> tuple[Setting, dict[str, str]]:
    """(clips, instruments) of `clip_arguments` and `playing_arguments`."""
    from musicrfm.evaluation.perform import Setting

    prompts, instruments = prompts_of(o.prompt)
    setting = Setting(
        prompts=prompts,
        seeds=tuple(range(o.seed, o.seed + o.seeds)),
        seconds=o.seconds,
        layers=o.layers,
        guidance_scale=o.guidance,
        temperature=o.temperature,
        top_k=o.top_k,
        keep_norm=keep_norm,
    )
    return setting, instruments


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
        help="number of random directions of the same length to play for comparison (default "
        "%(default)s; 0: none)",
    )


def listener_argument(p: argparse.ArgumentParser) -> None:
    p.add_argument(
        "--listener",
        metavar="MEASURE",
        help="measure of the concept: level, centroid, onsets, register, roughness, detector (the "
        "concept's own, which is no independent witness, as it reads the sound as the model itself "
        "encodes it) or FILE.py:FUNCTION, called with samples and sample rate; a minus, as in "
        "--listener=-level, if less of it is more of the concept (default: what belongs to the "
        "concept)",
    )


def listened_by(o: argparse.Namespace, given: str, direction: Direction) -> Direction:
    """The direction, with the measure of `--listener` if there is one."""
    if o.listener is None:
        return direction
    from musicrfm.directions import Direction
    from musicrfm.listening.listeners import DETECTOR, listener

    spec = o.listener
    if spec.removeprefix("-") == DETECTOR:
        name = direction.name
        if Direction.parts(given)[1] is not None:  # the detector tells all classes apart
            target = direction.meta["target"]
            name = f"{name.removesuffix(f'_{target}')}:{target}"
        spec = f"{spec}:{name}"
    listener(spec)  # raises if it is none
    direction.meta["listener"] = spec
    return direction


def detectors_of(asked: Sequence[tuple[str, Direction]], model: MusicModel) -> dict[str, Path]:
    """The files of the detectors that listen, by the text of the listener: beside the file of the
    direction, by name or file as given, or in the folders of the model.

    Raises MusicRFMError if there is none, or two directions mean different ones.
    """
    from musicrfm.directions import Direction, find
    from musicrfm.listening.listeners import detector_of
    from musicrfm.training.detect import detector_file

    found: dict[str, Path] = {}
    for given, direction in asked:
        spec = str(direction.meta.get("listener", ""))
        if (named := detector_of(spec)) is None:
            continue
        whole, _ = Direction.parts(given)
        path = detector_file(named[0], model, find(whole, model).parent)
        if found.setdefault(spec, path) != path:
            raise MusicRFMError(
                f"two directions are measured by different detectors called {named[0]!r}: give "
                "one direction at a time"
            )
    return found


def workers_argument(p: argparse.ArgumentParser) -> None:
    p.add_argument(
        "--workers",
        type=int,
        default=0,
        metavar="N",
        help="parallel processes, one thread each; 0: this process alone (default)",
    )


def executor_argument(p: argparse.ArgumentParser) -> None:
    p.add_argument(
        "--executor",
        choices=EXECUTORS,
        default="local",
        help="where probes are fitted: processes here, or a Ray cluster (default %(default)s)",
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
