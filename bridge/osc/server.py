"""The OSC server: one thread that takes packets, and processes each at its time.

They arrive by UDP, on the socket of this module, or by TCP (`bridge/osc/tcp.py`). What a message
does is in `Messages`, what its sender hears of it in `Replies`.
"""

from __future__ import annotations

import contextlib
import heapq
import itertools
import logging
import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bridge.controls.controls import Controls
from bridge.network.hosts import Network, is_own_address, is_within
from bridge.network.unreachable import ask_for_errors, nobody_at
from bridge.osc.latest import Latest
from bridge.osc.messages import Messages
from bridge.osc.packets import MAX_PACKET, Message, parts
from bridge.osc.replies import Client, Question, Replies
from bridge.osc.subscriptions import STREAM, Subscriptions
from bridge.osc.turns import Turns
from bridge.process.room import ROOM
from bridge.process.threads import supervised
from musicrfm.errors import MusicRFMError

if TYPE_CHECKING:
    from bridge.meters import Meters

log = logging.getLogger(__name__)

RECEIVE_BUFFER = 1 << 22  # bytes that may wait while this thread is busy
READING = 0.004  # longest time for reading packets in one go
MAX_AHEAD = 60.0  # largest distance of a bundle's time tag in seconds
MAX_WAITING = 1000  # bundled messages waiting for their time
HANDED_SECONDS = 0.05  # longest wait of TCP packets for UDP packets


@dataclass(frozen=True)
class Handed:
    """Packets from a TCP client, and their time (seconds of `time.monotonic`)."""

    packets: list[bytes]
    client: Client
    done: Callable[[], None]
    at: float


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
        self._subscriptions: Subscriptions  # all three from `start` on
        self._messages: Messages
        self._latest: Latest
        self._waiting: list[tuple[float, int, Message, Question]] = []
        self._order = itertools.count()
        self._replies = Replies(self._send)
        self._streams: dict[tuple, Callable[[bytes], None]] = {}
        self._handed: deque[Handed] = deque()
        self._turns = Turns()
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._socket, selectors.EVENT_READ)
        self._closed = False
        self._thread = supervised("osc", self._run, threading.Event(), "OSC failed")

    def lets(self, host: str) -> bool:
        """Whether a host may use the port; all may without `allow`."""
        return not self._allow or is_within(host, self._allow)

    def start(self, controls: Controls, meters: Meters | None = None) -> None:
        self._latest = Latest(controls.parameters.values())
        self._subscriptions = Subscriptions(controls, self._send)
        self._subscriptions.meters = meters
        self._messages = Messages(controls, self._subscriptions, self._replies, self._is_own)
        controls.on_error(self._replies.tell)
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

    def handle(self, packet: bytes, client: Client) -> Iterator[None]:
        """Process a packet, at once or at its due time, in small steps. Never raises."""
        question, now = Question(client), time.time()
        for part in parts(packet):
            if isinstance(part, str):
                self._replies.refuse(part, client)
            elif part.due <= now:
                yield from self._messages.obey(part, question)
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
        self._replies.refuse(reason, question.client, message.address)

    def _is_own(self, place: tuple) -> bool:
        """Whether data sent there comes back to this bridge."""
        return place[1] == self.port and is_own_address(place[0])

    def _send(self, place: tuple, packet: bytes) -> None:
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
            self._start(question.client, self._messages.obey(message, question))

    def _start(self, client: Client, steps: Iterator[None]) -> None:
        if not self._turns.start(client.address, steps):
            self._replies.refuse("a packet is dropped, because too many are waiting", client)

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
                # Sending may have met the error in place of receiving; its report still waits,
                # and as long as it does, every wait for packets ends at once.
                self._look_for_lost()
                break
            except OSError as error:
                log.debug("OSC receive: %s", error)
                self._look_for_lost()
                nothing = False
                break
            nothing = False
            self._latest.add(packet, sender)
        woken = nothing
        for packet, sender in self._latest.taken():
            woken = self._take(packet, sender) or woken
        self._take_handed(woken)

    def _look_for_lost(self) -> None:
        """End the subscriptions of places that earlier packets did not reach."""
        if not self._closed:
            for place in nobody_at(self._socket):
                self._subscriptions.nobody_at(place)

    def _take(self, packet: bytes, sender: tuple) -> bool:
        """Start with a packet; returns whether it is the one that wakes this thread."""
        if self._is_own(sender):
            return not packet  # never answer a forged own address
        if not self.lets(sender[0]):
            return False
        self._subscriptions.heard_from(sender[0])
        if not self._messages.hopeless(packet, sender[0]):
            client = self._client(sender)
            self._start(client, self.handle(packet, client))
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
            yield from self.handle(packet, one.client)
        one.done()

    def _client(self, sender: tuple) -> Client:
        """The sender and, where a subscriber of the same host listens on another port, that
        port."""
        port = self._replies.ports.get(sender)
        if port is not None:
            self._replies.ports.heard_from(sender)
        return Client(sender, Client(sender).place(port))

    def _wake(self) -> None:
        """Send an empty packet to this socket, so that the thread checks for new work."""
        try:
            place = self._socket.getsockname()
            host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(place[0], place[0])
            self._socket.sendto(b"", (host, *place[1:]))
        except OSError as error:
            log.debug("OSC wake-up: %s", error)
