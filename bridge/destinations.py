"""Opens the destinations of a set: the output, recordings, and the control log beside a
recording."""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
from pathlib import Path

import torch

from bridge.audio.output import DeviceOutput, Output, OutputUnavailable, PacedOutput
from bridge.instrument import Instrument, window_of
from bridge.recording.disk import remove
from bridge.recording.log import ControlLog, build, direction_fingerprint
from bridge.recording.recorder import Recorder, is_sound_file
from bridge.settings import Settings
from musicrfm.files.paths import path_of
from musicrfm.files.writing import unused
from musicrfm.model import MusicModel

log = logging.getLogger(__name__)

SESSION_FILE = "session.flac"
LOG_SUFFIX = ".jsonl"  # of the control log beside a recording
ROOM_SECONDS = 3600.0  # recording time that a disk should have space for


def open_output(
    settings: Settings, model: MusicModel, fallback: bool = True
) -> tuple[Output, list[Recorder]]:
    """The requested output, and the recorder of a file that replaces it.

    A file replaces it if no audio can be played and no output was requested; without `fallback`,
    that raises OutputUnavailable.
    """
    wanted, rate, lookahead = settings.output, model.sample_rate, settings.lookahead
    if wanted == "none":
        return PacedOutput(rate, "none", lookahead, settings.fast), []
    if wanted is not None and is_sound_file(wanted):
        recorder = open_recorder(wanted, model, settings.fast, settings.overwrite)
        return PacedOutput(rate, str(recorder.path), lookahead, settings.fast), [recorder]
    device = DeviceOutput(
        wanted,
        rate,
        model.channels,
        lookahead,
        settings.ring,
        settings.device_latency,
        settings.outputs,
        settings.cue,
    )
    try:
        device.open()
    except OutputUnavailable as error:
        if not fallback:
            device.close()
            raise
        recorder = open_recorder(SESSION_FILE, model)
        path, recorders = str(recorder.path), [recorder]
        log.warning("no audio output: %s; playing in real time into %s instead", error.reason, path)
        if not error.may_come:
            return PacedOutput(rate, path, lookahead), recorders
        log.warning("an audio output that appears later is used")
        device.wait(path)
        return device, recorders
    except BaseException:
        device.close()
        raise
    return device, []


def open_recorder(
    path: str,
    model: MusicModel,
    wait: bool = False,
    overwrite: bool = False,
) -> Recorder:
    """See `Recorder`; logs a changed name and low disk space."""
    recorder = Recorder(path, model.sample_rate, model.channels, model.frame_size, wait, overwrite)
    if recorder.path != recorder.asked:
        log.warning("%s exists already, so this is written to %s", recorder.asked, recorder.path)
    with contextlib.suppress(OSError):
        room = shutil.disk_usage(recorder.path.parent).free
        seconds = room / (3 * model.sample_rate * model.channels)
        if seconds < ROOM_SECONDS and not wait:
            log.warning("the disk has space for %.0f minutes of recording", seconds / 60)
    return recorder


def open_control_log(
    settings: Settings, played: Instrument, recording: Path | None = None
) -> ControlLog:
    """The control log beside the recording, with all data for `bridge replay`."""
    stream, model = played.stream, played.model
    header = {
        "build": build(),
        "model": _absolute(settings.model),
        "weights": model.whole_fingerprint,
        "device": model.device.type,
        "dtype": model.precision,
        "threads": torch.get_num_threads(),
        "seed": settings.seed,
        "stream": {
            "early": settings.early,
            "window_seconds": window_of(stream),
            "cache": settings.cache,
            "continue_from": None if stream.take is None else stream.take.tolist(),
            "hear_take": settings.hear_take,
        },
        "smoothing": settings.smoothing,
        "seconds": settings.seconds,
        "steer": [_absolute(setting.name) for setting in settings.steer],
        "directions": {
            address: direction_fingerprint(direction)
            for address, direction in played.directions.items()
        },
        "start": dict(played.controls.snapshot().values),
    }
    sound = recording or path_of(str(settings.record))
    place = log_place(sound)
    if settings.overwrite:
        place = sound.with_suffix(LOG_SUFFIX)
        remove(place)
    return ControlLog(place, header, model.sample_rate)


def log_place(sound: Path) -> Path:
    """The path of a recording's control log: `set.jsonl` beside `set.flac`, or, if that belongs to
    another recording, `set.flac.jsonl`."""
    place = sound.with_suffix(LOG_SUFFIX)
    if os.path.lexists(place):
        place = unused(sound.with_name(f"{sound.name}{LOG_SUFFIX}"))
    return place


def _absolute(name: str) -> str:
    """A name unchanged, a path made absolute."""
    path = path_of(name)
    return str(path.resolve()) if name != "nano" and path.exists() else name
