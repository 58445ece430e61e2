"""Faults from outside: packets, connections and requests that others may send to a bridge."""

from __future__ import annotations

import contextlib
import random
import socket
import struct
import time
from collections.abc import Iterator

from bridge.bench.torture.stage import Stage
from bridge.osc.packets import BUNDLE, build

HOST = "127.0.0.1"
LARGEST = 60_000  # bytes of a packet


def udp(stage: Stage, packets: Iterator[bytes], a_second: float, seconds: float) -> int:
    """Send packets at this rate, or as fast as this machine can; returns their number."""
    sent, began = 0, time.monotonic()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        while (passed := time.monotonic() - began) < seconds:
            while sent < passed * a_second:
                with contextlib.suppress(OSError):
                    client.sendto(next(packets), (HOST, stage.port))
                sent += 1
                if sent % 500 == 0 and time.monotonic() - began >= seconds:
                    break
            time.sleep(0.001)
    return sent


def _padded(data: bytes) -> bytes:
    return data + b"\0" * (4 - len(data) % 4)


def bundle(packets: list[bytes]) -> bytes:
    parts = b"".join(struct.pack(">i", len(one)) + one for one in packets)
    return BUNDLE + struct.pack(">Q", 1) + parts


# ---- what is sent ----


def garbage(draw: random.Random) -> Iterator[bytes]:
    """Malformed packets of many kinds."""
    whole = build("/steer/note_C", 0.2)
    while True:
        mutated = bytearray(whole)
        for _ in range(draw.randrange(1, 8)):
            mutated[draw.randrange(len(mutated))] = draw.randrange(256)
        nested = whole
        for _ in range(draw.randrange(1, 200)):
            nested = bundle([nested])
        yield from (
            bytes(mutated),
            draw.randbytes(draw.randrange(500)),
            whole[: draw.randrange(len(whole))],
            nested[:LARGEST],
            _padded(b"/guidance") + _padded(b",d") + struct.pack(">d", draw.choice(ODD)),
            _padded(b"/prompt/4") + _padded(b",s") + b"\xff\xfe\xc3\x28" * draw.randrange(1, 2000),
            _padded(b"/gain") + _padded(b"," + b"[" * draw.randrange(1, 20_000)),
            _padded(b"/x\x1b[2J\n") + _padded(b",b") + struct.pack(">i", 2**31 - 1),
        )


ODD = (float("nan"), float("inf"), float("-inf"), 1e308, -1e308)


def unknown() -> Iterator[bytes]:
    packets = [build(f"/nothing/{number}", 0.5) for number in range(500)]
    while True:
        yield from packets


def known(draw: random.Random) -> Iterator[bytes]:
    while True:
        yield build(f"/steer/note_{draw.choice('CDEFGA')}", draw.uniform(0.0, 0.3))


def patterns() -> Iterator[bytes]:
    stars = "*" * 20_000
    while True:
        yield build(f"/steer/{stars}/{stars}", 1.0)
        yield build("/steer/" + "{a,b}" * 5_000 + "[!a-z]" * 3_000, 1.0)


def lists() -> Iterator[bytes]:
    while True:
        yield bundle([build("/list")] * 4_000)[:LARGEST]


def subscriptions(stage: Stage) -> Iterator[bytes]:
    """Subscriptions of the bridge itself, and of ports on which nothing listens."""
    while True:
        yield build("/subscribe", stage.port)
        for port in range(30_000, 30_256):
            yield build("/subscribe", port)
            yield build("/reply_port", port)


def presets(draw: random.Random) -> Iterator[bytes]:
    while True:
        yield build("/preset/replace", f"torture {draw.randrange(150)}")


# ---- connections ----


def connect(port: int, count: int, say: bytes = b"") -> list[socket.socket]:
    """Open up to `count` connections, and send `say` on each."""
    held = []
    for _ in range(count):
        with contextlib.suppress(OSError):
            one = socket.create_connection((HOST, port), 0.5)
            held.append(one)
            one.sendall(say)
    return held


def let_go(held: list[socket.socket]) -> None:
    for one in held:
        one.close()


@contextlib.contextmanager
def idle(ports: list[int], count: int) -> Iterator[None]:
    """Connections that send nothing, or begin a request and never end it."""
    held = []
    for port in ports:
        held += connect(port, count // 2)
        held += connect(port, count // 2, b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-a: ")
    try:
        yield
    finally:
        let_go(held)


def ask(port: int, path: str = "/", timeout: float = 5.0) -> int:
    """The status code of an HTTP request; 0 without an answer."""
    with (
        contextlib.suppress(OSError, ValueError, IndexError),
        socket.create_connection((HOST, port), timeout) as one,
    ):
        one.sendall(f"GET {path} HTTP/1.1\r\nHost: {HOST}:{port}\r\n\r\n".encode())
        return int(one.recv(100).split()[1])
    return 0


def wrong_tokens(stage: Stage, count: int) -> list[int]:
    """Try guessed tokens of the page; returns the status codes."""
    paths = (f"/?token=guess{number:016}" for number in range(count))
    return [ask(stage.page, path) for path in paths]


def page(stage: Stage, messages: list[str], read: float = 0.0) -> None:
    """Open the control page's socket, send messages, read for `read` seconds, and close it."""
    from websockets.exceptions import WebSocketException
    from websockets.sync.client import connect as open_page

    origin = f"http://{HOST}:{stage.page}"
    with contextlib.suppress(OSError, WebSocketException):
        place = f"ws://{HOST}:{stage.page}/socket?token={stage.token}"
        with open_page(place, origin=origin, open_timeout=5) as one:
            for message in messages:
                one.send(message)
            until = time.monotonic() + read
            with contextlib.suppress(TimeoutError):
                while (left := until - time.monotonic()) > 0:
                    one.recv(timeout=left)
