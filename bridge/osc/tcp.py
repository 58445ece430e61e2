"""An OSC client connected by TCP: its packets are processed, and answered on the same connection.

All such clients share an event loop; none delays another. Each hands in a few packets at a time,
which are processed in order with those from UDP, before more are read. A client that does not read
its data is disconnected.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from typing import cast

from bridge.osc.framing import Lengths, Slip
from bridge.osc.packets import build
from bridge.osc.replies import Client
from bridge.osc.server import OscServer
from bridge.osc.subscriptions import STREAM
from bridge.process.log_limit import about
from musicrfm.errors import MusicRFMError

log = logging.getLogger(__name__)

BATCH = 16  # packets of one client per turn
MAX_UNREAD = 1 << 20  # unread bytes above which a client is disconnected
PATIENCE = 10.0  # longest time from a packet's first byte to its last
KEEPALIVE = {"TCP_KEEPIDLE": 30, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 3}


class OscConnection(asyncio.Protocol):
    """framing: the client's packet framing, also used for answers. It is in `connections` while it
    is connected."""

    def __init__(
        self, server: OscServer, framing: Slip | Lengths, connections: set[object]
    ) -> None:
        self._server, self._framing, self._connections = server, framing, connections
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._working = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.transport.set_write_buffer_limits(MAX_UNREAD)
        _keep_alive(transport.get_extra_info("socket"))
        peer = transport.get_extra_info("peername") or ("nobody", 0)
        self.client = Client((*peer[:2], STREAM), (*peer[:2], STREAM))
        self._connections.add(self)
        self._server.join(self.client.address, self.send)

    def connection_lost(self, error: Exception | None) -> None:
        self._stop_timer()
        self._connections.discard(self)
        self._server.leave(self.client.address)

    def shutdown(self) -> None:
        """The bridge ends."""
        self.transport.abort()

    def data_received(self, data: bytes) -> None:
        self._framing.add(data)
        if not self._working:
            self._work()

    def send(self, packet: bytes) -> None:
        """Send this to the client. Thread-safe."""
        with contextlib.suppress(RuntimeError):  # the loop is closed, and everybody is gone
            self._loop.call_soon_threadsafe(self._write, packet)

    def pause_writing(self) -> None:
        self._let_go(f"it does not read its data ({MAX_UNREAD >> 20} MiB are waiting)")

    def _write(self, packet: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.write(self._framing.wrap(packet))

    def _work(self) -> None:
        """Hand in the next packets, and pause reading until they have been processed."""
        self._stop_timer()
        if self.transport.is_closing():
            return
        packets: list[bytes] = []
        fault = None
        try:
            while len(packets) < BATCH and (packet := self._framing.take()) is not None:
                packets.append(packet)
        except MusicRFMError as error:
            fault = str(error)
        self._working = bool(packets)
        if packets:
            self.transport.pause_reading()
            self._server.hand_in(packets, self.client, self._handled)
        elif fault is None:
            self.transport.resume_reading()
            if self._framing.unfinished:
                self._timer = self._loop.call_later(PATIENCE, self._late)
        if fault is not None:
            self._let_go(fault)

    def _handled(self) -> None:
        """Called by the server's thread when they have been processed."""
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._work)

    def _late(self) -> None:
        self._let_go(
            f"a packet with {self._framing.name} has not ended after {PATIENCE:.0f} s: over TCP, "
            "packets need SLIP framing or a length prefix"
        )

    def _let_go(self, reason: str) -> None:
        """Send the reason, and disconnect."""
        if self.transport.is_closing():
            return
        told = about("", self.client)
        log.warning("OSC over TCP: %s is disconnected: %s", self.client.host, reason, extra=told)
        self._write(build("/error", reason))
        self.transport.close()
        self._loop.call_later(1.0, self.transport.abort)  # if it does not read even that

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _keep_alive(connection: socket.socket | None) -> None:
    """A client that is switched off without a goodbye is noticed within two minutes or so."""
    if connection is None:
        return
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in KEEPALIVE.items():
            if hasattr(socket, name):
                connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
