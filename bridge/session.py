"""One set from its first sound to its last: puts the parts together, plays, and puts them away.

What can be wrong with the settings is found before anything sounds; what goes wrong while playing
is reported and played through.
"""

from __future__ import annotations

import contextlib
import gc
import json
import logging
import os
import platform
import shutil
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch

from bridge.audio.output import RING_SECONDS, DeviceOutput, Output, OutputUnavailable, PacedOutput
from bridge.clock.tempo import TempoHold
from bridge.clock.transport import Follow, LinkTransport, MidiTransport
from bridge.controls.controls import Controls, Value, namespace, steer_address
from bridge.controls.presets import Presets
from bridge.engine import Engine
from bridge.meters import Meters
from bridge.midi.controllers import MidiInput
from bridge.midi.learn import learn
from bridge.network.hosts import Network
from bridge.osc.port import SAME, offer, open_port
from bridge.overload import Strain
from bridge.process.awake import Watch
from bridge.process.handles import RESERVE, raise_limit
from bridge.process.threads import Guard
from bridge.process.voice import Voice, speaking
from bridge.recording.disk import remove
from bridge.recording.log import ControlLog, build, direction_fingerprint, model_fingerprint
from bridge.recording.recorder import Recorder, is_sound_file, say_what_is_missing
from bridge.reload import Reloader
from bridge.rig import Rig, SteerSetting
from bridge.rig_effects import effects
from bridge.status import StatusLine, logged
from bridge.stopping import Stop, stopping
from bridge.watchdog import Watchdog
from musicrfm.directions import Direction, list_directions
from musicrfm.errors import MusicRFMError
from musicrfm.files.paths import path_of
from musicrfm.files.writing import check_place, place_for, unused, write_text
from musicrfm.model import MusicModel
from musicrfm.steering.layers import layer_weights
from musicrfm.steering.schedules import parse_schedule
from musicrfm.steering.setting import checked_inject_per
from musicrfm.stream import MusicStream, checked_steer_guidance

log = logging.getLogger(__name__)

SESSION_FILE = "session.flac"
LOG_SUFFIX = ".jsonl"  # of the control log beside a recording
ROOM_SECONDS = 3600.0  # that a disk should have for a recording
STATUS_SECONDS = 0.2
END_SECONDS = 15.0  # how long the engine may take to fade and let the device go


@dataclass(frozen=True)
class Settings:
    """Everything a set needs to know. Times are in seconds; `start` maps addresses to values."""

    start: dict[str, Value]
    model: str = "nano"
    device: str | None = None
    dtype: str = "auto"
    seed: int = 0
    steer: tuple[SteerSetting, ...] = ()
    output: str | None = None
    device_latency: str = "low"
    outputs: tuple[int, ...] | None = None  # of the sound card, counted from 1
    cue: tuple[int, ...] | None = None  # those that are for headphones
    seconds: float | None = None
    record: str | None = None
    stats: str | None = None
    overwrite: bool = False  # files that are there
    lookahead: float = 1.5
    ring: float = RING_SECONDS
    early: bool = False
    continue_from: str | None = None  # a recording that the music goes on from
    hear_take: bool = False
    smoothing: float = 0.05
    fast: bool = False
    osc_host: str = "127.0.0.1"
    osc_port: int = 9000
    osc_allow: tuple[Network, ...] = ()  # who may use it but this machine; all if empty
    osc_tcp: int | str = SAME  # a number of its own on TCP, SAME or OFF
    midi_ports: tuple[str, ...] = ()
    clock: str | None = None  # "midi" or "link"
    clock_play: bool = False  # /play follows it
    clock_tempo: bool = False  # /tempo/target follows it
    web: tuple[str, int] | None = None  # host and port of the control page
    web_hosts: tuple[str, ...] = ()  # further names that it goes by
    rig: Rig = Rig()


def play(settings: Settings) -> int:
    """Play until Ctrl-C, SIGTERM or the end of `seconds`; returns the exit status.

    Raises MusicRFMError, before anything sounds, if a setting cannot be used.
    """
    with speaking() as voice, stopping(voice) as stop:
        return _play(settings, voice, stop)


def _play(settings: Settings, voice: Voice, stop: Stop) -> int:
    began = time.monotonic()
    raise_limit()
    status_line = StatusLine(voice)
    with ExitStack() as stack:
        said = stack.enter_context(logged(voice))
        if settings.rig.path is not None:
            print(effects(settings.rig))  # before any of it is run
        # Listening first: a port in use shows before the model has loaded.
        osc, osc_tcp = open_port(
            settings.osc_host, settings.osc_port, settings.osc_tcp, settings.osc_allow
        )
        stack.callback(osc.close)
        if osc_tcp is not None:
            stack.callback(osc_tcp.close)
        web = None
        if settings.web is not None:
            from bridge.web.server import WebServer  # only those who want it wait for its libraries

            web = WebServer(*settings.web, settings.web_hosts)
            stack.callback(web.close)
        stats_place = check_places(settings)
        model = MusicModel.load(settings.model, device=settings.device, dtype=settings.dtype)
        if model.small:
            torch.set_num_threads(1)
        prompt = str(settings.start["/prompt"])
        stream = MusicStream(
            model,
            prompt,
            seed=settings.seed,
            early=settings.early,
            continue_from=settings.continue_from,
            hear_take=settings.hear_take,
        )
        steers, steer_start = add_directions(stream, settings.steer, settings.rig.folder)
        controls = Controls(
            namespace(steers.values(), bool(settings.cue), model.sampling),
            {**settings.start, **steer_start},
            text_checks(model),
        )
        plan = crossfades(settings.rig, controls)
        presets = Presets(controls, settings.rig.path, settings.rig.presets)
        stack.callback(presets.close)
        midi = None
        clock, following = None, []
        if settings.clock is not None:
            clock = MidiTransport() if settings.clock == "midi" else LinkTransport()
            stack.callback(clock.close)
            following.append(Follow(clock, controls, settings.clock_play, settings.clock_tempo))
            stack.callback(following[-1].close)
        if settings.midi_ports or settings.rig.midi or settings.clock == "midi":
            midi = MidiInput(
                controls,
                settings.rig.midi,
                settings.midi_ports,
                presets,
                settings.rig.midi_feedback,
                settings.rig.path,
                clock if isinstance(clock, MidiTransport) else None,
                settings.rig.midi_mpe,
            )
            stack.callback(midi.close)
        controls.handle("/midi/learn", partial(learn, controls, midi and midi.learner))
        output, recorders = open_output(settings, model)
        stack.callback(output.close)
        control_log = None
        if settings.record:
            recorder = open_recorder(settings.record, model, settings.fast, settings.overwrite)
            recorders.append(recorder)
            control_log = open_control_log(settings, stream, controls, steers, recorder.path)
            recorder.on_part = control_log.note_part
            stack.callback(control_log.close)
        for recorder in recorders:
            stack.callback(recorder.close)
        meters = Meters(model.sample_rate)
        stack.callback(meters.close)
        by_address = {a: stream.steering.get(name).direction for a, name in steers.items()}
        presets.bpm = lambda: (
            (clock.bpm if clock is not None else None)
            or controls.get("/tempo/target")
            or meters.read().tempo
        )
        hold = TempoHold(controls, meters.read, by_address)
        stack.callback(hold.close)
        engine = Engine(
            stream,
            controls,
            output,
            steers,
            recorders=[*recorders, meters],
            lookahead=settings.lookahead,
            smoothing=settings.smoothing,
            seconds=settings.seconds,
            plan=plan,
            control_log=control_log,
            strain=None if settings.fast else Strain(controls, settings.lookahead),
            cue=bool(settings.cue),
        )
        # The model and its libraries stay for the whole set; the collector need not walk them.
        gc.collect()
        gc.freeze()
        # Each operation of the model lets go of Python's lock; getting it back from a thread busy
        # with a flood of messages must not take the default 5 ms each time.
        sys.setswitchinterval(0.0005)
        for watch in (Watch(), Watchdog(engine)):
            stack.callback(watch.close)
            watch.start()
        stack.callback(engine.join, END_SECONDS)
        stack.callback(engine.stop)
        stop.engine = engine
        engine.start()
        meters.start(engine)
        hold.start()
        for part in following:
            part.start()
        osc.start(controls, meters)
        stack.push(offer(controls, meters, osc, osc_tcp, settings.osc_tcp))
        if midi is not None:
            midi.start()
        print(f"playing {controls.get('/prompt')!r} on {model.name}, seed {settings.seed}")
        print(f"output: {output.description}")
        if settings.record:
            print(f"recording: {recorders[-1].path}, what is turned: {control_log.path}")
        if web is not None:
            learner = None if midi is None else midi.learner
            web.start(controls, meters, presets, learner, about={"model": model.name})
            also = f" (also as {', '.join(web.names)})" if web.names else ""
            print(f"control page: {web.url}{also}")
        if isinstance(settings.osc_tcp, int):
            print(f"OSC over TCP listening on {osc.host}:{osc_tcp.getsockname()[1]}")
        print(f"OSC listening on {osc.host}:{osc.port}", flush=True)
        RESERVE.hold()  # now that all is open
        stack.callback(RESERVE.let_go)
        reloader = Reloader(settings.rig, controls, presets, midi)
        guard = Guard()
        while engine.running and not stop.asked.wait(STATUS_SECONDS):
            guard("the rig file is not looked after", reloader.look)
            guard("the log is not counted", said.count)
            guard("the state cannot be shown", lambda: status_line.show(engine.status()))
        engine.stop()
        engine.join(END_SECONDS)
        voice.show("")
        lacks = [say_what_is_missing(recorder) for recorder in recorders]
        failed = any(lacks) or (control_log is not None and control_log.failed)
    if stats_place is not None:
        stats = statistics(engine, settings, time.monotonic() - began)
        try:
            write_text(stats_place, json.dumps(stats, indent=2) + "\n")
        except MusicRFMError as error:
            print(f"error: {error}", file=sys.stderr)
            failed = True
    print(
        f"played {engine.audio_seconds:.1f} s with {output.underruns} underruns; "
        f"made at {engine.maker.real_time_factor:.1f}× real time"
    )
    if engine.failure is not None:
        print(f"error: the engine stopped: {engine.failure}", file=sys.stderr)
        failed = True
    return 1 if failed else 0


def check_places(settings: Settings) -> Path | None:
    """Where the statistics go, if they were asked for.

    Raises MusicRFMError, before anything is loaded, for what could not be written at the end.
    """
    if settings.record and settings.output and _same_file(settings.record, settings.output):
        raise MusicRFMError(f"--output and --record cannot both write {settings.record!r}")
    for written in (settings.record, settings.output):
        if written and settings.continue_from and _same_file(written, settings.continue_from):
            raise MusicRFMError(
                f"{written!r} is the take to continue and would be written over: "
                "record into another file"
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
        log.warning("%s is there already: the statistics go into %s", settings.stats, place)
    return place


def text_checks(model: MusicModel) -> dict[str, Callable[[str], object]]:
    """What tells at once whether the engine could use a text; see `Controls`."""
    return {
        "layers": lambda text: layer_weights(text, np.zeros(model.layers)),
        "schedule": parse_schedule,
        "inject_per": checked_inject_per,
        "steer_guidance": checked_steer_guidance,
    }


def open_control_log(
    settings: Settings,
    stream: MusicStream,
    controls: Controls,
    steers: dict[str, str],
    recording: Path | None = None,
) -> ControlLog:
    """The control log beside the recording, with all that `bridge replay` needs to know."""
    model = stream.model
    header = {
        "build": build(),
        "model": _absolute(settings.model),
        "weights": model_fingerprint(model),
        "device": model.device.type,
        "dtype": model.precision,
        "threads": torch.get_num_threads(),
        "seed": settings.seed,
        "stream": {
            "early": settings.early,
            "continue_from": None if stream.take is None else stream.take.tolist(),
            "hear_take": settings.hear_take,
        },
        "smoothing": settings.smoothing,
        "seconds": settings.seconds,
        "steer": [_absolute(setting.name) for setting in settings.steer],
        "directions": {
            address: direction_fingerprint(stream.steering.get(name).direction)
            for address, name in steers.items()
        },
        "start": dict(controls.snapshot().values),
    }
    sound = recording or path_of(str(settings.record))
    place = log_place(sound)
    if settings.overwrite:
        place = sound.with_suffix(LOG_SUFFIX)
        remove(place)
    return ControlLog(place, header, model.sample_rate)


def log_place(sound: Path) -> Path:
    """Where the control log of a recording goes: `set.jsonl` beside `set.flac`, or, if that is of
    another one, `set.flac.jsonl`."""
    place = sound.with_suffix(LOG_SUFFIX)
    if os.path.lexists(place):
        place = unused(sound.with_name(f"{sound.name}{LOG_SUFFIX}"))
    return place


def _absolute(name: str) -> str:
    """A name as it is, a path so that it can be found from any folder."""
    path = path_of(name)
    return str(path.resolve()) if name != "nano" and path.exists() else name


def add_directions(
    stream: MusicStream, settings: Iterable[SteerSetting], folder: Path | None = None
) -> tuple[dict[str, str], dict[str, Value]]:
    """Add every shipped direction of the model, and those that were asked for, to the stream.

    Returns address → name in `stream.steering`, and the starting values of their parameters. All
    start at coefficient 0 except where `settings` say otherwise; what a later setting says about
    the same direction wins. A damaged file is an error only if it was asked for. A schedule's
    Python function is imported here, also from `folder`.
    """
    model = stream.model
    steers: dict[str, str] = {}
    start: dict[str, Value] = {}

    def add(direction: Direction) -> str:
        address = steer_address(direction.name)
        if address in steers:
            stream.steering.remove(steers[address])
        stream.steering.add(direction)
        steers[address] = direction.name
        return address

    for name in list_directions(model.name):
        try:
            add(Direction.load(name, model))
        except Exception as error:  # a stranger's file can only cost itself
            log.warning("direction %s is left out: %s", name, error)
    for setting in settings:
        address = steer_address(setting.name)
        if address not in steers or setting.name.endswith(".safetensors"):
            address = add(Direction.load(setting.name, model))
        if setting.schedule is not None:
            parse_schedule(setting.schedule, () if folder is None else (folder,))
        if setting.component is not None:
            stream.steering.set_component(steers[address], setting.component)
        wanted = {
            address: setting.coefficient,
            f"{address}/layers": setting.layers,
            f"{address}/schedule": setting.schedule,
            f"{address}/inject": setting.inject,
            f"{address}/inject_per": setting.inject_per,
            f"{address}/component": setting.component,
        }
        start.update({key: value for key, value in wanted.items() if value is not None})
    return steers, start


def crossfades(rig: Rig, controls: Controls) -> list[tuple[float, str, tuple]]:
    """The rig's crossfades as the engine's plan. Raises MusicRFMError for an unknown direction."""
    for fade in rig.crossfade:
        for name in (fade.from_name, fade.to_name):
            controls.parameter(steer_address(name))
    return [
        (fade.start, "/crossfade", (fade.from_name, fade.to_name, fade.seconds))
        for fade in rig.crossfade
    ]


def open_output(
    settings: Settings, model: MusicModel, fallback: bool = True
) -> tuple[Output, list[Recorder]]:
    """The output that was asked for, and the recorder of a file that takes its place.

    It is a file where no sound can be played and nothing else was asked for; without `fallback`
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
        log.warning("no sound here: %s; playing in real time into %s instead", error.reason, path)
        if not error.may_come:
            return PacedOutput(rate, path, lookahead), recorders
        log.warning("should an audio output come, it plays")
        device.wait(path)
        return device, recorders
    except BaseException:
        device.close()
        raise
    return device, []


def _same_file(one: str, other: str) -> bool:
    return path_of(one).resolve() == path_of(other).resolve()


def open_recorder(
    path: str,
    model: MusicModel,
    wait: bool = False,
    overwrite: bool = False,
) -> Recorder:
    """See `Recorder`; says if it takes another name, and if the disk has little room."""
    recorder = Recorder(path, model.sample_rate, model.channels, model.frame_size, wait, overwrite)
    if recorder.path != recorder.asked:
        log.warning("%s is there already: this goes into %s", recorder.asked, recorder.path)
    with contextlib.suppress(OSError):
        room = shutil.disk_usage(recorder.path.parent).free
        seconds = room / (3 * model.sample_rate * model.channels)
        if seconds < ROOM_SECONDS and not wait:
            log.warning("the disk has room for %.0f minutes of recording", seconds / 60)
    return recorder


def statistics(engine: Engine, settings: Settings, wall_seconds: float) -> dict:
    """What `--stats` writes. Seconds unless the name says otherwise."""
    model, output = engine.stream.model, engine.output
    latency = {f"{term}_ms": 1000 * seconds for term, seconds in engine.latency.items()}
    latency["smoothing_ms"] = 1000 * settings.smoothing
    latency["total_ms"] = sum(latency.values())
    return {
        "audio_seconds": engine.audio_seconds,
        "wall_seconds": engine.wall_seconds,
        "wall_seconds_with_loading": wall_seconds,
        "frames": engine.maker.frames,
        "underruns": output.underruns,
        "late": output.late,
        "rewinds": engine.takes.rewinds,
        "frames_remade": engine.takes.remade,
        "degraded": engine.strain.acts if engine.strain else 0,
        "lookahead_ms": 1000 * settings.lookahead,
        "device_xruns": output.xruns,
        "device_lost": output.lost_times,
        "real_time_factor": engine.maker.real_time_factor,
        "latency": latency,
        "peak_memory_mib": peak_memory_mib(),
        "control_changes_received": engine.controls.received,
        "control_changes_applied": engine.applier.count,
        "model": model.name,
        "seed": settings.seed,
        "output": output.description,
        "cpu_count": os.cpu_count(),
        "python": platform.python_version(),
    }


def peak_memory_mib() -> float:
    """The most resident memory this process has had, in MiB."""
    if sys.platform == "win32":
        return _windows_peak_memory() / 2**20
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def _windows_peak_memory() -> int:
    """PeakWorkingSetSize in bytes, from GetProcessMemoryInfo's PROCESS_MEMORY_COUNTERS."""
    import ctypes

    class Counters(ctypes.Structure):
        _fields_ = [("cb", ctypes.c_uint32), ("faults", ctypes.c_uint32)] + [
            (name, ctypes.c_size_t)
            for name in ("peak", "now", "pp", "p", "ppn", "pn", "pagefile", "peak_pagefile")
        ]

    counters = Counters()
    counters.cb = ctypes.sizeof(counters)
    kernel = ctypes.windll.kernel32
    kernel.GetCurrentProcess.restype = ctypes.c_void_p
    kernel.K32GetProcessMemoryInfo(
        ctypes.c_void_p(kernel.GetCurrentProcess()), ctypes.byref(counters), counters.cb
    )
    return counters.peak
