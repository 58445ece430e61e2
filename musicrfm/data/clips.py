"""A data set of labelled clips: rows of labels, and a function that loads the audio of each.

A `ClipSet` holds no audio. Its `hear` renders, reads or downloads one clip on demand, so a set of
40,000 clips needs no more memory than its labels, and worker processes can share the work.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from musicrfm.data.labels import read_labels
from musicrfm.errors import MusicRFMError
from musicrfm.files.midi import read_midi
from musicrfm.files.paths import file_to_read, path_of
from musicrfm.files.sound import Sound, check_mix, read_sound, sound_seconds

Row = dict[str, Any]

FILE_COLUMNS = ("file", "filename", "path")
GROUP_COLUMN = "group"
LONGEST_MIDI = 3600.0  # seconds; a stray event at the end of a file may be days away


@dataclass
class ClipSet:
    """Labelled clips.

    name: name of the set in files made from it. rows: one JSON-able dict per clip, without clips
    that are known to be silent. groups: one per row; rows of one group are so alike that a
    train/val/test split must keep them together. about: JSON-able facts that determine the audio
    together with `name` and `rows`; part of every cache key. hear: row -> (float32 [samples] or
    [samples, channels], sample rate in Hz), or None for a silent clip; picklable, as worker
    processes call it. silent: number of clips excluded.
    """

    name: str
    rows: list[Row]
    groups: list[Hashable]
    about: dict[str, Any]
    hear: Callable[[Row], Sound | None]
    silent: int = 0

    def __post_init__(self) -> None:
        if len(self.rows) != len(self.groups):
            raise ValueError(f"{len(self.rows)} rows do not fit {len(self.groups)} groups")

    def __len__(self) -> int:
        return len(self.rows)


def peak_normalised(audio: np.ndarray, peak: float = 0.5) -> np.ndarray:
    """`audio` of any shape scaled to a largest sample of `peak`, as float32; silence stays so."""
    largest = float(np.abs(audio).max(initial=0.0))
    scale = peak / largest if largest > 0 else 1.0
    return (np.asarray(audio, np.float32) * np.float32(scale)).astype(np.float32)


def audio_folder(
    folder: str | Path,
    labels_csv: str | Path,
    *,
    seconds: float | None = None,
    label: str | None = None,
    keep_level: bool = False,
) -> ClipSet:
    """Recordings in any format that soundfile reads, with labels from a table.

    labels_csv: a CSV file with a column `file` (or `filename`, `path`) of names in `folder`; every
    other column becomes a field of the rows, see `labels.read_labels`. Rows with the same file, or
    with the same value in a column `group` (such as takes of one session), stay together in a
    split. seconds: read at most this much of every file, from its start. label: a column that must
    not have empty cells.

    Every clip is scaled to a peak of 0.5, as SynTheory's are, so that loudness tells no classes
    apart; `keep_level` leaves it. Raises MusicRFMError for a table that cannot be used, see
    `read_labels`, and for files that are missing, unreadable or without a sample.
    """
    folder, rows, column = _table(folder, labels_csv, seconds, label)
    lengths = {name: sound_seconds(_file(folder, name)) for name in {row[column] for row in rows}}
    hear = hear_file if keep_level else hear_levelled
    return _folder_set("recordings", folder, rows, column, lengths, seconds, hear)


def midi_folder(
    folder: str | Path,
    labels_csv: str | Path,
    *,
    seconds: float | None = None,
    label: str | None = None,
) -> ClipSet:
    """MIDI files with labels from a table, as in `audio_folder`, rendered with TimGM6mb.

    Every clip is scaled to a peak of 0.5. Raises MusicRFMError also for files that are not MIDI
    files, have no notes, or are longer than an hour.
    """
    folder, rows, column = _table(folder, labels_csv, seconds, label)
    lengths = {name: _midi_seconds(_file(folder, name)) for name in {row[column] for row in rows}}
    return _folder_set("MIDI files", folder, rows, column, lengths, seconds, hear_midi)


def hear_file(folder: Path, seconds: float | None, row: Row) -> Sound | None:
    """The recording of a row, as `ClipSet.hear` gives it."""
    path = _file(folder, _name(row))
    audio, rate = read_sound(path, first=seconds)
    check_mix(audio, path)
    return (audio, rate) if audio.any() else None


def hear_levelled(folder: Path, seconds: float | None, row: Row) -> Sound | None:
    """As `hear_file`, scaled to a peak of 0.5."""
    found = hear_file(folder, seconds, row)
    return found and (peak_normalised(found[0]), found[1])


def hear_midi(folder: Path, seconds: float | None, row: Row) -> Sound | None:
    """The rendered MIDI file of a row, as `ClipSet.hear` gives it."""
    from musicrfm.data.synth import render_midi

    path = _file(folder, _name(row))
    song = read_midi(path)
    try:
        audio, rate = render_midi(song.rewritten())
    except (OSError, RuntimeError) as error:
        raise MusicRFMError(f"{str(path)!r} cannot be rendered: {error}") from error
    if seconds is not None:
        audio = audio[: round(seconds * rate)]
    return (peak_normalised(audio), rate) if audio.any() else None


def _table(
    folder: str | Path, labels_csv: str | Path, seconds: float | None, label: str | None
) -> tuple[Path, list[Row], str]:
    """(folder, checked rows, name of the column of files)."""
    given, folder = folder, path_of(folder)
    if not folder.is_dir():
        raise MusicRFMError(f"the folder {str(given)!r} does not exist")
    if seconds is not None and not seconds > 0:
        raise MusicRFMError(f"the seconds per file must be above 0, not {seconds}")
    rows = read_labels(labels_csv, text=FILE_COLUMNS)
    table = path_of(labels_csv).name
    columns = list(rows[0])
    column = next((name for name in FILE_COLUMNS if name in columns), None)
    if column is None:
        raise MusicRFMError(f"{table} has no column 'file': it has {', '.join(columns)}")
    if label is not None and label not in columns:
        raise MusicRFMError(f"{table} has no column {label!r}: it has {', '.join(columns)}")
    for number, row in enumerate(rows, 1):
        if row[column] is None:
            raise MusicRFMError(f"row {number} of {table} has no file name")
        if label is not None and row[label] is None:
            raise MusicRFMError(
                f"row {number} of {table} ({row[column]}) has no {label!r}: "
                "the cell is empty or not a finite number"
            )
        try:
            _file(folder, row[column])
        except MusicRFMError as error:
            raise MusicRFMError(f"row {number} of {table}: {error}") from None
    return folder, rows, column


def _folder_set(
    what: str,
    folder: Path,
    rows: list[Row],
    column: str,
    lengths: dict[str, float],
    seconds: float | None,
    hear: Callable[[Path, float | None, Row], Sound | None],
) -> ClipSet:
    folder = folder.resolve()
    heard = {min(length, seconds or length) for length in lengths.values()}
    files = hashlib.sha256()
    for name in sorted(lengths):
        stat = _file(folder, name).stat()
        files.update(f"{name} {stat.st_size} {stat.st_mtime_ns}\n".encode())
    return ClipSet(
        name=f"{what} in {folder.name}",
        rows=rows,
        groups=[
            row[column] if row.get(GROUP_COLUMN) is None else row[GROUP_COLUMN] for row in rows
        ],
        about={
            "seconds": heard.pop() if len(heard) == 1 else None,
            "longest": seconds,
            "files": files.hexdigest()[:24],
            "level": "kept" if hear is hear_file else "peak 0.5",
            "version": 3,
        },
        hear=partial(hear, folder, seconds),
    )


def _name(row: Row) -> str:
    return next(row[name] for name in FILE_COLUMNS if name in row)


def _file(folder: Path, name: str) -> Path:
    """The file with this name in a table; accepts `~`, and Windows backslashes on any system."""
    path = path_of(folder / path_of(name))
    if not path.exists() and "\\" in name:
        path = path_of(folder / name.replace("\\", "/"))
    return file_to_read(path)


def _midi_seconds(path: Path) -> float:
    song = read_midi(path)
    if not song.has_notes:
        raise MusicRFMError(f"{str(path)!r} is a MIDI file without notes")
    if song.seconds > LONGEST_MIDI:
        raise MusicRFMError(
            f"{str(path)!r} lasts {song.seconds:.0f} s, more than an hour: cut it to the part you "
            "need"
        )
    return song.seconds
