"""Records what the bridge plays into JACK, `SECONDS [CHANNELS]`, and writes it out as float32.

PortAudio shows every JACK client as a device; recording from the bridge's connects to its outputs.
"""

from __future__ import annotations

import sys
import time

import sounddevice

CLIENT = "PortAudio"  # how the name begins that PortAudio gives the bridge's speaker


def plays(device: dict) -> bool:
    return device["name"].startswith(CLIENT) and device["max_input_channels"] > 0


def main() -> None:
    seconds, channels = float(sys.argv[1]), int((sys.argv[2:] or ["1"])[0])
    deadline = time.monotonic() + 20
    while not (found := [d for d in sounddevice.query_devices() if plays(d)]):
        if time.monotonic() > deadline:
            sys.exit("the bridge is not connected to JACK")
        time.sleep(0.2)
        sounddevice._terminate()
        sounddevice._initialize()
    audio = sounddevice.rec(
        round(seconds * found[0]["default_samplerate"]),
        samplerate=found[0]["default_samplerate"],
        channels=channels,
        device=found[0]["index"],
        dtype="float32",
        blocking=True,
    )
    sys.stdout.buffer.write(audio.tobytes())


if __name__ == "__main__":
    main()
