"""MIDI: controllers that set controls, and their mappings."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bridge.midi.controllers import MidiInput
    from bridge.midi.mapping import MidiMap

__all__ = ["MidiInput", "MidiMap"]

_HOMES = {"MidiInput": "bridge.midi.controllers", "MidiMap": "bridge.midi.mapping"}


def __getattr__(name: str) -> Any:
    """Imported on first use: the process that holds a port needs neither, and must start fast."""
    if name not in _HOMES:
        raise AttributeError(f"module 'bridge.midi' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
