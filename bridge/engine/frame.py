"""Makes one frame of a set: applies the controls' values, returns audio at its levels.

An error in a value or a frame is reported, and the next frame is made.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bridge.audio.dsp import mended
from bridge.controls.controls import Controls
from bridge.engine.applier import Applied, Applier
from bridge.engine.levels import Levels
from bridge.process.threads import Guard
from bridge.recording.log import STOP, Change
from musicrfm.errors import MusicRFMError

if TYPE_CHECKING:
    from musicrfm.stream import MusicStream, StreamState

START_FADE = 0.05  # seconds; also for pause, resume and panic
STOP_FADE = 0.3
LOUDEST = 8.0  # 18 dB above full scale: louder blocks are faults


@dataclass(frozen=True)
class Moment:
    """Everything that determines the next frame. last: the final samples of the one before."""

    stream: StreamState
    controls: Applied
    levels: tuple[tuple[float, float, int], ...]
    samples: int
    frames: int
    ending: bool
    last: np.ndarray


@dataclass(frozen=True)
class Frame:
    """A frame of audio. first: number of its first sample. audio: float32 [samples, channels], the
    music. block: the same with the cue's channels. before: the state that determined it, if known.
    number: frames before it. changes: control changes that take effect with it."""

    first: int
    audio: np.ndarray
    block: np.ndarray
    before: Moment | None
    number: int
    changes: tuple[Change, ...]


class FrameMaker:
    """Makes the frames of one set, for the engine's thread.

    seconds: length of audio after which the music fades out. plan: (second of audio, address,
    value), set at that time. script: called before every frame with the number of frames before it;
    it may set controls for it. With `stopping` set, the music fades out and `ended` becomes true.
    """

    def __init__(
        self,
        stream: MusicStream,
        controls: Controls,
        applier: Applier,
        levels: Levels,
        guard: Guard,
        *,
        seconds: float | None = None,
        plan: Iterable[tuple[float, str, object]] = (),
        script: Callable[[int], None] | None = None,
    ) -> None:
        self.stream, self.controls = stream, controls
        self._applier, self.levels, self._guard = applier, levels, guard
        self.rate: int = stream.model.sample_rate
        self._channels: int = stream.model.channels
        self.frame_size: int = stream.model.frame_size
        self._total = None if seconds is None else round(seconds * self.rate)
        self._stop_fade = round(min(STOP_FADE, (seconds or 60.0) / 4) * self.rate)
        self._plan = sorted(plan, key=lambda entry: entry[0], reverse=True)
        self._script = script
        self.stopping = threading.Event()
        self.failure: BaseException | None = None  # of the script, which ends the set
        self.samples = 0
        self.frames = 0
        self.busy_seconds = 0.0  # spent generating
        self.made_seconds = 0.0  # audio generated
        self.frame_busy = 0.0  # seconds a frame takes to make, lately
        self.speed = 0.0  # audio seconds made per second of making, lately
        self.peak = 0.0  # of the latest frame
        self.unapplied = False  # the latest frame's values could not be applied
        self._ending = False  # whether the latest frame was to end the set
        self._changes: list[Change] = []  # that take effect with the current frame
        self._mended: set[str] = set()  # faults of the stream's blocks already reported
        self._last = np.zeros(self._channels * len(levels.gains), dtype=np.float32)

    @property
    def real_time_factor(self) -> float:
        """Seconds of audio per second of computation, since the start."""
        return self.made_seconds / self.busy_seconds if self.busy_seconds else 0.0

    @property
    def ended(self) -> bool:
        """Whether the whole set has been made."""
        if self._total is not None and self.samples >= self._total:
            return True
        return self.stopping.is_set() and self.levels.closed and self.samples > 0

    @property
    def outdated(self) -> bool:
        """Whether the latest frame used other values than the current ones."""
        return (self.stopping.is_set() and not self._ending) or self._applier.outdated

    @property
    def state(self) -> Moment:
        """Setting it returns to that frame."""
        return Moment(
            self.stream.state,
            self._applier.state,
            self.levels.state,
            self.samples,
            self.frames,
            self._ending,
            self._last,
        )

    @state.setter
    def state(self, moment: Moment) -> None:
        self.stream.state = moment.stream  # first, as it may fail
        self._applier.state = moment.controls
        self.levels.state = moment.levels
        self.samples, self.frames = moment.samples, moment.frames
        self._ending, self._last = moment.ending, moment.last

    def make(self) -> Frame:
        """The next frame."""
        safely = self._guard
        if self._plan:
            safely("a crossfade or schedule of the rig failed", self._follow_plan)
        if self._script is not None:
            self._follow_script(self._script)
        before = safely("the music cannot return to an earlier frame", lambda: self.state)
        self._changes = []
        followed = safely(
            "control changes could not be applied", self._applier.follow, self._changes
        )
        self.unapplied = not followed
        safely("a fade failed", self._move_curtain)
        block = self._sound()
        if self._total is not None:
            block = block[: self._total - self.samples]
        self._last = block[-1].copy()
        music = np.ascontiguousarray(block[:, : self._channels])  # without the cue
        self.peak = float(np.abs(music).max())
        frame = Frame(self.samples, music, block, before, self.frames, tuple(self._changes))
        self.samples += len(block)
        self.frames += 1
        return frame

    def _sound(self) -> np.ndarray:
        """A block at its levels, or silence in its place."""
        curtain = self.levels.curtain
        audio = self._generate() if curtain.moving or curtain.value else None
        if audio is not None:
            audio = self._guard("gain and limiter failed on a frame", self.levels.apply, audio)
            if audio is None:
                curtain.jump(0.0)  # it fades in again
        return self._silence() if audio is None else audio

    def _generate(self) -> np.ndarray | None:
        """The next chunk of music, finite and writable, or None after an error."""
        began = time.perf_counter()
        try:
            audio, wrong = mended(next(self.stream), self._channels, LOUDEST)
        except BaseException as error:
            self._guard.fault("the music stopped with an error and starts again", error)
            self._restart_stream()
            self.levels.curtain.jump(0.0)
            return None
        self._count(time.perf_counter() - began, len(audio) / self.rate)
        if not len(audio):
            wrong = wrong or {"is empty"}
            self.levels.curtain.jump(0.0)  # it fades in again
        for what in wrong - self._mended:  # once per set
            self._mended.add(what)
            self.controls.report(
                f"a block of the music {what}; this one and later ones are repaired"
            )
        return audio if len(audio) else None

    def _count(self, busy: float, made: float) -> None:
        """Account for this computing time and length of audio."""
        fills_pattern = not self.made_seconds  # several frames' work for one
        self.busy_seconds += busy
        self.made_seconds += made
        self.frame_busy += (busy - self.frame_busy) * (0.1 if self.frame_busy else 1.0)
        if busy > 0.0 and not fills_pattern:  # over the last second or so
            self.speed += (made / busy - self.speed) * (0.02 if self.speed else 1.0)

    def _silence(self) -> np.ndarray:
        """A silent frame that starts at the last frame's final sample, so that it cannot click."""
        audio = np.zeros((self.frame_size, len(self._last)), dtype=np.float32)
        if self._last.any():
            audio += self._last * np.linspace(1.0, 0.0, len(audio), dtype=np.float32)[:, None] ** 4
        return audio

    def _move_curtain(self) -> None:
        """Open or close: for stop and the end of `seconds` first, then panic, then play and
        pause."""
        curtain = self.levels.curtain
        left = math.inf if self._total is None else self._total - self.samples
        fade = round(START_FADE * self.rate)
        if self.stopping.is_set() and not self._ending:
            self._changes.append(Change(STOP, 1, None, "local"))
        self._ending = self.stopping.is_set()
        if self._ending or left <= self._stop_fade:
            curtain.to(0.0, round(min(left, self._stop_fade)))
        elif self._applier.restart:
            curtain.to(0.0, fade)
            if self.levels.closed:
                self._applier.restart = False
                self._restart_stream()
        else:
            curtain.to(float(self._applier.values.get("/play", 1)), fade)

    def _restart_stream(self) -> None:
        """Start a new piece with the next seed, so that it differs, reproducibly."""
        self._guard("the music could not be restarted", self._next_piece)

    def _next_piece(self) -> None:
        self.stream.restart(self.stream.seed + 1)

    def _follow_plan(self) -> None:
        while self._plan and self._plan[-1][0] <= self.samples / self.rate:
            _, address, value = self._plan.pop()
            try:
                self.controls.set(address, value, "rig")
            except MusicRFMError as error:
                self.controls.report(f"the rig's {address} is skipped: {error}", "rig")

    def _follow_script(self, script: Callable[[int], None]) -> None:
        """A failing script ends the set, because the rest would differ from the request."""
        try:
            script(self.frames)
        except BaseException as error:
            self.failure = error
            self.stopping.set()
