"""The process that owns the sound card: `python -m bridge.audio.speaker`, started by the output.

Audio arrives on stdin in a deck, where it can be replaced until shortly before the card's callback
takes it; events are reported as lines of JSON on stdout. It is a separate process because PortAudio
can hang for minutes in a lost device (its JACK backend does) and detects new devices only after a
restart: ending the process solves both.
"""

from __future__ import annotations

import json
import logging
import os
import queue
import signal
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any, BinaryIO

import numpy as np

from bridge.audio.deck import Deck
from bridge.audio.device_names import SetupError, exact, named
from bridge.audio.routing import mix
from bridge.process.awake import Patience
from bridge.process.children import take_stdout
from bridge.process.priority import be_first

# From the engine: one byte of kind, the number of the first sample (of the first that is not to
# sound, for END), bytes of payload (all little endian), the payload.
HEADER = struct.Struct("<cqI")
AUDIO, END = b"A", b"E"

REPORT_SECONDS = 0.05
TEND_SECONDS = 0.01  # interval of settling due audio
STALL_SECONDS = 1.5  # a card that takes nothing for this long is gone
POLL_SECONDS, LONGEST_POLL = 1.0, 5.0  # intervals of searching for a device
RATES = (48000.0, 44100.0, 96000.0, 88200.0, 192000.0, 32000.0)
# PortAudio errors that another rate or number of channels may avoid: -9999 is an error
# of the sound system.
UNFIT = (-9999, -9998, -9997)

log = logging.getLogger(__name__)


@lru_cache(1)
def callback() -> int | None:
    """The address of a PortAudio callback in machine code, None where numba cannot compile one.

    Its user data is `Deck.address`, of a deck that outlives the stream.
    """
    try:
        from bridge.audio.callback import serve

        return serve.address
    except Exception as error:
        log.warning("Python serves the sound card, because numba is not usable here: %s", error)
        return None


def load_portaudio() -> Any:
    """Import `sounddevice`, which loads the PortAudio library."""
    try:
        import sounddevice
    except OSError as error:  # what it raises when the PortAudio library is missing
        raise SetupError("portaudio", str(error)) from None
    return sounddevice


def output_devices(sounddevice: Any) -> list[dict[str, Any]]:
    return [d for d in sounddevice.query_devices() if d["max_output_channels"] > 0]


def find_output(sounddevice: Any, wanted: str | None) -> dict[str, Any]:
    """The output device that `wanted` names (see `device_names.named`), or the default one."""
    devices = output_devices(sounddevice)
    if not devices:
        raise SetupError("no-device", "no audio output device was found")
    if wanted is None:
        default = sounddevice.query_hostapis(sounddevice.default.hostapi)["default_output_device"]
        chosen = sounddevice.default.device["output"]
        index = chosen if chosen >= 0 else default
        return next((d for d in devices if d["index"] == index), devices[0])
    return named(devices, wanted, "output", systems(sounddevice, devices))


def systems(sounddevice: Any, devices: list[dict[str, Any]]) -> dict[int, str]:
    """The names of the devices' sound systems by PortAudio's number."""
    numbers = {d["hostapi"] for d in devices if "hostapi" in d}
    return {number: sounddevice.query_hostapis(number)["name"] for number in numbers}


class Speaker:
    """An open device and the deck that it plays."""

    def __init__(self, sounddevice: Any, config: dict[str, Any]) -> None:
        self.device = find_output(sounddevice, config["device"])
        devices = output_devices(sounddevice)
        self.exact = exact(devices, self.device, systems(sounddevice, devices))
        self.music, self.cue = outputs(self.device, config)
        self.deck, self.stream = self._opened(sounddevice, config)
        self._called = Patience()
        self.stream.start()

    def _opened(self, sounddevice: Any, config: dict[str, Any]) -> tuple[Deck, Any]:
        """A deck, and a stream that plays from it, with the device's current settings if
        possible."""
        device, first = self.device, None
        for count, rate in ways(device, max([*self.music, *self.cue])):
            shares = mix(config["channels"], self.music, self.cue, count)
            deck = Deck(config["rate"], rate, shares, config["lookahead"], config["ring"])
            how = {
                "device": device["index"],
                "channels": count,
                "samplerate": rate,
                "dtype": "float32",
                "latency": config["latency"],
            }
            try:
                return deck, _open(sounddevice, deck, how)
            except sounddevice.PortAudioError as error:
                first = first or error
                if not any(code in UNFIT for code in error.args[1:2]):
                    break
        raise SetupError("busy", f"cannot open {device['name']!r}: {first}")

    def describe(self) -> dict[str, Any]:
        return {
            "state": "open",
            "name": self.device["name"],
            "exact": self.exact,
            "rate": self.stream.samplerate,
            "channels": self.stream.channels,
            "outputs": list(self.music),
            "cue": list(self.cue),
            "latency": self.stream.latency,
        }

    def report(self) -> dict[str, Any]:
        return {
            "time": time.monotonic(),
            "position": self.deck.position(self.stream.time),
            "playing": self.deck.playing,
            "underruns": self.deck.underruns,
            "late": self.deck.deep.late,
            "xruns": self.deck.xruns,
            "margin": self.deck.margin,
        }

    def lost(self) -> bool:
        """Whether the device is gone: the stream stopped, or no audio is consumed."""
        return not self.stream.active or self._called.waited(self.deck.calls) > STALL_SECONDS


def outputs(device: dict[str, Any], config: dict[str, Any]) -> tuple[Sequence[int], Sequence[int]]:
    """Which outputs have the music, and which the cue. Raises SetupError if there are too few."""
    have = device["max_output_channels"]
    music = config["outputs"] or range(1, min(max(2, config["channels"]), have) + 1)
    cue = config["cue"] or ()
    highest = max([*music, *cue])
    if highest > have:
        raise SetupError(
            "outputs",
            f"{device['name']!r} has {have} output{('' if have == 1 else 's')}, and output "
            f"{highest} was requested: choose others with --channels and --cue, or in the "
            "rig's [output]",
        )
    return music, cue


def ways(device: dict[str, Any], highest: int) -> Iterator[tuple[int, float]]:
    """(channels, rate) pairs for opening a device, in order of preference.

    Some systems open all outputs of a card only, and some report a rate at which the card cannot be
    opened.
    """
    have, stands = device["max_output_channels"], device["default_samplerate"]
    counts = sorted({max(highest, min(2, have)), have})
    for rate in (stands, *(rate for rate in RATES if rate != stands)):
        yield from ((count, rate) for count in counts)


def _open(sounddevice: Any, deck: Deck, how: dict[str, Any]) -> Any:
    """A stream that plays from a deck, in machine code if possible."""
    address = callback()
    if address is None:

        def serve(out: np.ndarray, _frames: int, time: Any, status: Any) -> None:
            deck.play(out, status.output_underflow, time.currentTime)

        return sounddevice.OutputStream(callback=serve, **how)
    ffi = sounddevice._ffi  # needed to pass a C function
    pointers = {
        "callback": ffi.cast("PaStreamCallback*", address),
        "userdata": ffi.cast("void*", deck.address),
    }
    return sounddevice._StreamBase(kind="output", **pointers, **how)


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


class Inbox:
    """Messages from the engine, received on a separate thread. `ended`: no more will arrive. `end`:
    the first sample not to play, if the engine has set it."""

    def __init__(self, stdin: BinaryIO) -> None:
        self.ended = threading.Event()
        self.end: int | None = None
        self._blocks: queue.SimpleQueue[tuple[int, bytes]] = queue.SimpleQueue()
        self._changed = threading.Condition()
        threading.Thread(target=self._receive, args=(stdin,), name="receive", daemon=True).start()

    def blocks(self) -> Iterator[tuple[int, bytes]]:
        """(number of the first sample, samples) of all blocks since the last call."""
        while not self._blocks.empty():
            yield self._blocks.get()

    def wait(self, seconds: float) -> None:
        """Wait for the next message, at most this long."""
        with self._changed:
            if self._blocks.empty():
                self._changed.wait(seconds)

    def _receive(self, stdin: BinaryIO) -> None:
        try:
            for kind, at, payload in read_messages(stdin):
                if kind == END:
                    self.end = at
                    break
                with self._changed:
                    self._blocks.put((at, payload))
                    self._changed.notify()
        finally:
            self.ended.set()
            with self._changed:
                self._changed.notify()


def run(config: dict[str, Any], stdin: BinaryIO, say: Callable[[dict[str, Any]], None]) -> None:
    """Open the device (waiting for it if `config["wait"]`) and play until the engine hangs up."""
    be_first()
    inbox = Inbox(stdin)
    speaker = _speaker(config, inbox.ended, say)
    if speaker is not None:
        say(speaker.describe())
        _play(speaker, inbox, say)


def _speaker(
    config: dict[str, Any], ended: threading.Event, say: Callable[[dict[str, Any]], None]
) -> Speaker | None:
    """The device, once it is available; None if the engine ends first."""
    sounddevice = load_portaudio()
    pause = POLL_SECONDS
    while True:
        try:
            try:
                return Speaker(sounddevice, config)
            except sounddevice.PortAudioError as error:
                raise SetupError("busy", f"cannot open the audio output: {error}") from None
        except SetupError as error:
            if not config["wait"]:
                raise
            say({"state": "waiting", "kind": error.kind, "message": str(error)})
        if ended.wait(pause):
            return None
        pause = min(1.2 * pause, LONGEST_POLL)
        sounddevice._terminate()  # PortAudio lists devices only when it starts
        sounddevice._initialize()


def _play(speaker: Speaker, inbox: Inbox, say: Callable[[dict[str, Any]], None]) -> None:
    """Play until the end of the audio, or the loss of the device."""
    reported, finishing = 0.0, False
    while True:
        ending = inbox.ended.is_set()  # checked before emptying, so that nothing is missed
        for at, payload in inbox.blocks():
            audio = np.frombuffer(payload, dtype=np.float32)
            speaker.deck.push(at, audio.reshape(-1, speaker.deck.channels))
        if ending and not finishing:
            speaker.deck.end(inbox.end)
            finishing = True
        speaker.deck.tend()
        if speaker.lost():
            say({"state": "lost"})
            return
        if finishing and not speaker.deck.playing:
            break
        if time.monotonic() - reported >= REPORT_SECONDS:
            reported = time.monotonic()
            say(speaker.report())
        inbox.wait(TEND_SECONDS)
    time.sleep(speaker.stream.latency + 0.02)  # the callback's last block is still playing
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
