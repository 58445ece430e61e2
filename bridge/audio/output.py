"""The outputs of a set: a sound card, or silence in real time, each with a clock for the engine.

Every output accepts blocks of float32 [samples, channels] at the model's rate, each with the number
of its first sample, and reports the first sample that can still be replaced. A separate process
(`bridge.audio.speaker`) plays to the sound card; while the card is missing, audio is paced by the
wall clock and dropped.
"""

from __future__ import annotations

import json
import logging
import queue
import subprocess
import threading
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from typing import Protocol

import numpy as np

from bridge.audio.deck import lead_seconds
from bridge.audio.dsp import mended
from bridge.audio.speaker import AUDIO, END, HEADER
from bridge.process.awake import Patience, now
from bridge.process.children import start
from bridge.process.threads import supervised
from musicrfm.errors import MusicRFMError

log = logging.getLogger(__name__)

OPEN_SECONDS = 30.0  # without an answer; the first start after a boot can be slow
PAUSE, LONGEST_PAUSE = 1.0, 30.0  # seconds between two tries, doubled each time
HELD_SECONDS = 10.0  # a device open for this long counts as stable
SILENT_SECONDS = 3.0  # a speaker process that reports nothing for this long is stuck
STALE_SECONDS = 0.5  # older reports are ignored
CLOSE_SECONDS = 3.0
RING_SECONDS = 0.005

FIXES = {
    "portaudio": "the PortAudio library is missing (on Debian or Ubuntu: "
    "`sudo apt install libportaudio2`)",
    "no-device": "no audio output device was found (connect one, or start JACK or PipeWire)",
}


class Output(Protocol):
    """The interface between the engine and an output. Samples are numbered from the start of the
    set.

    `write` never blocks; audio that starts before the end of earlier audio replaces it from there
    on.
    """

    @property
    def description(self) -> str: ...
    @property
    def latency(self) -> float:
        """Latency of the device in seconds."""

    @property
    def ring(self) -> float:
        """Seconds between the position and the device."""

    @property
    def lead(self) -> float:
        """Seconds of audio needed before it (re)starts playing; 0 while it plays."""

    @property
    def underruns(self) -> int:
        """Number of times that audio arrived too late."""

    @property
    def late(self) -> int:
        """Number of times that a replacement came too late for its first samples."""

    @property
    def xruns(self) -> int:
        """Number of times that the system fetched audio too late."""

    @property
    def lost_times(self) -> int:
        """Number of times that the device was lost."""

    def write(self, at: int, audio: np.ndarray) -> None: ...
    def position(self) -> int:
        """Number of the first sample that can still be replaced."""

    def close(self) -> None: ...


class OutputUnavailable(MusicRFMError):
    """No audio can be played on this machine at present; `reason` is one clause with the fix.

    may_come: whether that may change while the set plays.
    """

    def __init__(self, reason: str, may_come: bool = True) -> None:
        super().__init__(reason)
        self.reason, self.may_come = reason, may_come


class WallClock:
    """Plays silently in real time: compares the written audio with the time that has passed awake.

    Like a sound card, it starts, and restarts after a gap, when `lead` seconds are buffered. The
    first sample is number `start`; audio up to `end` plays at once.
    """

    def __init__(self, rate: int, lead: float = 0.0, start: int = 0, end: int = 0) -> None:
        self._rate, self._lead = rate, lead * rate
        self._from = start  # the sample at which it (re)started playing
        self._end = max(start, end)
        self._began: float | None = now() if end > start else None

    def write(self, at: int, samples: int) -> bool:
        """Account for audio; False if time had already passed the end of the earlier audio."""
        in_time = self._began is None or self._passed() < self._end
        if not in_time:
            self._from, self._began = self._end, None
        self._end = max(self._end, at + samples)
        if self._began is None and self._end - self._from >= self._lead:
            self._began = now()
        return in_time

    @property
    def lead(self) -> float:
        """Seconds that must be there before it begins; 0 while time passes."""
        return self._lead / self._rate if self._began is None else 0.0

    def position(self) -> int:
        return min(self._passed(), self._end)

    def _passed(self) -> int:
        played = 0.0 if self._began is None else now() - self._began
        return self._from + int(played * self._rate)


class PacedOutput:
    """No device: real-time pace for a set that only goes into a file, or, with `fast`, as fast as
    audio arrives.

    Late audio counts as an underrun, although the file has no gap.
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
    """A sound card, played by a `bridge.audio.speaker` process that is replaced when it is lost.

    `open()` waits until the device plays; `wait()` lets it appear later. `device` is a name for
    `device_names.named`, or None for the default. `channels` of music go to `outputs`, counted from
    1 (None: the first two), and, if there is a `cue`, the same number of channels to its outputs.
    `ring`: audio due within this number of seconds can no longer be replaced. `latency`, of the
    device, is "low", "high" or seconds.
    """

    def __init__(
        self,
        device: str | None,
        rate: int,
        channels: int,
        lookahead: float,
        ring: float = RING_SECONDS,
        latency: str | float = "low",
        outputs: Sequence[int] | None = None,
        cue: Sequence[int] | None = None,
    ) -> None:
        self._config = {
            "device": device,
            "rate": rate,
            "channels": channels,
            "outputs": outputs,
            "cue": cue,
            "lookahead": lookahead,
            "ring": ring,
            "latency": latency,
        }
        self._channels = channels * (2 if cue else 1)
        self._lead = lead_seconds(lookahead)
        self._rate = rate
        self._newest = 0  # where the newest take ends
        self._lock = threading.Lock()
        self._clock = WallClock(rate)
        self._closing = threading.Event()
        self._margin = ring
        self._speaker: _Speaker | None = None
        self._adopted = 0.0  # when it was
        self._pause = PAUSE
        self._lost_counts = {"underruns": 0, "late": 0, "xruns": 0}
        self._unsettled: deque[tuple[int, np.ndarray]] = deque()  # for the next speaker
        self._mended: set[str] = set()  # faults of blocks already reported
        self.description = "no device"
        self.latency = 0.0
        self.lost_times = 0
        self._candidate: _Speaker | None = None

    def open(self) -> None:
        """Wait until the device plays.

        Raises OutputUnavailable if there is no device or no PortAudio, MusicRFMError if the named
        one is missing, or has too few outputs.
        """
        try:
            self._candidate = _Speaker(self._config, wait=False)
        except OSError as error:  # out of memory or handles
            raise OutputUnavailable(f"its process could not be started ({error})") from None
        hello = self._candidate.hello()
        if hello is not None and hello["state"] == "open":
            self._adopt(self._candidate, hello)
            self._start_watching()
            return
        self._candidate.kill()
        if hello is None:
            raise OutputUnavailable("the audio system does not answer (see `bridge devices`)")
        kind = hello.get("kind", "crash")
        if kind in ("unknown", "outputs"):
            raise MusicRFMError(hello["message"])
        failed = f"the audio output failed ({hello.get('message', 'no reason')})"
        raise OutputUnavailable(FIXES.get(kind, failed), may_come=kind != "portaudio")

    def wait(self, description: str) -> None:
        """Play as soon as a device is available; until then, audio is dropped at real-time pace."""
        self.description = description
        self._start_watching()

    def _start_watching(self) -> None:
        what = "the search for an audio output restarts"
        supervised("output", self._watch, self._closing, what).start()

    @property
    def ring(self) -> float:
        """Includes a block of the device, once that is known."""
        speaker = self._speaker
        if speaker is not None:
            self._margin = speaker.latest.get("margin", self._margin)
        return self._margin

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
        """Audio [samples, channels], followed by the same number of channels for the cue, if
        any."""
        audio, wrong = mended(audio, self._channels)
        for what in wrong - self._mended:  # once per set, not per block
            self._mended.add(what)
            log.warning("a block of audio %s; this one and later ones are repaired", what)
        with self._lock:
            self._keep(at, audio)
            self._newest = _end_of((at, audio))
            if self._speaker is not None:
                self._speaker.send(at, audio)
            else:
                self._clock.write(at, len(audio))

    def _keep(self, at: int, audio: np.ndarray) -> None:
        """Remember audio that another speaker process may need, including the ends of older
        takes."""
        settled, end = self.position(), _end_of((at, audio))
        while self._unsettled and _end_of(self._unsettled[0]) <= settled:
            self._unsettled.popleft()
        behind: deque[tuple[int, np.ndarray]] = deque()
        while self._unsettled and self._unsettled[-1][0] >= at:
            block = self._unsettled.pop()
            if block[0] >= end:
                behind.appendleft(block)
        self._unsettled.append((at, audio))
        self._unsettled.extend(behind)

    @property
    def _end(self) -> int:
        """Number of the sample after the last one."""
        return _end_of(self._unsettled[-1]) if self._unsettled else 0

    @property
    def lead(self) -> float:
        speaker = self._speaker
        return 0.0 if speaker is None or speaker.latest.get("playing") else self._lead

    def position(self) -> int:
        speaker = self._speaker
        return self._clock.position() if speaker is None else speaker.position(self._rate)

    def close(self) -> None:
        """Play the written audio, then close the device."""
        with self._lock:
            self._closing.set()
            if self._speaker is not None:  # the rest plays meanwhile
                self._clock = WallClock(self._rate, start=self.position(), end=self._newest)
            speaker, self._speaker = self._speaker, None
            candidate, self._candidate = self._candidate, None
        if speaker is not None:
            left = (self._newest - speaker.position(self._rate)) / self._rate
            timeout = max(0.0, left) + CLOSE_SECONDS
            report = speaker.finish(self._newest, timeout)
            self._keep_counts(speaker, report)
            self._margin = report.get("margin", self._margin)
        if candidate is not None and candidate is not speaker:
            candidate.kill()

    def _adopt(self, speaker: _Speaker, hello: dict) -> None:
        self.description = describe(hello)
        self.latency = hello["latency"]
        if self._config["device"] is not None:  # its number may change when it returns
            self._config["device"] = hello["exact"]
        with self._lock:
            if self._closing.is_set():
                return
            position = self._clock.position()
            speaker.begin(position)
            for at, audio in self._unsettled:
                if _end_of((at, audio)) > position:
                    speaker.send(max(at, position), audio[max(0, position - at) :])
            self._speaker = speaker
        self._adopted = now()

    def _watch(self) -> None:
        """Detect the loss of the device and search for it again, surviving any error."""
        while not self._closing.is_set():
            try:
                if self._look_after():
                    continue
            except BaseException as error:  # no exception may end this thread while a set plays
                log.warning(
                    "the audio output could not be started (%s: %s); trying again in %.0f s",
                    *(type(error).__name__, error, self._pause),
                )
            self._closing.wait(self._pause)
            self._pause = min(2 * self._pause, LONGEST_PAUSE)

    def _look_after(self) -> bool:
        """Check the device, or try to open it; False to wait a while before the next try."""
        speaker = self._speaker
        if speaker is not None:
            if speaker.alive():
                self._closing.wait(0.1)
                return True
            return self._let_go(speaker)
        candidate = _Speaker(self._config, wait=True)
        with self._lock:
            closing = self._closing.is_set()
            self._candidate = None if closing else candidate
        again = bool(self._adopted)
        try:
            hello = None if closing else candidate.hello()
            if hello is not None and hello["state"] == "open":
                self._adopt(candidate, hello)
        finally:
            if self._speaker is not candidate:
                candidate.kill()
        if self._speaker is not candidate:
            return False
        log.warning(
            "%s: %s",
            "the audio output is back" if again else "an audio output is available now",
            self.description,
        )
        return True

    def _let_go(self, speaker: _Speaker) -> bool:
        """The device is lost; returns whether it had been open for long."""
        with self._lock:
            if self._closing.is_set():
                return True
            # Time continues from the device's position, so that no audio is lost.
            self._clock = WallClock(self._rate, start=self.position(), end=self._end)
            self._speaker = None
        self.lost_times += 1
        speaker.kill()
        why = f" ({speaker.end})" if speaker.end else ""
        log.warning("the audio output is gone%s; playing on and waiting for it to come back", why)
        self._keep_counts(speaker, speaker.latest)
        held = now() - self._adopted >= HELD_SECONDS
        if held:
            self._pause = PAUSE
        return held

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


def describe(hello: dict) -> str:
    """A description of the device that a speaker process has opened."""
    name, rate, outputs, cue = (hello[key] for key in ("name", "rate", "outputs", "cue"))
    if outputs == list(range(1, len(outputs) + 1)) and not cue:
        return f"{name} ({hello['channels']} × {rate:g} Hz)"
    numbers = f"output{'s' if len(outputs) > 1 else ''} {', '.join(map(str, outputs))}"
    if cue:
        numbers += f"; cue {', '.join(map(str, cue))}"
    return f"{name} ({numbers}; {rate:g} Hz)"


class _Speaker:
    """One `bridge.audio.speaker` process, seen from the engine."""

    def __init__(self, config: dict, wait: bool) -> None:
        self._process = start("bridge.audio.speaker", json.dumps({**config, "wait": wait}))
        self.latest: dict = {}
        self.end = ""  # why it ended, if known
        self._why = ""  # it waits
        self._first = 0
        self._heard = time.monotonic()
        self._patience = Patience()
        self._gone = threading.Event()
        self._hellos: queue.SimpleQueue[dict | None] = queue.SimpleQueue()
        self._greeted = False
        self._outbox: deque[bytes] = deque()
        self._more = threading.Event()  # new data, or no process to send it to
        self._reader = threading.Thread(target=self._read, name="speaker-read", daemon=True)
        self._reader.start()
        threading.Thread(target=self._write, name="speaker-write", daemon=True).start()

    def hello(self) -> dict | None:
        """The first message: the device, or the reason for its absence.

        None if the process died or was silent for too long. A process that waits for a device
        repeats the reason.
        """
        patience = Patience()
        while patience.waited(self._heard) < OPEN_SECONDS:
            with suppress(queue.Empty):
                return self._hellos.get(timeout=0.1)
        return None

    def alive(self) -> bool:
        return not self._gone.is_set() and self._patience.waited(self._heard) < SILENT_SECONDS

    def begin(self, at: int) -> None:
        """The first sample to send."""
        self._first = at

    def send(self, at: int, audio: np.ndarray) -> None:
        payload = np.ascontiguousarray(audio, dtype=np.float32).tobytes()
        self._send(HEADER.pack(AUDIO, at, len(payload)) + payload)

    def position(self, rate: int) -> int:
        """The first sample not yet settled, extrapolated from the latest report."""
        report = self.latest
        if not report or not report["playing"]:
            return max(self._first, report.get("position", 0))
        passed = min(time.monotonic() - report["time"], STALE_SECONDS)
        return report["position"] + int(passed * rate)

    def finish(self, end: int, timeout: float) -> dict:
        """Play up to sample `end` and stop; returns the last report."""
        self._send(HEADER.pack(END, end, 0))
        self._gone.wait(timeout)
        self.kill()
        return self.latest

    def kill(self) -> None:
        self._lose()
        self._process.kill()
        with suppress(subprocess.TimeoutExpired):  # a driver may block it for long
            self._process.wait(CLOSE_SECONDS)
        self._reader.join(1.0)

    def _send(self, data: bytes) -> None:
        self._outbox.append(data)
        self._more.set()

    def _lose(self) -> None:
        self._gone.set()
        self._more.set()

    def _read(self) -> None:
        while not self._gone.is_set():
            try:
                for line in self._process.stdout:
                    self._hear(json.loads(line))
                    if self._gone.is_set():
                        break
                self._lose()
            except (OSError, ValueError) as error:  # another process takes its place
                log.debug("the output of the speaker process ended in mid-line (%r)", error)
                self._lose()
            except BaseException as error:  # raised from outside: the process is fine
                log.debug("reading from the speaker process failed (%r)", error)
        if not self._greeted:
            self._hellos.put(None)
        with suppress(OSError):
            self._process.stdout.close()

    def _hear(self, message: dict) -> None:
        self._heard = time.monotonic()
        if "state" not in message:
            self.latest = message
        elif message["state"] == "waiting":
            self._say_why(message)
        elif self._greeted:  # lost, or an error while playing
            self.end = message.get("message", "")
            self._lose()
        else:
            self._greeted = True
            self._hellos.put(message)

    def _say_why(self, waiting: dict) -> None:
        """Report why the device is missing, once, except for what waiting implies."""
        why = waiting["message"]
        if waiting["kind"] not in ("no-device", "unknown") and why != self._why:
            log.warning("still no audio output: %s", why)
        self._why = why

    def _write(self) -> None:
        """Send pending audio. If an exception from elsewhere interrupts it, the audio is sent
        again, which replaces it by the same."""
        while not self._gone.is_set():
            try:
                self._more.wait()
                self._more.clear()
                while self._outbox and not self._gone.is_set():
                    self._process.stdin.write(self._outbox[0])
                    self._process.stdin.flush()
                    self._outbox.popleft()
            except (OSError, ValueError) as error:
                log.debug("the speaker process accepts no more audio (%r)", error)
                self._lose()
            except BaseException as error:
                self._more.set()
                log.debug("writing to the speaker process failed (%r)", error)
        with suppress(OSError, ValueError):
            self._process.stdin.close()
