"""The measurements of a set for `--stats`."""

from __future__ import annotations

import os
import platform
from typing import Any

from bridge.engine import Engine
from bridge.process.memory import peak_memory_mib
from bridge.settings import Settings


def statistics(engine: Engine, settings: Settings, wall_seconds: float) -> dict[str, Any]:
    """The content for `--stats`. Seconds unless the name says otherwise."""
    model, output = engine.stream.model, engine.output
    latency = {f"{term}_ms": 1000 * seconds for term, seconds in engine.latency.items()}
    latency["smoothing_ms"] = 1000 * settings.smoothing
    latency["total_ms"] = sum(latency.values())
    return {
        "audio_seconds": engine.audio_seconds,
        "wall_seconds": engine.wall_seconds,
        "wall_seconds_with_loading": wall_seconds,
        "frames": engine.maker.frames,
        "underruns": output.underruns,
        "late": output.late,
        "rewinds": engine.takes.rewinds,
        "frames_remade": engine.takes.remade,
        "degraded": engine.strain.acts if engine.strain else 0,
        "lookahead_ms": 1000 * settings.lookahead,
        "device_xruns": output.xruns,
        "device_lost": output.lost_times,
        "real_time_factor": engine.maker.real_time_factor,
        "latency": latency,
        "peak_memory_mib": peak_memory_mib(),
        "control_changes_received": engine.controls.received,
        "control_changes_applied": engine.applier.count,
        "model": model.name,
        "seed": settings.seed,
        "output": output.description,
        "cpu_count": os.cpu_count(),
        "python": platform.python_version(),
    }
