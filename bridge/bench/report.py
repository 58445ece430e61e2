"""The options of benchmarks, and their results: a table to read, and JSON."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from bridge.bench.hardware import instructions


@dataclass(frozen=True)
class Options:
    """minutes: of music, or of playing; None for a short run. output: as in `bridge play`. capture:
    for the knob, an input that records the output. changes: number of knob turns to time. shape,
    threads: for the step alone, a published model by name, and the number of threads. window: of a
    shape, in seconds, None for the model's own. moves: of another control per second. early: as in
    `bridge play`. only: for the torture test, the faults whose names contain one of these texts;
    all if empty."""

    model: str = "nano"
    device: str | None = None
    dtype: str | None = None
    shape: str | None = None
    threads: int | None = None
    window: float | None = None
    minutes: float | None = None
    changes: int = 40
    moves: float = 0.0
    early: bool = False
    only: tuple[str, ...] = ()
    output: str | None = None
    capture: str | None = None
    lookahead: float = 1.5
    seed: int = 0


@dataclass(frozen=True)
class Report:
    """A table, its finding in a sentence or two, and the raw numbers behind it.

    records: the rows by name, where available.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[object]]
    words: Sequence[str] = ()
    data: dict = field(default_factory=dict)
    records: Sequence[dict] | None = None

    def text(self) -> str:
        """Markdown."""
        lines = [f"## {self.title}", "", f"| {' | '.join(self.columns)} |"]
        lines.append("|" + "---|" * len(self.columns))
        lines += [f"| {' | '.join(map(_shown, row))} |" for row in self.rows]
        lines += ["", machine_line(), *(f"\n{sentence}" for sentence in self.words)]
        return "\n".join(lines) + "\n"

    def json(self, name: str, options: Options) -> str:
        rows: list[Any] = [*(self.records or ())] or [list(row) for row in self.rows]
        told = {
            "benchmark": name,
            "machine": machine(),
            "options": asdict(options),
            "columns": list(self.columns),
            "rows": rows,
            "words": list(self.words),
            "data": self.data,
        }
        return json.dumps(told, indent=1) + "\n"


def machine() -> dict:
    """The machine on which the numbers were measured."""
    import torch  # not at the top: what stands in for a sound card in a benchmark starts quickly

    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else None
    return {
        "processor": _processor(),
        "instructions": instructions(),
        "cores": os.cpu_count(),
        "gpu": gpu,
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "commit": _commit(),
    }


def machine_line() -> str:
    m = machine()
    place = m["gpu"] or f"{m['cores']} cores of {m['processor']}"
    commit = f", commit {m['commit']}" if m["commit"] else ""
    return f"{place}; Python {m['python']}, PyTorch {m['torch']}{commit}."


def percentiles(values: Sequence[float]) -> tuple[float, float, float]:
    """(p50, p95, worst)"""
    found = np.asarray(values, float)
    p50, p95 = np.percentile(found, (50, 95))
    return float(p50), float(p95), float(found.max())


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _commit() -> str | None:
    """Of the sources, if this is a checkout."""
    try:
        found = subprocess.run(
            ["git", "rev-parse", "--short", "HEAD"],
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            timeout=5,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return found.stdout.strip() or None if found.returncode == 0 else None


def _shown(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
