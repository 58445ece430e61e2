"""The web application of the control page: the page itself, and one WebSocket."""

from __future__ import annotations

import asyncio
import logging
import mimetypes
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles

from bridge.controls.controls import Controls
from bridge.network.guard import Guard
from bridge.web.hub import Hub

if TYPE_CHECKING:
    from bridge.controls.presets import Presets
    from bridge.meters import Meters
    from bridge.midi.controllers import Learner

STATIC = Path(__file__).resolve().parent / "static"

# Windows' registry may define text/plain, which browsers refuse for scripts.
mimetypes.add_type("text/javascript", ".js")
mimetypes.add_type("text/css", ".css")
mimetypes.add_type("image/svg+xml", ".svg")


def create_app(
    controls: Controls,
    meters: Meters | None = None,
    presets: Presets | None = None,
    learner: Learner | None = None,
    *,
    token: str | None = None,
    hosts: Iterable[str] = (),
    names: Iterable[str] = (),
    about: Mapping[str, str] | None = None,
) -> Starlette:
    """The control page of a playing bridge. Parts that are None are not shown.

    With a `token` it may be served beyond this machine, see `Guard`; `hosts` are this machine's
    names there, `names` those of the page. `about`: information on the set (model, output, …).
    """
    hub = Hub(controls, meters, presets, learner, about)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        root = logging.getLogger()
        root.addHandler(hub.log)
        task = asyncio.ensure_future(hub.run())
        try:
            yield
        finally:
            task.cancel()
            root.removeHandler(hub.log)

    async def page(request: Request) -> Response:
        return FileResponse(STATIC / "index.html")

    async def alive(request: Request) -> Response:
        """Tells a page that cannot connect whether the bridge is gone or only its token."""
        return Response(status_code=204)

    app = Starlette(
        routes=[
            Route("/", page),
            Route("/alive", alive),
            WebSocketRoute("/socket", hub.serve),
            Mount("/static", StaticFiles(directory=STATIC)),
        ],
        middleware=[Middleware(Guard, token=token, hosts=tuple(hosts), names=tuple(names))],
        lifespan=lifespan,
    )
    app.state.hub = hub
    return app
