"""Who may see and use the control page, and who may not."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from bridge.controls import Controls, namespace
from bridge.hosts import host_of, is_loopback
from bridge.web import create_app
from bridge.web.guard import COOKIE

TOKEN = "a-token-of-the-test"


def client(place: str = "127.0.0.1:8000", **settings) -> TestClient:
    app = create_app(Controls(namespace(["note_C"])), **settings)
    return TestClient(app, base_url=f"http://{place}", follow_redirects=False)


def connects(client: TestClient, host: str, origin: str | None, path: str = "/socket") -> bool:
    """Whether a WebSocket that names this host, from a page of this origin, is let in."""
    headers = {"host": host} | ({} if origin is None else {"origin": origin})
    try:
        with client.websocket_connect(path, headers=headers) as socket:
            return "hello" in socket.receive_json()
    except WebSocketDisconnect:
        return False


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost:8000", "[::1]:8000", "localhost"])
def test_this_machine_is_answered(host):
    answer = client().get("/", headers={"host": host})
    assert answer.status_code == 200 and "<title>bridge</title>" in answer.text
    assert connects(client(), host, f"http://{host}")


@pytest.mark.parametrize(
    "host",
    ["evil.test:8000", "localhost.evil.test", "192.168.1.5:8000", "me@localhost", "localhost:x"],
)
def test_another_host_is_refused(host):
    """As when a page makes its own name mean this machine (DNS rebinding)."""
    for path in ("/", "/alive", "/static/main.js"):
        answer = client().get(path, headers={"host": host})
        assert answer.status_code == 421, path
        assert "bridge" not in answer.text
    assert not connects(client(), host, f"http://{host}")


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.test",
        "https://evil.test:8000",
        "http://localhost:8000",  # this machine by another name is another page
        "http://127.0.0.1",  # and so is another server on it
        "http://127.0.0.1:8001",
        "http://127.0.0.1:8000.evil.test",
        "http://127.0.0.1:8000@evil.test",
        "file://127.0.0.1:8000",
        "null",
        "",
        None,
    ],
)
def test_a_page_of_another_origin_cannot_connect(origin):
    app = client()
    assert not connects(app, "127.0.0.1:8000", origin)
    assert connects(app, "127.0.0.1:8000", "http://127.0.0.1:8000")


def test_answers_can_be_neither_framed_nor_read_by_others():
    for path in ("/", "/static/main.js", "/static/nothing"):
        headers = client().get(path).headers
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "default-src 'none'" in headers["content-security-policy"]
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"


def test_nothing_changes_by_a_plain_request():
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        for path in ("/", "/socket", "/static/main.js"):
            assert client().request(method, path).status_code in (404, 405)
    assert client().get("/static/../app.py").status_code == 404
    assert client().get("/static/%2e%2e/app.py").status_code == 404


class TestToken:
    """Beyond this machine, a token is asked for."""

    PLACE = "192.168.1.5:8000"

    def client(self) -> TestClient:
        return client(self.PLACE, token=TOKEN, hosts=["stage.local"])

    def test_without_it_there_is_nothing(self):
        for path in ("/", "/alive", "/static/main.js"):
            assert self.client().get(path).status_code == 401, path
        assert "?token=" in self.client().get("/").text  # says what to do
        assert not connects(self.client(), self.PLACE, f"http://{self.PLACE}")

    @pytest.mark.parametrize("token", ["", "x", TOKEN[:-1], TOKEN + "x", TOKEN.upper(), "é" * 19])
    def test_a_wrong_one_opens_nothing(self, token):
        app = self.client()
        assert app.get("/", params={"token": token}).status_code == 401
        assert app.get("/", headers={"cookie": f"{COOKIE}=x"}).status_code == 401
        assert not connects(app, self.PLACE, f"http://{self.PLACE}", "/socket?token=wrong")

    def test_the_right_one_is_kept_as_a_cookie_and_leaves_the_address(self):
        app = self.client()
        answer = app.get("/", params={"token": TOKEN})
        assert answer.status_code == 303 and answer.headers["location"] == "./"
        cookie = answer.headers["set-cookie"].lower()
        assert "httponly" in cookie and "samesite=lax" in cookie
        assert app.get("/").status_code == 200  # the client keeps its cookies
        assert app.get("/static/main.js").status_code == 200
        own = {"cookie": f"{COOKIE}={TOKEN}"}
        headers = {"host": self.PLACE, "origin": f"http://{self.PLACE}"} | own
        with app.websocket_connect(f"ws://{self.PLACE}/socket", headers=headers) as socket:
            assert "hello" in socket.receive_json()

    def test_a_program_may_say_it_with_every_request(self):
        path = f"/socket?token={TOKEN}"
        assert connects(self.client(), self.PLACE, f"http://{self.PLACE}", path)

    def test_knowing_it_does_not_make_up_for_another_origin_or_host(self):
        path = f"/socket?token={TOKEN}"
        assert not connects(self.client(), self.PLACE, "http://evil.test", path)
        assert not connects(self.client(), "evil.test", "http://evil.test", path)
        answer = self.client().get("/", params={"token": TOKEN}, headers={"host": "evil.test"})
        assert answer.status_code == 421 and "set-cookie" not in answer.headers

    def test_the_way_back_from_the_token_stays_here(self):
        answer = self.client().get(f"http://{self.PLACE}//evil.test/?token={TOKEN}")
        assert answer.headers["location"] == "./"

    @pytest.mark.parametrize("host", ["192.168.1.5:8000", "[fd00::5]:8000", "stage.local:8000"])
    def test_this_machines_other_names_are_answered(self, host):
        answer = self.client().get("/", params={"token": TOKEN}, headers={"host": host})
        assert answer.status_code == 303


@pytest.mark.parametrize(
    ("place", "host"),
    [
        ("LocalHost:1", "localhost"),
        ("[::1]:80", "::1"),
        ("a/b", None),
        ("a?b", None),
        ("", None),
        ("u@a", None),
        ("a:99999", None),
        ("[::1", None),
    ],
)
def test_the_host_of_a_place(place, host):
    assert host_of(place) == host


def test_loopback():
    assert is_loopback("127.0.0.1") and is_loopback("localhost") and is_loopback("127.8.9.1")
    assert not is_loopback("0.0.0.0") and not is_loopback("192.168.1.5")
