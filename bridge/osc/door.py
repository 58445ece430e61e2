"""Where every TCP connection comes in: looks at what it says first, and hands it on.

What comes is OSC, in either framing, or HTTP. Until that is clear, and until an HTTP request is
whole, a connection waits here and costs next to nothing. There can only be so many; when all
places are taken, whoever has waited longest without having asked for anything makes room.
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
MAX_REQUEST = 1 << 16  # bytes of a request's head
REQUEST_SECONDS = 10.0  # that a request may take
ANSWER_SECONDS = 30.0  # that its answer may take; one connection carries one request


class Door(asyncio.Protocol):
    """One connection until it is handed on. uvicorn makes one for each, with its own `settings`.

    Whoever has a connection is in the set that uvicorn keeps, so that all hear of the end. osc:
    what OSC is handed to; without it, it is turned away. lets: which hosts may connect.
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
        if self._osc is None:  # a browser asks at once; an OSC client may be silent for long
            self._give_up_later()

    def connection_lost(self, error: Exception | None) -> None:
        self._let_go()

    def shutdown(self) -> None:
        """The server ends, or has no room for it."""
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
        """End the connection that has waited longest; whether there was one."""
        waiting = [one for one in self._connections if isinstance(one, Door)]
        if not waiting:
            return False
        oldest = min(waiting, key=lambda one: one.since)
        oldest.shutdown()
        return True
