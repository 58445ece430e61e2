"""`bridge doctor`: recommends settings for this computer, from measurements.

It plays a few seconds in each precision without an output, opens the sound card, and prints its
findings and recommended settings; with a rig file, it can write them there.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field

import numpy as np
import torch

from bridge.audio.output import OutputUnavailable
from bridge.bench.report import machine_line
from bridge.commands import windows
from bridge.commands.unseen import name_of, unseen
from bridge.destinations import open_output
from bridge.settings import Settings
from bridge.toml.saving import edit
from musicrfm.errors import MusicRFMError
from musicrfm.files.writing import check_place
from musicrfm.model import MusicModel
from musicrfm.runtime.defaults import DEFAULT_PROMPT
from musicrfm.runtime.devices import device_of, worth_trying
from musicrfm.runtime.packed import packed_kernels
from musicrfm.selfcheck import Verdict, settled
from musicrfm.stream import MusicStream

SECONDS = 3.0  # of music each
WARM_FRAMES = 20
COMFORT = 2.0  # multiple of real time; below it, a change at a busy moment may come late
CLEARLY = 1.15  # speed gain that justifies a less exact precision
SHORTEST, LONGEST, STEP = 1.0, 3.0, 0.05  # seconds of lookahead


@dataclass(frozen=True)
class Pace:
    """The speed of one precision. speed: multiple of real time. frame: time per frame in
    milliseconds, out of `budget` per frame: the median, the 99th percentile, the worst. windows:
    the speed in windows of so many seconds, on average over a window, the longest first; empty
    where they make no difference."""

    dtype: str
    speed: float
    frame: tuple[float, float, float]
    budget: float
    windows: dict[float, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Advice:
    """The recommended settings. lookahead: seconds. device: the output device, or why there is
    none. windows: the speeds from which the window was chosen, see `Pace`."""

    dtype: str
    lookahead: float
    early: bool
    device: str
    device_latency: float
    words: tuple[str, ...]
    windows: dict[float, float] = field(default_factory=dict)

    @property
    def window(self) -> float | None:
        """In seconds, None for the model's own."""
        return windows.chosen(self.windows)


def doctor(
    model: str = "nano",
    device: str | None = None,
    output: str | None = None,
    rig: str | None = None,
) -> int:
    """Measure, print, and write to `rig` if given; returns the exit status."""
    if rig is not None:
        check_place(rig)
    if (name := name_of(model)) is not None:
        if device_of(device).type == "cpu":
            print(unseen(name))
            return 0
        print(f"{name} is downloaded first: only for a CPU is its speed estimated beforehand.")
    if (verdict := verdict_on(device)) is not None:
        print(checked(verdict))
    paces = examine(model, device, verdict)
    advice = advise(paces, *sound_card(model, output))
    print(text(paces, advice))
    if rig is not None:
        write(rig, advice)
        print(f"written into {rig}")
    return 0


def verdict_on(device: str | None) -> Verdict | None:
    """The result of the self-check of a GPU, which runs if none is stored; None elsewhere."""
    place = device_of(device)
    return settled(place) if place.type == "cuda" else None


def checked(verdict: Verdict) -> str:
    """What the self-check of a GPU found, in a line or more."""
    lines = [f"self-check: {verdict.dtype}, {'with' if verdict.graphs else 'without'} CUDA graphs"]
    told = [f"{dtype} {nats:.2g}" for dtype, nats in verdict.figures.items()]
    if told:
        lines[0] += f"; divergence from float32 in nats a code: {', '.join(told)}"
    return "\n".join([*lines, *verdict.words])


def examine(model: str, device: str | None = None, verdict: Verdict | None = None) -> list[Pace]:
    """One pace for each useful precision here; they take turns of a second.

    verdict: of the self-check; what it found wrong is not played. The window that suits each
    precision is kept for `bridge play`.
    """
    place = device_of(device)
    streams: dict[str, MusicStream] = {}
    models: dict[str, MusicModel] = {}
    took: dict[str, list[float]] = {}
    threads = torch.get_num_threads()
    try:
        first = "auto" if verdict is None else verdict.dtype
        loaded = MusicModel.load(model, device=device, dtype=first)
        dtypes = worth_trying(place, loaded.small or packed_kernels() is None)
        graphs = None
        if verdict is not None:
            dtypes, graphs = verdict.precisions(dtypes), verdict.graphs_wanted()
        for dtype in dtypes:
            loaded = models[dtype] = MusicModel.load(model, device=device, dtype=dtype)
            if loaded.small:
                torch.set_num_threads(1)
            streams[dtype] = MusicStream(loaded, DEFAULT_PROMPT, seed=0, graphs=graphs)
            took[dtype] = []
            for _ in range(WARM_FRAMES):
                next(streams[dtype])
        rate = loaded.frame_rate
        for _ in range(math.ceil(SECONDS)):
            for dtype, stream in streams.items():
                for _ in range(rate):
                    began = time.perf_counter()
                    next(stream)
                    took[dtype].append(time.perf_counter() - began)
        streams.clear()
        middle = WARM_FRAMES + math.ceil(SECONDS) * rate // 2
        return [
            pace(dtype, times, rate, windows.settle(models[dtype], float(np.median(times)), middle))
            for dtype, times in took.items()
        ]
    finally:
        torch.set_num_threads(threads)


def pace(
    dtype: str, seconds: list[float], rate: int, by_window: dict[float, float] | None = None
) -> Pace:
    each = 1000 * np.asarray(seconds)
    frame = (float(np.median(each)), float(np.percentile(each, 99)), float(each.max()))
    return Pace(dtype, len(each) / rate / sum(seconds), frame, 1000 / rate, by_window or {})


def sound_card(model: str, output: str | None = None) -> tuple[str, float]:
    """(device, its latency in seconds); the reason and 0 if nothing can play."""
    loaded = MusicModel.load(model, device="cpu")
    try:
        opened, recorders = open_output(Settings(start={}, output=output), loaded, fallback=False)
    except (OutputUnavailable, MusicRFMError) as error:
        return f"none: {error}", 0.0
    opened.close()
    for recorder in recorders:
        recorder.close()
    return opened.description, opened.latency + opened.ring


def advise(paces: list[Pace], device: str, latency: float) -> Advice:
    first = paces[0]  # the most exact precision
    best = max(paces, key=lambda p: p.speed)
    chosen = best if best.speed > CLEARLY * first.speed else first
    # Twice the longest time without a frame, plus a block of the sound card.
    stall = max(0.0, chosen.frame[2] - chosen.budget) / 1000
    lookahead = math.ceil((SHORTEST + 2 * stall + latency) / STEP) * STEP
    lookahead = round(min(max(lookahead, SHORTEST), LONGEST), 3)
    words, speed = [], chosen.speed
    if chosen.windows:
        window = windows.chosen(chosen.windows) or next(iter(chosen.windows))
        speed = chosen.windows[window]
    if speed < 1.0:
        words.append(
            f"It makes {speed:.1f} seconds of music a second, too few to play live with "
            "guidance: set guidance to 1, use --dtype int4 or a shorter --window, close other "
            "programs, or use a smaller model."
        )
    elif speed < COMFORT:
        words.append(
            f"It makes {speed:.1f} seconds of music a second: it plays, but there is little "
            "room for changes; a deeper lookahead and guidance 1 help."
        )
    else:
        words.append(f"It makes {speed:.1f} seconds of music a second: enough to play live.")
    if chosen is not first:
        words.append(f"{chosen.dtype} is {chosen.speed / first.speed:.1f} times as fast here.")
    if told := windows.words(chosen.windows):
        words.append(told)
    return Advice(
        chosen.dtype, lookahead, speed >= COMFORT, device, latency, tuple(words), chosen.windows
    )


def text(paces: list[Pace], advice: Advice) -> str:
    """The page to print."""
    lines = [machine_line(), "", "precision   × real time   ms a frame: middle, 1 in 100, worst"]
    for p in paces:
        frame = ", ".join(f"{ms:.1f}" for ms in p.frame)
        lines.append(f"{p.dtype:<12}{p.speed:<14.1f}{frame}  (of {p.budget:.0f})")
    for p in paces:
        if p.windows:
            told = ", ".join(f"{window:.2g} s {speed:.2f}" for window, speed in p.windows.items())
            lines.append(f"{p.dtype:<12}by window: {told}")
    lines += ["", f"sound: {advice.device}"]
    if advice.device_latency:
        lines.append(f"       {1000 * advice.device_latency:.0f} ms in ring and device")
    early = " --early" if advice.early else ""
    lines += ["", *advice.words, ""]
    window = f" --window {advice.window:g}" if advice.window else ""
    lookahead = f" --lookahead {1000 * advice.lookahead:.0f}"
    lines.append(f"bridge play --dtype {advice.dtype}{window}{lookahead}{early}")
    if early:
        lines.append("(--early gives the lowest latency; without it the sound is cleaner)")
    return "\n".join(lines)


def write(rig: str, advice: Advice) -> None:
    """Write dtype, lookahead and, if it was measured, the window to the rig's [engine]; the rest of
    the file is not changed."""

    def change(document) -> None:
        engine = document.setdefault("engine", {})
        engine["dtype"] = advice.dtype
        engine["lookahead"] = round(1000 * advice.lookahead)
        if advice.window is not None:
            engine["window"] = advice.window
        elif advice.windows:  # all of it
            engine.pop("window", None)

    edit(rig, change)
