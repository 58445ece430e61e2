"""Jobs that worker processes can import: they say in a file when they begin and end."""

from __future__ import annotations

import os
import time
import zlib
from pathlib import Path

import numpy as np

from musicrfm.data.clips import peak_normalised
from musicrfm.errors import MusicRFMError


def square(log: Path, seconds: float, number: int) -> dict[str, np.ndarray]:
    """Takes `seconds`, and leaves one line in `log` at its beginning and one at its end."""
    note(log, f"begin {number} {os.getpid()}")
    time.sleep(seconds)
    note(log, f"end {number} {os.getpid()}")
    return {
        "square": np.array(number**2),
        "threads": np.array(os.environ.get("OMP_NUM_THREADS", "")),
    }


def die_once(log: Path, seconds: float, number: int) -> dict[str, np.ndarray]:
    """As `square`, but the first worker that gets number 2 is gone without a word."""
    mark = log.with_name("died")
    if number == 2 and not mark.exists():
        mark.touch()
        os._exit(1)
    return square(log, seconds, number)


def die(log: Path, seconds: float, number: int) -> dict[str, np.ndarray]:
    os._exit(1)


def refuse(log: Path, seconds: float, number: int) -> dict[str, np.ndarray]:
    if number == 1:
        raise MusicRFMError("number 1 cannot be done")
    return square(log, seconds, number)


def noise(seconds: float, row: dict) -> tuple[np.ndarray, int] | None:
    """A clip of a set: noise of its own for each row."""
    if row["silent"]:
        return None
    rng = np.random.default_rng(row["number"])
    return (0.2 * rng.normal(size=int(seconds * 32_000))).astype(np.float32), 32_000


def note(log: Path, line: str) -> None:
    with log.open("a") as file:
        file.write(f"{line}\n")


def lines(log: Path, word: str) -> list[tuple[int, int]]:
    """(number, process) of every line that begins with `word`."""
    split = [line.split() for line in log.read_text().splitlines()]
    return [(int(number), int(process)) for first, number, process in split if first == word]


def tone(seconds: float, row: dict, rate: int = 32_000) -> tuple[np.ndarray, int]:
    """A clip of a set: a tone of the row's pitch in Hz with overtones and a little noise."""
    rng = np.random.default_rng(row["number"])
    t = np.arange(int(seconds * rate)) / rate
    sound = sum(np.sin(2 * np.pi * k * row["pitch"] * t) / k for k in (1, 2, 3))
    return peak_normalised(sound + 0.05 * rng.normal(size=len(t))), rate


def hashed_noise(seconds: float, row: dict) -> tuple[np.ndarray, int]:
    """A clip of any set: noise that its labels decide."""
    rng = np.random.default_rng(zlib.crc32(repr(sorted(row.items())).encode()))
    return peak_normalised(rng.normal(size=int(seconds * 32_000))), 32_000
