"""Access control of the page: the Host and Origin of every request, and a token.

Any web page can make a browser contact servers on the same computer. A request must therefore name
this computer as its host, which a page that redirects its own name (DNS rebinding) cannot do; a
WebSocket must come from the bridge's own page; and beyond this computer, everything needs the
token. A proxy may give the page another name, and keep or replace the Host; that name must be
configured. OSCQuery follows the same rules, but serves programs.
"""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import logging
from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bridge.network.hosts import host_of
from bridge.process.log_limit import about

log = logging.getLogger(__name__)

COOKIE = "bridge_token"
COOKIE_SECONDS = 400 * 24 * 3600  # as long as browsers keep one
LEAST_TOKEN = 8  # characters
LATE_SECONDS = 1.0  # after which a wrong token is answered
MAX_LATE = 4  # of these for one host; further tokens are not checked

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache",
    "Connection": "close",  # one connection carries one request, see `Door`
}


class Guard:
    """Admits permitted requests, and adds the security headers to answers.

    Without a `token`, only requests whose host is the loopback pass. With one, requests for a
    numeric address or one of `hosts` or `names` pass as well, with the token: as `?token=…`, which
    a page exchanges for a cookie, or as that cookie.

    hosts: the computer's names. names: further names of the page, for example behind a proxy; a
    WebSocket may come from there with any Host, because a proxy may have replaced that. programs:
    for programs, which unlike browsers send no Origin; then the names count without a token if it
    is `beyond` this computer.
    """

    def __init__(
        self,
        app: ASGIApp,
        token: str | None = None,
        hosts: Iterable[str] = (),
        names: Iterable[str] = (),
        programs: bool = False,
        beyond: bool = False,
    ) -> None:
        self.app = app
        self._token = token
        self._programs = programs
        self._late: dict[str, int] = {}  # host → its wrong tokens that wait for their answer
        self._beyond = beyond or token is not None
        self._names = {name.lower() for name in names} if token is not None else set()
        self._own = {host.lower() for host in hosts}
        self._hosts = {"localhost", *self._own, *self._names}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        refusal = self.refusal(connection)
        if refusal is None and self._token is not None:
            refusal = await self._without_token(connection)
        if scope["type"] == "websocket":
            if refusal is not None:
                await send({"type": "websocket.close", "code": 1008})  # answered as 403
                return
            await self.app(scope, receive, send)
            return
        if refusal is None and self._token is not None and "token" in connection.query_params:
            refusal = self._with_cookie(scope["path"])

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        await (refusal or self.app)(scope, receive, with_headers)

    def refusal(self, connection: HTTPConnection) -> Response | None:
        """The answer to a refused request, or None for a permitted one."""
        place = connection.headers.get("host", "")
        host = host_of(place)
        if host is None or not self._is_ours(host):
            self._tell(connection, f"requested the host {place!r}", host)
            return PlainTextResponse(f"There is no {place!r} here.\n", 421)
        # Browsers always send the Origin of a WebSocket; other clients are refused.
        origin = connection.headers.get("origin", "")
        from_a_page = bool(origin) if self._programs else connection.scope["type"] == "websocket"
        if from_a_page and not self._is_own_page(origin, place):
            self._tell(connection, f"has a page from {origin!r}", host_of(_place_of(origin)))
            return PlainTextResponse("Another page cannot control the bridge.\n", 403)
        return None

    async def _without_token(self, connection: HTTPConnection) -> Response | None:
        """The answer to a request without a valid token, or None for one with it.

        An invalid token is answered late, and only a few per host at a time, to prevent guessing.
        """
        client = connection.client.host if connection.client else "somebody"
        given = connection.query_params.get("token"), connection.cookies.get(COOKIE)
        offers = [offer for offer in given if offer]
        if offers and self._late.get(client, 0) >= MAX_LATE:
            return PlainTextResponse("Too many wrong tokens: try again in a second.\n", 429)
        wanted = str(self._token).encode()
        # Each comparison takes the same time however much of an offer is right.
        same = [hmac.compare_digest(offer.encode(), wanted) for offer in offers]
        if any(same):
            return None
        if offers:
            told = about("a wrong token", client)
            log.warning("control page: %s has a wrong token", client, extra=told)
            self._late[client] = self._late.get(client, 0) + 1
            try:
                await asyncio.sleep(LATE_SECONDS)
            finally:
                self._late[client] -= 1
                if not self._late[client]:
                    del self._late[client]
        return PlainTextResponse(
            "This page opens with the whole address that the bridge printed when it started, "
            "the one with ?token= in it.\n",
            401,
        )

    def _is_own_page(self, origin: str, place: str) -> bool:
        page = _place_of(origin)
        host = host_of(page)
        if host is None:
            return False
        if page == place or host in self._names:
            return True
        # A proxy that goes by this machine's own name may replace the Host as well. The same name
        # with another port is another page, though, to which browsers would give the cookie too.
        return self._token is not None and host in self._own and host != host_of(place)

    def _is_ours(self, host: str) -> bool:
        if host in self._hosts:
            return True
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            return False
        # A numeric address cannot be redirected, unlike a name.
        return address.is_loopback or self._beyond

    def _with_cookie(self, path: str) -> Response:
        """Redirect to the page without the token, so that it appears in no history and on no
        screen."""
        # From where it is, as a proxy may have put the page into a folder, and on no other host.
        answer = RedirectResponse("./" + path.rsplit("/", 1)[-1], 303)
        answer.set_cookie(
            COOKIE, str(self._token), max_age=COOKIE_SECONDS, httponly=True, samesite="lax"
        )
        return answer

    def _tell(self, connection: HTTPConnection, what: str, name: str | None) -> None:
        """Log refusals, because the sender may be the player behind a proxy."""
        client = connection.client.host if connection.client else "somebody"
        server, hint = "OSCQuery", ""
        if not self._programs:
            server = "control page"
            hint = f": if that is you, start with --web-host {name}" if name else ""
        log.warning("%s: %s %s%s", server, client, what, hint, extra=about(what[:100], client))


def _place_of(origin: str) -> str:
    """The host and port of a web page, or nothing if it has no server."""
    try:
        parts = urlsplit(origin)
    except ValueError:
        return ""
    return parts.netloc if parts.scheme in ("http", "https") else ""
