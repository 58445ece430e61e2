"""Paths as people write them: `~`, names in either Unicode form, and slips of the pen.

Every path that a person gives goes through `path_of` before anything is done with it, and one that
is read through `file_to_read`, so that a folder, a pipe or a device is told and not waited for.
"""

from __future__ import annotations

import difflib
import os
import re
import stat
import unicodedata
from pathlib import Path

from musicrfm.errors import MusicRFMError

# What git leaves in the place of a large file until it is asked for that.
LFS = b"version https://git-lfs.github.com/spec/"
_CONTROL = re.compile(r"[\0-\x1f\x7f]")
_SPOKEN = {"\t": "a tab", "\n": "a line break", "\r": "a line break"}
_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
}


def composed(text: str) -> str:
    """The text in Unicode's form NFC: `ü` is one character, however it was written.

    Macs write names of files with the dots as a character of their own; both look the same.
    """
    return unicodedata.normalize("NFC", text)


def path_of(path: str | os.PathLike[str]) -> Path:
    r"""The path that is meant: `~` is a home folder, and each name is spelled as it is on the disk.

    What is not there comes back as it was given, below the folders that are. Raises MusicRFMError
    for an empty path, a home folder that is not known, and for a tab, a line break or another
    control character, which is what "C:\tracks\new" becomes where a backslash means something.
    """
    text = os.fspath(path)
    if not text:
        raise MusicRFMError("a path is empty: give the name of a file or folder")
    if (slip := control_character(text)) is not None:
        raise MusicRFMError(
            f"the path {text!r} contains {slip}: write / where there is a backslash, or rename it"
        )
    try:
        return _on_disk(Path(text).expanduser())
    except RuntimeError:
        home = Path(text).parts[0]
        raise MusicRFMError(
            f"the path {text!r} names a home folder {home!r} that does not exist"
        ) from None


def control_character(text: str) -> str | None:
    """The first control character of a text in words; None if there is none."""
    found = _CONTROL.search(text)
    return found and _SPOKEN.get(found[0], f"the control character {found[0]!r}")


def file_to_read(path: str | os.PathLike[str], what: str = "file") -> Path:
    """The path of a plain file that is there; `what`: it should be, in the error's words.

    Raises MusicRFMError if there is none, or something else has its name.
    """
    found = path_of(path)
    try:
        kind = stat.S_IFMT(found.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        if found.is_symlink():
            raise MusicRFMError(
                f"{str(path)!r} is a link to {str(found.readlink())!r}, which does not exist"
            ) from None
        near = _nearest(found)
        hint = f"; did you mean {near!r}?" if near else ""
        raise MusicRFMError(f"{what} {str(path)!r} does not exist{hint}") from None
    except OSError as error:
        raise MusicRFMError(f"{str(path)!r} cannot be read: {error.strerror}") from None
    if kind != stat.S_IFREG:
        raise MusicRFMError(
            f"{str(path)!r} is {_KINDS.get(kind, 'no plain file')}, not a {what}: give a file"
        )
    return found


def is_pointer(path: Path) -> bool:
    """Whether git has left a note of the file here instead of the file."""
    with path.open("rb") as file:
        return file.read(len(LFS)) == LFS


def _on_disk(path: Path) -> Path:
    if str(path).isascii() or os.path.lexists(path) or path.parent == path:
        return path
    folder = _on_disk(path.parent)
    wanted = composed(path.name)
    try:
        names = os.listdir(folder)
    except OSError:
        names = []
    return folder / next((name for name in names if composed(name) == wanted), path.name)


def _nearest(path: Path) -> str | None:
    """A name beside it that differs only a little, such as in capitals."""
    try:
        names = {composed(name).casefold(): name for name in os.listdir(path.parent)}
    except OSError:
        return None
    close = difflib.get_close_matches(composed(path.name).casefold(), names, n=1, cutoff=0.85)
    return names[close[0]] if close else None
