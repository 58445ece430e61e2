"""Subscribers hear every change but their own, from whatever source, and the meters."""

from __future__ import annotations

import math
import time

import pytest

from bridge.meters import Reading
from bridge.osc_packet import build
from bridge.subscriptions import MAX_SUBSCRIBERS, Subscriptions
from tests.bridge.test_osc import Peer


class Still:
    """Meters that stand still."""

    def read(self) -> Reading:
        return Reading(level=-12.5, tempo=120.0, chroma=(1.0, *[0.0] * 11), underruns=3)


@pytest.fixture
def peer():
    peer = Peer()
    yield peer
    peer.server.close()
    peer.socket.close()


def until(peer: Peer, address: str) -> tuple:
    """The next message to this address; the rest is passed over."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        message = peer.hear()
        if message[0] == address:
            return message
    raise AssertionError(f"{address} never came")


def test_changes_from_anywhere_are_told(peer: Peer) -> None:
    peer.send(build("/subscribe"))
    peer.settle()
    peer.controls.set("/steer/note_C", 0.5, "midi")
    assert until(peer, "/steer/note_C")[1] == pytest.approx(0.5)
    peer.controls.set("/prompt", "a waltz", "web")
    assert until(peer, "/prompt") == ("/prompt", "a waltz")
    peer.controls.set("/panic")  # which turns everything off without saying what
    assert until(peer, "/steer/note_C") == ("/steer/note_C", 0.0)


def test_nobody_hears_an_echo(peer: Peer) -> None:
    peer.send(build("/subscribe"))
    peer.settle()
    peer.send(build("/steer/note_C", 0.25))
    peer.send(build("/steer/note_D", 9.0))  # clamped, so the sender stands elsewhere than it thinks
    peer.controls.set("/gain", -3.0, "web")
    heard = [peer.hear() for _ in range(1)]
    while heard[-1][0] != "/gain":
        heard.append(peer.hear())
    assert "/steer/note_C" not in {message[0] for message in heard}
    told = [m for m in heard if m[0] == "/steer/note_D"]
    told = told or [until(peer, "/steer/note_D")]
    assert told == [("/steer/note_D", 2.0)]


def test_meters_are_told(peer: Peer) -> None:
    peer.server._subscriptions.meters = Still()
    peer.send(build("/subscribe"))
    assert until(peer, "/meter/level") == ("/meter/level", -12.5)
    assert until(peer, "/meter/tempo") == ("/meter/tempo", 120.0)
    assert until(peer, "/meter/underruns") == ("/meter/underruns", 3)
    assert until(peer, "/meter/chroma")[1:] == (1.0, *[0.0] * 11)


def test_another_port_and_the_end(peer: Peer) -> None:
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
        assert "had subscribed" in until(peer, "/error")[1]
    finally:
        other.server.close()
        other.socket.close()


@pytest.mark.parametrize(
    "arguments",
    [("x",), (0,), (70000,), (9001, "fast"), (9001, 0.0), (9001, math.inf), (9001, 20, 1)],
)
def test_what_is_no_subscription(peer: Peer, arguments: tuple) -> None:
    peer.send(build("/subscribe", *arguments))
    assert peer.hear()[1].startswith("/subscribe takes")
    assert len(peer.server._subscriptions) == 0


def test_everything_is_listed(peer: Peer) -> None:
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


def test_who_is_silent_for_long_is_told_no_more(peer: Peer, monkeypatch) -> None:
    clock = Clock()
    monkeypatch.setattr("bridge.subscriptions.time", clock)
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


def test_there_can_only_be_so_many(peer: Peer) -> None:
    subscriptions = Subscriptions(peer.controls, lambda *message: None)
    for port in range(MAX_SUBSCRIBERS + 5):
        subscriptions.add(("here", port))
    assert len(subscriptions) == MAX_SUBSCRIBERS
    assert subscriptions.remove(("here", MAX_SUBSCRIBERS + 4))
