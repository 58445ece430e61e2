"""TCP servers: a port that is reserved at the start, and a thread that serves it later.

The control page, OSCQuery and OSC over TCP are served this way, each in an event loop on a separate
thread, so that the music waits for none of them.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import os
import socket
import threading
import time
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from bridge.process.room import ROOM
from bridge.process.threads import supervised

if TYPE_CHECKING:
    from starlette.types import ASGIApp

log = logging.getLogger(__name__)

BACKLOG = 100
END_SECONDS = 3.0
REST_SECONDS = 0.02  # between two looks at whether the music needs room
NO_HANDLES = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


def listen(host: str, port: int, send_buffer: int | None = None) -> socket.socket:
    """A listening socket; early clients wait until it is served. Raises OSError.

    Port 0 takes any free one. "::" includes IPv4.
    """
    family, kind, protocol, _, place = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    bound = socket.socket(family, kind, protocol)
    try:
        if os.name == "posix":  # on Windows it would let a second bridge take the same port
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        if send_buffer is not None:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send_buffer)
        bound.bind(place)
        bound.listen(BACKLOG)
    except BaseException:
        bound.close()
        raise
    return bound


async def first_of(*talks: Coroutine[Any, Any, None]) -> None:
    """Run the two directions of a connection until either ends."""
    tasks = [asyncio.ensure_future(talk) for talk in talks]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.add_done_callback(_ended)
            task.cancel()


async def _rest() -> None:
    """Pause all connections while the music needs the CPU."""
    while True:
        worked = time.thread_time()
        await asyncio.sleep(REST_SECONDS)
        ROOM.rested(time.thread_time() - worked)


def _ended(task: asyncio.Task) -> None:
    """Ignore the end of a task: a disconnected client is not an error."""
    if not task.cancelled() and task.exception() is not None:
        log.debug("a connection was lost: %r", task.exception())


class Serving:
    """Serves an application at a listening socket until it is closed.

    what: its name in the log. settings: of uvicorn.
    """

    def __init__(self, app: ASGIApp, bound: socket.socket, what: str, **settings: Any) -> None:
        import uvicorn  # imported only when serving

        self._bound, self._what = bound, what
        self._config = uvicorn.Config(
            app,
            loop="asyncio",
            lifespan="on",
            log_config=None,
            log_level="warning",
            access_log=False,
            server_header=False,
            backlog=1,  # taken at a time; else asyncio multiplies what fails without handles
            ws_per_message_deflate=False,  # costs time that the model can use better
            timeout_graceful_shutdown=1,
            **settings,
        )
        self._server = uvicorn.Server(self._config)
        self._over = threading.Event()
        self._thread = supervised(what, self._run, self._over)
        self._thread.start()

    def close(self) -> None:
        self._over.set()
        self._server.should_exit = True
        self._thread.join(END_SECONDS)
        with contextlib.suppress(OSError):
            self._bound.close()

    def _run(self) -> None:
        """Serve until closed; uvicorn ends by SystemExit."""
        if self._server.started:  # it failed
            self._server = type(self._server)(self._config)
        self._server.should_exit |= self._over.is_set()
        with self._bound.dup() as bound:
            asyncio.run(self._serve(bound))

    async def _serve(self, bound: socket.socket) -> None:
        asyncio.get_running_loop().set_exception_handler(self._failed)
        serving = asyncio.ensure_future(self._server.serve(sockets=[bound]))
        while not self._server.started and not serving.done():  # noqa: ASYNC110 (uvicorn has no event)
            await asyncio.sleep(0.01)
        with contextlib.suppress(OSError):
            bound.listen(BACKLOG)  # as many may wait as before
        resting = asyncio.ensure_future(_rest())
        try:
            await serving
        finally:
            resting.cancel()

    def _failed(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Without free handles, connections wait for a second, which is logged in one line."""
        error = context.get("exception")
        if isinstance(error, OSError) and error.errno in NO_HANDLES:
            reason = error.strerror or str(error)
            log.warning("%s: no connection can be accepted now: %s", self._what, reason)
        else:
            loop.default_exception_handler(context)
