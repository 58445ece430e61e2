"""Runs the Pure Data patch without a window, moves its controls and reads what they print.

A second patch is loaded beside it: it passes on what a UDP socket receives (`NAME MESSAGE;`), and
prints what arrives at the names the test watches.
"""

from __future__ import annotations

import re
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from max_patches.build import HERE
from max_patches.panel import HOST, PD_PORT, PORT

PATIENCE = 15.0  # seconds; machines under test are busy


@dataclass
class Pd:
    """A running Pd: `move` moves a control of the patch, `lines` holds the printed lines.

    meter_port: where the patch hears what a bridge sends to subscribers.
    """

    probe_port: int
    meter_port: int
    process: subprocess.Popen
    lines: list[str] = field(default_factory=list)

    def move(self, name: str, message: str) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
            out.sendto(f"musicrfm{name} {message};\n".encode(), (HOST, self.probe_port))

    def said(self, name: str, message: str) -> bool:
        return f"musicrfm{name}: {message}" in self.lines


def wait_for(condition: Callable[[], object], what: str) -> None:
    """Wait until `condition()` is true; fail with `what` if that takes too long."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, f"not within {PATIENCE:g} s: {what}"
        time.sleep(0.02)


@contextmanager
def running_patch(bridge_port: int, watched: list[str], folder: Path) -> Iterator[Pd]:
    """The committed patch, with free ports instead of the default ones."""
    patch = (HERE / "musicrfm.pd").read_text("utf-8")
    elsewhere = patch.replace(f"connect {HOST} {PORT}", f"connect {HOST} {bridge_port}")
    meter_port = free_port()
    elsewhere = re.sub(
        rf"(netreceive -u -b |msg \d+ \d+ ){PD_PORT};", rf"\g<1>{meter_port};", elsewhere
    )
    assert str(PD_PORT) not in elsewhere and f"connect {HOST} {PORT};" not in elsewhere
    (folder / "patch.pd").write_text(elsewhere, "utf-8")
    port = free_port()
    (folder / "probe.pd").write_text(probe(port, watched), "utf-8")
    command = ["pd", "-nogui", "-noaudio", "-nomidi", "-stderr", "-noprefs"]
    command += ["-open", str(folder / "patch.pd"), "-open", str(folder / "probe.pd")]
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    pd = Pd(port, meter_port, process)

    def read() -> None:
        for line in process.stderr:
            pd.lines.append(line.decode("utf-8", "replace").rstrip())

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    try:
        wait_for(lambda: "ready: bang" in pd.lines, "Pd loads both patches")
        yield pd
    finally:
        process.terminate()
        process.wait(5)
        reader.join(5)
        process.stderr.close()


def probe(port: int, watched: list[str]) -> str:
    lines = [
        "#N canvas 0 0 400 300 12;",
        f"#X obj 10 10 netreceive -u {port};",
        "#X obj 10 40 list split 1;",  # the message first, then the name
        "#X obj 10 70 t b a;",
        "#X obj 10 100 list append;",
        "#X obj 10 130 list trim;",
        "#X obj 10 160 send;",
        "#X obj 90 10 loadbang;",
        "#X obj 90 40 print ready;",
        "#X connect 0 0 1 0;",
        "#X connect 1 0 2 0;",
        "#X connect 1 1 3 1;",
        "#X connect 2 0 3 0;",
        "#X connect 2 1 5 1;",
        "#X connect 3 0 4 0;",
        "#X connect 4 0 5 0;",
        "#X connect 6 0 7 0;",
    ]
    for place, name in enumerate(watched):
        lines.append(f"#X obj 200 {40 * place} r musicrfm{name};")
        lines.append(f"#X obj 200 {40 * place + 20} print musicrfm{name};")
        lines.append(f"#X connect {8 + 2 * place} 0 {9 + 2 * place} 0;")
    return "\n".join(lines) + "\n"


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind((HOST, 0))
        return one.getsockname()[1]
