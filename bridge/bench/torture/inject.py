"""Faults from within: named functions of a playing bridge raise, hang or return wrong values.

While a fault is armed at a function, the fault's action replaces it. `arm` may be called from any
thread.
"""

from __future__ import annotations

import builtins
import ctypes
import errno
import os
import threading
import time
from collections.abc import Callable
from functools import wraps
from importlib import import_module
from typing import Any

import numpy as np

# The places for faults: module, and function in it.
PLACES = {
    "step": ("musicrfm.stream", "MusicStream.__next__"),
    "logits": ("musicrfm.streaming.chooser", "Chooser._logits"),
    "restart": ("musicrfm.stream", "MusicStream.restart"),
    "controls": ("bridge.engine.applier", "Applier.follow"),
    "back": ("bridge.engine.takes", "Takes.rewind"),
    "curtain": ("bridge.engine.frame", "FrameMaker._move_curtain"),
    "level": ("bridge.engine.levels", "Levels.apply"),
    "status": ("bridge.engine.engine", "Engine.status"),
    "overload": ("bridge.engine.overload", "Strain.look"),
    "meter": ("bridge.meters", "Meters.write"),
    "meters": ("bridge.meters", "Meters.update"),
    "output": ("bridge.audio.output", "DeviceOutput.write"),
    "position": ("bridge.audio.output", "DeviceOutput.position"),
    "record": ("bridge.recording.recorder", "Recorder.write"),
    "log": ("bridge.recording.log", "ControlLog.write"),
    "log text": ("bridge.recording.log", "_encoded"),
    "disk": ("bridge.recording.disk", "write"),
    "card process": ("bridge.audio.output", "start"),
    "MIDI process": ("bridge.midi.controllers", "start"),
}
EVERY_SECONDS = 0.05  # between two exceptions in a thread that always raises


class Armed:
    """A fault at one place: `act(original, arguments)` replaces the call while `counts()`.

    times, seconds: how often or how long it happens; without both, always.
    """

    def __init__(
        self, act: Callable[[Callable, tuple], Any], times: int | None, seconds: float | None
    ) -> None:
        self._act, self._left = act, times
        self._until = None if seconds is None else time.monotonic() + seconds

    def counts(self) -> bool:
        if self._until is not None and time.monotonic() > self._until:
            return False
        if self._left is None:
            return True
        self._left -= 1
        return self._left >= 0

    def __call__(self, original: Callable, arguments: tuple) -> Any:
        return self._act(original, arguments)


_armed: dict[str, Armed] = {}


def prepare() -> None:
    """Prepare every place for faults; nothing changes until one is armed."""
    for name, (module, path) in PLACES.items():
        owner: Any = import_module(module)
        *owners, last = path.split(".")
        for part in owners:
            owner = getattr(owner, part)
        setattr(owner, last, _able_to_fail(name, getattr(owner, last)))


def _able_to_fail(name: str, original: Callable) -> Callable:
    @wraps(original)
    def call(*arguments: Any) -> Any:
        armed = _armed.get(name)
        if armed is not None and armed.counts():
            return armed(original, arguments)
        return original(*arguments)

    return call


def arm(
    place: str,
    act: str,
    *,
    error: str = "RuntimeError",
    times: int | None = None,
    seconds: float | None = None,
    most: float = 3600.0,
) -> None:
    """Arm a fault at a place.

    place: a key of `PLACES`, or "threads" to raise in every thread but the main one. act: "raise",
    "hang" or a key of `ACTS`. error: for "raise", see `_error`. times, seconds: how often or how
    long it happens; without both, always. most: seconds of a hang.
    """
    if place == "threads":
        _interrupt(_error(error), seconds or 0.0)
        return
    if act == "raise":

        def do(original: Callable, arguments: tuple) -> Any:
            raise _error(error)

    elif act == "hang":

        def do(original: Callable, arguments: tuple) -> Any:
            time.sleep(most)
            return original(*arguments)

    else:
        change = ACTS[act]

        def do(original: Callable, arguments: tuple) -> Any:
            return change(original(*arguments))

    _armed[place] = Armed(do, times, seconds)


def _error(name: str) -> BaseException:
    """An exception by its name, or an OSError by the name of its code, such as "ENOSPC"."""
    code = getattr(errno, name, None)
    if code is not None:
        return OSError(code, os.strerror(code))
    return getattr(builtins, name)("torture")


# Functions that change the value that the place returns.
ACTS: dict[str, Callable[[Any], Any]] = {
    "nothing": lambda made: None,
    "nan": lambda made: np.full_like(made, np.nan),
    "loud": lambda made: made * 100,
    "turned": lambda made: made.T.copy(),
    "empty": lambda made: made[:0],
    "short": lambda made: made[:100],
}


def _interrupt(error: BaseException, seconds: float) -> None:
    """Raise in every thread but the main one and this, once or repeatedly for some seconds."""
    spared = {threading.main_thread().ident, threading.get_ident()}
    until = time.monotonic() + seconds
    while True:
        for thread in threading.enumerate():
            if thread.ident is not None and thread.ident not in spared:
                ctypes.pythonapi.PyThreadState_SetAsyncExc(
                    ctypes.c_ulong(thread.ident), ctypes.py_object(type(error))
                )
        if time.monotonic() >= until:
            return
        time.sleep(EVERY_SECONDS)
