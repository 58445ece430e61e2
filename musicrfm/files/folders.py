"""The default folders: a cache for results that can be computed again, and the user's data."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

from musicrfm.files.paths import path_of

NAME = "musicrfm"


def cache_folder() -> Path:
    """MUSICRFM_CACHE, or the platform's cache folder."""
    if chosen := os.environ.get("MUSICRFM_CACHE"):
        return path_of(chosen)
    return platformdirs.user_cache_path(NAME, appauthor=False)


def data_folder() -> Path:
    """The platform's folder for the user's data."""
    return platformdirs.user_data_path(NAME, appauthor=False)
