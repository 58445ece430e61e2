"""Measures whether a frame costs the same after an hour as after a minute, in time and memory."""

from __future__ import annotations

import time

import numpy as np
import torch

from bridge.bench.report import Options, Report
from bridge.process.memory import memory_mib
from musicrfm.directions import Direction, list_directions
from musicrfm.model import MusicModel
from musicrfm.runtime.defaults import DEFAULT_PROMPT
from musicrfm.selfcheck import loaded
from musicrfm.stream import MusicStream

MINUTES = 0.5
MARKS = (1 / 60, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600)  # minutes


def run(options: Options) -> Report:
    """Unpaced, with one direction turning all the time; each row covers the time since the last
    one."""
    model = loaded(options.model, options.device, options.dtype or "auto")
    threads = torch.get_num_threads()
    if model.small:
        torch.set_num_threads(1)
    try:
        return _run(model, options)
    finally:
        torch.set_num_threads(threads)


def _run(model: MusicModel, options: Options) -> Report:
    minutes = options.minutes or MINUTES
    stream = MusicStream(model, DEFAULT_PROMPT, seed=options.seed)
    for name in list_directions(model.name)[:1]:
        stream.steering.add(Direction.load(name, model), 0.3)
    marks = sorted({m for m in MARKS if m < minutes} | {minutes})
    rows: list[list[float]] = []
    took: list[float] = []
    frame = 0
    for mark in marks:
        took.clear()
        while frame < mark * 60 * model.frame_rate:
            began = time.perf_counter()
            next(stream)
            took.append(time.perf_counter() - began)
            frame += 1
        each = np.array(took) * 1000
        rows.append(
            [
                float(mark),
                float(np.median(each)),
                float(np.percentile(each, 99)),
                float(each.max()),
                len(each) / model.frame_rate / (each.sum() / 1000),
                memory_mib(),
            ]
        )
    columns = ["up to minute", "ms a frame", "99 %", "worst", "× real time", "memory MiB"]
    first, last = rows[min(1, len(rows) - 1)], rows[-1]
    words = [
        f"From minute {first[0]:.3g} to minute {last[0]:.3g} a frame costs "
        f"{last[1] / first[1]:.2f} times as much, and memory grows by {last[5] - first[5]:.0f} MiB."
    ]
    return Report(f"A frame's cost over time, {model.name}", columns, rows, words)
