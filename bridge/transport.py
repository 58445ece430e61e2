"""The clock of the rest of the stage: MIDI clock, or Ableton Link where that is installed.

It says how fast the others play, where in the beat they are and whether they play at all; `Follow`
lets a set start and stop with them, and hold their tempo.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from bridge.controls import Controls
from bridge.repeating import Repeating
from musicrfm.errors import MusicRFMError

log = logging.getLogger(__name__)

TICKS_A_BEAT = 24  # MIDI clock
WINDOW = 2 * TICKS_A_BEAT  # of which the tempo is taken
SILENT_SECONDS = 1.0  # without a tick, there is no clock
FOLLOW_SECONDS = 0.02
TEMPO_STEP = 0.5  # BPM; a clock that trembles by less is the same tempo
JOIN_SECONDS = 0.5  # a Link that is enabled at once may push its own tempo on the others


class Transport(Protocol):
    """`bpm`, `beat` and `playing` are None while nobody says so.

    bpm: beats a minute. beat: beats since the start, with the part of the one that is going on.
    source: "midi" or "link".
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


class MidiTransport:
    """MIDI clock, start, stop, continue and song position, of the first port that sends any."""

    source = "midi"

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._port: str | None = None
        self._times: deque[float] = deque(maxlen=WINDOW + 1)
        self._ticks = -1  # the number of the latest tick since the start
        self._playing: bool | None = None

    def tick(self, at: float, port: str = "") -> None:
        """One of 24 a beat came at this moment, in seconds of `time.monotonic`."""
        with self._lock:
            if self._times and at - self._times[-1] > SILENT_SECONDS:
                self._times.clear()
                self._port = None
            if self._port not in (None, port):
                return
            self._port = port
            self._times.append(at)
            if self._playing is not False:
                self._ticks += 1

    def hear(self, message: Any, port: str = "") -> None:
        """A `mido` message; those that are no transport mean nothing."""
        with self._lock:
            if self._port not in (None, port) and self._alive():
                return
            if message.type == "start":
                self._playing, self._ticks = True, -1  # the next tick is the first beat
            elif message.type == "continue":
                self._playing = True
            elif message.type == "stop":
                self._playing = False
            elif message.type == "songpos":  # in sixteenths
                self._ticks = message.pos * TICKS_A_BEAT // 4 - 1

    @property
    def bpm(self) -> float | None:
        with self._lock:
            if not self._alive() or len(self._times) <= TICKS_A_BEAT // 2:
                return None
            times = np.array(self._times)
        # A line through all of them: a single late tick hardly turns it.
        seconds = float(np.polyfit(np.arange(len(times)), times - times[0], 1)[0])
        return 60.0 / (TICKS_A_BEAT * seconds) if seconds > 1e-4 else None

    @property
    def beat(self) -> float | None:
        bpm = self.bpm
        with self._lock:
            if bpm is None or self._ticks < 0:
                return None
            since = 0.0
            if self._playing is not False:
                since = (self._clock() - self._times[-1]) * bpm / 60.0
            return self._ticks / TICKS_A_BEAT + min(max(since, 0.0), 1.0 / TICKS_A_BEAT)

    @property
    def playing(self) -> bool | None:
        return self._playing

    def close(self) -> None:
        """There is nothing to put away: the ports are not ours."""

    def _alive(self) -> bool:
        return bool(self._times) and self._clock() - self._times[-1] <= SILENT_SECONDS


class LinkTransport:
    """Ableton Link: the tempo that everyone on the network agrees on. We never set it.

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
        self._error: Exception | None = None
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="link", daemon=True)
        self._thread.start()
        self._ready.wait(10.0)
        if self._link is None:
            raise MusicRFMError(f"Ableton Link cannot be used: {self._error or 'no answer'}")

    @property
    def peers(self) -> int:
        return int(self._link.num_peers)

    @property
    def bpm(self) -> float | None:
        return float(self._link.tempo) if self.peers else None

    @property
    def beat(self) -> float | None:
        return float(self._link.beat) if self.peers else None

    @property
    def playing(self) -> bool | None:
        return bool(self._link.playing) if self.peers else None

    def close(self) -> None:
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(5.0)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._join())
            self._loop.run_forever()
            self._link.enabled = False
        except Exception as error:
            self._error = error
            log.warning("Ableton Link: %s", error)
        finally:
            self._ready.set()
            self._loop.close()

    async def _join(self) -> None:
        self._link = self._make(120.0)
        self._ready.set()
        await asyncio.sleep(JOIN_SECONDS)
        self._link.start_stop_sync_enabled = True
        self._link.enabled = True


class Follow(Repeating):
    """Lets the controls go with a transport, in its own thread.

    play: /play follows its start and stop. tempo: /tempo/target follows its tempo. What someone
    else sets in between stays until the transport itself changes.
    """

    def __init__(
        self, transport: Transport, controls: Controls, play: bool = False, tempo: bool = False
    ) -> None:
        super().__init__("transport", FOLLOW_SECONDS, "the transport could not be followed")
        self._transport, self._controls = transport, controls
        self._play, self._tempo = play, tempo
        self._was_playing: bool | None = None
        self._was_bpm: float | None = None

    def update(self) -> None:
        """Do what the transport has done since the last time."""
        playing = self._transport.playing
        if self._play and playing is not None and playing != self._was_playing:
            self._controls.set("/play", int(playing), self._transport.source)
        if playing is not None:
            self._was_playing = playing
        bpm = self._transport.bpm
        if self._tempo and bpm is not None:
            target = self._controls.parameters["/tempo/target"]
            moved = self._was_bpm is None or abs(bpm - self._was_bpm) >= TEMPO_STEP
            if moved and 40.0 <= bpm <= target.high:
                self._was_bpm = bpm
                self._controls.set(target.address, round(bpm, 1), self._transport.source)
