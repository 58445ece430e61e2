"""A set under load, as on a laptop with other programs: measures whether the audio ever stops.

While it plays and records, another process keeps a core busy, a third sends a flood of OSC
messages, and memory is allocated and freed so that Python's garbage collector runs.
"""

from __future__ import annotations

import gc
import json
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from bridge.bench import flood
from bridge.bench.report import Options, Report
from bridge.process.priority import be_early
from bridge.session import play
from bridge.settings import Settings
from musicrfm.directions import list_directions
from musicrfm.runtime.defaults import DEFAULT_PROMPT

MINUTES = 0.5
MESSAGES = 1000  # a second
STORM_BYTES = 100 * 2**20
STORM_SECONDS = 5.0


def run(options: Options) -> Report:
    minutes = options.minutes or MINUTES
    over = threading.Event()
    with tempfile.TemporaryDirectory(prefix="bridge-bench-") as folder:
        stats, port = Path(folder) / "stats.json", _free_port()
        settings = _settings(options, minutes, Path(folder), port)
        names = list_directions(Path(options.model).name) or ["none"]
        addresses = [f"/steer/{name}" for name in names]
        flooding = [flood.__file__, str(port), str(MESSAGES), str(options.seed), *addresses]
        others = [
            subprocess.Popen([sys.executable, "-c", "while True: pass"]),
            subprocess.Popen([sys.executable, *flooding]),
        ]
        storm = threading.Thread(target=_storm, args=(over,), daemon=True)
        be_early()  # as `bridge play` does, after the other programs were started as they are
        try:
            storm.start()
            play(settings)
        finally:
            over.set()
            for other in others:
                other.kill()
                other.wait()
            storm.join(STORM_SECONDS + 5)
        told = json.loads(stats.read_text())
    rows = [
        [
            minutes,
            told["underruns"],
            told["degraded"],
            told["device_xruns"],
            told["control_changes_received"],
            told["rewinds"],
            told["real_time_factor"],
            told["peak_memory_mib"],
        ]
    ]
    columns = [
        "minutes",
        "underruns",
        "degraded",
        "device xruns",
        "changes",
        "rewinds",
    ]
    columns += ["× real time", "peak MiB"]
    words = [f"Output: {told['output']}; lookahead {1000 * options.lookahead:.0f} ms."]
    return Report(f"A set under load, {told['model']}", columns, rows, words, told)


def _settings(options: Options, minutes: float, folder: Path, port: int) -> Settings:
    return Settings(
        start={"/prompt": DEFAULT_PROMPT},
        model=options.model,
        device=options.device,
        dtype=options.dtype or "auto",
        seed=options.seed,
        output=options.output,
        seconds=60 * minutes,
        record=str(folder / "set.flac"),
        stats=str(folder / "stats.json"),
        lookahead=options.lookahead,
        early=options.early,
        osc_port=port,
    )


def _storm(over: threading.Event) -> None:
    """Many small objects in circles, which only the collector can free."""
    while not over.wait(STORM_SECONDS):
        circles = []
        for _ in range(STORM_BYTES // 1000):
            circle: list = [bytes(900)]
            circle.append(circle)
            circles.append(circle)
            if len(circles) % 1000 == 0:
                time.sleep(0)
        del circles
        gc.collect()


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
