"""The fixtures of the live tests: a JACK server, something to play, and a bridge playing it."""

from __future__ import annotations

import pytest

from tests.live.stage import ROOT, Bridge, Instrument, Jack, made_up_instrument


@pytest.fixture
def jack():
    server = Jack()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def play(jack, instrument, tmp_path):
    """Start a bridge on the JACK server; more arguments of `bridge play` may be given."""
    started: list[Bridge] = []

    def start(*arguments: str) -> Bridge:
        bridge = Bridge(
            jack.env,
            tmp_path,
            "piano melody",
            "--model",
            instrument.model,
            "--seed",
            "1",
            *instrument.steer,
            *arguments,
        )
        started.append(bridge)
        return bridge

    yield start
    for bridge in started:
        bridge.kill()


@pytest.fixture(scope="session")
def instrument(tmp_path_factory) -> Instrument:
    """nano where its weights are; otherwise a random model with a direction made for it."""
    if (ROOT / "musicrfm" / "nano" / "weights" / "config.json").is_file():
        return Instrument("nano", [], True)
    return made_up_instrument(tmp_path_factory.mktemp("instrument"))
