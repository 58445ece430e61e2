"""Predicts the speed of a published model for `bridge doctor`, before any download."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import transformers
from huggingface_hub import try_to_load_from_cache

from bridge.bench.hardware import bandwidth, line
from bridge.bench.report import machine_line
from bridge.bench.step import BUSY
from bridge.commands.windows import SHORTER, middle
from bridge.pace import ENOUGH
from musicrfm.published.sizes import HUB, PUBLISHED, config
from musicrfm.runtime.forecast import Forecast, codec_seconds, forecast
from musicrfm.runtime.packed import packed_kernels
from musicrfm.weights.cost import Shape

RATE = 50  # frames a second, of all published models
WINDOW = 30.0  # seconds, theirs
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
    windows = (WINDOW, *SHORTER)
    places = tuple(round(middle(window) * RATE) for window in windows)
    took = codec_seconds(codec, shape.codebooks, size.stereo)
    found = [forecast(shape, dtype, places, took) for dtype in ("int8", "int4")]
    last = found[-1]
    alone = on_one_thread(shape, codec, size.stereo, places[0]) if threads > 1 else last
    lines += table(name, shape, found, windows, places, speed)
    least = shape.step_bytes(last.dtype, places[0]) / speed
    after = [scaling(alone, last, places[0], least), busy([*found, alone])]
    said = [text for text in (" ".join(words(found, windows, places)), *after) if text]
    return "\n".join([*lines, "", "\n\n".join(said)])


def on_one_thread(shape: Shape, codec: torch.nn.Module, stereo: bool, place: int) -> Forecast:
    """In int4, at one number of earlier positions."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        took = codec_seconds(codec, shape.codebooks, stereo)
        return forecast(shape, "int4", (place,), took)
    finally:
        torch.set_num_threads(before)


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
                f"{each.dtype:<11}{f'{window:g} s':<8}{digits(each.speed(place)):<13}"
                f"{digits(each.speed(place, False)):<18}{digits(most)}"
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
        f"It does not play live here ({digits(last.speed(place))} times real time at best): use "
        "nano, a GPU, or more and faster cores. It can still write music to a file."
    ]


def scaling(alone: Forecast, every: Forecast, place: int, least: float) -> str:
    """The speed on more cores than this computer has, extrapolated from one thread and all threads.

    least: seconds that reading a step's weights and cache takes here; more cores read no faster.
    """
    more = [cores for cores in MORE_CORES if cores > every.threads]
    if not more:
        return ""
    one, all_threads = alone.frame(place), every.frame(place)
    divided, known = one, f"from {digits(alone.speed(place))} on one thread"
    if every.threads > 1:
        if all_threads >= one:
            return (
                "All threads together were no faster than one, so this says nothing about more "
                "cores: measure again while no other program is busy."
            )
        divided = min((one - all_threads) / (1 - 1 / every.threads), one)
        known += f" and {digits(every.speed(place))} on {every.threads}"
    frames = [max(one - divided * (1 - 1 / cores), least) for cores in more]
    parts = [f"{digits(1 / (RATE * frame))} on {n}" for frame, n in zip(frames, more, strict=True)]
    about = "about" if every.threads > 1 else "at most"
    return (
        f"With more cores like these and memory no faster than here, {every.dtype} with the full "
        f"window makes {about} {', '.join(parts)} times real time (computed {known}, not measured)."
    )


def digits(value: float) -> str:
    """With two significant digits, as in 0.094, 0.50, 1.8 and 12."""
    return f"{value:#.2g}".rstrip(".")


def busy(found: Sequence[Forecast]) -> str:
    """Says if other programs took part of the computer meanwhile."""
    share = min(each.share for each in found)
    if share >= BUSY:
        return ""
    return (
        f"Other programs were busy: this one had {share:.0%} of its threads' time at worst, so a "
        "quiet computer is faster, and may gain more from further cores."
    )
