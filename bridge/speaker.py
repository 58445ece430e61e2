"""The process that owns the sound card: `python -m bridge.speaker`, started by `bridge.output`.

Audio comes in on stdin into a deck, in which it may still be replaced until shortly before the
card's callback takes it; what happens is told as lines of JSON on stdout. It is a process of its
own because PortAudio can hang for minutes inside a device that has gone away (its JACK backend
does) and only sees new devices after a fresh start: ending the process gets out of both.
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
from typing import Any, BinaryIO

import numpy as np

from bridge.children import take_stdout
from bridge.deck import Deck, callback
from bridge.priority import be_first

# From the engine: one byte of kind, the number of the first sample (of the first that is not to
# sound, for END), bytes of payload (all little endian), the payload.
HEADER = struct.Struct("<cqI")
AUDIO, END = b"A", b"E"

REPORT_SECONDS = 0.05
TEND_SECONDS = 0.01  # what is due is settled so often
STALL_SECONDS = 1.5  # a card that takes nothing for this long is gone
POLL_SECONDS = 1.0  # how often to look whether a lost device is back


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
    """An open device and the deck that it plays from."""

    def __init__(self, sounddevice: Any, config: dict[str, Any]) -> None:
        device = find_output(sounddevice, config["device"])
        channels = min(max(2, config["channels"]), device["max_output_channels"])
        rate = device["default_samplerate"]
        self.deck = Deck(
            config["rate"],
            rate,
            config["channels"],
            channels,
            config["lookahead"],
            config["ring"],
        )
        how = {
            "device": device["index"],
            "channels": channels,
            "samplerate": rate,
            "dtype": "float32",
            "latency": config["latency"],
        }
        try:
            self.stream = _open(sounddevice, self.deck, how)
        except sounddevice.PortAudioError as error:
            raise SetupError("busy", f"cannot open {device['name']!r}: {error}") from None
        self.device = device
        self._called = (0, time.monotonic())
        self.stream.start()

    def describe(self) -> dict[str, Any]:
        return {
            "state": "open",
            "name": self.device["name"],
            "rate": self.stream.samplerate,
            "channels": self.stream.channels,
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
        """Whether the device has gone away: the stream stopped, or nothing is taken any more."""
        if not self.stream.active:
            return True
        calls, now = self.deck.calls, time.monotonic()
        if calls != self._called[0]:
            self._called = (calls, now)
        return now - self._called[1] > STALL_SECONDS


def _open(sounddevice: Any, deck: Deck, how: dict[str, Any]) -> Any:
    """A stream that plays from a deck, in machine code if that can be had."""
    address = callback()
    if address is None:

        def serve(out: np.ndarray, _frames: int, time: Any, status: Any) -> None:
            deck.play(out, status.output_underflow, time.currentTime)

        return sounddevice.OutputStream(callback=serve, **how)
    ffi = sounddevice._ffi  # whoever passes a C function needs it, and the class made for that
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
            speaker.deck.push(at, audio.reshape(-1, config["channels"]))
        if ending and not finishing:
            speaker.deck.end(end)
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
        with changed:
            if inbox.empty():
                changed.wait(TEND_SECONDS)
    time.sleep(speaker.stream.latency + 0.02)  # what the callback took still has to sound
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
