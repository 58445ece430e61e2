"""A NumPy file in half precision that grows while it is written, and is valid at any moment."""

from __future__ import annotations

import io
from os import PathLike
from typing import BinaryIO

import numpy as np

from musicrfm.errors import MusicRFMError
from musicrfm.files.paths import path_of

_HEADER = 128  # bytes; NumPy pads its headers to a multiple of 64


class HalfFile:
    """float16 [rows, ...], written row by row. `numpy.load` can read it at any time.

    Raises MusicRFMError if the file cannot be written.
    """

    def __init__(self, path: str | PathLike[str]) -> None:
        self.path = path_of(path)
        self.shape: tuple[int, ...] | None = None  # of a row, known with the first one
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file: BinaryIO = self.path.open("wb")
        except OSError as error:
            raise MusicRFMError(f"{self.path} cannot be written: {error.strerror}") from None

    def put(self, first: int, rows: np.ndarray) -> None:
        """Write rows [n, ...] from row `first` on; the file then ends after them.

        The file starts again when the shape of a row changes.
        """
        shape = rows.shape[1:]
        if self.shape != shape:
            self.shape = shape
            self._file.truncate(0)
        size = 2 * int(np.prod(shape))
        try:
            self._file.seek(_HEADER + first * size)
            self._file.write(np.ascontiguousarray(rows, np.float16).data)
            self._file.truncate()
            self._file.seek(0)
            self._file.write(_header((first + len(rows), *shape)))
            self._file.flush()
        except OSError as error:
            raise MusicRFMError(f"{self.path} cannot be written: {error.strerror}") from None

    def close(self) -> None:
        self._file.close()

    def __del__(self) -> None:
        if getattr(self, "_file", None) is not None:
            self._file.close()


def _header(shape: tuple[int, ...]) -> bytes:
    """The header of a version 1.0 file, with a fixed length."""
    made = io.BytesIO()
    about = {"descr": "<f2", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(made, about)
    header = made.getvalue()
    length = _HEADER - 10
    text = header[10:].rstrip()
    return header[:8] + length.to_bytes(2, "little") + text.ljust(length - 1) + b"\n"
