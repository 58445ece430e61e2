"""Reads files out of wheels that are not installed."""

from __future__ import annotations

import zipfile
from pathlib import Path


def content(source: Path) -> Path | zipfile.Path:
    """The root of a wheel's content; a folder with the same content is returned as it is."""
    wheel = source.is_file() and zipfile.is_zipfile(source)
    return zipfile.Path(source) if wheel else source
