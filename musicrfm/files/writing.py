"""Writes files: never over another without permission, and completely or not at all.

A file is written under a temporary name and then renamed, so that a full disk or a crash leaves the
previous content.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from musicrfm.errors import MusicRFMError
from musicrfm.files.paths import path_of

if TYPE_CHECKING:
    import numpy as np


def unused(path: str | os.PathLike[str]) -> Path:
    """The path, or the first of `NAME-2`, `NAME-3` and so on that does not exist."""
    first = path_of(path)
    candidate, number = first, 1
    while os.path.lexists(candidate):
        number += 1
        candidate = first.with_name(f"{first.stem}-{number}{first.suffix}")
    return candidate


def place_for(path: str | os.PathLike[str], overwrite: bool = False) -> Path:
    """The path for a new file: beside an existing one, unless that may be replaced.

    A device is written to directly. Raises MusicRFMError if the place cannot be written.
    """
    place = path_of(path)
    if _is_device(place):
        return place
    check_place(place)
    return place if overwrite else unused(place)


def folder_for(path: str | os.PathLike[str], names: Iterable[str], overwrite: bool = False) -> Path:
    """The folder for files of these names: the first of `PATH`, `PATH-2` and so on that has none of
    them, unless they may be replaced.

    Raises MusicRFMError if the folder cannot be written.
    """
    first, names = path_of(path), list(names)
    folder, number = first, 1
    while not overwrite and any(os.path.lexists(folder / name) for name in names):
        number += 1
        folder = first.with_name(f"{first.name}-{number}")
    check_folder(folder)
    return folder


def check_place(path: str | os.PathLike[str]) -> None:
    """Raise MusicRFMError if no file can be written there; leaves nothing behind."""
    place = path_of(path)
    try:
        wrong = _wrong_with(place)
    except OSError as error:  # a name that is too long, or a folder without permission
        wrong = reason(error)
    if wrong:
        raise MusicRFMError(f"cannot write {str(path)!r}: {wrong}")
    _try(place.parent, path)


def _wrong_with(place: Path) -> str:
    """The reason why no file can be written there, or ""."""
    if place.is_fifo() and not _is_device(place):
        return "it is a pipe; give a file"
    if place.is_dir():
        return "it is a folder; give a file in it"
    return "" if place.parent.is_dir() else "the folder does not exist"


def check_folder(*paths: str | os.PathLike[str] | None) -> None:
    """Raise MusicRFMError if a folder cannot be created or cannot be written."""
    for path in paths:
        if path is not None:
            folder = path_of(path)
            while not os.path.lexists(folder) and folder.parent != folder:
                folder = folder.parent
            if not folder.is_dir():
                raise MusicRFMError(f"cannot write into {str(path)!r}: {folder} is not a folder")
            _try(folder, path)


def _try(folder: Path, path: str | os.PathLike[str]) -> None:
    try:
        handle, name = tempfile.mkstemp(prefix=".", dir=folder)
        os.close(handle)
        Path(name).unlink()
    except OSError as error:
        raise MusicRFMError(f"cannot write {str(path)!r}: {reason(error)}") from None


@dataclass
class Placed:
    """Where a file that may replace none is to go; at the end, where it went."""

    path: Path


@contextlib.contextmanager
def beside(path: Path, placed: Placed | None = None) -> Iterator[Path]:
    """Yields a temporary path whose file replaces `path` at the end, unless an exception is raised.

    For a link, its target is replaced. With `placed`, nothing is replaced: the file gets the first
    `unused` name, even if another program wants it at the same moment, and `placed` has its path. A
    device or pipe is written to directly.
    """
    place = path.resolve()
    if _is_device(place):
        yield place
        return
    short = place.name[:40]  # the original name may have the greatest permitted length
    handle, name = tempfile.mkstemp(prefix=f".{short}-", suffix=".part", dir=place.parent)
    os.close(handle)
    new = Path(name)
    try:
        yield new
        with new.open("rb+") as file:
            os.fsync(file.fileno())
        if placed is None:
            new.chmod(place.stat().st_mode & 0o777 if place.exists() else 0o644)
            new.replace(place)
        else:
            new.chmod(0o644)
            placed.path = _put_unused(new, path)
    except BaseException:
        with contextlib.suppress(OSError):
            new.unlink()
        raise


def _put_unused(new: Path, asked: Path) -> Path:
    """Gives a finished file the first name that nobody has, which is one step of the system."""
    while True:
        place = unused(asked)
        try:
            os.link(new, place)
            new.unlink()
            return place
        except FileExistsError:  # another process was quicker
            continue
        except OSError:  # a file system without hard links
            try:
                os.close(os.open(place, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644))
            except FileExistsError:
                continue
            new.replace(place)
            return place


def put(path: Path, data: bytes, overwrite: bool) -> bool:
    """Write a file unless one with other content is there, or even then if `overwrite`; whether
    the file has this content now. Raises MusicRFMError if it cannot be read or written."""
    try:
        other = path.exists() and not overwrite and path.read_bytes() != data
    except OSError as error:
        raise MusicRFMError(f"{str(path)!r} cannot be read: {reason(error)}") from None
    if not other:
        write_bytes(path, data)
    return not other


def write_bytes(path: str | os.PathLike[str], data: bytes, overwrite: bool = True) -> Path:
    """Write a file and its missing folders, completely or not at all; returns its path.

    Without `overwrite`, it gets the first `unused` name. Raises MusicRFMError if it cannot be
    written.
    """
    place = path_of(path)
    placed = None if overwrite else Placed(place)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with beside(place, placed) as new:
            new.write_bytes(data)
    except OSError as error:
        raise MusicRFMError(f"cannot write {str(path)!r}: {reason(error)}") from None
    return place if placed is None else placed.path


def write_text(path: str | os.PathLike[str], text: str, overwrite: bool = True) -> Path:
    """As `write_bytes`, in UTF-8."""
    return write_bytes(path, text.encode("utf-8", "replace"), overwrite)


@contextlib.contextmanager
def sound_file(
    path: Path, rate: int, channels: int, placed: Placed | None = None
) -> Iterator[Callable[[np.ndarray], None]]:
    """Yields a function that writes float samples [samples, channels] to a new sound file, which
    appears at its place after success: 24 bits if the format, given by the suffix, has them.

    placed: as in `beside`. Raises MusicRFMError with the system's reason if it cannot be written.
    """
    import soundfile

    container = path.suffix.upper().lstrip(".")
    subtype = "PCM_24" if "PCM_24" in soundfile.available_subtypes(container) else None
    try:
        with beside(path, placed) as new, new.open("wb", buffering=0) as raw:
            kept = _Kept(raw)
            with soundfile.SoundFile(kept, "w", rate, channels, subtype, format=container) as file:

                def write(audio: np.ndarray) -> None:
                    file.write(audio)
                    kept.check()

                yield write
            kept.check()
    except (OSError, RuntimeError) as error:
        told = reason(error) if isinstance(error, OSError) else str(error)
        raise MusicRFMError(f"{str(path)!r} cannot be written: {told}") from None


class _Kept:
    """A file object for libsndfile, which discards system errors: `check` raises them again."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._error: OSError | None = None
        self.seek, self.tell = file.seek, file.tell

    def write(self, data: bytes) -> int:
        left = memoryview(bytes(data))
        try:
            while left and self._error is None:
                left = left[self._file.write(left) :]
        except OSError as error:
            self._error = error
        return len(data)  # any other value would cause an error without a reason

    def read(self, size: int = -1) -> bytes:
        return b""

    def check(self) -> None:
        if self._error is not None:
            raise self._error


def reason(error: OSError) -> str:
    """The system's reason, such as "No space left on device", without numbers and paths."""
    return error.strerror or str(error) or type(error).__name__


def _is_device(place: Path) -> bool:
    """Whether the path is written to directly, such as /dev/null, or /dev/stdout into a pipe."""
    return place.is_char_device() or (place.is_fifo() and place.parts[:2] == (os.sep, "dev"))
