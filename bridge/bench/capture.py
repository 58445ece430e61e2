"""Records an input device while a set plays, to measure what really leaves the output, and when.

With a sound card, that takes a cable from an output to an input; with JACK, use the name of the
output's client ("PortAudio"). The recording runs in a separate process, `python -m
bridge.bench.capture`, because PortAudio can hang with its device.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import soxr

from bridge.audio.speaker import SetupError, load_portaudio, named
from bridge.process.children import start, take_stdout
from musicrfm.errors import MusicRFMError

START_SECONDS = 30.0  # for the audio system to answer
FINISH_SECONDS = 20.0  # for the recording to be written
BEFORE, AFTER = 0.1, 0.3  # seconds around a sample by which it is recognised
SEARCH = 0.4  # seconds before and after the time at which it is expected
ALIKE = 0.8  # correlation that is taken for the same music


class Capture:
    """Records `device` (part of an input's name, or its number) until `finish()`."""

    def __init__(self, device: str) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="bridge-bench-")
        self._file = Path(self._folder.name) / "heard.npz"
        self._process = start("bridge.bench.capture", device, str(self._file))
        hanging = threading.Timer(START_SECONDS, self._process.kill)
        hanging.start()
        said = self._process.stdout.readline().decode().strip()
        hanging.cancel()
        if said != "ready":
            self.close()
            raise MusicRFMError(f"--capture {device}: {said or 'the recording did not start'}")

    def finish(self) -> Heard:
        """The recording. Raises MusicRFMError if the audio system does not deliver it."""
        try:
            self._process.stdin.close()
            self._process.wait(FINISH_SECONDS)
        except (OSError, subprocess.TimeoutExpired):
            self._process.kill()
        if not self._file.is_file():
            raise MusicRFMError(
                "the recording was lost, because the audio system hangs or is gone: check that the "
                "device of --capture still records"
            )
        with np.load(self._file) as kept:
            return Heard(kept["audio"], float(kept["rate"]), kept["firsts"], kept["times"])

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        self._folder.cleanup()


class Heard:
    """A recording [samples] at `rate`; sample `firsts[i]` was recorded at `times[i]` s
    (monotonic)."""

    def __init__(
        self, audio: np.ndarray, rate: float, firsts: np.ndarray, times: np.ndarray
    ) -> None:
        self.audio, self.rate = audio, rate
        self._firsts, self._times = firsts, times

    def time_of(self, music: np.ndarray, rate: int, sample: int, expected: float) -> float | None:
        """The time at which a sample of `music` [samples] at `rate` was recorded; None if it is not
        recognised.

        expected: approximate time, in seconds of the same clock as `times`.
        """
        head = round(min(BEFORE, sample / rate) * rate)
        part = music[sample - head : sample + round(AFTER * rate)]
        part = soxr.resample(part, rate, self.rate)
        begin = self._index(expected - SEARCH - head / rate)
        within = self.audio[begin : self._index(expected + SEARCH + AFTER)]
        if not part.any() or len(within) < len(part):
            return None
        power = np.concatenate([[0.0], np.cumsum(within.astype(float) ** 2)])
        energy = power[len(part) :] - power[: len(power) - len(part)]
        alike = _correlation(within, part) / np.sqrt(energy * (part @ part) + 1e-12)
        best = int(np.argmax(alike))
        if alike[best] < ALIKE:
            return None
        return self._time(begin + best + head / rate * self.rate)

    def _index(self, at: float) -> int:
        block = max(0, int(np.searchsorted(self._times, at)) - 1)
        index = self._firsts[block] + (at - self._times[block]) * self.rate
        return int(np.clip(index, 0, len(self.audio)))

    def _time(self, index: float) -> float:
        """The time of a sample; block times have jitter, so neighbouring blocks are used, too."""
        block = int(np.searchsorted(self._firsts, index)) - 1
        near = slice(max(0, block - 20), block + 21)
        return float(np.median(self._times[near] + (index - self._firsts[near]) / self.rate))


def _correlation(within: np.ndarray, part: np.ndarray) -> np.ndarray:
    """Of `part` with each stretch of `within` that is as long."""
    size = 1 << (len(within) - 1).bit_length()
    spectrum = np.fft.rfft(within, size) * np.conj(np.fft.rfft(part, size))
    return np.fft.irfft(spectrum, size)[: len(within) - len(part) + 1]


def find_input(sounddevice: Any, wanted: str) -> dict[str, Any]:
    devices = [d for d in sounddevice.query_devices() if d["max_input_channels"] > 0]
    return named(devices, wanted, "input")


def main(wanted: str, path: str) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    tell = take_stdout()
    blocks, times = [], []

    def keep(block, frames, clock, status) -> None:
        times.append(clock.inputBufferAdcTime + time.monotonic() - clock.currentTime)
        blocks.append(block[:, 0].copy())

    try:
        sounddevice = load_portaudio()
    except SetupError as error:
        tell(f"{error} (see `bridge devices`)")
        return
    try:
        device = find_input(sounddevice, wanted)
        stream = sounddevice.InputStream(
            device=device["index"], channels=1, dtype="float32", callback=keep, latency="low"
        )
        stream.start()
    except (SetupError, sounddevice.PortAudioError) as error:
        tell(str(error))
        return
    tell("ready")
    sys.stdin.buffer.read()  # until the parent process closes it
    stream.stop()
    firsts = np.cumsum([0, *map(len, blocks)])[:-1]
    audio = np.concatenate(blocks or [np.zeros(0, np.float32)])
    np.savez(path, audio=audio, rate=stream.samplerate, firsts=firsts, times=times)


if __name__ == "__main__":
    main(*sys.argv[1:])
