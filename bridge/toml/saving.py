"""Changes the rig file: stores presets and learned mappings in it.

Comments, order, encoding and line ends stay unchanged, and the file is replaced in one step, so
that it is always either the old or the new one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import tomlkit
from tomlkit.exceptions import TOMLKitError

from bridge.process.handles import RESERVE
from bridge.toml.lines import read_toml
from musicrfm.errors import MusicRFMError
from musicrfm.files.paths import path_of
from musicrfm.files.text import Text
from musicrfm.files.writing import beside, reason

_lock = threading.Lock()


Stamp = tuple[int, int]  # of a file; differs after a change


def stamp(path: Path | None) -> Stamp | None:
    """None for a missing file."""
    try:
        status = path.stat() if path is not None else None
    except OSError:
        return None
    return None if status is None else (status.st_mtime_ns, status.st_size)


def edit(
    path: str | Path, change: Callable[[tomlkit.TOMLDocument], None]
) -> tuple[Stamp | None, Stamp | None]:
    """Read the file, apply `change`, and write it back; a missing file is created.

    Returns its stamp as read, and its new one. Raises MusicRFMError, leaving the file unchanged, if
    it cannot be read, parsed or written.
    """
    file = path_of(path).resolve()  # a link stays a link
    with _lock, RESERVE.lent():
        was = stamp(file)
        before = read_toml(file, str(path)) if file.exists() else Text("")
        try:
            document = tomlkit.parse(before.text)
        except (TOMLKitError, ValueError, RecursionError) as error:
            raise MusicRFMError(f"cannot change the rig file {str(path)!r}: {error}") from None
        change(document)
        try:
            with beside(file) as new:
                new.write_bytes(before.encoded(tomlkit.dumps(document)))
                now = stamp(new)
        except OSError as error:
            raise MusicRFMError(
                f"cannot write the rig file {str(path)!r}: {reason(error)}"
            ) from None
    return was, now
