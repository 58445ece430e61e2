"""The OSC server: valid messages are obeyed, all others only get an `/error`."""

from __future__ import annotations

import contextlib
import itertools
import random
import re
import socket
import struct
import sys
import time
from collections import deque

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import OscMessageBuilder

from bridge.controls.controls import Controls, namespace
from bridge.engine import Engine
from bridge.network.hosts import network
from bridge.osc import complaints
from bridge.osc.packets import NTP_EPOCH, build
from bridge.osc.patterns import match
from bridge.osc.replies import ALL_AT_ONCE, HOST_AT_ONCE, HOST_BYTES, MAX_ANSWERED, Client
from bridge.osc.server import MAX_WAITING, OscServer
from bridge.osc.subscriptions import STREAM
from musicrfm.errors import MusicRFMError
from tests.bridge.tones import Collector, ToneStream
from tests.osc import parse

NAMES = ["note_C", "note_Cs", "note_D", "tempo"]
AT_ONCE = struct.pack(">II", 0, 1)


def bundle(*elements: bytes, at: bytes = AT_ONCE) -> bytes:
    return b"#bundle\0" + at + b"".join(struct.pack(">i", len(e)) + e for e in elements)


def time_tag(when: float) -> bytes:
    return struct.pack(">II", int(when) + NTP_EPOCH, int(when % 1 * 2**32))


def opened(packet: bytes) -> list[bytes]:
    """The messages of a packet."""
    if not packet.startswith(b"#bundle\0"):
        return [packet]
    found, at = [], 16
    while at < len(packet):
        size = int.from_bytes(packet[at : at + 4], "big")
        found.append(packet[at + 4 : at + 4 + size])
        at += 4 + size
    return found


class Peer:
    """A client with a UDP socket, and the server that it talks to."""

    def __init__(self) -> None:
        self.controls = Controls(namespace(NAMES), {"/prompt": "piano"})
        self.server = OscServer(port=0)
        self.server.start(self.controls)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        # So that an answer of 64 kB in hundreds of packets can wait until it is read.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(30.0)
        self._numbers = itertools.count()
        self._heard: deque[bytes] = deque()

    def send(self, packet: bytes) -> None:
        self.socket.sendto(packet, ("127.0.0.1", self.server.port))

    def hear(self) -> tuple:
        """The next message, from the next packet if necessary."""
        while not self._heard:
            self._heard.extend(opened(self.socket.recv(65535)))
        message = OscMessage(self._heard.popleft())
        return message.address, *message.params

    def settle(self) -> list[tuple]:
        """All messages received until the server has handled every packet sent so far."""
        self.send(build("/get", "/play"))
        heard = []
        while (message := self.hear()) != ("/play", 1):
            heard.append(message)
        return heard

    def tell(self, address: str, *arguments: object) -> list[tuple]:
        self.send(build(address, *arguments))
        return self.settle()

    def close(self) -> None:
        self.server.close()
        self.socket.close()


@pytest.fixture(scope="module")
def shared_peer():
    peer = Peer()
    yield peer
    peer.close()


@pytest.fixture
def peer():
    peer = Peer()
    yield peer
    peer.close()


def test_set_get_and_ping_messages_are_obeyed_and_answered(peer):
    assert peer.tell("/steer/note_C", 0.5) == []
    assert peer.tell("/get", "/steer/note_C") == [("/steer/note_C", 0.5)]
    assert peer.tell("/prompt", "organ") == []
    assert peer.tell("/get", "/prompt") == [("/prompt", "organ")]
    assert peer.tell("/ping") == [("/pong",)]
    assert peer.tell("/steer/note_Db", 1) == []
    assert peer.controls.get("/steer/note_Cs") == 1.0


def test_crossfade_is_set_by_one_message(peer):
    peer.tell("/steer/note_C", 0.5)
    assert peer.tell("/crossfade", "note_C", "note_Db", 2.5) == []
    assert peer.controls.get("/steer/note_C") == 0.0
    assert peer.tell("/get", "/steer/note_Cs") == [("/steer/note_Cs", 0.5)]
    assert peer.controls.snapshot().glides["/steer/note_Cs"] == 2.5
    ((address, reason),) = peer.tell("/crossfade", "note_C", "note_Db")
    assert address == "/error" and "two directions and seconds, such as note_C note_G 10" in reason
    ((address, reason),) = peer.tell("/get", "/crossfade")
    assert address == "/error" and "no value" in reason


@pytest.mark.parametrize("address", ["/steer/note_C/schedule", "/steer/*/schedule", "/*/*/sche*"])
def test_no_message_can_import_code(peer, address, tmp_path, monkeypatch):
    (tmp_path / "intruder.py").write_text("def f(step, base): return base\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    heard = peer.tell(address, "python:intruder:f")
    assert heard and all(one[0] == "/error" and "runs code" in one[1] for one in heard)
    assert "intruder" not in sys.modules
    assert peer.controls.get("/steer/note_C/schedule") == "constant"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from([p for p in namespace(NAMES) if p.type in ("f", "i") and p.address != "/play"]),
    st.floats(0, 1),
    st.sampled_from("fdi"),
)
def test_every_number_in_range_round_trips_in_any_osc_type(shared_peer, parameter, share, tag):
    value = parameter.low + share * (parameter.high - parameter.low)
    if tag == "i" or parameter.type == "i":
        value = round(value)
    value = min(max(value, parameter.low), parameter.high)
    builder = OscMessageBuilder(parameter.address)
    builder.add_arg(int(value) if tag == "i" else float(value), tag)
    shared_peer.send(builder.build().dgram)
    assert shared_peer.settle() == []
    single = struct.unpack(">f", struct.pack(">f", value))[0]
    heard = shared_peer.tell("/get", parameter.address)
    assert heard == [(parameter.address, pytest.approx(single, rel=1e-6, abs=1e-7))]


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=200))
def test_every_text_round_trips(shared_peer, text):
    assert shared_peer.tell("/prompt", text) == []
    assert shared_peer.tell("/get", "/prompt") == [("/prompt", text)]
    assert shared_peer.controls.get("/prompt") == text


@pytest.mark.parametrize(
    ("address", "arguments", "reason"),
    [
        ("/stear/note_C", (1.0,), "unknown address"),
        ("/stear/note_C", (), "unknown address"),
        ("/gain", ("loud",), "needs a number"),
        ("/gain", (), "takes one value, not 0"),
        ("/prompt", (1,), "needs a text"),
        ("/gain", (float("nan"),), "needs a number"),
        ("/get", (), "takes one address"),
        ("/get", ("/nothing",), "unknown address"),
        ("/get", ("/panic",), "no value"),
        ("/steer/[note", (1.0,), "unclosed"),
        ("/steer/x*", (1.0,), "nothing matches"),
        ("/reply_port", (0,), "port number"),
    ],
)
def test_impossible_message_is_answered_with_an_error(peer, address, arguments, reason):
    before = peer.controls.snapshot()
    ((what, text),) = peer.tell(address, *arguments)
    assert what == "/error" and reason in text
    assert peer.controls.snapshot() is before


@pytest.mark.parametrize(
    "packet",
    [
        b"",
        b"\0",
        b"gain",
        b"/gain",
        b"/gain\0\0\0,q\0\0",
        b"/gain\0\0\0,f\0\0" + b"\x7f\xf0\0\0",
        b"/gain\0\0\0f\0\0\0" + struct.pack(">f", 1.0),
        b"/pro\xff\xfe\0\0,s\0\0abc\0",
        b"#bundle\0",
        b"#bundle\0" + AT_ONCE + b"\0",
        b"#bundle\0" + AT_ONCE + struct.pack(">i", -4),
        b"#bundle\0" + AT_ONCE + struct.pack(">i", 0),
        b"#bundle\0" + AT_ONCE + struct.pack(">i", 400) + b"/a\0\0",
        b"#bundle\0" + AT_ONCE + struct.pack(">i", 3) + b"/a\0",
    ],
)
def test_malformed_packet_is_answered_with_an_error(peer, packet):
    before = peer.controls.snapshot()
    peer.send(packet)
    ((what, text),) = peer.settle()
    assert what == "/error" and text
    assert peer.controls.snapshot() is before


def test_nested_bundles_are_applied_in_order_up_to_a_depth(peer):
    inner = bundle(build("/gain", -3.0), build("/gain", -4.0))
    peer.send(bundle(build("/top_k", 5), inner, build("/temperature", 2.0)))
    assert peer.settle() == []
    values = peer.controls.snapshot().values
    assert (values["/gain"], values["/top_k"], values["/temperature"]) == (-4.0, 5, 2.0)
    deep = build("/gain", -9.0)
    for _ in range(2000):
        deep = bundle(deep)
    peer.send(deep)
    ((what, text),) = peer.settle()
    assert what == "/error" and "nest" in text
    assert peer.controls.get("/gain") == -4.0


def test_a_bundle_waits_for_its_time(peer):
    due = time.time() + 0.4
    peer.send(bundle(build("/gain", -7.0), at=time_tag(due)))
    peer.send(bundle(build("/top_k", 9), at=time_tag(time.time() - 5)))
    assert peer.settle() == []
    assert peer.controls.get("/gain") == 0.0
    assert peer.controls.get("/top_k") == 9
    while peer.controls.get("/gain") == 0.0 and time.time() < due + 5:
        time.sleep(0.01)
    assert peer.controls.get("/gain") == -7.0
    assert time.time() >= due - 0.01


def test_far_future_bundles_and_too_many_waiting_ones_are_refused(peer):
    peer.send(bundle(build("/gain", -7.0), at=time_tag(time.time() + 86400)))
    ((what, text),) = peer.settle()
    assert what == "/error" and "clocks" in text
    later = time_tag(time.time() + 30)
    messages = [build("/gain", -1.0)] * (MAX_WAITING + 1)
    peer.send(bundle(*messages, at=later))
    ((what, text),) = peer.settle()
    assert what == "/error" and "waiting" in text


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("/steer/note_C", ["note_C"]),
        ("/steer/note_?", ["note_C", "note_D"]),
        ("/steer/note_*", ["note_C", "note_Cs", "note_D"]),
        ("/steer/*", NAMES),
        ("/steer/{tempo,note_D}", ["note_D", "tempo"]),
        ("/steer/note_[C-D]*", ["note_C", "note_Cs", "note_D"]),
        ("/steer/note_[D-C]", ["note_C", "note_D"]),
        ("/steer/note_[!C]", ["note_D"]),
        ("/steer/*_C*", ["note_C", "note_Cs"]),
        ("/*/tempo", ["tempo"]),
        ("/steer/note_{C,Cs}", ["note_C", "note_Cs"]),
        ("/steer/{note_C,}s", ["note_Cs"]),
    ],
)
def test_address_patterns_match_as_in_osc(pattern, names):
    addresses = [f"/steer/{name}{part}" for name in NAMES for part in ("", "/inject", "/layers")]
    assert match(pattern, addresses) == [f"/steer/{name}" for name in names]


def test_pattern_sets_and_gets_every_match(peer):
    assert peer.tell("/steer/note_*", 0.25) == []
    assert peer.tell("/steer/*/inject", 0.5) == []
    assert peer.tell("/get", "/steer/note_C{,s}") == [
        ("/steer/note_C", 0.25),
        ("/steer/note_Cs", 0.25),
    ]
    assert peer.tell("/get", "/{panic,gain}") == [("/gain", 0.0)]
    assert peer.controls.get("/steer/tempo") == 0.0
    assert peer.controls.get("/steer/tempo/inject") == 0.5


def test_pathological_patterns_are_matched_or_refused_quickly():
    many = ["/" + "a" * 40 + str(number) for number in range(500)]
    slow = ("*a" * 2000, "{a,aa}" * 600, "*{,a}" * 800, "[!b-z]*" * 500, "[\0-\U0010ffff]" * 500)
    for pattern in (*slow, "*" * 60_000, "[" * 4000, "{a,b" * 1000, "{" + "a," * 2000 + "}"):
        began = time.thread_time()
        with contextlib.suppress(MusicRFMError):
            match("/" + pattern, many)
        assert time.thread_time() - began < 0.5, pattern[:20]
    assert match("/" + "*" * 60_000 + "7", many) == [one for one in many if one.endswith("7")]
    with pytest.raises(MusicRFMError, match="may have up to 4096 characters"):
        match("/" + "?" * 5000, many)


def test_large_packet_delays_no_other_client_and_its_answer_is_limited(peer):
    other = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    other.settimeout(30.0)
    # More than a control can be listed each 2 ms, but there is no waiting for all of it.
    peer.send(bundle(*[build("/list")] * 2000))
    began = time.monotonic()
    other.sendto(build("/ping"), ("127.0.0.1", peer.server.port))
    assert other.recv(100).startswith(b"/pong")
    assert time.monotonic() - began < 5.0
    other.close()
    heard = peer.settle()
    answers = [build(*message) for message in heard if message[0] == "/list"]
    assert len(answers) > 100 and sum(map(len, answers)) <= MAX_ANSWERED
    assert [m for m in heard if "limited to 64 kB" in str(m[1])] == [
        m for m in heard if m[0] != "/list"
    ]
    assert len(heard) == len(answers) + 1


def test_messages_of_one_sender_are_applied_in_order(peer):
    peer.send(bundle(*[build("/gain", -float(number % 40)) for number in range(2500)]))
    assert peer.tell("/gain", -7.0) == []
    assert peer.controls.get("/gain") == -7.0


def test_error_replies_to_a_flood_are_rate_limited(peer):
    peer.server._replies.complaints = complaints.Complaints()
    for number in range(600):
        peer.send(build(f"/nothing/{number % 50}", 1.0))
        if number % 20 == 19:
            peer.send(build("/gain", -float(number // 20)))
    heard = peer.settle()
    assert peer.controls.get("/gain") == -29.0
    assert complaints.AT_ONCE <= len(heard) <= complaints.AT_ONCE + 30
    assert {m[0] for m in heard} == {"/error"}
    time.sleep(1.1 / complaints.A_SECOND)
    (told,) = peer.tell("/nothing/1", 1.0)
    assert re.search(r"\((\d+) more errors were not reported", told[1])


@given(st.text(max_size=30), st.text(max_size=20))
def test_any_pattern_gives_matches_or_an_error(pattern, text):
    try:
        found = match("/" + pattern, ["/" + text, "/gain"])
    except MusicRFMError:
        return
    assert set(found) <= {"/" + text, "/gain"}


@given(st.text(st.characters(exclude_characters="?*[]{}/"), max_size=20))
def test_address_without_wildcards_matches_only_itself(text):
    assert match("/" + text, ["/" + text, "/" + text + "x"]) == ["/" + text]


def test_triggers_fire_on_press_not_on_release(peer):
    peer.controls.set("/steer/note_C", 1.0)
    peer.tell("/panic", 0)
    assert peer.controls.get("/steer/note_C") == 1.0
    for arguments in ((), (1,), (1.0,), (True,)):
        peer.controls.set("/steer/note_C", 1.0)
        assert peer.tell("/panic", *arguments) == []
        assert peer.controls.get("/steer/note_C") == 0.0


def test_replies_of_another_bridge_are_not_answered(peer):
    assert peer.tell("/error", "not for you") == []
    assert peer.tell("/pong") == []


def test_replies_can_go_to_another_port(peer):
    ear = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    ear.bind(("127.0.0.1", 0))
    ear.settimeout(30.0)
    peer.send(build("/reply_port", ear.getsockname()[1]))
    peer.send(build("/ping"))
    peer.send(build("/nonsense", 1))
    assert OscMessage(ear.recv(1000)).address == "/pong"
    assert OscMessage(ear.recv(1000)).address == "/error"
    ear.close()


def test_engine_errors_are_sent_to_the_sender(peer):
    peer.tell("/prompt", "bad")
    peer.controls.reject("/prompt", "piano", "bad", "that cannot be played")
    assert peer.hear() == ("/error", "that cannot be played")


def test_port_in_use_is_an_error_that_names_the_option(peer):
    with pytest.raises(MusicRFMError, match=f"{peer.server.port}.*--osc-port"):
        OscServer(port=peer.server.port)
    with pytest.raises(MusicRFMError, match="nowhere.invalid"):
        OscServer("nowhere.invalid", 0)


def packets() -> st.SearchStrategy[bytes]:
    """Random bytes, and packets that are valid at least in part."""
    address = st.sampled_from([p.address for p in namespace(NAMES)] + ["/get", "/ping", "/x", "/"])
    padded = address.map(lambda a: a.encode() + b"\0" * (4 - len(a) % 4))
    tags = st.text("ifshdbtTFN[]rmqSIc,", max_size=6).map(
        lambda t: ("," + t).encode() + b"\0" * (4 - (len(t) + 1) % 4)
    )
    message = st.tuples(padded, tags, st.binary(max_size=40)).map(b"".join)
    element = st.one_of(message, st.binary(max_size=40))
    stamps = st.one_of(st.just(AT_ONCE), st.binary(min_size=8, max_size=8))
    made = st.tuples(st.lists(element, max_size=4), stamps).map(
        lambda parts: bundle(*parts[0], at=parts[1])
    )
    sizes = st.integers(-(2**31), 2**31 - 1).map(lambda size: struct.pack(">i", size))
    broken = st.tuples(st.just(b"#bundle\0" + AT_ONCE), sizes, element).map(b"".join)
    return st.one_of(st.binary(max_size=300), message, made, broken)


@settings(max_examples=300, deadline=None)
@given(packets())
def test_parsing_gives_messages_or_a_clear_error(packet):
    messages, faults = parse(packet)
    assert all(message.address.startswith("/") for message in messages)
    assert all(faults) and (messages or faults or packet.startswith(b"#bundle\0"))


@pytest.fixture(scope="module")
def playing():
    """A server in front of an engine that plays."""
    controls = Controls(namespace(["note_C", "tempo"]))
    output = Collector()
    output.position = lambda: (time.sleep(0.001), 10**9)[1]
    output.write = lambda at, audio: None
    stream = ToneStream()
    engine = Engine(stream, controls, output, {"/steer/note_C": "note_C", "/steer/tempo": "tempo"})
    server = OscServer(port=0)
    engine.start()
    server.start(controls)
    yield server, controls, engine, stream
    server.close()
    engine.stop()
    assert engine.join(10.0)
    assert engine.failure is None


@settings(max_examples=200, deadline=None)
@given(st.lists(packets(), min_size=1, max_size=5))
def test_no_packets_stop_the_engine_or_the_server(playing, some):
    server, _, engine, _ = playing
    client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    client.settimeout(30.0)
    with client:
        for packet in some:
            client.sendto(packet, ("127.0.0.1", server.port))
        client.sendto(build("/reply_port", client.getsockname()[1]), ("127.0.0.1", server.port))
        client.sendto(build("/ping"), ("127.0.0.1", server.port))
        while OscMessage(client.recv(65535)).address != "/pong":
            pass
    assert engine.running


def test_engine_still_plays_and_obeys_after_random_packets(playing):
    server, controls, _, stream = playing
    draw = random.Random(0)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        for _ in range(50):
            client.sendto(draw.randbytes(draw.randrange(1, 200)), ("127.0.0.1", server.port))
    controls.set("/play", 1)
    controls.set("/steer/note_C", 0.75)
    frame = stream.frame
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and stream.frame < frame + 20:
        time.sleep(0.01)
    assert stream.frame >= frame + 20
    assert stream.steering.values["note_C"] == 0.75


def test_only_allowed_hosts_can_use_the_port(peer):
    allowed = ("192.168.1.0/24", "10.0.0.7", "fe80::/10")
    peer.server._allow = tuple(map(network, allowed))
    for host in ("192.168.1.9", "::ffff:192.168.1.9", "10.0.0.7", "fe80::1%2", "127.0.0.1"):
        assert peer.server.lets(host), host
    for host in ("192.168.2.9", "10.0.0.8", "2001:db8::1", "::ffff:10.0.0.8"):
        assert not peer.server.lets(host), host
        peer.server._take(build("/gain", -9.0), (host, 1))
    assert peer.tell("/ping") == [("/pong",)] and peer.controls.get("/gain") != -9.0
    with pytest.raises(MusicRFMError, match=r"'stage' is not an address .* 192\.168\.1\.0/24"):
        network("stage")


def test_reply_bytes_per_second_are_limited_per_host_and_in_total(peer, monkeypatch):
    now = [time.monotonic()]
    monkeypatch.setattr("bridge.network.budgets.time.monotonic", lambda: now[0])
    sent = []
    monkeypatch.setattr(peer.server._replies, "_send", lambda place, packet: sent.append(packet))
    client, stream = Client(("10.0.0.1", 5000)), Client(("10.0.0.1", 5000, STREAM))

    def ask(client: Client) -> int:
        sent.clear()
        for _ in range(100):
            list(peer.server.handle(build("/list"), client))
        return sum(len(packet) for packet in sent if not packet.startswith(b"/error"))

    assert 0.9 * HOST_AT_ONCE < ask(client) <= HOST_AT_ONCE
    assert any(b"64 kB a second" in packet for packet in sent)
    assert ask(client) < 100
    now[0] += 1.0
    assert 0.9 * HOST_BYTES < ask(client) <= 1.01 * HOST_BYTES
    assert ask(stream) > 4 * HOST_AT_ONCE  # who is connected is who asked
    now[0] += 10.0
    together = sum(ask(Client((f"10.0.1.{number}", 1))) for number in range(40))
    assert 0.9 * ALL_AT_ONCE < together <= ALL_AT_ONCE
