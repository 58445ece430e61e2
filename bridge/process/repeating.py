"""Regular checks, on a separate thread, while a set plays."""

from __future__ import annotations

import threading
from collections.abc import Callable

from bridge.process.threads import supervised

CLOSE_SECONDS = 5.0


class Repeating:
    """Calls the subclass's `update` at this interval from `start` to `close`.

    failed: the message, logged with the error, when `update` fails; it is then called again later.
    """

    update: Callable[[], None]

    def __init__(self, name: str, every: float, failed: str) -> None:
        self._every = every
        self._closed = threading.Event()
        self._thread = supervised(name, self._run, self._closed, failed)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._closed.set()
        if self._thread.is_alive():
            self._thread.join(CLOSE_SECONDS)

    def _run(self) -> None:
        while not self._closed.wait(self._every):
            self.update()
