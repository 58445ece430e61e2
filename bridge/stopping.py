"""Ends a set within three seconds after Ctrl-C, SIGTERM or the closing of the terminal, whatever
hangs.

The signal itself wakes a separate thread, so that even a hanging main thread cannot prevent the
end: it gives the engine time to fade out, completes the recording if the engine does not, and ends
the process.
"""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import TYPE_CHECKING, cast

from bridge.recording.recorder import Recorder, say_what_is_missing

if TYPE_CHECKING:
    from bridge.engine import Engine
    from bridge.process.voice import Voice

LOOK_SECONDS = 0.05
HANG_SECONDS = 1.4  # without a move, after a signal
ENDING_SECONDS = 0.8  # the same, when all audio has been played and the files should be complete
RESCUE_SECONDS = 0.8  # time to complete the files
ONCE_SECONDS = 0.4  # time within which one Ctrl-C may arrive twice, as from `timeout`
LONGEST_SECONDS = 2.6  # time for everything after the music, unless it makes progress
SLOW_SECONDS = 15.0  # time for a slow engine
HUNG = 1  # the exit status


class Stop:
    """Whether the set should end; `engine` is the playing one, once it exists."""

    def __init__(self, voice: Voice) -> None:
        self.asked = threading.Event()
        self.number = 0  # of the signal that asked
        self.engine: Engine | None = None
        self._voice = voice
        self._over = threading.Event()
        self._numbers: frozenset[int] = frozenset()

    def listen(self, waker: socket.socket, numbers: frozenset[int]) -> None:
        """End the set at one of these signals, whose number arrives from `waker`."""
        self._numbers = numbers
        threading.Thread(target=self._wait, args=(waker,), name="stop", daemon=True).start()

    @property
    def status(self) -> int:
        """The exit status, as in shells, of a set that a signal ended early; 0 without."""
        return 128 + self.number if self.number else 0

    def over(self) -> None:
        """The set has ended: nothing remains to be done."""
        self._over.set()

    def _wait(self, waker: socket.socket) -> None:
        while not self._over.is_set():
            try:
                numbers = waker.recv(64)
                if not numbers:
                    return
                for number in numbers:
                    if number in self._numbers:
                        self.number = number
                        self.asked.set()
                        self._surely_see_to_it(number, waker)
            except OSError:
                return
            except BaseException:
                continue

    def _surely_see_to_it(self, number: int, waker: socket.socket) -> None:
        try:
            self._see_to_it(number, waker)
        except BaseException:
            if not self._over.wait(LONGEST_SECONDS):
                self._end(HUNG)

    def _see_to_it(self, number: int, waker: socket.socket) -> None:
        began = time.monotonic()
        if self.engine is None:  # nothing has been played, and there is nothing to keep
            self._end(128 + number)
            return
        engine = self.engine
        engine.stop()  # the main thread may hang, too
        seen, moved = None, began
        waker.setblocking(False)
        while not self._over.wait(LOOK_SECONDS):
            now = time.monotonic()
            at, seen = seen, (engine.finishing, engine.ended, engine.beat, missing(engine))
            moved = now if at != seen else moved
            still, gone = now - max(moved, engine.sounds_until), now - began
            if _again(waker) and gone > ONCE_SECONDS:
                self._hung(engine, kept=self._rescued(engine))
            if engine.ended or engine.finishing:
                quiet = HANG_SECONDS if engine.ended else ENDING_SECONDS
                if gone > LONGEST_SECONDS and still > quiet:
                    self._hung(engine, kept=not missing(engine))
            elif still > HANG_SECONDS or gone > SLOW_SECONDS:
                self._hung(engine, kept=self._rescued(engine))

    def _rescued(self, engine: Engine) -> bool:
        """Whether the recordings of a hanging engine could be completed."""

        def keep() -> None:
            saved.append(engine.rescue(RESCUE_SECONDS) and not missing(engine))

        saved: list[bool] = []
        thread = threading.Thread(target=keep, daemon=True)
        try:
            thread.start()
        except RuntimeError:  # there is no memory for one
            return False
        thread.join(RESCUE_SECONDS + 0.1)
        return saved == [True]

    def _hung(self, engine: Engine, kept: bool) -> None:
        for recorder in engine.recorders:
            if hasattr(recorder, "missing"):
                say_what_is_missing(cast(Recorder, recorder))
        what = "the recording is complete" if kept else "part of the recording is missing"
        self._voice.say(
            f"error: a part of the bridge hung, so the set was ended; {what}", error=True
        )
        self._end(HUNG)

    def _end(self, status: int) -> None:
        if not self._over.is_set():
            self._voice.show("")
            self._voice.flush(0.2)
            os._exit(status)


def _again(waker: socket.socket) -> bool:
    """Whether Ctrl-C came once more: then nobody waits for a fade."""
    try:
        return int(signal.SIGINT) in waker.recv(64)
    except OSError:
        return False


def missing(engine: Engine) -> list[tuple[float, float]]:
    """What is in no file of its recordings."""
    return [gap for recorder in engine.recorders for gap in getattr(recorder, "missing", ())]


@contextmanager
def stopping(voice: Voice) -> Iterator[Stop]:
    """The object that Ctrl-C, SIGTERM and SIGHUP notify; a second Ctrl-C skips the fade."""
    stop = Stop(voice)

    def handle(number: int, frame: FrameType | None) -> None:
        stop.number = number
        stop.asked.set()  # never raises: an interrupted `join` would take its thread for ended

    signals = [signal.SIGINT, signal.SIGTERM]
    hang_up = getattr(signal, "SIGHUP", None)  # Windows has none
    if hang_up is not None and signal.getsignal(hang_up) != signal.SIG_IGN:  # as nohup sets it
        signals.append(hang_up)
    woken, waker = socket.socketpair()
    waker.setblocking(False)
    before = {number: signal.signal(number, handle) for number in signals}
    woken_before = signal.set_wakeup_fd(waker.fileno(), warn_on_full_buffer=False)
    stop.listen(woken, frozenset(int(number) for number in signals))
    try:
        yield stop
    finally:
        stop.over()
        signal.set_wakeup_fd(woken_before)
        for number, handler in before.items():
            signal.signal(number, handler)
        for end in (waker, woken):
            with suppress(OSError):
                end.close()
