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
    "step": "seconds of music made per second, in each precision and by Hugging Face's generate",
    "flat": "cost and memory of a frame after minutes and hours of music",
    "knob": "from an OSC packet to the first changed sample, through the output",
    "torture": (
        "faults injected into a playing bridge, one by one; --minutes adds a soak test of that "
        "length"
    ),
    "load": "a set under load: a busy core, allocations, recording, an OSC flood",
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
