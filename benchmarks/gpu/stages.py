"""The stages of the benchmark. Each returns its results, JSON-able, and disagreements in words."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.gpu import parity
from bridge.bench import knob
from bridge.bench.hardware import bandwidth, clock, instructions
from bridge.bench.report import Options, machine
from bridge.bench.step import OnStage, generated
from musicrfm import selfcheck
from musicrfm.model import MusicModel
from musicrfm.published.random import Letters, random_model
from musicrfm.runtime.defaults import DEFAULT_PROMPT
from musicrfm.runtime.devices import name_of
from musicrfm.stream import MusicStream
from musicrfm.weights.cost import Shape

SHAPES = ("musicgen-small", "musicgen-medium", "musicgen-large", "musicgen-stereo-small")
SHAPE_LEAST = {"musicgen-large": 70.0}  # seconds that measuring one takes at most; others:
USUALLY = 35.0
CUDA_TESTS = "tests/musicrfm/runtime/test_graphs.py"  # the only file with tests that need CUDA
KNOB_TURNS = 30
ENDLESS_SECONDS = 120.0  # of music
QUICK = {"layers": 1, "turns": 4, "endless": 4.0}


@dataclass(frozen=True)
class Bench:
    """The device and the amount of work. train: whether to train the built-in model too."""

    device: torch.device
    quick: bool = False
    train: bool = False


@dataclass(frozen=True)
class Stage:
    """run: receives the bench and the deadline (monotonic seconds). seconds: least time on GPU."""

    name: str
    run: Callable[[Bench, float], dict[str, Any]]
    seconds: float
    only_train: bool = False

    def wanted(self, bench: Bench) -> bool:
        return bench.train or not self.only_train

    def least(self, bench: Bench) -> float:
        return 5.0 if bench.quick else self.seconds


def environment(bench: Bench, deadline: float) -> dict[str, Any]:
    found: dict[str, Any] = {"machine": machine(), "instructions": instructions(), "ghz": clock()}
    found["bandwidth_gb_s"] = bandwidth(bench.device, torch.get_num_threads()) / 1e9
    if bench.device.type == "cuda":
        about = torch.cuda.get_device_properties(bench.device)
        found["gpu"] = {
            "name": about.name,
            "memory_gib": about.total_memory / 2**30,
            "capability": f"{about.major}.{about.minor}",
            "cuda": torch.version.cuda,
            "cudnn": torch.backends.cudnn.version(),
        }
    return found


def check(bench: Bench, deadline: float) -> dict[str, Any]:
    verdict = selfcheck.check(bench.device)
    return {"verdict": asdict(verdict), "disagrees": list(verdict.words)}


def parities(bench: Bench, deadline: float) -> dict[str, Any]:
    return parity.compare(bench.device, bench.quick)


def tests(bench: Bench, deadline: float) -> dict[str, Any]:
    """The tests that need a GPU; without one they are skipped, which is reported."""
    which = ["--needing", "cuda", *(["-k", "survive"] if bench.quick else [])]
    command = [sys.executable, "-m", "pytest", "-q", "--slow", *which, CUDA_TESTS]
    left = max(10.0, deadline - time.monotonic())
    done = subprocess.run(
        command, cwd=Path(__file__).resolve().parents[2], capture_output=True, text=True,
        timeout=left, check=False,
    )  # fmt: skip
    lines = [line for line in done.stdout.splitlines() if line.strip()]
    summary = next((line for line in reversed(lines) if re.search(r"\d+ \w+", line)), "")
    wrong = [f"pytest: {line}" for line in lines if line.startswith(("FAILED", "ERROR"))]
    if done.returncode and not wrong:
        wrong = [f"pytest ended with status {done.returncode}: {summary or done.stderr[-200:]}"]
    return {"command": " ".join(command[1:]), "summary": summary, "disagrees": wrong}


def speed(name: str) -> Callable[[Bench, float], dict[str, Any]]:
    """The step and the codec of a published size, against eager `generate` and the floor."""

    def run(bench: Bench, deadline: float) -> dict[str, Any]:
        cuda, device = bench.device.type == "cuda", bench.device
        dtype = torch.float16 if cuda else torch.float32
        layers = QUICK["layers"] if bench.quick else None
        model = on(random_model(name, dtype, layers), device)
        if cuda:
            torch.cuda.reset_peak_memory_stats(device)
        live, positions = OnStage(model)()
        ours = torch.cuda.max_memory_allocated(device) if cuda else None
        generate, _ = generated(model, 0.1 if bench.quick else 1.0)
        shape = Shape.of(model)
        if not cuda:
            shape = replace(shape, layers=model.layers)
        least = shape.step_bytes(name_of(dtype), positions)
        floor = bandwidth(device, torch.get_num_threads()) / least / model.frame_rate
        return {
            "dtype": name_of(dtype),
            "layers": model.layers,
            "realtime": live,
            "against_generate": live / generate,
            "share_of_floor": live / floor,
            "memory_gib": None if ours is None else ours / 2**30,
            "graphs": bool(model.device.type == "cuda"),
        }

    return run


def on(model: MusicModel, device: torch.device) -> MusicModel:
    return MusicModel(model.name, model.hf.to(device), Letters())


def knob_to_ear(bench: Bench, deadline: float) -> dict[str, Any]:
    """The time until the changed sample would be due, without a sound card."""
    turns = QUICK["turns"] if bench.quick else KNOB_TURNS
    options = Options(device=str(bench.device), dtype="auto", changes=int(turns), output="none")
    report = knob.run(options)
    return {"columns": list(report.columns), "rows": [list(row) for row in report.rows]}


def endless(bench: Bench, deadline: float) -> dict[str, Any]:
    """Two minutes of music over full windows, with a knob, the prompt and guidance moving."""
    model = MusicModel.load("nano", device=bench.device)
    stream = MusicStream(model, DEFAULT_PROMPT, seed=0)
    stream.steering.add(selfcheck.direction_for(model))
    seconds = QUICK["endless"] if bench.quick else ENDLESS_SECONDS
    frames, began, loudest, wrong = round(seconds * model.frame_rate), time.monotonic(), 0.0, []
    memory = []
    while stream.frame < frames and time.monotonic() < deadline:
        at = stream.frame / model.frame_rate
        stream.steering.set("note_C", 0.5 + 0.5 * float(np.sin(at)))
        stream.guidance_scale = 1.0 if int(at) % 20 == 19 else 2.5
        if stream.frame % (10 * model.frame_rate) == 0:
            stream.set_prompt(("flute melody", DEFAULT_PROMPT)[int(at) // 10 % 2])
            memory.append(_held(bench.device))
        sound = next(stream)
        loudest = max(loudest, float(np.abs(sound).max()))
    took = time.monotonic() - began
    if stream.faults:
        wrong.append(f"{stream.faults} frames could not be used")
    if stream.graphs_lost:
        wrong.append(f"CUDA graphs were lost: {stream.graphs_lost}")
    if not loudest > 1e-3:
        wrong.append("the music is silent")
    made = stream.frame / model.frame_rate
    return {"seconds_of_music": made, "realtime": made / took, "memory": memory, "disagrees": wrong}


def train(bench: Bench, deadline: float) -> dict[str, Any]:
    """The training recipe of the built-in model from nothing, with very little data."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "musicrfm.nano", "--quick", "--work", folder]
        command += ["--out", f"{folder}/weights", "--device", str(bench.device)]
        left = max(10.0, deadline - time.monotonic())
        done = subprocess.run(command, capture_output=True, text=True, timeout=left, check=False)
    wrong = [f"training ended with status {done.returncode}"] if done.returncode else []
    return {
        "command": "python -m musicrfm.nano --quick",
        "tail": done.stdout[-500:],
        "disagrees": wrong,
    }


def _held(device: torch.device) -> float | None:
    """Allocated memory of the GPU in GiB."""
    return torch.cuda.memory_allocated(device) / 2**30 if device.type == "cuda" else None


STAGES = (
    Stage("environment", environment, 5),
    Stage("self-check", check, 20),
    Stage("parity", parities, 20),
    Stage("tests", tests, 60),
    *(Stage(f"speed of {name}", speed(name), SHAPE_LEAST.get(name, USUALLY)) for name in SHAPES),
    Stage("knob to ear", knob_to_ear, 50),
    Stage("endless", endless, 40),
    Stage("training", train, 300, only_train=True),
)
