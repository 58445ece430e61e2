"""Finds an archive of directions: a file, or a repository on the hub."""

from __future__ import annotations

from pathlib import Path

from musicrfm.checkpoints import hub
from musicrfm.errors import MusicRFMError
from musicrfm.files.paths import path_of
from musicrfm.sharing.archive import ENDING, MOST_ARCHIVE


def archive_at(text: str) -> Path:
    """The file named by `text`, or the only archive in the hub repository with this id or address.

    Raises MusicRFMError if there is none, or it cannot be downloaded.
    """
    path = path_of(text)
    if path.is_file():
        return path
    address = None if text.endswith(ENDING) else hub.address(text)
    if address is None:
        raise MusicRFMError(
            f"{text!r} is not an archive of directions: give a file that `musicrfm directions "
            "pack` wrote, or the id of a repository on the hub that has one"
        )
    return hub.download_file(address, ENDING, MOST_ARCHIVE)
