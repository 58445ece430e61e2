"""The measurements of a set for `--stats`, and the memory use of this process."""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path
from typing import Any

from bridge.engine import Engine
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


def peak_memory_mib() -> float:
    """The most resident memory this process has had, in MiB."""
    if sys.platform == "win32":
        return _windows_peak_memory() / 2**20
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def free_memory() -> float | None:
    """Bytes that programs can still have; None where the system does not say."""
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return 1024.0 * int(line.split()[1])
    except (OSError, ValueError, IndexError):
        pass
    try:
        return float(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    except (AttributeError, ValueError, OSError):
        return None


if sys.platform == "win32":

    def _windows_peak_memory() -> int:
        """PeakWorkingSetSize in bytes, from GetProcessMemoryInfo's PROCESS_MEMORY_COUNTERS."""
        import ctypes

        class Counters(ctypes.Structure):
            _fields_ = [("cb", ctypes.c_uint32), ("faults", ctypes.c_uint32)] + [
                (name, ctypes.c_size_t)
                for name in ("peak", "now", "pp", "p", "ppn", "pn", "pagefile", "peak_pagefile")
            ]

        counters = Counters()
        counters.cb = ctypes.sizeof(counters)
        kernel = ctypes.windll.kernel32
        kernel.GetCurrentProcess.restype = ctypes.c_void_p
        kernel.K32GetProcessMemoryInfo(
            ctypes.c_void_p(kernel.GetCurrentProcess()), ctypes.byref(counters), counters.cb
        )
        return counters.peak
