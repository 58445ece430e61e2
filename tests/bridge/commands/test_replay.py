"""A recorded set is replayed to the sample, or refused in plain words."""

from __future__ import annotations

import errno
import json
import os
import random
import re
import shutil
import signal
import time
from contextlib import contextmanager
from pathlib import Path

import mido
import numpy as np
import pytest
import soundfile
import torch

from bridge.cli import main
from bridge.commands.replay import again, prepare
from bridge.controls.controls import Controls, namespace
from bridge.controls.parameters import Value
from bridge.destinations import log_place, open_control_log
from bridge.engine import Engine
from bridge.instrument import Instrument, add_directions
from bridge.recording import disk
from bridge.recording import log as controllog
from bridge.recording.lanes import write_lanes
from bridge.recording.log import Change, ControlLog, read_log
from bridge.rig import SteerSetting
from bridge.settings import Settings
from bridge.stopping import Stop
from musicrfm.directions import Direction
from musicrfm.errors import MusicRFMError
from musicrfm.model import MusicModel
from musicrfm.stream import MusicStream
from tests.bridge.tones import FRAME, Collector, Tape, ToneStream


@pytest.fixture
def direction(model, tmp_path) -> Path:
    """A direction file for the small model."""
    vectors = torch.randn(model.layers, 1, model.width, generator=torch.Generator().manual_seed(0))
    made = Direction("bright", vectors, torch.ones(model.layers), {"model": model.name})
    return made.save(tmp_path / "bright.safetensors")


class Kept:
    """A recorder in memory."""

    def __init__(self) -> None:
        self.blocks: list[np.ndarray] = []

    def write(self, audio: np.ndarray) -> None:
        self.blocks.append(audio)

    def close(self) -> None:
        pass


def turn(controls: Controls, dice: random.Random) -> None:
    """One random move, as a performer might."""
    moves = [
        ("/steer/bright", dice.uniform(-1, 1)),
        ("/guidance", dice.uniform(1, 4)),
        ("/temperature", dice.uniform(0.5, 1.5)),
        ("/gain", dice.uniform(-12, 0)),
        ("/prompt", dice.choice(["drums", "calm piano", ""])),
        ("/steer/bright/schedule", "ramp:20"),
        ("/play", dice.choice([0, 1, 1])),
        ("/panic", None),
    ]
    controls.set(*dice.choice(moves[:3] if dice.random() < 0.5 else moves), source="local")


def play_live(checkpoint: Path, direction: Path, folder: Path) -> tuple[np.ndarray, int]:
    """Plays a set with random control changes; returns its sound and the number of rewinds."""
    settings = Settings(
        start={"/prompt": "strings", "/gain": -3.0},
        model=str(checkpoint),
        seed=5,
        steer=(SteerSetting(str(direction), 0.4),),
        record=str(folder / "set.flac"),
    )
    model = MusicModel.load(settings.model, device="cpu")
    stream = MusicStream(model, "strings", seed=5)
    steers, start = add_directions(stream, settings.steer)
    controls = Controls(namespace(steers.values()), {**settings.start, **start})
    log = open_control_log(settings, Instrument(stream, controls, steers, []))
    tape, kept = Tape(), Kept()
    engine = Engine(
        stream, controls, tape, steers, recorders=[kept], lookahead=0.3, control_log=log
    )
    dice = random.Random(1)
    engine.start()
    deadline = time.monotonic() + 60
    while (engine.takes.rewinds < 5 or tape.settled < 60 * FRAME) and time.monotonic() < deadline:
        if tape.settled + 10 * FRAME <= len(tape.sound):
            turn(controls, dice)
            tape.settled += dice.randrange(2 * FRAME)
        time.sleep(0.01)
    engine.stop()
    while not engine.join(0.005):
        tape.settled = len(tape.sound)
        assert time.monotonic() < deadline, "it never ended"
    assert engine.failure is None
    return np.concatenate(kept.blocks), engine.takes.rewinds


def test_replay_reproduces_a_set_to_the_sample(checkpoint, direction, tmp_path, monkeypatch):
    sound, rewinds = play_live(checkpoint, direction, tmp_path)
    assert rewinds >= 5 and np.abs(sound).max() > 0.001
    recorded = read_log(tmp_path / "set.jsonl")
    assert recorded.samples == len(sound) and recorded.entries
    stream, controls, steers = prepare(recorded)
    output = Collector()
    engine = again(recorded, stream, controls, steers, output)
    engine.start()
    assert engine.join(60) and engine.failure is None
    assert np.array_equal(output.audio[: len(sound)], sound)
    still = output.audio[len(sound) :]
    assert not len(still) or not still.any()
    monkeypatch.setattr("musicrfm.selfcheck.to_play", lambda *_: ("bfloat16", False))
    stream, _, _ = prepare(recorded)  # on a GPU whose self-check says so
    assert stream.model.dtype == torch.bfloat16 and not stream.model.graphs


@pytest.mark.usefixtures("unannounced")
def test_replay_command_reproduces_a_set_and_refuses_a_changed_model(
    checkpoint, direction, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    arguments = ["--output", "none", "--fast", "--seconds", "0.8", "--steer", f"{direction}=0.7"]
    arguments += ["--osc-port", "0", "--record", "set.flac", "--model", str(checkpoint)]
    assert main(["play", "strings", *arguments]) == 0
    assert main(["replay", "set.jsonl"]) == 0
    assert "replayed 0.8 s" in capsys.readouterr().out
    heard, _ = soundfile.read("set.flac")
    again_, _ = soundfile.read("set-replay.flac")
    assert len(heard) == 25600 and np.array_equal(heard, again_)
    assert main(["replay", "set.jsonl", "--midi", "lanes.mid"]) == 0

    header, *lines = (tmp_path / "set.jsonl").read_text().splitlines()
    other = json.loads(header) | {"weights": "0123456789abcdef"}
    (tmp_path / "other.jsonl").write_text("\n".join([json.dumps(other), *lines]))
    assert main(["replay", "other.jsonl"]) == 2
    assert "has changed" in capsys.readouterr().err
    assert main(["replay", "other.jsonl", "--anyway", "--out", "anyway.wav"]) == 0
    Direction.load(str(direction), MusicModel.load(checkpoint, "cpu"))
    changed = json.loads(header)
    del changed["smoothing"]
    (tmp_path / "other.jsonl").write_text(json.dumps(changed))
    assert main(["replay", "other.jsonl"]) == 2
    assert (
        "the control log is damaged: its first line does not contain smoothing"
        in capsys.readouterr().err
    )
    changed = json.loads(header)
    changed["directions"]["/steer/bright"] = "0" * 16
    (tmp_path / "other.jsonl").write_text(json.dumps(changed))
    assert main(["replay", "other.jsonl"]) == 2
    assert "the direction /steer/bright of this set has changed" in capsys.readouterr().err


@pytest.mark.usefixtures("unannounced")
def test_set_continued_from_a_take_replays_without_the_take(
    checkpoint, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    beats = 0.4 * np.sin(np.arange(48000) / 20) * (np.arange(48000) % 8000 < 2000)
    soundfile.write("take.wav", beats, 48000)
    arguments = ["--output", "none", "--fast", "--seconds", "2", "--osc-port", "0"]
    arguments += ["--model", str(checkpoint), "--record", "set.flac", "--seed", "1"]
    assert main(["play", "strings", *arguments, "--continue", "take.wav", "--hear-take"]) == 0
    heard, rate = soundfile.read("set.flac")
    over = [*arguments, "--output", "take.wav", "--continue", "take.wav"]
    assert main(["play", "strings", *over]) == 2
    assert "would be overwritten" in capsys.readouterr().err
    assert len(soundfile.read("take.wav")[0]) == 48000
    Path("take.wav").unlink()
    assert main(["replay", "set.jsonl"]) == 0, "the log needs no take"
    assert np.array_equal(heard, soundfile.read("set-replay.flac")[0])
    assert len(heard) == 2 * rate and np.abs(heard[-rate:]).max() > 1e-3
    assert main(["play", "strings", *arguments, "--continue", "take.wav"]) == 2
    assert "the recording 'take.wav' does not exist" in capsys.readouterr().err
    assert main(["play", "strings", *arguments, "--hear-take"]) == 2
    assert "--hear-take needs --continue FILE" in capsys.readouterr().err


def test_changes_undone_by_a_rewind_are_not_in_the_log(tmp_path):
    log = ControlLog(tmp_path / "set.jsonl", {}, 32000)
    controls, tape = Controls(namespace(["note_C"])), Tape()
    steers = {"/steer/note_C": "note_C"}
    engine = Engine(ToneStream(), controls, tape, steers, lookahead=0.5, control_log=log)
    engine.start()
    deadline = time.monotonic() + 20

    def until(condition) -> None:
        while not condition():
            assert time.monotonic() < deadline, "it never happened"
            time.sleep(0.002)

    until(lambda: len(tape.sound) >= 26 * FRAME)
    controls.set("/temperature", 1.5, "web")
    until(lambda: engine.takes.rewinds == 1 and len(tape.sound) >= 26 * FRAME)
    until(lambda: tape.writes[-1] >= 25 * FRAME)
    controls.set("/temperature", 0.5, "midi")  # before the first one is played
    until(lambda: engine.takes.rewinds == 2)
    engine.stop()
    while not engine.join(0.005):
        tape.settled = len(tape.sound)
        assert time.monotonic() < deadline
    changes = [c for entry in read_log(log.path).entries for c in entry.changes]
    assert changes[0] == Change("/temperature", 0.5, None, "midi")
    assert [change.address for change in changes] == ["/temperature", "/stop"]


def test_lanes_are_midi_tracks_of_control_changes(tmp_path):
    log = ControlLog(tmp_path / "set.jsonl", {"start": {"/steer/note_C": -2.0}}, 32000)
    log.write(50, 32000, [Change("/steer/note_C", 2.0, 1.0, "osc")])
    log.write(150, 96000, [Change("/prompt", "drüms", None, "web"), Change("/stop", 1, None, "")])
    log.close(128000)
    assert write_lanes(read_log(log.path), tmp_path / "lanes.mid") == 2
    file = mido.MidiFile(tmp_path / "lanes.mid")
    _, prompt, note = file.tracks
    assert (prompt.name, note.name) == ("/prompt", "/steer/note_C")
    values = [m.value for m in note if m.type == "control_change"]
    assert values[0] == 0 and values[-1] == 127 and values == sorted(values) and len(values) > 40
    assert file.length == pytest.approx(3.0, abs=0.01)  # the last event, the prompt's
    assert [m.text for m in prompt if m.type == "text"] == ["drüms"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "cannot read"),
        ("", "is not a control log"),
        ('{"format": "another"}', "is not a control log"),
        ('{"format": "musicrfm control log 1"}\n{"frame": 1}\n{}', "line 2: not a valid change"),
    ],
)
def test_invalid_control_log_is_refused(text, said, tmp_path):
    path = tmp_path / "set.jsonl"
    if text is not None:
        path.write_text(text)
    with pytest.raises(MusicRFMError, match=said):
        read_log(path)


def test_truncated_log_is_read_up_to_the_break(tmp_path):
    log = ControlLog(tmp_path / "set.jsonl", {}, 32000)
    log.write(3, 1920, [Change("/gain", -6.0, None, "osc")])
    log.close()
    log.path.write_text(log.path.read_text() + '{"frame": 9, "ti')
    recorded = read_log(log.path)
    assert recorded.samples is None
    assert [(entry.frame, entry.time) for entry in recorded.entries] == [(3, 0.06)]


def test_a_log_cannot_run_a_program(checkpoint, direction, tmp_path):
    log = tmp_path / "set.jsonl"
    header = {"format": "musicrfm control log 1", "threads": 1}
    header["start"] = {"/steer/bright/schedule": "python:os:getcwd"}
    log.write_text(json.dumps(header))
    with pytest.raises(MusicRFMError, match="must not run code"):
        prepare(read_log(log))


def test_channels_option_needs_a_sound_card(tmp_path, capsys):
    assert main(["replay", str(tmp_path / "set.jsonl"), "--channels", "3,4"]) == 2
    assert "--channels needs a sound card: add --output DEVICE" in capsys.readouterr().err


class Disk:
    """Disk writes that fail with `error` while it is set."""

    def __init__(self, monkeypatch) -> None:
        self.error: int | None = None
        self.write = disk.write
        monkeypatch.setattr(disk, "write", self._write)
        for name, seconds in {"RETRY": 0.01, "NEW_FILE": 0.05, "SYNC": 0.02, "END": 0.3}.items():
            monkeypatch.setattr(controllog, f"{name}_SECONDS", seconds)

    def _write(self, handle: int, at: int | None, data: bytes) -> int:
        if self.error is not None:
            raise OSError(self.error, os.strerror(self.error))
        return self.write(handle, at, data)


def change(value: Value) -> list[Change]:
    return [Change("/prompt", value, None, "osc")]


def test_log_loses_nothing_through_temporary_disk_errors(tmp_path, monkeypatch, caplog):
    flaky = Disk(monkeypatch)
    log = ControlLog(tmp_path / "set.jsonl", {"a": 1}, 32000)
    log.write(1, 640, change("one"))
    for error in (errno.EIO, errno.ENOSPC):
        flaky.error = error
        log.write(2, 1280, change(f"during {error}"))
        time.sleep(0.2)
        flaky.error = None
        log.write(3, 1920, change(f"after {error}"))
        time.sleep(0.1)
    log.close(2560)
    recorded = read_log(log.path)
    told = [c.value for entry in recorded.entries for c in entry.changes]
    assert sorted(told) == sorted(
        ["one", *(f"{w} {e}" for e in (errno.EIO, errno.ENOSPC) for w in ("during", "after"))]
    )
    assert recorded.samples == 2560 and not log.failed
    assert "Input/output error" in caplog.text and "No space left on device" in caplog.text


def test_log_on_a_full_disk_closes_in_time(tmp_path, monkeypatch, caplog):
    flaky = Disk(monkeypatch)
    log = ControlLog(tmp_path / "set.jsonl", {}, 32000)
    log.write(1, 640, change("one"))
    time.sleep(0.1)
    flaky.error = errno.ENOSPC
    log.write(2, 1280, change("two"))
    began = time.monotonic()
    log.close(1920)
    log.close()
    assert log.failed and time.monotonic() - began < 5.0
    assert [entry.frame for entry in read_log(log.path).entries] == [1]


def test_log_is_never_overwritten(tmp_path):
    (tmp_path / "set.jsonl").write_text("mine")
    with pytest.raises(MusicRFMError, match="exists already"):
        ControlLog(tmp_path / "set.jsonl", {}, 32000)
    assert log_place(tmp_path / "set.flac").name == "set.flac.jsonl"
    assert log_place(tmp_path / "other.flac").name == "other.jsonl"
    assert (tmp_path / "set.jsonl").read_text() == "mine"


def test_invalid_unicode_does_not_end_the_log(tmp_path):
    log = ControlLog(tmp_path / "set.jsonl", {"steer": ["odd/\udcff.safetensors"]}, 32000)
    for frame, text in enumerate(("ok 1", "bad \udcff", "line\u2028break", "ok 3")):
        log.write(frame, 640 * frame, change(text))
    log.close(9999)
    recorded = read_log(log.path)
    told = [c.value for entry in recorded.entries for c in entry.changes]
    assert told == ["ok 1", "bad \udcff", "line\u2028break", "ok 3"]
    assert recorded.header["steer"] == ["odd/\udcff.safetensors"] and recorded.samples == 9999


def test_log_without_changes_records_the_progress_of_the_set(tmp_path):
    log = ControlLog(tmp_path / "set.jsonl", {}, 32000)
    for frame in range(500):
        log.write(frame, 640 * frame)
    until = time.monotonic() + 30
    while b"\n" not in log.path.read_bytes() and time.monotonic() < until:
        time.sleep(0.01)  # its header is written by its own thread
    while (recorded := read_log(log.path)).reached <= 480 * 640 and time.monotonic() < until:
        time.sleep(0.01)
    log.close()
    assert recorded.samples is None and not recorded.entries and recorded.reached > 480 * 640
    assert log.path.stat().st_size < 1000


def test_damaged_lines_of_a_log_are_skipped(tmp_path, caplog):
    log = ControlLog(tmp_path / "set.jsonl", {}, 32000)
    for frame in range(1, 6):
        log.write(frame, 640 * frame, change(f"text {frame}"))
    log.close(9999)
    lines = log.path.read_bytes().split(b"\n")
    lines[2] = lines[2][:9] + b"\xff\xfe\x00" + lines[2][30:]
    log.path.write_bytes(b"\n".join(lines) + bytes(500))
    recorded = read_log(log.path)
    assert [entry.frame for entry in recorded.entries] == [1, 3, 4, 5]
    assert recorded.samples == 9999 and "1 damaged lines are skipped" in caplog.text


@pytest.mark.parametrize(
    "line",
    [
        '{"frame": 1, "time": 1e9, "address": "/gain", "value": 1, "source": "x"}',
        '{"frame": -1, "time": 1, "address": "/gain", "value": 1, "source": "x"}',
        '{"frame": 1e400, "time": 1, "address": "/gain", "value": 1, "source": "x"}',
        '{"frame": 1, "time": NaN, "address": "/gain", "value": 1, "source": "x"}',
        '{"frame": 1, "time": 1, "address": "/gain", "value": 1, "source": "x", "seconds": 1e7}',
        '{"frame": 1, "time": 1, "address": "/gain", "value": 1, "source": "x", "seconds": -1}',
        '{"frame": 1, "time": 1, "address": "/gain", "value": [1], "source": "x"}',
        '{"end": -5}',
        '{"end": 1e300}',
        '{"at": "soon"}',
    ],
)
def test_lines_with_out_of_range_values_are_refused(tmp_path, line):
    path = tmp_path / "set.jsonl"
    path.write_text(f'{{"format": "{controllog.FORMAT}"}}\n{line}\n{{"end": 5}}\n')
    with pytest.raises(MusicRFMError, match="line 2: not a valid change"):
        read_log(path)


@pytest.mark.needs("numba")
@pytest.mark.usefixtures("unannounced")
def test_set_is_replayed_with_its_cache(checkpoint, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rig.toml").write_text('[engine]\ncache = "int16"\n')
    arguments = ["--output", "none", "--fast", "--seconds", "0.8", "--osc-port", "0"]
    arguments += ["--record", "set.flac", "--model", str(checkpoint), "--rig", "rig.toml"]
    assert main(["play", "strings", *arguments]) == 0
    stream, _, _ = prepare(read_log(tmp_path / "set.jsonl"))
    assert stream._window.decoder.memory.keys.dtype == np.int16


@pytest.fixture(scope="module")
def played(checkpoint, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("played")
    arguments = ["--output", "none", "--fast", "--seconds", "0.4", "--osc-port", "0"]
    arguments += ["--record", str(folder / "set.flac"), "--model", str(checkpoint)]
    assert main(["play", "strings", *arguments]) == 0
    return folder


@pytest.fixture
def recorded_set(played, tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("set.flac", "set.jsonl"):
        shutil.copy(played / name, tmp_path)
    return tmp_path / "set.jsonl"


def other_log(path: Path, lines: list[dict] | None = None, **header) -> str:
    """A copy of the log with changed header fields and additional lines."""
    first, *rest = path.read_text().splitlines()
    texts = [json.dumps(json.loads(first) | header)]
    texts += [json.dumps(line) for line in lines or []] + rest
    (path.parent / "other.jsonl").write_text("\n".join(texts) + "\n")
    return "other.jsonl"


def test_logged_values_are_clamped_and_checked_like_live_ones(recorded_set):
    line = {"frame": 3, "time": 0.06, "address": "/gain", "value": 200, "source": "x"}
    recorded = read_log(other_log(recorded_set, [line]))
    _, controls, _ = prepare(recorded)
    controls.put(recorded.entries[0].changes)
    assert controls.get("/gain") == controls.parameters["/gain"].high == 12
    for value in ("loud", ""):
        recorded = read_log(other_log(recorded_set, [line | {"value": value}]))
        with pytest.raises(MusicRFMError, match="/gain needs a number"):
            prepare(recorded)
    recorded = read_log(other_log(recorded_set, [line | {"address": "/no/such"}]))
    with pytest.raises(MusicRFMError, match="unknown address"):
        prepare(recorded)
    prepare(recorded, anyway=True)[1].put(recorded.entries[0].changes)


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ({"threads": 10**6}, "its first line has threads = 1000000"),
        ({"threads": 0}, "its first line has threads = 0"),
        ({"threads": True}, "threads = True"),
        ({"seed": -1}, "seed = -1"),
        ({"smoothing": float("inf")}, "smoothing = inf"),
        ({"seconds": 1e30}, "seconds = 1e"),
        ({"steer": ["a", 5]}, "steer in its first line is not text"),
        ({"start": {"/prompt": 5}}, "does not contain the prompt"),
        ({"start": [1]}, "has start = "),
        ({"model": "somebody/large-model"}, "add --model somebody/large-model"),
        ({"stream": {"continue_from": "x" * 9}}, "is not a list of codes"),
    ],
)
def test_invalid_header_of_a_foreign_log_is_refused_in_plain_words(
    recorded_set, capsys, header, said
):
    assert main(["replay", other_log(recorded_set, **header)]) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith("error: ") and re.search(said, error), error
    assert "Error(" not in error


def test_replay_with_a_named_model_never_overwrites_unless_allowed(
    recorded_set, checkpoint, capsys
):
    path = other_log(recorded_set, model="somebody/large-model")
    assert main(["replay", path, "--model", str(checkpoint)]) == 0
    assert np.array_equal(soundfile.read("set.flac")[0], soundfile.read("other-replay.flac")[0])
    (recorded_set.parent / "other-replay.flac").write_bytes(b"mine")
    assert main(["replay", path, "--model", str(checkpoint), "--midi", "a.mid"]) == 0
    assert main(["replay", path, "--model", str(checkpoint), "--midi", "a.mid"]) == 0
    assert main(["replay", path, "--model", str(checkpoint)]) == 0
    assert (recorded_set.parent / "other-replay.flac").read_bytes() == b"mine"
    assert {"a.mid", "a-2.mid", "other-replay-2.flac"} <= set(os.listdir())
    assert main(["replay", path, "--model", str(checkpoint), "--overwrite"]) == 0
    assert soundfile.info("other-replay.flac").frames > 0


def test_replay_ended_by_a_signal_fades_out_and_closes_the_file(recorded_set, monkeypatch, capsys):
    @contextmanager
    def asked(voice):
        stop = Stop(voice)
        stop.number = int(signal.SIGTERM)
        stop.asked.set()
        yield stop

    monkeypatch.setattr("bridge.commands.replay.stopping", asked)
    assert main(["replay", "set.jsonl", "--out", "again.wav"]) == 128 + signal.SIGTERM
    again_ = soundfile.read("again.wav")[0]
    assert 0 < len(again_) < len(soundfile.read("set.flac")[0]) and abs(again_[-1]) < 1e-3
    assert "replayed" in capsys.readouterr().out


def test_truncated_log_replays_all_known_audio(recorded_set, capsys):
    lines = recorded_set.read_text().splitlines()
    kept = [line for line in lines if '"end"' not in line and '"/stop"' not in line]
    recorded_set.write_text("\n".join(kept) + '\n{"at": 1')
    assert main(["replay", "set.jsonl", "--out", "again.wav"]) == 0
    whole, again_ = soundfile.read("set.flac")[0], soundfile.read("again.wav")[0]
    assert len(again_) >= len(whole) - 0.25 * 32000
    assert np.allclose(whole[: len(again_)], again_, atol=2**-22)


def test_lanes_of_a_log_with_invalid_values_are_refused(tmp_path):
    log = ControlLog(tmp_path / "set.jsonl", {}, 32000)
    log.write(50, 32000, [Change("/gain", "loud", None, "osc")])
    log.close(128000)
    with pytest.raises(MusicRFMError, match="sets /gain to 'loud', which is not a number"):
        write_lanes(read_log(log.path), tmp_path / "lanes.mid")
    assert not (tmp_path / "lanes.mid").exists()
