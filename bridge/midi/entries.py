"""The `[[midi]]` entries of a rig file: their keys and their mappings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bridge.controls.parameters import canonical_address, steer_address
from bridge.midi.mapping import CURVES, RELATIVE, SOURCES, TURNED, MidiMap
from bridge.toml.keys import Key, checked_table
from bridge.toml.lines import Source
from musicrfm.errors import MusicRFMError

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


def mapping(entry: Mapping[str, Any]) -> MidiMap:
    """Parse one `[[midi]]` entry without a file. Raises MusicRFMError for a mistake in any key."""
    return checked_mapping(Source("MIDI"), "[[midi]]", dict(entry))


def checked_mapping(path: Source, where: str, entry: dict[str, Any]) -> MidiMap:
    """Parse one `[[midi]]` entry of the file `path`, named `where` in messages. Raises
    MusicRFMError."""
    values = checked_table(path, where, entry, MIDI)
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
                f"{path.at(where, 'to')}: {where} takes no key to: {source} sets the address"
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
            f"{path.at(where, 'preset')}: {where}, preset also needs the number of a program"
        )
    if source == "program" and number is not None and "preset" not in values:
        raise MusicRFMError(
            f"{path.at(where)}: {where} needs the key preset: the preset that program {number} "
            "recalls"
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
    """Keys for endless encoders are allowed only for controls that can be one."""
    relative = values.get("relative")
    for key in ("relative", "step", "acceleration"):
        if key in values and source not in TURNED:
            raise MusicRFMError(
                f"{path.at(where, key)}: {where}, {key} is for an endless encoder, and "
                f"{source} is not one of {', '.join(TURNED)}"
            )
        if key != "relative" and key in values and relative == "off":
            raise MusicRFMError(
                f"{path.at(where, key)}: {where}, {key} is for an endless encoder, and "
                'relative = "off" excludes that'
            )
    for key in ("toggle", "pickup"):
        if values.get(key) and relative not in (None, "off"):
            raise MusicRFMError(
                f"{path.at(where, key)}: {where}, {key} is for a control with end stops, and "
                f"relative = {relative!r} means an endless encoder"
            )
