"""Where the sound goes: a sound card, a file, or nowhere, each with a clock the engine follows.

Every output takes blocks of float32 [samples, channels] at the model's rate and says how many
seconds of audio are still ahead; the engine keeps that at the lookahead. A sound card is played by
a process of its own (`bridge.speaker`); if it goes away, audio is paced by the wall clock and
dropped until a device is back.
"""

from __future__ import annotations

import json
import logging
import queue
import threading
import time
from typing import Protocol

import numpy as np

from bridge.children import start
from bridge.recorder import Recorder
from bridge.speaker import AUDIO, END, HEADER, RESUME_SHARE
from musicrfm.errors import MusicRFMError

log = logging.getLogger(__name__)

OPEN_SECONDS = 30.0  # the first start after a boot can be slow
SILENT_SECONDS = 3.0  # a speaker process that reports nothing for this long is stuck
STALE_SECONDS = 0.5  # beyond this, the latest report says nothing about now
CLOSE_SECONDS = 3.0

FIXES = {
    "portaudio": "the PortAudio library is missing (on Debian or Ubuntu: "
    "`sudo apt install libportaudio2`)",
    "no-device": "there is no audio output device (plug one in, or start JACK or PipeWire)",
}


class Output(Protocol):
    """What the engine needs of an output. `write` never blocks for longer than a frame."""

    description: str
    latency: float  # seconds the device adds after the lookahead
    underruns: int  # times that audio came too late
    xruns: int  # times that the system was late to fetch it
    lost_times: int  # times that the device went away

    def write(self, audio: np.ndarray) -> None: ...
    def ahead(self) -> float: ...
    def close(self) -> None: ...


class OutputUnavailable(MusicRFMError):
    """No sound can be played on this machine as it is; `reason` is one clause with the fix."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class WallClock:
    """Plays silently in real time: counts what was written against the time that has passed.

    Like a sound card it begins, and begins again after a gap, once `lead` seconds are there.
    """

    def __init__(self, lead: float = 0.0) -> None:
        self._lead = lead
        self._written = 0.0
        self._began: float | None = None

    def write(self, seconds: float) -> bool:
        """Account for more audio; False if time had already passed the end of the last."""
        in_time = self._began is None or self.ahead() > 0.0
        if not in_time:
            self._written, self._began = 0.0, None
        self._written += seconds
        if self._began is None and self._written >= self._lead:
            self._began = time.monotonic()
        return in_time

    def ahead(self) -> float:
        """Seconds written but not yet played; below 0 if time has passed the end."""
        played = 0.0 if self._began is None else time.monotonic() - self._began
        return self._written - played


class PacedOutput:
    """A file, or nothing at all, at real-time pace; with `fast` as quickly as audio comes.

    What came late is counted as an underrun, though the file has no gap.
    """

    latency = 0.0
    xruns = 0
    lost_times = 0

    def __init__(
        self,
        rate: int,
        recorder: Recorder | None,
        description: str,
        lookahead: float = 0.2,
        fast: bool = False,
    ) -> None:
        self.description = description
        self.underruns = 0
        self._rate = rate
        self._recorder = recorder
        self._clock = None if fast else WallClock(RESUME_SHARE * lookahead)

    def write(self, audio: np.ndarray) -> None:
        if self._clock is not None and not self._clock.write(len(audio) / self._rate):
            self.underruns += 1
        if self._recorder is not None:
            self._recorder.write(audio)

    def ahead(self) -> float:
        return 0.0 if self._clock is None else self._clock.ahead()

    def close(self) -> None:
        if self._recorder is not None:
            self._recorder.close()


class DeviceOutput:
    """A sound card, played by a `bridge.speaker` process that is replaced if the card goes away.

    Construction starts the process and returns at once; `open()` waits for the device. `device` is
    an index, part of a name, or None for the default. `latency` is "low", "high" or seconds.
    """

    def __init__(
        self,
        device: str | None,
        rate: int,
        channels: int,
        lookahead: float,
        latency: str | float = "low",
    ) -> None:
        self._config = {
            "device": device,
            "rate": rate,
            "channels": channels,
            "lookahead": lookahead,
            "latency": latency,
        }
        self._rate = rate
        self._lock = threading.Lock()
        self._clock = WallClock()
        self._closing = False
        self._speaker: _Speaker | None = None
        self._lost_counts = {"underruns": 0, "xruns": 0}
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
    def connected(self) -> bool:
        return self._speaker is not None

    @property
    def underruns(self) -> int:
        return self._count("underruns")

    @property
    def xruns(self) -> int:
        """Blocks the system delivered late to the card, as the card's driver reports them."""
        return self._count("xruns")

    def write(self, audio: np.ndarray) -> None:
        speaker = self._speaker
        if speaker is not None:
            speaker.send(audio)
        else:
            self._clock.write(len(audio) / self._rate)

    def ahead(self) -> float:
        speaker = self._speaker
        return self._clock.ahead() if speaker is None else speaker.ahead(self._rate)

    def close(self) -> None:
        """Play what was written, then let the device go."""
        with self._lock:
            self._closing = True
            speaker, self._speaker = self._speaker, None
            candidate = self._candidate
        if speaker is not None:
            self._keep_counts(speaker, speaker.finish(speaker.ahead(self._rate) + CLOSE_SECONDS))
        if candidate is not speaker:
            candidate.kill()

    def _adopt(self, speaker: _Speaker, hello: dict) -> None:
        self.description = f"{hello['name']} ({hello['channels']} × {hello['rate']:g} Hz)"
        self.latency = hello["latency"]
        with self._lock:
            if not self._closing:
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
                self._clock = WallClock()
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


class _Speaker:
    """One `bridge.speaker` process seen from here."""

    def __init__(self, config: dict, wait: bool) -> None:
        self._process = start("bridge.speaker", json.dumps({**config, "wait": wait}))
        self.latest: dict = {}
        self._sent = 0
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

    def send(self, audio: np.ndarray) -> None:
        self._sent += len(audio)
        payload = np.ascontiguousarray(audio, dtype=np.float32).tobytes()
        self._outbox.put(HEADER.pack(AUDIO, len(payload)) + payload)

    def ahead(self, rate: int) -> float:
        """Seconds sent but not yet taken by the card, carried on from the latest report."""
        report = self.latest
        if not report:
            return self._sent / rate
        ahead = report["buffered"] + (self._sent - report["received"]) / rate
        if report["playing"]:
            ahead -= min(time.monotonic() - report["time"], STALE_SECONDS)
        return max(0.0, ahead)

    def finish(self, timeout: float) -> dict:
        """Play out and end; returns the last report."""
        self._outbox.put(HEADER.pack(END, 0))
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
