"""The program in the Ableton guide, run unchanged between a bridge and a fake Live."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.controls.controls import Controls, namespace
from bridge.osc.packets import build
from bridge.osc.server import OscServer
from max_patches.build import HERE
from max_patches.panel import SHIPPED
from tests.max_patches.headless import PATIENCE, free_port, wait_for
from tests.osc import parse

GUIDE = (HERE.parent / "docs" / "ableton.md").read_text("utf-8")


class Live:
    """A fake AbletonOSC: receives on one port and answers to another."""

    def __init__(self, answers: int) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(PATIENCE)
        self.port = self.socket.getsockname()[1]
        self.answers = ("127.0.0.1", answers)

    def heard(self) -> tuple[str, tuple]:
        ((message,), _) = parse(self.socket.recv(65535))
        return message.address, message.arguments

    def say(self, address: str, *arguments: object) -> None:
        self.socket.sendto(build(address, *arguments), self.answers)


@pytest.fixture
def controls() -> Controls:
    return Controls(namespace(SHIPPED))


@pytest.fixture
def live(controls: Controls, tmp_path: Path) -> Iterator[Live]:
    (program,) = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)
    answers = free_port()
    live = Live(answers)
    bridge = OscServer("127.0.0.1", 0)
    bridge.start(controls)
    for port, other in ((11000, live.port), (11001, answers), (9000, bridge.port)):
        assert str(port) in program
        program = program.replace(str(port), str(other))
    (tmp_path / "macro.py").write_text(program, "utf-8")
    process = subprocess.Popen([sys.executable, str(tmp_path / "macro.py")])
    yield live
    process.kill()
    process.wait(5)
    bridge.close()
    live.socket.close()


def test_live_macro_and_bridge_control_follow_each_other(live: Live, controls: Controls) -> None:
    assert live.heard() == ("/live/device/start_listen/parameter/value", (0, 0, 1))
    live.say("/live/device/get/parameter/value", 0, 0, 2, 100.0)  # another macro
    live.say("/live/device/get/parameter/value", 0, 0, 1, 63.5)
    wait_for(lambda: controls.get("/steer/note_C") == pytest.approx(0.5), "note_C at 0.5")
    # The bridge reports the same value first: only the changed value moves the macro.
    live.say("/steer/note_C", 0.5)
    live.say("/steer/note_C", 1.0)
    address, arguments = live.heard()
    assert address == "/live/device/set/parameter/value"
    assert arguments == pytest.approx((0, 0, 1, 127.0))
