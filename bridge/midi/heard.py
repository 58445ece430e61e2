"""Determines which control was moved, from the messages it sent.

Movement counts, not the type of message: a touch-sensitive fader sends a note before it moves, an
MPE key sends controls with its note, and one fine control sends several plain ones.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from bridge.midi.mapping import KEYS, MidiMap, Move
from bridge.midi.relative import Recogniser

# Control changes that are parts of longer messages, or knobs like others.
NUMBERS = (98, 99, 100, 101)
DATA = (6, 38, 96, 97, *NUMBERS)
MODES = range(120, 128)
FINE_VELOCITY, BANKS = 88, (0, 32)
FINGER = {"pressure", "cc 74"}  # what a finger on a key sends
CLICK = {1, 63, 65, 127}
JITTER = 2.5 / 127  # share of the travel that an untouched knob may seem to move


class Name(NamedTuple):
    """Identifies a control: channel is that of its instrument."""

    source: str
    number: int
    channel: int
    port: str


@dataclass
class Heard:
    """The messages of one control, in order."""

    name: Name
    moves: list[Move] = field(default_factory=list)

    @property
    def positions(self) -> list[float]:
        return [move.position for move in self.moves if move.clicks is None]

    @property
    def codes(self) -> list[int]:
        return [move.code for move in self.moves if move.code is not None]

    @property
    def kind(self) -> str | None:
        """Its encoding out of `bridge.midi.relative.RELATIVE`; None if undecided or not
        applicable."""
        recogniser = Recogniser()
        for code in self.codes if self.name.source == "cc" else ():
            recogniser.hear(code)
        return recogniser.kind

    @property
    def endless(self) -> bool:
        clicked = any(move.clicks is not None for move in self.moves)
        return clicked or self.kind not in (None, "off")

    @property
    def extent(self) -> float:
        """The range of its movement, relative to its travel; an encoder has no ends."""
        if self.endless:
            return 1.0
        return max(self.positions) - min(self.positions) if self.positions else 0.0

    @property
    def is_switch(self) -> bool:
        """It was switched on, and perhaps off again."""
        return self.name.source == "cc" and self.codes[0] == 127 and set(self.codes) <= {0, 127}

    @property
    def is_button(self) -> bool:
        """It was at most at one end and at one other place."""
        codes = set(self.codes)
        return self.name.source == "cc" and (codes <= {0, 127} or (0 in codes and len(codes) == 2))


@dataclass(frozen=True)
class Found:
    """The moved control. certain: more messages would not change the result.

    ask: a request to the user that would make it certain. The mapping has no address and no port
    yet.
    """

    mapping: MidiMap
    port: str
    certain: bool
    ask: str = ""


def found(heard: Iterable[tuple[Move, str]], target: str = "number") -> Found | None:
    """The control of these moves, each with its port; None if there is none.

    target: the type of its parameter: a "number", a "switch" with two states, or a "trigger".
    """
    heard = list(heard)
    groups = _groups(heard)
    notes = [one for one in groups if one.name.source == "note" and max(one.positions) > 0.0]
    knobs = [one for one in groups if one.name.source != "note"]
    fingers = {one.name[2:] for one in notes if _has_finger(one, knobs)}
    knobs = [one for one in knobs if not (_of_finger(one) and one.name[2:] in fingers)]
    moved = _untouched([one for one in knobs if one.extent > 0.0], heard)
    if notes and not moved:
        # A touched encoder that was turned by one click has moved as well.
        moved = [one for one in knobs if one.name.source == "cc" and set(one.codes) <= CLICK]
    if notes and not moved:
        return _note(max(notes, key=lambda one: len(one.moves)), groups, target)
    if not knobs:
        return None
    return _knob(max(moved or knobs, key=lambda one: (one.extent, len(one.moves))), target)


def _groups(heard: Sequence[tuple[Move, str]]) -> list[Heard]:
    """The messages of each control, without those that are only parts of others, or not
    controls."""
    groups: dict[Name, Heard] = {}
    for move, port in heard:
        if move.voice and move.source not in KEYS:  # what has none is of a whole channel
            name = Name(move.source, move.number, move.channel, port)
            groups.setdefault(name, Heard(name)).moves.append(move)
    # Registered parameters are also what a keyboard says when it is switched on, or said long ago.
    chosen = {name[2:] for name in groups if name.source == "cc" and name.number in (100, 101)}
    for name, one in list(groups.items()):
        if name.source == "rpn" and (one.extent == 0.0 or name[2:] not in chosen):
            del groups[name]
    parts = _parts(groups, heard)
    return [one for name, one in groups.items() if name not in parts]


def _parts(groups: dict[Name, Heard], heard: Sequence[tuple[Move, str]]) -> set[Name]:
    """Messages that are parts of a longer message, or of another control."""
    fine = _fine(heard)
    banks = {(move.channel, port) for move, port in heard if move.source == "program"}
    numbered = {name[2:] for name in groups if name.source in ("nrpn", "rpn")}
    played = {name[2:] for name in groups if name.source == "note"}

    def is_part(name: Name, one: Heard) -> bool:
        number, place = name.number, name[2:]
        if name.source == "cc14":
            alone = (number, place) not in fine
            return alone or (number == 0 and place in banks) or (number == 6 and place in numbered)
        if name.source != "cc":
            return False
        return (
            number in MODES
            or (number in DATA and place in numbered)
            or (number in NUMBERS and len(set(one.codes)) < 3)
            or (number < 64 and (number % 32, place) in fine)
            or (number == FINE_VELOCITY and place in played)
            or (number in BANKS and place in banks)
        )

    return {name for name, one in groups.items() if is_part(name, one)}


def _fine(heard: Sequence[tuple[Move, str]]) -> set[tuple[int, tuple[int, str]]]:
    """Controls whose coarse and fine halves follow each other: number and position."""
    coarse: Counter[tuple[int, tuple[int, str]]] = Counter()
    pairs: Counter[tuple[int, tuple[int, str]]] = Counter()
    before: dict[tuple[int, str], int] = {}
    for move, port in heard:
        if move.source != "cc" or move.number >= 64:
            continue
        place = (move.channel, port)
        last, before[place] = before.get(place), move.number
        if move.number < 32:
            coarse[move.number, place] += 1
        if last is not None and abs(last - move.number) == 32:
            pairs[min(last, move.number), place] += 1
    return {one for one, times in pairs.items() if 2 * times >= coarse[one]}


def _untouched(moved: list[Heard], heard: Sequence[tuple[Move, str]]) -> list[Heard]:
    """Without the switches that only report the touch of a fader or encoder as a control change.

    Such a switch is on before its control moves.
    """
    began: dict[Name, int] = {}
    for at, (move, port) in enumerate(heard):
        began.setdefault(Name(move.source, move.number, move.channel, port), at)
    turned = [began[one.name] for one in moved if one.extent > JITTER and not one.is_button]
    if not turned:
        return moved
    return [one for one in moved if not (one.is_switch and began[one.name] < max(turned))]


def _has_finger(note: Heard, knobs: Iterable[Heard]) -> bool:
    """Whether a key sends finger messages: pressure, or everything that an MPE key sends."""
    return "pressure" in _beside(note, knobs) or _is_mpe(note, knobs)


def _is_mpe(note: Heard, knobs: Iterable[Heard]) -> bool:
    """Whether a key bends and presses on the channel of its note."""
    beside = _beside(note, knobs)
    return "pitch_bend" in beside and bool(beside & FINGER)


def _beside(note: Heard, knobs: Iterable[Heard]) -> set[str]:
    """Other messages on a note's channel: sources, and numbers of control changes."""
    return {
        f"cc {one.name.number}" if one.name.source == "cc" else one.name.source
        for one in knobs
        if one.name[2:] == note.name[2:]
    }


def _of_finger(one: Heard) -> bool:
    return one.name.source in ("pressure", "pitch_bend") or one.name[:2] == ("cc", 74)


def _knob(one: Heard, target: str) -> Found:
    source, number, channel, port = one.name
    if one.is_button:
        return _button(one, target)
    single = source in ("pitch_bend", "pressure")
    kind = one.kind if source == "cc" else None
    mapping = MidiMap(source, None if single else number, channel=channel, relative=kind)
    if kind == "auto":
        return Found(
            mapping, port, False, "it seems to be an endless encoder: turn it back as well"
        )
    if one.extent <= JITTER or (source == "cc" and kind is None):
        return Found(mapping, port, False, "turn it further, then back")
    return Found(mapping, port, True)


def _button(one: Heard, target: str) -> Found:
    """A momentary button becomes a toggle; a latching one is one already."""
    codes = one.codes
    pressed = any(before and not after for before, after in pairwise(codes))
    toggles = pressed and (target == "switch" or (target == "number" and set(codes) == {0, 127}))
    # One that says nothing when it is let go says the same at every press.
    toggles = toggles or (target == "switch" and len(codes) > 1 and set(codes) == {127})
    kind = None if toggles or target == "trigger" else one.kind
    source, number, channel, port = one.name
    mapping = MidiMap(source, number, channel=channel, toggle=toggles, relative=kind)
    ask = "if it is an endless encoder, turn it back as well" if kind not in (None, "off") else ""
    return Found(mapping, port, toggles or pressed or len(set(codes)) > 1, ask)


def _note(one: Heard, groups: Iterable[Heard], target: str) -> Found:
    source, number, channel, port = one.name
    mpe = any(move.voice not in (0, channel) for move in one.moves)
    # The next key, or the same one again, will use another channel.
    mpe = mpe or (channel > 1 and _is_mpe(one, groups))
    mapping = MidiMap(source, number, channel=None if mpe else channel, toggle=target == "switch")
    return Found(mapping, port, certain=one.positions[-1] == 0.0)
