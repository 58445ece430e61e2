"""Open Sound Control: packets in, `Controls.set` calls out, replies to the senders.

Every packet leads to changes, replies or an `/error`, never to an exception. Packets arrive by UDP,
on the socket of this module, or by TCP (see `osc_tcp`).
"""

from __future__ import annotations

import contextlib
import heapq
import itertools
import logging
import math
import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pythonosc.osc_message_builder import BuildError

from bridge.controls.controls import Controls
from bridge.network.hosts import Network, is_own_address, is_within
from bridge.network.unreachable import ask_for_errors, nobody_at
from bridge.osc.budgets import Bucket, Budgets
from bridge.osc.complaints import Complaints
from bridge.osc.latest import Latest
from bridge.osc.packets import MAX_PACKET, Message, build, parts
from bridge.osc.patterns import is_pattern, match
from bridge.osc.reply_ports import ReplyPorts
from bridge.osc.subscriptions import RATE, STREAM, Subscriptions
from bridge.osc.turns import Turns
from bridge.osc.values import fitting, pressed, useful
from bridge.process.log_limit import about
from bridge.process.room import ROOM
from bridge.process.threads import supervised
from musicrfm.errors import MusicRFMError

if TYPE_CHECKING:
    from bridge.meters import Meters

log = logging.getLogger(__name__)

REPLIES = ("/error", "/pong")  # messages of a bridge; answering one could loop for ever
SERVICE = ("/ping", "/get", "/list", "/subscribe", "/unsubscribe", "/reply_port")
RECEIVE_BUFFER = 1 << 22  # bytes that may wait while this thread is busy
READING = 0.004  # longest time for reading packets in one go
MAX_ANSWERED = 1 << 16  # limit of the answers to one packet
HOST_AT_ONCE, HOST_BYTES = 1 << 17, 64_000  # limit of answers to a host by UDP, and per second
ALL_AT_ONCE, ALL_BYTES = 1 << 21, 1_000_000  # limit of answers to all hosts together
MAX_UNKNOWN = 4096  # remembered unknown addresses
MAX_AHEAD = 60.0  # largest distance of a bundle's time tag in seconds
MAX_WAITING = 1000  # bundled messages waiting for their time
HANDED_SECONDS = 0.05  # longest wait of TCP packets for UDP packets
MAX_REASON = 500  # longest error message sent back


@dataclass(frozen=True)
class Handed:
    """Packets from a TCP client, and their time (seconds of `time.monotonic`)."""

    packets: list[bytes]
    client: Client
    done: Callable[[], None]
    at: float


@dataclass(frozen=True)
class Client:
    """The sender of a message, as the source of a change: its socket address, and its port for
    answers.

    The address of a TCP client ends with `STREAM`.
    """

    address: tuple
    told_at: tuple | None = None

    @property
    def host(self) -> str:
        return self.address[0]

    @property
    def stream(self) -> bool:
        return self.address[-1] == STREAM


@dataclass
class Question:
    """A packet being processed, and the number of bytes that may still answer it."""

    client: Client
    left: int = MAX_ANSWERED

    @property
    def full(self) -> bool:
        return self.left < 0


def _place(client: Client, port: int | None) -> tuple:
    """Where it is answered: by TCP always over the same connection."""
    if port is None or client.stream:
        return client.address
    return (client.host, port, *client.address[2:])


class OscServer:
    """Listens on a UDP port from construction on, and answers after `start()`.

    allow: hosts that may use it besides this machine; all if empty. Port 0 takes any free one;
    `host` and `port` are the actual ones. Raises MusicRFMError if the port is not available.
    """

    def __init__(
        self, host: str = "127.0.0.1", port: int = 9000, allow: tuple[Network, ...] = ()
    ) -> None:
        self._allow = allow
        try:
            family, _, _, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
            self._socket = socket.socket(family, socket.SOCK_DGRAM)
        except OSError as error:
            raise MusicRFMError(f"cannot listen for OSC on {host}: {error.strerror}") from None
        try:
            if family == socket.AF_INET6:  # "::" means IPv4 too, on every system
                self._socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            with contextlib.suppress(OSError):  # otherwise the system's default size
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
            self._socket.bind(place)
            self._socket.setblocking(False)
            ask_for_errors(self._socket)
        except OSError as error:
            self._socket.close()
            raise MusicRFMError(
                f"cannot listen for OSC on {host}:{port} ({error.strerror}): choose another port "
                "with --osc-port"
            ) from None
        self.host, self.port = host, self._socket.getsockname()[1]
        self._controls: Controls  # all three from `start` on
        self._subscriptions: Subscriptions
        self._latest: Latest
        self._waiting: list[tuple[float, int, Message, Question]] = []
        self._order = itertools.count()
        self._reply_ports = ReplyPorts()
        self._streams: dict[tuple, Callable[[bytes], None]] = {}
        self._handed: deque[Handed] = deque()
        self._turns = Turns()
        self._complaints = Complaints()
        self._answers = Budgets(HOST_AT_ONCE, HOST_BYTES, Bucket.of(ALL_AT_ONCE, ALL_BYTES))
        self._unknown: set[bytes] = set()
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._socket, selectors.EVENT_READ)
        self._closed = False
        self._thread = supervised("osc", self._run, threading.Event(), "OSC failed")

    def lets(self, host: str) -> bool:
        """Whether a host may use the port; all may without `allow`."""
        return not self._allow or is_within(host, self._allow)

    def start(self, controls: Controls, meters: Meters | None = None) -> None:
        self._controls = controls
        self._latest = Latest(controls.parameters.values())
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
        if self._thread.ident is not None:  # it was started
            self._subscriptions.close()
        self._selector.close()
        self._socket.close()

    def handle(self, packet: bytes, client: Client) -> None:
        """Process a packet, at once or at its due time. Never raises."""
        for _ in self._steps(packet, client):
            pass

    def _steps(self, packet: bytes, client: Client) -> Iterator[None]:
        """The same, in small steps."""
        question, now = Question(client), time.time()
        for part in parts(packet):
            if isinstance(part, str):
                self._refuse(part, client)
            elif part.due <= now:
                yield from self._obey(part, question)
            else:
                self._put_off(part, question, now)
            yield

    def hand_in(self, packets: list[bytes], client: Client, done: Callable[[], None]) -> None:
        """Process packets of a TCP client on the server's thread, after earlier ones; then call
        `done`. Thread-safe."""
        self._handed.append(Handed(packets, client, done, time.monotonic()))
        self._wake()

    def join(self, place: tuple, send: Callable[[bytes], None]) -> None:
        """Register a TCP connection: `send` receives the data for `place`."""
        self._streams[place] = send

    def leave(self, place: tuple) -> None:
        """Remove a TCP connection and its subscription."""
        self._streams.pop(place, None)
        self._subscriptions.remove(place)

    def _put_off(self, message: Message, question: Question, now: float) -> None:
        if message.due > now + MAX_AHEAD:
            reason = (
                f"{message.address!r} is timed {message.due - now:.0f} s ahead, more than "
                f"{MAX_AHEAD:.0f}: check that both clocks agree"
            )
        elif len(self._waiting) >= MAX_WAITING:
            reason = f"{MAX_WAITING} messages are already waiting for their time"
        else:
            heapq.heappush(self._waiting, (message.due, next(self._order), message, question))
            return
        self._refuse(reason, question.client, message.address)

    def _obey(self, message: Message, question: Question) -> Iterator[None]:
        client = question.client
        try:
            yield from self._dispatch(message, question)
        except MusicRFMError as error:
            self._refuse(str(error), client, message.address)
            self._note_unknown(message.address)
        except Exception as error:
            address = message.address
            log.exception("OSC %r failed", address, extra=about(address, client))
            self._refuse(f"{address!r} failed: {error}", client, address)

    def _dispatch(self, message: Message, question: Question) -> Iterator[None]:
        address, arguments, client = message.address, message.arguments, question.client
        if address in REPLIES:
            return
        if address == "/ping":
            self._answer(question, "/pong")
        elif address == "/get":
            yield from self._get(useful(arguments), question)
        elif address == "/list":
            yield from self._list(useful(arguments), question)
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
                except MusicRFMError as error:  # must not stop the others
                    self._refuse(str(error), client, found)
                yield
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
        place = client.told_at
        if not parameter.event and kept != value and place and place in self._subscriptions:
            # It stands elsewhere than the sender thinks.
            self._send(place, parameter.address, kept)

    def _get(self, arguments: tuple, question: Question) -> Iterator[None]:
        if question.full:
            return
        if len(arguments) != 1 or not isinstance(arguments[0], str):
            raise MusicRFMError("/get takes one address, as a text")
        parameters = [self._controls.parameter(a) for a in self._addressed(arguments[0])]
        valued = [parameter for parameter in parameters if not parameter.event]
        if not valued:
            raise MusicRFMError(f"{arguments[0]!r} has no value to get")
        for parameter in valued:
            self._answer(question, parameter.address, self._controls.get(parameter.address))
            yield

    def _list(self, arguments: tuple, question: Question) -> Iterator[None]:
        """Every control: address, type, lowest, highest (both 0 without limits), default, unit and
        help."""
        if question.full:
            return
        if len(arguments) > 1 or not all(isinstance(a, str) for a in arguments):
            raise MusicRFMError("/list takes nothing, or one address or pattern, as a text")
        wanted = self._addressed(arguments[0]) if arguments else list(self._controls.parameters)
        for p in map(self._controls.parameter, wanted):
            ends = (float(p.low or 0.0), float(p.high or 0.0))
            default = "" if p.event else p.default
            self._answer(question, "/list", p.address, p.type, *ends, default, p.unit, p.help)
            yield

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
            raise MusicRFMError(f"/unsubscribe: port {place[1]} has no subscription")

    def _port(self, arguments: tuple, client: Client, address: str) -> int:
        """The given port, or else the port for answers."""
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
        """Whether data sent there comes back to this bridge."""
        return place[1] == self.port and is_own_address(place[0])

    def _set_reply_port(self, arguments: tuple, client: Client) -> None:
        """Max and TouchOSC listen on another port than they send from; over TCP, no client does."""
        if len(arguments) != 1:
            raise MusicRFMError("/reply_port takes one port number, 1 to 65535")
        port = self._port(arguments, client, "/reply_port")
        if client.stream:
            return
        self._reply_ports.add(client.address, port)

    def _refuse(self, reason: str, client: Client, address: str = "") -> None:
        if not self._complaints.lets(client.host):
            return
        reason = reason if len(reason) <= MAX_REASON else reason[:MAX_REASON] + "…"
        more = self._complaints.left_out(client.host)
        if more:
            reason += f" ({more} more errors were not reported)"
        log.warning("OSC: %s", reason, extra=about(address, client))
        self._reply(client, "/error", reason)

    def _tell(self, reason: str, source: object) -> None:
        """An error that the engine found later goes back to the client that set the value."""
        if isinstance(source, Client) and self._complaints.lets(source.host):
            self._reply(source, "/error", reason)

    def _note_unknown(self, address: str) -> None:
        """Skip messages to this address while its sender gets no more errors, see `_hopeless`."""
        if is_pattern(address) or address in SERVICE or self._controls.knows(address):
            return
        if len(self._unknown) >= MAX_UNKNOWN:
            self._unknown.clear()
        self._unknown.add(address.encode())

    def _hopeless(self, packet: bytes, host: str) -> bool:
        """Whether a packet is one of many to an unknown address; then it is counted."""
        if packet[: packet.find(b"\0")] not in self._unknown or not self._complaints.spent(host):
            return False
        self._complaints.count(host)
        return True

    def _answer(self, question: Question, address: str, *arguments: object) -> None:
        """Send, unless the answers to this packet or to its host have reached their limit, which is
        reported once."""
        if question.full:
            return
        client, packet = question.client, build(address, *arguments)
        question.left -= len(packet)
        if question.full:
            self._refuse(
                f"answers to one packet are limited to {MAX_ANSWERED >> 10} kB, and the rest "
                "of it is not answered: ask for less at once",
                client,
                address,
            )
            return
        # Over TCP, the sender is certain, and flow control limits the amount.
        if not client.stream and not self._answers.has(client.host, len(packet)):
            question.left = -1
            self._refuse(
                f"answers to one host are limited to {HOST_BYTES // 1000} kB a second: ask for "
                "less, less often, or over TCP",
                client,
                address,
            )
            return
        self._send_packet(_place(client, self._reply_ports.get(client.address)), packet)

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
            try:
                self._start_due()
                self._wait()
                began = time.perf_counter()
                self._receive()
                if self._turns:
                    self._turns.go_on()
                ROOM.rested(time.perf_counter() - began)
            except Exception:
                log.exception("OSC failed")
                time.sleep(0.1)

    def _start_due(self) -> None:
        while self._waiting and self._waiting[0][0] <= time.time():
            _, _, message, question = heapq.heappop(self._waiting)
            self._start(question.client, self._obey(message, question))

    def _start(self, client: Client, steps: Iterator[None]) -> None:
        if not self._turns.start(client.address, steps):
            self._refuse("a packet is dropped, because too many are waiting", client)

    def _wait(self) -> None:
        """Wait for packets, or for other work."""
        if self._turns:
            return
        wait = self._waiting[0][0] - time.time() if self._waiting else 1.0
        if self._streams:
            wait = min(wait, HANDED_SECONDS)  # in case waking fails
        if wait > 0.0:
            self._selector.select(min(wait, 1.0))

    def _receive(self) -> None:
        """Start with the packets that have arrived."""
        nothing = True
        end = time.perf_counter() + READING
        while time.perf_counter() < end and not self._closed:
            try:
                packet, sender = self._socket.recvfrom(MAX_PACKET)
            except BlockingIOError:
                break
            except OSError as error:
                self._look_for_lost(error)
                nothing = False
                break
            nothing = False
            self._latest.add(packet, sender)
        woken = nothing
        for packet, sender in self._latest.taken():
            woken = self._take(packet, sender) or woken
        self._take_handed(woken)

    def _look_for_lost(self, error: OSError) -> None:
        """Detect that an earlier packet reached nobody; the next wait reports it."""
        if not self._closed:
            log.debug("OSC receive: %s", error)
            for place in nobody_at(self._socket):
                self._subscriptions.nobody_at(place)

    def _take(self, packet: bytes, sender: tuple) -> bool:
        """Start with a packet; returns whether it is the one that wakes this thread."""
        if self._is_own(sender):
            return not packet  # never answer a forged own address
        if not self.lets(sender[0]):
            return False
        self._subscriptions.heard_from(sender[0])
        if not self._hopeless(packet, sender[0]):
            client = self._client(sender)
            self._start(client, self._steps(packet, client))
        return False

    def _take_handed(self, woken: bool) -> None:
        """Start with the packets of one TCP client, if it is their turn.

        That is when the packet sent to wake this thread has come back, so that all earlier UDP
        packets have been started; or a moment later, because a flood may drop that packet.
        """
        if not self._handed or not (
            woken or time.monotonic() - self._handed[0].at > HANDED_SECONDS
        ):
            return
        one = self._handed.popleft()
        if not self._turns.start(one.client.address, self._handed_steps(one)):
            self._handed.appendleft(one)  # whoever sends by TCP waits

    def _handed_steps(self, one: Handed) -> Iterator[None]:
        for packet in one.packets:
            yield from self._steps(packet, one.client)
        one.done()

    def _client(self, sender: tuple) -> Client:
        """The sender and, where a subscriber of the same host listens on another port, that
        port."""
        port = self._reply_ports.get(sender)
        if port is not None:
            self._reply_ports.heard_from(sender)
        return Client(sender, sender if port is None else (sender[0], port, *sender[2:]))

    def _wake(self) -> None:
        """Send an empty packet to this socket, so that the thread checks for new work."""
        try:
            place = self._socket.getsockname()
            host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(place[0], place[0])
            self._socket.sendto(b"", (host, *place[1:]))
        except OSError as error:
            log.debug("OSC wake-up: %s", error)
