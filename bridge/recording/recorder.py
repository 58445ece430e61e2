"""Writes the played audio to sound files, on a separate thread, surviving disk failures.

The engine only puts blocks into a queue, so a slow disk never delays the music. What the disk does
not take is kept in memory and tried again; where the file itself is lost, the recording goes on in
the next one, and what cannot be kept is silence of the same length. At the end `missing` says what
is in no file.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import queue
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from bridge.process.threads import supervised
from bridge.recording.disk import FULL, LOST, remove
from bridge.recording.part import SUFFIXES, Part
from musicrfm.errors import MusicRFMError
from musicrfm.files.paths import path_of
from musicrfm.files.writing import check_place, reason, unused

log = logging.getLogger(__name__)

QUEUE_SECONDS = 300.0  # of audio kept while the disk accepts nothing
SYNC_SECONDS = 1.0  # the most that a power cut can cost
RETRY_SECONDS = 0.5
NEW_FILE_SECONDS = 2.0  # of errors other than a full disk, before another file is tried
END_SECONDS = 2.0  # time for a failing disk to accept the rest at the end
SLOW_SECONDS = 30.0  # for one that is only slow


def is_sound_file(name: str) -> bool:
    return Path(name).suffix.lower() in SUFFIXES


def say_what_is_missing(recorder: Recorder) -> bool:
    """Log the seconds that are in no file; returns whether there are any."""
    missing = recorder.missing
    if missing:
        told = ", ".join(f"{first:.1f} to {last:.1f} s" for first, last in missing[:10])
        log.error(
            "the recording %s lacks %s%s%s",
            *(recorder.asked, told, ", …" if len(missing) > 10 else ""),
            f": {recorder.why}" if recorder.why else "",
        )
    return bool(missing)


class Recorder:
    """FLAC or WAV files (24 bit) being written, the first of them `path`.

    An existing file is not overwritten unless `overwrite`: the new one is then named `NAME-2`, and
    so on. `wait` lets `write` block while the disk catches up, for writing faster than real time.
    `on_part` is called on the recorder's thread for each further file, with its name and the number
    of its first sample. Raises MusicRFMError if no file can be created.
    """

    def __init__(
        self,
        path: str | Path,
        rate: int,
        channels: int,
        frame_size: int = 640,
        wait: bool = False,
        overwrite: bool = False,
    ) -> None:
        self.asked = path_of(path)
        if not is_sound_file(self.asked.name):
            raise MusicRFMError(f"{str(path)!r} must end in .flac or .wav")
        check_place(path)
        self._rate, self._channels = rate, channels
        try:
            if overwrite:
                remove(self.asked)
            self._part = self._new_part(0)
        except OSError as error:
            raise MusicRFMError(f"cannot write {str(path)!r}: {reason(error)}") from None
        self.path = self._part.path
        self.on_part: Callable[[str, int], None] | None = None
        self.trouble = ""  # the current error of the disk; "" if none
        self.why = ""  # the last error that cost audio
        self.failed = False  # the recorder has given up
        self._parts = [self._part]
        self._holes: list[tuple[int, int]] = []  # samples that are silent, as theirs were lost
        self._written = 0  # number of received samples
        self._wait = wait
        self._synced = 0.0
        self._closing: float | None = None  # since when
        self._queue: queue.Queue[tuple[int, np.ndarray] | None] = queue.Queue(
            maxsize=max(2, round(QUEUE_SECONDS * rate / frame_size))
        )
        self._thread = supervised("recorder", self._run, threading.Event(), "the recorder restarts")
        self._thread.start()

    def write(self, audio: np.ndarray) -> None:
        """Queue a block [samples, channels]; the caller must not change it afterwards."""
        block = self._written, audio
        self._written += len(audio)
        while not self.failed:
            try:
                self._queue.put(block, block=self._wait, timeout=0.2)
                return
            except queue.Full:
                if not self._wait:
                    return  # the disk has accepted nothing for minutes: the block is lost

    def close(self) -> None:
        """Write the queue and complete the file; repeated calls are harmless.

        Waits for a disk no longer than necessary: `missing` lists the audio that is in no file.
        """
        if self._closing is not None:
            return
        self._closing = moved = time.monotonic()
        with contextlib.suppress(queue.Full):
            self._queue.put_nowait(None)  # it need not wait for the next look
        at = None
        while self._thread.is_alive():
            self._thread.join(0.05)
            now = time.monotonic()
            at, before = (self._queue.qsize(), self._part.saved), at
            moved = now if at != before else moved
            slow = not self._wait and now - self._closing > SLOW_SECONDS
            if now - moved > END_SECONDS + 0.3 or slow:
                self.trouble = self.why = self.trouble or "the disk does not answer"
                break

    @property
    def missing(self) -> list[tuple[float, float]]:
        """The audio that is in no file, as (from, to) in seconds of the set."""
        return [(first / self._rate, end / self._rate) for first, end in self._gaps(self._written)]

    def _gaps(self, until: int = 0) -> list[tuple[int, int]]:
        """The parts that are silent in a file, lie between the files or, if later, before
        `until`."""
        gaps, at = list(self._holes), 0
        for first, end in [*((p.first, p.saved) for p in self._parts), (until, until)]:
            if first > at:
                gaps.append((at, first))
            at = max(at, end)
        return sorted(gaps)

    # ---- the recorder's thread ----

    def _run(self) -> None:
        while not self.failed:
            try:
                block = self._queue.get(timeout=SYNC_SECONDS / 4)
            except queue.Empty:
                block = None
            if block is None and self._closing is not None and self._queue.empty():
                break
            self._persist(self._take, block)
        self._persist(lambda _: self._part.finish(), None)
        if self.failed:
            self._part.abandon()
        for part in self._parts[:-1]:
            part.mend()

    def _take(self, block: tuple[int, np.ndarray] | None) -> None:
        """Write the next block, if any, to the disk. Raises OSError; may be repeated."""
        if block is not None and block[0] >= self._part.end:
            first, audio = block
            if self._part.full:
                self._part.finish()
                self._begin(self._part.end)
            self._fill(first)
            try:
                self._part.write(audio)
            except (ValueError, TypeError, RuntimeError) as error:
                log.error("a block of %s samples cannot be recorded: %s", np.shape(audio), error)
                self._part.write(np.zeros((len(audio), self._channels), np.float32))
        self._part.flush()
        self._part.tell()
        if time.monotonic() - self._synced > SYNC_SECONDS:
            self._part.sync()
            self._synced = time.monotonic()

    def _fill(self, first: int) -> None:
        """What is lost before a sample is silence, so that sound and control log stay together."""
        if (begin := self._part.end) >= first:
            return
        self._holes.append((begin, first))
        told = begin / self._rate, first / self._rate
        log.error("the recording %s is silent from %.1f to %.1f s", self._part.path, *told)
        while (left := first - self._part.end) > 0:
            samples = min(left, self._rate)
            self._part.write(np.zeros((samples, self._channels), np.float32))

    def _persist(self, act: Callable, *about: object) -> None:
        """Repeat until the disk accepts it; gives up only when the set is over, or a writer waits.

        A full disk may get space again, and a lost one may return.
        """
        began = time.monotonic()
        while not self.failed:
            try:
                act(*about)
                if self.trouble:
                    log.warning("recording to %s continues", self._part.path)
                    self.trouble = ""
                    if not self._gaps():
                        self.why = ""  # it cost nothing
                return
            except Exception as error:
                self._say(error)
                code = getattr(error, "errno", None)
            now = time.monotonic()
            since = self._closing if self._closing is not None else began if self._wait else now
            useless = code in FULL or (code in LOST and self._part.saved == self._part.first)
            if now - since > END_SECONDS:
                self.failed = True
                log.error("recording to %s ended: %s", self._part.path, self.trouble)
            elif not useless and (code in LOST or now - began > NEW_FILE_SECONDS):
                self._save_elsewhere(code)
                began = now
            else:
                self._rest()

    def _say(self, error: Exception) -> None:
        told = reason(error) if isinstance(error, OSError) else f"{type(error).__name__}: {error}"
        if told != self.trouble:
            log.error("recording to %s: %s; the bridge tries again", self._part.path, told)
        self.trouble = self.why = told

    def _save_elsewhere(self, code: int | None) -> None:
        """Write the data that the file lacks to the next one, if that can be created."""
        lost = self._part
        try:
            self._begin(lost.saved)
        except OSError as error:
            self._say(error)
            self._rest()
            return
        for audio in lost.abandon():
            self._part.write(audio)
        if code == errno.ENOENT:
            lost.saved = lost.first  # the file was deleted

    def _rest(self) -> None:
        time.sleep(RETRY_SECONDS if self._closing is None else 0.05)

    def _begin(self, first: int) -> None:
        """The next file, from sample number `first` on. Raises OSError."""
        self._part = self._new_part(first)
        self._parts.append(self._part)
        log.warning(
            "the recording continues in %s, from %.1f s", self._part.path, first / self._rate
        )
        if self.on_part is not None:
            self.on_part(self._part.path.name, first)

    def _new_part(self, first: int) -> Part:
        while True:
            place = unused(self.asked)
            try:
                return Part(place, self._rate, self._channels, first)
            except FileExistsError:  # another program was quicker
                continue
