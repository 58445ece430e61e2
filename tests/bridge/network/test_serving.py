"""Servers survive idle connections and a lack of file handles."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import time

import pytest

from bridge.controls.controls import Controls, namespace
from bridge.osc import door
from bridge.process import handles
from bridge.web import server as web

NO_HANDLES = """
import logging, resource, socket, time
from functools import partial
from starlette.applications import Starlette
from bridge.osc.door import Door
from bridge.network.serving import Serving, listen
bound = listen("127.0.0.1", 0)
place = bound.getsockname()
logging.basicConfig(format="LOG %(message)s")
Serving(Starlette(), bound, "test", http=partial(Door, None))
def ask():
    with socket.create_connection(place, 5) as client:
        client.settimeout(5)
        client.sendall(b"GET / HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n")
        return client.recv(12)
while True:
    try:
        assert ask() == b"HTTP/1.1 404"
        break
    except OSError:
        time.sleep(0.05)
clients = [socket.socket() for _ in range(8)]
held = []
resource.setrlimit(resource.RLIMIT_NOFILE, (128, 128))
try:
    while True:
        held.append(open("/dev/null"))
except OSError:
    pass
for client in clients:
    client.connect(place)
time.sleep(2.5)
for one in (*held, *clients):
    one.close()
time.sleep(1.2)
print(ask())
"""


@pytest.mark.slow
@pytest.mark.needs("posix")
def test_server_without_file_handles_pauses_and_resumes() -> None:
    done = subprocess.run(
        [sys.executable, "-c", NO_HANDLES], capture_output=True, text=True, timeout=60
    )
    assert "HTTP/1.1 404" in done.stdout, done.stderr
    lines = done.stderr.splitlines()
    assert "no connection can be accepted now: Too many open files" in done.stderr
    assert "Traceback" not in done.stderr and 2 <= len(lines) < 12


@pytest.mark.needs("posix")
def test_file_handle_limit_is_raised(monkeypatch) -> None:
    import resource

    limits = [(256, resource.RLIM_INFINITY)]
    monkeypatch.setattr(resource, "getrlimit", lambda what: limits[-1])
    monkeypatch.setattr(resource, "setrlimit", lambda what, limit: limits.append(limit))
    handles.raise_limit()
    assert limits[-1] == (4096, resource.RLIM_INFINITY)
    limits.append((256, 1024))
    handles.raise_limit()
    assert limits[-1] == (1024, 1024)
    limits.append((8192, 8192))
    handles.raise_limit()
    assert limits[-1] == (8192, 8192)


def test_idle_connections_to_the_page_are_closed_and_leave_it_reachable(monkeypatch) -> None:
    monkeypatch.setattr(door, "REQUEST_SECONDS", 1.0)
    page = web.WebServer(port=0)
    page.start(Controls(namespace([])))
    idle = []
    try:
        idle = [socket.create_connection(("127.0.0.1", page.port), 20) for _ in range(100)]
        began = time.monotonic()
        with socket.create_connection(("127.0.0.1", page.port), 20) as client:
            client.settimeout(20)
            client.sendall(f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{page.port}\r\n\r\n".encode())
            answer = b""
            while data := client.recv(65536):
                answer += data
        assert answer.startswith(b"HTTP/1.1 200") and b"</html>" in answer
        for one in idle:
            one.settimeout(20)
            with contextlib.suppress(ConnectionResetError):
                assert one.recv(1) == b""
        assert time.monotonic() - began < 15
    finally:
        for one in idle:
            one.close()
        page.close()
