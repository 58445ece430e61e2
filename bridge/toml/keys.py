"""The permitted values of rig file keys, and the check of a table against them.

An error names the file, the line, the key and the fix.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bridge.audio.routing import outputs
from bridge.network.hosts import host_name, network, web_place
from bridge.toml.lines import QUOTES, Source
from musicrfm.errors import MusicRFMError
from musicrfm.files.paths import control_character

TOP_LEVEL = "the top level"
# What each text of a list becomes.
EACH: dict[str, Callable[[str], Any]] = {"texts": str, "host names": host_name, "networks": network}


@dataclass(frozen=True)
class Key:
    """The permitted value of one key: `kind` is "text", "path", "texts" (one or a list), "place" (a
    text such as "0.0.0.0:8000"), "host names" or "networks" (one or a list), "number", "whole",
    "range" (two numbers), "outputs" (of a sound card, see `routing.outputs`), "switch" (true or
    false), "on" (true), "number or on" (whole or true), "whole or off" (a number or "off") or one
    of several words, written "one|other". The range is inclusive."""

    kind: str
    low: float = -math.inf
    high: float = math.inf


def checked_table(
    path: Source,
    where: str,
    table: dict[str, Any],
    keys: Mapping[str, Key],
    required: tuple[str, ...] = (),
) -> dict[str, Any]:
    """A table's values, converted. Raises MusicRFMError for an invalid, unknown or missing key.

    where: the table as the file writes it, such as `[osc]`, or `TOP_LEVEL`.
    """
    for key in required:
        if key not in table:
            raise MusicRFMError(f"{path.at(where)}: {where} needs the key {key}")
    checked = {}
    for key, value in table.items():
        place = path.at("" if where == TOP_LEVEL else where, key)
        known_key(place, where, key, keys)
        checked[key] = _value(place, f"{where} {key}".strip(), value, keys[key])
    return checked


def known_key(path: str, where: str, key: str, known: Mapping[str, object]) -> None:
    """Raise MusicRFMError, naming similar keys, for a key that is not among `known`."""
    if key not in known:
        close = difflib.get_close_matches(key, known, n=1)
        hint = f"did you mean {close[0]}?" if close else f"known: {', '.join(known)}"
        place = f"{where} has an" if where else "there is an"
        raise MusicRFMError(f"{path}: {place} unknown key {key!r}; {hint}")


def _value(path: str, where: str, value: Any, key: Key) -> Any:
    """The value, converted. Raises MusicRFMError if the key does not permit it."""
    if key.kind == "outputs":
        return _checked(path, where, outputs, value)
    if key.kind in EACH:
        return _texts(path, where, value, EACH[key.kind])
    if key.kind in ("text", "path", "place"):
        return _text(path, where, value, key.kind)
    if key.kind == "range":
        if (
            isinstance(value, list)
            and len(value) == 2
            and all(is_number(end) and abs(end) <= 1e6 for end in value)
        ):
            return float(value[0]), float(value[1])
        raise MusicRFMError(f"{path}: {where} must be two numbers, such as [0, 1.2], not {value!r}")
    if key.kind == "on" or (key.kind == "number or on" and isinstance(value, bool)):
        if value is True:
            return True
        raise MusicRFMError(f"{path}: {where} can only be true, not {value!r}")
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
    return _number(path, where, value, key)


def _texts(path: str, where: str, value: Any, check: Callable[[str], Any]) -> tuple[Any, ...]:
    texts = [value] if isinstance(value, str) else value
    if isinstance(texts, list) and texts and all(isinstance(text, str) for text in texts):
        return tuple(_checked(path, where, check, text) for text in texts)
    raise MusicRFMError(
        f"{path}: {where} must be a text in quotes or a list of them, not {value!r}"
    )


def _text(path: str, where: str, value: Any, kind: str) -> str:
    if not isinstance(value, str):
        raise MusicRFMError(f"{path}: {where} must be a text in quotes, not {value!r}")
    slip = control_character(value) if kind == "path" else None
    if slip is not None:
        raise MusicRFMError(
            f"{path}: {where} = {value!r} contains {slip}, because \\ starts an escape "
            f"sequence: {QUOTES}"
        )
    if kind == "place":
        _checked(path, where, web_place, value)
    return value


def _number(path: str, where: str, value: Any, key: Key) -> float:
    whole = key.kind in ("whole", "number or on", "whole or off")
    if not is_number(value) or (whole and not isinstance(value, int)):
        kind = "a whole number" if whole else "a number"
        if key.kind == "whole or off":
            kind += ' or "off"'
        raise MusicRFMError(f"{path}: {where} must be {kind}, not {value!r}")
    if not key.low <= value <= key.high:
        raise MusicRFMError(
            f"{path}: {where} must be from {key.low:g} to {key.high:g}, not {value!r}"
        )
    return value if whole else float(value)


def _checked(path: str, where: str, check: Callable[[Any], Any], value: Any) -> Any:
    try:
        return check(value)
    except MusicRFMError as error:
        raise MusicRFMError(f"{path}: {where}: {error}") from None


def is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
