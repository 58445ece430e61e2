"""Records what the bridge plays into JACK and writes it to stdout as float32.

PortAudio shows every JACK client as a device; recording from the bridge's connects to its outputs.
"""

from __future__ import annotations

import sys
import time

import sounddevice

RATE = 48000
CLIENT = "PortAudio"  # the name PortAudio gives the bridge's speaker


def main() -> None:
    seconds = float(sys.argv[1])
    deadline = time.monotonic() + 20
    while not (found := [d for d in sounddevice.query_devices() if d["name"] == CLIENT]):
        if time.monotonic() > deadline:
            sys.exit("the bridge is not connected to JACK")
        time.sleep(0.2)
        sounddevice._terminate()
        sounddevice._initialize()
    audio = sounddevice.rec(
        round(seconds * RATE),
        samplerate=RATE,
        channels=1,
        device=found[0]["index"],
        dtype="float32",
        blocking=True,
    )
    sys.stdout.buffer.write(audio.tobytes())


if __name__ == "__main__":
    main()
