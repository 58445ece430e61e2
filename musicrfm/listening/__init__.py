"""Measures of sound: notes, harmony, rhythm, tempo and level. They need no model."""

from musicrfm.listening.measure import (
    Measurements,
    chroma,
    note_share_over_time,
    pitch_class_of,
)

__all__ = ["Measurements", "chroma", "note_share_over_time", "pitch_class_of"]
