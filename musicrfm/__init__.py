"""Endless, steerable music from MusicGen checkpoints.

Load a model, open a stream, add directions to its steering, turn them while it plays. The names
below are the public ones; they are imported on first use, because PyTorch takes seconds to start.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from musicrfm.errors import MusicRFMError
from musicrfm.version import __version__ as __version__

if TYPE_CHECKING:
    from musicrfm.directions import Direction, list_directions
    from musicrfm.many import generate_many
    from musicrfm.model import MusicModel
    from musicrfm.published.controller import MusicGenController
    from musicrfm.published.toolkits import (
        MusicLinearProbeToolkit,
        MusicLogisticRegressionToolkit,
        MusicRFMToolkit,
    )
    from musicrfm.steering.hooks import capture, clamp, intervene, patch, project_out, steered
    from musicrfm.steering.steering import Steering
    from musicrfm.stream import MusicStream

__all__ = [
    "Direction",
    "MusicGenController",
    "MusicLinearProbeToolkit",
    "MusicLogisticRegressionToolkit",
    "MusicModel",
    "MusicRFMError",
    "MusicRFMToolkit",
    "MusicStream",
    "Steering",
    "capture",
    "clamp",
    "generate_many",
    "intervene",
    "list_directions",
    "patch",
    "project_out",
    "steered",
]

_HOMES = {
    "Direction": "musicrfm.directions",
    "MusicGenController": "musicrfm.published.controller",
    "MusicLinearProbeToolkit": "musicrfm.published.toolkits",
    "MusicLogisticRegressionToolkit": "musicrfm.published.toolkits",
    "MusicModel": "musicrfm.model",
    "MusicRFMToolkit": "musicrfm.published.toolkits",
    "MusicStream": "musicrfm.stream",
    "Steering": "musicrfm.steering.steering",
    "capture": "musicrfm.steering.hooks",
    "clamp": "musicrfm.steering.hooks",
    "generate_many": "musicrfm.many",
    "intervene": "musicrfm.steering.hooks",
    "list_directions": "musicrfm.directions",
    "patch": "musicrfm.steering.hooks",
    "project_out": "musicrfm.steering.hooks",
    "steered": "musicrfm.steering.hooks",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'musicrfm' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
