"""The settings of a set, from the command line and the rig."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

from bridge.audio.output import RING_SECONDS
from bridge.controls.parameters import Value
from bridge.network.hosts import Network
from bridge.osc.port import SAME
from bridge.recording.recorder import is_sound_file
from bridge.rig import Rig, SteerSetting
from musicrfm.errors import MusicRFMError
from musicrfm.files.paths import path_of
from musicrfm.files.writing import check_place, place_for

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Settings:
    """All settings of a set. Times are in seconds; `start` maps addresses to values."""

    start: dict[str, Value]
    model: str = "nano"
    device: str | None = None
    dtype: str = "auto"
    seed: int = 0
    steer: tuple[SteerSetting, ...] = ()
    output: str | None = None
    device_latency: str = "low"
    outputs: tuple[int, ...] | None = None  # of the sound card, counted from 1
    cue: tuple[int, ...] | None = None  # the outputs for headphones
    seconds: float | None = None
    record: str | None = None
    stats: str | None = None
    overwrite: bool = False  # overwrite existing files
    lookahead: float = 1.5
    ring: float = RING_SECONDS
    early: bool = False
    window: float | None = None  # longest history of the decoder in seconds
    cache: str | None = None  # precision of it, beside weights in int8 or int4
    directions: str | None = None  # an archive of them: a file, or where the hub has one
    continue_from: str | None = None  # a recording to continue
    hear_take: bool = False
    smoothing: float = 0.05
    fast: bool = False
    osc_host: str = "127.0.0.1"
    osc_port: int = 9000
    osc_allow: tuple[Network, ...] = ()  # permitted hosts besides this machine; all if empty
    osc_tcp: int | str = SAME  # a different TCP port, SAME or OFF
    midi_ports: tuple[str, ...] = ()
    clock: str | None = None  # "midi" or "link"
    clock_play: bool = False  # /play follows it
    clock_tempo: bool = False  # /tempo/target follows it
    web: tuple[str, int] | None = None  # host and port of the control page
    web_hosts: tuple[str, ...] = ()  # its further host names
    rig: Rig = Rig()


def check_places(settings: Settings) -> Path | None:
    """Check all paths to write; returns the path of the statistics, if requested.

    Raises MusicRFMError, before anything is loaded, for paths that cannot be written at the end.
    """
    if settings.record and settings.output and _same_file(settings.record, settings.output):
        raise MusicRFMError(f"--output and --record cannot both write {settings.record!r}")
    for written in (settings.record, settings.output):
        if written and settings.continue_from and _same_file(written, settings.continue_from):
            raise MusicRFMError(
                f"{written!r} is the take to continue and would be overwritten: record into "
                "another file"
            )
    if settings.record and not is_sound_file(settings.record):
        raise MusicRFMError(f"{settings.record!r} must end in .flac or .wav")
    for written in (settings.record, settings.output):
        if written and is_sound_file(written):
            check_place(written)
    if not settings.stats:
        return None
    place = place_for(settings.stats, settings.overwrite)
    if place.name != path_of(settings.stats).name:
        log.warning("%s exists already, so the statistics are written to %s", settings.stats, place)
    return path_of(settings.stats)


def _same_file(one: str, other: str) -> bool:
    return path_of(one).resolve() == path_of(other).resolve()
