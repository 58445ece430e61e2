"""A stand-in for a sound card, which logs for every millisecond whether there is sound.

`python -m bridge.bench.torture.card` runs the real code of `bridge.audio.speaker` with a device of
this module. The environment variable in `CARD_LOG` names the log file.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from types import SimpleNamespace
from typing import Any

import numpy as np

from bridge.audio import speaker

CARD_LOG = "BRIDGE_BENCH_CARD"  # environment variable
RATE = 32000.0
BLOCK_MS = 10
LATENCY = 0.02
QUIET = 1e-5  # 100 dB below full scale
# One block: its start (s, monotonic), and a bit for each millisecond with sound.
BLOCK = np.dtype([("time", "<f8"), ("sounds", "<u2")])


class PortAudioError(Exception):
    pass


class OutputStream:
    """Requests a block every 10 ms, or at once if it is late."""

    latency = LATENCY
    active = True

    def __init__(self, callback: Any, channels: int, samplerate: float, **how: Any) -> None:
        if samplerate != RATE:
            raise PortAudioError("this card has another sample rate", -9997)
        self.channels, self.samplerate, self._callback = channels, samplerate, callback
        self._log = os.open(os.environ[CARD_LOG], os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)

    @property
    def time(self) -> float:
        return time.monotonic()

    def start(self) -> None:
        threading.Thread(target=self._run, name="card", daemon=True).start()

    def _run(self) -> None:
        out = np.zeros((int(RATE * BLOCK_MS / 1000), self.channels), np.float32)
        status = SimpleNamespace(output_underflow=False)
        due = time.monotonic()
        while True:
            self._callback(out, len(out), SimpleNamespace(currentTime=time.monotonic()), status)
            os.write(self._log, np.array([(due, sounds(out))], BLOCK).tobytes())
            due += BLOCK_MS / 1000
            if (wait := due - time.monotonic()) > 0:
                time.sleep(wait)


def sounds(out: np.ndarray) -> int:
    """A bit for each millisecond of a block [samples, channels] that is not silent."""
    peaks = np.abs(out).reshape(BLOCK_MS, -1).max(axis=1)
    return int((peaks > QUIET) @ (1 << np.arange(BLOCK_MS)))


DEVICE = {
    "index": 0,
    "name": "none",
    "hostapi": 0,
    "max_output_channels": 2,
    "default_samplerate": RATE,
}
SYSTEM = SimpleNamespace(
    PortAudioError=PortAudioError,
    OutputStream=OutputStream,
    query_devices=lambda: [DEVICE],
    query_hostapis=lambda _: {"name": "none", "default_output_device": 0},
    default=SimpleNamespace(hostapi=0, device={"output": 0}),
    _terminate=lambda: None,
    _initialize=lambda: None,
)


if __name__ == "__main__":
    replaced: Any = speaker
    replaced.load_portaudio = lambda: SYSTEM
    replaced.callback = lambda: None  # machine code would need PortAudio's own pointers
    speaker.main(sys.argv)
