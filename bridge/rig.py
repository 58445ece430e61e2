"""The rig file: one player's setup of the instrument, as TOML.

`[engine]`, `[output]`, `[osc]` and `[web]` hold single settings, `[[steer]]` and `[[midi]]` are
repeated. Everything is checked when the file is read, and an error names the file, the key and the
fix.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bridge.audio.routing import apart
from bridge.controls.parameters import Parameter, canonical_address, set_by
from bridge.midi.entries import MIDI, checked_mapping
from bridge.midi.mapping import MidiMap
from bridge.toml.keys import TOP_LEVEL, Key, checked_table, is_number, known_key
from bridge.toml.lines import Source, parsed, read_toml
from musicrfm.errors import MusicRFMError
from musicrfm.files.paths import composed, path_of
from musicrfm.runtime.defaults import CACHES, DTYPES


@dataclass(frozen=True)
class SteerSetting:
    """One `[[steer]]`: a direction by name or path, and its initial settings."""

    name: str
    coefficient: float | None = None
    layers: str | None = None
    schedule: str | None = None
    inject: float | None = None
    inject_per: str | None = None
    component: str | None = None


@dataclass(frozen=True)
class CrossfadeSetting:
    """One `[[crossfade]]`: `start` and `seconds` are in seconds of audio since the start of the
    set."""

    from_name: str
    to_name: str
    start: float
    seconds: float


@dataclass(frozen=True)
class Rig:
    """A rig file's settings. The mappings hold only the keys that the file sets.

    folder: the file's folder, where its Python functions may be, too. path: the file itself.
    """

    engine: Mapping[str, Any] = field(default_factory=dict)
    output: Mapping[str, Any] = field(default_factory=dict)
    osc: Mapping[str, Any] = field(default_factory=dict)
    web: Mapping[str, Any] = field(default_factory=dict)
    midi_ports: tuple[str, ...] = ()
    midi_feedback: bool = False
    midi_mpe: tuple[str, ...] = ()
    midi: tuple[MidiMap, ...] = ()
    steer: tuple[SteerSetting, ...] = ()
    crossfade: tuple[CrossfadeSetting, ...] = ()
    presets: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    folder: Path | None = field(default=None, compare=False)
    path: Path | None = field(default=None, compare=False)

    def values(self, table: str) -> dict[str, Any]:
        """The values of live parameters that a table sets, by address."""
        said = getattr(self, table)
        return {one.address: said[key] for key, one in set_by(table).items() if key in said}


def _live(table: str) -> dict[str, Key]:
    """The keys of a table that set live parameters."""
    return {key: _key_of(parameter) for key, parameter in set_by(table).items()}


def _key_of(parameter: Parameter) -> Key:
    """The key of a parameter in a rig file, with the same range as everywhere else."""
    if parameter.choices:
        return Key("|".join(parameter.choices))
    if parameter.type == "s":
        return Key("text")
    if parameter.switch:
        return Key("switch")
    low, high = float(parameter.low or 0.0), float(parameter.high or 0.0)
    return Key("whole" if parameter.type == "i" else "number", low, high)


LONGEST_WINDOW = 30  # seconds, of those that can be asked for

TABLES: dict[str, dict[str, Key]] = {
    "engine": {
        "model": Key("path"),
        "device": Key("text"),
        "dtype": Key("|".join(DTYPES)),
        "seed": Key("whole", 0, 2**63 - 1),
        "lookahead": Key("number", 40, 10_000),  # ms
        "smoothing": Key("number", 0, 10_000),  # ms
        "early": Key("whole", 0, 1),
        "window": Key("number", 1, LONGEST_WINDOW),
        "cache": Key("|".join(CACHES)),
        **_live("engine"),
    },
    "output": {
        "to": Key("path"),
        "record": Key("path"),
        "channels": Key("outputs"),
        "cue": Key("outputs"),
        **_live("output"),
        "latency": Key("low|high"),
        "ring": Key("number", 1, 1000),  # ms
    },
    "osc": {
        "host": Key("text"),
        "port": Key("whole", 0, 65535),
        "tcp": Key("whole or off", 0, 65535),
        "allow": Key("networks"),
    },
    "web": {"at": Key("place"), "host": Key("host names")},
}
STEER = {"name": Key("path"), **_live("steer")}
CROSSFADE = {
    "from": Key("text"),
    "to": Key("text"),
    "start": Key("number", 0, 1e6),
    "seconds": Key("number", 0, 3600),
}
TOP = {"midi_port": Key("texts"), "midi_feedback": Key("switch"), "midi_mpe": Key("texts")}


def load_rig(path: str | Path) -> Rig:
    """Read a rig file. Raises MusicRFMError if it is missing, not TOML, or has a mistake in any
    key."""
    file = path_of(path)
    text = read_toml(file, str(path)).text
    rig = check_rig(parsed(text, str(path)), Source.of(str(path), text))
    return replace(rig, folder=file.resolve().parent, path=file)


def check_rig(data: dict[str, Any], path: Source | str) -> Rig:
    """A rig from parsed TOML; `path` is for the errors."""
    if isinstance(path, str):
        path = Source(path)
    repeated = {"steer": STEER, "crossfade": CROSSFADE, "midi": MIDI}
    known = {**TABLES, **repeated, "presets": {}, **TOP}
    for key in data:
        known_key(path.at("", key), "", key, known)
    tables = {}
    for name, keys in TABLES.items():
        table = data.get(name, {})
        if not isinstance(table, dict):
            raise MusicRFMError(f"{path.at('', name)}: {name} must be a table, written [{name}]")
        tables[name] = checked_table(path, f"[{name}]", table, keys)
    try:
        apart(tables["output"].get("channels"), tables["output"].get("cue"))
    except MusicRFMError as error:
        raise MusicRFMError(f"{path.at('[output]', 'cue')}: {error}") from None
    top = checked_table(path, TOP_LEVEL, {k: data[k] for k in TOP if k in data}, TOP)
    return Rig(
        engine=tables["engine"],
        output=tables["output"],
        osc=tables["osc"],
        web=tables["web"],
        midi_ports=top.get("midi_port", ()),
        midi_feedback=bool(top.get("midi_feedback", False)),
        midi_mpe=top.get("midi_mpe", ()),
        midi=tuple(
            checked_mapping(path, where, entry) for where, entry in _entries(path, data, "midi")
        ),
        steer=tuple(_steer(path, where, entry) for where, entry in _entries(path, data, "steer")),
        crossfade=tuple(
            _crossfade(path, where, entry) for where, entry in _entries(path, data, "crossfade")
        ),
        presets=_presets(path, data.get("presets", {})),
    )


def _presets(path: Source, presets: Any) -> dict[str, dict[str, Any]]:
    """Addresses are not checked: a set that recalls the preset may or may not have them."""
    if not isinstance(presets, dict):
        raise MusicRFMError(f"{path.at('', 'presets')}: presets are tables, written [presets.NAME]")
    checked: dict[str, dict[str, Any]] = {}
    for name, values in presets.items():
        where = f"[presets.{name}]"
        if not isinstance(values, dict):
            raise MusicRFMError(f"{path.at('[presets]', name)}: {name} must be a table, {where}")
        kept = checked[composed(name)] = {}
        for address, value in values.items():
            place = f"{path.at(where, address)}: {where}"
            if not address.startswith("/"):
                raise MusicRFMError(
                    f'{place} {address!r} must be an address in quotes, such as "/steer/note_C"'
                )
            if not (isinstance(value, str) or is_number(value)):
                raise MusicRFMError(f"{place} {address} must be a number or a text, not {value!r}")
            kept[canonical_address(address)] = value
    return checked


def _entries(path: Source, data: dict[str, Any], name: str) -> list[tuple[str, dict[str, Any]]]:
    entries = data.get(name, [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise MusicRFMError(f"{path.at('', name)}: {name} is a list of tables: write [[{name}]]")
    return [(f"[[{name}]] number {at}", entry) for at, entry in enumerate(entries, start=1)]


def _steer(path: Source, where: str, entry: dict[str, Any]) -> SteerSetting:
    return SteerSetting(**checked_table(path, where, entry, STEER, required=("name",)))


def _crossfade(path: Source, where: str, entry: dict[str, Any]) -> CrossfadeSetting:
    values = checked_table(path, where, entry, CROSSFADE, required=("from", "to", "seconds"))
    start = values.get("start", 0.0)
    return CrossfadeSetting(values["from"], values["to"], start, values["seconds"])
