"""Provides `mido` with a library for the system's MIDI, on every Python version.

python-rtmidi has no build for Python 3.13 and newer. There, `supriya-midi` replaces it: it wraps
the same RtMidi, and this module adapts its interface.
"""

from __future__ import annotations

import contextlib
import ctypes
import sys
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType
from typing import Any


def ensure() -> None:
    """Make `import rtmidi` find one of the two. Raises ImportError if neither is installed."""
    if "rtmidi" not in sys.modules and find_spec("rtmidi") is None:
        sys.modules["rtmidi"] = as_rtmidi()


def as_rtmidi() -> ModuleType:
    """The part of python-rtmidi's interface that `mido` uses, on top of supriya-midi."""
    # A client and its JACK server must be of one version, so the system's library goes before the
    # one that supriya-midi's wheel has in it.
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            ctypes.CDLL("libjack.so.0", ctypes.RTLD_GLOBAL)
    import supriya_midi as theirs

    class Port:
        def get_ports(self, encoding: str = "auto") -> list[str]:
            return super().get_ports()  # type: ignore[misc]  # of the class beside it

        def open_port(self, port: int = 0, name: str | None = None) -> Any:
            try:
                return super().open_port(port, name or "RtMidi")  # type: ignore[misc]  # as above
            except theirs.RtMidiError as error:
                raise RuntimeError(*error.args) from None

    class MidiIn(Port, theirs.MidiIn):
        def __init__(self, rtapi: int = 0, name: str | None = None, queue_size_limit: int = 1024):
            client = name or "RtMidiIn Client"
            super().__init__(theirs.RtMidiAPI(rtapi), client, queue_size_limit)

        def set_callback(self, func: Callable[[Any, Any], None], data: Any = None) -> None:
            """`func` gets one pair, of the message's bytes and the seconds since the last one."""

            def heard(message: Any, since: float, data: Any) -> None:
                func((list(message), since), data)

            super().set_callback(heard, data)

        def cancel_callback(self) -> None:
            if self._callback:  # if there is none, theirs takes offence
                super().cancel_callback()

    class MidiOut(Port, theirs.MidiOut):
        def __init__(self, rtapi: int = 0, name: str | None = None):
            super().__init__(theirs.RtMidiAPI(rtapi), name or "RtMidiOut Client")

    module = ModuleType("rtmidi", __doc__)
    module.__spec__ = ModuleSpec("rtmidi", loader=None)
    vars(module).update({f"API_{api.name}": int(api) for api in theirs.RtMidiAPI})
    vars(module).update(MidiIn=MidiIn, MidiOut=MidiOut, RtMidiError=theirs.RtMidiError)
    apis = [int(api) for api in theirs.get_compiled_apis()]
    vars(module).update(get_compiled_api=lambda: apis)
    return module
