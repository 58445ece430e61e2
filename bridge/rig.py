"""The rig file: how one player sets the instrument up, as TOML.

`[engine]`, `[output]`, `[osc]` and `[web]` hold single settings, `[[steer]]` and `[[midi]]` are
repeated. Everything is checked when the file is read, and an error names the file, the key and the
fix.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bridge.audio.routing import apart, outputs
from bridge.controls.parameters import Parameter, canonical_address, set_by, steer_address
from bridge.midi.mapping import CURVES, RELATIVE, SOURCES, TURNED, MidiMap
from bridge.network.hosts import host_name, network, web_place
from bridge.toml.lines import QUOTES, Source, parsed, read_toml
from musicrfm.errors import MusicRFMError
from musicrfm.files.paths import composed, control_character, path_of


@dataclass(frozen=True)
class Key:
    """What one key may hold: `kind` is "text", "path" (a text that may be one), "texts" (one or a
    list), "place" (a text such as "0.0.0.0:8000"), "host names" or "networks" (one or a list),
    "number", "whole", "range" (two numbers), "outputs" (of a sound card, see `routing.outputs`),
    "switch" (true or false), "on" (true), "number or on" (whole or true), "whole or off" (a number
    or "off") or one of several words, written "one|other". The range is inclusive.
    """

    kind: str
    low: float = -math.inf
    high: float = math.inf


@dataclass(frozen=True)
class SteerSetting:
    """One `[[steer]]`: a direction by name or by path, and how it starts where that is said."""

    name: str
    coefficient: float | None = None
    layers: str | None = None
    schedule: str | None = None
    inject: float | None = None
    inject_per: str | None = None
    component: str | None = None


@dataclass(frozen=True)
class CrossfadeSetting:
    """One `[[crossfade]]`: `start` and `seconds` are seconds of audio since the set began."""

    from_name: str
    to_name: str
    start: float
    seconds: float


@dataclass(frozen=True)
class Rig:
    """A rig file's settings. The mappings hold only the keys that the file sets.

    folder: where the file is, which is where the Python functions it names may be too. path: the
    file itself.
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
        """What a table sets of the live parameters, by address."""
        said = getattr(self, table)
        return {one.address: said[key] for key, one in set_by(table).items() if key in said}


def _live(table: str) -> dict[str, Key]:
    """The keys of a table that set live parameters."""
    return {key: _key_of(parameter) for key, parameter in set_by(table).items()}


def _key_of(parameter: Parameter) -> Key:
    """What a rig file may say of a parameter: the same as everybody else."""
    if parameter.choices:
        return Key("|".join(parameter.choices))
    if parameter.type == "s":
        return Key("text")
    if parameter.switch:
        return Key("switch")
    low, high = float(parameter.low or 0.0), float(parameter.high or 0.0)
    return Key("whole" if parameter.type == "i" else "number", low, high)


TABLES: dict[str, dict[str, Key]] = {
    "engine": {
        "model": Key("path"),
        "device": Key("text"),
        "dtype": Key("auto|float32|bfloat16|float16|int8|int4"),
        "seed": Key("whole", 0, 2**63 - 1),
        "lookahead": Key("number", 40, 10_000),  # ms
        "smoothing": Key("number", 0, 10_000),  # ms
        "early": Key("whole", 0, 1),
        "window": Key("number", 1, 30),  # seconds
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
MIDI = {
    **{
        source: Key("on") if highest is None else Key("whole", 0, highest)
        for source, highest in SOURCES.items()
        if source != "program"
    },
    "program": Key("number or on", 0, 127),
    "channel": Key("whole", 1, 16),
    "to": Key("text"),
    "range": Key("range"),
    "curve": Key("|".join(CURVES)),
    "toggle": Key("switch"),
    "pickup": Key("switch"),
    "port": Key("text"),
    "preset": Key("text"),
    "relative": Key("|".join(RELATIVE)),
    "step": Key("number", 1e-6, 1e6),
    "acceleration": Key("number", 1, 100),
}
TOP = {"midi_port": Key("texts"), "midi_feedback": Key("switch"), "midi_mpe": Key("texts")}
TOP_LEVEL = "the top level"
# What each text of a list becomes.
EACH: dict[str, Callable[[str], Any]] = {"texts": str, "host names": host_name, "networks": network}


def load_rig(path: str | Path) -> Rig:
    """Read a rig file. Raises MusicRFMError if it is missing, not TOML, or wrong in any key."""
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
        _known(path.at("", key), "", key, known)
    tables = {}
    for name, keys in TABLES.items():
        table = data.get(name, {})
        if not isinstance(table, dict):
            raise MusicRFMError(f"{path.at('', name)}: {name} must be a table, written [{name}]")
        tables[name] = _table(path, f"[{name}]", table, keys)
    try:
        apart(tables["output"].get("channels"), tables["output"].get("cue"))
    except MusicRFMError as error:
        raise MusicRFMError(f"{path.at('[output]', 'cue')}: {error}") from None
    top = _table(path, TOP_LEVEL, {k: data[k] for k in TOP if k in data}, TOP)
    return Rig(
        **tables,
        midi_ports=top.get("midi_port", ()),
        midi_feedback=bool(top.get("midi_feedback", False)),
        midi_mpe=top.get("midi_mpe", ()),
        midi=tuple(_midi(path, where, entry) for where, entry in _entries(path, data, "midi")),
        steer=tuple(_steer(path, where, entry) for where, entry in _entries(path, data, "steer")),
        crossfade=tuple(
            _crossfade(path, where, entry) for where, entry in _entries(path, data, "crossfade")
        ),
        presets=_presets(path, data.get("presets", {})),
    )


def _presets(path: Source, presets: Any) -> dict[str, dict[str, Any]]:
    """Whether this set has the addresses is only known when a preset is recalled."""
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
            if not (isinstance(value, str) or _is_number(value)):
                raise MusicRFMError(f"{place} {address} must be a number or a text, not {value!r}")
            kept[canonical_address(address)] = value
    return checked


def _entries(path: Source, data: dict[str, Any], name: str) -> list[tuple[str, dict[str, Any]]]:
    entries = data.get(name, [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise MusicRFMError(f"{path.at('', name)}: {name} is repeated, so it is written [[{name}]]")
    return [(f"[[{name}]] number {at}", entry) for at, entry in enumerate(entries, start=1)]


def mapping(entry: Mapping[str, Any]) -> MidiMap:
    """One `[[midi]]` entry by itself. Raises MusicRFMError if it is wrong in any key."""
    return _midi(Source("MIDI"), "[[midi]]", dict(entry))


def _midi(path: Source, where: str, entry: dict[str, Any]) -> MidiMap:
    values = _table(path, where, entry, MIDI)
    sources = [source for source in SOURCES if source in values]
    if len(sources) != 1:
        raise MusicRFMError(
            f"{path.at(where)}: {where} needs one of the keys {', '.join(SOURCES)}, "
            f"not {' and '.join(sources) or 'none'}"
        )
    source = sources[0]
    number = None if values[source] is True else values[source]
    low, high = values.get("range", (None, None))
    to = canonical_address(values.get("to", ""))
    if source in ("notes", "program"):
        if to:
            raise MusicRFMError(
                f"{path.at(where, 'to')}: {where} takes no key to: {source} says what it moves"
            )
    elif "to" not in values:
        raise MusicRFMError(f"{path.at(where)}: {where} needs the key to")
    elif not to.startswith("/"):
        raise MusicRFMError(
            f"{path.at(where, 'to')}: {where}, to = {values['to']!r} must be an address, such as "
            f"{steer_address('note_C')!r}"
        )
    if "preset" in values and (source != "program" or number is None):
        raise MusicRFMError(
            f"{path.at(where, 'preset')}: {where}, preset needs the number of a program beside it"
        )
    if source == "program" and number is not None and "preset" not in values:
        raise MusicRFMError(
            f"{path.at(where)}: {where} needs the key preset, which program {number} recalls"
        )
    _endless(path, where, source, values)
    return MidiMap(
        source,
        number,
        to,
        values.get("channel"),
        low,
        high,
        values.get("curve", "linear"),
        bool(values.get("toggle", False)),
        bool(values.get("pickup", False)),
        values.get("port"),
        values.get("preset"),
        values.get("relative"),
        values.get("step"),
        values.get("acceleration", 1.0),
    )


def _endless(path: Source, where: str, source: str, values: dict[str, Any]) -> None:
    """What is about endless encoders must be said of what can be one."""
    relative = values.get("relative")
    for key in ("relative", "step", "acceleration"):
        if key in values and source not in TURNED:
            raise MusicRFMError(
                f"{path.at(where, key)}: {where}, {key} is for an endless encoder, which is one of "
                f"{', '.join(TURNED)}, not {source}"
            )
        if key != "relative" and key in values and relative == "off":
            raise MusicRFMError(
                f"{path.at(where, key)}: {where}, {key} is for an endless encoder, and "
                'relative = "off" says that this is none'
            )
    for key in ("toggle", "pickup"):
        if values.get(key) and relative not in (None, "off"):
            raise MusicRFMError(
                f"{path.at(where, key)}: {where}, {key} is for a control with ends, and "
                f"relative = {relative!r} says that this has none"
            )


def _steer(path: Source, where: str, entry: dict[str, Any]) -> SteerSetting:
    return SteerSetting(**_table(path, where, entry, STEER, required=("name",)))


def _crossfade(path: Source, where: str, entry: dict[str, Any]) -> CrossfadeSetting:
    values = _table(path, where, entry, CROSSFADE, required=("from", "to", "seconds"))
    start = values.get("start", 0.0)
    return CrossfadeSetting(values["from"], values["to"], start, values["seconds"])


def _table(
    path: Source,
    where: str,
    table: dict[str, Any],
    keys: Mapping[str, Key],
    required: tuple[str, ...] = (),
) -> dict[str, Any]:
    for key in required:
        if key not in table:
            raise MusicRFMError(f"{path.at(where)}: {where} needs the key {key}")
    checked = {}
    for key, value in table.items():
        place = path.at("" if where == TOP_LEVEL else where, key)
        _known(place, where, key, keys)
        checked[key] = _value(place, f"{where} {key}".strip(), value, keys[key])
    return checked


def _known(path: str, where: str, key: str, known: Mapping[str, object]) -> None:
    if key not in known:
        close = difflib.get_close_matches(key, known, n=1)
        hint = f"did you mean {close[0]}?" if close else f"known are: {', '.join(known)}"
        place = f"{where} has an" if where else "there is an"
        raise MusicRFMError(f"{path}: {place} unknown key {key!r}; {hint}")


def _value(path: str, where: str, value: Any, key: Key) -> Any:
    if key.kind == "range":
        if (
            isinstance(value, list)
            and len(value) == 2
            and all(_is_number(end) and abs(end) <= 1e6 for end in value)
        ):
            return float(value[0]), float(value[1])
        raise MusicRFMError(f"{path}: {where} must be two numbers, as [0, 1.2], not {value!r}")
    if key.kind == "outputs":
        try:
            return outputs(value)
        except MusicRFMError as error:
            raise MusicRFMError(f"{path}: {where}: {error}") from None
    if key.kind in EACH:
        texts = [value] if isinstance(value, str) else value
        if isinstance(texts, list) and texts and all(isinstance(text, str) for text in texts):
            return tuple(_checked(path, where, EACH[key.kind], text) for text in texts)
        raise MusicRFMError(
            f"{path}: {where} must be a text in quotes or a list of them, not {value!r}"
        )
    if key.kind == "on" or (key.kind == "number or on" and isinstance(value, bool)):
        if value is True:
            return True
        raise MusicRFMError(f"{path}: {where} can only be true, not {value!r}")
    if key.kind in ("text", "path", "place"):
        if isinstance(value, str):
            slip = control_character(value) if key.kind == "path" else None
            if slip is not None:
                raise MusicRFMError(
                    f"{path}: {where} = {value!r} holds {slip}, which \\ made of a letter: {QUOTES}"
                )
            if key.kind == "place":
                _checked(path, where, web_place, value)
            return value
        raise MusicRFMError(f"{path}: {where} must be a text in quotes, not {value!r}")
    if "|" in key.kind:
        if value in key.kind.split("|"):
            return value
        raise MusicRFMError(
            f"{path}: {where} must be {key.kind.replace('|', ' or ')}, not {value!r}"
        )
    if key.kind == "switch":
        if value in (True, False):
            return int(value)
        raise MusicRFMError(f"{path}: {where} must be true or false, not {value!r}")
    if key.kind == "whole or off" and value == "off":
        return value
    whole = key.kind in ("whole", "number or on", "whole or off")
    if not _is_number(value) or (whole and not isinstance(value, int)):
        kind = "a whole number" if whole else "a number"
        if key.kind == "whole or off":
            kind += ' or "off"'
        raise MusicRFMError(f"{path}: {where} must be {kind}, not {value!r}")
    if not key.low <= value <= key.high:
        raise MusicRFMError(
            f"{path}: {where} must be from {key.low:g} to {key.high:g}, not {value!r}"
        )
    return value if whole else float(value)


def _checked(path: str, where: str, check: Callable[[str], Any], text: str) -> Any:
    try:
        return check(text)
    except MusicRFMError as error:
        raise MusicRFMError(f"{path}: {where}: {error}") from None


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
