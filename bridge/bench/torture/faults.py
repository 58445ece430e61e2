"""The faults of `bridge bench torture`, by name, with the limits that the bridge must keep."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice

from bridge.bench.torture import attacks, inject
from bridge.bench.torture.stage import Stage
from bridge.osc.packets import build
from bridge.process.memory import handles

CARD, MIDI = "bridge.bench.torture.card", "bridge.bench.torture.controller"


@dataclass(frozen=True)
class Fault:
    """One fault in a playing bridge.

    do: causes it, and returns when it is over. says: pattern for the message that the bridge must
    print; "" for none. gap: seconds of silence allowed. after: seconds to observe afterwards,
    because an effect is heard one buffer later. before: seconds to wait first. soak: whether the
    soak test includes it.
    """

    name: str
    do: Callable[[Stage, random.Random], None]
    says: str = ""
    gap: float = 0.0
    after: float = 2.2
    before: float = 0.0
    soak: bool = True


def _inject(place: str, act: str, lasts: float = 0.0, **how: object):
    def do(stage: Stage, draw: random.Random) -> None:
        stage.inject(place, act, **how)
        time.sleep(lasts)

    return do


PARTS = [name for name in inject.PLACES if name not in ("step", "logits", "disk", "restart")]
PROCESSES = ("card process", "MIDI process")


def _each_part(seconds: float | None):
    """An exception in one part of the bridge after the other, once or for some seconds."""

    def do(stage: Stage, draw: random.Random) -> None:
        for place in PARTS:
            if place in PROCESSES:
                continue
            if seconds is None:
                stage.inject(place, "raise", times=1)
            else:
                stage.inject(place, "raise", seconds=seconds)
            time.sleep(seconds or 0.15)

    return do


def _kill(module: str, number: int = signal.SIGKILL):
    def do(stage: Stage, draw: random.Random) -> None:
        for child in stage.children(module):
            os.kill(child, number)

    return do


def _kill_without_spare(module: str, place: str, error: str):
    """Kill a child process, and make the first attempt to start another fail."""

    def do(stage: Stage, draw: random.Random) -> None:
        stage.inject(place, "raise", error=error, times=1)
        time.sleep(0.2)
        _kill(module)(stage, draw)

    return do


def _frozen_terminal(stage: Stage, draw: random.Random) -> None:
    """Stop reading the bridge's output, and cause many messages."""
    stage.reading.clear()
    try:
        for number in range(60):
            stage.send(f"/nonsense/{number}/{'x' * 300}", 1.0)
            stage.send("/gain", -1.0)
            time.sleep(0.08)
    finally:
        stage.reading.set()


def _udp(packets: Callable, a_second: float, seconds: float = 3.0):
    def do(stage: Stage, draw: random.Random) -> None:
        attacks.udp(stage, packets(stage, draw), a_second, seconds)

    return do


def _idle(count: int, seconds: float):
    def do(stage: Stage, draw: random.Random) -> None:
        with attacks.idle([stage.page, stage.port], count):
            time.sleep(seconds)

    return do


def _no_handles(stage: Stage, draw: random.Random) -> None:
    """Allow no new file, connection or process for some seconds."""
    import resource

    pid = stage.process.pid
    soft, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (handles(pid) + 1, hard))
    try:
        held = attacks.connect(stage.page, 8) + attacks.connect(stage.port, 8)
        stage.send("/preset/store", "torture")
        time.sleep(3.0)
        attacks.let_go(held)
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (soft, hard))


def _file_limit(stage: Stage, draw: random.Random) -> None:
    """Limit the size of files to slightly more than that of the recording."""
    import resource

    pid, files = stage.process.pid, list(stage.folder.glob("set*.flac"))
    before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    largest = max(file.stat().st_size for file in files) + 50_000
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (largest, before[1]))
    try:
        time.sleep(4.0)
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, before)


def _tokens(stage: Stage, draw: random.Random) -> None:
    attacks.wrong_tokens(stage, 5)


def _pages(stage: Stage, draw: random.Random) -> None:
    """Pages that send invalid messages, messages that are too long, and unknown addresses."""
    nowhere = json.dumps({"set": {f"/nothing/{number}": 1 for number in range(1000)}})
    said = [nowhere, "[" * 50_000, "null", '{"set": {"/gain": NaN}}', "{}", nowhere]
    attacks.page(stage, said, read=1.0)
    attacks.page(stage, ["x" * 100_000], read=0.5)


def _many_pages(stage: Stage, draw: random.Random) -> None:
    for _ in range(20):
        attacks.page(stage, ['{"set": {"/gain": -1}}'], read=0.05)


def _stall(stage: Stage, draw: random.Random) -> None:
    (stage.folder / "stall").touch()
    time.sleep(1.0)


def _odd_rig(stage: Stage, draw: random.Random) -> None:
    """Make the rig file invalid while it is watched, then restore it."""
    rig = stage.folder / "rig.toml"
    kept = rig.read_bytes()
    rig.write_bytes(b"[engine]\nlookahead = 1e999\nseed = " + b"9" * 5000 + b"\n\xff[[midi]\n")
    time.sleep(2.5)
    rig.write_bytes(kept)


def _extremes(stage: Stage, draw: random.Random) -> None:
    """Set every control to its limits, and all notes at once."""
    values = (-1e30, -2.0, 0.0, 2.0, 1e30)
    packets = [
        build("/" + address, value)
        for address in ("steer/*", "guidance", "temperature", "top_k", "steer/*/inject")
        for value in values
    ]
    with contextlib.suppress(OSError):
        for packet in islice(packets * 40, 1000):
            stage.send_packet(packet)
            time.sleep(0.002)
    for address, value in (("steer/*", 0.0), ("steer/*/inject", 1.0), ("guidance", 2.5)):
        stage.send("/" + address, value)
    stage.send("/temperature", 1.2)
    stage.send("/top_k", 250)


NEW_CARD = 3.0  # seconds in which a process that ended is replaced

# By kind. The last cause many errors, of which the log shows only some per minute.
GROUPS: dict[str, tuple[Fault, ...]] = {
    "errors and hangs in the step that makes the music": (
        Fault("a step that raises", _inject("step", "raise", times=1), "and starts again", 0.1),
        *(
            Fault(f"{error} in a step", _inject("step", "raise", error=error, times=1), "", 0.1)
            for error in ("MemoryError", "SystemExit", "KeyboardInterrupt", "StopIteration")
        ),
        Fault(
            "a step that always raises, 1 s", _inject("step", "raise", 1.0, seconds=1.0), "", 1.3
        ),
        Fault("a step that takes 1 s", _inject("step", "hang", 1.0, times=1, most=1.0)),
        Fault(
            "a step that hangs, 4 s",
            _inject("step", "hang", 4.0, times=1, most=4.0),
            "the music hangs",
            3.2,
        ),
    ),
    "invalid audio blocks": (
        Fault("a block that is not a number", _inject("step", "nan", times=1), "repaired", 0.1),
        Fault("a block of the wrong shape", _inject("step", "turned", times=1), "", 0.1),
        Fault("an empty block", _inject("step", "empty", times=1), "", 0.1),
        Fault("a missing block", _inject("step", "nothing", times=1), "", 0.1),
        Fault("a block far too loud", _inject("step", "loud", times=1), "", 0.1),
        Fault(
            "NaN logits, once",
            _inject("logits", "nothing", times=1),
            "logits are not finite",
        ),
        Fault(
            "NaN logits, 2 s",
            _inject("logits", "nothing", 2.0, seconds=2.0),
            "",
            0.1,
        ),
    ),
    "a full, slow or failing disk": (
        Fault(
            "a full disk, 4 s",
            _inject("disk", "raise", 4.0, error="ENOSPC", seconds=4.0),
            "No space left on device",
        ),
        Fault(
            "a disk that stalls, 6 s",
            _inject("disk", "hang", 6.0, seconds=0.5, most=6.0),
            "waits for the disk",
            after=3.0,
        ),
        Fault(
            "a disk that fails once",
            _inject("disk", "raise", 1.0, error="EIO", times=1),
            "Input/output error",
        ),
        Fault("a limit on file sizes", _file_limit, "continues in"),
    ),
    "killed and stopped audio and MIDI processes": (
        Fault("the audio process killed", _kill(CARD), "audio output is gone", NEW_CARD, after=5.0),
        Fault("the MIDI process killed", _kill(MIDI), after=3.0),
        Fault(
            "the MIDI process killed, no handle for another",
            _kill_without_spare(MIDI, "MIDI process", "EMFILE"),
            "MIDI controller's process failed",
            after=3.0,
        ),
        Fault(
            "the MIDI process stopped",
            _kill(MIDI, signal.SIGSTOP),
            "does not answer; another takes its place",
            after=8.0,
        ),
        Fault("a MIDI clock that stalls for 0.3 s", _stall),
        Fault(
            "the audio process stopped",
            _kill(CARD, signal.SIGSTOP),
            "audio output is gone",
            3.5 + NEW_CARD,
            after=8.0,
            before=5.0,
        ),
        Fault(
            "the audio process killed, no memory for another",
            _kill_without_spare(CARD, "card process", "ENOMEM"),
            "Cannot allocate memory",
            1.0 + NEW_CARD,
            after=6.0,
            before=10.0,
        ),
    ),
    "idle connections, wrong tokens, invalid pages": (
        Fault("wrong tokens", _tokens, "wrong token"),
        Fault("600 idle connections, 4 s", _idle(300, 4.0)),
        Fault("pages that say nonsense", _pages),
        Fault("20 pages, one after the other", _many_pages),
        Fault("no file handles left, 3 s", _no_handles, "Too many open files"),
    ),
    "floods of OSC messages, malformed packets": (
        Fault(
            "unknown addresses, 20,000/s",
            _udp(lambda stage, draw: attacks.unknown(), 20_000),
            "unknown address",
        ),
        Fault(
            "garbage by OSC, 2,000/s",
            _udp(lambda stage, draw: attacks.garbage(draw), 2000),
        ),
        Fault("knobs, 20,000/s", _udp(lambda stage, draw: attacks.known(draw), 20_000)),
        Fault("patterns of 60 kB, 20/s", _udp(lambda stage, draw: attacks.patterns(), 20)),
        Fault("packets of 4,000 /list, 5/s", _udp(lambda stage, draw: attacks.lists(), 5)),
        Fault(
            "subscriptions to itself and to nobody",
            _udp(lambda stage, draw: attacks.subscriptions(stage), 1000),
        ),
        Fault(
            "150 presets stored at once",
            _udp(lambda stage, draw: attacks.presets(draw), 75, 2.0),
            after=3.0,
        ),
        Fault("every control at its extremes", _extremes),
    ),
    "an invalid rig file, a frozen terminal": (
        Fault("a rig file that becomes nonsense", _odd_rig, "rig"),
        Fault("a frozen terminal, 5 s", _frozen_terminal),
    ),
    "exceptions in all other parts": (
        Fault("an exception in each part of a turn, once", _each_part(None), "torture", 0.15),
        Fault("an exception in each part of a turn, always, 1 s", _each_part(1.0), "", 1.5),
        Fault(
            "an exception in every thread, once",
            _inject("threads", "raise", 1.0),
            "RuntimeError",
            NEW_CARD,
            after=4.0,
            soak=False,
        ),
    ),
}
FAULTS = tuple(fault for group in GROUPS.values() for fault in group)
