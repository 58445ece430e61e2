"""Lets `mido` distinguish two controllers with one name.

`mido` stores and opens ports by name, so it knows only one of two ports with the same name. This
module makes every name from python-rtmidi unique.
"""

from __future__ import annotations

from types import ModuleType, SimpleNamespace
from typing import Any

from bridge.midi.names import labelled


def tell_apart(backend: ModuleType) -> None:
    """Patches mido's backend `mido.backends.rtmidi`; other backends are not changed. May be
    repeated.

    A port that shares its name is then listed, and opened, under its name in `bridge.midi.names`.
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
