"""OSCQuery: describes the controls to clients over HTTP, so that they can build panels.

The namespace is served as JSON at the OSC port's number, on TCP; over a WebSocket at the same
place, a client can LISTEN to changes. Nothing can be set this way: values are sent to the OSC port.
See https://github.com/Vidvox/OSCQueryProposal.
"""

from __future__ import annotations

import asyncio
import json
from http import HTTPStatus
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from bridge.controls.controls import Controls
from bridge.controls.parameters import Parameter
from bridge.meters import METERS, Meters
from bridge.network.discovery import server_name
from bridge.network.guard import Guard
from bridge.network.hosts import is_loopback, own_names
from bridge.network.serving import first_of
from bridge.osc.packets import build

NAME = "MusicRFM"
RATE = 20.0  # updates of a listener per second
SEND_SECONDS = 5.0  # a listener that has not read a value by then is dropped
MAX_LISTENERS = 32
READ, WRITE = 1, 2
ATTRIBUTES = (
    "ACCESS",
    "CLIPMODE",
    "CONTENTS",
    "DESCRIPTION",
    "FULL_PATH",
    "RANGE",
    "TYPE",
    "UNIT",
    "VALUE",
)
NOTHING = {"N": None, "s": "", "f": 0.0}


class Tree:
    """The namespace as OSCQuery describes it; values are read on request."""

    def __init__(self, controls: Controls, meters: Meters | None = None) -> None:
        self._controls, self._meters = controls, meters

        parameters = controls.parameters
        above = {one[: one.rfind("/", 1)] for one in parameters if one.count("/") > 1}
        above |= {one[: one.rfind("/", 1)] for one in above if one.count("/") > 1}
        # In OSC something is either a container or has a value, and clients insist on it.
        self._leaves = {a: f"{a}/value" if a in above else a for a in parameters}

    def values(self) -> dict[str, list]:
        """The arguments at every leaf with a value."""
        parameters = self._controls.parameters
        now = self._controls.snapshot().values
        values = {self._leaves[a]: [now[a]] for a, p in parameters.items() if not p.event}
        if self._meters is not None:
            reading = self._meters.read()
            for meter in METERS:
                value = getattr(reading, meter.name)
                values[meter.address] = list(value) if isinstance(value, tuple) else [value]
        return values

    def root(self) -> dict[str, Any]:
        """The whole namespace, as nested dictionaries."""
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
        """The node at a path, with everything below it, or None."""
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
    if parameter.choices:
        described["RANGE"] = [{"VALS": list(parameter.choices)}]
    if parameter.unit:
        described["UNIT"] = [parameter.unit]
    return described


def _meter(address: str, value: list) -> dict[str, Any]:
    meter = next(one for one in METERS if one.address == address)
    kinds = "".join("i" if isinstance(one, int) else "f" for one in value)
    described = {"FULL_PATH": address, "DESCRIPTION": meter.help, "ACCESS": READ, "TYPE": kinds}
    return (
        described | {"VALUE": value} | ({"UNIT": [meter.unit] * len(value)} if meter.unit else {})
    )


def application(tree: Tree, osc_port: int, tcp_port: int, host: str = "127.0.0.1") -> Starlette:
    """The web application for a tree whose values are sent to `osc_port` (UDP), at `tcp_port`.

    host: where it listens. Pages of other servers, open in a browser, cannot read anything here.
    """
    listeners = Listeners(tree)
    info = host_info(osc_port, tcp_port)

    async def page(request: Request) -> Response:
        attribute = request.url.query.split("&")[0].removesuffix("=")
        if attribute == "HOST_INFO":
            return _response(info)
        return _answer(tree, request.path_params["path"], attribute)

    path = "/{path:path}"
    return Starlette(
        routes=[Route(path, page), WebSocketRoute(path, listeners.serve)],
        middleware=[
            Middleware(
                Guard,
                hosts=(host, *own_names(), server_name()) if not is_loopback(host) else (host,),
                programs=True,
                beyond=not is_loopback(host),
            )
        ],
    )


def host_info(osc_port: int, tcp_port: int) -> dict[str, Any]:
    supported = ("ACCESS", "VALUE", "RANGE", "DESCRIPTION", "CLIPMODE", "UNIT", "LISTEN")
    return {
        "NAME": NAME,
        "OSC_PORT": osc_port,
        "OSC_TRANSPORT": "UDP",
        "WS_PORT": tcp_port,
        "EXTENSIONS": dict.fromkeys(supported, True),
    }


def _answer(tree: Tree, path: str, attribute: str) -> Response:
    node = tree.node(path)
    if node is None:
        return _empty(HTTPStatus.NOT_FOUND)
    if not attribute:
        return _response(node)
    if attribute not in ATTRIBUTES:
        return _empty(HTTPStatus.BAD_REQUEST)
    if attribute not in node and attribute != "CONTENTS":
        node = node.get("CONTENTS", {}).get("value", node)
    if attribute not in node:
        return _empty(HTTPStatus.NO_CONTENT)
    return _response({attribute: node[attribute]})


def _response(content: object) -> Response:
    return JSONResponse(content, headers={"Connection": "close"})


def _empty(status: HTTPStatus) -> Response:
    return Response(status_code=status.value, headers={"Connection": "close"})


class Listeners:
    """WebSockets: LISTEN and IGNORE arrive, changed values are sent as OSC packets."""

    def __init__(self, tree: Tree) -> None:
        self._tree, self._count = tree, 0

    async def serve(self, socket: WebSocket) -> None:
        if self._count >= MAX_LISTENERS:
            await socket.close(1013)  # before it is accepted: answered as 403
            return
        self._count += 1
        known: dict[str, list | None] = {}
        try:
            await socket.accept()
            await first_of(self._tell(socket, known), self._hear(socket, known))
        finally:
            self._count -= 1

    async def _hear(self, socket: WebSocket, known: dict[str, list | None]) -> None:
        while (message := await socket.receive())["type"] != "websocket.disconnect":
            self._obey(message.get("text") or message.get("bytes") or "", known)

    def _obey(self, message: str | bytes, known: dict[str, list | None]) -> None:
        try:
            asked = json.loads(message)
            command, address = asked["COMMAND"], asked["DATA"]
        except (ValueError, KeyError, TypeError, RecursionError):
            return
        if not isinstance(address, str):
            return
        if command == "LISTEN" and address in self._tree.values():
            known[address] = None  # so that its value is sent
        elif command == "IGNORE":
            known.pop(address, None)

    async def _tell(self, socket: WebSocket, known: dict[str, list | None]) -> None:
        while True:
            await asyncio.sleep(1 / RATE)
            values = self._tree.values() if known else {}
            for address, before in list(known.items()):
                if address in known and values[address] != before:
                    known[address] = values[address]
                    packet = build(address, *values[address])
                    await asyncio.wait_for(socket.send_bytes(packet), SEND_SECONDS)
