"""Open Sound Control: packets in, `Controls.set` calls out, replies to whoever sent them.

Any packet at all leads to changes, replies or an `/error`, never to an exception. Packets come by
UDP, which this module listens to, or by TCP (see `osc_tcp`).
"""

from __future__ import annotations

import heapq
import itertools
import logging
import math
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pythonosc.osc_message_builder import BuildError

from bridge.controls import Controls
from bridge.hosts import is_own_address
from bridge.log_limit import about
from bridge.osc_packet import MAX_PACKET, Message, build, parse
from bridge.osc_pattern import is_pattern, match
from bridge.osc_values import fitting, pressed, useful
from bridge.reply_ports import ReplyPorts
from bridge.subscriptions import RATE, STREAM, Subscriptions
from bridge.unreachable import ask_for_errors, nobody_at
from musicrfm.errors import MusicRFMError

if TYPE_CHECKING:
    from bridge.meters import Meters

log = logging.getLogger(__name__)

REPLIES = ("/error", "/pong")  # what a bridge sends; answering one could go back and forth for ever
MAX_AHEAD = 60.0  # seconds that a bundle's time tag may lie in the future
MAX_WAITING = 1000  # bundled messages waiting for their time
HANDED_SECONDS = 0.05  # that packets from TCP wait at most for those from UDP
MAX_REASON = 500  # characters of an error that are sent back


@dataclass(frozen=True)
class Handed:
    """What a TCP client has handed in, and when (seconds of `time.monotonic`)."""

    packets: list[bytes]
    client: Client
    done: Callable[[], None]
    at: float


@dataclass(frozen=True)
class Client:
    """Who sent a message, as the source of a change: its socket address, and where it listens.

    The address of a client that came by TCP ends with `STREAM`.
    """

    address: tuple
    told_at: tuple | None = None

    @property
    def host(self) -> str:
        return self.address[0]

    @property
    def stream(self) -> bool:
        return self.address[-1] == STREAM


def _place(client: Client, port: int | None) -> tuple:
    """Where it is answered: by TCP always over the same connection."""
    if port is None or client.stream:
        return client.address
    return (client.host, port, *client.address[2:])


class OscServer:
    """Listens on a UDP port from construction on, and answers once `start()` was called.

    Port 0 takes any free one; `host` and `port` say which it is. Raises MusicRFMError if the port
    cannot be had.
    """

    def __init__(self, host: str = "127.0.0.1", port: int = 9000) -> None:
        try:
            family, _, _, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
            self._socket = socket.socket(family, socket.SOCK_DGRAM)
        except OSError as error:
            raise MusicRFMError(f"cannot listen for OSC on {host}: {error.strerror}") from None
        try:
            if family == socket.AF_INET6:  # "::" means IPv4 too, on every system
                self._socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            self._socket.bind(place)
            ask_for_errors(self._socket)
        except OSError as error:
            self._socket.close()
            raise MusicRFMError(
                f"cannot listen for OSC on {host}:{port} ({error.strerror}): choose another port "
                "with --osc-port"
            ) from None
        self.host, self.port = host, self._socket.getsockname()[1]
        self._controls: Controls | None = None
        self._subscriptions: Subscriptions | None = None
        self._waiting: list[tuple[float, int, Message, Client]] = []
        self._order = itertools.count()
        self._reply_ports = ReplyPorts()
        self._streams: dict[tuple, Callable[[bytes], None]] = {}
        self._handed: deque[Handed] = deque()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="osc", daemon=True)

    def start(self, controls: Controls, meters: Meters | None = None) -> None:
        self._controls = controls
        self._subscriptions = Subscriptions(controls, self._send_packet)
        self._subscriptions.meters = meters
        controls.on_error(self._tell)
        self._subscriptions.start()
        self._thread.start()

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        if self._thread.is_alive():
            self._wake()
            self._thread.join(2.0)
        if self._subscriptions is not None:
            self._subscriptions.close()
        self._socket.close()

    def handle(self, packet: bytes, client: Client) -> None:
        """Do what a packet says, at once or when it is due. Never raises."""
        messages, faults = parse(packet)
        for fault in faults:
            self._refuse(fault, client)
        now = time.time()
        for message in messages:
            if message.due <= now:
                self._obey(message, client)
            else:
                self._put_off(message, client, now)

    def hand_in(self, packets: list[bytes], client: Client, done: Callable[[], None]) -> None:
        """Have packets of a TCP client handled where those of UDP are, after those that came
        before; then `done` is called. Any thread may."""
        self._handed.append(Handed(packets, client, done, time.monotonic()))
        self._wake()

    def join(self, place: tuple, send: Callable[[bytes], None]) -> None:
        """A TCP connection is there: from now on `send` takes what is told at `place`."""
        self._streams[place] = send

    def leave(self, place: tuple) -> None:
        """A TCP connection is gone, and its subscription with it."""
        self._streams.pop(place, None)
        self._subscriptions.remove(place)

    def _put_off(self, message: Message, client: Client, now: float) -> None:
        if message.due > now + MAX_AHEAD:
            reason = (
                f"{message.address!r} is meant for {message.due - now:.0f} s from now, more than "
                f"{MAX_AHEAD:.0f}: do the two clocks agree?"
            )
        elif len(self._waiting) >= MAX_WAITING:
            reason = f"{MAX_WAITING} messages are already waiting for their time"
        else:
            heapq.heappush(self._waiting, (message.due, next(self._order), message, client))
            return
        self._refuse(reason, client, message.address)

    def _obey(self, message: Message, client: Client) -> None:
        try:
            self._dispatch(message, client)
        except MusicRFMError as error:
            self._refuse(str(error), client, message.address)
        except Exception as error:
            address = message.address
            log.exception("OSC %r failed", address, extra=about(address, client))
            self._refuse(f"{address!r} failed: {error}", client, address)

    def _dispatch(self, message: Message, client: Client) -> None:
        address, arguments = message.address, message.arguments
        if address in REPLIES:
            return
        if address == "/ping":
            self._reply(client, "/pong")
        elif address == "/get":
            self._get(useful(arguments), client)
        elif address == "/list":
            self._list(useful(arguments), client)
        elif address == "/subscribe":
            self._subscribe(useful(arguments), client)
        elif address == "/unsubscribe":
            self._unsubscribe(useful(arguments), client)
        elif address == "/reply_port":
            self._set_reply_port(useful(arguments), client)
        elif is_pattern(address):
            for found in self._addressed(address):
                try:
                    self._set(found, arguments, client)
                except MusicRFMError as error:  # which must not hold the others up
                    self._refuse(str(error), client, found)
        else:
            self._set(address, arguments, client)

    def _addressed(self, address: str) -> list[str]:
        """The parameters that an address or pattern means."""
        if not is_pattern(address):
            return [address]
        found = match(address, list(self._controls.parameters))
        if not found:
            raise MusicRFMError(f"nothing matches the pattern {address!r}")
        return found

    def _set(self, address: str, arguments: tuple, client: Client) -> None:
        parameter = self._controls.parameter(address)
        if parameter.type == "trigger":
            if pressed(arguments):
                self._controls.set(parameter.address, None, client)
            return
        value = fitting(parameter, arguments)
        kept = self._controls.set(parameter.address, value, client)
        if not parameter.event and kept != value and client.told_at in self._subscriptions:
            # It stands elsewhere than the sender thinks.
            self._send(client.told_at, parameter.address, kept)

    def _get(self, arguments: tuple, client: Client) -> None:
        if len(arguments) != 1 or not isinstance(arguments[0], str):
            raise MusicRFMError("/get takes one address, as a text")
        parameters = [self._controls.parameter(a) for a in self._addressed(arguments[0])]
        valued = [parameter for parameter in parameters if not parameter.event]
        if not valued:
            raise MusicRFMError(f"{arguments[0]!r} has no value to get")
        for parameter in valued:
            self._reply(client, parameter.address, self._controls.get(parameter.address))

    def _list(self, arguments: tuple, client: Client) -> None:
        """Every control: address, type, lowest, highest (both 0 without limits), default, unit and
        what it does."""
        if len(arguments) > 1 or not all(isinstance(a, str) for a in arguments):
            raise MusicRFMError("/list takes nothing, or one address or pattern, as a text")
        wanted = self._addressed(arguments[0]) if arguments else list(self._controls.parameters)
        for p in map(self._controls.parameter, wanted):
            ends = (float(p.low or 0.0), float(p.high or 0.0))
            default = "" if p.event else p.default
            self._reply(client, "/list", p.address, p.type, *ends, default, p.unit, p.help)

    def _subscribe(self, arguments: tuple, client: Client) -> None:
        port, rate = self._port(arguments[:1], client, "/subscribe"), RATE
        if len(arguments) > 2 or not all(isinstance(a, (int, float)) for a in arguments[1:]):
            raise MusicRFMError("/subscribe takes a port and a rate in Hz, both optional")
        if len(arguments) == 2:
            rate = float(arguments[1])
            if not 0 < rate < math.inf:
                raise MusicRFMError(f"/subscribe takes a rate of 1 to 60 Hz, not {rate:g}")
        self._subscriptions.add(_place(client, port), rate)

    def _unsubscribe(self, arguments: tuple, client: Client) -> None:
        place = _place(client, self._port(arguments, client, "/unsubscribe"))
        if not self._subscriptions.remove(place):
            raise MusicRFMError(f"/unsubscribe: nobody on port {place[1]} had subscribed")

    def _port(self, arguments: tuple, client: Client, address: str) -> int:
        """The port given, or else where answers go."""
        if not arguments:
            return self._reply_ports.get(client.address, client.address[1])
        port = arguments[0] if len(arguments) == 1 else None
        if isinstance(port, bool) or not isinstance(port, (int, float)) or not 1 <= port <= 65535:
            raise MusicRFMError(f"{address} takes a port number, 1 to 65535")
        if not client.stream and self._is_own((client.host, int(port))):
            raise MusicRFMError(
                f"{address}: {int(port)} is the bridge's own port, which it cannot answer to: give "
                "the port that you listen on"
            )
        return int(port)

    def _is_own(self, place: tuple) -> bool:
        """Whether what is sent there comes back to this bridge."""
        return place[1] == self.port and is_own_address(place[0])

    def _set_reply_port(self, arguments: tuple, client: Client) -> None:
        """Max and TouchOSC listen on another port than they send from; over TCP nobody does."""
        if len(arguments) != 1:
            raise MusicRFMError("/reply_port takes one port number, 1 to 65535")
        port = self._port(arguments, client, "/reply_port")
        if client.stream:
            return
        self._reply_ports.add(client.address, port)

    def _refuse(self, reason: str, client: Client, address: str = "") -> None:
        reason = reason if len(reason) <= MAX_REASON else reason[:MAX_REASON] + "…"
        log.warning("OSC: %s", reason, extra=about(address, client))
        self._reply(client, "/error", reason)

    def _tell(self, reason: str, source: object) -> None:
        """An error the engine found later goes back to the client that set the value."""
        if isinstance(source, Client):
            self._reply(source, "/error", reason)

    def _reply(self, client: Client, address: str, *arguments: object) -> None:
        self._send(_place(client, self._reply_ports.get(client.address)), address, *arguments)

    def _send(self, place: tuple, address: str, *arguments: object) -> None:
        try:
            self._send_packet(place, build(address, *arguments))
        except (ValueError, BuildError) as error:
            log.debug("no reply to %s: %s", place, error)

    def _send_packet(self, place: tuple, packet: bytes) -> None:
        try:
            if place[-1] == STREAM:
                send = self._streams.get(place)
                if send is not None:
                    send(packet)
                return
            try:
                self._socket.sendto(packet, place)
            except ConnectionRefusedError:  # which an earlier packet met with, maybe elsewhere
                self._socket.sendto(packet, place)
        except OSError as error:
            log.debug("no reply to %s: %s", place, error)

    def _run(self) -> None:
        while not self._closed:
            while self._waiting and self._waiting[0][0] <= time.time():
                _, _, message, client = heapq.heappop(self._waiting)
                self._obey(message, client)
            wait = self._waiting[0][0] - time.time() if self._waiting else 1.0
            if self._streams:
                wait = min(wait, HANDED_SECONDS)  # in case that waking fails
            try:
                self._socket.settimeout(min(max(wait, 0.001), 1.0))
                packet, sender = self._socket.recvfrom(MAX_PACKET)
            except TimeoutError:
                self._take_handed(woken=True)
                continue
            except OSError as error:
                # That an earlier packet found nobody is reported here.
                if not self._closed:
                    log.debug("OSC receive: %s", error)
                    for place in nobody_at(self._socket):
                        self._subscriptions.nobody_at(place)
                continue
            if self._closed:
                return
            own = self._is_own(sender)
            woken = own and not packet
            if not own:  # whoever can forge the bridge's own address is not answered there
                self._subscriptions.heard_from(sender[0])
                self.handle(packet, self._client(sender))
            self._take_handed(woken)

    def _take_handed(self, woken: bool) -> None:
        """Handle what one TCP client has handed in, if its turn has come.

        That is when the packet is back that was sent to wake this thread, and so all that came by
        UDP before it has been handled; or, as that packet may be lost in a flood, a moment later.
        """
        if not self._handed or not (
            woken or time.monotonic() - self._handed[0].at > HANDED_SECONDS
        ):
            return
        one = self._handed.popleft()
        for packet in one.packets:
            self.handle(packet, one.client)
        one.done()

    def _client(self, sender: tuple) -> Client:
        """Who sent it, and, where a subscriber of the same host is told elsewhere, where."""
        port = self._reply_ports.get(sender)
        if port is not None:
            self._reply_ports.heard_from(sender)
        return Client(sender, sender if port is None else (sender[0], port, *sender[2:]))

    def _wake(self) -> None:
        """Send ourselves nothing, so that the thread sees what is new."""
        try:
            place = self._socket.getsockname()
            host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(place[0], place[0])
            self._socket.sendto(b"", (host, *place[1:]))
        except OSError as error:
            log.debug("OSC wake-up: %s", error)
