"""Raises an exception in another thread."""

from __future__ import annotations

import ctypes
import logging
import sys
import threading
import types


def raise_in(thread: threading.Thread, error: type[BaseException]) -> None:
    """Makes the next Python instruction of a thread raise `error`.

    Does nothing while the thread takes or releases a lock: in the logging library, and where a
    condition is entered or left. The lock would never be released, and every other thread would
    wait for it. No exception arises there otherwise.
    """
    if not _takes_a_lock(sys._current_frames().get(thread.ident or 0)):
        ctypes.pythonapi.PyThreadState_SetAsyncExc(
            ctypes.c_ulong(thread.ident), ctypes.py_object(error)
        )


def _takes_a_lock(frame: types.FrameType | None) -> bool:
    on_the_edge = frame is not None and frame.f_code.co_name in ("__enter__", "__exit__")
    if on_the_edge and frame.f_code.co_filename == threading.__file__:
        return True
    while frame is not None:
        if frame.f_code.co_filename == logging.__file__:
            return True
        frame = frame.f_back
    return False
