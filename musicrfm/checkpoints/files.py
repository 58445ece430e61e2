"""Reads small JSON files of a model, with one-sentence errors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from musicrfm.errors import MusicRFMError


def read_json(path: Path, shown: str) -> dict[str, Any]:
    """The JSON object in a file. Raises MusicRFMError if the file cannot be read or has another
    type.

    shown: the name of the model in messages.
    """
    try:
        content = json.loads(path.read_text("utf-8-sig"))
    except (OSError, ValueError) as error:
        raise MusicRFMError(
            f"the {path.name} of model {shown!r} cannot be read: {short(error)}"
        ) from error
    if not isinstance(content, dict):
        raise MusicRFMError(
            f"the {path.name} of model {shown!r} cannot be read: it is not a JSON object"
        )
    return content


def short(error: BaseException) -> str:
    """The first line of another library's error, shortened to fit one line."""
    lines = str(error).strip().splitlines()
    return (lines[0] if lines else type(error).__name__)[:200].rstrip(" .:")
