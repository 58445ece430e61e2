"""Selects the measurement that shows whether a direction does what its name promises.

Only concepts that can be measured reliably have a reading: notes, keys, tempo, chord qualities,
intervals, modes and metre. The names are those of SynTheory's labels and of directions made from
them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from musicrfm.errors import MusicRFMError
from musicrfm.listening.listeners import DETECTOR, LISTENERS, listener
from musicrfm.listening.measure import Measurements
from musicrfm.theory import CHORDS, MODES, PITCH_CLASSES, key_notes

if TYPE_CHECKING:
    from musicrfm.directions import Direction

CONCEPTS = {  # as in names, in `meta["concept"]` and as label fields
    "note": ("note", "notes", "root_note_pitch_class", "root_note_name"),
    "key": ("key", "keys"),
    "tempo": ("tempo", "tempos", "bpm"),
    "chord": ("chord", "chords", "chord_type"),
    "interval": ("interval", "intervals"),
    "scale": ("scale", "scales", "mode", "modes"),
    "metre": ("metre", "meter", "time_signature", "time_signatures", "time"),
}
_CHORD_WORDS = {"maj": "major", "min": "minor", "augmented": "aug", "diminished": "dim"}
_MODE_WORDS = {"major": "ionian", "minor": "aeolian"}


@dataclass(frozen=True)
class Reading:
    """How to read a direction's effect from measurements.

    quantity: "share" (0 to 1), "BPM", or "value", in the unit of a listener. unit: its name in
    tables. read: the value, None if this clip has none. hit: whether the target is the strongest of
    its kind, None if this has no meaning. both_ways: whether negative coefficients are useful too.
    spoils: changes that belong to the concept and are no damage (`Survey.spoiled`).
    """

    concept: str
    quantity: str
    unit: str
    read: Callable[[Measurements], float | None]
    hit: Callable[[Measurements], bool | None]
    both_ways: bool = False
    spoils: tuple[str, ...] = ()

    def values(self, clips: Iterable[Measurements]) -> np.ndarray:
        """float64 [clips]: the value of each clip, NaN if it has none."""
        values = map(self.read, clips)
        return np.array([np.nan if value is None else value for value in values], np.float64)


def reading(direction: Direction) -> Reading:
    """The reading of the listener that the direction's file names, else of its concept and target.

    Raises MusicRFMError if the concept or target cannot be measured in audio.
    """
    if (spec := direction.meta.get("listener")) is not None:
        return _listening(str(spec), str(direction.meta.get("kind")))
    concept, target = _asked(direction)
    found = None
    if concept == "tempo":
        unit = "BPM"
        return Reading("tempo", unit, unit, lambda heard: heard.tempo_bpm, lambda _: None, True)
    if concept == "note":
        found = _share("note", target, PITCH_CLASSES, "note_share", "target-note share")
    elif concept == "key":
        found = _key(target)
    elif concept == "chord":
        found = _share("chord", target, tuple(CHORDS), "chord_share", "share of the chord quality")
    elif concept == "interval":
        semitones = tuple(str(n) for n in range(1, 13))
        found = _share("interval", target, semitones, "interval_share", "share of the interval")
    elif concept == "scale":
        found = _share("scale", target, tuple(MODES), "mode_share", "share of time in the mode")
    elif concept == "metre":
        found = _metre(target)
    if found is None:
        raise MusicRFMError(
            f"direction {direction.name!r} cannot be evaluated: what can be measured on the sound "
            "are notes (note_C), keys (key_C), tempo, chord qualities (chord_major), intervals "
            "(interval_7), modes (scale_dorian) and time signatures (metre_triple); for others "
            f"say who listens, with --listener {'|'.join(LISTENERS)}|{DETECTOR}|FILE:FUNCTION"
        )
    return found


def _listening(spec: str, kind: str) -> Reading:
    """The reading of a named listener; a detector's output for a class is a probability."""
    one = listener(spec)

    def read(heard: Measurements) -> float | None:
        return heard.listened.get(spec)

    if one.hear is None and kind != "regression":
        return Reading("listener", "share", one.unit, read, lambda _: None)
    return Reading("listener", "value", one.unit, read, lambda _: None, True, one.spoils)


def _asked(direction: Direction) -> tuple[str | None, str]:
    """(concept, target), from the name if it contains both, otherwise from the metadata."""
    named, _, rest = direction.name.partition("_")
    if direction.name.startswith("time_signature"):
        named, rest = "time_signature", direction.name.removeprefix("time_signature").strip("s_")
    concept = _concept(named) or _concept(str(direction.meta.get("concept", "")))
    target = rest if _concept(named) and rest else str(direction.meta.get("target", rest))
    return concept, _spelled(concept, target)


def _concept(word: str) -> str | None:
    return next((concept for concept, words in CONCEPTS.items() if word.lower() in words), None)


def _spelled(concept: str | None, target: str) -> str:
    from musicrfm.directions import spelled_pitch

    if concept in ("note", "key"):
        return spelled_pitch(target)
    words = {"chord": _CHORD_WORDS, "scale": _MODE_WORDS}.get(concept or "", {})
    return words.get(target.lower(), target.lower())


def _share(concept: str, target: str, among: tuple[str, ...], of: str, unit: str) -> Reading | None:
    """The share of one of several classes measured together in the field `of`."""
    if target not in among:
        return None
    number = among.index(target)

    def hit(heard: Measurements) -> bool:
        shares = getattr(heard, of)
        return shares[number] > 0 and shares[number] == max(shares)

    return Reading(concept, "share", unit, lambda heard: getattr(heard, of)[number], hit)


def _key(target: str) -> Reading | None:
    """The share of time in which a note of the major key dominates, whatever its tonic."""
    if target not in PITCH_CLASSES:
        return None

    def share(heard: Measurements, tonic: int) -> float:
        return sum(heard.note_share[n] for n in key_notes(tonic))

    asked = PITCH_CLASSES.index(target)

    def hit(heard: Measurements) -> bool:
        here = share(heard, asked)
        return here > 0 and here >= max(share(heard, tonic) for tonic in range(12))

    unit = "share of notes of the key"
    return Reading("key", "share", unit, lambda heard: share(heard, asked), hit)


def _metre(target: str) -> Reading | None:
    """Triple against duple: 3/4, 3/8, 6/8, 9/8 and 12/8 against 2/2, 2/4 and 4/4."""
    numbers = re.findall(r"\d+", target)
    if numbers:
        triple = int(numbers[0]) % 3 == 0
    elif target in ("triple", "duple", "compound", "simple"):
        triple = target in ("triple", "compound")
    elif target in ("", *CONCEPTS["metre"]):
        triple = True
    else:
        return None

    def read(heard: Measurements) -> float | None:
        if heard.triple is None:
            return None
        return heard.triple if triple else 1 - heard.triple

    def hit(heard: Measurements) -> bool | None:
        value = read(heard)
        return None if value is None else value > 0.5

    unit = f"{'triple' if triple else 'duple'} metre, 0 to 1"
    return Reading("metre", "share", unit, read, hit)
