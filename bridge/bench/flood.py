"""A client that floods a port with OSC: `python flood.py PORT MESSAGES_A_SECOND SEED ADDRESS…`.

It is a separate small program, as on stage, and imports nothing of the bridge.
"""

from __future__ import annotations

import random
import socket
import sys
import time

from pythonosc.osc_message_builder import OscMessageBuilder

MOST = 0.3  # largest value, small so that the music hardly changes


def main(port: int, messages: float, seed: int, addresses: list[str]) -> None:
    draw = random.Random(seed)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        due = time.monotonic()
        while True:
            message = OscMessageBuilder(draw.choice(addresses))
            message.add_arg(draw.uniform(0.0, MOST), OscMessageBuilder.ARG_TYPE_FLOAT)
            client.sendto(message.build().dgram, ("127.0.0.1", port))
            due += 1 / messages
            if (wait := due - time.monotonic()) > 0:
                time.sleep(wait)


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]), sys.argv[4:])
