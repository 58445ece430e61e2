"""OSC over TCP: both framings beside OSCQuery on one port, and badly behaved clients."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import struct
import subprocess
import time
from collections.abc import Iterator

import pytest
from pythonosc.osc_message import OscMessage
from pythonosc.tcp_client import SimpleTCPClient

from bridge.controls.controls import Controls, namespace
from bridge.network.hosts import network
from bridge.osc.framing import Lengths, Slip
from bridge.osc.packets import build
from bridge.osc.port import OFF, offer, open_port
from musicrfm.errors import MusicRFMError
from tests.bridge.osc.test_server import bundle, time_tag

FRAMINGS = pytest.mark.parametrize("framing", [Slip, Lengths])


class Stage:
    """A bridge's OSC port, and its controls."""

    def __init__(self, tcp: int | str = "same") -> None:
        self.controls = Controls(namespace(["note_C", "note_G"]), {"/prompt": "piano"})
        self.osc, self.bound = open_port("127.0.0.1", 0, tcp)
        self.port = self.bound.getsockname()[1]
        self.osc.start(self.controls)
        self._offered = offer(self.controls, None, self.osc, self.bound, tcp)

    def close(self) -> None:
        self._offered.close()
        self.osc.close()

    def udp(self, packet: bytes) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.sendto(packet, ("127.0.0.1", self.osc.port))

    def until(self, address: str, value: object) -> None:
        end = time.monotonic() + 20
        while self.controls.get(address) != value:
            assert time.monotonic() < end, f"{address} is {self.controls.get(address)}"
            time.sleep(0.005)


class Client:
    """A TCP connection that speaks one framing."""

    def __init__(self, stage: Stage, framing: type[Slip | Lengths]) -> None:
        self.socket = socket.create_connection(("127.0.0.1", stage.port), 20)
        self.framing = framing()

    def send(self, address: str, *arguments: object) -> None:
        self.socket.sendall(self.framing.wrap(build(address, *arguments)))

    def hear(self) -> tuple:
        while (packet := self.framing.take()) is None:
            data = self.socket.recv(4096)
            assert data, "the connection has ended"
            self.framing.add(data)
        message = OscMessage(packet)
        return message.address, *message.params

    def hear_the_end(self) -> list[tuple]:
        """All messages until the server closes the connection."""
        heard = []
        while True:
            try:
                heard.append(self.hear())
            except (AssertionError, ConnectionResetError):
                return heard

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    stage = Stage()
    yield stage
    stage.close()


@FRAMINGS
def test_tcp_message_is_obeyed_and_answered_on_its_connection(stage, framing):
    with Client(stage, framing) as one, Client(stage, framing) as other:
        one.send("/gain", -3.0)
        one.send("/get", "/gain")
        other.send("/nonsense", 1)
        one.send("/ping")
        assert [one.hear(), one.hear()] == [("/gain", -3.0), ("/pong",)]
        address, reason = other.hear()
        assert address == "/error" and "unknown address '/nonsense'" in reason


@pytest.mark.parametrize("mode", ["1.0", "1.1"])
def test_python_osc_client_works_over_tcp(stage, mode):
    client = SimpleTCPClient("127.0.0.1", stage.port, mode=mode, timeout=20)
    with client:
        stage.controls.set("/top_k", 5)
        client.send_message("/gain", -4.0)
        client.send_message("/get", "/top_k")
        message = next(client.get_messages(20))
        assert (message.address, message.params) == ("/top_k", [5])
    assert stage.controls.get("/gain") == -4.0


@pytest.mark.needs("oscsend")
def test_liblo_client_works_over_tcp(stage):
    stage.controls.set("/gain", 0.0)
    url = f"osc.tcp://127.0.0.1:{stage.port}"
    subprocess.run(["oscsend", url, "/gain", "f", "-7"], check=True, timeout=20)
    stage.until("/gain", -7.0)


def test_tcp_packets_are_read_from_any_pieces(stage):
    with Client(stage, Slip) as client:
        for byte in Slip.wrap(build("/top_k", 192)) + Slip.wrap(build("/get", "/top_k")):
            client.socket.sendall(bytes([byte]))
        assert client.hear() == ("/top_k", 192)
    with Client(stage, Lengths) as client:
        many = b"".join(Lengths.wrap(build("/top_k", n)) for n in range(1, 2000))
        client.socket.sendall(many + Lengths.wrap(build("/get", "/top_k")))
        assert client.hear() == ("/top_k", 1999)


def test_earlier_udp_packet_is_applied_before_a_tcp_one(stage):
    for number in range(50):
        stage.udp(build("/gain", -50.0))
        with Client(stage, Slip) as client:
            client.send("/gain", -float(number))
            client.send("/get", "/gain")
            assert client.hear() == ("/gain", -float(number))


def test_a_bundle_waits_for_its_time(stage):
    stage.controls.set("/top_k", 1)
    with Client(stage, Slip) as client:
        due = time.time() + 0.3
        client.socket.sendall(Slip.wrap(bundle(build("/top_k", 9), at=time_tag(due))))
        client.send("/get", "/top_k")
        assert client.hear() == ("/top_k", 1)
        stage.until("/top_k", 9)
        assert due - 0.01 < time.time() < due + 5


@FRAMINGS
def test_tcp_subscription_uses_its_connection_and_ends_with_it(stage, framing):
    with Client(stage, framing) as client:
        client.send("/subscribe", 9, 60)  # the port does not count
        client.send("/ping")
        assert client.hear() == ("/pong",)
        stage.controls.set("/guidance", 4.0)
        assert client.hear() == ("/guidance", 4.0)
        client.send("/guidance", 5.0)  # no echo
        client.send("/guidance", 99.0)  # clamped
        assert client.hear() == ("/guidance", 10.0)
        assert len(stage.osc._subscriptions) == 1
    end = time.monotonic() + 20
    while len(stage.osc._subscriptions):
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.slow
def test_client_that_does_not_read_is_dropped_and_delays_no_other(stage, caplog):
    with Client(stage, Lengths) as deaf, Client(stage, Slip) as other:
        deaf.socket.settimeout(0.2)
        ask = Lengths.wrap(build("/list")) * 20
        with pytest.raises(OSError):  # the send buffer fills, or the connection is closed
            while True:
                deaf.socket.sendall(ask)
        began = time.monotonic()
        other.send("/ping")
        assert other.hear() == ("/pong",)
        assert time.monotonic() - began < 5
        end = time.monotonic() + 20
        while "does not read its data" not in caplog.text:
            assert time.monotonic() < end
            time.sleep(0.01)


def test_incomplete_packet_times_out_and_delays_no_other_client(stage, monkeypatch):
    monkeypatch.setattr("bridge.osc.tcp.PATIENCE", 0.2)
    with Client(stage, Slip) as half, Client(stage, Slip) as other:
        half.socket.sendall(build("/gain", -9.0))  # raw, without SLIP's mark behind it
        other.send("/ping")
        assert other.hear() == ("/pong",)
        ((address, reason),) = half.hear_the_end()
        assert address == "/error" and "SLIP framing or a length prefix" in reason
        assert stage.controls.get("/gain") != -9.0


@pytest.mark.parametrize(
    ("framing", "data", "reason"),
    [
        (Lengths, struct.pack(">I", 100_000), "100000 bytes"),
        (Slip, b"/" * 140_000, "end mark"),
    ],
)
def test_oversized_packet_ends_the_connection(stage, framing, data, reason):
    with Client(stage, framing) as client:
        client.send("/top_k", 77)
        client.socket.sendall(data)
        heard = client.hear_the_end()
        assert heard == [] or reason in heard[-1][1]
        stage.until("/top_k", 77)


def test_damaged_packet_does_not_affect_the_next(stage):
    with Client(stage, Slip) as client:
        client.socket.sendall(Slip.wrap(b"/gain\0\0\0,f\0\0") + Slip.wrap(b"#junk"))
        client.send("/ping")
        heard = [client.hear() for _ in range(3)]
        assert [one[0] for one in heard] == ["/error", "/error", "/pong"]


def test_http_is_answered_on_the_same_port(stage):
    connection = http.client.HTTPConnection("127.0.0.1", stage.port, timeout=20)
    connection.request("GET", "/gain?TYPE")
    assert json.loads(connection.getresponse().read()) == {"TYPE": "f"}


def closed(connection: socket.socket) -> bool:
    connection.settimeout(20)
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


def test_connection_with_neither_osc_nor_http_is_closed(stage, caplog):
    with socket.create_connection(("127.0.0.1", stage.port), 20) as tls:
        tls.sendall(b"\x16\x03\x01")
        assert closed(tls)
    assert "its data is neither OSC nor HTTP" in caplog.text


def test_slow_http_request_times_out(stage, monkeypatch):
    monkeypatch.setattr("bridge.osc.door.REQUEST_SECONDS", 0.2)
    with socket.create_connection(("127.0.0.1", stage.port), 20) as slow:
        slow.sendall(b"GET /")
        assert closed(slow)


def test_silent_connections_make_room_for_active_ones(stage, monkeypatch, caplog):
    monkeypatch.setattr("bridge.osc.door.MAX_CONNECTIONS", 5)
    silent = [socket.create_connection(("127.0.0.1", stage.port), 20) for _ in range(12)]
    with Client(stage, Slip) as client:
        client.send("/ping")
        assert client.hear() == ("/pong",)
        assert closed(silent[0]) and closed(silent[6])
    others = []
    for _ in range(5):  # each speaks before the next one comes, for which a silent one goes
        others.append(Client(stage, Lengths))
        others[-1].send("/ping")
        assert others[-1].hear() == ("/pong",)
    with Client(stage, Slip) as client:
        assert closed(client.socket)
        assert "all 5 connections are in use" in caplog.text
    for one in (*silent, *[other.socket for other in others]):
        one.close()


def test_tcp_port_can_differ_or_be_off():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        number = free.getsockname()[1]
    stage = Stage(number)
    try:
        assert stage.port == number != stage.osc.port
        with Client(stage, Slip) as client:
            client.send("/ping")
            assert client.hear() == ("/pong",)
        with pytest.raises(MusicRFMError, match=f":{number} .*--osc-tcp"):
            open_port("127.0.0.1", 0, number)
    finally:
        stage.close()
    stage = Stage(OFF)
    try:
        assert stage.port == stage.osc.port
        with Client(stage, Slip) as client:
            client.send("/ping")
            assert closed(client.socket)
        test_http_is_answered_on_the_same_port(stage)
    finally:
        stage.close()


def test_taken_tcp_port_is_only_a_warning(caplog):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1]
        osc, bound = open_port("127.0.0.1", number)
        osc.close()
        assert bound is None and f"TCP port {number} is not available" in caplog.text


@pytest.mark.needs("ipv6")
def test_dual_stack_port_accepts_ipv4_and_ipv6():
    osc, bound = open_port("::", 0)
    bound.settimeout(20)
    with osc._socket, bound:
        for host in ("127.0.0.1", "::1"):
            socket.create_connection((host, osc.port), 20).close()
            bound.accept()[0].close()


@pytest.mark.parametrize("host, announced", [("127.0.0.1", 0), ("0.0.0.0", 1)])
def test_port_is_announced_only_beyond_loopback(host, announced, monkeypatch):
    made = []

    class Noted:
        def __init__(self, host: str, ports: dict[str, int]) -> None:
            made.append((host, set(ports)))

        def close(self) -> None:
            pass

    monkeypatch.setattr("bridge.osc.port.Announcement", Noted)
    osc, bound = open_port(host, 0)
    controls = Controls(namespace([]))
    osc.start(controls)
    offer(controls, None, osc, bound).close()
    osc.close()
    assert made == [(host, {"_osc._udp", "_osc._tcp", "_oscjson._tcp"})] * announced


@pytest.mark.parametrize(
    "said",
    [
        Slip().wrap(build("/ping")),
        Lengths().wrap(build("/ping")),
        b"GET /?HOST_INFO HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    ],
    ids=["slip", "lengths", "OSCQuery"],
)
def test_tcp_connection_of_a_host_not_allowed_is_closed(stage, monkeypatch, said):
    def answer() -> bytes:
        client = socket.create_connection(("127.0.0.1", stage.port), 20)
        with client, contextlib.suppress(ConnectionError):
            client.sendall(said)
            return client.recv(4096)
        return b""

    assert answer()
    monkeypatch.setattr("bridge.network.hosts.is_here", lambda host: False)  # as if from elsewhere
    stage.osc._allow = (network("192.168.1.0/24"),)
    assert answer() == b""
    stage.osc._allow = (network("192.168.1.0/24"), network("127.0.0.1"))
    assert answer()
