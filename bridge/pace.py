"""Tests, before playing, whether this computer generates a large model's music in real time.

It also keeps the window that `bridge doctor` has chosen for a model, so that `bridge play` uses it.
"""

from __future__ import annotations

import json
import logging
import time
from pathlib import Path

import torch

from musicrfm.errors import MusicRFMError
from musicrfm.files.folders import cache_folder
from musicrfm.files.writing import write_text
from musicrfm.model import MusicModel
from musicrfm.runtime.backends import decoder_for
from musicrfm.runtime.decoder import Push, StepDecoder
from musicrfm.runtime.defaults import DEFAULT_PROMPT
from musicrfm.stream import MusicStream
from musicrfm.weights.cost import CACHED, WEIGHT, Shape

FRAMES = 6  # that are tried, after those at the start that differ
WARM = 10
ENOUGH = 1.1  # times real time

log = logging.getLogger(__name__)


def words(stream: MusicStream) -> str | None:
    """Remedies if it is too slow; it plays in any case.

    Small models and GPUs are not tested. The piece restarts after the trial.
    """
    model = stream.model
    if model.small or model.device.type != "cpu" or stream.take is not None:
        return None
    speed = trial(stream)
    return None if speed >= ENOUGH else advice(speed, model.precision, stream.guidance_scale != 1.0)


def trial(stream: MusicStream) -> float:
    """Multiple of real time, with the window as full as it is on average."""
    model = stream.model
    for _ in range(WARM):
        next(stream)
    best = float("inf")
    for _ in range(FRAMES):
        began = time.perf_counter()
        next(stream)
        best = min(best, time.perf_counter() - began)
    stream.restart()
    if model.precision not in WEIGHT or (not model.packed and model.precision not in CACHED):
        return 1 / (best * model.frame_rate)
    shape = Shape.of(model)
    on_average = shape.step_bytes(model.precision, (stream.window + stream.keep) / 2)
    return shape.step_bytes(model.precision, WARM) / on_average / (best * model.frame_rate)


def guided_decoder(model: MusicModel, room: int) -> tuple[StepDecoder, Push]:
    """A decoder to be timed, of so many positions, with guidance and steered by nothing; and that
    nothing."""
    decoder = decoder_for(model, room)
    decoder.set_prompt(model.encode_prompt(DEFAULT_PROMPT))
    decoder.guided = True
    unsteered = Push(torch.zeros(model.layers, model.width, dtype=model.dtype))
    decoder.steer(unsteered)
    return decoder, unsteered


def advice(speed: float, precision: str, guided: bool) -> str:
    fixes = [] if precision == "int4" else ["--dtype int4"]
    fixes += ["a shorter --window"]
    fixes += ["guidance 1, which halves the work"] if guided else []
    return (
        f"this computer makes about {speed:.1f} seconds of music a second, too few to play "
        f"without pauses: {', '.join(fixes)}, the model nano, or a GPU would help (`bridge "
        "doctor --model` says how much, and chooses a window)"
    )


def keep_window(model: MusicModel, window: float | None) -> None:
    """Keep a choice for this model in this precision, on as many threads as PyTorch has.

    window: in seconds, None for the model's own.
    """
    try:
        write_text(_place(model), json.dumps({"window": window}) + "\n", overwrite=True)
    except MusicRFMError as error:
        log.warning("the chosen window cannot be kept for `bridge play`: %s", error)


def kept_window(model: MusicModel) -> float | None:
    """The window in seconds that `keep_window` has kept; None for the model's own, or for none."""
    if model.small or model.device.type != "cpu":
        return None
    try:
        window = json.loads(_place(model).read_text("utf-8"))["window"]
        return None if window is None else float(window)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _place(model: MusicModel) -> Path:
    name = f"{model.fingerprint}-{model.precision}-{torch.get_num_threads()}.json"
    return cache_folder() / "windows" / name
