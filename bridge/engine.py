"""The clockwork: once a frame, hand the controls to the stream and its sound to the output.

One thread does this and nothing else. It stays `lookahead` ahead of the output. When a control
changes, it goes back to the first frame that can still be replaced and makes the music ahead again,
so a deep buffer does not make the path from knob to ear any longer. Whatever goes wrong with one
value or one frame is reported, and the set goes on.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from bridge.audio.dsp import Ramp, db_to_amplitude, mended, soft_limit
from bridge.audio.output import Output
from bridge.controls.controls import Controls, Snapshot, Value
from bridge.controls.parameters import CUE_GAIN, PROMPT_SLOTS
from bridge.overload import Load, Strain
from bridge.process import awake
from bridge.process.threads import Guard
from bridge.recording.log import STOP, Change, ControlLog, source_name
from bridge.recording.recorder import Recorder
from musicrfm.errors import MusicRFMError
from musicrfm.steering.schedules import eased, handed_over

if TYPE_CHECKING:
    from musicrfm.stream import MusicStream

log = logging.getLogger(__name__)

START_FADE = 0.05  # seconds; also for pausing, going on and panic
STOP_FADE = 0.3
GAIN = "/gain"
GAIN_SECONDS = 0.02
FLOOR_DB = -120.0
LOUDEST = 8.0  # 18 dB above full scale: beyond it, it is no music
MARGIN_SECONDS = 0.008  # for a new frame's way to the output, beside the time it takes to make
# Seconds that must be left to play while what lies before them is made again: as many as the new
# take catches up with in CATCH_UP, or twice the longest hiccup of late, within these bounds.
CATCH_UP = 0.05
LEAST_RESERVE, MOST_RESERVE = 0.2, 0.75
FORGET = 0.5 ** (1 / 15_000)  # a frame: half of a hiccup in five minutes
AGAIN_SECONDS = 0.01  # going back more often than this would only be more work
NAP_SECONDS = 0.05
MOST_FALLS = 20  # turns in a row, from which a set that should stop does so without a fade
HANG_SECONDS = 1.0
MOST_UNWRITTEN = 50  # blocks that an output which fails is given again
AUDIBLE = 1e-4  # 80 dB below full scale


@dataclass(frozen=True)
class Status:
    """What the engine is doing, for a person to read."""

    seconds: float  # audio handed to the output so far
    level_db: float  # peak of the latest frame
    speed: float  # audio seconds made per second of making, lately
    buffer: float  # seconds that the output could play on
    underruns: int
    steers: dict[str, float] = field(default_factory=dict)  # what is not 0
    playing: bool = True
    hangs: float = 0.0  # seconds for which the engine has not moved, if that is no usual time


# What of the engine itself decides the next frame, beside what has a state of its own.
OWN = (
    "_samples",
    "_times",
    "_slow",
    "_version",
    "_restart",
    "_ending",
    "_last",
    "frames",
    "applied",
)


# What of the sound glides when a morph asks for it: address -> attribute of the stream.
SOUND = {"/guidance": "guidance_scale", "/temperature": "temperature"}


class Glide:
    """A value on its way to a target, one step a frame: in equal steps, or on a `course`, which
    says how far it is after a part of its time."""

    def __init__(self, value: float) -> None:
        self.value = value
        self._way = (value, value, 0, None)  # from, to, in so many frames, on what course
        self._left = 0

    def to(
        self, target: float, frames: int, course: Callable[[float], float] | None = None
    ) -> None:
        self._left = max(1, frames)
        self._way = (self.value, target, self._left, course)

    def jump(self, value: float) -> None:
        self.value = value
        self._left = 0

    def step(self) -> float:
        if self._left:
            self._left -= 1
            start, target, frames, course = self._way
            part = (frames - self._left) / frames
            gone = course(part) if course else part
            self.value = start + (target - start) * gone if self._left else target
        return self.value

    @property
    def moving(self) -> bool:
        return self._left > 0

    @property
    def state(self) -> tuple:
        return self.value, self._way, self._left

    @state.setter
    def state(self, state: tuple) -> None:
        self.value, self._way, self._left = state


class Made(NamedTuple):
    """A frame that has been handed to the output but can still be replaced."""

    first: int  # number of its first sample
    audio: np.ndarray
    before: dict | None  # everything that decided it, see `Engine._state`
    number: int  # of frames before it
    changes: tuple[Change, ...]  # what counts from it on


class Engine:
    """Plays a stream into an output under the controls.

    `lookahead` and `smoothing` are seconds. `steers` maps a direction's address (as
    `/steer/note_C`) to its name in `stream.steering`. With `seconds` it stops by itself after that
    much audio. `plan`: (second of audio, address, value), set when it is time. `start`, `stop`,
    `join` and `status` may be called from any thread. `control_log` hears of every change that
    counted. `script` is called before every frame with the number of frames before it, and may set
    controls for it. `strain` gives things up where the computer cannot keep up. With a `cue` the
    output gets as many channels more, which have the music at `/cue/gain` instead of `/gain`.
    """

    def __init__(
        self,
        stream: MusicStream,
        controls: Controls,
        output: Output,
        steers: dict[str, str],
        *,
        recorders: Sequence[Recorder] = (),
        lookahead: float = 1.5,
        smoothing: float = 0.05,
        seconds: float | None = None,
        plan: Iterable[tuple[float, str, object]] = (),
        control_log: ControlLog | None = None,
        script: Callable[[int], None] | None = None,
        strain: Strain | None = None,
        cue: bool = False,
    ) -> None:
        self.stream = stream
        self.controls = controls
        self.output = output
        self.recorders = tuple(recorders)
        self._asked = self.lookahead = lookahead  # the second may grow under strain
        self.strain = strain
        self.guard = Guard(self._tell)
        self.failure: BaseException | None = None
        self.beat = awake.now()  # when it last turned; see `bridge.watchdog`
        self.finishing = False  # all is made; what was made is still played, and written to disks
        self.ended = False  # nothing more will be written
        self.applied = 0  # control changes handed to the stream
        self.frames = 0
        self.rewinds = 0  # times that a control change made it go back
        self.remade = 0  # frames that were made again
        # When it went back, and the first sample that then was another one: for measuring.
        self.turns: deque[tuple[float, int]] = deque(maxlen=10_000)
        self.wall_seconds = 0.0
        self.busy_seconds = 0.0  # of these, generating
        self.made_seconds = 0.0  # audio generated
        model = stream.model
        self._rate: int = model.sample_rate
        self._channels: int = model.channels
        self._frame_size: int = model.frame_size
        self._steers = steers
        self._smoothing_frames = max(1, round(smoothing * model.frame_rate))
        self._total = None if seconds is None else round(seconds * self._rate)
        self._stop_fade = round(min(STOP_FADE, (seconds or 60.0) / 4) * self._rate)
        self._plan = sorted(plan, key=lambda entry: entry[0], reverse=True)
        self._control_log = control_log
        self._script = script
        self.start_values = controls.snapshot().values  # changes are told from these on
        self._changes: list[Change] = []  # that count from the frame being made on
        self._samples = 0
        self._unwritten: deque[tuple[int, np.ndarray]] = deque(maxlen=MOST_UNWRITTEN)
        self._reached = 0  # the furthest sample ever handed over
        self._made: deque[Made] = deque()  # not settled yet
        self._rewound = -math.inf  # when it last went back
        self._turning = False  # it went back, and has made nothing since
        self._waits: int | None = None  # first sample of a change that could still sound earlier
        self._replaced: dict[int, np.ndarray] = {}  # what it had made, by first sample
        self._frame_busy = 0.0  # seconds a frame takes to make, lately
        self._hiccup = 0.0  # the longest time of late without a frame, in seconds
        self._values: dict[str, Value] = {}
        self._times: Mapping[str, int] = {}
        self._slow: Mapping[str, float] = {}  # the seconds that crossfades take, by address
        self._version = 0
        weights = [f"/prompt/{slot}/weight" for slot in PROMPT_SLOTS]
        self._glides: dict[str, Glide] = {a: Glide(0.0) for a in (*steers, *weights, *SOUND)}
        self._blend_due = False  # a prompt or its weight has changed in this frame
        self._moving: set[str] = set()
        self._gains = {a: Ramp(0.0) for a in (GAIN, CUE_GAIN.address)[: 2 if cue else 1]}
        self._curtain = Ramp(0.0)  # 0 closed, 1 open: start, pause, panic and stop
        self._ramps = (*self._gains.values(), self._curtain)
        self._restart = False
        self._ending = False  # the latest frame knew that it should end
        self._abandoned = False  # its thread hung, and somebody else has ended the set
        self._unapplied = False  # the latest frame could not be told its values
        self._looked = 0.0  # when it last looked at the clock
        self._seen = (self.beat, 0)  # when the output last said where it is, and that
        self._mended: set[str] = set()  # what has been told to be wrong with the stream's blocks
        self._last = np.zeros(self._channels * len(self._gains), dtype=np.float32)
        self._peak = 0.0
        self._speed = 0.0
        self._setters: dict[str, Callable[[Value], None]] = self._make_setters()
        self._stopping = threading.Event()
        self._wake = threading.Event()
        controls.on_change(lambda *_: self._wake.set())
        self.thread = threading.Thread(target=self._run, name="engine", daemon=True)

    # ---- any thread ----

    def start(self) -> None:
        self.thread.start()

    def stop(self) -> None:
        """Fade out and end; returns at once."""
        self._stopping.set()
        self._wake.set()

    def rescue(self, seconds: float) -> bool:
        """Keep what was heard, though the engine's thread hangs, which does nothing from now on.

        Whether the files could be ended in so many seconds.
        """
        self._abandoned = True
        position = self._position()
        self._settle(position)
        return self._end_files(position, seconds)

    def join(self, timeout: float | None = None) -> bool:
        """Wait for the end; True if it has come."""
        self.thread.join(timeout)
        return not self.thread.is_alive()

    @property
    def reaction(self) -> float:
        """Seconds from a control's change to the first sample it may change leaving for the ring.

        The mean; a change waits for the next frame's beginning, half a frame in the mean.
        """
        frame = self._frame_size / self._rate
        return MARGIN_SECONDS + 1.5 * self._frame_busy + frame / 2

    @property
    def latency(self) -> dict[str, float]:
        """Seconds from a control's change to the ear, term by term, without the smoothing."""
        frame = self._frame_size / self._rate
        return {
            "reaction": self.reaction,
            "ring": self.output.ring,
            "delay_pattern": frame * self.stream.delay_frames,
            "codec_lookahead": frame * self.stream.codec_lookahead_frames,
            "device": self.output.latency,
        }

    @property
    def reserve(self) -> float:
        """Seconds that the output could play on, of the newest take and of older ones behind it."""
        return max(0.0, self._left(self.output.position()))

    @property
    def running(self) -> bool:
        return self.thread.is_alive()

    @property
    def audio_seconds(self) -> float:
        return self._samples / self._rate

    @property
    def real_time_factor(self) -> float:
        """Audio seconds made per second spent making them, since the start."""
        return self.made_seconds / self.busy_seconds if self.busy_seconds else 0.0

    def status(self) -> Status:
        values = self.controls.snapshot().values
        steers = {a.removeprefix("/steer/"): v for a in self._steers if (v := values[a])}
        return Status(
            seconds=self.audio_seconds,
            level_db=20 * math.log10(self._peak) if self._peak > 1e-6 else FLOOR_DB,
            speed=self._speed,
            buffer=self.reserve,
            underruns=self.output.underruns,
            steers=steers,
            playing=bool(values["/play"]),
            hangs=self.hangs,
        )

    @property
    def hangs(self) -> float:
        """Seconds for which the engine has not moved, 0 if that is no unusual time."""
        still = awake.now() - self.beat if self.running and not self.finishing else 0.0
        return still if still >= HANG_SECONDS else 0.0

    # ---- the engine's thread ----

    def _run(self) -> None:
        began = time.monotonic()
        self.beat = self._looked = awake.now()
        while not self.ended:
            try:
                self._play()
                self._finish()
            except BaseException as error:  # raised from outside, between two of the turn's parts
                self.guard.fault("the engine was interrupted", error)
        self.wall_seconds = time.monotonic() - began

    def _play(self) -> None:
        """Turns until the end, whatever a turn raises."""
        fallen = 0  # turns in a row
        while not self._done():
            try:
                self._turn()
                fallen = 0
            except BaseException as error:
                fallen += 1
                self.guard.fault("the engine stumbled and goes on", error)
                if fallen >= MOST_FALLS and self._stopping.is_set():
                    self.failure = error
                    return
                time.sleep(min(0.001 * 2 ** min(fallen, 10), NAP_SECONDS))

    def _turn(self) -> None:
        """A look at the controls and at the output, then a frame or a nap."""
        self.beat = now = awake.now()
        self._hiccup = max(FORGET * self._hiccup, now - self._looked)
        self._looked = now
        position = self._position()
        self.guard("what was played could not be kept", self._settle, position)
        self._wake.clear()  # before looking, so that nothing set after it is missed
        self.guard("a change counts a little later", self._rewind, position)
        if self.strain is not None and self.frames:
            load = Load(self.audio_seconds, self._left(position), self._speed)
            acted = self.guard("overload is not looked after", self.strain.look, load)
            self.lookahead = self.strain.lookahead
            if acted:  # from here on: going back would throw away what is left
                self._frame()
                self._waits = None
                return
        spare = self._ahead(position) - self.lookahead
        if spare > 0.0:
            self._wake.wait(min(spare, NAP_SECONDS))
            self._looked = awake.now()
        else:
            self._frame()

    def _position(self) -> int:
        """The first sample that can still be replaced; by the clock if the output does not say."""
        now = awake.now()
        position = self.guard("the output does not say where it is", self.output.position)
        if position is None:
            at, position = self._seen
            return min(position + round((now - at) * self._rate), self._samples)
        self._seen = (now, position)
        return position

    def _finish(self) -> None:
        """Everything that was made is settled, and whoever keeps it is told that this was all."""
        if self._abandoned:
            self.ended = True
            return
        self.guard("what was played could not be kept", self._settle, self._samples)
        self.finishing, self.beat = True, awake.now()
        self.guard("the output did not end well", self.output.close)
        self.beat = awake.now()
        self._end_files(self._samples)
        self.ended = True

    def _end_files(self, samples: int, seconds: float | None = None) -> bool:
        """Ends the recordings of a set of so many samples, all at once as a disk may be slow.

        Whether they have ended, after so many seconds at most.
        """
        endings = [recorder.close for recorder in self.recorders]
        if self._control_log is not None:
            endings.append(partial(self._control_log.close, samples))
        threads = [
            threading.Thread(target=self.guard, args=("a file did not end well", end), daemon=True)
            for end in endings
        ]
        until = None if seconds is None else time.monotonic() + seconds
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(until and max(0.0, until - time.monotonic()))
        return not any(thread.is_alive() for thread in threads)

    def _tell(self, words: str, error: BaseException) -> None:
        log.error("%s", words, exc_info=error)
        self.controls.tell_error(words)

    def _ahead(self, position: int) -> float:
        """Seconds of the newest take that the output has not settled yet."""
        return (self._samples - position) / self._rate

    def _left(self, position: int) -> float:
        """Seconds of any take: older ones sound if nothing newer is there in time."""
        return (self._reached - position) / self._rate

    def _settle(self, position: int) -> None:
        """Frames that begin before `position` stay as they are: now they are recorded."""
        while self._made and self._made[0].first < position:
            first, audio, _, number, changes = self._made.popleft()
            for recorder in self.recorders:
                self.guard("a recorder or a meter failed on a block", recorder.write, audio)
            if self._control_log is not None:
                write = self._control_log.write
                self.guard("the control log failed on a change", write, number, first, changes)

    def _rewind(self, position: int) -> None:
        """Goes back as far as possible, if a control has changed since the latest frame.

        While older takes keep less than a good part of the lookahead in the output, or too little
        for it to begin to play, the change counts from the next frame on, and goes back when there
        is room: safety comes first.
        """
        now = time.monotonic()
        if not self._made or now - self._rewound < AGAIN_SECONDS or self._unapplied:
            return
        if self._waits is None and not self._outdated():
            return
        if self._left(position) <= max(self._room_to_go_back, self.output.lead):
            return
        soonest = position + (MARGIN_SECONDS + 1.5 * self._frame_busy) * self._rate
        if self._waits is not None and self._waits <= soonest:
            self._waits = None
            if not self._outdated():
                return
        for number, made in enumerate(self._made):
            known = made.first >= soonest and made.before is not None
            if known and self.stream.reaches(made.before["stream"]):
                self._rewound, self._turning, self._waits = now, True, None
                self.rewinds += 1
                self.remade += len(self._made) - number
                self._state = made.before  # first, as it may fail
                kept = {at: audio for at, audio in self._replaced.items() if at >= soonest}
                while len(self._made) > number:
                    gone = self._made.pop()
                    kept.setdefault(gone.first, gone.audio)
                self._replaced = kept
                return

    @property
    def _room_to_go_back(self) -> float:
        """Seconds of older takes from which going back leaves a reserve.

        They shrink until the new take has caught up with them, which takes one part in `speed`.
        """
        speed = max(self._speed, 1.05)
        reserve = max(LEAST_RESERVE, CATCH_UP * (speed - 1.0), 2 * self._hiccup)
        reserve = min(reserve, MOST_RESERVE, self._asked / 2)
        reserve *= self.lookahead / self._asked
        left = 1.0 - 1.0 / speed
        return min(reserve / left, 0.9 * self.lookahead)

    def _done(self) -> bool:
        if self._abandoned:
            return True
        if self._total is not None and self._samples >= self._total:
            return True
        return self._stopping.is_set() and self._closed

    @property
    def _closed(self) -> bool:
        return self._curtain.value == 0.0 and not self._curtain.moving and self._samples > 0

    def _outdated(self) -> bool:
        """Whether the latest frame was made with other values than there are now."""
        if self._stopping.is_set() and not self._ending:
            return True
        snapshot = self.controls.snapshot()
        return snapshot.version != self._version and (
            (snapshot.values, snapshot.times, snapshot.glides)
            != (self._values, self._times, self._slow)
        )

    def _frame(self) -> None:
        """One frame: controls in, sound out."""
        if self._made and self._waits is None and not self._turning and self._outdated():
            self._waits = self._samples
        self._turning = False
        safely = self.guard
        if self._plan:
            safely("the rig's plan failed", self._follow_plan)
        if self._script is not None:
            self._follow_script()
        before, number = safely("the music cannot be gone back to", self._get_state), self.frames
        self._changes = []
        self._unapplied = not safely("controls could not be followed", self._apply_all)
        safely("a fade failed", self._move_curtain)
        audio = self._generate() if self._curtain.moving or self._curtain.value else None
        if audio is not None:
            audio = safely("a frame could not be levelled", self._levelled, audio)
            if audio is None:
                self._curtain.jump(0.0)  # it fades in again
        if audio is None:
            audio = self._silence()
        if self._total is not None:
            audio = audio[: self._total - self._samples]
        first = self._samples
        self._last = audio[-1].copy()
        music = np.ascontiguousarray(audio[:, : self._channels])  # without the cue
        self._peak = float(np.abs(music).max())
        self._samples += len(audio)
        self._reached = max(self._reached, self._samples)
        self.frames += 1
        self._made.append(Made(first, music, before, number, tuple(self._changes)))
        if self._replaced:
            safely("what changed could not be measured", self._compare, first, music)
        self._unwritten.append((first, audio))
        safely("the output did not take a block", self._write)

    def _write(self) -> None:
        """Hands over the new block, after those that the output has not taken."""
        while self._unwritten:
            self.output.write(*self._unwritten[0])
            self._unwritten.popleft()

    def _follow_script(self) -> None:
        """A script that fails is the end: what would follow is not what was asked for."""
        try:
            self._script(self.frames)
        except BaseException as error:
            self.failure = error
            self._stopping.set()

    def _levelled(self, audio: np.ndarray) -> np.ndarray:
        """At the gains, once for the music and once for the cue, and behind the curtain."""
        levelled = [gain.apply(audio) for gain in self._gains.values()]
        audio = levelled[0] if len(levelled) == 1 else np.concatenate(levelled, axis=1)
        return soft_limit(self._curtain.apply(audio))

    def _apply_all(self) -> bool:
        self._apply(self.controls.snapshot())
        return True

    def _get_state(self) -> dict:
        return self._state

    def _compare(self, first: int, audio: np.ndarray) -> None:
        """Notes where the sound begins to differ from what was there before going back.

        Several times of going back may come before a change is heard: the oldest take is asked.
        """
        replaced = self._replaced.get(first)
        if replaced is None or len(replaced) != len(audio):
            return
        if len(different := np.flatnonzero(np.abs(audio - replaced).max(axis=1) > AUDIBLE)):
            self.turns.append((self._rewound, first + int(different[0])))
            self._replaced = {}

    @property
    def _state(self) -> dict:
        """Everything that decides the next frame. Setting it goes back to that frame."""
        return {
            "stream": self.stream.state,
            "glides": {address: glide.state for address, glide in self._glides.items()},
            "ramps": [ramp.state for ramp in self._ramps],
            "own": {name: getattr(self, name) for name in OWN},
            "values": dict(self._values),
            "moving": set(self._moving),
        }

    @_state.setter
    def _state(self, state: dict) -> None:
        self.stream.state = state["stream"]
        for address, own in state["glides"].items():
            self._glides[address].state = own
        for ramp, own in zip(self._ramps, state["ramps"], strict=True):
            ramp.state = own
        for name, value in state["own"].items():
            setattr(self, name, value)
        self._values, self._moving = dict(state["values"]), set(state["moving"])

    def _follow_plan(self) -> None:
        while self._plan and self._plan[-1][0] <= self.audio_seconds:
            _, address, value = self._plan.pop()
            try:
                self.controls.set(address, value, "rig")
            except MusicRFMError as error:
                self.controls.report(f"the rig's {address} is left out: {error}", "rig")

    def _move_curtain(self) -> None:
        """Open or close: stop and the end of `seconds` first, then panic, then play and pause."""
        left = math.inf if self._total is None else self._total - self._samples
        fade = round(START_FADE * self._rate)
        if self._stopping.is_set() and not self._ending:
            self._changes.append(Change(STOP, 1, None, "local"))
        self._ending = self._stopping.is_set()
        if self._ending or left <= self._stop_fade:
            self._curtain.to(0.0, min(left, self._stop_fade))
        elif self._restart:
            self._curtain.to(0.0, fade)
            if not self._curtain.moving and self._curtain.value == 0.0:
                self._restart = False
                self._restart_stream()
        else:
            self._curtain.to(float(self._values.get("/play", 1)), fade)

    def _generate(self) -> np.ndarray | None:
        """The next chunk of music, finite and writable, or None if it could not be made."""
        began = time.perf_counter()
        try:
            audio, wrong = mended(next(self.stream), self._channels, LOUDEST)
        except BaseException as error:
            self.guard.fault("the music broke off and starts afresh", error)
            self._restart_stream()
            self._curtain.jump(0.0)
            return None
        busy = time.perf_counter() - began
        made = len(audio) / self._rate
        fills_pattern = not self.made_seconds  # several frames' work for one
        self.busy_seconds += busy
        self.made_seconds += made
        self._frame_busy += (busy - self._frame_busy) * (0.1 if self._frame_busy else 1.0)
        if busy > 0.0 and not fills_pattern:  # over the last second or so
            self._speed += (made / busy - self._speed) * (0.02 if self._speed else 1.0)
        if not len(audio):
            wrong = wrong or {"is empty"}
            self._curtain.jump(0.0)  # it fades in again
        for what in wrong - self._mended:  # once for the set
            self._mended.add(what)
            self.controls.report(f"the music {what}; it is mended, also from now on")
        return audio if len(audio) else None

    def _silence(self) -> np.ndarray:
        """A frame of nothing that starts where the last one ended, so that it cannot click."""
        audio = np.zeros((self._frame_size, len(self._last)), dtype=np.float32)
        if self._last.any():
            audio += self._last * np.linspace(1.0, 0.0, len(audio), dtype=np.float32)[:, None] ** 4
        return audio

    def _restart_stream(self) -> None:
        """Begin a new piece; by the next seed, so that it is another, and the same every time."""
        self.guard("the music could not be restarted", self._next_piece)

    def _next_piece(self) -> None:
        self.stream.restart(self.stream.seed + 1)

    def _apply(self, snapshot: Snapshot) -> None:
        """Hand over what changed since the last frame, and move what glides one step on."""
        if snapshot.version != self._version:
            first = not self._values
            panic = self._times.get("/panic", 0) != snapshot.times["/panic"]
            for address, value in snapshot.values.items():
                again = self._times.get(address, 0) != snapshot.times.get(address, 0)
                # A fader moved during a crossfade takes over, even if it only says the same.
                again = again or self._slow.get(address) != snapshot.glides.get(address)
                if again or self._values.get(address) != value:
                    seconds = 0.0 if first or panic else snapshot.glides.get(address)
                    if self._hand_over(address, value, seconds) and (
                        again or not first or value != self.start_values[address]
                    ):
                        self._note(address, value, snapshot.glides.get(address), panic)
            self._times, self._slow = snapshot.times, snapshot.glides
            self._restart |= panic
            self._version = snapshot.version  # last: what failed is tried again
        for address in tuple(self._moving):
            glide = self._glides[address]
            if address in self._steers:
                self.stream.steering.set(self._steers[address], glide.step())
            elif address in SOUND:
                setattr(self.stream, SOUND[address], glide.step())
            else:
                glide.step()
                self._blend_due = True
            if not glide.moving:
                self._moving.discard(address)
        if self._blend_due:
            self._blend_due = False
            self._blend()

    def _blend(self) -> None:
        """Plays the prompts that have a weight; what they leave of 1 is left to the first one."""
        weights: dict[str, float] = {}
        for slot in PROMPT_SLOTS:
            text, weight = str(self._values[f"/prompt/{slot}"]), 0.0
            if text:
                weight = self._glides[f"/prompt/{slot}/weight"].value
            if weight > 0.0:
                weights[text] = weights.get(text, 0.0) + weight
        first = str(self._values["/prompt"])
        rest = max(0.0, 1.0 - sum(weights.values()))
        weights[first] = weights.get(first, 0.0) + rest
        try:
            if len(weights) > 1:
                self.stream.set_prompts(weights)
            elif self.stream.prompt != first:
                self.stream.set_prompt(first)
        except BaseException as error:
            self.controls.report(f"the prompts stay as they were: {error}")

    def _note(self, address: str, value: Value, seconds: float | None, panic: bool) -> None:
        source = self.controls.source("/panic" if panic else address)
        self._changes.append(Change(address, value, seconds, source_name(source)))

    def _hand_over(self, address: str, value: Value, seconds: float | None) -> bool:
        """Makes one value count; whether it does.

        seconds: how long it takes, None for the smoothing of coefficients and at once of all else.
        """
        kept = self._values.get(address)
        try:
            if address in SOUND and not seconds:
                self._glides[address].jump(float(value))
                self._moving.discard(address)
                self._setters[address](value)
            elif address in self._gains and seconds:
                self._gains[address].to(db_to_amplitude(float(value)), round(seconds * self._rate))
            elif address in self._glides:
                frames, course = self._smoothing_frames, None
                if seconds is not None:
                    frames = round(seconds * self.stream.model.frame_rate)
                    course = eased if address in SOUND else handed_over
                self._glides[address].to(float(value), frames, course)
                self._moving.add(address)
            else:
                self._setters[address](value)
        except BaseException as error:
            fallback = self.controls.parameters[address].default if kept is None else kept
            self._values[address] = fallback
            self.controls.reject(address, fallback, value, f"{address} stays as it was: {error}")
            return False
        self._values[address] = value
        if kept is not None:
            self.applied += 1
        return True

    def _make_setters(self) -> dict[str, Callable[[Value], None]]:
        stream, steering = self.stream, self.stream.steering

        def attribute(name: str) -> Callable[[Value], None]:
            return lambda value: setattr(stream, name, value)

        def set_gain(gain: Ramp, decibels: Value) -> None:
            amplitude = db_to_amplitude(float(decibels))
            if self._samples:
                gain.to(amplitude, round(GAIN_SECONDS * self._rate))
            else:
                gain.jump(amplitude)

        def set_prompt(text: Value) -> None:
            if text != stream.prompt:
                stream.set_prompt(str(text))
            self._blend_due = True

        def set_slot(text: Value) -> None:
            if text:
                stream.encoded(str(text))  # so that what cannot be played is told at once
            self._blend_due = True

        setters: dict[str, Callable[[Value], None]] = {
            "/prompt": set_prompt,
            **{f"/prompt/{slot}": set_slot for slot in PROMPT_SLOTS},
            "/guidance": attribute("guidance_scale"),
            "/temperature": attribute("temperature"),
            "/top_k": attribute("top_k"),
            "/steer_guidance": attribute("steer_guidance"),
            "/keep_norm": lambda value: setattr(steering, "keep_norm", bool(value)),
            CUE_GAIN.address: lambda value: None,  # without a cue
            **{address: partial(set_gain, gain) for address, gain in self._gains.items()},
            "/play": lambda value: None,  # read by _move_curtain
            "/tempo/target": lambda value: (
                None
            ),  # read by bridge.clock.tempo, which turns a direction
            "/panic": lambda value: None,  # seen by _apply
            "/crossfade": lambda value: None,  # sets two coefficients
            **{
                p.address: lambda value: None  # sets others, if anything
                for p in self.controls.parameters.values()
                if p.event and p.address.startswith(("/preset/", "/midi/"))
            },
        }

        def of(setter: Callable[[str, Value], None], name: str) -> Callable[[Value], None]:
            return lambda value: setter(name, value)

        for address, name in self._steers.items():
            setters[f"{address}/inject"] = of(steering.set_inject, name)
            setters[f"{address}/inject_per"] = of(steering.set_inject_per, name)
            setters[f"{address}/component"] = of(steering.set_component, name)
            setters[f"{address}/layers"] = of(steering.set_layers, name)
            setters[f"{address}/schedule"] = of(steering.set_schedule, name)
        return setters
