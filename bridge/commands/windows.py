"""Chooses how far back a slow model looks: the longest window that plays live on this computer.

A step reads the whole cache, so it is slower in a long window, and at each turn of the window, the
model reads a third of it again.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping

import torch

from bridge.pace import ENOUGH, guided_decoder, keep_window
from musicrfm.model import MusicModel
from musicrfm.runtime.defaults import KEPT_PART
from musicrfm.runtime.forecast import REREAD, reading_seconds

SHORTER = (20.0, 15.0, 10.0, 6.0)  # seconds; windows that may be chosen beside the model's own
STEPS = 7  # of each window; the middle one counts


def middle(window: float) -> float:
    """Seconds of history that a step reads on average, from one turn of the window to the next."""
    return window * (1 + 1 / KEPT_PART) / 2


def settle(model: MusicModel, frame: float, position: int) -> dict[float, float]:
    """Multiples of real time by window in seconds, the longest first; the chosen one is kept.

    Empty where windows make no difference: for a small model, and on a GPU. frame: seconds of a
    whole frame with guidance at this position, of which all but the step is added to each step.
    """
    whole = model.window / model.frame_rate
    windows = (whole, *(window for window in SHORTER if window < whole))
    if model.small or model.device.type != "cpu" or len(windows) == 1:
        return {}
    places = [position, *(round(middle(window) * model.frame_rate) for window in windows)]
    steps, reading = _timed(model, places)
    rest = max(0.0, frame - steps[0]) + REREAD * reading
    speeds = {
        window: 1 / (model.frame_rate * (step + rest))
        for window, step in zip(windows, steps[1:], strict=True)
    }
    keep_window(model, chosen(speeds))
    return speeds


def chosen(speeds: Mapping[float, float]) -> float | None:
    """The longest window that plays live; None for the model's own, also where none does."""
    fast = [window for window, speed in speeds.items() if speed >= ENOUGH]
    return None if not fast or fast[0] == next(iter(speeds)) else fast[0]


def words(speeds: Mapping[float, float]) -> str:
    """The choice in a line; "" if nothing was measured."""
    if not speeds:
        return ""
    window, whole = chosen(speeds), next(iter(speeds))
    if window is not None:
        return (
            f"window: {window:g} s, the longest that plays live here ({speeds[window]:.1f} × real "
            f"time; {whole:.2g} s: {speeds[whole]:.1f}); `bridge play` uses it from now on."
        )
    why = "plays live" if speeds[whole] >= ENOUGH else "because no shorter one plays live either"
    return f"window: all {whole:.2g} s, {why} ({speeds[whole]:.1f} × real time)."


def _timed(model: MusicModel, places: list[int]) -> tuple[list[float], float]:
    """(seconds of a step after so many positions, of reading a position again), with guidance."""
    decoder, unsteered = guided_decoder(model, max(places) + 1)
    codes = torch.zeros(model.codebooks, 1, dtype=torch.long)
    took: list[list[float]] = [[] for _ in places]
    for _ in range(STEPS):
        for place, times in zip(places, took, strict=True):
            began = time.perf_counter()
            decoder.step(codes, place)
            times.append(time.perf_counter() - began)
    return [statistics.median(times) for times in took], reading_seconds(decoder, unsteered)
