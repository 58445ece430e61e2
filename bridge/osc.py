"""Open Sound Control: UDP packets in, `Controls.set` calls out, replies to whoever sent them.

Parsing trusts nothing: any packet at all leads to changes, replies or an `/error`, never to an
exception. Bundles (also nested, also with a time tag ahead), numbers of any OSC type and OSC 1.0
address patterns are understood.
"""

from __future__ import annotations

import heapq
import itertools
import logging
import math
import socket
import struct
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pythonosc.osc_message import OscMessage, ParseError
from pythonosc.osc_message_builder import BuildError, OscMessageBuilder
from pythonosc.parsing import osc_types

from bridge.controls import Controls, canonical_address
from bridge.subscriptions import RATE, Subscriptions
from musicrfm.errors import MusicRFMError

if TYPE_CHECKING:
    from bridge.meters import Meters

log = logging.getLogger(__name__)

KNOWN_TAGS = frozenset("ihfdsbrmtTFN[]")
PATTERN_CHARACTERS = frozenset("?*[]{}")
REPLIES = ("/error", "/pong")  # what a bridge sends; answering one could go back and forth for ever
MAX_NESTING = 8
MAX_AHEAD = 60.0  # seconds that a bundle's time tag may lie in the future
MAX_WAITING = 1000  # bundled messages waiting for their time
MAX_CLIENTS = 256
MAX_REASON = 500  # characters of an error that are sent back
REPEAT_SECONDS = 5.0
NTP_EPOCH = 2208988800  # 1970 in seconds since 1900


@dataclass(frozen=True)
class Message:
    """One OSC message and the time it is meant for (seconds since 1970; 0.0 for at once)."""

    address: str
    arguments: tuple
    due: float = 0.0


def parse(packet: bytes) -> list[Message]:
    """The messages in a packet, in order. Raises MusicRFMError if any part is malformed."""
    try:
        return list(_parse(packet, 0.0, 0))
    except (ParseError, osc_types.ParseError, ValueError, OverflowError, struct.error) as error:
        if isinstance(error, MusicRFMError):
            raise
        raise MusicRFMError(f"not an OSC packet: {error}") from None


def _parse(packet: bytes, due: float, depth: int) -> Iterator[Message]:
    if packet.startswith(b"#bundle\0"):
        if depth >= MAX_NESTING:
            raise MusicRFMError(f"bundles nest deeper than {MAX_NESTING}")
        if len(packet) < 16:
            raise MusicRFMError("a bundle ends before its time tag")
        seconds, fraction = struct.unpack_from(">II", packet, 8)
        at_once = (seconds, fraction) == (0, 1)
        due = due if at_once else max(due, seconds - NTP_EPOCH + fraction / 2**32)
        position = 16
        while position < len(packet):
            if position + 4 > len(packet):
                raise MusicRFMError("a bundle ends inside an element's size")
            (size,) = struct.unpack_from(">i", packet, position)
            position += 4
            if size <= 0 or size % 4 or position + size > len(packet):
                raise MusicRFMError(f"a bundle element says it has {size} bytes")
            yield from _parse(packet[position : position + size], due, depth + 1)
            position += size
    elif packet.startswith(b"/"):
        address, after = osc_types.get_string(packet, 0)
        if after < len(packet):
            tags, _ = osc_types.get_string(packet, after)
            unknown = set(tags[1:]) - KNOWN_TAGS
            if unknown:
                raise MusicRFMError(f"{address} has an argument of unknown type {min(unknown)!r}")
        yield Message(address, tuple(OscMessage(packet).params), due)
    else:
        raise MusicRFMError("not an OSC packet: it begins neither with '/' nor with '#bundle'")


def build(address: str, *arguments: object) -> bytes:
    """One message as a packet; numbers and texts take their natural OSC types."""
    builder = OscMessageBuilder(address)
    for argument in arguments:
        builder.add_arg(argument, "f" if isinstance(argument, float) else None)
    return builder.build().dgram


def is_pattern(address: str) -> bool:
    return not PATTERN_CHARACTERS.isdisjoint(address)


def match(pattern: str, addresses: Iterator[str] | list[str]) -> list[str]:
    """The addresses an OSC 1.0 pattern stands for: `?`, `*`, `[a-c]`, `[!a]` and `{one,two}`.

    A pattern's parts match an address's parts one by one; nothing matches across a `/`. Takes time
    proportional to the pattern's length, whatever the pattern. Raises MusicRFMError if a bracket is
    not closed.
    """
    wanted = [_tokens(part, pattern) for part in pattern.split("/")]
    found = []
    for address in addresses:
        parts = address.split("/")
        if len(parts) == len(wanted) and all(map(_fits, wanted, parts)):
            found.append(address)
    return found


# A token is a set of texts to choose from, a (set of characters, wanted) pair, or ANY.
_ANY = object()


def _tokens(part: str, pattern: str) -> list:
    tokens: list = []
    position = 0
    while position < len(part):
        character = part[position]
        if character == "*":
            tokens.append(_ANY)
        elif character == "?":
            tokens.append((frozenset(), False))
        elif character in "[{":
            end = part.find("]" if character == "[" else "}", position + 1)
            if end < 0:
                raise MusicRFMError(f"the pattern {pattern!r} has an unclosed {character!r}")
            inside = part[position + 1 : end]
            if character == "{":
                tokens.append(frozenset(inside.split(",")))
            else:
                wanted = not inside.startswith("!")
                tokens.append((_characters(inside if wanted else inside[1:]), wanted))
            position = end
        else:
            tokens.append(frozenset(character))
        position += 1
    return tokens


def _characters(inside: str) -> frozenset[str]:
    characters = set()
    position = 0
    while position < len(inside):
        if position + 2 < len(inside) and inside[position + 1] == "-":
            first, last = sorted((ord(inside[position]), ord(inside[position + 2])))
            # OSC is ASCII; a wider range is cut so that a packet cannot ask for a huge set.
            characters.update(map(chr, range(first, min(last, first + 127) + 1)))
            position += 3
        else:
            characters.add(inside[position])
            position += 1
    return frozenset(characters)


def _fits(tokens: list, text: str) -> bool:
    """Walk all ways to match at once, so that no pattern makes it backtrack."""
    reached = {0}
    for token in tokens:
        if token is _ANY:
            reached = set(range(min(reached), len(text) + 1))
        elif isinstance(token, tuple):
            characters, wanted = token
            reached = {
                at + 1 for at in reached if at < len(text) and (text[at] in characters) == wanted
            }
        else:
            reached = {at + len(one) for at in reached for one in token if text.startswith(one, at)}
        if not reached:
            return False
    return len(text) in reached


@dataclass(frozen=True)
class Client:
    """Who sent a message, as the source of a change: its socket address, and where it listens."""

    address: tuple
    told_at: tuple | None = None


def _place(client: Client, port: int | None) -> tuple:
    host, own_port, *rest = client.address
    return (host, own_port if port is None else port, *rest)


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
            self._socket.bind(place)
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
        self._reply_ports: dict[tuple, int] = {}
        self._refused = ("", 0.0)
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="osc", daemon=True)

    def start(self, controls: Controls, meters: Meters | None = None) -> None:
        self._controls = controls
        self._subscriptions = Subscriptions(controls, self._send)
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
        try:
            messages = parse(packet)
        except MusicRFMError as error:
            self._refuse(str(error), client)
            return
        now = time.time()
        for message in messages:
            if message.due <= now:
                self._obey(message, client)
            elif message.due > now + MAX_AHEAD:
                self._refuse(
                    f"{message.address} is meant for {message.due - now:.0f} s from now, more than "
                    f"{MAX_AHEAD:.0f}: do the two clocks agree?",
                    client,
                )
            elif len(self._waiting) >= MAX_WAITING:
                self._refuse(f"{MAX_WAITING} messages are already waiting for their time", client)
            else:
                heapq.heappush(self._waiting, (message.due, next(self._order), message, client))

    def _obey(self, message: Message, client: Client) -> None:
        try:
            self._dispatch(message, client)
        except MusicRFMError as error:
            self._refuse(str(error), client)
        except Exception as error:
            log.exception("OSC %s failed", message.address)
            self._refuse(f"{message.address} failed: {error}", client)

    def _dispatch(self, message: Message, client: Client) -> None:
        address, arguments = message.address, message.arguments
        if address in REPLIES:
            return
        if address == "/ping":
            self._reply(client, "/pong")
        elif address == "/get":
            self._get(arguments, client)
        elif address == "/list":
            self._list(arguments, client)
        elif address == "/subscribe":
            self._subscribe(arguments, client)
        elif address == "/unsubscribe":
            self._unsubscribe(arguments, client)
        elif address == "/reply_port":
            self._set_reply_port(arguments, client)
        else:
            for parameter in self._addressed(address):
                self._set(parameter, arguments, client)

    def _addressed(self, address: str) -> list[str]:
        """The parameters that an address or pattern means."""
        if not is_pattern(address):
            return [address]
        found = match(address, list(self._controls.parameters))
        if not found:
            raise MusicRFMError(f"nothing matches the pattern {address!r}")
        return found

    def _set(self, address: str, arguments: tuple, client: Client) -> None:
        address = canonical_address(address)
        parameter = self._controls.parameters.get(address)
        trigger = parameter is not None and parameter.type == "trigger"
        if trigger:
            # Buttons send 1 when pressed and 0 when let go.
            if not arguments or arguments[0] or arguments[0] is None:
                self._controls.set(address, None, client)
            return
        if parameter is not None and len(parameter.type) > 1:
            self._controls.set(address, arguments, client)
            return
        if len(arguments) != 1:
            # An unknown address is the better thing to say, if it is that.
            self._controls.get(address)
            raise MusicRFMError(f"{address} takes one value, not {len(arguments)}")
        kept = self._controls.set(address, arguments[0], client)
        if parameter is not None and parameter.event:
            return
        if kept != arguments[0] and client.told_at in self._subscriptions:
            self._send(client.told_at, address, kept)  # it stands elsewhere than the sender thinks

    def _get(self, arguments: tuple, client: Client) -> None:
        if len(arguments) != 1 or not isinstance(arguments[0], str):
            raise MusicRFMError("/get takes one address, as a text")
        parameters = [self._controls.parameter(a) for a in self._addressed(arguments[0])]
        valued = [parameter for parameter in parameters if not parameter.event]
        if not valued:
            raise MusicRFMError(f"{arguments[0]} has no value to get")
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
        return int(port)

    def _set_reply_port(self, arguments: tuple, client: Client) -> None:
        """Max and TouchOSC listen on another port than they send from."""
        if len(arguments) != 1:
            raise MusicRFMError("/reply_port takes one port number, 1 to 65535")
        port = self._port(arguments, client, "/reply_port")
        if client.address not in self._reply_ports and len(self._reply_ports) >= MAX_CLIENTS:
            self._reply_ports.pop(next(iter(self._reply_ports)))
        self._reply_ports[client.address] = port

    def _refuse(self, reason: str, client: Client) -> None:
        reason = reason if len(reason) <= MAX_REASON else reason[:MAX_REASON] + "…"
        # A wrongly patched fader says the same many times a second; the log needs it once.
        now = time.monotonic()
        if reason != self._refused[0] or now - self._refused[1] > REPEAT_SECONDS:
            log.warning("OSC: %s", reason)
            self._refused = (reason, now)
        self._reply(client, "/error", reason)

    def _tell(self, reason: str, source: object) -> None:
        """An error the engine found later goes back to the client that set the value."""
        if isinstance(source, Client):
            self._reply(source, "/error", reason)

    def _reply(self, client: Client, address: str, *arguments: object) -> None:
        self._send(_place(client, self._reply_ports.get(client.address)), address, *arguments)

    def _send(self, place: tuple, address: str, *arguments: object) -> None:
        try:
            self._socket.sendto(build(address, *arguments), place)
        except (OSError, ValueError, BuildError) as error:
            log.debug("no reply to %s: %s", place, error)

    def _run(self) -> None:
        while not self._closed:
            while self._waiting and self._waiting[0][0] <= time.time():
                _, _, message, client = heapq.heappop(self._waiting)
                self._obey(message, client)
            wait = self._waiting[0][0] - time.time() if self._waiting else 1.0
            try:
                self._socket.settimeout(min(max(wait, 0.001), 1.0))
                packet, sender = self._socket.recvfrom(65535)
            except TimeoutError:
                continue
            except OSError as error:
                # Windows reports here that an earlier reply found nobody.
                if not self._closed:
                    log.debug("OSC receive: %s", error)
                continue
            if not self._closed:
                self._subscriptions.heard_from(sender[0])
                self.handle(packet, self._client(sender))

    def _client(self, sender: tuple) -> Client:
        """Who sent it, and, where a subscriber of the same host is told elsewhere, where."""
        port = self._reply_ports.get(sender)
        return Client(sender, sender if port is None else (sender[0], port, *sender[2:]))

    def _wake(self) -> None:
        """Send ourselves nothing, so that the thread sees that it is over."""
        try:
            place = self._socket.getsockname()
            host = "127.0.0.1" if place[0] == "0.0.0.0" else place[0]
            self._socket.sendto(b"", (host, *place[1:]))
        except OSError as error:
            log.debug("OSC wake-up: %s", error)
