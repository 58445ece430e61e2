"""Latency from knob to ear: from sending an OSC packet to the first changed sample.

A set plays into the output; at random moments, a client sends a new value. The engine reports the
first sample that differs from the audio made before the change. With a recording of the output
(`capture`), the time of that sample is found by the surrounding music; otherwise, from the output's
report of when it goes to the device, plus the device's stated latency.
"""

from __future__ import annotations

import random
import socket
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass

import numpy as np
import torch

from bridge.audio.output import Output
from bridge.bench.capture import Capture
from bridge.bench.report import Options, Report, percentiles
from bridge.controls.controls import Controls, namespace
from bridge.destinations import open_output
from bridge.engine import Engine
from bridge.instrument import add_directions
from bridge.osc.packets import build
from bridge.osc.server import OscServer
from bridge.settings import Settings
from musicrfm.errors import MusicRFMError
from musicrfm.runtime.defaults import DEFAULT_PROMPT
from musicrfm.selfcheck import loaded
from musicrfm.stream import MusicStream

WARM = 2.0  # seconds until the buffer is full
PAUSE = (0.6, 1.2)  # seconds from one turn to the next, so that each is seen by itself
PATIENCE = 2.0
AFTERWARDS = 1.0
QUIET = (0.5, 1.0)  # injection of a direction that is not turned up: no difference, but all work


@dataclass(frozen=True)
class Turn:
    """sent: time of the packet, s. sample: the first changed one. delay: s until it was due at the
    output. buffered: s of music left to play meanwhile."""

    sent: float
    sample: int
    delay: float
    buffered: float


class Memory:
    """A recorder that keeps the set, as mono."""

    def __init__(self) -> None:
        self._blocks: list[np.ndarray] = []

    def write(self, audio: np.ndarray) -> None:
        self._blocks.append(audio.mean(axis=1))

    def close(self) -> None:
        pass

    @property
    def audio(self) -> np.ndarray:
        return np.concatenate(self._blocks)


def run(options: Options) -> Report:
    settings = Settings(
        start={},
        output=options.output,
        lookahead=options.lookahead,
        early=options.early,
        smoothing=0.0,
    )
    with ExitStack() as stack:
        model = loaded(options.model, options.device, options.dtype or "auto")
        if model.small:
            torch.set_num_threads(1)
        stream = MusicStream(model, DEFAULT_PROMPT, early=options.early)
        steers, _ = add_directions(stream, ())
        if len(steers) < 1 + (options.moves > 0):
            raise MusicRFMError(f"{model.name} has too few directions to turn: train more")
        address = min(steers, key=lambda a: "/note_" not in a)  # a note, if there is one
        start = {"/prompt": DEFAULT_PROMPT}
        controls = Controls(namespace(steers.values()), start)
        server = OscServer(port=0)
        stack.callback(server.close)
        output, recorders = open_output(settings, model)
        stack.callback(output.close)
        memory = Memory()
        engine = Engine(
            stream,
            controls,
            output,
            steers,
            recorders=[*recorders, memory],
            lookahead=options.lookahead,
            smoothing=0.0,
        )
        stack.callback(engine.join, 15.0)
        stack.callback(engine.stop)
        engine.start()
        server.start(controls)
        capture = None
        if options.capture is not None:
            capture = Capture(options.capture)
            stack.callback(capture.close)
        time.sleep(WARM)
        client = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        place = (server.host, server.port)
        quiet = f"{list(steers)[-1]}/inject"
        stack.callback(_keep_moving(options.moves, client, place, quiet))
        found = _turn(options, engine, client, place, address)
        told = f"{options.changes - len(found)} changes whose effect could not be identified"
        if capture is None:
            by, delays = "reported by the output", [turn.delay for turn in found]
        else:
            time.sleep(AFTERWARDS)  # until the last change is played and settled
            heard, music, rate = capture.finish(), memory.audio, model.sample_rate
            times = [heard.time_of(music, rate, t.sample, t.sent + t.delay) for t in found]
            by = "recording"
            delays = [at - turn.sent for at, turn in zip(times, found, strict=True) if at]
            told += f", {len(found) - len(delays)} not clear in the recording"
    return _report(options, model.name, output, by, delays, found, told)


def _report(
    options: Options,
    model: str,
    output: Output,
    by: str,
    delays: list[float],
    found: list[Turn],
    told: str,
) -> Report:
    if not delays:
        raise MusicRFMError(
            "no change was measured: check with `bridge doctor` that the model is fast enough to "
            "play here"
        )
    p50, p95, worst = percentiles([1000 * delay for delay in delays])
    sound = "early" if options.early else "exact"
    least = 1000 * min(turn.buffered for turn in found)
    rows = [[by, sound, options.moves, len(delays), p50, p95, worst, least]]
    columns = [
        "heard by",
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
        f"{1000 * output.latency:.0f} ms; {output.underruns} underruns, {told}.",
    ]
    data = {"delays": delays, "turns": [asdict(turn) for turn in found]}
    return Report(f"From knob to ear, {model}", columns, rows, words, data)


def _keep_moving(
    moves: float, client: socket.socket, place: tuple[str, int], address: str
) -> Callable[[], None]:
    """Move another control this many times per second until the returned function is called."""
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
) -> list[Turn]:
    draw, rate, found = random.Random(options.seed), engine.stream.model.sample_rate, []
    for number in range(options.changes):
        time.sleep(draw.uniform(*PAUSE))
        value = 0.0 if number % 2 else draw.uniform(0.5, 1.0)
        before, buffered = len(engine.takes.turns), engine.reserve
        position, sent = engine.output.position(), time.monotonic()
        client.sendto(build(address, value), place)
        while time.monotonic() - sent < PATIENCE:
            time.sleep(0.002)
            # It may be made from a later sample on at first, and then from an earlier one. Only
            # what can no longer be replaced is sure to sound.
            samples = [sample for _, sample in list(engine.takes.turns)[before:]]
            if samples and min(samples) < engine.output.position():
                break
        if samples:
            sample = min(samples)
            # Audio that is settled now is played after the time of ring and device.
            ahead = (sample - position) / rate
            delay = ahead + engine.output.ring + engine.output.latency
            found.append(Turn(sent, sample, delay, buffered))
    return found
