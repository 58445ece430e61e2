"""Writes what is played into a sound file, on a thread of its own.

The engine only puts blocks into a queue, so a slow disk never delays the music, and a full one
ends the recording, not the set.
"""

from __future__ import annotations

import logging
import queue
import threading
from pathlib import Path

import numpy as np
import soundfile

from musicrfm.errors import MusicRFMError
from musicrfm.paths import path_of

log = logging.getLogger(__name__)

SUFFIXES = (".flac", ".wav")
QUEUE_SECONDS = 60.0  # how long the disk may stall before blocks are dropped


def is_sound_file(name: str) -> bool:
    return Path(name).suffix.lower() in SUFFIXES


class Recorder:
    """A FLAC or WAV file (24 bit) that is being written.

    `wait` lets `write` block while the disk catches up, for writing faster than real time; without
    it, blocks that do not fit are counted in `dropped`. Raises MusicRFMError if the file cannot be
    made.
    """

    def __init__(
        self, path: str | Path, rate: int, channels: int, frame_size: int = 640, wait: bool = False
    ) -> None:
        self.path = path_of(path)
        if not is_sound_file(self.path.name):
            raise MusicRFMError(f"{str(path)!r} must end in .flac or .wav")
        try:
            self._file = soundfile.SoundFile(
                self.path, "w", samplerate=rate, channels=channels, subtype="PCM_24"
            )
        except (soundfile.LibsndfileError, OSError) as error:
            raise MusicRFMError(f"cannot write {str(path)!r}: {error}") from None
        self.dropped = 0
        self.failed = False
        self._wait = wait
        self._queue: queue.Queue[np.ndarray | None] = queue.Queue(
            maxsize=max(2, round(QUEUE_SECONDS * rate / frame_size))
        )
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
        self._thread.start()

    def write(self, audio: np.ndarray) -> None:
        """Queue a block [samples, channels]; the caller must not change it afterwards."""
        if self.failed:
            return
        try:
            self._queue.put(audio, block=self._wait)
        except queue.Full:
            self.dropped += 1

    def close(self) -> None:
        """Write what is queued and finish the file. Safe to call twice."""
        if self._thread.is_alive():
            self._queue.put(None)
            self._thread.join()

    def _run(self) -> None:
        with self._file as file:
            while (audio := self._queue.get()) is not None:
                if self.failed:
                    continue
                try:
                    file.write(audio)
                except Exception as error:  # a full disk shows as any of several
                    self.failed = True
                    log.error("recording to %s ended: %s", self.path, error)
