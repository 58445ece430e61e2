"""Answers and errors to the senders of packets, limited per packet and per host."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from pythonosc.osc_message_builder import BuildError

from bridge.network.budgets import Bucket, Budgets
from bridge.network.reply_ports import ReplyPorts
from bridge.osc.complaints import Complaints
from bridge.osc.packets import build
from bridge.osc.subscriptions import STREAM
from bridge.process.log_limit import about

log = logging.getLogger(__name__)

MAX_ANSWERED = 1 << 16  # limit of the answers to one packet
HOST_AT_ONCE, HOST_BYTES = 1 << 17, 64_000  # limit of answers to a host by UDP, and per second
ALL_AT_ONCE, ALL_BYTES = 1 << 21, 1_000_000  # limit of answers to all hosts together
MAX_REASON = 500  # longest error message sent back


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

    def place(self, port: int | None) -> tuple:
        """Where it is answered: over TCP always on the same connection."""
        if port is None or self.stream:
            return self.address
        return (self.host, port, *self.address[2:])


@dataclass
class Question:
    """A packet being processed, and the number of bytes that may still answer it."""

    client: Client
    left: int = MAX_ANSWERED

    @property
    def full(self) -> bool:
        return self.left < 0


class Replies:
    """send: (place, packet), which sends what it can. `refuse` and `tell` are thread-safe."""

    def __init__(self, send: Callable[[tuple, bytes], None]) -> None:
        self._send = send
        self.ports = ReplyPorts()
        self.complaints = Complaints()
        self._budgets = Budgets(HOST_AT_ONCE, HOST_BYTES, Bucket.of(ALL_AT_ONCE, ALL_BYTES))

    def refuse(self, reason: str, client: Client, address: str = "") -> None:
        """Log an error and report it to the client, unless it has had many of late."""
        if not self.complaints.lets(client.host):
            return
        reason = reason if len(reason) <= MAX_REASON else reason[:MAX_REASON] + "…"
        more = self.complaints.left_out(client.host)
        if more:
            reason += f" ({more} more errors were not reported)"
        log.warning("OSC: %s", reason, extra=about(address, client))
        self._reply(client, "/error", reason)

    def tell(self, reason: str, source: object) -> None:
        """An error that the engine found later goes back to the client that set the value."""
        if isinstance(source, Client) and self.complaints.lets(source.host):
            self._reply(source, "/error", reason)

    def answer(self, question: Question, address: str, *arguments: object) -> None:
        """Send, unless the answers to this packet or to its host have reached their limit, which is
        reported once."""
        if question.full:
            return
        client, packet = question.client, build(address, *arguments)
        question.left -= len(packet)
        if question.full:
            self.refuse(
                f"answers to one packet are limited to {MAX_ANSWERED >> 10} kB, and the rest "
                "of it is not answered: ask for less at once",
                client,
                address,
            )
            return
        # Over TCP, the sender is certain, and flow control limits the amount.
        if not client.stream and not self._budgets.has(client.host, len(packet)):
            question.left = -1
            self.refuse(
                f"answers to one host are limited to {HOST_BYTES // 1000} kB a second: ask for "
                "less, less often, or over TCP",
                client,
                address,
            )
            return
        self._send(client.place(self.ports.get(client.address)), packet)

    def send(self, place: tuple, address: str, *arguments: object) -> None:
        """Send one message, if it can be sent."""
        try:
            self._send(place, build(address, *arguments))
        except (ValueError, BuildError) as error:
            log.debug("no reply to %s: %s", place, error)

    def _reply(self, client: Client, address: str, *arguments: object) -> None:
        self.send(client.place(self.ports.get(client.address)), address, *arguments)
