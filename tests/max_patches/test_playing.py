"""The Pure Data patch against `bridge play` in a separate process, on a small model."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from bridge.osc.packets import build
from max_patches.build import HERE
from musicrfm.directions import Direction
from musicrfm.model import MusicModel
from tests.max_patches.headless import running_patch, wait_for
from tests.osc import parse

ROOT = HERE.parent


@pytest.fixture
def playing(checkpoint: Path, model: MusicModel, tmp_path: Path) -> Iterator[subprocess.Popen]:
    """`bridge play` with a direction note_C, writing its statistics to stats.json."""
    vectors = torch.randn(model.layers, 1, model.width, generator=torch.Generator().manual_seed(0))
    direction = Direction("note_C", vectors, torch.ones(model.layers), {"model": model.name})
    command = [sys.executable, "-m", "bridge", "play", "strings", "--model", str(checkpoint)]
    command += ["--steer", f"{direction.save(tmp_path / 'note_C.safetensors')}=0"]
    command += ["--output", "none", "--osc-port", "0", "--stats", str(tmp_path / "stats.json")]
    process = subprocess.Popen(
        command,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    yield process
    if process.poll() is None:
        process.kill()
    process.communicate()


def osc_port(process: subprocess.Popen) -> int:
    said = []
    for line in process.stdout:
        said.append(line)
        if match := re.fullmatch(r"OSC listening on 127\.0\.0\.1:(\d+)\n", line):
            return int(match.group(1))
    raise AssertionError(f"the bridge ended early:\n{''.join(said)}")


def asked(port: int, address: str) -> object:
    """The value of a control as the bridge answers it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(5)
        client.sendto(build("/get", address), ("127.0.0.1", port))
        ((message,), _) = parse(client.recv(65535))
        assert message.address == address
        return message.arguments[0]


@pytest.mark.slow
@pytest.mark.needs("pd", "posix")
def test_pd_slider_and_prompt_steer_a_playing_bridge(
    playing: subprocess.Popen, tmp_path: Path
) -> None:
    port = osc_port(playing)
    with running_patch(port, ["/status", "/steer/note_C", "/prompt"], tmp_path) as pd:
        wait_for(lambda: pd.said("/status", "symbol connected"), "the bridge answers")
        wait_for(lambda: pd.said("/steer/note_C", "set 0"), "the slider where the bridge stands")
        pd.move("/steer/note_C", "0.75")
        wait_for(lambda: asked(port, "/steer/note_C") == 0.75, "note_C at 0.75")
        pd.move("/prompt/words", "list slow strings")
        wait_for(lambda: asked(port, "/prompt") == "slow strings", "the new prompt")
    playing.send_signal(signal.SIGINT)
    rest, _ = playing.communicate(timeout=30)
    assert playing.returncode == 0, rest
    stats = json.loads((tmp_path / "stats.json").read_text("utf-8"))
    assert stats["control_changes_received"] >= 2
    assert stats["control_changes_applied"] >= 2
