"""What a MIDI control means: which messages it is made of, and the value each position stands for.

`Decoder` turns the messages of one port into `Move`s of controls, however many messages a control
takes; a `MidiMap` says which parameter such a control moves, from where to where, and how.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

from bridge.controls import Parameter
from musicrfm.errors import MusicRFMError

# Each source, and the highest number a control of it may have (None: there is just one).
SOURCES: dict[str, int | None] = {
    "cc": 127,
    "cc14": 31,
    "nrpn": 16383,
    "pitch_bend": None,
    "pressure": None,
    "note": 127,
    "notes": None,
    "program": 127,
}
CURVES = ("linear", "exp", "log", "s")
STEEPNESS = 4.0  # of exp and log: half way up, exp is at an eighth
PITCH_CLASSES = ("C", "Cs", "D", "Ds", "E", "F", "Fs", "G", "Gs", "A", "As", "B")


@dataclass(frozen=True)
class Move:
    """A control of `source` with this number (0 where there is just one) is at `position`, 0 to 1.

    channel: 1 to 16. A note let go is at 0, and a held one at its velocity.
    """

    source: str
    number: int
    channel: int
    position: float


@dataclass(frozen=True)
class MidiMap:
    """One control: `source` and `number` on `channel` (1 to 16, None for any) of the ports whose
    name `port` is part of (None for any) moves the parameter at address `to` from `low` to `high`.

    `low` may be above `high`. Without them it goes from 0 to 1 for a direction and over the whole
    range for anything else. curve: one of CURVES. toggle: each press goes to the other end.
    pickup: nothing happens until the control has come to where the parameter is. `notes` needs no
    address: every pitch class goes to its own direction. `program` recalls `preset`, or, without
    one, the preset of that place in the list.
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

    def matches(self, move: Move, port: str = "") -> bool:
        source = "note" if self.source == "notes" else self.source
        return (
            source == move.source
            and self.number in (None, move.number)
            and self.channel in (None, move.channel)
            and (self.port is None or self.port.casefold() in port.casefold())
        )

    def value(self, position: float) -> float:
        """The parameter's value for a position of 0 to 1; both ends are met exactly."""
        low = 0.0 if self.low is None else self.low
        high = 1.0 if self.high is None else self.high
        share = bent(self.curve, min(max(position, 0.0), 1.0))
        return low * (1.0 - share) + high * share

    def position(self, value: float) -> float:
        """Where the control stands for a value: 0 to 1, the end nearer to a value beyond."""
        low = 0.0 if self.low is None else self.low
        high = 1.0 if self.high is None else self.high
        share = 0.0 if high == low else (value - low) / (high - low)
        return unbent(self.curve, min(max(share, 0.0), 1.0))

    def fitted(self, parameter: Parameter) -> MidiMap:
        """With the parameter's own range where none was given. Raises MusicRFMError for a text."""
        if parameter.type not in ("f", "i", "trigger"):
            raise MusicRFMError(
                f"a knob ({self.source} {'' if self.number is None else self.number}".rstrip()
                + f") cannot set the text {parameter.address}"
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
        """The keys of its `[[midi]]` in a rig file."""
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
        return entry | {key: True for key in ("toggle", "pickup") if getattr(self, key)}


def bent(curve: str, share: float) -> float:
    """The share of the range, 0 to 1, that a share of the control's way stands for."""
    if curve == "exp":
        return math.expm1(STEEPNESS * share) / math.expm1(STEEPNESS)
    if curve == "log":
        return math.log1p(share * math.expm1(STEEPNESS)) / STEEPNESS
    if curve == "s":
        return share * share * (3.0 - 2.0 * share)
    return share


def unbent(curve: str, share: float) -> float:
    """The other way round than `bent`."""
    if curve in ("exp", "log"):
        return bent("log" if curve == "exp" else "exp", share)
    if curve == "s":
        return 0.5 - math.sin(math.asin(1.0 - 2.0 * share) / 3.0)
    return share


class Decoder:
    """The messages of one port as moves. Every control change is also half of a finer control."""

    def __init__(self) -> None:
        self._coarse: dict[tuple[int, int], int] = {}  # channel, number of 0 to 31 → MSB
        self._nrpn: dict[int, list[int | None]] = {}  # channel → number's MSB, LSB, value's MSB

    def moves(self, message: Any) -> list[Move]:
        """What one `mido` message means; nothing for what is no control."""
        kind = message.type
        channel = getattr(message, "channel", 0) + 1
        if kind == "control_change":
            return self._control(channel, message.control, message.value)
        if kind == "note_on":
            return [Move("note", message.note, channel, message.velocity / 127)]
        if kind == "note_off":
            return [Move("note", message.note, channel, 0.0)]
        if kind == "pitchwheel":
            # The middle is the middle, although there is one step more below it than above.
            share = message.pitch / (8192 if message.pitch < 0 else 8191)
            return [Move("pitch_bend", 0, channel, 0.5 + 0.5 * share)]
        if kind == "aftertouch":
            return [Move("pressure", 0, channel, message.value / 127)]
        if kind == "program_change":
            return [Move("program", message.program, channel, 1.0)]
        return []

    def _control(self, channel: int, number: int, value: int) -> list[Move]:
        moves = [Move("cc", number, channel, value / 127)]
        if number < 32:
            # As MIDI 1.0 has it, a new coarse value sets the fine one to 0 until that comes.
            self._coarse[channel, number] = value
            moves.append(Move("cc14", number, channel, (value << 7) / 16383))
        elif number < 64 and (coarse := self._coarse.get((channel, number - 32))) is not None:
            moves.append(Move("cc14", number - 32, channel, (coarse << 7 | value) / 16383))
        nrpn = self._nrpn.setdefault(channel, [None, None, None])
        if number in (98, 99):
            nrpn[99 - number], nrpn[2] = value, None
        elif number in (100, 101):  # from here on a registered number is meant
            nrpn[:] = [None, None, None]
        elif number in (6, 38) and nrpn[0] is not None and nrpn[1] is not None:
            if number == 6:
                nrpn[2], fine = value, 0
            else:
                fine = value
            if nrpn[2] is not None:
                position = (nrpn[2] << 7 | fine) / 16383
                moves.append(Move("nrpn", nrpn[0] << 7 | nrpn[1], channel, position))
        return moves


def shared(held: dict[int, float]) -> dict[str, float]:
    """Held notes (number → velocity, 0 to 1) as what each pitch class gets, 0 to 1.

    All together get what the hardest pressed one would get alone, each as its velocity is.
    """
    classes: dict[str, float] = {}
    for note, velocity in held.items():
        name = PITCH_CLASSES[note % 12]
        classes[name] = max(classes.get(name, 0.0), velocity)
    total = sum(classes.values())
    top = max(classes.values(), default=0.0)
    return {name: top * velocity / total for name, velocity in classes.items()} if total else {}
