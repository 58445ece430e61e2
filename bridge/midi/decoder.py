"""Decodes the messages of one MIDI port into moves of its controls, of one or several messages
each.

Control changes that belong together (coarse and fine halves, numbered parameters with their data,
increments) are combined here; the channels of an MPE controller are merged.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from bridge.midi.mapping import Move

PEDALS = {64: "sustain", 66: "sostenuto"}
ALL_SOUND_OFF, RESET = 120, 121
NOTES_OFF = (123, 124, 125, 126, 127)  # the last four change a mode, which releases all keys
CHANNELS = range(1, 17)
NOTHING = 0x3FFF  # the parameter number that deselects
MPE_ZONE = 6  # the registered parameter that says how many channels belong to a zone


@dataclass
class Halves:
    """A 14-bit control that arrives as two 7-bit halves, in either order, or as one half alone.

    The order of the halves is learned from the first ones; when the order changes, each half takes
    effect at once, combined with the newest other half. alone: fine halves without coarse ones are
    a 7-bit control.
    """

    alone: bool = False
    coarse: int | None = None
    fine: int | None = None
    first: str = ""  # "coarse" or "fine"; "" while unknown, "either" after a change
    last: str = ""

    def take_coarse(self, half: int) -> float:
        """The control's position, 0 to 1, as far as this half determines it."""
        again = self.last == "coarse" and self.first != "fine"
        before, self.coarse, self.last = self.coarse, half, "coarse"
        self.first = self.first or "coarse"
        if self.fine is None or again:  # no fine half
            return half / 127
        if self.first == "coarse" and half != before:
            # As MIDI 1.0 has it, a new coarse half sets the fine one to 0 until that comes.
            self.fine = 0
        return (half << 7 | self.fine) / 16383

    def take_fine(self, half: int) -> float | None:
        """The same; None if the coarse half must come first."""
        again = self.last == "fine"
        self.fine, self.last = half, "fine"
        if self.coarse is None:
            self.first = "fine"
            return half / 127 if again and self.alone else None
        if again:
            self.first = "either"
        elif not self.first:
            self.first = "fine"
        return None if self.first == "fine" else (self.coarse << 7 | half) / 16383


@dataclass
class Numbered:
    """The parameter selected for data entry on one channel."""

    source: str = "nrpn"
    msb: int | None = None
    lsb: int | None = None
    due: set[int] = field(default_factory=set)  # data that can only be of this parameter

    @property
    def number(self) -> int | None:
        if self.msb is None or self.lsb is None:
            return None
        number = self.msb << 7 | self.lsb
        return None if number == NOTHING else number


class Decoder:
    """mpe: the port's controller plays each note on a separate channel without announcing it.

    A controller that announces MPE with its configuration message is detected.
    """

    def __init__(self, mpe: bool = False) -> None:
        self._halves: dict[tuple[str, int, int], Halves] = {}  # source, channel, number
        self._numbered: dict[int, Numbered] = {}  # channel
        self._pressures: dict[int, dict[tuple[int, int | None], int]] = {}  # channel → by note
        self._master: dict[int, int] = {}  # a channel of an MPE zone → the zone's first
        if mpe:
            self._zone(1, 15)

    def moves(self, message: Any) -> list[Move]:
        """The moves of one `mido` message; empty for messages that are not controls."""
        kind = message.type
        heard_on = getattr(message, "channel", 0) + 1
        channel = self._master.get(heard_on, heard_on)
        if kind == "control_change":
            return self._control(channel, heard_on, message.control, message.value)
        if kind == "note_on" and message.velocity:
            return [Move("note", message.note, channel, message.velocity / 127, voice=heard_on)]
        if kind in ("note_on", "note_off"):
            let_go = Move("note", message.note, channel, 0.0, voice=heard_on)
            return [let_go, *self._unpressed(channel, heard_on, message.note)]
        if kind == "pitchwheel":
            # The middle is the middle, although there is one step more below it than above.
            share = message.pitch / (8192 if message.pitch < 0 else 8191)
            return [Move("pitch_bend", 0, channel, 0.5 + 0.5 * share, voice=heard_on)]
        if kind == "aftertouch":
            return self._pressure(channel, (heard_on, None), message.value)
        if kind == "polytouch":
            return self._pressure(channel, (heard_on, message.note), message.value)
        if kind == "program_change":
            return [Move("program", message.program, channel, 1.0)]
        if kind == "reset":  # of the whole system
            return [move for one in CHANNELS for move in self._mode(one, one, RESET)]
        return []

    def _control(self, channel: int, heard_on: int, number: int, value: int) -> list[Move]:
        if number >= ALL_SOUND_OFF:
            moves = [Move("cc", number, channel, value / 127, code=value, voice=heard_on)]
            return moves + self._mode(channel, heard_on, number)
        numbered = self._numbered.setdefault(heard_on, Numbered())
        plain = number not in numbered.due
        if number in (6, 38):
            numbered.due.discard(number)
        else:
            numbered.due.clear()
        moves = self._plain(channel, heard_on, number, value) if plain else []
        if number in (98, 99, 100, 101):
            self._select(numbered, number, value)
            for halves in self._of(numbered, heard_on):
                halves.first = ""  # the next half tells anew
        elif numbered.number is not None:
            moves += self._data(numbered, channel, heard_on, number, value)
        if number in PEDALS:
            moves.append(Move(PEDALS[number], 0, channel, value / 127))
        return moves

    def _mode(self, channel: int, heard_on: int, number: int) -> list[Move]:
        """The effect of a channel mode message; on a channel of an MPE zone, on its finger."""
        voice = heard_on if heard_on != channel else 0
        if number == ALL_SOUND_OFF:
            return [Move("silence", 0, channel, 0.0, voice=voice)]
        if number in NOTES_OFF:
            return [Move("let_go", 0, channel, 0.0, voice=voice)]
        if number != RESET:
            return []
        self._numbered.pop(heard_on, None)
        self._pressures.pop(channel, None)
        return [
            *(Move(pedal, 0, channel, 0.0) for pedal in PEDALS.values()),
            Move("silence", 0, channel, 0.0, voice=voice),
            Move("pitch_bend", 0, channel, 0.5),
            Move("pressure", 0, channel, 0.0),
        ]

    def _plain(self, channel: int, heard_on: int, number: int, value: int) -> list[Move]:
        """A control change as a knob, and as half of a finer one."""
        moves = [Move("cc", number, channel, value / 127, code=value, voice=heard_on)]
        if number < 64:
            halves = self._halves.setdefault(("cc14", heard_on, number % 32), Halves())
            take = halves.take_coarse if number < 32 else halves.take_fine
            position = take(value)
            if position is not None:
                moves.append(Move("cc14", number % 32, channel, position, voice=heard_on))
        return moves

    def _select(self, numbered: Numbered, number: int, value: int) -> None:
        source = "nrpn" if number < 100 else "rpn"
        if source != numbered.source:
            numbered.source, numbered.msb, numbered.lsb = source, None, None
        if number % 2:
            numbered.msb = value
        else:
            numbered.lsb = value
        numbered.due = {6, 38} if numbered.number is not None else set()

    def _of(self, numbered: Numbered, heard_on: int) -> list[Halves]:
        if numbered.number is None:
            return []
        key = (numbered.source, heard_on, numbered.number)
        return [self._halves.setdefault(key, Halves(alone=True))]

    def _data(
        self, numbered: Numbered, channel: int, heard_on: int, number: int, value: int
    ) -> list[Move]:
        """The effect of data entry, or an increment or decrement, on the selected parameter."""
        source, parameter = numbered.source, numbered.number
        if parameter is None:
            return []
        if number in (96, 97):
            # MIDI's recommended practice 18: whatever the value, it is one step.
            clicks = 1 if number == 96 else -1
            return [Move(source, parameter, channel, 0.0, clicks=clicks, voice=heard_on)]
        if number not in (6, 38):
            return []
        if (source, parameter, number) == ("rpn", MPE_ZONE, 6) and heard_on in (1, 16):
            self._zone(heard_on, value)
        (halves,) = self._of(numbered, heard_on)
        position = halves.take_coarse(value) if number == 6 else halves.take_fine(value)
        if position is None:
            return []
        code = value if number == 6 else None
        return [Move(source, parameter, channel, position, code=code, voice=heard_on)]

    def _zone(self, first: int, size: int) -> None:
        """An MPE zone begins at channel 1 and goes up, or at 16 and goes down."""
        self._master = {one: master for one, master in self._master.items() if master != first}
        way = 1 if first == 1 else -1
        for step in range(1, min(size, 15) + 1):
            self._master[first + way * step] = first

    def _pressure(self, channel: int, finger: tuple[int, int | None], value: int) -> list[Move]:
        """With several fingers, the largest pressure counts."""
        fingers = self._pressures.setdefault(channel, {})
        fingers[finger] = value
        return [Move("pressure", 0, channel, max(fingers.values()) / 127, voice=finger[0])]

    def _unpressed(self, channel: int, heard_on: int, note: int) -> list[Move]:
        """A released key has no pressure, whether the controller sends that or not."""
        fingers = self._pressures.get(channel, {})
        gone: list[tuple[int, int | None]] = [(heard_on, note)]
        if channel != heard_on:  # a channel of its own
            gone.append((heard_on, None))
        pressed = [fingers.pop(finger) for finger in gone if finger in fingers]
        if not any(pressed):
            return []
        rest = max(fingers.values(), default=0)
        return [Move("pressure", 0, channel, rest / 127, voice=heard_on)]
