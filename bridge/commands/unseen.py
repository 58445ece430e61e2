"""Predicts the speed of a published model for `bridge doctor`, before any download."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import transformers
from huggingface_hub import try_to_load_from_cache

from bridge.bench.hardware import bandwidth, line
from bridge.bench.report import machine_line
from musicrfm.published.sizes import HUB, PUBLISHED, config
from musicrfm.runtime.forecast import Forecast, codec_seconds, forecast
from musicrfm.runtime.packed import packed_kernels
from musicrfm.weights.cost import Shape

RATE = 50  # frames a second, of all published models
WINDOW = 30.0  # seconds, theirs
SHORTER = (20.0, 15.0, 10.0, 6.0)
KEPT = 1 / 3  # of a window, when it is full
ENOUGH = 1.1  # times real time
MORE_CORES = (4, 6, 8)


def name_of(model: str) -> str | None:
    """Its key in PUBLISHED, if the model is on the hub and not on this computer."""
    name = model.removeprefix("https://huggingface.co/").removeprefix(HUB.split("/")[0] + "/")
    if name not in PUBLISHED:
        return None
    here = try_to_load_from_cache(HUB.split("/")[0] + "/" + name, "config.json")
    return None if isinstance(here, str) else name


def shape_of(name: str) -> Shape:
    size = PUBLISHED[name]
    books = 8 if size.stereo else 4
    return Shape(
        size.layers, size.width, size.heads, 4 * size.width, books, prompted=not size.melody
    )


def unseen(name: str) -> str:
    """The page to print, after some seconds of measuring."""
    shape, size = shape_of(name), PUBLISHED[name]
    lines = [machine_line(), line(), ""]
    threads = torch.get_num_threads()
    speed = bandwidth(torch.device("cpu"), threads)
    lines.append(f"Memory is read at {speed / 1e9:.1f} GB/s by {threads} threads.")
    if packed_kernels() is None:
        return "\n".join([*lines, "Without numba a model of this size does not play live here."])
    codec = transformers.EncodecModel(config(name).audio_encoder).eval()
    took = codec_seconds(codec, shape.codebooks, size.stereo)
    windows = (WINDOW, *SHORTER)
    places = tuple(round(middle(window) * RATE) for window in windows)
    found = [forecast(shape, dtype, places, took) for dtype in ("int8", "int4")]
    lines += table(name, shape, found, windows, places, speed)
    return "\n".join([*lines, "", *words(found, windows, places), "", scaling(found, places)])


def middle(window: float) -> float:
    """Seconds of history that a step reads on average, from refill to refill."""
    return window * (1 + KEPT) / 2


def table(
    name: str,
    shape: Shape,
    found: Sequence[Forecast],
    windows: Sequence[float],
    places: Sequence[int],
    speed: float,
) -> list[str]:
    lines = [f"{name}, estimated from its shape, as it is not downloaded:", ""]
    lines.append("precision  window  × real time  without guidance  at most, by memory")
    for each in found:
        for window, place in zip(windows, places, strict=True):
            most = speed / shape.step_bytes(each.dtype, place) / RATE
            lines.append(
                f"{each.dtype:<11}{f'{window:g} s':<8}{each.speed(place):<13.2f}"
                f"{each.speed(place, False):<18.2f}{most:.2f}"
            )
    return lines


def words(found: Sequence[Forecast], windows: Sequence[float], places: Sequence[int]) -> list[str]:
    """The recommendation: the most exact precision, then the longest window, that is fast
    enough."""
    for each in found:
        for window, place in zip(windows, places, strict=True):
            if each.speed(place) >= ENOUGH:
                shorter = f" --window {window:g}" if window < WINDOW else ""
                return [f"It should play live with --dtype {each.dtype}{shorter}."]
    last, place = found[-1], places[-1]
    if last.speed(place, False) >= ENOUGH:
        return [
            f"It should play live without guidance only: --dtype {last.dtype} --window "
            f"{windows[-1]:g}, and guidance 1. nano plays with guidance."
        ]
    return [
        f"It does not play live here ({last.speed(place):.2f} times real time at best): use "
        "nano, a GPU, or more and faster cores. It can still write music to a file."
    ]


def scaling(found: Sequence[Forecast], places: Sequence[int]) -> str:
    """The speed with more cores, extrapolated from this computer."""
    last = found[-1]
    if last.threads < 2:
        return "One thread does not show how the speed grows with cores."
    parts = []
    for cores in MORE_CORES:
        if cores > last.threads:
            step = last.step[places[0], True] * last.threads / cores
            parts.append(f"{1 / (RATE * (step + last.codec)):.1f} on {cores}")
    if not parts:
        return ""
    return (
        f"If memory bandwidth grows with the number of cores, {last.dtype} with the full window "
        f"makes about {', '.join(parts)} times real time (computed, not measured)."
    )
