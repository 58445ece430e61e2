"""Faults at the end or the start of a set; each is tried on a bridge of its own."""

from __future__ import annotations

import contextlib
import json
import shutil
import signal
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bridge.bench.torture.stage import Stage, piped

ENDED_SECONDS = 3.5  # a set must end within this time, whatever hangs
STALLED_SECONDS = 1.0  # from the beginning of a hang to the signal
KILLED_MISSING = 1.3  # seconds of audio that may be missing after `kill -9`
FULL = Path("/dev/full")


@dataclass(frozen=True)
class Ending:
    """One fault at the end of a set.

    do: causes it, and returns (exit status, seconds until the process had ended). statuses: the
    expected ones. says: pattern for the message that the bridge must print, "" for none. missing,
    within: limits, in seconds, of missing audio and of the time to end. prepare: writes files to
    the folder, and returns environment variables. wrap: command in front of the bridge's. plays:
    whether there should be music. unread: whether the bridge's output cannot be read, so that its
    port is chosen beforehand.
    """

    name: str
    do: Callable[[Stage], tuple[int | None, float]]
    statuses: tuple[int, ...] = (0,)
    says: str = ""
    missing: float = 0.05
    within: float = ENDED_SECONDS
    prepare: Callable[[Path], dict[str, str]] = lambda folder: {}
    wrap: Sequence[str] = ()
    plays: bool = True
    unread: bool = False


def _killed(stage: Stage) -> tuple[int | None, float]:
    began = time.monotonic()
    stage.kill()
    return stage.wait(began)


def _signalled(number: int, *fault: str, **how: Any) -> Callable[[Stage], tuple]:
    """Send a signal; with a fault, after it has hung for `STALLED_SECONDS`."""

    def do(stage: Stage) -> tuple[int | None, float]:
        if fault:
            stage.inject(*fault, **how)
            time.sleep(STALLED_SECONDS)
        return stage.end(number)

    return do


def _closed_output(stage: Stage) -> tuple[int | None, float]:
    """Close the reader of its output, as `head -1` does, and then cause many messages."""
    piped(stage.process.stdout).close()
    for number in range(20):
        stage.send(f"/nonsense/{number}", 1.0)
    time.sleep(2.0)
    return stage.end()


def _plain(stage: Stage) -> tuple[int | None, float]:
    for number in range(20):
        stage.send(f"/nonsense/{number}", 1.0)
    time.sleep(1.0)
    return stage.end()


def _soon(stage: Stage) -> tuple[int | None, float]:
    """Ctrl-C while it is still loading."""
    time.sleep(0.7)
    return stage.end()


def _odd_directions(folder: Path) -> dict[str, str]:
    """Malformed direction files, and a pipe among them."""
    import os

    place = folder / "directions" / "nano"
    place.mkdir(parents=True)
    deep = "[" * 100_000 + "]" * 100_000
    for name, meta in {
        "classes": {"classes": "5"},
        "curve": {"curve": "{}"},
        "deep": {"meta": deep, "range": deep},
        "range": {"range": "[0, 1e30]"},
        "nan": {"range": "[NaN, Infinity]"},
    }.items():
        _write_safetensors(place / f"{name}.safetensors", meta)
    (place / "short.safetensors").write_bytes(b"\xff" * 7)
    with contextlib.suppress(OSError, AttributeError):
        os.mkfifo(place / "pipe.safetensors")
    return {"MUSICRFM_DIRECTIONS": str(folder / "directions")}


def _write_safetensors(path: Path, meta: dict[str, str]) -> None:
    head = json.dumps({"__metadata__": meta}).encode()
    path.write_bytes(len(head).to_bytes(8, "little") + head)


def _damaged_cache(folder: Path) -> dict[str, str]:
    """A copy of numba's compiled code, with some files truncated."""
    import numba.core.caching as caching

    import bridge
    import musicrfm

    env = {"NUMBA_CACHE_DIR": str(folder / "numba")}
    for package in (bridge, musicrfm):
        for cached in Path(str(package.__file__)).parent.rglob("*.nb[ic]"):
            place = folder / "numba" / _place_of(caching, cached.parent.parent)
            place.mkdir(parents=True, exist_ok=True)
            copied = Path(shutil.copy2(cached, place))
            if ".play-" in copied.name:
                copied.write_bytes(copied.read_bytes()[: copied.stat().st_size // 2])
    return env


def _place_of(caching, source: Path) -> str:
    """The folder in NUMBA_CACHE_DIR for the compiled code of a source folder."""
    return caching._CacheLocator.get_suitable_cache_subpath(str(source / "module.py"))


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


ENDED = "faults at the end or the start of a set"
ENDINGS = (
    Ending("kill -9 while recording", _killed, (-9,), missing=KILLED_MISSING),
    Ending(
        "SIGTERM while a step hangs",
        _signalled(signal.SIGTERM, "step", "hang"),
        (1,),
        "a part of the bridge hung",
    ),
    Ending(
        "Ctrl-C while the disk stalls",
        _signalled(signal.SIGINT, "disk", "hang"),
        (1,),
        "lacks|a part of the bridge hung",
        missing=STALLED_SECONDS + ENDED_SECONDS,  # all that was played while the disk stalled
    ),
    Ending("output closed, as by `head -1`, then Ctrl-C", _closed_output, unread=True),
    Ending(
        "output on a full disk, then Ctrl-C",
        _plain,
        wrap=("sh", "-c", f'exec "$@" > {FULL} 2>&1', "sh"),
        unread=True,
    ),
    Ending(
        "damaged compiled code, then SIGTERM",
        _signalled(signal.SIGTERM),
        says="damaged and is compiled again",
        prepare=_damaged_cache,
    ),
    Ending(
        "odd direction files, then SIGHUP",
        _signalled(signal.SIGHUP),
        says="is skipped",
        prepare=_odd_directions,
    ),
    Ending("Ctrl-C while it is loading", _soon, (130, -signal.SIGINT), plays=False),
)
