"""A real JACK server, a bridge playing into it, and ways to listen to it and turn its knobs.

JACK's dummy driver needs no sound card. The bridge, the listener and the knob are processes of
their own, as on stage, so that ending the server under them cannot hang the tests.
"""

from __future__ import annotations

import json
import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch

from musicrfm.directions import Direction
from musicrfm.listening.measure import measure
from musicrfm.model import MusicModel
from musicrfm.theory import PITCH_CLASSES
from tests import needs
from tests.checkpoints import make_checkpoint

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
RATE = 48000


class Jack:
    """A JACK server of our own, by a name that no other server has.

    period: samples of a block. A server without realtime leaves out what is late for its block.
    """

    def __init__(self, rate: int = RATE, period: int = 256) -> None:
        self.rate, self.period = rate, period
        self.name = f"musicrfm-test-{os.getpid()}"
        self.env = {
            **os.environ,
            "JACK_DEFAULT_SERVER": self.name,
            "JACK_NO_START_SERVER": "1",
            "MIDO_BACKEND": "mido.backends.rtmidi/UNIX_JACK",
            "PYTHONPATH": str(ROOT),
            "PYTHONUNBUFFERED": "1",
        }

    def start(self) -> None:
        command = ["jackd", "--no-realtime", "-n", self.name]
        command += ["-d", "dummy", "-r", str(self.rate), "-p", str(self.period), "-P", "8"]
        self._process = subprocess.Popen(
            command, env=self.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        said: deque[str] = deque(maxlen=10)
        threading.Thread(target=said.extend, args=(self._process.stdout,), daemon=True).start()
        probe = "import sounddevice as s, sys; sys.exit(not len(s.query_devices()))"
        deadline = time.monotonic() + 30
        while self._python("-c", probe).returncode:
            if self._process.poll() is not None or time.monotonic() > deadline:
                self._process.kill()
                needs.lack(f"jackd does not start here: {' '.join(''.join(said).split())[-300:]}")
            time.sleep(0.2)

    def kill(self) -> None:
        """The way a sound card is pulled out: without a word."""
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """End it properly, as JACK remembers servers that were killed, and at most eight."""
        if self._process.poll() is not None:
            self.start()
        self._process.terminate()
        self._process.wait(10)

    def record(self, seconds: float, channels: int = 1) -> np.ndarray:
        """What the bridge puts out: float32 [samples], or [samples, channels] if several."""
        listener = (str(HERE / "listener.py"), str(seconds), str(channels))
        done = self._python(*listener, capture_output=True)
        if done.returncode:
            pytest.fail(f"could not listen to the bridge: {done.stderr.decode()[-500:]}")
        heard = np.frombuffer(done.stdout, np.float32)
        return heard if channels == 1 else heard.reshape(-1, channels)

    def freeze(self) -> None:
        """As it is while a computer sleeps."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def _python(self, *arguments: str, **options) -> subprocess.CompletedProcess:
        options = options or {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        return subprocess.run([sys.executable, *arguments], env=self.env, timeout=120, **options)


class Bridge:
    """`bridge play` in a process of its own."""

    def __init__(self, env: dict[str, str], folder: Path, *arguments: str) -> None:
        self.folder = folder
        self.output: list[str] = []
        command = [sys.executable, "-m", "bridge", "play", *arguments]
        command += ["--osc-port", "0", "--stats", "stats.json"]
        self.process = subprocess.Popen(
            command,
            env=env,
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.port = int(self.wait_for(r"^OSC listening on 127\.0\.0\.1:(\d+)$", 120).group(1))

    def wait_for(self, pattern: str, seconds: float = 30) -> re.Match:
        """The next line of its output that matches."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            try:
                line = self._lines.get(timeout=left)
            except queue.Empty:
                break
            if match := re.search(pattern, line):
                return match
            if not line:
                break
        pytest.fail(f"the bridge did not say {pattern!r}; it said:\n{''.join(self.output)}")

    def send(self, address: str, *arguments: str) -> None:
        """One message through `oscsend`: types first, as in ("/gain", "f", "-3")."""
        command = ["oscsend", "127.0.0.1", str(self.port), address, *arguments]
        subprocess.run(command, check=True)

    def freeze(self) -> None:
        """All its processes, as they are while a computer sleeps."""
        os.killpg(self.process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.killpg(self.process.pid, signal.SIGCONT)

    def end(self, seconds: float = 30) -> dict:
        """Ctrl-C; returns what it wrote to --stats."""
        self.process.send_signal(signal.SIGINT)
        self.process.wait(seconds)
        self._reader.join(5)
        assert self.process.returncode == 0, "".join(self.output)
        return json.loads((self.folder / "stats.json").read_text())

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self._reader.join(5)

    def _read(self) -> None:
        with self.process.stdout as stdout:
            for line in stdout:
                self.output.append(line)
                self._lines.put(line)
        self._lines.put("")  # the end


@dataclass
class Instrument:
    """Which model to play live, and a direction whose effect can be heard."""

    model: str
    steer: list[str]  # arguments that make /steer/note_C exist
    is_nano: bool

    def assert_turned(self, before: np.ndarray, after: np.ndarray) -> None:
        """That what was recorded after the knob was turned up sounds like it.

        With nano: C takes over, by the constant-Q measurement. With a made-up direction: the
        spectrum has moved by more than it ever moves by itself.
        """
        if self.is_nano:
            c = PITCH_CLASSES.index("C")
            shares = [measure(audio, RATE).note_share[c] for audio in (before, after)]
            assert shares[1] > 0.5 and shares[1] > shares[0] + 0.2, f"share of C: {shares}"
        else:
            quarters = [spectrum(part) for part in np.array_split(before, 4)]
            usual = max(distance(a, b) for a in quarters for b in quarters)
            moved = distance(spectrum(before), spectrum(after))
            assert moved > 2 * usual, f"moved {moved:.2f}, moves by itself {usual:.2f}"


def spectrum(audio: np.ndarray) -> np.ndarray:
    """Mean log power up to 6 kHz, in steps of 12 Hz."""
    frames = audio[: len(audio) // 4096 * 4096].reshape(-1, 4096) * np.hanning(4096)
    power = (np.abs(np.fft.rfft(frames)) ** 2).mean(axis=0)[4:512]
    return np.log10(power + 1e-9)


def distance(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.sqrt(np.mean((one - other) ** 2)))


def made_up_instrument(folder: Path) -> Instrument:
    """A small random model that is sure of its codes, and a direction towards one of each codebook.

    The random codec sounds around a large constant, which is taken out to leave the limiter alone.
    """
    model = MusicModel.load(make_checkpoint(folder / "tiny", window=512), device="cpu")
    decoder, codec = model.hf.decoder, model.hf.audio_encoder
    codes = torch.randint(codec.config.codebook_size, (model.codebooks, 100))
    with torch.no_grad():
        codec.decoder.layers[-1].conv.bias.sub_(float(model.decode_codes(codes).mean()))
        for head in decoder.lm_heads:
            head.weight.mul_(6.0)
    model.hf.save_pretrained(folder / "tiny")
    heads = torch.stack([head.weight for head in decoder.lm_heads]).detach().float()
    towards = heads[:, 0].sum(0)
    for _ in range(20):  # a state in which one code of each codebook is far likelier than the rest
        likeliest = (heads @ towards).argmax(1)
        towards = heads[torch.arange(len(heads)), likeliest].sum(0)
    vectors = torch.zeros(model.layers, 1, model.width)  # only the last layer is steered
    vectors[-1, 0] = towards / decoder.model.decoder.layer_norm.weight.detach().float()
    direction = Direction(
        "note_C", vectors, torch.ones(model.layers), {"model": model.name, "range": [-100, 100]}
    )
    path = direction.save(folder / "note_C.safetensors")
    return Instrument(str(folder / "tiny"), ["--steer", f"{path}=0"], False)
