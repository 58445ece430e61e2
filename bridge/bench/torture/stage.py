"""A bridge that plays and records in a process of its own, and measurements of it from outside."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import numpy as np

from bridge.bench.torture import heard
from bridge.bench.torture.card import CARD_LOG, RATE
from bridge.bench.torture.controller import STALL
from bridge.osc.packets import build

PROMPT = "organ chords with drums"  # has no silences of its own
START_SECONDS = 600.0
ANSWER_SECONDS = 0.25  # an answer that takes longer is late
ASK_SECONDS = 0.1
END_SECONDS = 20.0
LISTENING = re.compile(r"OSC listening on 127\.0\.0\.1:(\d+)")
PAGE = re.compile(r"control page: (http://[^:]+:(\d+)/(?:\?token=(\S+))?)")


class NotPlaying(Exception):
    """The bridge did not begin to play; has its output."""


class Stage:
    """Runs `bridge play` with these arguments in a folder, and waits until it plays.

    port: for OSC; 0 for any free one. wrap: command in front of the bridge's, such as a shell.
    wait: if false, run the bridge itself, without places for faults, and do not wait. Raises
    NotPlaying if the bridge ends or does not play in time.
    """

    def __init__(
        self,
        folder: Path,
        arguments: Sequence[str],
        port: int = 0,
        wrap: Sequence[str] = (),
        env: dict[str, str] | None = None,
        wait: bool = True,
    ) -> None:
        self.folder = folder
        self.lines: list[tuple[float, str]] = []  # its output, with times (s, monotonic)
        self.said_bytes = 0
        self.reading = threading.Event()  # set while its output is read; else its pipe fills
        self.reading.set()
        self.port, self.page, self.token = port, 0, ""
        self.card_log = folder / "card"
        environment = {
            **os.environ,
            CARD_LOG: str(self.card_log),
            STALL: str(folder / "stall"),
            "PYTHONUNBUFFERED": "1",
            **(env or {}),
        }
        module = "bridge.tortured" if wait else "bridge"
        player = [sys.executable, "-m", module, "play", *arguments]
        player += ["--osc-port", str(port)]
        self.process = subprocess.Popen(
            [*wrap, *player],
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        try:
            if wait:
                self._wait_for_music()
        except BaseException:
            self.kill()
            raise

    def _wait_for_music(self) -> None:
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            if self.port and len(heard.read(self.card_log)["sounds"].nonzero()[0]):
                return
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        self._reader.join(2.0)
        raise NotPlaying(self.text())

    def _read(self) -> None:
        while data := self._next_line():
            self.reading.wait()
            line = data.decode("utf-8", "replace").rstrip("\n")
            self.said_bytes += len(data)
            self.lines.append((time.monotonic(), line))
            if found := LISTENING.search(line):
                self.port = int(found[1])
            if found := PAGE.search(line):
                self.page, self.token = int(found[2]), found[3] or ""

    def _next_line(self) -> bytes:
        with suppress(ValueError):  # the pipe was closed
            return piped(self.process.stdout).readline()
        return b""

    def text(self, since: float = 0.0) -> str:
        return "\n".join(line for at, line in list(self.lines) if at >= since)

    # ---- input ----

    def inject(self, place: str, act: str, **how: Any) -> None:
        """See `inject.arm`."""
        order = json.dumps({"place": place, "act": act, **how})
        orders = piped(self.process.stdin)
        orders.write(order.encode() + b"\n")
        orders.flush()

    def send(self, address: str, *arguments: Any) -> None:
        self.send_packet(build(address, *arguments))

    def send_packet(self, packet: bytes) -> None:
        with (
            suppress(OSError),
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client,
        ):
            client.sendto(packet, ("127.0.0.1", self.port))

    def send_signal(self, number: int) -> None:
        with suppress(ProcessLookupError):
            self.process.send_signal(number)

    def children(self, module: str) -> list[int]:
        """Process ids of its children that run a module; empty without /proc."""
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            with suppress(OSError, ValueError, IndexError):
                stat = (entry / "stat").read_text().rpartition(")")[2].split()
                command = (entry / "cmdline").read_bytes().split(b"\0")
                if int(stat[1]) == self.process.pid and module.encode() in command:
                    found.append(int(entry.name))
        return found

    def kill(self) -> None:
        """Kill all its processes at once."""
        self.reading.set()
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    # ---- measurements ----

    def answers(self, timeout: float = ANSWER_SECONDS) -> bool:
        """Whether it answers a `/ping` in time."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(timeout)
            with suppress(OSError):
                client.sendto(build("/ping"), ("127.0.0.1", self.port))
                return client.recv(1000).startswith(b"/pong")
        return False

    def gaps(self, since: float, until: float) -> tuple[float, float]:
        """(longest silence, end of the last one) in seconds, see `heard.Gaps.within`."""
        blocks = heard.read(self.card_log)
        blocks = blocks[blocks["time"] >= since - 10.0]
        return heard.gaps(blocks, until).within(since, until)

    def end(self, number: int = signal.SIGINT) -> tuple[int | None, float]:
        """Send a signal; returns (exit status, or None if it had to be killed; seconds it took)."""
        began = time.monotonic()
        self.send_signal(number)
        return self.wait(began)

    def wait(self, began: float, seconds: float = END_SECONDS) -> tuple[int | None, float]:
        status = None
        with suppress(subprocess.TimeoutExpired):
            status = self.process.wait(seconds)
        took = time.monotonic() - began
        self.kill()
        self._reader.join(2.0)
        return status, took

    def sounded(self) -> float:
        """Seconds of sound until now, silences not counted."""
        bits = np.unpackbits(heard.read(self.card_log)["sounds"].copy().view(np.uint8))
        return heard.MILLISECOND * int(bits.sum())

    def logged(self) -> float:
        """Seconds of the set according to its control log."""
        last = 0
        with suppress(OSError):
            for line in (self.folder / "set.jsonl").read_bytes()[-100_000:].splitlines():
                with suppress(ValueError, AttributeError):
                    entry = json.loads(line)
                    last = max(last, entry.get("end", 0), entry.get("at", 0))
        return last / RATE

    def lacking(self, since: float, until: float) -> float:
        """Seconds of this span of the set that the bridge reported as in no file."""
        found = 0.0
        for line in re.findall(r"the recording \S+ lacks ([^\n]*)", self.text()):
            for first, last in re.findall(r"([\d.]+) to ([\d.]+) s", line):
                found += max(0.0, min(float(last), until) - max(float(first), since))
        return found

    def recorded(self) -> float:
        """Seconds in all files of the recording."""
        return sum(map(sound_seconds, sorted(self.folder.glob("set*.flac"))))


class Watch:
    """Sends `/ping` to a bridge repeatedly during the `with` block, and notes late answers."""

    def __init__(self, stage: Stage) -> None:
        self._stage, self._over = stage, threading.Event()
        self.late: list[float] = []  # times at which an answer was late
        self.asked = 0

    def __enter__(self) -> Watch:
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(2.0)

    def _run(self) -> None:
        while not self._over.wait(ASK_SECONDS):
            self.asked += 1
            if not self._stage.answers():
                self.late.append(time.monotonic())


def sound_seconds(path: Path) -> float:
    """The readable length of a sound file, in seconds."""
    import soundfile

    read, rate = 0, 1
    with suppress(OSError, RuntimeError), soundfile.SoundFile(path) as file:
        rate = file.samplerate
        while len(block := file.read(1 << 16)):
            read += len(block)
    return read / rate


def piped(stream: IO[bytes] | None) -> IO[bytes]:
    """The pipe of a process; it must have been started with one."""
    assert stream is not None, "it was started with pipes"
    return stream
