"""The commands, end to end on a small random model without a sound card."""

from __future__ import annotations

import errno
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from bridge.cli import main
from bridge.instrument import add_directions
from bridge.recording import disk
from bridge.rig import SteerSetting
from musicrfm.directions import Direction
from musicrfm.errors import MusicRFMError
from musicrfm.files.writing import unused
from musicrfm.model import MusicModel
from musicrfm.stream import MusicStream

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def direction(model, tmp_path) -> Path:
    """A direction file for the small model."""
    vectors = torch.randn(model.layers, 1, model.width, generator=torch.Generator().manual_seed(0))
    made = Direction("bright", vectors, torch.ones(model.layers), {"model": model.name})
    return made.save(tmp_path / "bright.safetensors")


@pytest.fixture
def run(checkpoint, tmp_path, monkeypatch, capsys, unannounced):
    """Runs `bridge play` on the small model in an empty folder: (status, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)

    def start(*arguments: str) -> tuple[int, str, str]:
        status = main(["play", "--model", str(checkpoint), "--osc-port", "0", *arguments])
        said = capsys.readouterr()
        return status, said.out, said.err

    return start


def test_play_writes_the_files_and_the_statistics(run, tmp_path, direction):
    status, out, _ = run(
        "strings",
        *("--output", "a.wav", "--seconds", "1.5", "--fast", "--seed", "7"),
        *("--steer", f"{direction}=0.5", "--record", "b.flac", "--stats", "stats.json"),
    )
    assert status == 0
    assert "playing 'strings'" in out and "seed 7" in out and "OSC listening on 127.0.0.1:" in out
    audio, rate = soundfile.read(tmp_path / "a.wav")
    recorded, _ = soundfile.read(tmp_path / "b.flac")
    assert rate == 32000 and len(audio) == 48000
    assert np.abs(audio).max() > 0.001
    np.testing.assert_allclose(audio, recorded, atol=2**-22)  # WAV and FLAC round differently
    stats = json.loads((tmp_path / "stats.json").read_text())
    assert stats["audio_seconds"] == 1.5 and stats["frames"] == 75
    assert stats["underruns"] == 0 and stats["seed"] == 7
    assert stats["real_time_factor"] > 0 and stats["wall_seconds"] > 0
    assert stats["peak_memory_mib"] > 50
    assert stats["control_changes_applied"] - stats["degraded"] == 0
    terms = stats["latency"]
    assert terms["delay_pattern_ms"] == 60 and terms["ring_ms"] == 0
    assert 0 < terms["reaction_ms"] < 200
    assert terms["codec_lookahead_ms"] == 80
    assert terms["total_ms"] == sum(v for k, v in terms.items() if k != "total_ms")


def test_later_sets_never_overwrite_earlier_files(run, tmp_path):
    short = ("--output", "none", "--fast", "--seconds", "0.2")
    (tmp_path / "notes.json").write_text('{"mine": 1}')
    assert run(*short, "--record", "set.flac", "--stats", "notes.json")[0] == 0
    first = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert set(first) == {"notes.json", "notes-2.json", "set.flac", "set.jsonl"}
    assert first["notes.json"] == b'{"mine": 1}'
    status, out, err = run(*short, "--record", "set.flac", "--seed", "4", "--output", "set.wav")
    assert status == 0 and "recording: set-2.flac, control changes: set-2.jsonl" in out
    assert "set.flac exists already, so this is written to set-2.flac" in err
    assert run(*short, "--record", "set.wav")[0] == 0  # whose log cannot be that of set.flac
    assert (tmp_path / "set-2.wav").exists() and (tmp_path / "set-2.wav.jsonl").exists()
    assert all((tmp_path / name).read_bytes() == content for name, content in first.items())
    assert run(*short, "--stats", "notes-2.json")[0] == 0
    assert (tmp_path / "notes-2-2.json").exists()
    assert (tmp_path / "notes-2.json").read_bytes() == first["notes-2.json"]
    assert run(*short, "--record", "set.flac", "--overwrite", "--seed", "4")[0] == 0
    assert (tmp_path / "set.flac").read_bytes() == (tmp_path / "set-2.flac").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--stats", "folder"), "cannot write 'folder': it is a folder"),
        (("--stats", "no/such/stats.json"), "the folder does not exist"),
        (("--record", "no/such/set.flac"), "the folder does not exist"),
        (("--record", "folder.flac"), "it is a folder"),
        (("--record", "set.mp3"), "must end in .flac or .wav"),
        (("--output", "no/such/set.flac"), "the folder does not exist"),
        (("--stats", "a\tb.json"), "contains a tab"),
    ],
)
def test_impossible_output_files_are_refused_before_loading(
    run, tmp_path, monkeypatch, arguments, said
):
    def load(*_, **__):
        raise AssertionError("the model is loaded")

    monkeypatch.setattr(MusicModel, "load", load)
    for name in ("folder", "folder.flac"):
        (tmp_path / name).mkdir()
    status, _, err = run("--output", "none", "--fast", "--seconds", "0.2", *arguments)
    assert status == 2 and said in err and err.count("\n") == 1
    assert sorted(os.listdir(tmp_path)) == ["folder", "folder.flac"]


def test_full_disk_is_reported_and_gives_exit_status_1(run, tmp_path, monkeypatch):
    room, write = 15_000, disk.write

    def small(handle: int, at: int | None, data: bytes) -> int:
        if at is not None and at + len(data) > room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(handle, at, data)

    monkeypatch.setattr(disk, "write", small)
    short = ("--output", "none", "--fast", "--seconds", "1")
    status, out, err = run(*short, "--record", "set.wav", "--stats", "s.json")
    assert status == 1 and "played 1.0 s" in out
    assert re.search(r"the recording set.wav lacks 0\.\d to 1.0 s: No space left on device", err)
    assert "System error" not in err and (tmp_path / "s.json").exists()
    assert 3 * soundfile.info(tmp_path / "set.wav").frames <= room

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    before = (tmp_path / "s.json").read_bytes()
    monkeypatch.setattr(Path, "write_bytes", full)
    status, out, err = run("--output", "none", "--fast", "--seconds", "0.2", "--stats", "s.json")
    assert status == 1 and "error: cannot write 's.json': No space left on device" in err
    assert (tmp_path / "s.json").read_bytes() == before and "played 0.2 s" in out
    assert sorted(os.listdir(tmp_path)) == ["s.json", "set.jsonl", "set.wav"]


def test_tilde_in_paths_is_expanded(run, tmp_path, monkeypatch):
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    rig = "[output]\nto = 'none'\nrecord = '~/rig.flac'\n"
    (tmp_path / "home" / "my.toml").write_text(rig)
    short = ("--fast", "--seconds", "0.2", "--rig", "~/my.toml")
    assert run(*short)[0] == 0 and run(*short, "--record=~/a.wav", "--stats=~/s.json")[0] == 0
    assert run(*short, "--output=~/b.wav", "--continue", "~/b.wav")[0] == 2
    found = {"my.toml", "rig.flac", "rig.jsonl", "a.wav", "a.jsonl", "s.json"}
    assert set(os.listdir(tmp_path / "home")) == found and os.listdir(tmp_path) == ["home"]


def test_prompt_with_invalid_unicode_plays(run):
    status, out, _ = run("caf\udce9", "--output", "none", "--fast", "--seconds", "0.2")
    assert status == 0 and "playing 'caf?'" in out


def test_the_same_seed_plays_the_same_and_another_does_not(run, tmp_path):
    for name, seed in (("a", "3"), ("b", "3"), ("c", "4")):
        run("--output", f"{name}.wav", "--seconds", "1", "--fast", "--seed", seed)
    a, b, c = (soundfile.read(tmp_path / f"{name}.wav")[0] for name in "abc")
    np.testing.assert_array_equal(a, b)
    assert not np.array_equal(a, c)


def test_steering_from_the_start_changes_the_sound(run, tmp_path, direction):
    for name, value in (("off", "0"), ("on", "2")):
        run(
            *("--output", f"{name}.wav", "--seconds", "1", "--fast", "--seed", "3"),
            *("--steer", f"{direction}={value}"),
        )
    off, on = (soundfile.read(tmp_path / f"{name}.wav")[0] for name in ("off", "on"))
    assert not np.allclose(off, on, atol=1e-3)


def test_set_without_a_sound_card_plays_in_real_time_into_a_session_file(
    run, tmp_path, monkeypatch
):
    fake = tmp_path / "fake"
    fake.mkdir()
    (fake / "sounddevice.py").write_text("raise OSError('PortAudio library not found')")
    monkeypatch.setenv("PYTHONPATH", str(fake))
    began = time.monotonic()
    status, out, err = run("--seconds", "1.2", "--lookahead", "200")  # which is not waited for
    assert status == 0
    assert time.monotonic() - began > 0.9
    (sentence,) = [line for line in err.splitlines() if "session.flac" in line]
    assert "apt install libportaudio2" in sentence
    assert soundfile.info(tmp_path / "session.flac").frames == 38400
    assert "output: session.flac" in out
    assert unused("session.flac") == Path("session-2.flac")


@pytest.mark.slow
def test_set_without_a_device_plays_into_a_session_file_and_waits_for_one(
    run, tmp_path, monkeypatch
):
    fake = tmp_path / "fake"
    fake.mkdir()
    source = "class PortAudioError(Exception): pass\ndef query_devices(): return []\n"
    source += "def _terminate(): pass\ndef _initialize(): pass\n"
    (fake / "sounddevice.py").write_text(source)
    monkeypatch.setenv("PYTHONPATH", str(fake))
    began = time.monotonic()
    status, out, err = run("--seconds", "2.5", "--lookahead", "200")
    assert status == 0 and time.monotonic() - began > 2.0
    assert "connect one" in err and "an audio output that appears later is used" in err
    assert "output: session.flac" in out and "with 0 underruns" in out
    assert soundfile.info(tmp_path / "session.flac").frames == 80000


def test_rig_settings_apply_unless_the_command_line_overrides_them(run, tmp_path, direction):
    (tmp_path / "rig.toml").write_text(
        '[engine]\nprompt = "from the rig"\nseed = 5\ngain = -60\nlookahead = 100\n'
        f'[[steer]]\nname = "{direction}"\ncoefficient = 0.5\nlayers = "top:1"\n'
        '[[midi]]\ncc = 21\nto = "/steer/bright"\n',
        encoding="utf-8",
    )
    common = ("--rig", "rig.toml", "--output", "a.wav", "--seconds", "0.3", "--fast")
    status, out, _ = run(*common, "--stats", "s.json")
    assert status == 0 and "'from the rig'" in out and "seed 5" in out
    assert out.startswith("rig.toml: runs no Python; writes itself")
    assert np.abs(soundfile.read(tmp_path / "a.wav")[0]).max() == 0.0
    assert json.loads((tmp_path / "s.json").read_text())["lookahead_ms"] == 100
    _, out, _ = run("mine", *common, "--seed", "6")
    assert "'mine'" in out and "seed 6" in out


def test_steering_from_the_rig_and_the_command_line_sounds_the_same(
    run, tmp_path, model, monkeypatch
):
    """Both give the same sound. The schedule is a Python function in a file beside the rig."""
    stage = tmp_path / "stage"
    stage.mkdir()
    vectors = torch.randn(
        2, model.layers, 2, model.width, generator=torch.Generator().manual_seed(0)
    )
    for name, one in zip(("left", "right"), vectors, strict=True):
        direction = Direction(name, one, torch.ones(model.layers), {"model": model.name})
        direction.save(tmp_path / "mine" / model.name / f"{name}.safetensors")
    monkeypatch.setenv("MUSICRFM_DIRECTIONS", str(tmp_path / "mine"))
    for folder, module in ((stage, "rig_curves"), (tmp_path, "typed_curves")):
        code = "def swell(step, base):\n    return min(1.5, step / 20)\n"
        (folder / f"{module}.py").write_text(code, encoding="utf-8")
    (stage / "rig.toml").write_text(
        '[engine]\nsteer_guidance = "conditional"\nkeep_norm = true\n'
        '[[steer]]\nname = "left"\ncoefficient = 1.5\nlayers = "layer:-1"\n'
        'schedule = "python:rig_curves:swell"\ninject = 0.5\ninject_per = "step"\n'
        'component = "0,1"\n',
        encoding="utf-8",
    )
    common = ("--seconds", "0.8", "--fast", "--seed", "3")
    assert run("--rig", "stage/rig.toml", "--output", "rig.wav", *common)[0] == 0
    options = "layers=layer:-1,schedule=python:typed_curves:swell,inject=0.5,inject-per=step"
    typed = ("--steer", f"left=1.5,{options},component=0,1")
    modes = ("--steer-guidance", "conditional", "--keep-norm")
    assert run(*typed, *modes, "--output", "typed.wav", *common)[0] == 0
    assert run(*typed, "--output", "other.wav", *common)[0] == 0
    sound = {n: soundfile.read(tmp_path / f"{n}.wav")[0] for n in ("rig", "typed", "other")}
    np.testing.assert_array_equal(sound["rig"], sound["typed"])
    assert not np.array_equal(sound["rig"], sound["other"])

    (stage / "rig.toml").write_text(
        '[[steer]]\nname = "left"\ncoefficient = 2\n'
        '[[crossfade]]\nfrom = "left"\nto = "right"\nstart = 0.2\nseconds = 0.3\n',
        encoding="utf-8",
    )
    assert run("--rig", "stage/rig.toml", "--output", "faded.wav", *common)[0] == 0
    assert run("--steer", "left=2", "--output", "plain.wav", *common)[0] == 0
    faded, plain = (soundfile.read(tmp_path / f"{n}.wav")[0] for n in ("faded", "plain"))
    np.testing.assert_array_equal(faded[:3200], plain[:3200])
    assert not np.array_equal(faded, plain)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[[steer]]\nname = "bright"\nschedule = "python:nowhere:f"', "cannot be imported"),
        ('[[steer]]\nname = "bright"\nschedule = "wobble:3"', "'wobble:3' is not one of constant"),
        ('[[steer]]\nname = "bright"\ncomponent = "7"', "has no component 7"),
        ('[[steer]]\nname = "bright"\nlayers = "layer:9"', "layer:N (N from -2 to 1)"),
        ('[[crossfade]]\nfrom = "bright"\nto = "dark"\nseconds = 1', "'/steer/dark'"),
    ],
)
def test_unplayable_rig_is_refused_before_playing(
    run, tmp_path, model, direction, monkeypatch, text, said
):
    Direction.load(direction).save(tmp_path / "mine" / model.name / "bright.safetensors")
    monkeypatch.setenv("MUSICRFM_DIRECTIONS", str(tmp_path / "mine"))
    (tmp_path / "rig.toml").write_text(text, encoding="utf-8")
    status, out, err = run("--rig", "rig.toml", "--output", "a.wav", "--seconds", "0.1", "--fast")
    assert status == 2 and "playing" not in out
    (sentence,) = [line for line in err.splitlines() if line.startswith("error: ")]
    assert said in sentence


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--steer", "nothing=1"], "nothing"),
        (["--rig", "missing.toml"], "missing.toml"),
        (["--output", "no/folder/a.wav"], "no/folder/a.wav"),
        (["--record", "a.mp3"], "must end in .flac or .wav"),
        (["--stats", "no/folder/a.json"], "the folder does not exist"),
        (["--fast", "--output", "Speakers"], "--fast needs --output FILE or none, and --seconds"),
        (["--output", "a.wav", "--record", "./a.wav"], "cannot both write './a.wav'"),
        (["--channels", "3,4"], "--channels and --cue need a sound card, not --output none"),
        (["--output", "Card", "--cue", "1,2"], "output 1 cannot have both the music and the cue"),
        (["--osc-port", "70000"], "0 to 65535, not 70000"),
        (["--seed", "-1"], "seed"),
        (["--web-host", "stage"], "--web-host needs --web"),
    ],
)
def test_impossible_arguments_give_one_sentence_and_exit_status_2(run, arguments, said):
    output = [] if "--output" in arguments else ["--output", "none"]
    status, _, err = run(*output, "--seconds", "0.1", *arguments)
    assert status == 2
    (sentence,) = [line for line in err.splitlines() if line.startswith("error: ")]
    assert said in sentence


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--steer", "note_C"], "'note_C' must be NAME=COEF"),
        (["--steer", "note_C=loud"], "'loud' is not a number from -2 to 2"),
        (["--seconds", "-1"], "'-1' is not a number"),
        (["--lookahead", "5"], "'5' is not a number from 40 to 10000"),
        (["--channels", "0,1"], "'0,1' is not a list of output numbers, counted from 1, as in 3,4"),
        (["--cue", "left"], "'left' is not a list of output numbers"),
        (["--osc-tcp", "on"], "'on' is neither a port, 0 to 65535, nor off"),
        (["--osc-tcp", "70000"], "'70000' is neither a port"),
        (["--web-host", "http://stage"], "'http://stage' is not a host name"),
        (["--web", "stage"], "'stage' is not [HOST:]PORT"),
    ],
)
def test_mistyped_arguments_are_refused_by_name(capsys, arguments, said):
    with pytest.raises(SystemExit) as info:
        main(["play", *arguments])
    assert info.value.code == 2
    assert said in capsys.readouterr().err


def test_directions_of_the_model_are_loaded_at_the_start(model, tmp_path, monkeypatch, direction):
    folder = tmp_path / "mine" / model.name
    folder.mkdir(parents=True)
    Direction.load(direction, model).save(folder / "bright.safetensors")
    (folder / "broken.safetensors").write_bytes(b"not a direction")
    monkeypatch.setenv("MUSICRFM_DIRECTIONS", str(tmp_path / "mine"))
    stream = MusicStream(model, "", seed=0)
    steers, start = add_directions(stream, [])
    assert steers == {"/steer/bright": "bright"} and start == {}
    assert stream.steering.get("bright").coefficient == 0.0
    settings = [SteerSetting("bright", 0.5, layers="top:1"), SteerSetting("bright", 0.7)]
    _, start = add_directions(MusicStream(model, "", seed=0), settings)
    assert start == {"/steer/bright": 0.7, "/steer/bright/layers": "top:1"}
    with pytest.raises(MusicRFMError, match="broken"):
        add_directions(MusicStream(model, "", seed=0), [SteerSetting("broken", 1.0)])


@pytest.mark.parametrize(
    "odd",
    [
        {"classes": 5},
        {"curve": {}},
        {"range": [0, 1e30]},
        {"range": "loud"},
        {"class_ranges": [1]},
        {"name": "a\x1b[2J"},
        {"name": 7},
        {"name": "../../elsewhere"},
        {"name": "x" * 300},
        {"kind": ["binary"]},
        "[" * 100_000,
        "9" * 5000,
        "NaN",
        "\ud800",
    ],
    ids=str,
)
def test_broken_direction_does_not_affect_the_others(model, tmp_path, monkeypatch, direction, odd):
    folder = tmp_path / "mine" / model.name
    folder.mkdir(parents=True)
    good = Direction.load(direction, model).save(folder / "bright.safetensors")
    with safe_open(good, "pt") as file:
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
        meta = dict(file.metadata())
    if isinstance(odd, dict):
        meta |= {key: json.dumps(value) for key, value in odd.items()}
    else:
        meta |= {"curve": odd.encode("utf-8", "replace").decode(), "range": odd[:100_000]}
        meta = {key: value.encode("utf-8", "replace").decode() for key, value in meta.items()}
    save_file(tensors, folder / "odd.safetensors", meta)
    (folder / "empty.safetensors").touch()
    (folder / "folder.safetensors").mkdir()
    monkeypatch.setenv("MUSICRFM_DIRECTIONS", str(tmp_path / "mine"))
    stream = MusicStream(model, "", seed=0)
    steers, _ = add_directions(stream, [])
    assert "/steer/bright" in steers
    stream.steering.set("bright", 0.5)
    assert np.isfinite(next(stream)).all()


@pytest.mark.slow
@pytest.mark.needs("posix")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_fades_out_closes_the_file_and_exits_0(checkpoint, tmp_path, number):
    command = [sys.executable, "-m", "bridge", "play", "--model", str(checkpoint)]
    command += ["--output", "set.flac", "--osc-port", "0", "--stats", "stats.json"]
    process = subprocess.Popen(
        command,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    for line in process.stdout:
        if line.startswith("OSC listening"):
            break
    time.sleep(1.0)
    process.send_signal(number)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    # A computer that is busy with other tests may say so.
    assert err == "" or err.startswith("the buffer ran low")
    audio, rate = soundfile.read(tmp_path / "set.flac")
    stats = json.loads((tmp_path / "stats.json").read_text())
    assert len(audio) / rate == stats["audio_seconds"] > 0.8
    assert abs(audio[-1]) < 1e-3
    assert np.abs(audio[-160:]).max() < 0.2 * np.abs(audio[:-3200]).max()


def test_port_in_use_is_an_error_that_names_the_option(run):
    from bridge.osc.server import OscServer

    taken = OscServer(port=0)
    status, _, err = run("--output", "none", "--seconds", "1", "--osc-port", str(taken.port))
    taken.close()
    assert status == 2 and f"127.0.0.1:{taken.port}" in err and "--osc-port" in err


def test_network_options_of_the_command_line_override_the_rig(tmp_path, monkeypatch):
    played = []
    monkeypatch.setattr("bridge.session.play", lambda settings: played.append(settings) or 0)
    rig = tmp_path / "rig.toml"
    rig.write_text(
        '[osc]\ntcp = "off"\nallow = "10.0.0.0/8"\n[web]\nat = "0.0.0.0:81"\nhost = "stage"\n'
    )
    main(["play", "--rig", str(rig)])
    main(["play", "--rig", str(rig), "--osc-tcp", "3032", "--web", "82", "--web-host", "a"])
    main(["play"])
    main(["play", "--rig", str(rig), "--osc-allow", "10.0.0.1", "--osc-allow", "10.0.0.2/32"])
    allowed = [[str(each) for each in one.osc_allow] for one in played]
    assert allowed == [["10.0.0.0/8"], ["10.0.0.0/8"], [], ["10.0.0.1/32", "10.0.0.2/32"]]
    found = [(one.osc_tcp, one.web, one.web_hosts) for one in played[:3]]
    assert found == [
        ("off", ("0.0.0.0", 81), ("stage",)),
        (3032, ("127.0.0.1", 82), ("a",)),
        ("same", None, ()),
    ]


def test_cli_import_does_not_load_transformers():
    """`bridge learn` must start before the player moves the knob."""
    code = "import sys, bridge.cli; sys.exit('transformers' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=120).returncode == 0


def test_commands_that_play_nothing_do_not_load_pytorch(tmp_path):
    """`learn`, `devices`, `rig` and similar commands start quickly."""
    rig = tmp_path / "rig.toml"
    rig.write_text('[engine]\nprompt = "piano"\n[[midi]]\ncc = 1\nto = "/steer/note_C"\n')
    program = (
        "import sys; from bridge.cli import main; import bridge.commands.learn, musicrfm.cli; "
        f"assert main(['rig', 'check', {str(rig)!r}]) == 0; "
        "sys.exit(sorted({'torch', 'transformers', 'numba', 'scipy'} & set(sys.modules)) or 0)"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
