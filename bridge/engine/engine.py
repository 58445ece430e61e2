"""Decides when to make a frame, on a thread for this alone.

It stays `lookahead` ahead of the output. When a control changes, it returns to the first frame that
can still be replaced and renders the buffer again, so a deep buffer does not increase the latency
from knob to ear. An exception in a turn is reported, and the set continues.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from bridge.audio.output import Output
from bridge.controls.controls import Controls
from bridge.engine.applier import Applier
from bridge.engine.frame import FrameMaker
from bridge.engine.keeping import Keeper, Taker
from bridge.engine.levels import Levels
from bridge.engine.overload import Load, Strain
from bridge.engine.reserve import Reserve
from bridge.engine.status import Status
from bridge.engine.takes import Takes
from bridge.process import awake
from bridge.process.room import ROOM
from bridge.process.threads import Guard
from bridge.recording.log import ControlLog

if TYPE_CHECKING:
    from musicrfm.stream import MusicStream

log = logging.getLogger(__name__)

FLOOR_DB = -120.0
NAP_SECONDS = 0.05
MOST_FALLS = 20  # consecutive failing turns after which a stopping set ends without a fade
HANG_SECONDS = 1.0
MOST_UNWRITTEN = 50  # blocks kept for a failing output


class Engine:
    """Plays a stream into an output under the controls.

    `lookahead` and `smoothing` are in seconds. `steers` maps a direction's address (such as
    `/steer/note_C`) to its name in `stream.steering`. `seconds`, `plan`, `script`: see
    `FrameMaker`. `start`, `stop`, `join` and `status` may be called from any thread. `control_log`
    receives every change that took effect. `strain` reduces the work where the computer cannot keep
    up. With a `cue`, the output gets the same number of channels again, with the music at
    `/cue/gain` instead of `/gain`.
    """

    def __init__(
        self,
        stream: MusicStream,
        controls: Controls,
        output: Output,
        steers: dict[str, str],
        *,
        recorders: Sequence[Taker] = (),
        lookahead: float = 1.5,
        smoothing: float = 0.05,
        seconds: float | None = None,
        plan: Iterable[tuple[float, str, object]] = (),
        control_log: ControlLog | None = None,
        script: Callable[[int], None] | None = None,
        strain: Strain | None = None,
        cue: bool = False,
    ) -> None:
        self.stream, self.controls, self.output = stream, controls, output
        self._steers, self.strain = steers, strain
        self.lookahead = lookahead  # may grow under strain
        self._reserve = Reserve(lookahead)
        self.guard = Guard(self._tell)
        self._failure: BaseException | None = None
        self.beat = awake.now()  # time of the latest turn; see `bridge.engine.watchdog`
        self.finishing = False  # all frames are made; the rest is being played and written
        self.sounds_until = 0.0  # (s, monotonic) when `finishing`, as far as is known
        self.ended = False  # nothing more will be written
        self.wall_seconds = 0.0
        levels = Levels(cue)
        frames = max(1, round(smoothing * stream.model.frame_rate))
        self.applier = Applier(stream, controls, steers, levels.gains, frames)
        self.maker = FrameMaker(
            stream,
            controls,
            self.applier,
            levels,
            self.guard,
            seconds=seconds,
            plan=plan,
            script=script,
        )
        self.takes = Takes(self.maker)
        self.keeper = Keeper(recorders, control_log, self.guard)
        self._rate = self.maker.rate
        self._unwritten: deque[tuple[int, np.ndarray]] = deque(maxlen=MOST_UNWRITTEN)
        self._abandoned = False  # its thread hung, and another thread has ended the set
        self._seen = (self.beat, 0)  # time and value of the output's last known position
        self._wake = threading.Event()
        controls.on_change(lambda *_: self._wake.set())
        self.thread = threading.Thread(target=self._run, name="engine", daemon=True)

    # ---- any thread ----

    def start(self) -> None:
        self.thread.start()

    def stop(self) -> None:
        """Fade out and end; returns at once."""
        self.maker.stopping.set()
        self._wake.set()

    def rescue(self, seconds: float) -> bool:
        """Complete the files although the engine's thread hangs, and ignore that thread from now
        on.

        Returns whether the files could be completed within this number of seconds.
        """
        self._abandoned = True
        position = self._position()
        self.keeper.keep(self.takes.settle(position))
        return self.keeper.end(position, seconds)

    def join(self, timeout: float | None = None) -> bool:
        """Wait for the end; True if it was reached."""
        self.thread.join(timeout)
        return not self.thread.is_alive()

    @property
    def failure(self) -> BaseException | None:
        """The exception that ended the set early."""
        return self._failure or self.maker.failure

    @property
    def recorders(self) -> tuple[Taker, ...]:
        return self.keeper.recorders

    @property
    def reaction(self) -> float:
        """Seconds from a control change to the first changed sample entering the ring.

        The mean; a change waits for the start of the next frame, on average half a frame.
        """
        return self.takes.reaction + self.maker.frame_size / self._rate / 2

    @property
    def latency(self) -> dict[str, float]:
        """Seconds from a control change to the output, by component, without the smoothing."""
        frame = self.maker.frame_size / self._rate
        return {
            "reaction": self.reaction,
            "ring": self.output.ring,
            "delay_pattern": frame * self.stream.delay_frames,
            "codec_lookahead": frame * self.stream.codec_lookahead_frames,
            "device": self.output.latency,
        }

    @property
    def reserve(self) -> float:
        """Seconds of audio in the output, of the newest take and of older ones behind it."""
        return max(0.0, self._left(self.output.position()))

    @property
    def running(self) -> bool:
        return self.thread.is_alive()

    @property
    def audio_seconds(self) -> float:
        return self.maker.samples / self._rate

    def status(self) -> Status:
        values = self.controls.snapshot().values
        steers = {a.removeprefix("/steer/"): float(v) for a in self._steers if (v := values[a])}
        peak = self.maker.peak
        return Status(
            seconds=self.audio_seconds,
            level_db=20 * math.log10(peak) if peak > 1e-6 else FLOOR_DB,
            speed=self.maker.speed,
            buffer=self.reserve,
            underruns=self.output.underruns,
            steers=steers,
            playing=bool(values["/play"]),
            hangs=self.hangs,
        )

    @property
    def hangs(self) -> float:
        """Seconds since the engine last moved; 0 if that is normal."""
        still = awake.now() - self.beat if self.running and not self.finishing else 0.0
        return still if still >= HANG_SECONDS else 0.0

    # ---- the engine's thread ----

    def _run(self) -> None:
        began = time.monotonic()
        self.beat = awake.now()
        self._reserve.wake()
        while not self.ended:
            try:
                self._play()
                self._finish()
            except BaseException as error:  # raised from outside, between two parts of the turn
                self.guard.fault("the engine was interrupted", error)
        self.wall_seconds = time.monotonic() - began

    def _play(self) -> None:
        """Turn until the end, whatever a turn raises."""
        fallen = 0  # turns in a row
        while not self._abandoned and not self.maker.ended:
            try:
                self._turn()
                fallen = 0
            except BaseException as error:
                fallen += 1
                self.guard.fault("the engine had an error and continues", error)
                if fallen >= MOST_FALLS and self.maker.stopping.is_set():
                    self._failure = error
                    return
                time.sleep(min(0.001 * 2 ** min(fallen, 10), NAP_SECONDS))

    def _turn(self) -> None:
        """Check the controls and the output, then make a frame or sleep."""
        self.beat = awake.now()
        self._reserve.look(self.beat)
        position = self._position()
        if self.strain is not None:  # playing in real time
            left = self._left(position)
            ROOM.tell(self._reserve.short(left, self.maker.speed, self.lookahead))
        self.guard("the played audio could not be stored", self._settle, position)
        self._wake.clear()  # before the check, so that no later change is missed
        self.guard("a change takes effect late", self._rewind, position)
        if self._relieved(position):
            return
        spare = self._ahead(position) - self.lookahead
        if spare > 0.0:
            self._wake.wait(min(spare, NAP_SECONDS))
            self._reserve.wake()
        else:
            self._frame()

    def _rewind(self, position: int) -> None:
        """Return to an earlier frame if a control has changed and enough audio remains for the
        output."""
        room = self._reserve.room(self.maker.speed, self.lookahead)
        self.takes.rewind(position, max(room, self.output.lead))

    def _relieved(self, position: int) -> bool:
        """Whether the load was reduced because the computer cannot keep up, and a frame made."""
        if self.strain is None or not self.maker.frames:
            return False
        load = Load(self.audio_seconds, self._left(position), self.maker.speed)
        acted = self.guard("overload protection failed", self.strain.look, load)
        self.lookahead = self.strain.lookahead
        if acted:
            self._frame()
            self.takes.give_in()  # returning would discard the remaining audio
        return bool(acted)

    def _position(self) -> int:
        """The first sample that can still be replaced; from the clock if the output does not report
        it."""
        now = awake.now()
        position = self.guard("the output does not report its position", self.output.position)
        if position is None:
            at, position = self._seen
            return min(position + round((now - at) * self._rate), self.maker.samples)
        self._seen = (now, position)
        return position

    def _settle(self, position: int) -> None:
        """Frames that start before `position` are final: record them."""
        self.keeper.keep(self.takes.settle(position))

    def _finish(self) -> None:
        """Settle everything, and complete recordings and log."""
        if self._abandoned:
            self.ended = True
            return
        self.guard("the played audio could not be stored", self._settle, self.maker.samples)
        self.sounds_until = time.monotonic() + self._ahead(self._position())
        self.finishing, self.beat = True, awake.now()
        ROOM.tell(short=False)
        # The files end while the last of the music sounds: should the output hang, they are whole.
        self.keeper.end(self.maker.samples, meanwhile=self._close_output)
        self.ended = True

    def _close_output(self) -> None:
        self.guard("closing the output failed", self.output.close)
        self.beat = awake.now()

    def _frame(self) -> None:
        """One frame: controls in, audio out."""
        self.takes.notice()
        frame = self.maker.make()
        self.takes.add(frame)
        self.guard("the effect of a change could not be measured", self.takes.compare, frame)
        self._unwritten.append((frame.first, frame.block))
        self.guard("the output refused a block", self._write)

    def _write(self) -> None:
        """Write the new block, after those that the output has not accepted."""
        while self._unwritten:
            self.output.write(*self._unwritten[0])
            self._unwritten.popleft()

    def _tell(self, words: str, error: BaseException) -> None:
        log.error("%s", words, exc_info=error)
        self.controls.tell_error(words)

    def _ahead(self, position: int) -> float:
        """Seconds of the newest take that the output has not settled yet."""
        return (self.maker.samples - position) / self._rate

    def _left(self, position: int) -> float:
        """Seconds of any take: older ones play if nothing newer arrives in time."""
        return (self.takes.reached - position) / self._rate
