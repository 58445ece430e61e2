"""Accepts every TCP connection, detects its protocol, and passes it on.

A connection is OSC, in either framing, or HTTP. Until that is clear, and until an HTTP request is
complete, a connection waits here at almost no cost. Their number is limited; when the limit is
reached, the connection that has waited longest without a request is closed.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any, cast

from uvicorn.protocols.http.h11_impl import H11Protocol

from bridge.osc.framing import framing_of
from bridge.osc.server import OscServer
from bridge.osc.tcp import OscConnection
from bridge.process.handles import RESERVE
from bridge.process.log_limit import about

log = logging.getLogger(__name__)

MAX_CONNECTIONS = 64
MAX_REQUEST = 1 << 16  # bytes of a request's headererer
REQUEST_SECONDS = 10.0  # limit for receiving a request
ANSWER_SECONDS = 30.0  # limit for its answer; one connection carries one request


class Door(asyncio.Protocol):
    """One connection until it is passed on. uvicorn creates one for each, with its `settings`.

    Every connection is in uvicorn's set, so that all are notified of the end. osc: the receiver of
    OSC; without it, OSC is refused. lets: which hosts may connect.
    """

    def __init__(
        self, osc: OscServer | None, lets: Callable[[str], bool] | None = None, **settings: Any
    ) -> None:
        self._lets = lets
        self._osc, self._settings = osc, settings
        self._connections: set[Any] = settings["server_state"].connections
        self._data = b""
        self._timer: asyncio.TimerHandle | None = None
        self.since = time.monotonic()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self._host = (transport.get_extra_info("peername") or ("nobody",))[0]
        if self._lets is not None and not self._lets(self._host):
            self._turn_away("--osc-allow does not include its address")
            return
        if not RESERVE.whole():
            self._turn_away("no file handles are left")
            return
        if len(self._connections) >= MAX_CONNECTIONS and not self._make_room():
            self._turn_away(f"all {MAX_CONNECTIONS} connections are in use")
            return
        self._connections.add(self)
        if (
            self._osc is None
        ):  # a browser sends its request at once; an OSC client may be silent for long
            self._give_up_later()

    def connection_lost(self, error: Exception | None) -> None:
        self._let_go()

    def shutdown(self) -> None:
        """The server ends, or has no capacity for this connection."""
        self._let_go()
        self.transport.abort()

    def data_received(self, data: bytes) -> None:
        if self._timer is None:
            self._give_up_later()
        self._data += data
        framing = framing_of(self._data[:1])
        if self._osc is not None and framing is not None:
            self._hand_to(OscConnection(self._osc, framing, self._connections))
        elif not self._data[:1].isalpha() or len(self._data) > MAX_REQUEST:
            self._turn_away("its data is neither OSC nor HTTP")
        elif b"\r\n\r\n" in self._data or b"\n\n" in self._data:
            if b"websocket" not in self._data.lower():
                loop = asyncio.get_running_loop()
                loop.call_later(ANSWER_SECONDS, self.transport.abort)
            self._hand_to(H11Protocol(**self._settings))

    def _give_up_later(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(REQUEST_SECONDS, self.transport.abort)

    def _hand_to(self, protocol: asyncio.Protocol) -> None:
        self._let_go()
        self.transport.set_protocol(protocol)
        protocol.connection_made(self.transport)
        protocol.data_received(self._data)

    def _turn_away(self, reason: str) -> None:
        log.warning(
            "TCP: a connection from %s is refused: %s",
            self._host,
            reason,
            extra=about("", self._host),
        )
        self.transport.abort()

    def _let_go(self) -> None:
        self._connections.discard(self)
        if self._timer is not None:
            self._timer.cancel()

    def _make_room(self) -> bool:
        """Close the connection that has waited longest; returns whether there was one."""
        waiting = [one for one in self._connections if isinstance(one, Door)]
        if not waiting:
            return False
        oldest = min(waiting, key=lambda one: one.since)
        oldest.shutdown()
        return True
