"""Finds the sound device that a person means: by name, part of a name, sound system, or number.

A device may be listed once per sound system of the computer, with equal or truncated names. An
ambiguous name is an error that lists the candidates, never a guess.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Device = dict[str, Any]  # as PortAudio describes it

# How PortAudio numbers the sound systems of Windows, for callers that cannot ask it.
WINDOWS = dict(enumerate(("MME", "Windows DirectSound", "Windows WASAPI", "Windows WDM-KS")))
# Other names of sound systems, without spaces and signs.
ALIASES = {
    "jack": "jackaudioconnectionkit",
    "jack2": "jackaudioconnectionkit",
    "ds": "directsound",
    "dsound": "directsound",
    "wdm": "wdmks",
    "ks": "wdmks",
    "pulse": "pulseaudio",
}
CUT_OFF = 31  # length to which MME truncates names
MOST_LISTED = 12  # devices in a sentence
MOST_SAID = 80  # characters of the requested name in messages
# Numbers in a name that are no name: of a card's place on ALSA, of a second one alike on Windows.
PLACES = re.compile(r"\(hw:\d+,\d+\)|(?<!\w)\d+- ")
BETWEEN = re.compile(r"[\s,;:|/@(\[]+")
AROUND = " ,;:|/@-"


class SetupError(Exception):
    """The reason why a device could not be opened.

    `kind` is "portaudio", "no-device" or "busy"; "unknown" if no device, or no single one, matches;
    or "outputs" if it has too few.
    """

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def named(
    devices: Sequence[Device], wanted: str, kind: str, systems: Mapping[int, str] = WINDOWS
) -> Device:
    """The device that `wanted` names, which is one of

    - its name, or a part of it that no other has: `MOTU`, `828`;
    - with its sound system: `MOTU 828, Windows WASAPI`, `MOTU WASAPI`, `ASIO`;
    - its number, where no name has that number in it: `12`; or in any case: `#12`.

    kind: "output" or "input". systems: the names of the sound systems by PortAudio's number. Raises
    SetupError if it names none, or several.
    """
    found = _matches(devices, wanted, systems)
    if len(found) == 1:
        return found[0]
    if found:
        raise SetupError("unknown", _question(devices, found, wanted, kind, systems))
    raise SetupError("unknown", _none(devices, wanted, kind, systems))


def label(device: Device, systems: Mapping[int, str]) -> str:
    """The device's name with its sound system, if known."""
    return ", ".join(filter(None, (device["name"], _system(device, systems))))


def exact(devices: Sequence[Device], device: Device, systems: Mapping[int, str]) -> str:
    """A text that identifies this device only: its label if that suffices."""
    name = label(device, systems)
    return name if _matches(devices, name, systems) == [device] else f"#{device['index']}"


def _matches(devices: Sequence[Device], wanted: str, systems: Mapping[int, str]) -> list[Device]:
    """The candidates; better matches exclude worse ones."""
    text = _plain(wanted)
    if not text:
        return []
    if text.startswith("#") and _is_number(text[1:]):
        return [d for d in devices if d["index"] == int(text[1:])]
    names = [(_plain(d["name"]), d) for d in devices]
    if same := [d for d in devices if _plain(label(d, systems)) == text]:
        return same
    if same := [d for name, d in names if name == text]:
        return same
    if _is_number(text):
        word = re.compile(rf"(?<!\w){text}(?!\w)")
        unplaced = [(PLACES.sub(" ", name), d) for name, d in names]
        by_name = [d for name, d in unplaced if word.search(name)]
        by_name += [d for d in devices if d["index"] == int(text) and d not in by_name]
        # A single digit more likely means the number of a missing device.
        return by_name or [d for name, d in unplaced if len(text) > 1 and text in name]
    if part := [d for name, d in names if text in name]:
        return part
    for rest, system in _with_system(text):
        there = [d for d in devices if _squashed(_system(d, systems)) == system]
        if there := _matches(there, rest, systems) if rest else there:
            return there
    elsewhere = PLACES.sub(" ", text)
    if elsewhere != text and (
        same := [
            d for d in devices if PLACES.sub(" ", _plain(label(d, systems))).startswith(elsewhere)
        ]
    ):
        return same  # a card that was plugged into another port
    words = re.findall(r"\w+", text)
    if not all(map(_is_number, words)) and (
        some := [d for d in devices if all(w in _plain(label(d, systems)) for w in words)]
    ):
        return some
    return [d for d in devices if len(d["name"]) == CUT_OFF and text.startswith(_plain(d["name"]))]


def _with_system(text: str) -> Iterator[tuple[str, str]]:
    """Ways to split a text into a name and a sound system (squashed), at its end or its start."""
    cuts = [(match.start(), match.end()) for match in BETWEEN.finditer(text)]
    for before, after in ((0, 0), *cuts):
        yield text[:before].rstrip(AROUND), _squashed(text[after:])
    for before, after in reversed(cuts):
        yield text[after:].lstrip(AROUND), _squashed(text[:before])


def _question(
    devices: Sequence[Device],
    found: Sequence[Device],
    wanted: str,
    kind: str,
    systems: Mapping[int, str],
) -> str:
    lines = [f"{_said(wanted)} could mean {len(found)} {kind} devices, so say which:"]
    for device in found:
        count = device.get(f"max_{kind}_channels", 0)
        lines.append(
            f'  "{exact(devices, device, systems)}" is number {device["index"]}, '
            f"with {count} {kind}{'' if count == 1 else 's'}."
        )
    return "\n".join(lines)


def _none(devices: Sequence[Device], wanted: str, kind: str, systems: Mapping[int, str]) -> str:
    def unlike(device: Device) -> float:
        name = _plain(label(device, systems))
        return -difflib.SequenceMatcher(None, _plain(wanted)[:MOST_SAID], name).ratio()

    shown = devices if len(devices) <= MOST_LISTED else sorted(devices, key=unlike)[:MOST_LISTED]
    there = []
    for device in shown:
        system = _system(device, systems)
        there.append(f"{device['index']} {device['name']!r}" + (f" ({system})" if system else ""))
    if len(shown) < len(devices):
        there.append(f"and {len(devices) - len(shown)} more, see `bridge devices`")
    return f"no {kind} device matches {_said(wanted)}; there are: {', '.join(there) or 'none'}"


def _said(wanted: str) -> str:
    return repr(wanted if len(wanted) <= MOST_SAID else wanted[: MOST_SAID - 1] + "…")


def _system(device: Device, systems: Mapping[int, str]) -> str:
    """The name of the device's sound system; empty if unknown."""
    system = device.get("hostapi", "")
    return system if isinstance(system, str) else systems.get(system, "")


def _squashed(system: str) -> str:
    name = re.sub(r"[\W_]", "", system.casefold()).removeprefix("windows")
    return ALIASES.get(name, name)


def _plain(text: str) -> str:
    """The text without differences that do not distinguish names: case, kinds of spaces, forms of
    accents."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10
