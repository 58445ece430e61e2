"""Presets: the values of the controls under a name, to recall at once or gradually.

They are stored in the rig file as [presets.NAME], from address to value, and can be written there
by hand. Without a rig file, they last until the end of the set.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import tomlkit

from bridge.controls.controls import Controls, Value
from bridge.process.threads import supervised
from bridge.toml import saving
from musicrfm.errors import MusicRFMError
from musicrfm.files.paths import composed

log = logging.getLogger(__name__)

MAX_NAME = 64
CLOSE_SECONDS = 1.0
REST = 4.0  # pause of the writer, relative to its writing time
MAX_PRESETS = 500


class Presets:
    """The presets of a set. Every method may be called from any thread.

    A preset covers the whole steering: a direction it does not contain goes to 0 and its options to
    their defaults. Other parameters that it does not contain are not changed.
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
        # What the file does not have yet, None for what is to go from it; see `_write`.
        self._unwritten: dict[str, dict[str, Value] | None] = {}
        self._own: dict[saving.Stamp | None, saving.Stamp | None] = {}  # what it did to the file
        self._writing = threading.Lock()  # taken before the other one
        self._wake, self._over, given_up = (threading.Event() for _ in range(3))
        # Not until `_over`: what was stored last may find the thread only just begun.
        self._writer = supervised("presets", self._write, given_up, "saving presets restarts")
        self._give_up = given_up.set
        handlers: dict[str, Callable[..., None]] = {
            "store": self._store_soon,
            "replace": self._replace_soon,
            "recall": self.recall,
            "morph": self.morph,
            "morph_beats": self.morph_beats,
            "delete": self._delete_soon,
        }
        for what, handler in handlers.items():
            controls.handle(f"/preset/{what}", handler)

    def names(self) -> list[str]:
        """In the order of storing."""
        with self._lock:
            return list(self._presets)

    def replace(self, presets: Mapping[str, Mapping[str, Value]]) -> None:
        """Replace all presets, after the rig file was reloaded."""
        with self._lock:
            self._presets = {name: dict(values) for name, values in presets.items()}
            self._presets |= {n: v for n, v in self._unwritten.items() if v is not None}
            for name in [name for name, values in self._unwritten.items() if values is None]:
                self._presets.pop(name, None)

    def followed(self, stamp: saving.Stamp | None) -> saving.Stamp | None:
        """The stamp that the rig file has if, since it had this one, only presets were stored."""
        with self._lock:
            while stamp in self._own:
                stamp = self._own.pop(stamp)
            self._own.clear()  # of a file that was changed elsewhere since
            return stamp

    def close(self) -> None:
        """Write pending presets, without waiting long for a slow disk."""
        self._over.set()
        self._wake.set()
        if self._writer.is_alive():
            self._writer.join(CLOSE_SECONDS)
        self._give_up()

    def store(self, name: str, replace: bool = False) -> str:
        """Store the current values; returns the preset's name, see `_free`.

        Raises MusicRFMError for an invalid name or a file error.
        """
        name, values = checked_name(name), self._standing()
        with self._writing:
            with self._lock:
                name = name if replace else self._free(name, values)
                self._make_room(name)
            self._edit({name: values})
            with self._lock:
                self._presets[name] = values
                self._unwritten.pop(name, None)
        self._say_where(name)
        return name

    def _free(self, name: str, values: dict[str, Value]) -> str:
        """The name, or the first of `NAME-2`, `NAME-3` and so on that is free."""
        number, free = 1, name
        while self._presets.get(free, values) != values:
            number += 1
            free = f"{name[: MAX_NAME - 1 - len(str(number))]}-{number}"
        return free

    def _standing(self) -> dict[str, Value]:
        """The current values of all parameters that presets store."""
        values = {}
        for address, value in self._controls.snapshot().values.items():
            parameter = self._controls.parameters[address]
            plain = address.startswith("/steer/") and value == parameter.default
            if parameter.kept and not (parameter.event or plain):
                # Seven digits are all that an OSC number has, and easier to read.
                values[address] = float(f"{value:.7g}") if isinstance(value, float) else value
        return values

    def _make_room(self, name: str) -> None:
        if name not in self._presets and len(self._presets) >= MAX_PRESETS:
            raise MusicRFMError(f"the limit of {MAX_PRESETS} presets is reached: delete one first")

    def _say_where(self, name: str) -> None:
        if self._path is None:
            log.warning(
                "preset %s lasts until the end of this set: use --rig FILE to keep presets", name
            )

    # Controls come on threads that must not wait for a disk: what they store counts at once, and is
    # written by a thread of its own, many presets at a time.

    def _store_soon(self, name: str, source: object, replace: bool = False) -> None:
        asked, values = checked_name(name), self._standing()
        with self._lock:
            name = asked if replace else self._free(asked, values)
            self._make_room(name)
            self._presets[name] = values
            self._write_soon(name, values)
        self._say_where(name)
        if name != asked:
            self._controls.report(
                f"preset {asked} exists already, so this is {name}; /preset/replace replaces",
                source,
                "/preset/store",
            )

    def _replace_soon(self, name: str, source: object) -> None:
        self._store_soon(name, source, replace=True)

    def _delete_soon(self, name: str, source: object) -> None:
        name = checked_name(name)
        with self._lock:
            self._known(name)
            del self._presets[name]
            self._write_soon(name, None)

    def _write_soon(self, name: str, values: dict[str, Value] | None) -> None:
        if self._path is None:
            return
        if not self._writer.is_alive() and not self._over.is_set():
            self._writer.start()
        self._unwritten[name] = values
        self._wake.set()

    def _write(self) -> None:
        while not self._over.is_set() or self._unwritten:
            self._wake.wait()
            if not self._over.is_set():
                self._wake.clear()
            began = time.monotonic()
            with self._writing:
                self._write_all()
            # A burst of presets must not take the interpreter from the music.
            self._over.wait(REST * (time.monotonic() - began))

    def _write_all(self) -> None:
        with self._lock:
            changes = dict(self._unwritten)
        try:
            if changes:
                self._edit(changes)
        except MusicRFMError as error:
            names = ", ".join(changes)
            self._controls.report(f"{error}; kept until the end of this set: {names}")
        with self._lock:
            for name, values in changes.items():
                if self._unwritten.get(name, self) is values:
                    del self._unwritten[name]

    def recall(self, name: str, source: object = "local") -> None:
        """Recall at once. Raises MusicRFMError if the preset does not exist."""
        self._go(name, None, source)

    def morph(self, name: str, seconds: float, source: object = "local") -> None:
        """Glide there in the given number of seconds; texts and whole numbers change at once."""
        self._go(name, seconds, source)

    def morph_beats(self, name: str, beats: float, source: object = "local") -> None:
        """Glide there in the given number of beats. Raises MusicRFMError without a known tempo."""
        bpm = self.bpm()
        if not bpm:
            raise MusicRFMError(
                "morphing in beats needs a tempo: set /tempo/target, follow a clock "
                "(--clock), or give seconds with /preset/morph"
            )
        self._go(name, 60.0 * beats / bpm, source)

    def delete(self, name: str) -> None:
        """Raises MusicRFMError if the preset does not exist, or for a file error."""
        name = checked_name(name)
        with self._lock:
            self._known(name)
        with self._writing:
            self._edit({name: None})
            with self._lock:
                self._presets.pop(name, None)
                self._unwritten.pop(name, None)

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
            log.warning(
                "preset %s: these addresses are not in this set: %s", name, ", ".join(missing)
            )
        self._controls.set_many(values, seconds, source)

    def _known(self, name: str) -> dict[str, Value]:
        if name not in self._presets:
            known = ", ".join(self._presets) or "none yet"
            raise MusicRFMError(f"preset {name!r} does not exist; known: {known}")
        return self._presets[name]

    def _edit(self, changes: Mapping[str, Mapping[str, Value] | None]) -> None:
        """Write presets to the rig file, and remove those that are None."""
        if self._path is None:
            return

        def change(document: tomlkit.TOMLDocument) -> None:
            for name, values in changes.items():
                _change(document, name, values)

        was, now = saving.edit(self._path, change)
        with self._lock:
            self._own[was] = now


def _change(document: tomlkit.TOMLDocument, name: str, values: Mapping[str, Value] | None) -> None:
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


def checked_name(name: object) -> str:
    """The name without surrounding spaces. Raises MusicRFMError for an invalid name."""
    text = composed(name.strip()) if isinstance(name, str) else ""
    if not text or len(text) > MAX_NAME or not text.isprintable():
        raise MusicRFMError(
            f"a preset name must have 1 to {MAX_NAME} characters, not {str(name)[:80]!r}"
        )
    return text
