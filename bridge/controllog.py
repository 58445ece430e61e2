"""The control log of a set: what was changed when, and all that is needed to play it again.

A file of JSON lines: the first tells how the set was begun, each further one a change that counted,
the last where it ended. What a rewind took back is not in it, so it tells what is heard.
"""

from __future__ import annotations

import hashlib
import json
import logging
import math
import queue
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import torch

from bridge.parameters import Value
from musicrfm.compiled_step import kernels
from musicrfm.errors import MusicRFMError
from musicrfm.paths import path_of
from musicrfm.textfiles import read_text

if TYPE_CHECKING:
    from musicrfm.directions import Direction
    from musicrfm.model import MusicModel

log = logging.getLogger(__name__)

FORMAT = "musicrfm control log 1"
STOP = "/stop"  # no parameter: the player ended the set
MOST_BYTES = 2**30
SAMPLED = 4096  # values of each weight that tell it from another


class Change(NamedTuple):
    """One value that began to count. seconds: how long a glide there takes, None as usual."""

    address: str
    value: Value
    seconds: float | None
    source: str


@dataclass(frozen=True)
class Entry:
    """Changes that count from a frame on; time: seconds of audio before it."""

    frame: int
    time: float
    changes: tuple[Change, ...]


class ControlLog:
    """A control log that is being written, on a thread of its own so that no disk delays the music.

    Raises MusicRFMError if the file cannot be made.
    """

    def __init__(self, path: str | Path, header: Mapping[str, Any], rate: int) -> None:
        self.path = path_of(path)
        self._rate = rate
        try:
            self._file = self.path.open("w", encoding="utf-8")
        except OSError as error:
            raise MusicRFMError(f"cannot write {str(path)!r}: {error}") from None
        self._lines: queue.SimpleQueue[dict | None] = queue.SimpleQueue()
        self._lines.put({"format": FORMAT, **header})
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="control-log", daemon=True)
        self._thread.start()

    def write(self, frame: int, first: int, changes: Iterable[Change]) -> None:
        """Changes that count from frame number `frame` on, whose first sample is `first`."""
        for change in changes:
            line = {"frame": frame, "time": first / self._rate, "address": change.address}
            line |= {"value": change.value, "source": change.source}
            if change.seconds is not None:
                line["seconds"] = change.seconds
            self._lines.put(line)

    def close(self, samples: int | None = None) -> None:
        """Finish the file; `samples`: how long the set was. Safe to call twice."""
        if self._closed:
            return
        self._closed = True
        if samples is not None:
            self._lines.put({"end": samples})
        self._lines.put(None)
        self._thread.join()

    def _run(self) -> None:
        failed = False
        while (line := self._lines.get()) is not None:
            if failed:
                continue
            try:
                self._file.write(json.dumps(line, ensure_ascii=False) + "\n")
                self._file.flush()  # whatever happens later, this is told
            except OSError as error:
                failed = True
                log.error("the control log %s ended: %s", self.path, error)
        try:
            self._file.close()
        except OSError as error:
            if not failed:
                log.error("the control log %s ended: %s", self.path, error)


@dataclass(frozen=True)
class Recorded:
    """A control log that was read. samples: the length of the set, None if it broke off."""

    header: dict[str, Any]
    entries: tuple[Entry, ...]
    samples: int | None


def read_log(path: str | Path) -> Recorded:
    """A control log from its file; one whose last line broke off is read up to there.

    Raises MusicRFMError for a file that is missing or no control log.
    """
    try:
        lines = read_text(path, "control log", most=MOST_BYTES).text.splitlines()
    except MusicRFMError as error:
        raise MusicRFMError(f"cannot read {str(path)!r}: {error}") from None
    header = _line(lines[0]) if lines else None
    if header is None or header.get("format") != FORMAT:
        raise MusicRFMError(
            f"{str(path)!r} is no control log: give the .jsonl that "
            "`bridge play --record` wrote beside the sound"
        )
    entries: dict[int, Entry] = {}
    samples = None
    for number, text in enumerate(lines[1:], start=2):
        line = _line(text)
        if line is None and number == len(lines):
            break
        try:
            if "end" in line:
                samples = int(line["end"])
                continue
            frame, time = int(line["frame"]), float(line["time"])
            seconds = line.get("seconds")
            seconds = None if seconds is None else float(seconds)
            change = Change(str(line["address"]), line["value"], seconds, str(line["source"]))
            if not (math.isfinite(time) and isinstance(change.value, (int, float, str))):
                raise ValueError
        except (KeyError, TypeError, ValueError):
            raise MusicRFMError(f"{str(path)!r}, line {number}: this is no change") from None
        before = entries[frame].changes if frame in entries else ()
        entries[frame] = Entry(frame, time, (*before, change))
    return Recorded(header, tuple(entries[frame] for frame in sorted(entries)), samples)


def _line(text: str) -> dict | None:
    try:
        line = json.loads(text)
    except ValueError:
        return None
    return line if isinstance(line, dict) else None


def source_name(source: object) -> str:
    """Who made a change, in a word or two."""
    if isinstance(source, str):
        return source[:80]
    return type(source).__name__.lower()


def product_version() -> str:
    try:
        return version("musicrfm-bridge")
    except PackageNotFoundError:  # run from its folder without being installed
        return "unknown"


def model_fingerprint(model: MusicModel) -> str:
    """16 hexadecimal digits that tell these weights from others."""
    digest = hashlib.sha256()
    for name, weight in sorted(model.hf.state_dict().items()):
        flat = weight.detach().reshape(-1)
        some = flat[:: max(1, flat.numel() // SAMPLED)].cpu().double().numpy()
        digest.update(f"{name} {list(weight.shape)} {weight.dtype}".encode())
        digest.update(some.tobytes())
    return digest.hexdigest()[:16]


def direction_fingerprint(direction: Direction) -> str:
    """16 hexadecimal digits that tell this direction from others."""
    digest = hashlib.sha256(direction.vectors.numpy().tobytes())
    digest.update(direction.layer_scores.numpy().tobytes())
    digest.update(json.dumps(direction.meta, sort_keys=True, default=str).encode())
    return digest.hexdigest()[:16]


def build() -> dict[str, str]:
    """What else decides the last bit of a sum, beside the model."""
    return {
        "version": product_version(),
        "torch": torch.__version__,
        "numba": version("numba") if kernels() is not None else "none",
        "cpu": torch.backends.cpu.get_cpu_capability(),
    }
