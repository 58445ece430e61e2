"""Measures the audio that is playing: for OSC subscribers, the control page and other displays.

It reads the audio that the engine has settled, on a separate thread: the engine only passes its
frames. Everything needs numpy alone, so that nothing large is imported while music plays.
"""

from __future__ import annotations

import math
import threading
from collections import deque
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from bridge.process.threads import supervised
from musicrfm.listening.pulse import tempo

if TYPE_CHECKING:
    from bridge.engine import Engine

RATE = 20.0  # readings a second
FLOOR_DB = -120.0
LEVEL_SECONDS = 0.1  # of which the level is the RMS
CHROMA_SIZE = 8192  # samples of a spectrum at 32 kHz; a quarter of a second
CHROMA_FROM, CHROMA_TO = 65.0, 2000.0  # Hz; below the bins are too wide, above are overtones
SILENT_DB = -60.0
TEMPO_SECONDS = 8.0  # of which the tempo is measured
TEMPO_EVERY = 1.0
HOP = 0.01  # seconds from one value of the onset envelope to the next
BANDS = 24
SURE = 0.25  # pulse strength below which no tempo is reported
MAX_WAITING = 500  # frames, if this thread is delayed


def _meter(unit: str, help: str, default: Any = 0.0) -> Any:
    return field(default=default, metadata={"unit": unit, "help": help})


@dataclass(frozen=True)
class Reading:
    """All meters at one moment. This class is their table: a meter is one line here and in
    `Meters.update`."""

    level: float = _meter("dBFS", "loudness (RMS) of the last tenth of a second", FLOOR_DB)
    buffer: float = _meter("s", "audio made ahead")
    underruns: int = _meter("", "dropouts since the start", 0)
    speed: float = _meter("× real time", "seconds of music made per second")
    latency: float = _meter(
        "s", "time from a control change to the first changed sample at the output"
    )
    tempo: float = _meter("BPM", "tempo over the last eight seconds; 0 without a pulse")
    chroma: tuple[float, ...] = _meter(
        "", "share of C, C♯, … B in the sound; the sum is 1, or 0 in silence", (0.0,) * 12
    )
    seconds: float = 0.0  # of audio played


@dataclass(frozen=True)
class Meter:
    """One meter, sent at `/meter/NAME`."""

    name: str
    unit: str
    help: str
    takes: str  # in words

    @property
    def address(self) -> str:
        return f"/meter/{self.name}"


def _takes(default: object) -> str:
    if isinstance(default, tuple):
        return f"{len(default)} numbers"
    return "whole number" if isinstance(default, int) else "number"


METERS = tuple(
    Meter(one.name, one.metadata["unit"], one.metadata["help"], _takes(one.default))
    for one in fields(Reading)
    if one.metadata
)


class Meters:
    """Receives settled audio like a recorder; `read` may be called from any thread."""

    def __init__(self, sample_rate: int) -> None:
        self._rate = sample_rate
        self._waiting: deque[np.ndarray] = deque(maxlen=MAX_WAITING)
        self._heard = np.zeros(round(0.3 * sample_rate), np.float32)  # the latest, mono
        self._chroma = Chroma(sample_rate)
        self._onsets = Onsets(sample_rate)
        self._tempo = 0.0
        self._tempo_due = 0.0
        self._reading = Reading()
        self._engine: Engine | None = None
        self._over = threading.Event()
        self._thread = supervised("meters", self._run, self._over, "the meters failed")

    def start(self, engine: Engine) -> None:
        self._engine = engine
        self._thread.start()

    def write(self, audio: np.ndarray) -> None:
        """float32 [samples, channels], as it will be played. Costs the caller almost nothing."""
        self._waiting.append(audio)

    def close(self) -> None:
        self._over.set()

    def read(self) -> Reading:
        """The latest; never waits."""
        return self._reading

    def _run(self) -> None:
        while not self._over.wait(1 / RATE):
            self.update()

    def update(self) -> Reading:
        """Process new audio, and update all meters."""
        blocks = []
        while self._waiting:
            blocks.append(self._waiting.popleft().mean(axis=1))
        if blocks:
            new = np.concatenate(blocks)
            self._heard = np.concatenate([self._heard, new])[-len(self._heard) :]
            self._onsets.hear(new)
        level = _decibels(self._heard[-round(LEVEL_SECONDS * self._rate) :])
        status = self._engine.status() if self._engine is not None else None
        seconds = status.seconds if status is not None else 0.0
        if seconds >= self._tempo_due or seconds < self._tempo_due - 2 * TEMPO_EVERY:
            self._tempo_due = seconds + TEMPO_EVERY
            self._tempo = self._onsets.tempo()
        self._reading = Reading(
            level=level,
            buffer=status.buffer if status is not None else 0.0,
            underruns=status.underruns if status is not None else 0,
            speed=status.speed if status is not None else 0.0,
            latency=sum(self._engine.latency.values()) if self._engine is not None else 0.0,
            chroma=self._chroma.of(self._heard) if level > SILENT_DB else (0.0,) * 12,
            tempo=self._tempo,
            seconds=seconds,
        )
        return self._reading


class Chroma:
    """Shares of the twelve pitch classes in the last quarter of a second."""

    def __init__(self, sample_rate: int) -> None:
        self._size = min(CHROMA_SIZE * sample_rate // 32_000, round(0.3 * sample_rate))
        self._window = np.hanning(self._size).astype(np.float32)
        hertz = np.fft.rfftfreq(4 * self._size, 1 / sample_rate)
        used = (hertz >= CHROMA_FROM) & (hertz <= CHROMA_TO)
        self._used = np.flatnonzero(used)
        pitch = 69 + 12 * np.log2(hertz[used] / 440)
        away = (pitch[None] - np.arange(12)[:, None] + 6) % 12 - 6
        self._weights = np.exp(-0.5 * (away / 0.3) ** 2).astype(np.float32)

    def of(self, mono: np.ndarray) -> tuple[float, ...]:
        """mono: at least a quarter of a second, [samples]; its end is measured."""
        spectrum = np.abs(np.fft.rfft(mono[-self._size :] * self._window, 4 * self._size))
        energy = self._weights @ np.square(spectrum[self._used])
        total = float(energy.sum())
        if not math.isfinite(total) or total <= 0:
            return (0.0,) * 12
        return tuple(float(e) for e in energy / total)


class Onsets:
    """The rise of the level, every 10 ms, over the last seconds; and its tempo."""

    def __init__(self, sample_rate: int) -> None:
        self._hop = round(HOP * sample_rate)
        self._size = 1 << math.ceil(math.log2(0.03 * sample_rate))
        self._window = np.hanning(self._size).astype(np.float32)
        edges = np.geomspace(60, min(12_000, 0.45 * sample_rate), BANDS + 1)
        bins = np.fft.rfftfreq(self._size, 1 / sample_rate)
        self._edges = np.unique(np.searchsorted(bins, edges))
        self._rest = np.zeros(0, np.float32)
        self._levels = np.zeros((0, len(self._edges) - 1))
        self._most = round(TEMPO_SECONDS / HOP)

    def hear(self, mono: np.ndarray) -> None:
        """[samples], directly after those before."""
        sound = np.concatenate([self._rest, mono])
        count = max(0, (len(sound) - self._size) // self._hop + 1)
        if count:
            at = self._hop * np.arange(count)[:, None] + np.arange(self._size)
            power = np.square(np.abs(np.fft.rfft(sound[at] * self._window)))
            bands = np.add.reduceat(power, self._edges[:-1], axis=1)
            self._levels = np.concatenate([self._levels, bands])[-self._most - 2 :]
        self._rest = sound[count * self._hop :]

    def tempo(self) -> float:
        """BPM, or 0.0 with too little audio or without a pulse."""
        if len(self._levels) < self._most // 2:
            return 0.0
        floor = max(float(self._levels.max()) * 1e-6, 1e-9)
        level = 10 * np.log10(np.maximum(self._levels, floor))
        rise = np.maximum(0, level[2:] - level[:-2]).mean(1)
        bpm, strength = tempo(rise)
        return float(bpm) if bpm is not None and strength >= SURE else 0.0


def _decibels(mono: np.ndarray) -> float:
    power = float(np.mean(np.square(mono, dtype=np.float64))) if len(mono) else 0.0
    return max(10 * math.log10(power), FLOOR_DB) if power > 0 and math.isfinite(power) else FLOOR_DB
