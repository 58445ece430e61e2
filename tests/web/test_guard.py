"""Access to the control page: hosts, origins, tokens and proxies."""

from __future__ import annotations

import asyncio
import os
import time

import pytest
from starlette.requests import HTTPConnection
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from bridge.controls.controls import Controls, namespace
from bridge.network import guard
from bridge.network.guard import COOKIE
from bridge.web import create_app
from bridge.web.server import WebServer
from musicrfm.errors import MusicRFMError

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
def test_local_hosts_are_answered(host):
    answer = client().get("/", headers={"host": host})
    assert answer.status_code == 200 and "<title>bridge</title>" in answer.text
    assert connects(client(), host, f"http://{host}")


@pytest.mark.parametrize(
    "host",
    ["evil.test:8000", "localhost.evil.test", "192.168.1.5:8000", "me@localhost", "localhost:x"],
)
def test_foreign_host_header_is_refused(host):
    """DNS rebinding: a foreign page makes a name resolve to this machine."""
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


def test_security_headers_forbid_framing_and_reading_by_other_origins():
    for path in ("/", "/static/main.js", "/static/nothing"):
        headers = client().get(path).headers
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "default-src 'none'" in headers["content-security-policy"]
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"


def test_plain_requests_cannot_change_state_or_leave_the_static_folder():
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        for path in ("/", "/socket", "/static/main.js"):
            assert client().request(method, path).status_code in (404, 405)
    assert client().get("/static/../app.py").status_code == 404
    assert client().get("/static/%2e%2e/app.py").status_code == 404


class TestToken:
    """A page that serves other machines requires a token."""

    PLACE = "192.168.1.5:8000"

    def client(self) -> TestClient:
        return client(self.PLACE, token=TOKEN, hosts=["stage.local"])

    def test_request_without_token_is_refused(self):
        for path in ("/", "/alive", "/static/main.js"):
            assert self.client().get(path).status_code == 401, path
        assert "?token=" in self.client().get("/").text  # says what to do
        assert not connects(self.client(), self.PLACE, f"http://{self.PLACE}")

    @pytest.mark.parametrize("token", ["", "x", TOKEN[:-1], TOKEN + "x", TOKEN.upper(), "é" * 19])
    def test_wrong_token_is_refused(self, token, monkeypatch):
        monkeypatch.setattr(guard, "LATE_SECONDS", 0.0)
        app = self.client()
        assert app.get("/", params={"token": token}).status_code == 401
        assert app.get("/", headers={"cookie": f"{COOKIE}=x"}).status_code == 401
        assert not connects(app, self.PLACE, f"http://{self.PLACE}", "/socket?token=wrong")

    def test_token_guesses_are_rate_limited_and_logged_with_their_sender(self, caplog, monkeypatch):
        monkeypatch.setattr(guard, "LATE_SECONDS", 0.5)
        wary = guard.Guard(None, token=TOKEN)

        def ask(token: str):
            query = f"token={token}".encode()
            headers = [(b"host", self.PLACE.encode())]
            scope = {"type": "http", "headers": headers, "query_string": query}
            return wary._without_token(HTTPConnection(scope | {"client": ("10.0.0.7", 1)}))

        async def ask_many() -> tuple[list[int], object]:
            answers = await asyncio.gather(
                *(ask("guess") for _ in range(guard.MAX_LATE + 5)), ask(TOKEN)
            )
            return [answer.status_code for answer in answers], await ask(TOKEN)

        began = time.monotonic()
        statuses, later = asyncio.run(ask_many())
        assert sorted(statuses) == [401] * guard.MAX_LATE + [429] * 6 and later is None
        assert time.monotonic() - began >= 0.5
        assert "10.0.0.7 has a wrong token" in caplog.text

    def test_right_token_is_moved_from_the_address_into_a_cookie(self):
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

    def test_token_in_the_query_opens_the_socket_without_a_cookie(self):
        path = f"/socket?token={TOKEN}"
        assert connects(self.client(), self.PLACE, f"http://{self.PLACE}", path)

    def test_right_token_does_not_admit_a_foreign_origin_or_host(self):
        path = f"/socket?token={TOKEN}"
        assert not connects(self.client(), self.PLACE, "http://evil.test", path)
        assert not connects(self.client(), "evil.test", "http://evil.test", path)
        answer = self.client().get("/", params={"token": TOKEN}, headers={"host": "evil.test"})
        assert answer.status_code == 421 and "set-cookie" not in answer.headers

    def test_redirect_after_the_token_never_leaves_the_site(self):
        answer = self.client().get(f"http://{self.PLACE}//evil.test/?token={TOKEN}")
        assert answer.headers["location"] == "./"

    def test_origin_with_our_name_but_another_port_is_refused(self):
        path = f"/socket?token={TOKEN}"
        assert connects(self.client(), "stage.local:8000", "http://stage.local:8000", path)
        assert not connects(self.client(), "stage.local:8000", "http://stage.local:3000", path)

    @pytest.mark.parametrize("host", ["192.168.1.5:8000", "[fd00::5]:8000", "stage.local:8000"])
    def test_other_names_of_this_machine_are_answered(self, host):
        answer = self.client().get("/", params={"token": TOKEN}, headers={"host": host})
        assert answer.status_code == 303


class TestNames:
    """Further host names of the page, for a proxy: answered when the token is given."""

    NAME = "stage.example.org"

    def client(self, **settings) -> TestClient:
        return client(token=TOKEN, hosts=["stage.local"], names=[self.NAME.upper()], **settings)

    @pytest.mark.parametrize(
        ("host", "origin"),
        [
            ("stage.example.org", "https://stage.example.org"),  # a proxy that keeps the Host,
            ("stage.example.org", "https://stage.example.org:8443"),  # as nginx does, without port,
            ("stage.example.org:443", "https://stage.example.org"),
            ("127.0.0.1:8000", "https://stage.example.org"),  # or that replaces it
            ("127.0.0.1:8000", "https://stage.local"),
            ("localhost:9999", "http://localhost:9999"),  # through a tunnel
        ],
    )
    def test_proxies_and_tunnels_reach_the_page_with_the_token(self, host, origin):
        answer = self.client().get("/", params={"token": TOKEN}, headers={"host": host})
        assert answer.status_code == 303
        assert connects(self.client(), host, origin, f"/socket?token={TOKEN}")
        assert not connects(self.client(), host, origin)  # the token is still needed
        assert self.client().get("/", headers={"host": host}).status_code == 401

    @pytest.mark.parametrize(
        "origin",
        [
            "https://evil.test",
            "https://stage.example.org.evil.test",
            "https://stage.example.org@evil.test",
            "https://sub.stage.example.org",
            "file://stage.example.org",
        ],
    )
    def test_similar_origins_are_refused(self, origin):
        path = f"/socket?token={TOKEN}"
        assert not connects(self.client(), "127.0.0.1:8000", origin, path)
        assert not connects(self.client(), self.NAME, origin, path)

    def test_further_name_without_a_token_is_refused(self):
        app = client(names=[self.NAME])
        assert app.get("/", headers={"host": self.NAME}).status_code == 421
        assert not connects(app, "127.0.0.1:8000", f"https://{self.NAME}")

    def test_page_served_below_a_proxy_path_uses_relative_links(self):
        """No link of the page, nor the redirect after the token, is an absolute path."""
        answer = self.client().get("/", params={"token": TOKEN})
        assert answer.headers["location"] == "./"
        page = client().get("/").text
        assert 'src="static/main.js"' in page and '"/static' not in page
        link = client().get("/static/link.js").text
        assert 'new URL("socket", location.href)' in link and '"/alive"' not in link


def test_token_persists_between_sets_in_a_private_file(monkeypatch, tmp_path):
    monkeypatch.delenv("BRIDGE_WEB_TOKEN", raising=False)
    monkeypatch.setattr("bridge.web.server.data_folder", lambda: tmp_path / "own")
    file = tmp_path / "own" / "page-token"

    def token() -> str:
        server = WebServer(port=0, names=["stage.example.org"])
        server.close()
        return server.token

    first = token()
    assert len(first) >= 22 and token() == first == file.read_text().strip()
    if os.name == "posix":
        assert file.stat().st_mode & 0o077 == 0
        file.chmod(0o644)  # others have read it
        assert token() != first and file.stat().st_mode & 0o077 == 0
    for damaged in (b"", b"short\n", b"\xff" * 40, b"<script>alert()</script>", b"a" * 10_000):
        file.write_bytes(damaged)
        assert len(token()) == len(first) and token() == token()
    file.unlink()
    file.mkdir()  # no token can be kept there
    assert len({token(), token()}) == 2
    monkeypatch.setenv("BRIDGE_WEB_TOKEN", "my-own-token")
    assert token() == "my-own-token"


def test_a_server_with_names_asks_for_a_token(monkeypatch, tmp_path):
    monkeypatch.setattr("bridge.web.server.data_folder", lambda: tmp_path)
    monkeypatch.delenv("BRIDGE_WEB_TOKEN", raising=False)
    plain = WebServer(port=0)
    plain.close()
    assert plain.token is None
    server = WebServer(port=0, names=["Stage.example.org", "stage.example.org"])
    assert server.token and f"?token={server.token}" in server.url
    assert server.names == ("stage.example.org",)
    server.close()
    for one in ("http://x", "x:80", ""):
        with pytest.raises(MusicRFMError, match="not a host name"):
            WebServer(port=0, names=[one])


def test_refusals_are_logged_with_the_fix(caplog):
    app = client()
    app.get("/", headers={"host": "stage.fritz.box:8000"})
    assert (
        "requested the host 'stage.fritz.box:8000': if that is you, "
        "start with --web-host stage.fritz.box" in (caplog.text)
    )
    for origin in ("https://stage.example.org", "http://[::1", "null", None):
        assert not connects(app, "127.0.0.1:8000", origin)
    assert "has a page from 'https://stage.example.org': if that is you" in caplog.text
