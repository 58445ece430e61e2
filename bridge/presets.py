"""Presets: where everything stands, kept under a name, to go back to at once or by and by.

They are kept in the rig file as [presets.NAME], from address to value, and can be written there by
hand. Without a rig file they last as long as the set.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

import tomlkit

from bridge import rigfile
from bridge.controls import Controls, Value
from musicrfm.errors import MusicRFMError
from musicrfm.paths import composed

log = logging.getLogger(__name__)

MAX_NAME = 64
MAX_PRESETS = 500
# Recalling a sound should neither start nor stop it, nor be felt in headphones.
NOT_KEPT = ("/play", "/cue/gain")


class Presets:
    """The presets of a set. Every method may be called from any thread.

    A preset is the whole of the steering: a direction it does not name goes to 0 and its options to
    their defaults. Anything else that it does not name stays as it is.
    """

    def __init__(
        self,
        controls: Controls,
        path: str | Path | None = None,
        presets: Mapping[str, Mapping[str, Value]] | None = None,
    ) -> None:
        self.bpm: Callable[[], float | None] = lambda: None  # beats a minute, as far as is known
        self._controls = controls
        self._path = path
        self._lock = threading.Lock()
        self._presets = {name: dict(values) for name, values in (presets or {}).items()}
        for what, handler in {
            "store": lambda name, source: self.store(name),
            "recall": self.recall,
            "morph": self.morph,
            "morph_beats": self.morph_beats,
            "delete": lambda name, source: self.delete(name),
        }.items():
            controls.handle(f"/preset/{what}", handler)

    def names(self) -> list[str]:
        """In the order they were stored."""
        with self._lock:
            return list(self._presets)

    def replace(self, presets: Mapping[str, Mapping[str, Value]]) -> None:
        """These are the presets now: the rig file has been read again."""
        with self._lock:
            self._presets = {name: dict(values) for name, values in presets.items()}

    def store(self, name: str) -> None:
        """Keep how everything stands. Raises MusicRFMError for an unfit name or a file problem."""
        name = checked_name(name)
        values = {}
        for address, value in self._controls.snapshot().values.items():
            parameter = self._controls.parameters[address]
            plain = address.startswith("/steer/") and value == parameter.default
            if not (parameter.event or plain or address in NOT_KEPT):
                # Seven digits are all that an OSC number has, and easier to read.
                values[address] = float(f"{value:.7g}") if isinstance(value, float) else value
        with self._lock:
            if name not in self._presets and len(self._presets) >= MAX_PRESETS:
                raise MusicRFMError(f"there are {MAX_PRESETS} presets already: delete one first")
            self._edit(name, values)
            self._presets[name] = values
        if self._path is None:
            log.warning("preset %s lasts as long as this set: --rig FILE keeps presets", name)

    def recall(self, name: str, source: object = "local") -> None:
        """Go there at once. Raises MusicRFMError if there is no such preset."""
        self._go(name, None, source)

    def morph(self, name: str, seconds: float, source: object = "local") -> None:
        """Glide there in so many seconds; texts and whole numbers change at once."""
        self._go(name, seconds, source)

    def morph_beats(self, name: str, beats: float, source: object = "local") -> None:
        """Glide there in so many beats. Raises MusicRFMError while no tempo is known."""
        bpm = self.bpm()
        if not bpm:
            raise MusicRFMError(
                "no tempo is known to morph in beats: set /tempo/target, play to a clock "
                "(--clock), or give seconds with /preset/morph"
            )
        self._go(name, 60.0 * beats / bpm, source)

    def delete(self, name: str) -> None:
        """Raises MusicRFMError if there is no such preset, or for a file problem."""
        name = checked_name(name)
        with self._lock:
            self._known(name)
            self._edit(name, None)
            del self._presets[name]

    def _go(self, name: str, seconds: float | None, source: object) -> None:
        name = checked_name(name)
        with self._lock:
            preset = dict(self._known(name))
        values = {
            address: parameter.default
            for address, parameter in self._controls.parameters.items()
            if address.startswith("/steer/")
        }
        missing = []
        for address, value in preset.items():
            try:
                values[self._controls.parameter(address).address] = value
            except MusicRFMError:
                missing.append(address)
        if missing:
            log.warning("preset %s: not in this set: %s", name, ", ".join(missing))
        self._controls.set_many(values, seconds, source)

    def _known(self, name: str) -> dict[str, Value]:
        if name not in self._presets:
            known = ", ".join(self._presets) or "none yet"
            raise MusicRFMError(f"there is no preset {name!r}; there are: {known}")
        return self._presets[name]

    def _edit(self, name: str, values: Mapping[str, Value] | None) -> None:
        """Write one preset into the rig file, or with None take it out."""
        if self._path is None:
            return

        def change(document: tomlkit.TOMLDocument) -> None:
            tables = document.get("presets")
            if tables is None:
                tables = document["presets"] = tomlkit.table(is_super_table=True)
            key = next((key for key in tables if composed(key) == name), name)
            if values is None:
                tables.pop(key, None)
                if not tables:
                    document.pop("presets")
            elif isinstance(tables.get(key), dict):
                table = tables[key]
                for address in [address for address in table if address not in values]:
                    del table[address]
                table.update(values)
            else:
                table = tomlkit.table()
                table.update(values)
                tables[name] = table

        rigfile.edit(self._path, change)


def checked_name(name: object) -> str:
    """The name without spaces around it. Raises MusicRFMError if it cannot be one."""
    text = composed(name.strip()) if isinstance(name, str) else ""
    if not text or len(text) > MAX_NAME or not text.isprintable():
        raise MusicRFMError(
            f"a preset's name is a text of 1 to {MAX_NAME} characters, not {str(name)[:80]!r}"
        )
    return text
