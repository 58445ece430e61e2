"""Serves the control page from a thread of its own, so that the music never waits for a browser."""

from __future__ import annotations

import logging
import os
import secrets
import socket
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING

import uvicorn

from bridge.controls import Controls
from bridge.web.app import create_app
from bridge.web.guard import LEAST_TOKEN, is_loopback
from musicrfm.errors import MusicRFMError

if TYPE_CHECKING:
    from bridge.meters import Meters
    from bridge.midi import Learner
    from bridge.presets import Presets

log = logging.getLogger(__name__)

TOKEN_VARIABLE = "BRIDGE_WEB_TOKEN"
MAX_MESSAGE = 1 << 16  # bytes that a page may say at once
SEND_BUFFER = 1 << 16  # bytes; more would only be old news waiting for a slow page
END_SECONDS = 3.0


class WebServer:
    """Listens from construction on, and answers once `start` was called.

    Port 0 takes any free one. Bound beyond this machine, it asks for a token: that of the
    environment variable BRIDGE_WEB_TOKEN, or a new one. Raises MusicRFMError if the port cannot be
    had.
    """

    def __init__(self, host: str = "127.0.0.1", port: int = 8000) -> None:
        self.token = None if is_loopback(host) else _token()
        try:
            family, kind, protocol, _, place = socket.getaddrinfo(
                host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )[0]
            self._socket = socket.socket(family, kind, protocol)
        except OSError as error:
            raise MusicRFMError(f"cannot serve the page on {host}: {error.strerror}") from None
        try:
            if os.name == "posix":  # on Windows it would let a second bridge take the same port
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
            self._socket.bind(place)
        except OSError as error:
            self._socket.close()
            raise MusicRFMError(
                f"cannot serve the page on {host}:{port} ({error.strerror}): choose another port "
                "with --web"
            ) from None
        self.host, self.port = host, self._socket.getsockname()[1]
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """The address to open, as seen from the machine that it is meant for."""
        host = self.host
        if host in ("0.0.0.0", "::"):
            host = _own_address(self._socket.family)
        host = f"[{host}]" if ":" in host else host
        token = "" if self.token is None else f"?token={self.token}"
        return f"http://{host}:{self.port}/{token}"

    def start(
        self,
        controls: Controls,
        meters: Meters | None = None,
        presets: Presets | None = None,
        learner: Learner | None = None,
        about: Mapping[str, str] | None = None,
    ) -> None:
        self._socket.listen(100)  # so that whoever comes now waits, and is not turned away
        name = socket.gethostname()
        hosts = (self.host, name, f"{name.split('.')[0]}.local")
        app = create_app(
            controls, meters, presets, learner, token=self.token, hosts=hosts, about=about
        )
        config = uvicorn.Config(
            app,
            loop="asyncio",
            http="h11",
            lifespan="on",
            log_config=None,
            log_level="warning",
            access_log=False,
            server_header=False,
            ws_max_size=MAX_MESSAGE,
            ws_per_message_deflate=False,  # costs time that the model can use better
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._run, name="web", daemon=True)
        self._thread.start()

    def close(self) -> None:
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join(END_SECONDS)
        self._socket.close()

    def _run(self) -> None:
        try:
            self._server.run(sockets=[self._socket])
        except BaseException:  # uvicorn ends with SystemExit; the music plays on all the same
            log.exception("the control page is gone")


def _token() -> str:
    chosen = os.environ.get(TOKEN_VARIABLE)
    if chosen is None:
        return secrets.token_urlsafe(16)
    if len(chosen) < LEAST_TOKEN or not all(c.isalnum() or c in "-_" for c in chosen):
        raise MusicRFMError(
            f"{TOKEN_VARIABLE} must have at least {LEAST_TOKEN} characters, and only letters, "
            "digits, - and _"
        )
    return chosen


def _own_address(family: int) -> str:
    """The address of this machine that others reach it by; nothing is sent to find it."""
    far = "10.255.255.255" if family == socket.AF_INET else "2001:db8::1"
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((far, 9))
            return probe.getsockname()[0]
        except OSError:
            return socket.gethostname()
