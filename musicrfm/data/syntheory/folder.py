"""Renders a set to a folder of sound files with a table of labels, for `clips.audio_folder` and
other programs."""

from __future__ import annotations

import csv
import signal
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from musicrfm.data.clips import FILE_COLUMNS, GROUP_COLUMN, ClipSet
from musicrfm.data.syntheory import find, sound
from musicrfm.data.syntheory.spec import Row
from musicrfm.errors import MusicRFMError
from musicrfm.executor import one_thread
from musicrfm.files.paths import path_of
from musicrfm.files.writing import unused
from musicrfm.progress import Progress

TABLE = "labels.csv"
FORMATS = {"flac": "PCM_16", "wav": "FLOAT"}  # format: sample type


@dataclass(frozen=True)
class Rendered:
    """table: the CSV file of labels. clips: its number of rows, of which `fresh` were rendered now.
    silent: number of clips excluded."""

    table: Path
    clips: int
    fresh: int
    silent: int


def render_folder(
    name: str, clip_set: ClipSet, out: str | Path, *, format: str = "flac", workers: int = 0
) -> Rendered:
    """Write the clips of a rendered `clip_set` of the set `name` and their labels to `out`.

    A clip is written completely or not at all, and only once: an interrupted run continues where it
    stopped. The table is written last, with the published fields, the column `file`, and `group`,
    which keeps similar clips in one part of a split. format: "flac" (16 bit) or "wav" (32 bit
    float), mono, 32 kHz, peak 0.5. workers: processes; 0 renders in this process.

    Raises MusicRFMError for an unknown format, for a folder with another set's table, and for a
    folder that cannot be written.
    """
    if format not in FORMATS:
        raise MusicRFMError(f"format {format!r} is not one of {', '.join(FORMATS)}")
    concept_set, out = find(name), path_of(out)
    columns = [FILE_COLUMNS[0], *clip_set.rows[0], GROUP_COLUMN]
    table = out / TABLE
    _refuse_other(table, columns)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise MusicRFMError(f"{str(out)!r} cannot be created: {error.strerror}") from error
    files = [f"{concept_set.file_stem(row)}.{format}" for row in clip_set.rows]
    jobs = [
        (row, out / file)
        for row, file in zip(clip_set.rows, files, strict=True)
        if not (out / file).exists()
    ]
    already = len(files) - len(jobs)
    progress = Progress(f"rendering {concept_set.name}", len(files), "clips", already=already)
    silent: set[str] = set()
    for done, ((_, path), sounds) in enumerate(
        zip(jobs, _run(partial(_write, concept_set.name), jobs, workers), strict=True), already + 1
    ):
        if not sounds:
            silent.add(path.name)
        progress(done)
    part = table.with_suffix(".part")
    with part.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        for clip, row, group in zip(files, clip_set.rows, clip_set.groups, strict=True):
            if clip not in silent:
                parts = group if isinstance(group, tuple) else (group,)
                writer.writerow([clip, *row.values(), "-".join(map(str, parts))])
    if table.exists() and _lines(table) - _lines(part):
        table = unused(table)  # do not overwrite the table of another choice
    part.replace(table)
    return Rendered(
        table=table,
        clips=len(files) - len(silent),
        fresh=len(jobs) - len(silent),
        silent=clip_set.silent + len(silent),
    )


def _lines(table: Path) -> set[bytes]:
    return set(table.read_bytes().splitlines())


def _refuse_other(table: Path, columns: list[str]) -> None:
    if not table.exists():
        return
    with table.open(encoding="utf-8", errors="replace", newline="") as file:
        header = next(csv.reader(file), [])
    if header != columns:
        raise MusicRFMError(f"{str(table)!r} belongs to another set: choose another folder")


def _run(write: partial, jobs: list[tuple[Row, Path]], workers: int) -> Iterator[bool]:
    if workers == 0 or len(jobs) < 2:
        yield from map(write, jobs)
        return
    pool = ProcessPoolExecutor(workers, get_context("spawn"), initializer=_worker)
    try:
        yield from pool.map(write, jobs, chunksize=4)
    finally:
        pool.shutdown(cancel_futures=True)


def _worker() -> None:
    one_thread()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends the run in the main process


def _write(name: str, job: tuple[Row, Path]) -> bool:
    """Render one clip; False, and no file, if it is silent."""
    import soundfile

    row, path = job
    heard = sound.hear(name, row)
    if heard is None:
        return False
    kind = path.suffix.removeprefix(".")
    part = path.with_name(f"{path.name}.part")
    try:
        soundfile.write(part, *heard, format=kind.upper(), subtype=FORMATS[kind])
        part.replace(path)
    except (OSError, RuntimeError) as error:
        raise MusicRFMError(f"{str(path)!r} cannot be written: {error}") from error
    return True
