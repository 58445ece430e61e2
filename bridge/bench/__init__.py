"""`bridge bench`: measures speed, latency and steadiness on this computer.

Each benchmark is a module with `run(options) -> Report`. Comparisons are made in one process by
turns, because timings of different runs on a busy computer cannot be compared.
"""

from __future__ import annotations

from importlib import import_module

from bridge.bench.report import Options, Report
from musicrfm.files.writing import place_for, write_text

__all__ = ["BENCHMARKS", "Options", "Report", "bench"]

BENCHMARKS = {
    "step": "seconds of music per second, in each precision and by Hugging Face's generate",
    "flat": "time per frame, and memory, after minutes and hours of music",
    "knob": "time from an OSC packet to the first changed sample at the output",
    "torture": "faults injected into a playing bridge; --minutes N: a soak test of N minutes",
    "load": "a set under load: a busy core, allocations, a recording, a flood of OSC messages",
}


def bench(name: str, options: Options, out: str | None = None, overwrite: bool = False) -> int:
    """Run one benchmark, print its table, and write JSON if requested; returns the exit status."""
    if out is not None:
        place_for(out, overwrite)  # nothing is wrong with it
    report = import_module(f"bridge.bench.{name}").run(options)
    print(report.text())
    if out is not None:
        write_text(out, report.json(name, options), overwrite)
    return 0
