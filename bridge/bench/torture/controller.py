"""A stand-in for a MIDI controller, with a clock of 120 BPM and a knob that turns all the time.

`python -m bridge.bench.torture.controller` has the output of `bridge.midi.port_process`. It pauses
for `STALL_SECONDS` whenever the file that the environment variable in `STALL` names appears.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path

from bridge.process.children import take_stdout

STALL = "BRIDGE_BENCH_STALL"  # environment variable
STALL_SECONDS = 0.3
BPM = 120
TICKS = 24  # per beat


def main() -> None:
    say = take_stdout()
    stall = Path(os.environ[STALL])
    threading.Thread(target=_end_with_stdin, daemon=True).start()
    say("open torture")
    say("news listening to torture")
    say("message FA")
    due, number = time.monotonic(), 0
    while True:
        time.sleep(max(0.0, due - time.monotonic()))
        if stall.exists():
            stall.unlink()
            time.sleep(STALL_SECONDS)
        say(f"clock {time.monotonic()}")
        if number % TICKS == 0:
            say(f"message B0 07 {number // TICKS % 128:02X}")
        number += 1
        due += 60 / BPM / TICKS


def _end_with_stdin() -> None:
    while sys.stdin.buffer.read(4096):
        pass
    os._exit(0)


if __name__ == "__main__":
    main()
