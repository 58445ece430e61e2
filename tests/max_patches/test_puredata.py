"""The Pure Data patch, run without a window, against the bridge's own OSC server and controls."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.controls.controls import Controls, namespace
from bridge.osc.packets import build
from bridge.osc.server import OscServer
from max_patches.panel import SHIPPED
from tests.max_patches.headless import Pd, running_patch, wait_for

WATCHED = ["/status", "/steer/note_C", "/steer/note_E", "/play", "/gain"]
WATCHED += ["/meter/level", "/meter/chroma"]

pytestmark = pytest.mark.needs("pd")


@pytest.fixture
def controls() -> Controls:
    return Controls(namespace(SHIPPED), {"/steer/note_E": 1.5, "/gain": -6.0})


@pytest.fixture
def server(controls: Controls) -> Iterator[OscServer]:
    server = OscServer("127.0.0.1", 0)
    server.start(controls)
    yield server
    server.close()


@pytest.fixture
def pd(server: OscServer, tmp_path: Path) -> Iterator[Pd]:
    with running_patch(server.port, WATCHED, tmp_path) as pd:
        wait_for(lambda: pd.said("/status", "symbol connected"), "the bridge's pong reaches Pd")
        yield pd


def test_a_slider_moves_the_bridges_control(pd: Pd, controls: Controls) -> None:
    pd.move("/steer/note_C", "0.5")
    wait_for(lambda: controls.get("/steer/note_C") == 0.5, "note_C at 0.5")
    pd.move("/steer/tempo", "-1")
    pd.move("/gain", "-12")
    wait_for(lambda: controls.get("/steer/tempo") == -1, "tempo at -1")
    wait_for(lambda: controls.get("/gain") == -12, "gain at -12 dB")


def test_play_is_sent_as_an_integer_and_the_prompt_as_one_string(
    pd: Pd, controls: Controls
) -> None:
    pd.move("/play", "0")
    wait_for(lambda: controls.get("/play") == 0, "play off")
    for words in ("warm 90 bpm piano", "strings", "low and slow \\, then quiet"):
        pd.move("/prompt/words", f"list {words}")
        text = words.replace(" \\,", " ,")
        wait_for(lambda text=text: controls.get("/prompt") == text, f"the prompt {text!r}")


def test_patch_shows_the_current_values_of_the_bridge(pd: Pd) -> None:
    wait_for(lambda: pd.said("/steer/note_E", "set 1.5"), "the slider of E at 1.5")
    wait_for(lambda: pd.said("/gain", "set -6"), "the gain slider at -6")
    wait_for(lambda: pd.said("/play", "set 1"), "the play toggle on")


def test_panic_sets_steering_to_zero_and_the_sliders_follow(pd: Pd, controls: Controls) -> None:
    wait_for(lambda: pd.said("/steer/note_E", "set 1.5"), "the slider of E at 1.5")
    pd.lines.clear()
    pd.move("/panic/out", "bang")
    wait_for(lambda: controls.get("/steer/note_E") == 0, "note_E off")
    wait_for(lambda: pd.said("/steer/note_E", "set 0"), "the slider of E back at 0")


def test_bridge_error_is_shown_in_the_status_line(pd: Pd) -> None:
    # A packet no control of the patch would send: OSC's /nowhere, as a list of bytes.
    packet = b"/nowhere\0\0\0\0,\0\0\0"
    pd.move("/packet", "list " + " ".join(map(str, packet)))
    told = "musicrfm/status: symbol unknown"
    wait_for(lambda: any(line.startswith(told) for line in pd.lines), "the error in the status")


def test_meter_values_reach_their_receivers(pd: Pd) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bridge:
        for address, values in (("/meter/level", [-12.5]), ("/meter/chroma", [0.5] * 12)):
            bridge.sendto(build(address, *values), ("127.0.0.1", pd.meter_port))
    wait_for(lambda: pd.said("/meter/level", "-12.5"), "the level")
    twelve = "0" + " 0.5" * 12  # the first index to write, then the values
    wait_for(lambda: pd.said("/meter/chroma", twelve), "the notes that are heard")


@pytest.mark.slow
def test_patch_without_a_bridge_says_to_start_bridge_play(tmp_path: Path) -> None:
    with running_patch(9, ["/status"], tmp_path) as pd:
        wait_for(lambda: any("start\\ bridge\\ play" in line for line in pd.lines), "the advice")


def test_pd_loads_the_patch_without_errors(pd: Pd) -> None:
    mine = ("ready: ", "musicrfm/")
    assert [line for line in pd.lines if line and not line.startswith(mine)] == []
