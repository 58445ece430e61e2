"""`musicrfm generate`: writes steered music to a file as fast as the computer can."""

from __future__ import annotations

import argparse
import math
from typing import TYPE_CHECKING, Any

from musicrfm.commands.arguments import (
    command,
    control_argument,
    count,
    detectors_of,
    model_arguments,
    numbers,
    overwrite_argument,
    playing_arguments,
)
from musicrfm.commands.steers import STEER_HELP, crossfade_option, steer_option
from musicrfm.errors import MusicRFMError
from musicrfm.files.paths import path_of
from musicrfm.files.writing import Placed, folder_for, place_for, reason, sound_file
from musicrfm.progress import Progress

if TYPE_CHECKING:
    from musicrfm.commands.steers import CrossfadeOption, SteerOption
    from musicrfm.stream import MusicStream


def add(commands) -> None:
    p = command(commands, "generate", generate, "write steered music into a file")
    p.add_argument(
        "prompt",
        metavar="PROMPT",
        help="description of the music ('' for none); with --compare, a direction instead",
    )
    p.add_argument("--out", metavar="FILE", help=".flac or .wav file; with --compare, a folder")
    overwrite_argument(p)
    p.add_argument(
        "--compare",
        type=numbers,
        metavar="A,B,…",
        help="compare a direction at these coefficients with random directions, and write a page "
        "to listen to; as in: --compare 0,0.3,0.7 note_C",
    )
    p.add_argument(
        "--prompt",
        action="append",
        default=[],
        dest="prompts",
        metavar="TEXT",
        help="with --compare: description of the music (repeatable)",
    )
    p.add_argument(
        "--seeds",
        type=count,
        default=2,
        help="with --compare: number of seeds per prompt (default %(default)s)",
    )
    control_argument(p)
    p.add_argument(
        "--seconds", type=float, default=10.0, help="length of the music (default %(default)g)"
    )
    p.add_argument("--steer", action="append", default=[], metavar="NAME=COEF", help=STEER_HELP)
    p.add_argument(
        "--crossfade",
        action="append",
        default=[],
        metavar="FROM,TO,START,SECONDS",
        help="move the coefficient of one direction to another, from START seconds on (repeatable)",
    )
    p.add_argument(
        "--schedule",
        default="constant",
        help="constant, exponential:RATE or linear:STEPS (fall), ramp:STEPS or cosine:STEPS "
        "(rise), cosine-down:STEPS or python:MODULE:FUNCTION with f(step, base) -> coefficient; "
        "steps are frames of 20 ms (default %(default)s)",
    )
    p.add_argument(
        "--inject",
        type=float,
        default=1.0,
        metavar="P",
        help="probability that a direction is added to a layer (default 1)",
    )
    p.add_argument(
        "--inject-per",
        choices=("layer", "step"),
        default="layer",
        help="draw this probability for each layer and frame, or once per frame (default "
        "%(default)s)",
    )
    p.add_argument(
        "--steer-guidance",
        choices=("both", "conditional"),
        default="both",
        help="halves of guidance that are steered: both, or conditional alone (default "
        "%(default)s)",
    )
    p.add_argument(
        "--keep-norm",
        action="store_true",
        help="rescale steered hidden states to the norm they had before steering",
    )
    model_arguments(p, "auto")
    playing_arguments(p)


def generate(o: argparse.Namespace) -> None:
    import soundfile

    if o.compare:
        compare(o)
        return
    if o.out is None:
        raise MusicRFMError("the output file is missing: give --out FILE, such as --out music.flac")
    out = path_of(o.out)
    suffix = out.suffix.upper().lstrip(".")
    if suffix not in soundfile.available_formats():
        raise MusicRFMError(f"{o.out!r} must end in .flac or .wav")
    if not 0 < o.seconds < float("inf"):
        raise MusicRFMError(f"--seconds {o.seconds:g} must be a finite number above 0")
    steers = [steer_option(text) for text in o.steer]
    crossfades = [crossfade_option(text) for text in o.crossfade]
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise MusicRFMError(f"{str(out.parent)!r} cannot be created: {reason(error)}") from None
    place_for(out, o.overwrite)  # nothing is wrong with it
    placed = None if o.overwrite else Placed(out)

    from musicrfm.selfcheck import loaded
    from musicrfm.stream import MusicStream

    model = loaded(o.model, o.device, o.dtype)
    stream = MusicStream(
        model,
        o.prompt,
        seed=o.seed,
        guidance_scale=o.guidance,
        temperature=o.temperature,
        top_k=o.top_k,
        steer_guidance=o.steer_guidance,
        chunk_frames=5,
    )
    stream.steering.keep_norm = o.keep_norm
    common = {key: getattr(o, key) for key in ("layers", "schedule", "inject", "inject_per")}
    _add(stream, steers, crossfades, common)
    frames = max(1, round(o.seconds * model.frame_rate))
    left = frames * model.frame_size
    total = math.ceil(frames / model.frame_rate)
    progress = Progress(out.name, total, "s")
    with sound_file(out, model.sample_rate, model.channels, placed) as write:
        while left > 0:
            chunk = next(stream) if stream.frame < frames else stream.finish()
            write(chunk[:left].clip(-1, 1))
            left -= len(chunk)
            progress(total - math.ceil(max(0, left) / model.sample_rate))
    place = out if placed is None else placed.path
    shown = o.out if place == out else place
    there = "" if place == out else f" ({o.out} exists already)"
    print(f"{shown}: {o.seconds:g} s{there}")


def compare(o: argparse.Namespace) -> None:
    """One direction at several coefficients, in a folder with a page to listen to."""
    from musicrfm.directions import Direction
    from musicrfm.evaluation.comparison import compare as played
    from musicrfm.evaluation.comparison import knob_variants
    from musicrfm.evaluation.comparison_page import tell
    from musicrfm.evaluation.perform import PROMPTS
    from musicrfm.listening.listeners import CAVEAT, detector_of
    from musicrfm.selfcheck import loaded

    folder = folder_for(o.out or f"compared_{o.prompt}", ("index.html",), o.overwrite)
    model = loaded(o.model, o.device, o.dtype)
    direction = Direction.load(o.prompt, model)
    how = {key: getattr(o, key) for key in ("layers", "schedule", "inject", "inject_per")}
    found = played(
        model,
        knob_variants(direction, o.compare, how),
        [direction],
        prompts=o.prompts or list(PROMPTS)[:2],
        seeds=range(o.seed, o.seed + o.seeds),
        seconds=o.seconds,
        draws=max(0, o.control),
        detectors=detectors_of([(o.prompt, direction)], model),
    )
    words = "Coefficients are those of the knob: 1 is the top of the useful range."
    if direction.range is None:
        words = f"{direction.name} is not calibrated: its coefficients are raw."
    if detector_of(str(direction.meta.get("listener", ""))):
        words += f" {CAVEAT[0].upper()}{CAVEAT[1:]}."
    tell(found, folder, f"{direction.name} on {model.name}", words)


def _add(
    stream: MusicStream,
    steers: list[SteerOption],
    crossfades: list[CrossfadeOption],
    common: dict[str, Any],
) -> None:
    """Add the directions, and at 0 those named only as the end of a crossfade; plan the
    crossfades."""
    from musicrfm.directions import Direction

    steering, rate = stream.steering, stream.model.frame_rate
    for one in steers:
        direction = Direction.load(one.name, stream.model)
        if direction.name in steering.names():
            raise MusicRFMError(
                f"--steer {direction.name} is given twice: to use several components, write "
                "component=0,1"
            )
        steering.add(direction, one.coefficient, **(common | one.options))
    ends = [Direction.load(fade.to_name, stream.model) for fade in crossfades]
    for direction in ends:
        if direction.name not in steering.names():
            steering.add(direction, 0.0, **common)
    for fade, end in zip(crossfades, ends, strict=True):
        start = Direction.load(fade.from_name, stream.model)
        if start.name not in steering.names():
            raise MusicRFMError(
                f"--crossfade starts from {fade.from_name!r}, which is not steered: add --steer "
                f"{fade.from_name}=1"
            )
        frames = max(1, round(fade.seconds * rate))
        steering.crossfade(start.name, end.name, frames, start=round(fade.start * rate))
