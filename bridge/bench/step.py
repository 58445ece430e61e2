"""Seconds of music per second: this stream against Hugging Face's `generate`, and each precision.

All with guidance and the codec, on the same weights, by turns: live, frame by frame with the
threads that playing uses; and into a file, in one go with the same number of threads as `generate`.
For comparison, the lower limit: the time to read the decoder's weights and its cache once per step
at the measured memory bandwidth. With a published model's name as the shape, the weights are
random, see `musicrfm.published.random`, and each turn starts after eight seconds of music.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial

import numpy as np
import torch

from bridge.bench.hardware import bandwidth, clock, instructions, line
from bridge.bench.report import Options, Report
from bridge.pace import guided_decoder
from bridge.process.memory import free_memory
from musicrfm.checkpoints.loading import quiet
from musicrfm.errors import MusicRFMError
from musicrfm.model import MusicModel
from musicrfm.published.random import random_model
from musicrfm.published.sizes import PUBLISHED
from musicrfm.runtime.defaults import DEFAULT_PROMPT
from musicrfm.runtime.devices import device_of, worth_trying
from musicrfm.runtime.forecast import reading_seconds
from musicrfm.runtime.packed import AT_ONCE
from musicrfm.stream import MusicStream
from musicrfm.weights.cost import Shape

PLAIN = "float32"  # of `generate`: a model loaded otherwise has only its decoder in that precision
ROUNDS = 3
SECONDS = 4.0  # of music a turn
WARM_FRAMES = 20
SHAPE_ROUNDS = 2
SHAPE_SECONDS = 20.0  # a turn of a shape takes at most about so long
SHAPE_MUSIC = 4.0  # seconds of music that it plays at most
SHAPE_BUDGET = 420.0  # seconds in all; the first round is always whole
SHAPE_WARM = 3  # frames
BUSY = 0.8  # of a thread's time: with less, other programs were busy


@dataclass(frozen=True)
class Row:
    """realtime: seconds of music per second. against_generate: that relative to `generate`.
    share_of_floor: relative to the limit set by reading weights and cache."""

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


@dataclass(frozen=True)
class Measured:
    """speed: seconds of music a second. positions: that a step looked back on average. cores: that
    this process had, on average; fewer than threads where other programs were busy."""

    speed: float
    positions: float
    cores: float


def run(options: Options) -> Report:
    shape = options.shape
    if shape is None:
        return _run_model(options)
    if shape not in PUBLISHED:
        raise MusicRFMError(f"shape {shape!r} does not exist: choose one of {', '.join(PUBLISHED)}")
    return _run_shape(options, shape)


def _run_model(options: Options) -> Report:
    seconds = SECONDS if options.minutes is None else 60 * options.minutes / ROUNDS
    dtypes = _dtypes(options)
    models = {
        dtype: MusicModel.load(options.model, device=options.device, dtype=dtype)
        for dtype in dict.fromkeys((PLAIN, *dtypes))
    }
    exact, threads = models[PLAIN], options.threads or torch.get_num_threads()
    alone = 1 if exact.small and options.threads is None else threads
    turns = [Turn("generate", PLAIN, threads, lambda: generated(exact, seconds))]
    for dtype in dtypes:
        model = models[dtype]
        turns.append(Turn("stream", dtype, alone, partial(_stream, model, seconds, options.early)))
        turns.append(Turn("file", dtype, threads, partial(_file, model, seconds)))
    found = _by_turns(turns, ROUNDS)
    title = f"Speed of generation, {exact.name}"
    return _report(title, Shape.of(exact), exact.frame_rate, exact.device, turns, found)


def _run_shape(options: Options, name: str) -> Report:
    began, threads = time.monotonic(), options.threads or torch.get_num_threads()
    asked = options.dtype if options.dtype not in (None, "auto") else None
    if asked not in (None, "int4", "int8", "bfloat16", "float32"):
        raise MusicRFMError(
            f"a shape is not measured in {asked}: take int4, int8, bfloat16, float32"
        )
    _check_memory(name)
    exact = random_model(name)
    parts = (exact.hf.text_encoder, exact.hf.audio_encoder)
    half = random_model(name, torch.bfloat16, None, *parts)
    turns = [Turn("generate", PLAIN, threads, lambda: generated(exact, 0.5))]
    if not asked:
        turns.append(Turn("stream", "float32", threads, OnStage(exact, options.window)))
    for dtype in (asked,) if asked else ("int4", "int8"):
        model = {"float32": exact, "bfloat16": half}.get(dtype)
        model = model or MusicModel(name, half.hf, half.tokenizer, **{dtype: True})
        for count in sorted({1, threads}, reverse=True):
            turns.append(Turn("stream", dtype, count, OnStage(model, options.window)))
    found = _by_turns(turns, SHAPE_ROUNDS, began + SHAPE_BUDGET)
    window = "" if options.window is None else f", in windows of {options.window:g} s"
    title = f"Speed of generation, {name} with random weights{window}"
    return _report(title, Shape.of(exact), exact.frame_rate, exact.device, turns, found)


def _check_memory(name: str) -> None:
    """Raises MusicRFMError if a shape's weights in all precisions do not fit."""
    size, free = PUBLISHED[name], free_memory()
    books = 8 if size.stereo else 4
    shape = Shape(size.layers, size.width, size.heads, 4 * size.width, books)
    needed = sum(shape.weight_bytes(dtype) for dtype in ("float32", "bfloat16", "int8", "int4"))
    if free is not None and needed > free:
        raise MusicRFMError(
            f"{name} takes about {needed / 2**30:.0f} GiB in all precisions, and "
            f"{free / 2**30:.0f} are free: choose a smaller shape"
        )


def _dtypes(options: Options) -> list[str]:
    if options.dtype in (None, "auto"):
        return list(worth_trying(device_of(options.device)))
    return [options.dtype]


def _by_turns(
    turns: list[Turn], rounds: int, deadline: float = float("inf")
) -> list[list[Measured]]:
    """What each turn gave, round by round; after the first round only until the deadline."""
    found: list[list[Measured]] = [[] for _ in turns]
    before, longest = torch.get_num_threads(), 0.0
    try:
        for number in range(rounds):
            for turn, values in zip(turns, found, strict=True):
                began, used = time.monotonic(), time.process_time()
                if number and began + longest > deadline:
                    return found
                torch.set_num_threads(turn.threads)
                speed, positions = turn.play()
                took = time.monotonic() - began
                cores = (time.process_time() - used) / took
                values.append(Measured(speed, positions, cores))
                longest = max(longest, took)
    finally:
        torch.set_num_threads(before)
    return found


def _report(
    title: str,
    shape: Shape,
    rate: int,
    device: torch.device,
    turns: list[Turn],
    found: list[list[Measured]],
) -> Report:
    speeds = [[one.speed for one in values] for values in found]
    cores = [float(np.mean([one.cores for one in values])) for values in found]
    middle = [float(np.median(values)) for values in speeds]
    reads = {count: bandwidth(device, count) for count in {turn.threads for turn in turns}}
    records, rows = [], []
    for turn, values, speed, all_speeds in zip(turns, found, middle, speeds, strict=True):
        positions = float(np.mean([one.positions for one in values]))
        least = shape.step_bytes(turn.dtype, positions) / reads[turn.threads]
        row = Row(
            turn.what, turn.dtype, turn.threads, speed, speed / middle[0], speed * rate * least
        )
        records.append(asdict(row))
        rows.append([*asdict(row).values(), min(all_speeds), max(all_speeds)])
    told = ", ".join(f"{speed / 1e9:.1f} GB/s on {n}" for n, speed in sorted(reads.items()))
    words = [
        f"{line()} Memory read at {told} (threads).",
        f"A step reads {shape.weight_bytes('int8') / 1000000.0:.0f} MB of weights in int8, "
        f"{shape.weight_bytes('int4') / 1000000.0:.0f} in int4, and "
        f"{shape.cache_bytes('int8') / 1000.0:.0f} kB of cache a position with guidance. The "
        "share of the floor is the time to read only these bytes, divided by the time of a "
        "whole step with codec and sampling.",
    ]
    lacking = [c / turn.threads for c, turn in zip(cores, turns, strict=True)]
    if min(lacking) < BUSY:
        words.append(
            f"Other programs were busy: this one had {min(lacking):.0%} of its threads' time at "
            "worst, so a quiet computer is faster."
        )
    columns = ["what", "dtype", "threads", "× real time, median", "against generate"]
    return Report(
        title,
        [*columns, "share of floor", "least", "most"],
        rows,
        words,
        {
            "turns": speeds,
            "cores": cores,
            "bandwidth": reads,
            "instructions": instructions(),
            "ghz": clock(),
        },
        records,
    )


class OnStage:
    """Frames as on stage, after eight seconds of other music; each call plays on.

    At every turn of the window, the model reads again what it keeps. The calls are too short for a
    turn, so its time is measured by itself, and each frame gets its share.
    """

    def __init__(self, model: MusicModel, window: float | None = None) -> None:
        self.model, self.window = model, window
        self._stream: MusicStream | None = None
        self._turning = 0.0  # seconds a frame

    def __call__(self) -> tuple[float, float]:
        stream, rate = self._stream or self._begun(), self.model.frame_rate
        most, frames, first = round(SHAPE_MUSIC * rate), 0, stream.frame
        began = time.perf_counter()
        while frames < most and time.perf_counter() - began < SHAPE_SECONDS:
            next(stream)
            frames += 1
        took = time.perf_counter() - began + frames * self._turning
        return frames / rate / took, first + frames / 2

    def _begun(self) -> MusicStream:
        """On as many threads as PyTorch has now."""
        model = self.model
        codes = torch.randint(model.codes, (model.codebooks, model.window // 2))
        how = {"continue_from": codes, "window_seconds": self.window}
        self._stream = MusicStream(model, DEFAULT_PROMPT, seed=0, **how)
        for _ in range(SHAPE_WARM):
            next(self._stream)
        again = self._stream.keep / (self._stream.window - self._stream.keep)
        self._turning = again * _reading(model)
        return self._stream


def _reading(model: MusicModel) -> float:
    """Seconds to prefill a position, in parts as at a turn of the window."""
    return reading_seconds(*guided_decoder(model, AT_ONCE))


def _stream(model: MusicModel, seconds: float, early: bool) -> tuple[float, float]:
    stream = iter(MusicStream(model, DEFAULT_PROMPT, seed=0, early=early))
    for _ in range(WARM_FRAMES):
        next(stream)
    frames = round(seconds * model.frame_rate)
    began = time.perf_counter()
    for _ in range(frames):
        next(stream)
    return frames / model.frame_rate / (time.perf_counter() - began), WARM_FRAMES + frames / 2


def _file(model: MusicModel, seconds: float) -> tuple[float, float]:
    stream = MusicStream(model, DEFAULT_PROMPT, seed=0)
    frames = round(seconds * model.frame_rate)
    began = time.perf_counter()
    stream.generate(frames)
    return seconds / (time.perf_counter() - began), frames / 2


@torch.inference_mode()
def generated(model: MusicModel, seconds: float) -> tuple[float, float]:
    """Windows as long as the model reads at once, as many as are needed."""
    tokens = model.tokenizer([DEFAULT_PROMPT], return_tensors="pt").to(model.device)
    done, frames = 0.0, 0
    began = time.perf_counter()
    while done < seconds:
        frames = min(round((seconds - done) * model.frame_rate), model.window - 8)
        with quiet():
            model.hf.generate(
                **tokens,
                do_sample=True,
                guidance_scale=3.0,
                max_new_tokens=frames + model.codebooks,
            )
        done += max(frames, 1) / model.frame_rate
    return done / (time.perf_counter() - began), frames / 2
