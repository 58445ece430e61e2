"""One set from start to end: assembles the parts, plays, and closes them.

Mistakes in the settings are found before any audio; errors while playing are reported and survived.
"""

from __future__ import annotations

import gc
import json
import socket
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from bridge.audio.output import Output
from bridge.clock.tempo import TempoHold
from bridge.clock.transport import Follow, LinkTransport, MidiTransport
from bridge.controls.presets import Presets
from bridge.destinations import open_control_log, open_output, open_recorder
from bridge.engine import Engine
from bridge.engine.overload import Strain
from bridge.engine.watchdog import Watchdog
from bridge.instrument import Instrument, make_instrument, window_of
from bridge.meters import Meters
from bridge.midi.controllers import MidiInput
from bridge.midi.learn import learn
from bridge.osc.port import offer, open_port
from bridge.osc.server import OscServer
from bridge.process.awake import Watch
from bridge.process.handles import RESERVE, raise_limit
from bridge.process.repeating import Repeating
from bridge.process.threads import Guard
from bridge.process.voice import Voice, speaking
from bridge.recording.log import ControlLog
from bridge.recording.recorder import Recorder, say_what_is_missing
from bridge.reload import Reloader
from bridge.rig import LONGEST_WINDOW
from bridge.rig_effects import effects
from bridge.settings import Settings, check_places
from bridge.statistics import statistics
from bridge.status import StatusLine, logged
from bridge.stopping import Stop, stopping
from musicrfm.errors import MusicRFMError
from musicrfm.files.writing import write_text

if TYPE_CHECKING:
    from bridge.web.server import WebServer

STATUS_SECONDS = 0.2
END_SECONDS = 15.0  # time for the engine to fade out and close the device


def play(settings: Settings) -> int:
    """Play until Ctrl-C, SIGTERM or the end of `seconds`; returns the exit status.

    Raises MusicRFMError, before anything sounds, if a setting cannot be used.
    """
    with speaking() as voice, stopping(voice) as stop:
        return _play(settings, voice, stop)


@dataclass(frozen=True)
class _Doors:
    """The ports, which are opened first, so that a port in use is reported before the model
    loads."""

    osc: OscServer
    osc_tcp: socket.socket | None
    web: WebServer | None


@dataclass(frozen=True)
class _Parts:
    """Everything that plays, besides the ports."""

    instrument: Instrument
    presets: Presets
    sources: tuple[Repeating, ...]  # of control changes, besides MIDI
    midi: MidiInput | None
    output: Output
    recorders: tuple[Recorder, ...]
    control_log: ControlLog | None
    meters: Meters
    engine: Engine


def _play(settings: Settings, voice: Voice, stop: Stop) -> int:
    began = time.monotonic()
    raise_limit()
    with ExitStack() as stack:
        said = stack.enter_context(logged(voice))
        if settings.rig.path is not None:
            print(effects(settings.rig))  # before any code of it runs
        doors = _open_doors(settings, stack)
        stats_place = check_places(settings)
        parts = _put_together(settings, stack)
        engine = parts.engine
        _ready_process()
        _start(settings, doors, parts, stop, stack)
        _announce(settings, doors, parts)
        RESERVE.hold()  # everything is open now
        stack.callback(RESERVE.let_go)
        reloader = Reloader(settings.rig, parts.instrument.controls, parts.presets, parts.midi)
        status_line, guard = StatusLine(voice), Guard()
        while engine.running and not stop.asked.wait(STATUS_SECONDS):
            guard("the rig file could not be checked", reloader.look)
            guard("log lines could not be counted", said.count)
            guard("the status line could not be drawn", lambda: status_line.show(engine.status()))
        engine.stop()
        engine.join(END_SECONDS)
        voice.show("")
        lacks = [say_what_is_missing(recorder) for recorder in parts.recorders]
        failed = any(lacks) or (parts.control_log is not None and parts.control_log.failed)
    if stats_place is not None:
        failed |= not _written(stats_place, engine, settings, time.monotonic() - began)
    print(
        f"played {engine.audio_seconds:.1f} s with {parts.output.underruns} underruns; "
        f"made at {engine.maker.real_time_factor:.1f}× real time"
    )
    if engine.failure is not None:
        print(f"error: the engine stopped: {engine.failure}", file=sys.stderr)
        failed = True
    return 1 if failed else 0


def _open_doors(settings: Settings, stack: ExitStack) -> _Doors:
    osc, osc_tcp = open_port(
        settings.osc_host, settings.osc_port, settings.osc_tcp, settings.osc_allow
    )
    stack.callback(osc.close)
    if osc_tcp is not None:
        stack.callback(osc_tcp.close)
    web = None
    if settings.web is not None:
        from bridge.web.server import WebServer  # imported only when needed

        web = WebServer(*settings.web, settings.web_hosts)
        stack.callback(web.close)
    return _Doors(osc, osc_tcp, web)


def _put_together(settings: Settings, stack: ExitStack) -> _Parts:
    """Everything that plays, not started yet; `stack` closes it."""
    instrument = make_instrument(settings)
    controls = instrument.controls
    presets = Presets(controls, settings.rig.path, settings.rig.presets)
    stack.callback(presets.close)
    clock, following = _clock(settings, instrument, stack)
    midi = _midi(settings, instrument, presets, clock, stack)
    output, recorders, control_log = _destinations(settings, instrument, stack)
    meters = Meters(instrument.model.sample_rate)
    stack.callback(meters.close)
    presets.bpm = lambda: (
        (clock.bpm if clock is not None else None)
        or float(controls.get("/tempo/target"))
        or meters.read().tempo
    )
    hold = TempoHold(controls, meters.read, instrument.directions)
    sources = (hold, *following)
    for source in sources:
        stack.callback(source.close)
    engine = Engine(
        instrument.stream,
        controls,
        output,
        instrument.steers,
        recorders=[*recorders, meters],
        lookahead=settings.lookahead,
        smoothing=settings.smoothing,
        seconds=settings.seconds,
        plan=instrument.plan,
        control_log=control_log,
        strain=None if settings.fast else Strain(controls, settings.lookahead),
        cue=bool(settings.cue),
    )
    keeps = (output, tuple(recorders), control_log)
    return _Parts(instrument, presets, sources, midi, *keeps, meters, engine)


def _clock(
    settings: Settings, instrument: Instrument, stack: ExitStack
) -> tuple[MidiTransport | LinkTransport | None, tuple[Follow, ...]]:
    """The external clock, and its followers."""
    if settings.clock is None:
        return None, ()
    clock = MidiTransport() if settings.clock == "midi" else LinkTransport()
    stack.callback(clock.close)
    follow = Follow(clock, instrument.controls, settings.clock_play, settings.clock_tempo)
    return clock, (follow,)


def _midi(
    settings: Settings,
    instrument: Instrument,
    presets: Presets,
    clock: MidiTransport | LinkTransport | None,
    stack: ExitStack,
) -> MidiInput | None:
    midi = None
    if settings.midi_ports or settings.rig.midi or settings.clock == "midi":
        midi = MidiInput(
            instrument.controls,
            settings.rig.midi,
            settings.midi_ports,
            presets,
            settings.rig.midi_feedback,
            settings.rig.path,
            clock if isinstance(clock, MidiTransport) else None,
            settings.rig.midi_mpe,
        )
        stack.callback(midi.close)
    controls = instrument.controls
    controls.handle("/midi/learn", partial(learn, controls, None if midi is None else midi.learner))
    return midi


def _destinations(
    settings: Settings, instrument: Instrument, stack: ExitStack
) -> tuple[Output, list[Recorder], ControlLog | None]:
    """The output, and the recordings."""
    output, recorders = open_output(settings, instrument.model)
    stack.callback(output.close)
    control_log = None
    if settings.record:
        model = instrument.model
        recorder = open_recorder(settings.record, model, settings.fast, settings.overwrite)
        recorders.append(recorder)
        control_log = open_control_log(settings, instrument, recorder.path)
        recorder.on_part = control_log.note_part
        stack.callback(control_log.close)
    for recorder in recorders:
        stack.callback(recorder.close)
    return output, recorders, control_log


def _ready_process() -> None:
    """Set up the interpreter so that it does not delay the music."""
    # The model and its libraries stay for the whole set; the collector need not walk them.
    gc.collect()
    gc.freeze()
    # Each operation of the model lets go of Python's lock; getting it back from a thread busy with
    # a flood of messages must not take the default 5 ms each time.
    sys.setswitchinterval(0.0001)


def _start(settings: Settings, doors: _Doors, parts: _Parts, stop: Stop, stack: ExitStack) -> None:
    """Start the engine, then the sources of control changes; `stack` stops them."""
    engine, controls = parts.engine, parts.instrument.controls
    for watch in (Watch(), Watchdog(engine)):
        stack.callback(watch.close)
        watch.start()
    stack.callback(engine.join, END_SECONDS)
    stack.callback(engine.stop)
    stop.engine = engine
    engine.start()
    parts.meters.start(engine)
    for source in parts.sources:
        source.start()
    doors.osc.start(controls, parts.meters)
    stack.push(offer(controls, parts.meters, doors.osc, doors.osc_tcp, settings.osc_tcp))
    if parts.midi is not None:
        parts.midi.start()
    if doors.web is not None:
        learner = None if parts.midi is None else parts.midi.learner
        about = {"model": parts.instrument.model.name}
        doors.web.start(controls, parts.meters, parts.presets, learner, about=about)


def _announce(settings: Settings, doors: _Doors, parts: _Parts) -> None:
    """Print what is playing, where, and how to control it."""
    prompt, model = parts.instrument.controls.get("/prompt"), parts.instrument.model.name
    print(f"playing {prompt!r} on {model}, seed {settings.seed}")
    stream = parts.instrument.stream
    if settings.window is None and (window := window_of(stream)) is not None:
        whole = min(stream.model.window / stream.model.frame_rate, LONGEST_WINDOW)
        print(f"window: {window:g} s, as `bridge doctor` chose (--window {whole:g}: all of it)")
    print(f"output: {parts.output.description}")
    if parts.control_log is not None:
        recorded, turned = parts.recorders[-1].path, parts.control_log.path
        print(f"recording: {recorded}, control changes: {turned}")
    if doors.web is not None:
        also = f" (also as {', '.join(doors.web.names)})" if doors.web.names else ""
        print(f"control page: {doors.web.url}{also}")
    osc, tcp = doors.osc, doors.osc_tcp
    if isinstance(settings.osc_tcp, int) and tcp is not None:
        print(f"OSC over TCP listening on {osc.host}:{tcp.getsockname()[1]}")
    print(f"OSC listening on {osc.host}:{osc.port}", flush=True)


def _written(place: Path, engine: Engine, settings: Settings, wall_seconds: float) -> bool:
    """Write the statistics; returns whether that succeeded."""
    stats = statistics(engine, settings, wall_seconds)
    try:
        write_text(place, json.dumps(stats, indent=2) + "\n", settings.overwrite)
    except MusicRFMError as error:
        print(f"error: {error}", file=sys.stderr)
        return False
    return True
