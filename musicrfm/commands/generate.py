"""`musicrfm generate`: steered music into a file, as fast as the machine can."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from musicrfm.commands.arguments import command, model_arguments, playing_arguments
from musicrfm.errors import MusicRFMError

if TYPE_CHECKING:
    from musicrfm.model import MusicModel


def add(commands) -> None:
    p = command(commands, "generate", generate, "write steered music into a file")
    p.add_argument("prompt", help="what to play, in words; '' for no prompt")
    p.add_argument("--out", required=True, metavar="FILE", help=".flac or .wav")
    p.add_argument("--seconds", type=float, default=10.0)
    p.add_argument(
        "--steer",
        action="append",
        default=[],
        metavar="NAME=COEF",
        help="a direction and how strongly, 1.0 = top of its useful range; repeatable",
    )
    p.add_argument(
        "--schedule",
        default="constant",
        help="constant, exponential:RATE or linear:STEPS (default %(default)s)",
    )
    p.add_argument(
        "--inject",
        type=float,
        default=1.0,
        metavar="P",
        help="probability that a layer is steered, at each frame (default 1)",
    )
    model_arguments(p)
    playing_arguments(p)


def generate(o: argparse.Namespace) -> None:
    import soundfile

    suffix = Path(o.out).suffix.upper().lstrip(".")
    if suffix not in soundfile.available_formats():
        raise MusicRFMError(f"{o.out!r} is no sound file: let its name end in .flac or .wav")
    if not 0 < o.seconds < float("inf"):
        raise MusicRFMError(f"a file of {o.seconds:g} seconds cannot be made: give more than 0")
    steers = [_steer(text) for text in o.steer]

    from musicrfm.directions import Direction
    from musicrfm.model import MusicModel
    from musicrfm.stream import MusicStream

    model = MusicModel.load(o.model, device=o.device)
    stream = MusicStream(
        model,
        o.prompt,
        seed=o.seed,
        guidance_scale=o.guidance,
        temperature=o.temperature,
        top_k=o.top_k,
        chunk_frames=5,
    )
    for name, coefficient in steers:
        stream.steering.add(
            Direction.load(name, model),
            coefficient,
            layers=o.layers,
            schedule=o.schedule,
            inject=o.inject,
        )
    frames = max(1, round(o.seconds * model.frame_rate))
    left = frames * model.frame_size
    Path(o.out).parent.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    with _create(o.out, model.sample_rate, model.channels) as file:
        while left > 0:
            chunk = next(stream) if stream.frame < frames else stream.finish()
            file.write(chunk[:left].clip(-1, 1))
            left -= len(chunk)
            _progress(frames * model.frame_size - left, frames * model.frame_size, started, model)
    print(f"{o.out}: {o.seconds:g} s")


def _steer(text: str) -> tuple[str, float]:
    """`note_C=0.8` -> (name or path, coefficient)."""
    name, equals, value = text.rpartition("=")
    try:
        if not (equals and name):
            raise ValueError
        return name, float(value)
    except ValueError:
        raise MusicRFMError(f"--steer {text!r} is not NAME=COEFFICIENT, like note_C=0.8") from None


def _create(path: str, sample_rate: int, channels: int):
    import soundfile

    container = Path(path).suffix.upper().lstrip(".")
    subtypes = soundfile.available_subtypes(container)
    subtype = "PCM_24" if "PCM_24" in subtypes else None
    try:
        return soundfile.SoundFile(path, "w", sample_rate, channels, subtype, format=container)
    except (OSError, RuntimeError) as error:
        raise MusicRFMError(f"{path!r} cannot be written: {error}") from error


def _progress(done: int, total: int, started: float, model: MusicModel) -> None:
    if sys.stderr.isatty():
        seconds = min(done, total) / model.sample_rate
        speed = seconds / max(time.monotonic() - started, 1e-9)
        end = "\n" if done >= total else ""
        print(
            f"\r{seconds:.1f} of {total / model.sample_rate:.1f} s, {speed:.1f}x real time ",
            end=end,
            file=sys.stderr,
            flush=True,
        )
