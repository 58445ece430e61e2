"""The control log of a set: every change with its time, and all data needed to replay it.

A file of JSON lines: the first describes the start of the set, each further line a change that took
effect, the last the end. Changes undone by a rewind are not in it, so it describes the audible set.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import queue
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import musicrfm
from bridge.controls.controls import MAX_GLIDE
from bridge.controls.parameters import Value
from bridge.process.threads import supervised
from bridge.recording.disk import FULL, AppendedFile
from bridge.recording.part import SYNC_WAIT
from bridge.recording.recorder import END_SECONDS, NEW_FILE_SECONDS, RETRY_SECONDS, SYNC_SECONDS
from musicrfm.errors import MusicRFMError
from musicrfm.files.paths import path_of
from musicrfm.files.text import read_text
from musicrfm.files.writing import reason
from musicrfm.kernels.available import kernels

if TYPE_CHECKING:
    from musicrfm.directions import Direction

log = logging.getLogger(__name__)

FORMAT = "musicrfm control log 1"
STOP = "/stop"  # no parameter: the player ended the set
MOST_BYTES = 2**30
TELL_SECONDS = 0.2  # how often it tells how far the set has come
LONGEST = 1e7  # seconds of a set, as `bridge play --seconds` allows


class Change(NamedTuple):
    """One value that took effect. seconds: duration of the glide to it, None for the default."""

    address: str
    value: Value
    seconds: float | None
    source: str


@dataclass(frozen=True)
class Entry:
    """Changes that take effect with a frame; time: seconds of audio before it."""

    frame: int
    time: float
    changes: tuple[Change, ...]


class ControlLog:
    """A control log being written, on a separate thread so that no disk delays the music.

    Data that the disk does not accept is kept and tried again. Raises MusicRFMError if the file
    exists or cannot be created.
    """

    def __init__(self, path: str | Path, header: Mapping[str, Any], rate: int) -> None:
        self.path = path_of(path)
        self._rate = rate
        try:
            self._file = AppendedFile(self.path)
        except FileExistsError:
            raise MusicRFMError(f"{str(path)!r} exists already: give another file") from None
        except OSError as error:
            raise MusicRFMError(f"cannot write {str(path)!r}: {reason(error)}") from None
        self._lines: queue.SimpleQueue[dict | None] = queue.SimpleQueue()
        self._next: tuple[dict | None, ...] = ()  # the line that was taken from there, if any
        self._head = _encoded({"format": FORMAT, **header})
        self._waiting = bytearray(self._head)  # for the disk
        self._over = False  # all lines have come
        self._told = 0  # samples that the log says were played
        self._closing: float | None = None  # since when
        self.failed = False
        self._thread = supervised("control-log", self._run, threading.Event(), "the log restarts")
        self._thread.start()

    def write(self, frame: int, first: int, changes: Iterable[Change] = ()) -> None:
        """Changes that take effect with frame number `frame`, whose first sample is `first`.

        Also called for frames without changes; at intervals it records the length so far.
        """
        if first - self._told >= TELL_SECONDS * self._rate:
            self._told = first
            self._lines.put({"at": first})
        for change in changes:
            line = {"frame": frame, "time": first / self._rate, "address": change.address}
            line |= {"value": change.value, "source": change.source}
            if change.seconds is not None:
                line["seconds"] = change.seconds
            self._lines.put(line)

    def note_part(self, name: str, first: int) -> None:
        """The recording continues in another file from this sample on."""
        self._lines.put({"part": name, "at": first})

    def close(self, samples: int | None = None) -> None:
        """Complete the file; `samples`: length of the set. Repeated calls are harmless.

        Waits for a failing disk no longer than necessary.
        """
        if self._closing is not None:
            return
        self._closing = time.monotonic()
        if samples is not None:
            self._lines.put({"end": samples})
        self._lines.put(None)
        self._thread.join(END_SECONDS + 0.5)

    # ---- the log's thread ----

    def _run(self) -> None:
        waiting, synced = self._waiting, time.monotonic()
        self._until_taken(waiting)
        while not self._over and not self.failed:
            self._over = self._gather(waiting)
            self._until_taken(waiting)
            if not self.failed and (self._over or time.monotonic() - synced > SYNC_SECONDS):
                with contextlib.suppress(OSError):  # reported when writing fails
                    self._file.sync(SYNC_WAIT if self._over else 0.0)
                synced = time.monotonic()
        self._file.close()

    def _gather(self, waiting: bytearray) -> bool:
        """Collect new lines; returns whether the last one is among them.

        A line that there is no memory for is still next when the thread has restarted.
        """
        seconds = SYNC_SECONDS
        with contextlib.suppress(queue.Empty):
            while True:
                self._next = self._next or (self._lines.get(timeout=seconds),)
                (line,) = self._next
                if line is None:
                    return True
                waiting += _encoded(line)
                self._next, seconds = (), 0.0
        return False

    def _until_taken(self, waiting: bytearray) -> None:
        """Write all of `waiting`, which is empty afterwards, however long the disk takes."""
        began, told = time.monotonic(), ""
        while waiting and not self.failed:
            try:
                del waiting[: self._file.write(bytes(waiting))]
                continue
            except OSError as error:
                if told != reason(error):
                    told = reason(error)
                    log.error("the control log %s: %s; the bridge tries again", self.path, told)
                full = error.errno in FULL
            now = time.monotonic()
            if self._closing is not None and now - self._closing > END_SECONDS:
                self.failed = True
                log.error("the control log %s ended: %s", self.path, told)
            elif not full and now - began > NEW_FILE_SECONDS:
                self._open_again(waiting)
            if not self.failed:
                time.sleep(0.05 if self._closing is not None else RETRY_SECONDS)

    def _open_again(self, waiting: bytearray) -> None:
        with contextlib.suppress(OSError):
            if self._file.open_again() == 0 and not waiting.startswith(self._head):
                waiting[:0] = self._head  # another disk is in its place


def _encoded(line: Mapping[str, Any]) -> bytes:
    """One line of JSON; invalid Unicode is escaped."""
    try:
        return json.dumps(line, ensure_ascii=False, default=str).encode("utf-8") + b"\n"
    except UnicodeEncodeError:
        return json.dumps(line, default=str).encode("ascii") + b"\n"


@dataclass(frozen=True)
class Recorded:
    """A control log that was read. samples: length of the set, None if it was cut off. reached:
    number of samples that certainly existed."""

    header: dict[str, Any]
    entries: tuple[Entry, ...]
    samples: int | None
    reached: int = 0


def read_log(path: str | Path) -> Recorded:
    """Read a control log; one with an incomplete last line is read up to there.

    Damaged lines are skipped with a warning. Raises MusicRFMError for a file that is missing or not
    a control log.
    """
    try:
        lines = read_text(path, "control log", damaged=True, most=MOST_BYTES).text.split("\n")
    except MusicRFMError as error:
        raise MusicRFMError(f"cannot read {str(path)!r}: {error}") from None
    header = _line(lines[0])
    if header is None or header.get("format") != FORMAT:
        raise MusicRFMError(
            f"{str(path)!r} is not a control log: give the .jsonl that `bridge play "
            "--record` wrote beside the audio"
        )
    times: dict[int, float] = {}
    changes: dict[int, list[Change]] = {}
    samples, reached, damaged = None, 0, 0
    for number, text in enumerate(lines[1:], start=2):
        line = _line(text)
        if line is None:
            damaged += bool(text.strip()) and number < len(lines)
            continue
        try:
            if "end" in line:
                samples = _whole(line["end"])
            elif "at" in line:
                reached = max(reached, _whole(line["at"]))
            else:
                frame, time, change = _change(line)
                times[frame] = time
                changes.setdefault(frame, []).append(change)
        except KeyError as error:
            told = f"not a valid change: it lacks {error.args[0]}"
            raise MusicRFMError(f"{str(path)!r}, line {number}: {told}") from None
        except (TypeError, ValueError, OverflowError) as error:
            told = f"not a valid change: {error}"
            raise MusicRFMError(f"{str(path)!r}, line {number}: {told}") from None
    if damaged:
        log.warning("%s: %d damaged lines are skipped", path, damaged)
    entries = tuple(Entry(n, times[n], tuple(changes[n])) for n in sorted(times))
    return Recorded(header, entries, samples, reached)


def _change(line: dict[str, Any]) -> tuple[int, float, Change]:
    """Frame, second and change. Raises KeyError, TypeError or ValueError for anything else."""
    frame, time = _whole(line["frame"]), float(line["time"])
    seconds = line.get("seconds")
    seconds = None if seconds is None else float(seconds)
    change = Change(str(line["address"]), line["value"], seconds, str(line["source"]))
    if not 0 <= time <= LONGEST:
        raise ValueError(f"a set has no time {time:g} s")
    if seconds is not None and not 0 <= seconds <= MAX_GLIDE:
        raise ValueError(f"a glide takes 0 to {MAX_GLIDE:g} s, not {seconds:g}")
    if isinstance(change.value, bool) or not isinstance(change.value, (int, float, str)):
        raise ValueError("its value is neither a number nor a text")
    return frame, time, change


def _whole(value: object) -> int:
    """A count, such as of samples. Raises ValueError or TypeError for anything else."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 2**48:
        raise ValueError("a frame or sample must be a whole number of at least 0")
    return value


def _line(text: str) -> dict | None:
    try:
        line = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return line if isinstance(line, dict) else None


def source_name(source: object) -> str:
    """The source of a change, in a word or two."""
    if isinstance(source, str):
        return source[:80]
    return type(source).__name__.lower()


def direction_fingerprint(direction: Direction) -> str:
    """16 hexadecimal digits that identify this direction."""
    digest = hashlib.sha256(direction.vectors.numpy().tobytes())
    digest.update(direction.layer_scores.numpy().tobytes())
    digest.update(json.dumps(direction.meta, sort_keys=True, default=str).encode())
    return digest.hexdigest()[:16]


def build() -> dict[str, str]:
    """Other facts that determine the last bit of a sum, besides the model."""
    import torch

    return {
        "version": musicrfm.__version__,
        "torch": torch.__version__,
        "numba": version("numba") if kernels() is not None else "none",
        "cpu": torch.backends.cpu.get_cpu_capability(),
    }
