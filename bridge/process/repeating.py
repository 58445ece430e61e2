"""What is looked at now and then, in a thread of its own, for as long as a set plays."""

from __future__ import annotations

import threading
from collections.abc import Callable

from bridge.process.threads import supervised

CLOSE_SECONDS = 5.0


class Repeating:
    """Calls `update`, which a subclass has, every so many seconds from `start` to `close`.

    failed: what is said, with the error, when `update` fails; it is then called again later.
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
