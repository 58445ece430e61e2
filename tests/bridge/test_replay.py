"""A recorded set is played again to the sample, or refused in plain words."""

from __future__ import annotations

import json
import random
import time
from pathlib import Path

import mido
import numpy as np
import pytest
import soundfile
import torch

from bridge.cli import main
from bridge.controllog import Change, ControlLog, read_log
from bridge.controls import Controls, namespace
from bridge.engine import Engine
from bridge.lanes import write_lanes
from bridge.replay import again, prepare
from bridge.rig import SteerSetting
from bridge.session import Settings, add_directions, open_control_log
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
    """A set under random hands, on a tape that moves on bit by bit; its sound and its rewinds."""
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
    log = open_control_log(settings, stream, controls, steers)
    tape, kept = Tape(), Kept()
    engine = Engine(
        stream, controls, tape, steers, recorders=[kept], lookahead=0.3, control_log=log
    )
    dice = random.Random(1)
    engine.start()
    deadline = time.monotonic() + 60
    while (engine.rewinds < 5 or tape.settled < 60 * FRAME) and time.monotonic() < deadline:
        if tape.settled + 10 * FRAME <= len(tape.sound):
            turn(controls, dice)
            tape.settled += dice.randrange(2 * FRAME)
        time.sleep(0.01)
    engine.stop()
    while not engine.join(0.005):
        tape.settled = len(tape.sound)
        assert time.monotonic() < deadline, "it never ended"
    assert engine.failure is None
    return np.concatenate(kept.blocks), engine.rewinds


def test_a_set_is_played_again_to_the_sample(checkpoint, direction, tmp_path):
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


@pytest.mark.usefixtures("unannounced")
def test_from_the_command_line(checkpoint, direction, tmp_path, monkeypatch, capsys):
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
    assert "is another one now" in capsys.readouterr().err
    assert main(["replay", "other.jsonl", "--anyway", "--out", "anyway.wav"]) == 0
    Direction.load(str(direction), MusicModel.load(checkpoint, "cpu"))
    changed = json.loads(header)
    del changed["smoothing"]
    (tmp_path / "other.jsonl").write_text(json.dumps(changed))
    assert main(["replay", "other.jsonl"]) == 2
    assert "first line is damaged: KeyError('smoothing')" in capsys.readouterr().err
    changed = json.loads(header)
    changed["directions"]["/steer/bright"] = "0" * 16
    (tmp_path / "other.jsonl").write_text(json.dumps(changed))
    assert main(["replay", "other.jsonl"]) == 2
    assert "the direction /steer/bright of this set is another" in capsys.readouterr().err


@pytest.mark.usefixtures("unannounced")
def test_a_set_that_went_on_from_a_take(checkpoint, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    beats = 0.4 * np.sin(np.arange(48000) / 20) * (np.arange(48000) % 8000 < 2000)
    soundfile.write("take.wav", beats, 48000)
    arguments = ["--output", "none", "--fast", "--seconds", "2", "--osc-port", "0"]
    arguments += ["--model", str(checkpoint), "--record", "set.flac", "--seed", "1"]
    assert main(["play", "strings", *arguments, "--continue", "take.wav", "--hear-take"]) == 0
    heard, rate = soundfile.read("set.flac")
    over = [*arguments, "--output", "take.wav", "--continue", "take.wav"]
    assert main(["play", "strings", *over]) == 2
    assert "would be written over" in capsys.readouterr().err
    assert len(soundfile.read("take.wav")[0]) == 48000
    Path("take.wav").unlink()
    assert main(["replay", "set.jsonl"]) == 0, "the log needs no take"
    assert np.array_equal(heard, soundfile.read("set-replay.flac")[0])
    assert len(heard) == 2 * rate and np.abs(heard[-rate:]).max() > 1e-3
    assert main(["play", "strings", *arguments, "--continue", "take.wav"]) == 2
    assert "there is no recording 'take.wav' to continue" in capsys.readouterr().err
    assert main(["play", "strings", *arguments, "--hear-take"]) == 2
    assert "--hear-take needs --continue FILE" in capsys.readouterr().err


def test_what_a_rewind_took_back_is_not_in_the_log(tmp_path):
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
    until(lambda: engine.rewinds == 1 and len(tape.sound) >= 26 * FRAME)
    until(lambda: tape.writes[-1] >= 25 * FRAME)
    controls.set("/temperature", 0.5, "midi")  # before the first one was ever heard
    until(lambda: engine.rewinds == 2)
    engine.stop()
    while not engine.join(0.005):
        tape.settled = len(tape.sound)
        assert time.monotonic() < deadline
    changes = [c for entry in read_log(log.path).entries for c in entry.changes]
    assert changes[0] == Change("/temperature", 0.5, None, "midi")
    assert [change.address for change in changes] == ["/temperature", "/stop"]


def test_lanes_are_tracks_of_control_changes(tmp_path):
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
        ("", "is no control log"),
        ('{"format": "another"}', "is no control log"),
        ('{"format": "musicrfm control log 1"}\n{"frame": 1}\n{}', "line 2: this is no change"),
    ],
)
def test_what_is_no_control_log(text, said, tmp_path):
    path = tmp_path / "set.jsonl"
    if text is not None:
        path.write_text(text)
    with pytest.raises(MusicRFMError, match=said):
        read_log(path)


def test_a_log_that_broke_off_is_read_up_to_there(tmp_path):
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
    with pytest.raises(MusicRFMError, match="must not run one"):
        prepare(read_log(log))


def test_outputs_are_those_of_a_sound_card(tmp_path, capsys):
    assert main(["replay", str(tmp_path / "set.jsonl"), "--channels", "3,4"]) == 2
    assert "--channels needs --output DEVICE" in capsys.readouterr().err
