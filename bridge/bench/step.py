"""How much music a second: this stream against `generate` of Hugging Face, and each precision.

All with guidance and the codec, on the same weights, by turns: as on stage, frame by frame with the
threads that playing uses, and as into a file, all at once with as many threads as `generate` has.
Beside it, what the least could be: the time that reading the decoder's weights and its cache once a
step takes at the memory's measured speed. With a published model's name as the shape, it is one of
random weights, see `musicrfm.published.random`, and each turn begins after eight seconds of music.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np
import torch

from bridge.bench.hardware import bandwidth, instructions, line
from bridge.bench.report import Options, Report
from musicrfm.errors import MusicRFMError
from musicrfm.model import MusicModel
from musicrfm.published.random import random_model
from musicrfm.published.sizes import PUBLISHED
from musicrfm.runtime.cost import Shape
from musicrfm.runtime.devices import device_of, worth_trying
from musicrfm.stream import MusicStream

PROMPT = "calm piano melody with drums"
ROUNDS = 3
SECONDS = 4.0  # of music a turn
WARM_FRAMES = 20
SHAPE_ROUNDS = 2
SHAPE_SECONDS = 20.0  # a turn of a shape takes at most about so long
SHAPE_MUSIC = 4.0  # and plays at most so many seconds of music
SHAPE_BUDGET = 360.0  # seconds after which no round begins any more
SHAPE_WARM = 3  # frames


@dataclass(frozen=True)
class Row:
    """realtime: seconds of music a second. against_generate: times as fast as that.
    share_of_floor: of the speed that reading weights and cache would allow."""

    what: str
    dtype: str
    threads: int
    realtime: float
    against_generate: float
    share_of_floor: float


@dataclass(frozen=True)
class Turn:
    """What is timed: `play` gives seconds of music a second, and the positions in the cache on
    average."""

    what: str
    dtype: str
    threads: int
    play: Callable[[], tuple[float, float]]


def run(options: Options) -> Report:
    shape = options.shape
    if shape is None:
        return _run_model(options)
    if shape not in PUBLISHED:
        raise MusicRFMError(f"there is no shape {shape!r}: take one of {', '.join(PUBLISHED)}")
    return _run_shape(options)


def _run_model(options: Options) -> Report:
    seconds = SECONDS if options.minutes is None else 60 * options.minutes / ROUNDS
    dtypes = _dtypes(options)
    models = {
        dtype: MusicModel.load(options.model, device=options.device, dtype=dtype)
        for dtype in dtypes
    }
    first, threads = models[dtypes[0]], options.threads or torch.get_num_threads()
    alone = 1 if first.small and options.threads is None else threads
    turns = [Turn("generate", dtypes[0], threads, lambda: _generate(first, seconds))]
    for dtype, model in models.items():
        turns.append(
            Turn("stream", dtype, alone, lambda m=model: _stream(m, seconds, options.early))
        )
        turns.append(Turn("file", dtype, threads, lambda m=model: _file(m, seconds)))
    found = _by_turns(turns, ROUNDS)
    title = f"Music a second, {first.name}"
    return _report(title, Shape.of(first), first.frame_rate, first.device, turns, found)


def _run_shape(options: Options) -> Report:
    name, threads = options.shape, options.threads or torch.get_num_threads()
    asked = options.dtype if options.dtype not in (None, "auto") else None
    exact = random_model(name)
    parts = (exact.hf.text_encoder, exact.hf.audio_encoder)
    turns = [Turn("generate", "float32", threads, lambda: _generate_some(exact))]
    models = {"float32": exact}
    half = random_model(name, torch.bfloat16, None, *parts)
    for dtype in (asked,) if asked else ("int4", "int8"):
        if dtype.startswith("int"):
            bits = {dtype: True}
            models[dtype] = MusicModel(name, half.hf, half.tokenizer, **bits)
        elif dtype == "bfloat16":
            models[dtype] = half
    if not asked:
        turns.append(Turn("stream", "float32", threads, lambda: _part(exact)))
    for dtype in (asked,) if asked else ("int4", "int8"):
        for count in sorted({1, threads}, reverse=True):
            turns.append(Turn("stream", dtype, count, lambda m=models[dtype]: _part(m)))
    found = _by_turns(turns, SHAPE_ROUNDS, SHAPE_BUDGET)
    title = f"Music a second, {name} with random weights"
    return _report(title, Shape.of(exact), exact.frame_rate, exact.device, turns, found)


def _dtypes(options: Options) -> list[str]:
    if options.dtype in (None, "auto"):
        return list(worth_trying(device_of(options.device)))
    return [options.dtype]


def _by_turns(
    turns: list[Turn], rounds: int, budget: float = float("inf")
) -> list[list[tuple[float, float]]]:
    """What each turn gave, round by round."""
    found: list[list[tuple[float, float]]] = [[] for _ in turns]
    before, began = torch.get_num_threads(), time.monotonic()
    try:
        for _ in range(rounds):
            if time.monotonic() - began > budget:
                break
            for turn, values in zip(turns, found, strict=True):
                torch.set_num_threads(turn.threads)
                values.append(turn.play())
    finally:
        torch.set_num_threads(before)
    return found


def _report(
    title: str,
    shape: Shape,
    rate: int,
    device: torch.device,
    turns: list[Turn],
    found: list[list[tuple[float, float]]],
) -> Report:
    speeds = [[speed for speed, _ in values] for values in found]
    middle = [float(np.median(values)) for values in speeds]
    reads = {count: bandwidth(device, count) for count in {turn.threads for turn in turns}}
    records, rows = [], []
    for turn, values, speed, all_speeds in zip(turns, found, middle, speeds, strict=True):
        positions = float(np.mean([places for _, places in values]))
        least = shape.step_bytes(turn.dtype, positions) / reads[turn.threads]
        row = Row(
            turn.what, turn.dtype, turn.threads, speed, speed / middle[0], speed * rate * least
        )
        records.append(asdict(row))
        rows.append([*asdict(row).values(), min(all_speeds), max(all_speeds)])
    told = ", ".join(f"{speed / 1e9:.1f} GB/s on {n}" for n, speed in sorted(reads.items()))
    words = [
        f"{line()} Memory read at {told} (threads).",
        f"A step reads {shape.weight_bytes('int8') / 1e6:.0f} MB of weights in int8, "
        f"{shape.weight_bytes('int4') / 1e6:.0f} in int4, and "
        f"{shape.cache_bytes('int8') / 1e3:.0f} kB of cache a position with guidance. The share of "
        "the floor is how near the stream comes to reading only that, with the codec, the "
        "sampling and everything else on top.",
    ]
    columns = ["what", "dtype", "threads", "× real time, median", "against generate"]
    return Report(
        title,
        [*columns, "share of floor", "least", "most"],
        rows,
        words,
        {"turns": speeds, "bandwidth": reads, "instructions": instructions()},
        records,
    )


def _part(model: MusicModel) -> tuple[float, float]:
    """Frames as on stage, after eight seconds of other music."""
    codes = torch.randint(model.codes, (model.codebooks, model.window // 2))
    stream = MusicStream(model, PROMPT, seed=0, continue_from=codes)
    for _ in range(SHAPE_WARM):
        next(stream)
    most, frames = round(SHAPE_MUSIC * model.frame_rate), 0
    first = stream.frame
    began = time.perf_counter()
    while frames < most and time.perf_counter() - began < SHAPE_SECONDS:
        next(stream)
        frames += 1
    took = time.perf_counter() - began
    return frames / model.frame_rate / took, first + frames / 2


def _generate_some(model: MusicModel) -> tuple[float, float]:
    """As `_generate`, a little: the time grows with the length, as does that of the stream."""
    return _generate(model, 0.5)


def _stream(model: MusicModel, seconds: float, early: bool) -> tuple[float, float]:
    stream = iter(MusicStream(model, PROMPT, seed=0, early=early))
    for _ in range(WARM_FRAMES):
        next(stream)
    frames = round(seconds * model.frame_rate)
    began = time.perf_counter()
    for _ in range(frames):
        next(stream)
    return frames / model.frame_rate / (time.perf_counter() - began), WARM_FRAMES + frames / 2


def _file(model: MusicModel, seconds: float) -> tuple[float, float]:
    stream = MusicStream(model, PROMPT, seed=0)
    frames = round(seconds * model.frame_rate)
    began = time.perf_counter()
    stream.generate(frames)
    return seconds / (time.perf_counter() - began), frames / 2


@torch.inference_mode()
def _generate(model: MusicModel, seconds: float) -> tuple[float, float]:
    """Windows as long as the model reads at once, as many as are needed."""
    tokens = model.tokenizer([PROMPT], return_tensors="pt").to(model.device)
    done, frames = 0.0, 0
    began = time.perf_counter()
    while done < seconds:
        frames = min(round((seconds - done) * model.frame_rate), model.window - 8)
        model.hf.generate(
            **tokens,
            do_sample=True,
            guidance_scale=3.0,
            max_new_tokens=frames + model.codebooks,
        )
        done += max(frames, 1) / model.frame_rate
    return done / (time.perf_counter() - began), frames / 2
