"""Pooled hidden states on disk: larger than memory, readable one layer at a time.

A folder holds `states.bin`, ordered by layer and then by clip, and `heard.jsonl`, with one line for
every completely written batch. An interrupted run continues after the last such line.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from musicrfm.errors import MusicRFMError

DTYPES = ("float32", "float16")


@dataclass
class States:
    """An array [clips, layers, features] in `folder`, partly filled.

    kept: numbers of the data set's rows with stored states, in order. heard: number of rows
    processed so far, including silent ones.
    """

    folder: Path
    clips: int
    layers: int
    features: int
    dtype: str = "float32"
    kept: list[int] = field(default_factory=list)
    heard: int = 0

    @classmethod
    def open(
        cls, folder: Path, clips: int, layers: int, features: int, dtype: str = "float32"
    ) -> States:
        """Open the existing array, or create an empty one if nothing there fits."""
        if dtype not in DTYPES:
            raise MusicRFMError(
                f"hidden states cannot be stored as {dtype!r}: choose {' or '.join(DTYPES)}"
            )
        states = cls(folder, clips, layers, features, dtype)
        folder.mkdir(parents=True, exist_ok=True)
        if not states._matches():
            states._path.unlink(missing_ok=True)
            states._journal.unlink(missing_ok=True)
            with states._path.open("wb") as file:
                file.truncate(states._bytes)  # a sparse file: no disk space is used before writing
            (folder / "about.json").write_text(json.dumps(states._about()))
        states._read_journal()
        return states

    @classmethod
    def load(cls, folder: Path) -> States:
        """Open what was written to `folder`, with the size given at its creation."""
        try:
            about = json.loads((folder / "about.json").read_text())
            states = cls(folder, **about)
        except (OSError, ValueError, TypeError) as error:
            raise MusicRFMError(f"{folder} does not contain hidden states: {error}") from error
        if not states._matches():
            raise MusicRFMError(f"the hidden states in {folder} are damaged: delete the folder")
        states._read_journal()
        return states

    @classmethod
    def of(cls, folder: Path, array: np.ndarray) -> States:
        """Write the whole `array` [clips, layers, features] to `folder`."""
        states = cls.open(folder, *array.shape)
        if states.heard < len(array):
            states.append(array, list(range(len(array))), len(array))
        return states

    @property
    def done(self) -> bool:
        return self.heard >= self.clips

    def append(self, batch: np.ndarray, rows: list[int], heard: int) -> None:
        """Write [clips, layers, features] for the rows numbered `rows`; `heard` as the attribute.

        Raises MusicRFMError for values that are not finite in the storage type.
        """
        with np.errstate(over="ignore"):
            batch = np.ascontiguousarray(batch, self.dtype)
        if not np.isfinite(batch).all():
            raise MusicRFMError(
                f"hidden states of row {rows[0]} or a later row are not finite in {self.dtype}"
            )
        first = len(self.kept)
        if len(batch):
            with self._path.open("r+b") as file:
                for layer in range(self.layers):
                    file.seek((layer * self.clips + first) * self._row_bytes)
                    file.write(np.ascontiguousarray(batch[:, layer]).tobytes())
        with self._journal.open("a") as file:
            line = {"first": self.heard, "heard": heard, "kept": rows}
            file.write(json.dumps(line) + "\n")
        self.kept += rows
        self.heard = heard

    def layer(self, number: int) -> np.ndarray:
        """float32 [clips kept, features] of one layer, read into memory; nothing else is read."""
        with self._path.open("rb") as file:
            file.seek(number * self.clips * self._row_bytes)
            count = len(self.kept) * self.features
            flat = np.fromfile(file, self.dtype, count)
        return flat.reshape(len(self.kept), self.features).astype(np.float32, copy=False)

    def view(self) -> np.ndarray:
        """[clips kept, layers, features], memory-mapped: only the parts in use are read."""
        shape = (self.layers, self.clips, self.features)
        mapped = np.memmap(self._path, self.dtype, "r", shape=shape)
        return mapped.transpose(1, 0, 2)[: len(self.kept)]

    @property
    def _path(self) -> Path:
        return self.folder / "states.bin"

    @property
    def _journal(self) -> Path:
        return self.folder / "heard.jsonl"

    @property
    def _row_bytes(self) -> int:
        return self.features * np.dtype(self.dtype).itemsize

    @property
    def _bytes(self) -> int:
        return self.layers * self.clips * self._row_bytes

    def _about(self) -> dict[str, object]:
        names = ("clips", "layers", "features", "dtype")
        return {name: getattr(self, name) for name in names}

    def _matches(self) -> bool:
        try:
            about = json.loads((self.folder / "about.json").read_text())
            return about == self._about() and self._path.stat().st_size == self._bytes
        except (OSError, ValueError):
            return False

    def _read_journal(self) -> None:
        """Read consecutive lines only: an incomplete line, or one from a second process on the same
        data, is ignored."""
        self.kept, self.heard = [], 0
        if not self._journal.is_file():
            return
        for text in self._journal.read_text().splitlines():
            try:
                line = json.loads(text)
                if line["first"] == self.heard:
                    self.kept += line["kept"]
                    self.heard = line["heard"]
            except (ValueError, KeyError, TypeError):
                continue
