"""Steering with directions: which ones, how strongly, in which layers, and when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from musicrfm.steering.steering import Steering

__all__ = ["Steering"]


def __getattr__(name: str) -> Any:
    """Imported on first use, as PyTorch takes seconds to start."""
    if name != "Steering":
        raise AttributeError(f"module 'musicrfm.steering' has no attribute {name!r}")
    from musicrfm.steering.steering import Steering

    return Steering


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
