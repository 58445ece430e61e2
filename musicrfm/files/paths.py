"""Interprets paths as people write them: `~`, both Unicode forms of names, and typing errors.

`path_of` is applied to every path that the user gives, and `file_to_read` to every file to read, so
that a folder, a pipe or a device is an error and nothing waits for it.
"""

from __future__ import annotations

import difflib
import os
import re
import stat
import unicodedata
from pathlib import Path

from musicrfm.errors import MusicRFMError, short

# The first bytes of a Git LFS pointer.
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
    """The text in Unicode's form NFC, in which `ü` is one character.

    macOS can write the dots as a separate character; both forms look the same.
    """
    return unicodedata.normalize("NFC", text)


def path_of(path: str | os.PathLike[str]) -> Path:
    r"""The intended path: `~` becomes the home folder, and each name gets its spelling on disk.

    Parts that do not exist are returned unchanged. Raises MusicRFMError for anything but a path, an
    empty path, an unknown home folder, and for a tab, a line break or another control character,
    which "C:\tracks\new" contains if a backslash starts an escape sequence.
    """
    if not isinstance(path, (str, os.PathLike)):
        raise MusicRFMError(f"a path must be a text or a Path, not {short(path)}")
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
    """The name of the first control character of a text; None if there is none."""
    found = _CONTROL.search(text)
    return found and _SPOKEN.get(found[0], f"the control character {found[0]!r}")


def file_to_read(path: str | os.PathLike[str], what: str = "file") -> Path:
    """The path of an existing regular file; `what`: its expected content, for the error.

    Raises MusicRFMError if it does not exist or is of another kind.
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
    """Whether the file is a Git LFS pointer."""
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
    """The name in the same folder with the smallest difference, such as in capitals."""
    try:
        names = {composed(name).casefold(): name for name in os.listdir(path.parent)}
    except OSError:
        return None
    close = difflib.get_close_matches(composed(path.name).casefold(), names, n=1, cutoff=0.85)
    return names[close[0]] if close else None
