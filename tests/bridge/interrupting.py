"""Raises in a thread that is not one's own."""

from __future__ import annotations

import ctypes
import threading


def raise_in(thread: threading.Thread, error: type[BaseException]) -> None:
    """The next thing that this thread does in Python raises."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_ulong(thread.ident), ctypes.py_object(error)
    )
