"""Pitch classes, chords and modes: the music theory shared by both packages.

Pitch classes are numbered from 0 (C) to 11 (B); steps are semitones above a root or a tonic.
"""

from __future__ import annotations

# `s` is a sharp, because # has another meaning in OSC addresses.
PITCH_CLASSES = ("C", "Cs", "D", "Ds", "E", "F", "Fs", "G", "Gs", "A", "As", "B")

CHORDS = {"major": (0, 4, 7), "minor": (0, 3, 7), "aug": (0, 4, 8), "dim": (0, 3, 6)}

MODES = {
    "ionian": (0, 2, 4, 5, 7, 9, 11),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "phrygian": (0, 1, 3, 5, 7, 8, 10),
    "lydian": (0, 2, 4, 6, 7, 9, 11),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10),
    "aeolian": (0, 2, 3, 5, 7, 8, 10),
    "locrian": (0, 1, 3, 5, 6, 8, 10),
}
HARMONIC_MINOR = (0, 2, 3, 5, 7, 8, 11)
PENTATONIC = (0, 2, 4, 7, 9)


def key_notes(tonic: int) -> frozenset[int]:
    """The pitch classes of the major key on a pitch class, 0 = C."""
    return frozenset((tonic + step) % 12 for step in MODES["ionian"])
