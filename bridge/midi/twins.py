"""Lets `mido` see both of two controllers with one name.

`mido` keeps its ports by their names and opens them by their names, so that of two with the same
name it knows one. Here every name that python-rtmidi tells it is made a name of its own.
"""

from __future__ import annotations

from types import ModuleType, SimpleNamespace
from typing import Any

from bridge.midi.names import labelled


def tell_apart(backend: ModuleType) -> None:
    """For mido's backend `mido.backends.rtmidi`; any other is left as it is. Any number of times.

    A port that shares its name is then called, and opened, as `bridge.midi.names` has it.
    """
    library = getattr(backend, "rtmidi", None)
    if not isinstance(library, ModuleType):  # another backend, or done already
        return

    def told(kind: Any) -> Any:
        class Told(kind):
            def get_ports(self, *given: Any, **more: Any) -> list[str]:
                return labelled(super().get_ports(*given, **more))

        return Told

    known = dict(vars(library))
    known |= {"MidiIn": told(library.MidiIn), "MidiOut": told(library.MidiOut)}
    vars(backend).update(rtmidi=SimpleNamespace(**known))
