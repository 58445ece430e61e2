"""The process that owns the sound card: `python -m bridge.speaker`, started by `bridge.output`.

Audio comes in on stdin into a deep buffer in which it may still be replaced. At the last moment it
is resampled, limited and put into the small ring buffer that `rtmixer`'s C callback plays; what
happens is told as lines of JSON on stdout. It is a process of its own because
PortAudio can hang for minutes inside a device that has gone away (its JACK backend does) and only
sees new devices after a fresh start: ending the process gets out of both. It also means that
nothing the model or the network does can delay the fade that covers an underrun.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import struct
import sys
import threading
import time
from collections.abc import Callable
from typing import Any, BinaryIO, Protocol

import numpy as np
import soxr

from bridge.children import take_stdout
from bridge.dsp import fade, soft_limit, to_channels
from bridge.priority import be_first
from bridge.rewindable import RewindableBuffer

# From the engine: one byte of kind, the number of the first sample (of the first that is not to
# sound, for END), bytes of payload (all little endian), the payload.
HEADER = struct.Struct("<cqI")
AUDIO, END = b"A", b"E"

FADE_SECONDS = 0.01  # length of the fades that cover an underrun, and of emergency crossfades
RESUME_SECONDS = 0.3
TOP_UP_SECONDS = 0.005  # the ring is refilled when so much is missing
REPORT_SECONDS = 0.05
NEAR_MISS = 0.2  # of the ring: less was left when this process woke up
DEEPEST_RING = 0.12  # seconds; as deep as oversleeping may make it
STALL_SECONDS = 1.5  # a card that takes nothing for this long is gone
POLL_SECONDS = 1.0  # how often to look whether a lost device is back


def lead_seconds(lookahead: float) -> float:
    """How much must be there before playing begins, and begins again after a gap."""
    return min(0.75 * lookahead, RESUME_SECONDS)


class Ring(Protocol):
    """What `Feeder` needs of a ring buffer of float32 frames."""

    @property
    def read_available(self) -> int: ...
    @property
    def write_available(self) -> int: ...
    def write(self, data: np.ndarray) -> int: ...


class Feeder:
    """Keeps a ring buffer filled from a deep one so that the sound never stops in mid-wave.

    The ring holds about `ring_seconds`; what is beyond waits in `deep`, where it may still be
    replaced. The newest `FADE_SECONDS` before the ring are always held back. If the ring is about
    to run dry and nothing new has come, they are written with a fade to silence, which is an
    underrun; the audio that comes after it is collected until there is enough and starts with a
    fade in. So a gap costs silence but no click, nothing is ever repeated, and no audio is lost.

    Used by one thread only.
    """

    def __init__(
        self,
        ring: Ring,
        rate_in: int,
        rate_out: float,
        channels_in: int,
        channels_out: int,
        lookahead: float,
        ring_seconds: float,
    ) -> None:
        self.ring = ring
        self.rate_in, self.rate_out = rate_in, rate_out
        self._channels_in, self.channels_out = channels_in, channels_out
        self.deep = RewindableBuffer(channels_in, round(FADE_SECONDS * rate_in))
        self.playing = False
        self.underruns = 0
        self.overslept = 0  # underruns though audio was there: this process was not woken in time
        self.starts = 0  # times that playing began
        self.written = 0  # frames at rate_out that went into the ring
        self._fade = max(1, round(FADE_SECONDS * rate_out))
        self._enough = lead_seconds(lookahead)
        self.ring_seconds = ring_seconds
        self._fill = round(ring_seconds * rate_out)
        self._held = np.zeros((0, channels_out), dtype=np.float32)
        self._ended = False
        self._resampler = (
            soxr.ResampleStream(rate_in, rate_out, channels_in, dtype="float32")
            if rate_in != rate_out
            else None
        )

    @property
    def waiting(self) -> float:
        """Seconds of audio that are not in the ring yet."""
        return self.deep.samples / self.rate_in + len(self._held) / self.rate_out

    def push(self, at: int, audio: np.ndarray) -> None:
        """Take audio [frames, channels_in] at `rate_in` that begins at sample number `at`."""
        self.deep.write(at, audio)
        if not self.playing and self.waiting >= self._enough:
            self._start()
        if self.playing:
            self._write_out()

    def end(self, at: int | None = None) -> None:
        """No more audio will come: let everything out, down to the held-back end.

        From sample `at` on there is to be no sound, though an older take may reach further.
        """
        self._ended = True
        if at is not None:
            self.deep.cut(at)
        if not self.playing:
            self._start()
        self._write_out()

    def tend(self, guard: float) -> None:
        """Call regularly: refills the ring, and fades out if less than `guard` s are left in it."""
        if self.playing and self.deep.samples and self.ring.read_available < NEAR_MISS * self._fill:
            self._deepen()
        self._fill = round(max(self.ring_seconds, guard + 2 * TOP_UP_SECONDS) * self.rate_out)
        if not self.playing:
            return
        self._write_out()
        if not self._ended and self.ring.read_available < guard * self.rate_out:
            self._write_faded()
            self.playing = False
            self._missed()

    def pause_seconds(self, guard: float) -> float:
        """How long nothing needs tending while playing."""
        wanted = self._fill / self.rate_out - TOP_UP_SECONDS if self.deep.samples else guard
        spare = self.ring.read_available / self.rate_out - wanted
        return min(max(spare, 0.001), REPORT_SECONDS)

    def ran_dry(self, left: np.ndarray) -> None:
        """The card found the ring empty before `tend` could fade: go on with a fade in.

        `left` is what was put into the ring since, taken out again.
        """
        self.playing = False
        self.written -= len(left)
        self._held = np.concatenate([left, self._held])
        if not self._ended:
            self._missed()
            if self.waiting >= self._enough:
                self._start()
                self._write_out()
        elif self.waiting:
            self._start()
            self._write_out()

    def _missed(self) -> None:
        """An underrun."""
        self.underruns += 1
        if self.deep.samples:
            self.overslept += 1
            self._deepen()

    def _deepen(self) -> None:
        """Audio was there, but this process slept too long, or nearly: a deeper ring bears it."""
        deeper = min(2 * self.ring_seconds, DEEPEST_RING)
        self.ring_seconds = max(self.ring_seconds, deeper)

    def _start(self) -> None:
        self._draw(self._fade)
        head = min(self._fade, len(self._held))
        self._held[:head] = fade(self._held[:head], 0.0, 1.0)
        self.playing = True
        self.starts += 1

    def _write_out(self) -> None:
        """Fills the ring up, if enough is missing to be worth it."""
        room = min(self._fill - self.ring.read_available, self.ring.write_available)
        if room < TOP_UP_SECONDS * self.rate_out and not self._ended:
            return
        keep = 0 if self._ended and not self.deep.samples else self._fade
        self._draw(room + keep)
        keep = 0 if self._ended and not self.deep.samples else self._fade
        self._write(min(room, len(self._held) - keep))

    def _draw(self, frames: int) -> None:
        """Brings what is held back up to so many frames at rate_out, if the deep buffer has them.

        From here on the sound is settled.
        """
        while len(self._held) < frames and self.deep.samples:
            missing = (frames - len(self._held)) * self.rate_in / self.rate_out
            audio = self.deep.take(int(np.ceil(missing)))
            if self._resampler is not None:
                audio = self._resampler.resample_chunk(audio)
            self._hold(audio)
        if self._ended and not self.deep.samples and self._resampler is not None:
            rest = np.zeros((0, self._channels_in), dtype=np.float32)
            self._hold(self._resampler.resample_chunk(rest, last=True))
            self._resampler = None

    def _hold(self, audio: np.ndarray) -> None:
        # Resampling can overshoot full scale, so the limiter has the last word.
        audio = to_channels(soft_limit(np.asarray(audio, dtype=np.float32)), self.channels_out)
        self._held = np.concatenate([self._held, audio])

    def _write_faded(self) -> None:
        tail = min(self._fade, len(self._held))
        if tail:
            self._held[-tail:] = fade(self._held[-tail:], 1.0, 0.0)
        self._write(len(self._held))

    def _write(self, frames: int) -> None:
        frames = min(frames, self.ring.write_available)
        if frames > 0:
            self.ring.write(np.ascontiguousarray(self._held[:frames]))
            self.written += frames
            self._held = self._held[frames:]


class SetupError(Exception):
    """Why no device could be opened; `kind` is "portaudio", "no-device", "unknown" or "busy"."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def load_portaudio() -> Any:
    """Import `sounddevice`, which loads the PortAudio library."""
    try:
        import sounddevice
    except OSError as error:  # what it raises when the PortAudio library is missing
        raise SetupError("portaudio", str(error)) from None
    return sounddevice


def find_output(sounddevice: Any, wanted: str | None) -> dict[str, Any]:
    """The output device `wanted` names (an index or part of a name), or the default one."""
    devices = [d for d in sounddevice.query_devices() if d["max_output_channels"] > 0]
    if not devices:
        raise SetupError("no-device", "no audio output device was found")
    if wanted is None:
        default = sounddevice.query_hostapis(sounddevice.default.hostapi)["default_output_device"]
        chosen = sounddevice.default.device["output"]
        index = chosen if chosen >= 0 else default
        return next((d for d in devices if d["index"] == index), devices[0])
    return named(devices, wanted, "output")


def named(devices: list[dict[str, Any]], wanted: str, kind: str) -> dict[str, Any]:
    """The device that `wanted` names: by its index, its name, or a part of that."""
    if wanted.isdigit():
        matches = [d for d in devices if d["index"] == int(wanted)]
    else:
        matches = [d for d in devices if d["name"] == wanted] or [
            d for d in devices if wanted.casefold() in d["name"].casefold()
        ]
    if not matches:
        names = ", ".join(f"{d['index']} {d['name']!r}" for d in devices) or "none"
        raise SetupError("unknown", f"no {kind} device matches {wanted!r}; there are: {names}")
    return matches[0]


class Speaker:
    """An open device, its ring and its feeder."""

    def __init__(self, sounddevice: Any, config: dict[str, Any]) -> None:
        device = find_output(sounddevice, config["device"])
        import rtmixer  # imports sounddevice itself, hence not at the top

        channels = min(max(2, config["channels"]), device["max_output_channels"])
        try:
            self.mixer = rtmixer.Mixer(
                device=device["index"],
                channels=channels,
                samplerate=device["default_samplerate"],
                latency=config["latency"],
            )
        except sounddevice.PortAudioError as error:
            raise SetupError("busy", f"cannot open {device['name']!r}: {error}") from None
        rate = self.mixer.samplerate
        size = 1 << int(np.ceil(np.log2((config["ring"] + 2.0) * rate)))
        self.ring = rtmixer.RingBuffer(4 * channels, size)
        self.feeder = Feeder(
            self.ring,
            config["rate"],
            rate,
            config["channels"],
            channels,
            config["lookahead"],
            config["ring"],
        )
        self.device = device
        self._lookahead: float = config["lookahead"]
        self.action: Any = None
        self._past_xruns = 0
        self._start_seen = 0
        self._taken = (0, time.monotonic())
        self.mixer.start()

    def describe(self) -> dict[str, Any]:
        return {
            "state": "open",
            "name": self.device["name"],
            "rate": self.mixer.samplerate,
            "channels": self.mixer.channels,
            "latency": self.mixer.latency,
        }

    def report(self) -> dict[str, Any]:
        return {
            "time": time.monotonic(),
            "position": self.feeder.deep.first,
            "playing": self.feeder.playing,
            "underruns": self.feeder.underruns,
            "overslept": self.feeder.overslept,
            "late": self.feeder.deep.late,
            "xruns": self.xruns,
            "ring": self.feeder.ring_seconds,
        }

    @property
    def xruns(self) -> int:
        """Times that the system did not call in time for the card; not the ring's doing."""
        current = self.action.stats.output_underflows if self.action is not None else 0
        return self._past_xruns + current

    def tend(self) -> None:
        """Look after the ring: fade before it runs dry, and let the callback play it.

        The callback forgets a ring it once found too empty, so it is told again when there is
        something to play; until then nobody else reads the ring.
        """
        self.feeder.tend(self._guard())
        if self.action is not None:
            if self.action in self.mixer.actions:
                self._start_seen = self.feeder.starts
                return
            self._past_xruns = self.xruns
            self.action = None
            if self.feeder.playing and self._start_seen == self.feeder.starts:
                left = np.frombuffer(self.ring.read(), dtype=np.float32)
                self.feeder.ran_dry(left.reshape(-1, self.mixer.channels))
        if self.ring.read_available:
            self.action = self.mixer.play_ringbuffer(self.ring)

    def lost(self) -> bool:
        """Whether the device has gone away: the stream stopped, or nothing is taken any more."""
        if not self.mixer.active:
            return True
        taken = self.feeder.written - self.ring.read_available
        now = time.monotonic()
        if taken != self._taken[0] or not self.ring.read_available:
            self._taken = (taken, now)
        return now - self._taken[1] > STALL_SECONDS

    def pause_seconds(self) -> float:
        """How long nothing needs tending."""
        if not self.feeder.playing:
            return REPORT_SECONDS
        return self.feeder.pause_seconds(self._guard())

    def _guard(self) -> float:
        """Seconds in the ring below which to fade.

        The callback takes whole blocks and this thread may wake a little late; but a card with huge
        blocks must not make it fade all the time.
        """
        block = self.action.stats.max_blocksize if self.action is not None else 0
        return min(2 * block / self.mixer.samplerate + 0.01, self._lookahead / 2)


def read_messages(stdin: BinaryIO) -> Any:
    """Yield (kind, number of the first sample, payload) until the engine hangs up."""
    while True:
        head = stdin.read(HEADER.size)
        if len(head) < HEADER.size:
            return
        kind, at, size = HEADER.unpack(head)
        payload = stdin.read(size)
        if len(payload) < size:
            return
        yield kind, at, payload


def run(config: dict[str, Any], stdin: BinaryIO, say: Callable[[dict[str, Any]], None]) -> None:
    """Open the device (waiting for it if `config["wait"]`) and play until the engine hangs up."""
    inbox: queue.SimpleQueue[tuple[int, bytes]] = queue.SimpleQueue()
    ended = threading.Event()
    end: int | None = None  # the first sample that is not to sound, if the engine has said so

    def receive() -> None:
        nonlocal end
        for kind, at, payload in read_messages(stdin):
            if kind == END:
                end = at
                break
            with changed:
                inbox.put((at, payload))
                changed.notify()
        ended.set()
        with changed:
            changed.notify()

    changed = threading.Condition()
    be_first()
    threading.Thread(target=receive, name="receive", daemon=True).start()

    sounddevice = load_portaudio()
    while True:
        try:
            speaker = Speaker(sounddevice, config)
            break
        except SetupError:
            if not config["wait"]:
                raise
        except sounddevice.PortAudioError as error:
            if not config["wait"]:
                raise SetupError("busy", f"cannot open the audio output: {error}") from None
        if ended.wait(POLL_SECONDS):
            return
        sounddevice._terminate()  # PortAudio lists devices only when it starts
        sounddevice._initialize()
    say(speaker.describe())

    reported = 0.0
    finishing = False
    while True:
        ending = ended.is_set()  # asked before the inbox is emptied, so that nothing is missed
        while not inbox.empty():
            at, payload = inbox.get()
            audio = np.frombuffer(payload, dtype=np.float32)
            speaker.feeder.push(at, audio.reshape(-1, config["channels"]))
        if ending and not finishing:
            speaker.feeder.end(end)
            finishing = True
        speaker.tend()
        if speaker.lost():
            say({"state": "lost"})
            return
        if finishing and not speaker.ring.read_available and not speaker.feeder.waiting:
            break
        if time.monotonic() - reported >= REPORT_SECONDS:
            reported = time.monotonic()
            say(speaker.report())
        with changed:
            if inbox.empty():
                changed.wait(speaker.pause_seconds())
    time.sleep(speaker.mixer.latency + 0.02)  # what the callback took still has to sound
    say(speaker.report())


def main(argv: list[str]) -> None:
    config = json.loads(argv[1])
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the engine's to handle
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    tell = take_stdout()

    def say(message: dict[str, Any]) -> None:
        tell(json.dumps(message))

    try:
        run(config, sys.stdin.buffer, say)
    except SetupError as error:
        say({"state": "error", "kind": error.kind, "message": str(error)})
    except Exception as error:
        say({"state": "error", "kind": "crash", "message": f"{type(error).__name__}: {error}"})
    # PortAudio's own clean-up at exit hangs on a device that has gone away.
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv)
