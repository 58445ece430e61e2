"""What each OSC message does: it sets a control, or asks for something.

Every message leads to changes, replies or an `/error`, never to an exception.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterable, Iterator

from bridge.controls.controls import Controls
from bridge.osc.packets import Message
from bridge.osc.patterns import is_pattern, match
from bridge.osc.replies import Client, Question, Replies
from bridge.osc.subscriptions import RATE, Subscriptions
from bridge.osc.values import fitting, pressed, useful
from bridge.process.log_limit import about
from musicrfm.errors import MusicRFMError

log = logging.getLogger(__name__)

IGNORED = ("/error", "/pong")  # messages of a bridge; answering one could loop for ever
MAX_UNKNOWN = 4096  # remembered unknown addresses


class Messages:
    """is_own: whether data sent to a place comes back to this bridge. All methods are called from
    one thread."""

    def __init__(
        self,
        controls: Controls,
        subscriptions: Subscriptions,
        replies: Replies,
        is_own: Callable[[tuple], bool],
    ) -> None:
        self._controls, self._subscriptions = controls, subscriptions
        self._replies, self._is_own = replies, is_own
        self._unknown: set[bytes] = set()
        # Each does its work while it is iterated over, or at once.
        self._service: dict[str, Callable[[tuple, Question], Iterable[None]]] = {
            "/ping": self._ping,
            "/get": self._get,
            "/list": self._list,
            "/subscribe": self._subscribe,
            "/unsubscribe": self._unsubscribe,
            "/reply_port": self._set_reply_port,
        }

    def obey(self, message: Message, question: Question) -> Iterator[None]:
        """Does what a message says, in small steps. Never raises."""
        client = question.client
        try:
            yield from self._dispatch(message, question)
        except MusicRFMError as error:
            self._replies.refuse(str(error), client, message.address)
            self._note_unknown(message.address)
        except Exception as error:
            address = message.address
            log.exception("OSC %r failed", address, extra=about(address, client))
            self._replies.refuse(f"{address!r} failed: {error}", client, address)

    def hopeless(self, packet: bytes, host: str) -> bool:
        """Whether a packet is one of many to an unknown address, whose sender gets no more errors;
        then it is counted."""
        complaints = self._replies.complaints
        if packet[: packet.find(b"\0")] not in self._unknown or not complaints.spent(host):
            return False
        complaints.count(host)
        return True

    def _note_unknown(self, address: str) -> None:
        """Skip messages to this address while its sender gets no more errors, see `hopeless`."""
        if is_pattern(address) or address in self._service or self._controls.knows(address):
            return
        if len(self._unknown) >= MAX_UNKNOWN:
            self._unknown.clear()
        self._unknown.add(address.encode())

    def _dispatch(self, message: Message, question: Question) -> Iterator[None]:
        address, arguments, client = message.address, message.arguments, question.client
        if address in IGNORED:
            return
        if address in self._service:
            yield from self._service[address](useful(arguments), question)
        elif is_pattern(address):
            for found in self._addressed(address):
                try:
                    self._set(found, arguments, client)
                except MusicRFMError as error:  # must not stop the others
                    self._replies.refuse(str(error), client, found)
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
            self._replies.send(place, parameter.address, kept)

    def _ping(self, arguments: tuple, question: Question) -> Iterable[None]:
        self._replies.answer(question, "/pong")
        return ()

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
            value = self._controls.get(parameter.address)
            self._replies.answer(question, parameter.address, value)
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
            entry = (p.address, p.type, *ends, default, p.unit, p.help)
            self._replies.answer(question, "/list", *entry)
            yield

    def _subscribe(self, arguments: tuple, question: Question) -> Iterable[None]:
        client = question.client
        port, rate = self._port(arguments[:1], client, "/subscribe"), RATE
        if len(arguments) > 2 or not all(isinstance(a, (int, float)) for a in arguments[1:]):
            raise MusicRFMError("/subscribe takes a port and a rate in Hz, both optional")
        if len(arguments) == 2:
            rate = float(arguments[1])
            if not 0 < rate < math.inf:
                raise MusicRFMError(f"/subscribe takes a rate of 1 to 60 Hz, not {rate:g}")
        self._subscriptions.add(client.place(port), rate)
        return ()

    def _unsubscribe(self, arguments: tuple, question: Question) -> Iterable[None]:
        client = question.client
        place = client.place(self._port(arguments, client, "/unsubscribe"))
        if not self._subscriptions.remove(place):
            raise MusicRFMError(f"/unsubscribe: port {place[1]} has no subscription")
        return ()

    def _set_reply_port(self, arguments: tuple, question: Question) -> Iterable[None]:
        """Max and TouchOSC listen on another port than they send from; over TCP, no client does."""
        if len(arguments) != 1:
            raise MusicRFMError("/reply_port takes one port number, 1 to 65535")
        client = question.client
        port = self._port(arguments, client, "/reply_port")
        if not client.stream:
            self._replies.ports.add(client.address, port)
        return ()

    def _port(self, arguments: tuple, client: Client, address: str) -> int:
        """The given port, or else the port for answers."""
        if not arguments:
            return self._replies.ports.get(client.address, client.address[1])
        port = arguments[0] if len(arguments) == 1 else None
        if isinstance(port, bool) or not isinstance(port, (int, float)) or not 1 <= port <= 65535:
            raise MusicRFMError(f"{address} takes a port number, 1 to 65535")
        if not client.stream and self._is_own((client.host, int(port))):
            raise MusicRFMError(
                f"{address}: {int(port)} is the bridge's own port, which it cannot answer to: give "
                "the port that you listen on"
            )
        return int(port)
