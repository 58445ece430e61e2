"""The soak test: a fault every minute, while knobs turn and pages open."""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from bridge.bench.report import Options, Report
from bridge.bench.torture import attacks
from bridge.bench.torture.faults import FAULTS, Fault
from bridge.bench.torture.meeting import met
from bridge.bench.torture.stage import Stage
from bridge.osc.packets import build
from bridge.process.memory import handles, memory_mib, threads
from musicrfm.theory import PITCH_CLASSES

PROMPTS = ("organ chords with drums", "dark strings", "flute melody with bass", "guitar arpeggio")
MINUTE = 60.0
KNOBS = 5.0  # changes per second
COLUMNS = ["part", "faults", "longest silence, ms", "unsaid", "memory, MiB", "handles", "threads"]
SETTLED = 3  # minutes after which memory and handles should be constant


class Hands(threading.Thread):
    """A simulated player, who turns knobs, changes prompts, uses presets and opens pages."""

    def __init__(self, stage: Stage, seed: int) -> None:
        super().__init__(name="hands", daemon=True)
        self._stage, self._draw = stage, random.Random(seed)
        self.over = threading.Event()
        self.moves = self.pages = 0

    def run(self) -> None:
        while not self.over.wait(self._draw.expovariate(KNOBS)):
            self.moves += 1
            self._stage.send_packet(self._move())
            if self.moves % 200 == 0:
                self.pages += 1
                with suppress(Exception):
                    attacks.page(self._stage, ['{"set": {"/gain": -2}}'], read=1.0)

    def _move(self) -> bytes:
        draw, part = self._draw, self._draw.random()
        note = draw.choice(PITCH_CLASSES)
        if part < 0.6:
            return build(f"/steer/note_{note}", draw.uniform(-0.3, 1.0))
        if part < 0.7:
            return build("/prompt", f"{draw.choice(PROMPTS)} {draw.randrange(40)}")
        if part < 0.8:
            return build("/guidance", draw.uniform(1.0, 4.0))
        if part < 0.85:
            return build("/crossfade", f"note_{note}", f"note_{draw.choice(PITCH_CLASSES)}", 2.0)
        if part < 0.9:
            return build("/preset/replace", f"p{draw.randrange(20)}")
        if part < 0.95:
            return build("/preset/morph", f"p{draw.randrange(20)}", draw.uniform(0.5, 6.0))
        if part < 0.96:
            return build("/panic")
        return build("/gain", draw.uniform(-9.0, 0.0))


def soak_report(stage: Stage, options: Options) -> Report:
    """A soak test of `options.minutes`, as a table with a row for each half."""
    told = soak(stage, options.minutes or 0.0, options.seed)
    rows = told["rows"]
    half = len(rows) // 2
    table = [
        _row(words, part)
        for words, part in (("beside a busy core", rows[:half]), ("second half", rows[half:]))
        if part
    ]
    lost = max(0.0, told["logged"] - told["recorded"])
    words = [
        f"{told['minutes']:.0f} minutes, {told['moves']} changes, {told['pages']} pages, "
        f"{len(rows)} faults; {lost:.2f} s of {told['logged']:.0f} s are in no file; exit status "
        f"{told['status']}; {told['said_bytes'] / 1000:.0f} kB of log."
    ]
    return Report(f"Soak, {Path(options.model).name}", COLUMNS, table, words, told)


def _row(words: str, rows: list[dict]) -> list[object]:
    settled = rows[SETTLED:] or rows
    gaps = [row["gap"] for row in rows]
    return [
        words,
        len(rows),
        f"{1000 * max(gaps):.0f}",
        sum(not row["said"] for row in rows),
        f"{settled[0]['memory_mib']:.0f} to {settled[-1]['memory_mib']:.0f}",
        f"{min(row['handles'] for row in settled)} to {max(row['handles'] for row in settled)}",
        f"{settled[0]['threads']} to {settled[-1]['threads']}",
    ]


def soak(stage: Stage, minutes: float, seed: int) -> dict:
    """Run the soak test, the first half beside a busy core; returns all measurements.

    Those of each minute are also printed when it ends.
    """
    draw = random.Random(seed)
    hands = Hands(stage, seed)
    hands.start()
    began = time.monotonic()
    busy: subprocess.Popen | None = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    rows: list[Any] = []
    left: list[Fault] = []
    try:
        while (minute := len(rows)) < minutes and stage.process.poll() is None:
            if busy is not None and minute >= minutes / 2:
                _ended(busy)
                busy = None
            if not left:
                left = [fault for fault in FAULTS if fault.soak]
                draw.shuffle(left)
            due = began + MINUTE * minute + draw.uniform(1.0, 20.0)
            time.sleep(max(0.0, due - time.monotonic()))
            row = {
                "minute": minute + 1,
                "busy": busy is not None,
                **_suffer(stage, left.pop(), draw),
            }
            time.sleep(max(0.0, began + MINUTE * min(minute + 1, minutes) - time.monotonic()))
            row |= _state(stage)
            rows.append(row)
            print(json.dumps(row), file=sys.stderr, flush=True)
    finally:
        hands.over.set()
        _ended(busy)
    played = time.monotonic() - began
    hands.join(5.0)
    status, took = stage.end()
    return {
        "minutes": played / 60,
        "rows": rows,
        "moves": hands.moves,
        "pages": hands.pages,
        "status": status,
        "end_seconds": took,
        "said_bytes": stage.said_bytes,
        "recorded": stage.recorded(),
        "logged": stage.logged(),
        "files": len(list(stage.folder.glob("set*.flac"))),
        "lacks": re.findall(r"the recording \S+ lacks [^\n]*", stage.text()),
        "last": stage.text().splitlines()[-5:],
    }


def _ended(busy: subprocess.Popen | None) -> None:
    if busy is not None:
        busy.kill()
        busy.wait()


def _suffer(stage: Stage, fault: Fault, draw: random.Random) -> dict:
    one = met(stage, fault, draw)
    return {
        "fault": fault.name,
        "gap": one.gap,
        "back": max(0.0, one.ended - one.since if one.gap else 0.0),
        "still_silent": one.silent,
        "late": len(one.watch.late),
        "asked": one.watch.asked,
        "said": one.said,
    }


def _state(stage: Stage) -> dict:
    return {
        "memory_mib": memory_mib(stage.process.pid),
        "handles": handles(stage.process.pid),
        "threads": threads(stage.process.pid),
        "said_bytes": stage.said_bytes,
        "load": os.getloadavg()[0],
    }
