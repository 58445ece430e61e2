"""Fakes with a sound that is known to the sample."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from bridge.controls import parameters
from musicrfm.errors import MusicRFMError

RATE, FRAME = 32000, 640


def attributes(place: str) -> dict[str, object]:
    """Names and defaults of the parameters that apply to the "stream" or its "steering"."""
    return {
        name: bool(parameter.default) if parameter.switch else parameter.default
        for parameter in parameters.FIXED
        for owner, _, name in [parameter.applies.partition(".")]
        if owner == place
    }


class ToneSteering:
    """Records every change with its frame."""

    def __init__(self, stream: ToneStream) -> None:
        vars(self).update(attributes("steering"))
        self.values: dict[str, float] = {}
        self.moves: list[tuple[int, str, float]] = []  # frame, direction, coefficient
        self.calls: list[tuple[int, str, str, object]] = []  # frame, direction, what, value
        self._stream = stream

    def set(self, name: str, coefficient: float) -> None:
        self.values[name] = coefficient
        self.moves.append((self._stream.frame, name, coefficient))

    def set_inject(self, name: str, probability: float) -> None:
        self.calls.append((self._stream.frame, name, "inject", probability))

    def set_inject_per(self, name: str, unit: str) -> None:
        self.calls.append((self._stream.frame, name, "inject_per", unit))

    def set_component(self, name: str, component: str) -> None:
        self.calls.append((self._stream.frame, name, "component", component))

    def set_layers(self, name: str, layers: str) -> None:
        if layers == "unusable":
            raise MusicRFMError(f"layers {layers!r} mean nothing")
        self.calls.append((self._stream.frame, name, "layers", layers))

    def set_schedule(self, name: str, schedule: str) -> None:
        self.calls.append((self._stream.frame, name, "schedule", schedule))


class ToneStream:
    """An endless sine tone: 220 Hz, an octave higher for each unit of `note_C`.

    `broken` frames raise instead; `slow` is called before each frame.
    """

    delay_frames, codec_lookahead_frames = 3, 4

    def __init__(self, channels: int = 1, level: float = 0.5) -> None:
        self.model = SimpleNamespace(
            name="tone",
            sample_rate=RATE,
            frame_rate=RATE // FRAME,
            frame_size=FRAME,
            channels=channels,
        )
        self.prompt = ""
        vars(self).update(attributes("stream"))
        self.steering = ToneSteering(self)
        self.frame = 0
        self.level = level
        self.seed = 0
        self.restarts = 0
        self.blends: list[tuple[int, dict[str, float]]] = []  # frame, prompts and their weights
        self.broken: set[int] = set()
        self.slow = lambda: None
        self._phase = 0.0

    @property
    def state(self) -> dict:
        own = ("prompt", "guidance_scale", "temperature", "top_k", "frame", "seed", "_phase")
        return {name: getattr(self, name) for name in own} | {"values": dict(self.steering.values)}

    @state.setter
    def state(self, state: dict) -> None:
        self.__dict__.update({k: v for k, v in state.items() if k != "values"})
        self.steering.values = dict(state["values"])

    def reaches(self, state: dict) -> bool:
        return state["seed"] == self.seed

    def set_prompt(self, text: str) -> None:
        if "unencodable" in text:
            raise MusicRFMError("this prompt cannot be encoded")
        self.prompt = text

    def encoded(self, text: str) -> None:
        if "unencodable" in text:
            raise MusicRFMError("this prompt cannot be encoded")

    def set_prompts(self, weights: dict[str, float]) -> None:
        self.blends.append((self.frame, dict(weights)))
        self.prompt = " + ".join(weights)

    def restart(self, seed: int | None = None) -> None:
        self.seed = self.seed if seed is None else seed
        self.restarts += 1

    def __next__(self) -> np.ndarray:
        self.slow()
        self.frame += 1
        if self.frame in self.broken:
            raise RuntimeError("this frame cannot be made")
        frequency = 220.0 * 2.0 ** self.steering.values.get("note_C", 0.0)
        phase = self._phase + 2 * np.pi * frequency / RATE * np.arange(1, FRAME + 1)
        self._phase = phase[-1] % (2 * np.pi)
        tone = (self.level * np.sin(phase)).astype(np.float32)
        return np.repeat(tone[:, None], self.model.channels, axis=1)


class Collector:
    """An output in memory that settles every block at once, so the engine runs at full speed.

    `hooks` maps a number of written blocks to a function to call then.
    """

    description = "memory"
    latency = ring = lead = 0.0
    underruns = late = xruns = lost_times = 0

    def __init__(self) -> None:
        self.blocks: list[np.ndarray] = []
        self.hooks: dict[int, object] = {}
        self.closed = False
        self.end = 0

    def write(self, at: int, audio: np.ndarray) -> None:
        assert at == self.end
        self.end += len(audio)
        self.blocks.append(audio)
        hook = self.hooks.pop(len(self.blocks), None)
        if hook is not None:
            hook()

    def position(self) -> int:
        return self.end

    def close(self) -> None:
        self.closed = True

    @property
    def audio(self) -> np.ndarray:
        return np.concatenate(self.blocks)


class Tape(Collector):
    """An output whose clock the test moves: `settled` is the first sample that can be replaced."""

    def __init__(self, channels: int = 1) -> None:
        super().__init__()
        self.settled = 0
        self.sound = np.zeros((0, channels), np.float32)
        self.writes: list[int] = []
        self.cut = 0  # writes whose beginning was settled already: a busy computer, and a jump

    def write(self, at: int, audio: np.ndarray) -> None:
        assert at <= len(self.sound)
        self.cut += at < self.settled
        at, audio = max(at, self.settled), audio[max(0, self.settled - at) :]  # late is too late
        self.sound = np.concatenate([self.sound[:at], audio, self.sound[at + len(audio) :]])
        self.writes.append(at)

    def position(self) -> int:
        return self.settled

    @property
    def audio(self) -> np.ndarray:
        return self.sound


def largest_step(audio: np.ndarray) -> float:
    """The largest jump from one sample to the next, where a click would show."""
    return float(np.abs(np.diff(audio, axis=0)).max())


def pitch(audio: np.ndarray, rate: int) -> float:
    """The frequency of a clean tone in Hz, from its spectrum's highest peak."""
    mono = audio if audio.ndim == 1 else audio.mean(axis=1)
    spectrum = np.abs(np.fft.rfft(mono * np.hanning(len(mono)), 4 * len(mono)))
    return float(np.argmax(spectrum) * rate / (4 * len(mono)))
