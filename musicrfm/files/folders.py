"""Where files are kept that nobody named: what can be computed again, and what is the user's."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

from musicrfm.files.paths import path_of

NAME = "musicrfm"


def cache_folder() -> Path:
    """MUSICRFM_CACHE, or the platform's place for what can be computed again."""
    if chosen := os.environ.get("MUSICRFM_CACHE"):
        return path_of(chosen)
    return platformdirs.user_cache_path(NAME, appauthor=False)


def data_folder() -> Path:
    """The platform's place for the user's own files."""
    return platformdirs.user_data_path(NAME, appauthor=False)
