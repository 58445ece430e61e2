"""Serves the control page on a separate thread, so that the music never waits for a browser."""

from __future__ import annotations

import logging
import os
import secrets
import socket
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from bridge.controls.controls import Controls
from bridge.network.guard import LEAST_TOKEN
from bridge.network.hosts import host_name, is_loopback, own_names
from bridge.network.serving import Serving, listen
from bridge.web.app import create_app
from musicrfm.errors import MusicRFMError
from musicrfm.files.folders import data_folder

if TYPE_CHECKING:
    from bridge.controls.presets import Presets
    from bridge.meters import Meters
    from bridge.midi.controllers import Learner

log = logging.getLogger(__name__)

TOKEN_VARIABLE = "BRIDGE_WEB_TOKEN"
TOKEN_FILE = "page-token"  # among the user's own files
MOST_TOKEN = 200  # characters
MAX_MESSAGE = 1 << 16  # bytes that a page may say at once
SEND_BUFFER = 1 << 16  # bytes; more would only be old news waiting for a slow page


class WebServer:
    """Listens from construction on, and answers after `start`.

    Port 0 takes any free one. names: its further host names, for example behind a proxy. Bound
    beyond this machine, or with such names, it requires a token: from the environment variable
    BRIDGE_WEB_TOKEN, or the one stored for all sets. Raises MusicRFMError if the port is not
    available.
    """

    def __init__(
        self, host: str = "127.0.0.1", port: int = 8000, names: Iterable[str] = ()
    ) -> None:
        self.names = tuple(dict.fromkeys(map(host_name, names)))
        self.token = None if is_loopback(host) and not self.names else _token()
        try:
            self._socket = listen(host, port, SEND_BUFFER)
        except OSError as error:
            raise MusicRFMError(
                f"cannot serve the page on {host}:{port} ({error.strerror}): choose another place "
                "with --web"
            ) from None
        self.host, self.port = host, self._socket.getsockname()[1]
        self._serving: Serving | None = None

    @property
    def url(self) -> str:
        """The address to open, as seen from the intended computer."""
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
        from bridge.osc.door import Door  # only those who serve wait for its libraries

        hosts = (self.host, *own_names())
        app = create_app(
            controls,
            meters,
            presets,
            learner,
            token=self.token,
            hosts=hosts,
            names=self.names,
            about=about,
        )
        self._serving = Serving(
            app, self._socket, "web", http=partial(Door, None), ws_max_size=MAX_MESSAGE
        )

    def close(self) -> None:
        if self._serving is not None:
            self._serving.close()
        self._socket.close()


def _token() -> str:
    chosen = os.environ.get(TOKEN_VARIABLE)
    if chosen is None:
        return _kept_token(data_folder() / TOKEN_FILE)
    if not _is_token(chosen):
        raise MusicRFMError(
            f"{TOKEN_VARIABLE} must have at least {LEAST_TOKEN} characters, and only letters, "
            "digits, - and _"
        )
    return chosen


def _is_token(text: str) -> bool:
    good = all(c.isascii() and (c.isalnum() or c in "-_") for c in text)
    return good and LEAST_TOKEN <= len(text) <= MOST_TOKEN


def _kept_token(file: Path) -> str:
    """The token in a file that only the user can read, so that a phone is admitted after a restart.

    A new one is stored if there is none; it is valid for this set only if the file cannot be
    written.
    """
    token = secrets.token_urlsafe(16)
    try:
        kept = file.read_text("ascii", errors="replace").strip()
        if _is_token(kept) and (os.name != "posix" or not file.stat().st_mode & 0o077):
            return kept
        file.unlink()  # others could read it, or it is damaged
    except (OSError, ValueError):
        pass
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with open(handle, "w", encoding="ascii") as new:
            new.write(token + "\n")
    except OSError as error:
        log.warning("the page's token is valid for this set only: %s", error)
    return token


def _own_address(family: int) -> str:
    """The address at which others reach this computer; nothing is sent to find it."""
    far = "10.255.255.255" if family == socket.AF_INET else "2001:db8::1"
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((far, 9))
            return probe.getsockname()[0]
        except OSError:
            return socket.gethostname()
