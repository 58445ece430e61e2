"""The external clock: MIDI clock, or Ableton Link where it is installed.

A transport reports tempo, position in the beat, and whether the other devices play; `Follow` lets a
set start and stop with them, and hold their tempo.
"""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple, Protocol

from bridge.clock.fit import SILENT_SECONDS, TICKS_A_BEAT, ClockFit
from bridge.controls.controls import Controls
from bridge.process.repeating import Repeating
from bridge.process.threads import supervised
from musicrfm.errors import MusicRFMError

TICKS_A_STEP = TICKS_A_BEAT // 4  # song positions are in sixteenths
FOLLOW_SECONDS = 0.02
TEMPO_STEP = 0.5  # BPM; smaller variations are ignored
JOIN_SECONDS = 0.5  # a Link enabled at once may impose its tempo on the others


class Transport(Protocol):
    """`bpm`, `beat` and `playing` are None while unknown.

    bpm: beats per minute. beat: beats since the start, including the fraction. source: "midi" or
    "link".
    """

    @property
    def bpm(self) -> float | None: ...

    @property
    def beat(self) -> float | None: ...

    @property
    def playing(self) -> bool | None: ...

    @property
    def source(self) -> str: ...

    def close(self) -> None: ...


class Phase(NamedTuple):
    """The current position of a clock. beat: since the start. error: its standard error in beats;
    it does not include a constant delay of the ticks, which cannot be measured. bpm: beats per
    minute."""

    beat: float
    error: float
    bpm: float


class MidiTransport:
    """MIDI clock, start, stop, continue and song position, from the first port that sends any."""

    source = "midi"

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._port: str | None = None
        self._fit = ClockFit()
        self._held = -1  # the position while stopped, in ticks; -1 before the first
        self._playing: bool | None = None

    def tick(self, at: float, port: str = "") -> None:
        """Process a clock tick (24 per beat) at this time, in seconds of `time.monotonic`. Never
        raises."""
        if not math.isfinite(at):
            return
        with self._lock:
            if self._port not in (None, port) and abs(at - self._fit.last) <= SILENT_SECONDS:
                return
            self._port = port
            self._fit.tick(at)

    def hear(self, message: Any, port: str = "") -> None:
        """Process a `mido` message; other messages are ignored."""
        with self._lock:
            if self._port not in (None, port) and self._alive():
                return
            if message.type == "start":
                self._playing = True
                self._fit.count_from(0, anew=True)  # the next tick is the first beat
            elif message.type == "continue":
                if self._playing is False:
                    self._fit.count_from(self._held + 1, anew=True)
                self._playing = True
            elif message.type == "stop":
                if self._playing is not False:
                    self._held = self._fit.counted
                self._playing = False
            elif message.type == "songpos":
                position = message.pos * TICKS_A_STEP
                self._held = position - 1
                if self._playing is not False:
                    self._fit.count_from(position)

    @property
    def bpm(self) -> float | None:
        with self._lock:
            return self._fit.bpm if self._alive() else None

    @property
    def beat(self) -> float | None:
        phase = self.phase
        return None if phase is None else phase.beat

    @property
    def phase(self) -> Phase | None:
        """None before a tempo and a first beat. It continues through a stall."""
        with self._lock:
            place, bpm = self._fit.place(self._clock()), self._fit.bpm
            counted = self._held if self._playing is False else self._fit.counted
            if place is None or bpm is None or counted < 0 or not self._alive():
                return None
            if self._playing is False:
                return Phase(counted / TICKS_A_BEAT, 0.0, bpm)
            return Phase(max(place.ticks, 0.0) / TICKS_A_BEAT, place.error / TICKS_A_BEAT, bpm)

    @property
    def playing(self) -> bool | None:
        return self._playing

    def close(self) -> None:
        """Nothing to close: the ports belong to others."""

    def _alive(self) -> bool:
        return self._clock() - self._fit.last <= SILENT_SECONDS


class LinkTransport:
    """Ableton Link: the shared tempo of the network, which this program never sets.

    Raises MusicRFMError if the library is not installed or cannot be used.
    """

    source = "link"

    def __init__(self) -> None:
        try:
            from aalink import Link
        except ImportError as error:
            raise MusicRFMError(
                "the clock link needs the package aalink: "
                f"pip install 'musicrfm-bridge[link]' ({error})"
            ) from None
        self._make = Link
        self._link: Any = None
        self._error: BaseException | None = None
        self._ready, self._over = threading.Event(), threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = supervised(
            "link", self._run, self._over, "the Ableton Link session is joined again"
        )
        self._thread.start()
        self._ready.wait(10.0)
        if self._link is None:
            self._over.set()
            raise MusicRFMError(f"Ableton Link cannot be used: {self._error or 'no answer'}")

    @property
    def peers(self) -> int:
        return int(self._link.num_peers)

    @property
    def bpm(self) -> float | None:
        bpm = float(self._link.tempo) if self.peers else math.nan
        return bpm if math.isfinite(bpm) and bpm > 0 else None

    @property
    def beat(self) -> float | None:
        beat = float(self._link.beat) if self.peers else math.nan
        return beat if math.isfinite(beat) else None

    @property
    def playing(self) -> bool | None:
        return bool(self._link.playing) if self.peers else None

    def close(self) -> None:
        self._over.set()
        if self._thread.is_alive():
            if (loop := self._loop) is not None:
                with suppress(RuntimeError):  # it is closed already
                    loop.call_soon_threadsafe(loop.stop)
            self._thread.join(5.0)

    def _run(self) -> None:
        """Stay a peer until closed; called again after a failure."""
        loop = self._loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        try:
            loop.run_until_complete(self._join())
            if not self._over.is_set():
                loop.run_forever()
            self._link.enabled = False
        except BaseException as error:
            if self._over.is_set():
                return
            self._error = error
            with suppress(Exception):
                self._link.enabled = False  # there will be another
            raise
        finally:
            self._ready.set()
            loop.close()

    async def _join(self) -> None:
        self._link = self._make(120.0)
        self._ready.set()
        await asyncio.sleep(JOIN_SECONDS)
        self._link.start_stop_sync_enabled = True
        self._link.enabled = True


class Follow(Repeating):
    """Lets the controls follow a transport, on a separate thread.

    play: /play follows its start and stop. tempo: /tempo/target follows its tempo. Values set by
    others stay until the transport itself changes.
    """

    def __init__(
        self, transport: Transport, controls: Controls, play: bool = False, tempo: bool = False
    ) -> None:
        super().__init__("transport", FOLLOW_SECONDS, "following the transport failed")
        self._transport, self._controls = transport, controls
        self._play, self._tempo = play, tempo
        self._was_playing: bool | None = None
        self._was_bpm: float | None = None

    def update(self) -> None:
        """Apply the transport's changes since the last call."""
        playing = self._transport.playing
        if self._play and playing is not None and playing != self._was_playing:
            self._controls.set("/play", int(playing), self._transport.source)
        if playing is not None:
            self._was_playing = playing
        bpm = self._transport.bpm
        if self._tempo and bpm is not None:
            target = self._controls.parameters["/tempo/target"]
            moved = self._was_bpm is None or abs(bpm - self._was_bpm) >= TEMPO_STEP
            if moved and 40.0 <= bpm <= (target.high or 0.0):
                self._was_bpm = bpm
                self._controls.set(target.address, round(bpm, 1), self._transport.source)
