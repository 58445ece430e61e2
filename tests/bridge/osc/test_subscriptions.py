"""Subscribers receive the meters and every change except their own."""

from __future__ import annotations

import math
import socket
import threading
import time

import pytest
from pythonosc.osc_message import OscMessage

from bridge.meters import Reading
from bridge.network.reply_ports import KEPT as KEPT_PORTS
from bridge.network.reply_ports import MAX_CLIENTS, ReplyPorts
from bridge.osc.packets import build
from bridge.osc.subscriptions import (
    HOST_BYTES,
    KEPT,
    MAX_A_HOST,
    MAX_SUBSCRIBERS,
    MAX_TOLD,
    Subscriptions,
)
from musicrfm.errors import MusicRFMError
from tests.bridge.osc.test_server import Peer, opened


class Still:
    """Meters with a constant reading."""

    def read(self) -> Reading:
        return Reading(level=-12.5, tempo=120.0, chroma=(1.0, *[0.0] * 11), underruns=3)


@pytest.fixture
def peer():
    peer = Peer()
    yield peer
    peer.server.close()
    peer.socket.close()


def until(peer: Peer, address: str) -> tuple:
    """The next message to this address; others are skipped."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        message = peer.hear()
        if message[0] == address:
            return message
    raise AssertionError(f"{address} never came")


def test_subscriber_receives_changes_from_every_source(peer: Peer) -> None:
    peer.send(build("/subscribe"))
    peer.settle()
    peer.controls.set("/steer/note_C", 0.5, "midi")
    assert until(peer, "/steer/note_C")[1] == pytest.approx(0.5)
    peer.controls.set("/prompt", "a waltz", "web")
    assert until(peer, "/prompt") == ("/prompt", "a waltz")
    peer.controls.set("/panic")  # resets controls without an event for each
    assert until(peer, "/steer/note_C") == ("/steer/note_C", 0.0)


def test_sender_receives_its_change_only_if_it_was_clamped(peer: Peer) -> None:
    peer.send(build("/subscribe"))
    peer.settle()
    peer.send(build("/steer/note_C", 0.25))
    peer.send(build("/steer/note_D", 9.0))  # clamped, so the sender shows another value
    peer.controls.set("/gain", -3.0, "web")
    heard = [peer.hear() for _ in range(1)]
    while heard[-1][0] != "/gain":
        heard.append(peer.hear())
    assert "/steer/note_C" not in {message[0] for message in heard}
    told = [m for m in heard if m[0] == "/steer/note_D"]
    told = told or [until(peer, "/steer/note_D")]
    assert told == [("/steer/note_D", 2.0)]


def test_subscriber_receives_the_meters(peer: Peer) -> None:
    peer.server._subscriptions.meters = Still()
    peer.send(build("/subscribe"))
    assert until(peer, "/meter/level") == ("/meter/level", -12.5)
    assert until(peer, "/meter/tempo") == ("/meter/tempo", 120.0)
    assert until(peer, "/meter/underruns") == ("/meter/underruns", 3)
    assert until(peer, "/meter/chroma")[1:] == (1.0, *[0.0] * 11)


def test_subscription_for_another_port_can_be_ended(peer: Peer) -> None:
    other = Peer()
    try:
        port = other.socket.getsockname()[1]
        peer.send(build("/subscribe", port, 60))
        peer.settle()
        peer.controls.set("/top_k", 5, "local")
        assert until(other, "/top_k") == ("/top_k", 5)
        peer.send(build("/unsubscribe", port))
        peer.settle()
        peer.controls.set("/top_k", 6, "local")
        assert len(peer.server._subscriptions) == 0
        peer.send(build("/unsubscribe", port))
        assert "has no subscription" in until(peer, "/error")[1]
    finally:
        other.server.close()
        other.socket.close()


@pytest.mark.parametrize(
    "arguments",
    [("x",), (0,), (70000,), (9001, "fast"), (9001, 0.0), (9001, math.inf), (9001, 20, 1)],
)
def test_invalid_subscription_is_refused(peer: Peer, arguments: tuple) -> None:
    peer.send(build("/subscribe", *arguments))
    assert peer.hear()[1].startswith("/subscribe takes")
    assert len(peer.server._subscriptions) == 0


def test_list_describes_every_parameter(peer: Peer) -> None:
    peer.send(build("/list"))
    heard = {message[1]: message for message in peer.settle()}
    assert set(heard) == set(peer.controls.parameters)
    address, kind, low, high, default, unit, text = heard["/steer/note_C"][1:]
    assert (kind, low, high, default, unit) == ("f", -2.0, 2.0, 0.0, "× useful range")
    assert address == "/steer/note_C" and "note_C" in text
    peer.send(build("/list", "/steer/note_*"))
    assert [m[1] for m in peer.settle()] == ["/steer/note_C", "/steer/note_Cs", "/steer/note_D"]
    peer.send(build("/list", 3))
    assert "/list takes" in peer.hear()[1]


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now


def test_subscription_of_a_silent_client_expires(peer: Peer, monkeypatch) -> None:
    clock = Clock()
    monkeypatch.setattr("bridge.osc.subscriptions.time", clock)
    told: list = []
    subscriptions = Subscriptions(peer.controls, lambda place, *message: told.append(place))
    subscriptions.add(("here", 1))
    subscriptions.add(("there", 2))
    clock.now = 50.0
    subscriptions.heard_from("here")
    clock.now = 70.0
    subscriptions.start()
    end = time.monotonic() + 20
    while len(subscriptions) > 1 and time.monotonic() < end:
        time.sleep(0.01)
    subscriptions.close()
    assert subscriptions.remove(("here", 1)) and not subscriptions.remove(("there", 2))


def quiet(peer: Peer) -> Subscriptions:
    return Subscriptions(peer.controls, lambda place, packet: None)


def test_subscriptions_per_host_are_limited(peer: Peer) -> None:
    subscriptions = quiet(peer)
    for port in range(1, MAX_A_HOST + 1):
        subscriptions.add(("10.0.0.1", port))
    with pytest.raises(MusicRFMError, match=r"10\.0\.0\.1 has 4 subscriptions .*1, 2, 3, 4"):
        subscriptions.add(("10.0.0.1", 9))
    subscriptions.add(("10.0.0.1", 4), 60)  # which it has already
    subscriptions.add(("10.0.0.2", 9))
    assert subscriptions.remove(("10.0.0.1", 1))
    subscriptions.add(("10.0.0.1", 9))


def test_full_table_keeps_its_subscribers_and_reserves_places_for_this_machine(peer: Peer) -> None:
    subscriptions = quiet(peer)
    subscriptions.add(("10.9.9.9", 1))
    for host in range(MAX_SUBSCRIBERS - KEPT - 1):
        subscriptions.add((f"10.0.0.{host}", 1))
    with pytest.raises(MusicRFMError, match="all 64 subscriptions are in use"):
        subscriptions.add(("10.8.8.8", 1))
    assert ("10.9.9.9", 1) in subscriptions
    for port in range(KEPT):
        subscriptions.add((f"127.0.0.{1 + port // MAX_A_HOST}", port))
    with pytest.raises(MusicRFMError, match="all 64 subscriptions are in use"):
        subscriptions.add(("127.0.0.9", 9))


def test_each_tick_sends_one_packet_and_the_rest_follows(peer: Peer) -> None:
    packets: list[bytes] = []
    subscriptions = Subscriptions(peer.controls, lambda place, packet: packets.append(packet))
    subscriptions.meters = Still()
    subscriptions.add(("10.0.0.1", 1))
    one = subscriptions._subscribers["10.0.0.1", 1]
    for parameter in peer.controls.parameters.values():
        if parameter.type == "f" and not parameter.event:
            peer.controls.set(parameter.address, parameter.high or 1.0, "web")
    peer.controls.set("/prompt", "a " * 900 + "waltz", "web")
    now = peer.controls.snapshot().values
    wanted = {address for address, value in now.items() if one.known[address] != value}
    assert len(wanted) > 10
    told: list[str] = []
    for tick in range(1, 9):
        subscriptions._tell(one, one.due + tick)
        assert len(packets) == tick
        assert len(packets[-1]) <= MAX_TOLD or b"waltz" in packets[-1]
        told += [OscMessage(message).address for message in opened(packets[-1])]
    changes = [address for address in told if not address.startswith(("/meter", "/tempo/mea"))]
    assert sorted(changes) == sorted(wanted)
    assert opened(packets[-1])[-1].startswith(b"/meter/chroma")


def test_bytes_per_host_are_limited_and_the_newest_value_follows(peer: Peer) -> None:
    sizes: list[int] = []
    subscriptions = Subscriptions(peer.controls, lambda place, packet: sizes.append(len(packet)))
    subscriptions.meters = Still()
    for port in range(MAX_A_HOST):
        subscriptions.add(("10.0.0.1", port), 60)
    start = time.monotonic()
    for tick in range(600):  # ten seconds
        peer.controls.set("/gain", -float(tick % 40), "web")
        for one in list(subscriptions._subscribers.values()):
            subscriptions._tell(one, start + tick / 60)
    assert 0.9 * 10 * HOST_BYTES < sum(sizes) < 1.2 * 11 * HOST_BYTES
    peer.controls.set("/gain", -7.5, "web")
    subscriptions._tell(one, start + 20)
    assert one.known["/gain"] == -7.5


def test_bridge_never_subscribes_or_replies_to_its_own_port(peer: Peer) -> None:
    own = peer.server.port
    for question in ("/subscribe", "/reply_port"):
        peer.send(build(question, own))
        assert f"{own} is the bridge's own port" in peer.hear()[1]
    assert len(peer.server._subscriptions) == 0
    # Forged, it would come from there.
    peer.server._socket.sendto(build("/subscribe"), ("127.0.0.1", own))
    peer.server._socket.sendto(build("/gain", -9.0), ("127.0.0.1", own))
    peer.settle()
    assert len(peer.server._subscriptions) == 0 and peer.controls.get("/gain") != -9.0


@pytest.mark.needs("linux")  # other systems do not report a closed port
def test_subscription_of_a_closed_port_ends(peer: Peer) -> None:
    port = closed_port()
    peer.send(build("/subscribe", port, 60))
    peer.send(build("/subscribe", 60))
    peer.settle()
    peer.controls.set("/gain", -3.0, "web")
    end = time.monotonic() + 20
    while ("127.0.0.1", port) in peer.server._subscriptions:
        assert time.monotonic() < end
        time.sleep(0.01)
    assert peer.tell("/ping") == [("/pong",)]


@pytest.mark.needs("linux")
def test_report_of_a_closed_port_is_read_although_sending_met_the_error(peer: Peer) -> None:
    place = ("127.0.0.1", closed_port())
    peer.server._subscriptions.add(place)
    receive, reached = peer.server._receive, threading.Event()

    def answer_first() -> None:
        """Send twice before receiving, as an answer does that follows a lost packet."""
        if not reached.is_set():
            peer.server._socket.sendto(b"lost", place)
            peer.server._send(peer.socket.getsockname(), build("/pong"))
            reached.set()
        receive()

    peer.server._receive = answer_first
    peer.server._wake()
    assert peer.hear() == ("/pong",)
    end = time.monotonic() + 20
    while place in peer.server._subscriptions:
        assert time.monotonic() < end
        time.sleep(0.01)
    assert peer.tell("/ping") == [("/pong",)]
    rounds = []
    peer.server._receive = lambda: rounds.append(receive())
    peer.server._wake()
    time.sleep(0.5)
    assert len(rounds) < 50  # it waits again, and does not spin


def closed_port() -> int:
    """A UDP port of this machine at which nothing listens any more."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as gone:
        gone.bind(("127.0.0.1", 0))
        return gone.getsockname()[1]


def test_reply_ports_are_limited_and_active_ones_kept(monkeypatch) -> None:
    clock = Clock()
    monkeypatch.setattr("bridge.network.reply_ports.time", clock)
    ports = ReplyPorts()
    ports.add(("10.9.9.9", 1), 9001)
    for number in range(MAX_CLIENTS - KEPT_PORTS - 1):
        ports.add((f"10.0.{number}.1", 1), 9001)
    with pytest.raises(MusicRFMError, match="listen on your sending port"):
        ports.add(("10.8.8.8", 1), 9001)
    assert ports.get(("10.9.9.9", 1)) == 9001 and ports.get(("10.8.8.8", 1)) is None
    for number in range(40):  # a program on this machine that is started again and again
        ports.add(("127.0.0.1", number), 9001)
    assert ports.get(("127.0.0.1", 39)) == 9001 and ports.get(("127.0.0.1", 0)) is None
    clock.now = 500.0
    ports.heard_from(("10.9.9.9", 1))
    clock.now = 700.0
    ports.add(("10.8.8.8", 1), 9002)  # in the place of one who was silent
    assert ports.get(("10.9.9.9", 1)) == 9001 and ports.get(("10.0.0.1", 1)) is None
