"""Files that are written: never over another without being asked, and whole or not at all.

A file is written beside its place and then put there in one step, so that a full disk or a crash
leaves what was there before.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from musicrfm.errors import MusicRFMError
from musicrfm.files.paths import path_of

if TYPE_CHECKING:
    import numpy as np

MAKER = "musicrfm"


def unused(path: str | os.PathLike[str]) -> Path:
    """The path, or the first of `NAME-2`, `NAME-3`, … that is not there."""
    first = path_of(path)
    candidate, number = first, 1
    while os.path.lexists(candidate):
        number += 1
        candidate = first.with_name(f"{first.stem}-{number}{first.suffix}")
    return candidate


def place_for(
    path: str | os.PathLike[str],
    overwrite: bool = False,
    ours: Callable[[Path], bool] = lambda place: False,
) -> Path:
    """Where a file of this name goes: beside one that is there, unless that may be replaced.

    ours: whether a file that is there was made by the same command, and can be again. A device is
    written to as it is. Raises MusicRFMError if nothing can be written there.
    """
    place = path_of(path)
    if _is_device(place):
        return place
    check_place(place)
    return place if overwrite or (place.is_file() and ours(place)) else unused(place)


def check_place(path: str | os.PathLike[str]) -> None:
    """Raises MusicRFMError if no file can be written there; leaves nothing behind."""
    place = path_of(path)
    if place.is_fifo() and not _is_device(place):
        raise MusicRFMError(f"cannot write {str(path)!r}: it is a pipe; name a file")
    if place.is_dir():
        raise MusicRFMError(f"cannot write {str(path)!r}: it is a folder; name a file in it")
    if not place.parent.is_dir():
        raise MusicRFMError(f"cannot write {str(path)!r}: there is no such folder")
    _try(place.parent, path)


def check_folder(*paths: str | os.PathLike[str] | None) -> None:
    """Raises MusicRFMError if a folder is not there and cannot be made, or takes no files."""
    for path in paths:
        if path is not None:
            folder = path_of(path)
            while not os.path.lexists(folder) and folder.parent != folder:
                folder = folder.parent
            if not folder.is_dir():
                raise MusicRFMError(f"cannot write into {str(path)!r}: {folder} is no folder")
            _try(folder, path)


def _try(folder: Path, path: str | os.PathLike[str]) -> None:
    try:
        handle, name = tempfile.mkstemp(prefix=".", dir=folder)
        os.close(handle)
        os.unlink(name)
    except OSError as error:
        raise MusicRFMError(f"cannot write {str(path)!r}: {reason(error)}") from None


@contextlib.contextmanager
def beside(path: Path) -> Iterator[Path]:
    """A path to write to, whose file takes the place of `path` at the end if nothing is raised.

    Where there is a link, what it leads to is replaced. A device or pipe is written to as it is.
    """
    place = path.resolve()
    if _is_device(place):
        yield place
        return
    handle, name = tempfile.mkstemp(prefix=f".{place.name}-", suffix=".part", dir=place.parent)
    os.close(handle)
    new = Path(name)
    try:
        yield new
        with new.open("rb+") as file:
            os.fsync(file.fileno())
        new.chmod(place.stat().st_mode & 0o777 if place.exists() else 0o644)
        new.replace(place)
    except BaseException:
        with contextlib.suppress(OSError):
            new.unlink()
        raise


def write_bytes(path: str | os.PathLike[str], data: bytes) -> None:
    """A file, and its folders if they are not there, whole or not at all.

    Raises MusicRFMError if it cannot be written.
    """
    place = path_of(path)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with beside(place) as new:
            new.write_bytes(data)
    except OSError as error:
        raise MusicRFMError(f"cannot write {str(path)!r}: {reason(error)}") from None


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """As `write_bytes`, in UTF-8."""
    write_bytes(path, text.encode("utf-8", "replace"))


@contextlib.contextmanager
def sound_file(path: Path, rate: int, channels: int) -> Iterator[Callable[[np.ndarray], None]]:
    """A function that writes float samples [samples, channels] into a new sound file, which is in
    its place when all went well: 24 bits where the format, told by the suffix, has them.

    Raises MusicRFMError, with what the system says, if it cannot be written.
    """
    import soundfile

    container = path.suffix.upper().lstrip(".")
    subtype = "PCM_24" if "PCM_24" in soundfile.available_subtypes(container) else None
    try:
        with beside(path) as new, new.open("wb", buffering=0) as raw:
            kept = _Kept(raw)
            with soundfile.SoundFile(kept, "w", rate, channels, subtype, format=container) as file:
                with contextlib.suppress(RuntimeError):  # not every format has a place for it
                    file.software = MAKER

                def write(audio: np.ndarray) -> None:
                    file.write(audio)
                    kept.check()

                yield write
            kept.check()
    except (OSError, RuntimeError) as error:
        told = reason(error) if isinstance(error, OSError) else str(error)
        raise MusicRFMError(f"{str(path)!r} cannot be written: {told}") from None


def is_generated(path: Path) -> bool:
    """Whether a sound file was written by `sound_file`."""
    import soundfile

    try:
        with soundfile.SoundFile(path) as file:
            return str(file.software).startswith(MAKER)
    except (OSError, RuntimeError, ValueError):
        return False


def is_json_with(key: str) -> Callable[[Path], bool]:
    """A function that tells whether a file is JSON with this key, as a command writes it."""

    def is_it(path: Path) -> bool:
        try:
            told = json.loads(path.read_bytes()[: 2**20])
        except (OSError, ValueError, RecursionError):
            return False
        return isinstance(told, dict) and key in told

    return is_it


class _Kept:
    """A file for libsndfile, which forgets what the system said: `check` raises it again."""

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
        return len(data)  # anything else would be an error of its own, without a reason

    def read(self, size: int = -1) -> bytes:
        return b""

    def check(self) -> None:
        if self._error is not None:
            raise self._error


def reason(error: OSError) -> str:
    """What the system says, as "No space left on device", without numbers and paths."""
    return error.strerror or str(error) or type(error).__name__


def _is_device(place: Path) -> bool:
    """Whether it is written to as it is, such as /dev/null, or /dev/stdout into a pipe."""
    return place.is_char_device() or (place.is_fifo() and place.parts[:2] == (os.sep, "dev"))
