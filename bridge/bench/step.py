"""How much music a second: this stream against `generate` of Hugging Face, and each precision.

All with guidance and the codec, on the same weights, by turns: as on stage, frame by frame with the
threads that playing uses, and as into a file, all at once with as many threads as `generate` has.
Beside it, what the least could be:
the time that reading the decoder's weights once a step takes at the memory's measured speed.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import torch

from bridge.bench.report import Options, Report
from musicrfm.model import MusicModel
from musicrfm.runtime.devices import device_of, worth_trying
from musicrfm.stream import MusicStream

PROMPT = "calm piano melody with drums"
ROUNDS = 3
SECONDS = 4.0  # of music a turn
WARM_FRAMES = 20


def run(options: Options) -> Report:
    seconds = SECONDS if options.minutes is None else 60 * options.minutes / ROUNDS
    dtypes = [options.dtype] if options.dtype else worth_trying(device_of(options.device))
    models = {
        dtype: MusicModel.load(options.model, device=options.device, dtype=dtype)
        for dtype in dtypes
    }
    first = models[dtypes[0]]
    before = torch.get_num_threads()
    turns: dict[str, Callable[[], float]] = {"generate": lambda: _generate(first, seconds)}
    for dtype, model in models.items():
        turns[f"stream, {dtype}"] = lambda model=model: _stream(model, seconds, options.early)
        turns[f"file, {dtype}"] = lambda model=model: _file(model, seconds)
    found: dict[str, list[float]] = {name: [] for name in turns}
    try:
        for _ in range(ROUNDS):
            for name, turn in turns.items():
                alone = first.small and name.startswith("stream")
                torch.set_num_threads(1 if alone else before)
                found[name].append(turn())
    finally:
        torch.set_num_threads(before)
    median = {name: float(np.median(values)) for name, values in found.items()}
    rows = [
        [name, value, value / median["generate"], min(found[name]), max(found[name])]
        for name, value in median.items()
    ]
    words = [_floor(first, median[f"stream, {dtypes[0]}"])]
    return Report(
        f"Music a second, {first.name}",
        ["what", "× real time, median", "against generate", "least", "most"],
        rows,
        words,
        {"turns": found, "seconds": seconds},
    )


def _stream(model: MusicModel, seconds: float, early: bool) -> float:
    stream = iter(MusicStream(model, PROMPT, seed=0, early=early))
    for _ in range(WARM_FRAMES):
        next(stream)
    frames = round(seconds * model.frame_rate)
    began = time.perf_counter()
    for _ in range(frames):
        next(stream)
    return frames / model.frame_rate / (time.perf_counter() - began)


def _file(model: MusicModel, seconds: float) -> float:
    stream = MusicStream(model, PROMPT, seed=0)
    began = time.perf_counter()
    stream.generate(round(seconds * model.frame_rate))
    return seconds / (time.perf_counter() - began)


@torch.inference_mode()
def _generate(model: MusicModel, seconds: float) -> float:
    """Windows as long as the model reads at once, as many as are needed."""
    tokens = model.tokenizer([PROMPT], return_tensors="pt").to(model.device)
    done = 0.0
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
    return done / (time.perf_counter() - began)


def _floor(model: MusicModel, speed: float) -> str:
    """What reading the weights alone would allow, and the share of it that is reached."""
    weights = sum(p.numel() * p.element_size() for p in model.hf.decoder.parameters())
    bandwidth = _bandwidth(model.device, 1 if model.small else torch.get_num_threads())
    each = weights / bandwidth
    possible = 1 / (each * model.frame_rate)
    return (
        f"The decoder's weights are {weights / 2**20:.0f} MiB; read once a step at the "
        f"{bandwidth / 2**30:.0f} GiB/s measured here, they would allow "
        f"{possible:.0f} × real time. The stream reaches {speed / possible:.0%} of that; the rest "
        "is arithmetic, the codec, sampling, and starting each operation."
    )


def _bandwidth(device: torch.device, threads: int) -> float:
    """Bytes read a second by a sum over 256 MiB, the best of five."""
    data = torch.ones(64 * 2**20, device=device)
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    best = float("inf")
    for _ in range(5):
        if device.type == "cuda":
            torch.cuda.synchronize()
        began = time.perf_counter()
        float(data.sum())
        best = min(best, time.perf_counter() - began)
    torch.set_num_threads(before)
    return data.numel() * data.element_size() / best
