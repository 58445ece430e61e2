"""Measures of sound: notes, harmony, rhythm, tempo and level. They need no model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from musicrfm.listening.measure import (
        Measurements,
        chroma,
        note_share_over_time,
        pitch_class_of,
    )

__all__ = ["Measurements", "chroma", "note_share_over_time", "pitch_class_of"]


def __getattr__(name: str) -> Any:
    """Imported on first use: playing uses `pulse`, and does without what the measures need."""
    if name not in __all__:
        raise AttributeError(f"module 'musicrfm.listening' has no attribute {name!r}")
    from musicrfm.listening import measure

    return getattr(measure, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
