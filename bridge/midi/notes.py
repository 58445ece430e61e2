"""Held notes: notes that keys and pedals hold, and the resulting share of each pitch class."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from bridge.midi.mapping import Move
from musicrfm.theory import PITCH_CLASSES

DOWN = 0.5  # of the way, from where a pedal is down
LEADERS = (1, 16)  # channels on which an MPE controller speaks for all of its fingers


class Key(NamedTuple):
    """One key: channel is that of its instrument, voice the channel of its message."""

    port: str
    channel: int
    voice: int
    number: int

    def is_of(self, move: Move, port: str) -> bool:
        """Whether a move for a whole channel concerns this key."""
        return self[:2] == (port, move.channel) and move.voice in (0, self.voice)


@dataclass
class Keys:
    """The notes that sound, from moves of keys and pedals; `sounding` maps each to its velocity.

    A note sounds while its key is down, and afterwards while a pedal holds it: sustain holds all,
    sostenuto those whose keys were down when it was pressed. Moves on the first or last channel
    concern the whole port while no note is played on that channel: MPE controllers do this, whether
    or not they announce MPE.
    """

    sounding: dict[Key, float] = field(default_factory=dict)
    _down: set[Key] = field(default_factory=set)
    _caught: set[Key] = field(default_factory=set)
    _sustained: set[tuple[str, int]] = field(default_factory=set)  # ports and channels
    _caught_on: set[tuple[str, int]] = field(default_factory=set)
    _played: set[tuple[str, int]] = field(default_factory=set)

    def take(self, move: Move, port: str) -> None:
        """A move of a note, of a pedal, or of all keys of a channel."""
        place = (port, move.channel)
        if move.source == "note":
            self._strike(Key(*place, move.voice, move.number), move.position)
            return
        here = {key for key in self.sounding if key.is_of(move, port)}
        if self._leads(place):
            here = {key for key in self.sounding if key.port == port}
        if move.source == "sustain":
            _switch(self._sustained, place, move.position >= DOWN)
        elif move.source == "sostenuto":
            if move.position < DOWN:
                self._caught -= here
            elif place not in self._caught_on:
                self._caught |= here & self._down
            _switch(self._caught_on, place, move.position >= DOWN)
        elif move.source in ("let_go", "silence"):
            self._down -= here
            if move.source == "silence":
                self._forget(here)
        self._settle(here)

    def _strike(self, key: Key, velocity: float) -> None:
        self._down.discard(key)
        if velocity > 0.0:
            self._played.add(key[:2])
            self._down.add(key)
            self.sounding[key] = velocity
        else:
            self._settle({key})

    def _settle(self, keys: set[Key]) -> None:
        """Silence those of these keys that nothing holds any more."""
        held = self._down | self._caught
        self._forget({key for key in keys - held if not self._is_sustained(key)})

    def _is_sustained(self, key: Key) -> bool:
        leaders = {(key.port, channel) for channel in LEADERS if self._leads((key.port, channel))}
        return bool(self._sustained & (leaders | {key[:2]}))

    def _leads(self, place: tuple[str, int]) -> bool:
        return place[1] in LEADERS and place not in self._played

    def leave(self, port: str) -> None:
        """A port was disconnected, with everything held on it."""
        self._forget({key for key in self.sounding if key.port == port})
        for places in (self._sustained, self._caught_on, self._played):
            places -= {place for place in places if place[0] == port}

    def _forget(self, keys: set[Key]) -> None:
        for key in keys:
            self.sounding.pop(key, None)
        self._down -= keys
        self._caught -= keys


def shared(sounding: dict[Key, float]) -> dict[str, float]:
    """The share of each pitch class, 0 to 1, from the velocities of notes, 0 to 1.

    The total is that of the loudest note alone, distributed by velocity.
    """
    classes: dict[str, float] = {}
    for key, velocity in sounding.items():
        name = PITCH_CLASSES[key.number % 12]
        classes[name] = max(classes.get(name, 0.0), velocity)
    total = sum(classes.values())
    top = max(classes.values(), default=0.0)
    return {name: top * velocity / total for name, velocity in classes.items()} if total else {}


def _switch(places: set[tuple[str, int]], place: tuple[str, int], on: bool) -> None:
    if on:
        places.add(place)
    else:
        places.discard(place)
