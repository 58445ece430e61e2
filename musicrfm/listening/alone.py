"""Keeps NumPy's products on one thread while a clip is measured: they are too small for more."""

from __future__ import annotations

import threading
from contextlib import ContextDecorator

from threadpoolctl import threadpool_limits


class _Alone(ContextDecorator):
    """The limit holds for the whole process, and clips are measured by several threads at once, so
    the first one sets it and the last one takes it back."""

    def __init__(self) -> None:
        self._lock, self._inside = threading.Lock(), 0

    def __enter__(self) -> None:
        with self._lock:
            if not self._inside:
                self._limit = threadpool_limits(1, "blas")
            self._inside += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside:
                self._limit.restore_original_limits()


alone = _Alone()  # decorates a function that measures
