"""What is looked at now and then, in a thread of its own, for as long as a set plays."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

log = logging.getLogger(__name__)

AFTER_FAILURE = 1.0  # seconds
CLOSE_SECONDS = 5.0


class Repeating:
    """Calls `update`, which a subclass has, every so many seconds from `start` to `close`.

    failed: what is logged, with the error, when `update` fails; it is then called again later.
    """

    update: Callable[[], None]

    def __init__(self, name: str, every: float, failed: str) -> None:
        self._every, self._failed = every, failed
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._closed.set()
        if self._thread.is_alive():
            self._thread.join(CLOSE_SECONDS)

    def _run(self) -> None:
        while not self._closed.wait(self._every):
            try:
                self.update()
            except Exception:
                log.exception(self._failed)
                self._closed.wait(AFTER_FAILURE)
