"""OSCQuery over HTTP, over a WebSocket, and with a third-party client."""

from __future__ import annotations

import http.client
import ipaddress
import json
import os
from functools import partial
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from pythonosc.osc_message import OscMessage
from pythonoscquery.osc_query_client import OSCQueryClient
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from zeroconf import ServiceInfo, Zeroconf

from bridge.controls.controls import Controls, namespace
from bridge.meters import Reading
from bridge.network.discovery import Announcement, server_name
from bridge.network.serving import Serving, listen
from bridge.osc.door import Door
from bridge.osc.packets import build
from bridge.osc.query import Tree, application
from tests.bridge.osc.test_server import Peer


class Still:
    def read(self) -> Reading:
        return Reading(level=-12.5, underruns=3)


@pytest.fixture
def controls() -> Controls:
    return Controls(namespace(["note_C", "note_G"]), {"/prompt": "ein Stück"})


class Server:
    def __init__(self, controls: Controls, host: str = "127.0.0.1") -> None:
        bound = listen("127.0.0.1", 0)
        self.port = bound.getsockname()[1]
        app = application(Tree(controls, Still()), 9000, self.port, host)
        self.close = Serving(app, bound, "osc-tcp", http=partial(Door, None)).close


@pytest.fixture
def server(controls):
    server = Server(controls)
    yield server
    server.close()


def ask(server: Server, path: str) -> tuple[int, object]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request("GET", path)
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response.status, json.loads(body) if body else None


def leaves(node: dict) -> list[dict]:
    inside = node.get("CONTENTS")
    return [node] if inside is None else [leaf for one in inside.values() for leaf in leaves(one)]


def test_tree_describes_every_control_and_meter(server, controls) -> None:
    status, root = ask(server, "/")
    found = {leaf["FULL_PATH"]: leaf for leaf in leaves(root)}
    assert status == 200 and root["FULL_PATH"] == "/"
    for path, leaf in found.items():
        if not path.startswith("/meter/"):
            parameter = controls.parameter(path)
            assert leaf["DESCRIPTION"] == parameter.help
            assert leaf["ACCESS"] == (2 if parameter.event else 3)
    assert {controls.parameter(p).address for p in found if "/meter" not in p} == set(
        controls.parameters
    )
    assert found["/gain"]["RANGE"] == [{"MIN": -60.0, "MAX": 12.0}]
    assert found["/gain"]["UNIT"] == ["dB"] and found["/gain"]["TYPE"] == "f"
    assert found["/prompt/value"]["VALUE"] == ["ein Stück"]
    assert found["/steer_guidance"]["RANGE"] == [{"VALS": ["both", "conditional"]}]
    assert found["/preset/morph"]["TYPE"] == "sf"
    assert found["/meter/chroma"]["TYPE"] == "f" * 12 and found["/meter/chroma"]["ACCESS"] == 1


@pytest.mark.parametrize(
    "path, status, answer",
    [
        ("/gain?VALUE", 200, {"VALUE": [0.0]}),
        ("/steer/note_C?VALUE", 200, {"VALUE": [0.0]}),
        ("/steer/note_C/value?TYPE", 200, {"TYPE": "f"}),
        ("/panic?RANGE", 204, None),
        ("/gain?NONSENSE", 400, None),
        ("/nowhere", 404, None),
        ("/gain/deeper", 404, None),
    ],
)
def test_attribute_queries_are_answered(server, path, status, answer) -> None:
    assert ask(server, path) == (status, answer)


def test_host_info_names_ports_and_extensions(server) -> None:
    info = ask(server, "/?HOST_INFO")[1]
    assert info["OSC_PORT"] == 9000 and info["OSC_TRANSPORT"] == "UDP"
    assert info["WS_PORT"] == server.port and info["EXTENSIONS"]["LISTEN"]


def test_listen_and_ignore_stream_values_over_the_websocket(server, controls) -> None:
    with connect(f"ws://127.0.0.1:{server.port}/") as client:
        for junk in ("{", "[]", '{"COMMAND": "LISTEN", "DATA": ["x"]}', b"\0\1"):
            client.send(junk)
        client.send(json.dumps({"COMMAND": "LISTEN", "DATA": "/steer/note_C/value"}))
        first = OscMessage(client.recv(timeout=30))
        assert (first.address, first.params) == ("/steer/note_C/value", [0.0])
        controls.set("/steer/note_C", 0.5)
        assert OscMessage(client.recv(timeout=30)).params == [0.5]
        client.send(json.dumps({"COMMAND": "IGNORE", "DATA": "/steer/note_C/value"}))
        client.send(json.dumps({"COMMAND": "LISTEN", "DATA": "/meter/underruns"}))
        assert OscMessage(client.recv(timeout=30)).address == "/meter/underruns"


def test_third_party_client_reads_the_tree(server) -> None:
    place = ipaddress.ip_address("127.0.0.1").packed
    kind = "_oscjson._tcp.local."
    found = ServiceInfo(kind, f"MusicRFM.{kind}", port=server.port, addresses=[place])
    client = OSCQueryClient(found)
    host = client.get_host_info()
    assert (host.name, host.osc_ip, host.osc_port) == ("MusicRFM", "127.0.0.1", 9000)
    assert client.query_node("/") is not None
    assert client.query_node("/gain").value == [0.0]
    assert client.query_node("/nowhere") is None


def asked(server: Server, **headers: str) -> int:
    question = Request(f"http://127.0.0.1:{server.port}/gain", headers=headers)
    try:
        with urlopen(question, timeout=20) as answer:
            return answer.status
    except HTTPError as error:
        return error.code


def test_foreign_host_or_origin_is_refused(server) -> None:
    own = f"127.0.0.1:{server.port}"
    assert asked(server, Host="localhost") == asked(server, Origin=f"http://{own}") == 200
    assert asked(server, Host="evil.example") == asked(server, Host="10.0.0.1") == 421
    for page in ("http://evil.example", "http://localhost:1", "null"):
        assert asked(server, Origin=page) == 403
        with pytest.raises(InvalidStatus):
            connect(f"ws://{own}/", origin=page)
    with connect(f"ws://{own}/"):  # as programs do
        pass


def test_public_server_accepts_addresses_and_its_host_name(controls) -> None:
    server = Server(controls, "0.0.0.0")
    try:
        assert asked(server, Host="10.0.0.1:9000") == asked(server, Host=server_name()) == 200
        assert asked(server, Host="evil.example") == 421
    finally:
        server.close()


def test_value_path_of_a_container_is_set_over_osc() -> None:
    peer = Peer()
    try:
        peer.send(build("/steer/note_C/value", 0.5))
        peer.send(build("/prompt/value", "a waltz"))
        peer.settle()
        assert peer.controls.get("/steer/note_C") == 0.5
        assert peer.controls.get("/prompt") == "a waltz"
    finally:
        peer.server.close()
        peer.socket.close()


@pytest.mark.slow
def test_announced_services_are_found_by_zeroconf(monkeypatch) -> None:
    name = f"MusicRFM of test {os.getpid()}"  # another bridge may play on this machine
    monkeypatch.setattr("bridge.network.discovery.NAME", name)
    ports = {"_osc._udp": 9000, "_oscjson._tcp": 9001, "_osc._tcp": 9002}
    announcement = Announcement("127.0.0.1", ports)
    try:
        assert announcement.announced.wait(60)
        looking = Zeroconf(interfaces=["127.0.0.1"])
        try:
            for kind, port in ports.items():
                kind = f"{kind}.local."
                info = looking.get_service_info(kind, f"{name}.{kind}", timeout=30_000)
                assert info is not None and info.port == port
                assert "127.0.0.1" in info.parsed_addresses()  # of others of this machine too
        finally:
            looking.close()
    finally:
        announcement.close()


def test_failed_announcement_logs_one_line(monkeypatch, caplog) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError("no multicast here")

    monkeypatch.setattr("zeroconf.Zeroconf", refuse)
    caplog.set_level("INFO")
    announcement = Announcement("127.0.0.1", {"_osc._udp": 9000})
    announcement._thread.join(60)
    announcement.close()
    assert [record.getMessage() for record in caplog.records] == [
        "the bridge is not announced on the network (no multicast here): clients must know its port"
    ]
