"""`bridge replay`: plays a recorded set again from its control log, sample for sample.

The same model with the same seed makes the same music if every control takes effect at the same
frame, and the log records these frames. The set is rendered to a file as fast as possible, or
played on a device in real time; or only its controls are written as a MIDI file.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from bridge.audio.output import DeviceOutput, Output, PacedOutput
from bridge.controls.controls import Controls, namespace
from bridge.destinations import open_recorder
from bridge.engine import Engine
from bridge.instrument import add_directions, text_checks
from bridge.process.voice import speaking
from bridge.recording.lanes import write_lanes
from bridge.recording.log import (
    LONGEST,
    STOP,
    Change,
    Recorded,
    build,
    direction_fingerprint,
    read_log,
)
from bridge.recording.recorder import Recorder, say_what_is_missing
from bridge.rig import SteerSetting
from bridge.session import END_SECONDS
from bridge.status import logged
from bridge.stopping import Stop, stopping
from musicrfm.errors import MusicRFMError
from musicrfm.files.paths import path_of
from musicrfm.files.writing import Placed, place_for
from musicrfm.model import MusicModel
from musicrfm.selfcheck import loaded
from musicrfm.steering.schedules import imports_code
from musicrfm.stream import MusicStream

log = logging.getLogger(__name__)

LOOKAHEAD = 0.5  # seconds, on a device
MOST_THREADS = 1024
LOOK_SECONDS = 0.1


@dataclass(frozen=True)
class ReplaySettings:
    """The settings of `bridge replay`."""

    log: str
    out: str | None = None
    output: str | None = None
    midi: str | None = None
    anyway: bool = False
    model: str | None = None
    overwrite: bool = False
    outputs: tuple[int, ...] | None = None  # of the sound card


class ReplayedControls(Controls):
    """Controls that change exactly as recorded."""

    def checked(self, change: Change) -> Change:
        """The change as a live control would make it, clamped to its parameter's range.

        Raises MusicRFMError for an invalid value.
        """
        parameter = self.parameter(change.address)
        if parameter.event:
            return change
        return change._replace(value=self._valid(parameter, change.value))

    def put(self, changes: Iterable[Change]) -> None:
        """Apply changes from the next frame on, without the side effects of `set`.

        Unknown addresses are skipped.
        """
        for change in changes:
            address = change.address
            if address not in self.parameters:
                continue
            change = self.checked(change)
            with self._lock:
                self._values[address] = change.value
                self._sources[address] = change.source
                if address in self._times:
                    self._times[address] += 1
                if change.seconds is None:
                    self._glides.pop(address, None)
                else:
                    self._glides[address] = change.seconds
                self.received += 1
                self._changed()
            self._tell(self._change_listeners, address, change.value, change.source)


class Cut:
    """A recorder that ends after a number of samples."""

    def __init__(self, recorder: Recorder, samples: int) -> None:
        self._recorder, self._left = recorder, samples

    def write(self, audio: np.ndarray) -> None:
        audio = audio[: self._left]
        self._left -= len(audio)
        if len(audio):
            self._recorder.write(audio)

    def close(self) -> None:
        self._recorder.close()

    @property
    def asked(self) -> Path:
        return self._recorder.asked

    @property
    def missing(self) -> list[tuple[float, float]]:
        return self._recorder.missing

    @property
    def why(self) -> str:
        return self._recorder.why


def replay(settings: ReplaySettings) -> int:
    """Replay with `settings`; returns the exit status, which is not 0 if a signal ended it.

    Raises MusicRFMError, before anything is played, if the set cannot be replayed.
    """
    with speaking() as voice, logged(voice), stopping(voice) as stop:
        return _replay(settings, stop)


def _replay(settings: ReplaySettings, stop: Stop) -> int:
    if settings.outputs and settings.output is None:
        raise MusicRFMError("--channels needs a sound card: add --output DEVICE")
    recorded = read_log(settings.log)
    if settings.midi is not None:
        place_for(settings.midi, settings.overwrite)  # nothing is wrong with it
        asked = path_of(settings.midi)
        placed = None if settings.overwrite else Placed(asked)
        lanes = write_lanes(recorded, asked, placed)
        place = asked if placed is None else placed.path
        print(f"{place}: {lanes} lane{'' if lanes == 1 else 's'}")
        if settings.out is None and settings.output is None:
            return 0
    _check_build(recorded.header)
    stream, controls, steers = prepare(recorded, settings.anyway, settings.model)
    model = stream.model
    recorders = []
    if settings.output is not None:
        device = DeviceOutput(
            settings.output,
            model.sample_rate,
            model.channels,
            LOOKAHEAD,
            outputs=settings.outputs,
        )
        device.open()
        output: Output = device
    else:
        output = PacedOutput(model.sample_rate, "file", fast=True)
    try:
        path = settings.out or (None if settings.output else _default_out(settings.log))
        recorder = None
        if path is not None:
            recorder = open_recorder(path, model, True, settings.overwrite)
            samples = recorded.samples or recorded.reached
            recorders.append(Cut(recorder, samples) if samples else recorder)
        engine = again(recorded, stream, controls, steers, output, recorders)
        print(
            f"replaying {settings.log} into {recorder.path if recorder else settings.output}",
            flush=True,
        )
        stop.engine = engine
        engine.start()
        while engine.running and not stop.asked.wait(LOOK_SECONDS):
            pass
        engine.stop()
        engine.join(END_SECONDS)
    finally:
        output.close()
    if engine.failure is not None:
        raise MusicRFMError(f"the replay stopped: {engine.failure}")
    print(f"replayed {min(engine.audio_seconds, _seconds(recorded, model)):.1f} s")
    lacks = recorder is not None and say_what_is_missing(recorder)
    return stop.status or int(lacks)


def prepare(
    recorded: Recorded, anyway: bool = False, model_name: str | None = None
) -> tuple[MusicStream, ReplayedControls, dict[str, str]]:
    """The stream and its controls in their initial state of the set, and its directions.

    model_name: the model to use instead of the log's; a model that may need a download is not taken
    from a log. Raises MusicRFMError if the model or a direction has changed; `anyway` only warns of
    it.
    """
    _refuse_code(recorded)
    begun = beginning(recorded.header)
    torch.set_num_threads(begun.threads)
    name = model_name or _local(begun.model)
    model = loaded(name, begun.device, begun.dtype)
    _same(f"the model {name!r}", begun.weights, model.whole_fingerprint, anyway)
    stream = MusicStream(model, str(begun.start["/prompt"]), seed=begun.seed, **begun.stream)
    steers, _ = add_directions(stream, [SteerSetting(name) for name in begun.steer])
    used = _used(recorded)
    for address, noted in begun.directions.items():
        if address not in used:
            continue
        found = None
        if address in steers:
            found = direction_fingerprint(stream.steering.get(steers[address]).direction)
        _same(f"the direction {address}", noted, found, anyway)
    parameters = namespace(steers.values())
    known = {parameter.address for parameter in parameters}
    start = {key: value for key, value in begun.start.items() if key in known}
    controls = ReplayedControls(parameters, start, text_checks(model))
    for entry in recorded.entries:
        for change in entry.changes:
            if change.address != STOP and not (anyway and change.address not in known):
                controls.checked(change)
    return stream, controls, steers


@dataclass(frozen=True)
class Beginning:
    """The first line of a control log, checked; see `destinations.open_control_log`."""

    model: str
    device: str
    dtype: str
    weights: str
    threads: int
    seed: int
    smoothing: float
    seconds: float | None
    stream: dict[str, Any]
    steer: list[str]
    directions: dict[str, str]
    start: dict[str, Any]


def beginning(header: dict[str, Any]) -> Beginning:
    """Parse a log's first line. Raises MusicRFMError for missing or invalid values."""

    def told(key: str, kind: type | tuple[type, ...], low: float = 0, high: float = 0) -> Any:
        if key not in header:
            raise MusicRFMError(
                f"the control log is damaged: its first line does not contain {key}"
            )
        value = header[key]
        good = isinstance(value, kind) and not isinstance(value, bool)
        if good and isinstance(value, (int, float)):
            good = low <= value <= high
        if not good:
            raise MusicRFMError(
                f"the control log is damaged: its first line has {key} = {_short(value)}"
            )
        return value

    def texts(key: str, values: Iterable[Any]) -> None:
        if not all(isinstance(value, str) for value in values):
            raise MusicRFMError(f"the control log is damaged: {key} in its first line is not text")

    stream, steer, directions = told("stream", dict), told("steer", list), told("directions", dict)
    texts("steer", steer)
    texts("directions", directions.values())
    start = told("start", dict)
    take = stream.get("continue_from")
    if take is not None and not isinstance(take, list):
        raise MusicRFMError(
            "the control log is damaged: continue_from in its first line is not a list of codes"
        )
    if not isinstance(start.get("/prompt"), str):
        raise MusicRFMError(
            "the control log is damaged: its first line does not contain the prompt"
        )
    return Beginning(
        model=told("model", str),
        device=told("device", str),
        dtype=told("dtype", str),
        weights=told("weights", str),
        threads=told("threads", int, 1, MOST_THREADS),
        seed=told("seed", int, 0, 2**63 - 1),
        smoothing=told("smoothing", (int, float), 0, 10),
        seconds=told("seconds", (int, float, type(None)), 0, LONGEST),
        stream={
            "early": bool(stream.get("early")),
            "window_seconds": stream.get("window_seconds"),
            "cache": stream.get("cache"),
            "hear_take": bool(stream.get("hear_take")),
            "continue_from": take,
        },
        steer=steer,
        directions=directions,
        start=start,
    )


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


def _local(model: str) -> str:
    """The log's model, if it is on this computer: a log must not cause a download."""
    if model == "nano" or path_of(model).is_dir():
        return model
    raise MusicRFMError(
        f"the set was played with the model {model!r}, which is not a local folder and may need "
        f"a download: to allow it, add --model {model}"
    )


def again(
    recorded: Recorded,
    stream: MusicStream,
    controls: ReplayedControls,
    steers: dict[str, str],
    output: Output,
    recorders: Iterable[Recorder | Cut] = (),
) -> Engine:
    """An engine that replays the set."""
    entries = {entry.frame: entry for entry in recorded.entries}
    header, model = recorded.header, stream.model
    end = _seconds(recorded, model)

    def script(frame: int) -> None:
        if entry := entries.get(frame):
            controls.put(change for change in entry.changes if change.address != STOP)
            if any(change.address == STOP for change in entry.changes):
                engine.stop()
        if engine.audio_seconds >= end:
            engine.stop()

    engine = Engine(
        stream,
        controls,
        output,
        steers,
        recorders=tuple(recorders),
        lookahead=LOOKAHEAD,
        smoothing=float(header["smoothing"]),
        seconds=header["seconds"],
        script=script,
    )
    return engine


def _seconds(recorded: Recorded, model: MusicModel) -> float:
    """The length of the set, as far as known."""
    if recorded.samples is not None:
        return recorded.samples / model.sample_rate
    last = recorded.entries[-1].time if recorded.entries else 0.0
    return max(recorded.reached / model.sample_rate, last) or 1.0


def _default_out(path: str) -> str:
    log_file = path_of(path)
    return str(log_file.with_name(f"{log_file.stem}-replay.flac"))


def _used(recorded: Recorded) -> set[str]:
    """The directions that were not always at 0."""
    values = [*recorded.header["start"].items()]
    values += [(c.address, c.value) for entry in recorded.entries for c in entry.changes]
    return {a for a, value in values if a.startswith("/steer/") and a.count("/") == 2 and value}


def _refuse_code(recorded: Recorded) -> None:
    start = recorded.header.get("start")
    start = start if isinstance(start, dict) else {}
    changes = [change for entry in recorded.entries for change in entry.changes]
    values = [*start.items(), *((change.address, change.value) for change in changes)]
    for address, value in values:
        if address.endswith("/schedule") and isinstance(value, str) and imports_code(value):
            raise MusicRFMError(
                f"the set used {address} {value}, which is a Python function: a control log "
                "must not run code, so this set cannot be replayed"
            )


def _same(what: str, was: str, now: str | None, anyway: bool) -> None:
    if was == now:
        return
    told = "is missing here" if now is None else f"has changed ({now}, before {was})"
    if not anyway:
        raise MusicRFMError(
            f"{what} of this set {told}, so the set would sound different; --anyway plays it"
        )
    log.warning("%s of this set %s; it will sound different", what, told)


def _check_build(header: dict[str, Any]) -> None:
    was = header.get("build")
    was = was if isinstance(was, dict) else {}
    for what, value in build().items():
        if was.get(what) != value:
            log.warning(
                "the set was recorded with %s %s and this is %s: the sound may differ",
                *(what, was.get(what), value),
            )
