"""Where the sound goes: a sound card or nowhere, each with a clock the engine follows.

Every output takes blocks of float32 [samples, channels] at the model's rate, each with the number
of its first sample, and says which is the first sample that can still be replaced. A sound card is
played by a process of its own (`bridge.speaker`); if it goes away, audio is paced by the wall clock
and dropped until a device is back.
"""

from __future__ import annotations

import json
import logging
import queue
import threading
import time
from collections import deque
from typing import Protocol

import numpy as np

from bridge.children import start
from bridge.deck import lead_seconds
from bridge.speaker import AUDIO, END, HEADER
from musicrfm.errors import MusicRFMError

log = logging.getLogger(__name__)

OPEN_SECONDS = 30.0  # the first start after a boot can be slow
SILENT_SECONDS = 3.0  # a speaker process that reports nothing for this long is stuck
STALE_SECONDS = 0.5  # beyond this, the latest report says nothing about now
CLOSE_SECONDS = 3.0
RING_SECONDS = 0.005

FIXES = {
    "portaudio": "the PortAudio library is missing (on Debian or Ubuntu: "
    "`sudo apt install libportaudio2`)",
    "no-device": "there is no audio output device (plug one in, or start JACK or PipeWire)",
}


class Output(Protocol):
    """What the engine needs of an output. Samples are numbered from the beginning of the set.

    `write` never blocks; audio that begins before what was written last replaces it from there on.
    """

    description: str
    latency: float  # seconds that the device adds
    ring: float  # seconds from the position to the device
    lead: float  # seconds that must be there before it plays (again); 0 while it plays
    underruns: int  # times that audio came too late
    late: int  # times that audio came too late to replace all that it was meant to
    xruns: int  # times that the system was late to fetch it
    lost_times: int  # times that the device went away

    def write(self, at: int, audio: np.ndarray) -> None: ...
    def position(self) -> int:
        """Number of the first sample that can still be replaced."""

    def close(self) -> None: ...


class OutputUnavailable(MusicRFMError):
    """No sound can be played on this machine as it is; `reason` is one clause with the fix."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class WallClock:
    """Plays silently in real time: counts what was written against the time that has passed.

    Like a sound card it begins, and begins again after a gap, once `lead` seconds are there. The
    first sample is number `start`; what is there up to `end` plays at once.
    """

    def __init__(self, rate: int, lead: float = 0.0, start: int = 0, end: int = 0) -> None:
        self._rate, self._lead = rate, lead * rate
        self._from = start  # the sample at which it began to play (again)
        self._end = max(start, end)
        self._began: float | None = time.monotonic() if end > start else None

    def write(self, at: int, samples: int) -> bool:
        """Account for audio; False if time had already passed the end of the last."""
        in_time = self._began is None or self._passed() < self._end
        if not in_time:
            self._from, self._began = self._end, None
        self._end = max(self._end, at + samples)
        if self._began is None and self._end - self._from >= self._lead:
            self._began = time.monotonic()
        return in_time

    @property
    def lead(self) -> float:
        """Seconds that must be there before it begins; 0 while time passes."""
        return self._lead / self._rate if self._began is None else 0.0

    def position(self) -> int:
        return min(self._passed(), self._end)

    def _passed(self) -> int:
        played = 0.0 if self._began is None else time.monotonic() - self._began
        return self._from + int(played * self._rate)


class PacedOutput:
    """Nothing at all at real-time pace, for a set that only goes into a file; or, with `fast`, as
    quickly as audio comes.

    What came late is counted as an underrun, though the file has no gap.
    """

    latency = ring = 0.0
    xruns = late = lost_times = 0

    def __init__(
        self, rate: int, description: str, lookahead: float = 0.2, fast: bool = False
    ) -> None:
        self.description = description
        self.underruns = 0
        self._end = 0
        self._clock = None if fast else WallClock(rate, lead_seconds(lookahead))

    def write(self, at: int, audio: np.ndarray) -> None:
        self._end = at + len(audio)
        if self._clock is not None and not self._clock.write(at, len(audio)):
            self.underruns += 1

    @property
    def lead(self) -> float:
        return 0.0 if self._clock is None else self._clock.lead

    def position(self) -> int:
        return self._end if self._clock is None else self._clock.position()

    def close(self) -> None:
        pass


class DeviceOutput:
    """A sound card, played by a `bridge.speaker` process that is replaced if the card goes away.

    Construction starts the process and returns at once; `open()` waits for the device. `device` is
    an index, part of a name, or None for the default. `ring`: sound that is due within so many
    seconds can no longer be replaced. `latency`, of the device, is "low", "high" or seconds.
    """

    def __init__(
        self,
        device: str | None,
        rate: int,
        channels: int,
        lookahead: float,
        ring: float = RING_SECONDS,
        latency: str | float = "low",
    ) -> None:
        self._config = {
            "device": device,
            "rate": rate,
            "channels": channels,
            "lookahead": lookahead,
            "ring": ring,
            "latency": latency,
        }
        self._lead = lead_seconds(lookahead)
        self._rate = rate
        self._newest = 0  # where the newest take ends
        self._lock = threading.Lock()
        self._clock = WallClock(rate)
        self._closing = False
        self._margin = ring
        self._speaker: _Speaker | None = None
        self._lost_counts = {"underruns": 0, "late": 0, "xruns": 0}
        self._unsettled: deque[tuple[int, np.ndarray]] = deque()  # for the next speaker
        self.description = "no device"
        self.latency = 0.0
        self.lost_times = 0
        self._candidate = _Speaker(self._config, wait=False)

    def open(self) -> None:
        """Wait until the device plays.

        Raises OutputUnavailable if there is none at all or no PortAudio, MusicRFMError if the named
        one is not there.
        """
        hello = self._candidate.hello(OPEN_SECONDS)
        if hello is None:
            self._candidate.kill()
            raise OutputUnavailable("the audio system does not answer (see `bridge devices`)")
        if hello["state"] != "open":
            self._candidate.kill()
            kind = hello.get("kind", "crash")
            if kind == "unknown":
                raise MusicRFMError(hello["message"])
            raise OutputUnavailable(
                FIXES.get(kind, f"the audio output failed ({hello.get('message', 'no reason')})")
            )
        self._adopt(self._candidate, hello)
        threading.Thread(target=self._watch, name="output", daemon=True).start()

    @property
    def ring(self) -> float:
        """With a block of the device's, as long as it is known."""
        speaker = self._speaker
        if speaker is not None:
            self._margin = speaker.latest.get("margin", self._margin)
        return self._margin

    @property
    def connected(self) -> bool:
        return self._speaker is not None

    @property
    def underruns(self) -> int:
        return self._count("underruns")

    @property
    def late(self) -> int:
        return self._count("late")

    @property
    def xruns(self) -> int:
        """Blocks the system delivered late to the card, as the card's driver reports them."""
        return self._count("xruns")

    def write(self, at: int, audio: np.ndarray) -> None:
        with self._lock:
            self._keep(at, audio)
            self._newest = _end_of((at, audio))
            if self._speaker is not None:
                self._speaker.send(at, audio)
            else:
                self._clock.write(at, len(audio))

    def _keep(self, at: int, audio: np.ndarray) -> None:
        """Remember what may have to be sent to another speaker: older takes' ends, too."""
        settled, end = self.position(), _end_of((at, audio))
        while self._unsettled and _end_of(self._unsettled[0]) <= settled:
            self._unsettled.popleft()
        behind = deque()
        while self._unsettled and self._unsettled[-1][0] >= at:
            block = self._unsettled.pop()
            if block[0] >= end:
                behind.appendleft(block)
        self._unsettled.append((at, audio))
        self._unsettled.extend(behind)

    @property
    def _end(self) -> int:
        """Number of the sample after the last one there is."""
        return _end_of(self._unsettled[-1]) if self._unsettled else 0

    @property
    def lead(self) -> float:
        speaker = self._speaker
        return 0.0 if speaker is None or speaker.latest.get("playing") else self._lead

    def position(self) -> int:
        speaker = self._speaker
        return self._clock.position() if speaker is None else speaker.position(self._rate)

    def close(self) -> None:
        """Play what was written, then let the device go."""
        with self._lock:
            self._closing = True
            if self._speaker is not None:  # what is left plays while nobody is asked for it
                self._clock = WallClock(self._rate, start=self.position(), end=self._newest)
            speaker, self._speaker = self._speaker, None
            candidate = self._candidate
        if speaker is not None:
            left = (self._newest - speaker.position(self._rate)) / self._rate
            timeout = max(0.0, left) + CLOSE_SECONDS
            report = speaker.finish(self._newest, timeout)
            self._keep_counts(speaker, report)
            self._margin = report.get("margin", self._margin)
        if candidate is not speaker:
            candidate.kill()

    def _adopt(self, speaker: _Speaker, hello: dict) -> None:
        self.description = f"{hello['name']} ({hello['channels']} × {hello['rate']:g} Hz)"
        self.latency = hello["latency"]
        with self._lock:
            if self._closing:
                return
            position = self._clock.position()
            speaker.begin(position)
            for at, audio in self._unsettled:
                if _end_of((at, audio)) > position:
                    speaker.send(max(at, position), audio[max(0, position - at) :])
            self._speaker = speaker

    def _watch(self) -> None:
        """Notice that the device went away, wait until it is back, and so on."""
        while not self._closing:
            speaker = self._speaker
            if speaker is not None and speaker.alive():
                time.sleep(0.1)
                continue
            with self._lock:
                if self._closing:
                    return
                # Time goes on from where the device was, so that nothing that is made is lost.
                self._clock = WallClock(self._rate, start=self.position(), end=self._end)
                self._speaker = None
                self._candidate = _Speaker(self._config, wait=True)
            if speaker is not None:
                speaker.kill()
                self._keep_counts(speaker, speaker.latest)
                self.lost_times += 1
                log.warning("the audio output is gone; playing on and waiting for it to come back")
            hello = self._candidate.hello(None)
            if hello is not None and hello["state"] == "open":
                self._adopt(self._candidate, hello)
                log.warning("the audio output is back: %s", self.description)
            else:
                self._candidate.kill()
                time.sleep(1.0)

    def _count(self, name: str) -> int:
        speaker = self._speaker
        current = 0 if speaker is None else speaker.latest.get(name, 0)
        return self._lost_counts[name] + current

    def _keep_counts(self, speaker: _Speaker, report: dict) -> None:
        for name in self._lost_counts:
            self._lost_counts[name] += report.get(name, 0)


def _end_of(block: tuple[int, np.ndarray]) -> int:
    """Number of the sample after a block (number of its first sample, audio)."""
    return block[0] + len(block[1])


class _Speaker:
    """One `bridge.speaker` process seen from here."""

    def __init__(self, config: dict, wait: bool) -> None:
        self._process = start("bridge.speaker", json.dumps({**config, "wait": wait}))
        self.latest: dict = {}
        self._first = 0
        self._heard = time.monotonic()
        self._gone = threading.Event()
        self._hellos: queue.SimpleQueue[dict | None] = queue.SimpleQueue()
        self._outbox: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, name="speaker-read", daemon=True)
        self._reader.start()
        threading.Thread(target=self._write, name="speaker-write", daemon=True).start()

    def hello(self, timeout: float | None) -> dict | None:
        """The first message: the device, or why there is none; None if it died or took too long."""
        try:
            return self._hellos.get(timeout=timeout)
        except queue.Empty:
            return None

    def alive(self) -> bool:
        return not self._gone.is_set() and time.monotonic() - self._heard < SILENT_SECONDS

    def begin(self, at: int) -> None:
        """The first sample that will be sent."""
        self._first = at

    def send(self, at: int, audio: np.ndarray) -> None:
        payload = np.ascontiguousarray(audio, dtype=np.float32).tobytes()
        self._outbox.put(HEADER.pack(AUDIO, at, len(payload)) + payload)

    def position(self, rate: int) -> int:
        """The first sample not yet settled, carried on from the latest report."""
        report = self.latest
        if not report or not report["playing"]:
            return max(self._first, report.get("position", 0))
        passed = min(time.monotonic() - report["time"], STALE_SECONDS)
        return report["position"] + int(passed * rate)

    def finish(self, end: int, timeout: float) -> dict:
        """Play out up to sample `end` and stop; returns the last report."""
        self._outbox.put(HEADER.pack(END, end, 0))
        self._gone.wait(timeout)
        self.kill()
        return self.latest

    def kill(self) -> None:
        self._gone.set()
        self._outbox.put(None)
        self._process.kill()
        self._process.wait()
        self._reader.join(1.0)

    def _read(self) -> None:
        greeted = False
        try:
            with self._process.stdout as stdout:
                for line in stdout:
                    message = json.loads(line)
                    self._heard = time.monotonic()
                    if "state" not in message:
                        self.latest = message
                    elif greeted:
                        break  # lost, or an error while playing
                    else:
                        greeted = True
                        self._hellos.put(message)
        except (OSError, ValueError):
            log.debug("the speaker process broke off in mid-line")
        finally:
            self._gone.set()
            if not greeted:
                self._hellos.put(None)

    def _write(self) -> None:
        try:
            with self._process.stdin as stdin:
                while (data := self._outbox.get()) is not None and not self._gone.is_set():
                    stdin.write(data)
                    stdin.flush()
        except (OSError, ValueError):
            self._gone.set()
