"""Raises in a thread that is not one's own."""

from __future__ import annotations

import ctypes
import logging
import sys
import threading
import types


def raise_in(thread: threading.Thread, error: type[BaseException]) -> None:
    """The next thing that this thread does in Python raises.

    A thread that is in the logging library is left alone: between taking a handler's lock and what
    gives it back there is a moment, and a lock that is lost there stops all who log, in every test.
    """
    if not _is_logging(sys._current_frames().get(thread.ident or 0)):
        ctypes.pythonapi.PyThreadState_SetAsyncExc(
            ctypes.c_ulong(thread.ident), ctypes.py_object(error)
        )


def _is_logging(frame: types.FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename == logging.__file__:
            return True
        frame = frame.f_back
    return False
