"""OSCQuery: tells clients over HTTP what there is to control, so that they build their own panels.

The namespace is served as JSON at the OSC port's number, on TCP; over a WebSocket at the same place
a client can LISTEN to what changes. Nothing can be set this way: values are sent to the OSC port.
See https://github.com/Vidvox/OSCQueryProposal.
"""

from __future__ import annotations

import json
import logging
import socket
import threading
import time
from contextlib import ExitStack
from dataclasses import fields
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.sync.server import Server, ServerConnection, serve

from bridge.controls import Controls
from bridge.discovery import Announcement
from bridge.osc import build
from bridge.parameters import Parameter

if TYPE_CHECKING:
    from bridge.meters import Meters

log = logging.getLogger(__name__)

NAME = "MusicRFM"
RATE = 20.0  # times a second that a listener hears of changes
MAX_LISTENERS = 32
MAX_MESSAGE = 4096  # bytes; LISTEN and IGNORE are short
READ, WRITE = 1, 2
ATTRIBUTES = ("ACCESS", "CLIPMODE", "CONTENTS", "DESCRIPTION", "FULL_PATH", "RANGE", "TYPE")
ATTRIBUTES += ("UNIT", "VALUE")
CHOICES = {  # texts that are one of a few words
    "steer_guidance": ["both", "conditional"],
    "inject_per": ["layer", "step"],
}
NOTHING = {"N": None, "s": "", "f": 0.0}
METER_HELP = {
    "level": ("dBFS", "loudness of what sounds"),
    "buffer": ("s", "how far ahead the music is made"),
    "underruns": ("", "how often the sound broke off"),
    "speed": ("", "seconds of music made a second"),
    "latency": ("s", "from a control to the ear"),
    "chroma": ("", "how much of C, C sharp, … B sounds"),
    "tempo": ("bpm", "tempo heard, 0 without a pulse"),
}


class Tree:
    """The namespace as OSCQuery describes it; values are read when they are asked for."""

    def __init__(self, controls: Controls, meters: Meters | None = None) -> None:
        self._controls, self._meters = controls, meters

        parameters = controls.parameters
        above = {one[: one.rfind("/", 1)] for one in parameters if one.count("/") > 1}
        above |= {one[: one.rfind("/", 1)] for one in above if one.count("/") > 1}
        # In OSC something is either a container or has a value, and clients insist on it.
        self._leaves = {a: f"{a}/value" if a in above else a for a in parameters}

    def values(self) -> dict[str, list]:
        """The arguments at every leaf that has a value."""
        parameters = self._controls.parameters
        now = self._controls.snapshot().values
        values = {self._leaves[a]: [now[a]] for a, p in parameters.items() if not p.event}
        if self._meters is not None:
            reading = self._meters.read()
            for field in fields(reading):
                if field.name in METER_HELP:
                    value = getattr(reading, field.name)
                    many = isinstance(value, tuple)
                    values[f"/meter/{field.name}"] = list(value) if many else [value]
        return values

    def root(self) -> dict[str, Any]:
        """All of it, as nested dictionaries."""
        values = self.values()
        root = _container("/")
        for address, parameter in self._controls.parameters.items():
            leaf = self._leaves[address]
            _place(root, leaf, _described(leaf, parameter, values.get(leaf)))
        for address, value in values.items():
            if address.startswith("/meter/"):
                _place(root, address, _meter(address, value))
        return root

    def node(self, path: str) -> dict[str, Any] | None:
        """What is at a path, with all that is below it, or None."""
        node: dict[str, Any] | None = self.root()
        for part in path.split("/"):
            if part:
                node = node.get("CONTENTS", {}).get(part) if node else None
        return node


def _container(path: str) -> dict[str, Any]:
    return {"FULL_PATH": path, "ACCESS": 0, "CONTENTS": {}}


def _place(root: dict[str, Any], address: str, described: dict[str, Any]) -> None:
    node, path = root, ""
    for part in address.split("/")[1:]:
        path = f"{path}/{part}"
        inside = node.setdefault("CONTENTS", {})
        node = inside.setdefault(part, _container(path))
    node.pop("CONTENTS", None)
    node.update(described)


def _described(leaf: str, parameter: Parameter, value: list | None) -> dict[str, Any]:
    described: dict[str, Any] = {
        "FULL_PATH": leaf,
        "DESCRIPTION": parameter.help,
        "ACCESS": WRITE if parameter.event else READ | WRITE,
        "TYPE": "N" if parameter.type == "trigger" else parameter.type,
    }
    # What is only sent has none, but there are clients that take nothing without one.
    described["VALUE"] = [NOTHING[kind] for kind in described["TYPE"]] if value is None else value
    if parameter.low is not None:
        described["RANGE"] = [{"MIN": parameter.low, "MAX": parameter.high}]
        described["CLIPMODE"] = ["both"]
    choices = CHOICES.get(parameter.address.rsplit("/", 1)[-1])
    if choices:
        described["RANGE"] = [{"VALS": choices}]
    if parameter.unit:
        described["UNIT"] = [parameter.unit]
    return described


def _meter(address: str, value: list) -> dict[str, Any]:
    unit, text = METER_HELP[address.rsplit("/", 1)[-1]]
    kinds = "".join("i" if isinstance(one, int) else "f" for one in value)
    described = {"FULL_PATH": address, "DESCRIPTION": text, "ACCESS": READ, "TYPE": kinds}
    return described | {"VALUE": value} | ({"UNIT": [unit] * len(value)} if unit else {})


class OscQueryServer:
    """Serves a tree until it is closed. Raises OSError if the port cannot be had."""

    def __init__(self, tree: Tree, host: str, port: int, osc_port: int) -> None:
        self._tree, self._osc_port = tree, osc_port
        self._listeners = 0
        self._over = threading.Event()
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        bound = socket.create_server((host, port), family=family)
        self.port = bound.getsockname()[1]
        self._server: Server = serve(
            self._talk,
            sock=bound,
            process_request=self._answer,
            compression=None,
            max_size=MAX_MESSAGE,
            logger=logging.getLogger("websockets.quiet"),
        )
        logging.getLogger("websockets.quiet").setLevel(logging.CRITICAL)
        self._thread = threading.Thread(
            target=self._server.serve_forever, name="oscquery", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        self._over.set()
        self._server.shutdown()
        self._thread.join(2.0)

    def host_info(self) -> dict[str, Any]:
        supported = ("ACCESS", "VALUE", "RANGE", "DESCRIPTION", "CLIPMODE", "UNIT", "LISTEN")
        return {
            "NAME": NAME,
            "OSC_PORT": self._osc_port,
            "OSC_TRANSPORT": "UDP",
            "WS_PORT": self.port,
            "EXTENSIONS": dict.fromkeys(supported, True),
        }

    def _answer(self, connection: ServerConnection, request: Request) -> Response | None:
        """A page for a plain request; None lets a WebSocket be opened."""
        if request.headers.get("Upgrade", "").lower() == "websocket":
            if self._listeners >= MAX_LISTENERS:
                return _response(HTTPStatus.SERVICE_UNAVAILABLE)
            return None
        try:
            asked = urlsplit(request.path)
            return self._page(unquote(asked.path), asked.query)
        except ValueError:
            return _response(HTTPStatus.BAD_REQUEST)
        except Exception:
            log.exception("OSCQuery: %s failed", request.path)
            return _response(HTTPStatus.INTERNAL_SERVER_ERROR)

    def _page(self, path: str, attribute: str) -> Response:
        attribute = attribute.split("&")[0].removesuffix("=")
        if attribute == "HOST_INFO":
            return _response(HTTPStatus.OK, self.host_info())
        node = self._tree.node(path)
        if node is None:
            return _response(HTTPStatus.NOT_FOUND)
        if not attribute:
            return _response(HTTPStatus.OK, node)
        if attribute not in ATTRIBUTES:
            return _response(HTTPStatus.BAD_REQUEST)
        if attribute not in node and attribute != "CONTENTS":
            node = node.get("CONTENTS", {}).get("value", node)
        if attribute not in node:
            return _response(HTTPStatus.NO_CONTENT)
        return _response(HTTPStatus.OK, {attribute: node[attribute]})

    def _talk(self, connection: ServerConnection) -> None:
        """One WebSocket: LISTEN and IGNORE come in, changed values go out as OSC packets."""
        self._listeners += 1
        known: dict[str, list | None] = {}
        try:
            due = time.monotonic()
            while not self._over.is_set():
                try:
                    self._obey(connection.recv(timeout=max(0.0, due - time.monotonic())), known)
                except TimeoutError:
                    due = time.monotonic() + 1 / RATE
                    self._tell(connection, known)
        except ConnectionClosed:
            pass
        except Exception:
            log.exception("an OSCQuery listener failed")
        finally:
            self._listeners -= 1

    def _obey(self, message: str | bytes, known: dict[str, list | None]) -> None:
        try:
            asked = json.loads(message)
            command, address = asked["COMMAND"], asked["DATA"]
        except (ValueError, KeyError, TypeError):
            return
        if not isinstance(address, str):
            return
        if command == "LISTEN" and address in self._tree.values():
            known[address] = None  # so that it is told where it stands
        elif command == "IGNORE":
            known.pop(address, None)

    def _tell(self, connection: ServerConnection, known: dict[str, list | None]) -> None:
        if not known:
            return
        values = self._tree.values()
        for address, before in known.items():
            if values[address] != before:
                known[address] = values[address]
                connection.send(build(address, *values[address]))


def _response(status: HTTPStatus, content: object = None) -> Response:
    body = b"" if content is None else json.dumps(content).encode()
    headers = Headers([("Connection", "close"), ("Content-Length", str(len(body)))])
    if content is not None:
        headers["Content-Type"] = "application/json"
    return Response(status.value, status.phrase, headers, body)


def offer(controls: Controls, meters: Meters | None, host: str, osc_port: int) -> ExitStack:
    """Serve the namespace beside the OSC port and announce both; closing the stack ends that.

    What is refused is told in the log, and the set is played without it.
    """
    stack, query_port = ExitStack(), None
    try:
        server = OscQueryServer(Tree(controls, meters), host, osc_port, osc_port)
        stack.callback(server.close)
        query_port = server.port
    except OSError as error:
        log.warning("no OSCQuery: TCP port %d cannot be had (%s)", osc_port, error.strerror)
    stack.callback(Announcement(host, osc_port, query_port).close)
    return stack
