"""The meaning of a MIDI control: its identity, and the parameter's value at each position.

`bridge.midi.decoder` turns the messages of one port into `Move`s of controls; a `MidiMap` defines
which parameter a control sets, over which range, and how.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

from bridge.controls.controls import Parameter
from bridge.midi.names import meant
from bridge.midi.relative import ENCODINGS
from musicrfm.errors import MusicRFMError

# Each source, and the highest number a control of it may have (None: there is just one).
SOURCES: dict[str, int | None] = {
    "cc": 127,
    "cc14": 31,
    "nrpn": 16383,
    "rpn": 16383,
    "pitch_bend": None,
    "pressure": None,
    "note": 127,
    "notes": None,
    "program": 127,
}
TURNED = ("cc", "nrpn", "rpn")  # those that endless encoders send
RELATIVE = (*ENCODINGS, "auto", "off")
KEYS = ("sustain", "sostenuto", "silence", "let_go")  # moves that concern all notes of a channel
CURVES = ("linear", "exp", "log", "s")
CLICKS = 127  # of an endless encoder over the whole range, by default
STEEPNESS = 4.0  # of exp and log: half way up, exp is at an eighth


@dataclass(frozen=True)
class Move:
    """A control of `source` with this number (0 where there is only one) is at `position`, 0 to 1.

    channel: 1 to 16; voice is the channel of the message, where an MPE controller uses one per
    note. A released note is at 0, a held one at its velocity. `sustain` and `sostenuto` are pedals,
    `let_go` means all keys of a channel, and `silence` all notes, including those that a pedal
    holds. clicks: the number of clicks, for a control without a position. code: the value byte, if
    any.
    """

    source: str
    number: int
    channel: int
    position: float
    clicks: int | None = None
    code: int | None = None
    voice: int = 0


@dataclass(frozen=True)
class MidiMap:
    """One control: `source` and `number` on `channel` (1 to 16, None for any) of the ports whose
    name `port` is part of (None for any) moves the parameter at address `to` from `low` to `high`.

    `low` may be above `high`. Without them it goes from 0 to 1 for a direction and over the whole
    range for anything else. curve: one of CURVES. toggle: each press goes to the other end.
    pickup: nothing happens until the control has come to where the parameter is. `notes` needs no
    address: every pitch class goes to its own direction. `program` recalls `preset`, or, without
    one, the preset of that place in the list.

    relative: one of ENCODINGS for an endless encoder, "auto" for one whose encoding shows while it
    is turned, "off" for a knob with ends; None: which of all these shows. step: how far one click
    goes, in the parameter's unit. acceleration: so many times further when it is turned fast.
    """

    source: str
    number: int | None
    to: str = ""
    channel: int | None = None
    low: float | None = None
    high: float | None = None
    curve: str = "linear"
    toggle: bool = False
    pickup: bool = False
    port: str | None = None
    preset: str | None = None
    relative: str | None = None
    step: float | None = None
    acceleration: float = 1.0

    def matches(self, move: Move, port: str = "") -> bool:
        if move.source in KEYS:
            right = self.source in ("note", "notes")
        else:
            source = "note" if self.source == "notes" else self.source
            right = source == move.source and self.number in (None, move.number)
        return (
            right
            and self.channel in (None, move.channel)
            and (self.port is None or bool(meant(self.port, [port])))
        )

    def value(self, position: float) -> float:
        """The parameter's value for a position of 0 to 1; both ends are exact."""
        low = 0.0 if self.low is None else self.low
        high = 1.0 if self.high is None else self.high
        share = bent(self.curve, min(max(position, 0.0), 1.0))
        return low * (1.0 - share) + high * share

    def position(self, value: float) -> float:
        """The control's position for a value: 0 to 1, or the nearer end for a value beyond the
        range."""
        low = 0.0 if self.low is None else self.low
        high = 1.0 if self.high is None else self.high
        share = 0.0 if high == low else (value - low) / (high - low)
        return unbent(self.curve, min(max(share, 0.0), 1.0))

    def click(self, whole: bool = False) -> float:
        """The share of the travel per encoder click.

        whole: the parameter takes whole numbers, and a click is at least one of them.
        """
        width = abs((1.0 if self.high is None else self.high) - (self.low or 0.0))
        if not width:
            return 0.0
        usual = max(width / CLICKS, 1.0) if whole else width / CLICKS
        return (usual if self.step is None else self.step) / width

    def turned(self, value: float, clicks: float, whole: bool = False) -> float:
        """The value after this number of clicks from `value`; never beyond the range, nor further
        outside."""
        low = 0.0 if self.low is None else self.low
        high = 1.0 if self.high is None else self.high
        if high == low:
            return low
        share = clicks * self.click(whole)
        before = (value - low) / (high - low)
        if 0.0 <= before <= 1.0:
            return self.value(unbent(self.curve, before) + share)
        if before > 1.0:
            after = max(min(before + share, before), 0.0)
        else:
            after = min(max(before + share, before), 1.0)
        return low * (1.0 - after) + high * after

    def fitted(self, parameter: Parameter) -> MidiMap:
        """With the parameter's range where none was given. Raises MusicRFMError for a text."""
        if parameter.type not in ("f", "i", "trigger"):
            number = "" if self.number is None else f" {self.number}"
            which = f" ({self.source}{number})" if self.to else ""
            raise MusicRFMError(f"a knob{which} cannot set the text {parameter.address}")
        if parameter.type == "trigger" and self.relative not in (None, "off"):
            raise MusicRFMError(
                f"an endless encoder cannot trigger {parameter.address}: remove relative"
            )
        steers = parameter.address.startswith("/steer/")
        low, high = (0.0, 1.0) if steers else (parameter.low, parameter.high)
        return replace(
            self,
            to=parameter.address,
            low=low if self.low is None else self.low,
            high=high if self.high is None else self.high,
        )

    def entry(self) -> dict[str, Any]:
        """The keys of its `[[midi]]` entry in a rig file."""
        entry: dict[str, Any] = {self.source: True if self.number is None else self.number}
        if self.to:
            entry["to"] = self.to
        for key in ("channel", "port", "preset"):
            if getattr(self, key) is not None:
                entry[key] = getattr(self, key)
        if self.low is not None and self.high is not None:
            entry["range"] = [self.low, self.high]
        if self.curve != "linear":
            entry["curve"] = self.curve
        for key in ("relative", "step"):
            if getattr(self, key) is not None:
                entry[key] = getattr(self, key)
        if self.acceleration != 1.0:
            entry["acceleration"] = self.acceleration
        return entry | {key: True for key in ("toggle", "pickup") if getattr(self, key)}


def bent(curve: str, share: float) -> float:
    """The share of the range, 0 to 1, at a share of the control's travel."""
    if curve == "exp":
        return math.expm1(STEEPNESS * share) / math.expm1(STEEPNESS)
    if curve == "log":
        return math.log1p(share * math.expm1(STEEPNESS)) / STEEPNESS
    if curve == "s":
        return share * share * (3.0 - 2.0 * share)
    return share


def unbent(curve: str, share: float) -> float:
    """The inverse of `bent`."""
    if curve in ("exp", "log"):
        return bent("log" if curve == "exp" else "exp", share)
    if curve == "s":
        return 0.5 - math.sin(math.asin(1.0 - 2.0 * share) / 3.0)
    return share
