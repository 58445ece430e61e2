"""From knob to ear: an OSC packet leaves, and later the first sample that it changed is heard.

A set plays into the output; at random moments a client sends a new value. The engine says which
sample was the first that differs from what it had made before the change, and the output when that
sample goes to the device; the device's own latency is as it reports it. Nothing is estimated from
settings, but what happens behind the device's driver is its word.
"""

from __future__ import annotations

import random
import socket
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack

import torch

from bridge.bench.report import Options, Report, percentiles
from bridge.controls import Controls, namespace
from bridge.engine import Engine
from bridge.osc import OscServer, build
from bridge.session import Settings, add_directions, is_small, open_output
from musicrfm.errors import MusicRFMError
from musicrfm.model import MusicModel
from musicrfm.stream import MusicStream

WARM = 2.0  # seconds until the buffer is full
PAUSE = (0.6, 1.2)  # seconds from one turn to the next, so that each is seen by itself
PATIENCE = 2.0
QUIET = (0.5, 1.0)  # injection of a direction that is not turned up: no difference, but all work


def run(options: Options) -> Report:
    settings = Settings(
        start={},
        output=options.output,
        lookahead=options.lookahead,
        early=options.early,
        smoothing=0.0,
    )
    with ExitStack() as stack:
        model = MusicModel.load(options.model, device=options.device, dtype=options.dtype)
        if is_small(model):
            torch.set_num_threads(1)
        stream = MusicStream(model, "calm piano melody with drums", early=options.early)
        steers, _ = add_directions(stream, ())
        if len(steers) < 1 + (options.moves > 0):
            raise MusicRFMError(f"{model.name} has too few directions to turn: train some")
        address = min(steers, key=lambda a: "/note_" not in a)  # a note, if there is one
        start = {"/prompt": "calm piano melody with drums"}
        controls = Controls(namespace(steers.values()), start)
        server = OscServer(port=0)
        stack.callback(server.close)
        output, recorders = open_output(settings, model)
        stack.callback(output.close)
        engine = Engine(
            stream,
            controls,
            output,
            steers,
            recorders=recorders,
            lookahead=options.lookahead,
            smoothing=0.0,
        )
        stack.callback(engine.join, 15.0)
        stack.callback(engine.stop)
        engine.start()
        server.start(controls)
        time.sleep(WARM)
        client = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        place = (server.host, server.port)
        quiet = f"{list(steers)[-1]}/inject"
        stack.callback(_keep_moving(options.moves, client, place, quiet))
        found = _turn(options, engine, client, place, address)
    if not found:
        raise MusicRFMError("no change was heard: is the model fast enough to play here?")
    buffered = [b for _, b in found]
    p50, p95, worst = percentiles([1000 * delay for delay, _ in found])
    sound = "early" if options.early else "exact"
    rows = [[sound, options.moves, len(found), p50, p95, worst, 1000 * min(buffered)]]
    columns = [
        "sound",
        "moves a second",
        "changes",
        "p50 ms",
        "p95 ms",
        "worst ms",
        "least buffer behind it, ms",
    ]
    words = [
        f"Output: {output.description}; ring {1000 * output.ring:.0f} ms, device "
        f"{1000 * output.latency:.0f} ms; {output.underruns} underruns, "
        f"{options.changes - len(found)} changes whose effect was not told apart.",
    ]
    return Report(
        f"From knob to ear, {model.name}", columns, rows, words, {"delays": [d for d, _ in found]}
    )


def _keep_moving(
    moves: float, client: socket.socket, place: tuple[str, int], address: str
) -> Callable[[], None]:
    """Moves another control so many times a second until what it returns is called."""
    over = threading.Event()

    def move() -> None:
        number = 0
        while not over.wait(1 / moves):
            client.sendto(build(address, QUIET[number % 2]), place)
            number += 1

    thread = threading.Thread(target=move, daemon=True)
    if moves > 0:
        thread.start()

    def stop() -> None:
        over.set()
        if moves > 0:
            thread.join()

    return stop


def _turn(
    options: Options, engine: Engine, client: socket.socket, place: tuple, address: str
) -> list[tuple[float, float]]:
    """(seconds until heard, seconds of music that were buffered) of each change."""
    draw, rate, found = random.Random(options.seed), engine.stream.model.sample_rate, []
    for number in range(options.changes):
        time.sleep(draw.uniform(*PAUSE))
        value = 0.0 if number % 2 else draw.uniform(0.5, 1.0)
        before, buffered = len(engine.turns), engine.reserve
        position, sent = engine.output.position(), time.monotonic()
        client.sendto(build(address, value), place)
        while len(engine.turns) == before and time.monotonic() - sent < PATIENCE:
            time.sleep(0.002)
        if len(engine.turns) > before:
            _, sample = engine.turns[before]
            # What is settled now is heard when ring and device have passed it on.
            ahead = (sample - position) / rate
            found.append((ahead + engine.output.ring + engine.output.latency, buffered))
    return found
