"""The command `musicrfm` on a small model with random weights."""

from __future__ import annotations

import argparse
import errno
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from musicrfm.cli import main
from musicrfm.directions import Direction
from musicrfm.errors import MusicRFMError
from musicrfm.evaluation.takes import _Source
from musicrfm.model import MusicModel
from musicrfm.selfcheck import Verdict, loaded
from musicrfm.stream import MusicStream
from tests.checkpoints import make_checkpoint


@pytest.fixture(autouse=True)
def own_folders(tmp_path, monkeypatch):
    monkeypatch.setenv("MUSICRFM_DIRECTIONS", str(tmp_path / "directions"))
    monkeypatch.setenv("MUSICRFM_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def note(model, tmp_path) -> Direction:
    """`note_Cs` of the model `tiny`, in the user's folder."""
    vectors = np.random.default_rng(0).normal(size=(model.layers, 1, model.width))
    meta = {"model": model.name, "range": [0.0, 30.0], "method": "rfm", "concept": "note"}
    direction = Direction("note_Cs", vectors, np.ones(model.layers), meta)
    direction.save(tmp_path / "directions" / model.name / "note_Cs.safetensors")
    return direction


def test_measurement_options_reach_the_setting():
    from musicrfm.commands import arguments, calibrate, evaluate
    from musicrfm.evaluation.perform import PROMPTS, Setting

    for module in (calibrate, evaluate):
        commands = argparse.ArgumentParser().add_subparsers()
        module.add(commands)
        (parser,) = commands.choices.values()
        assert arguments.setting_of(parser.parse_args([])) == (Setting(), PROMPTS)
        given = ["--prompt", "a=flute", "--prompt", "b", "--seeds", "3", "--seed", "5"]
        given += ["--seconds", "2", "--layers", "0,1", "--guidance", "2"]
        setting, instruments = arguments.setting_of(parser.parse_args(given), keep_norm=True)
        assert (setting.prompts, setting.seeds) == (("a", "b"), (5, 6, 7))
        assert (setting.seconds, setting.layers, setting.guidance_scale) == (2.0, "0,1", 2.0)
        assert setting.keep_norm and instruments == PROMPTS | {"a": "flute"}


def test_help_imports_no_heavy_packages():
    code = (
        "import sys; from musicrfm.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit as end: print('exit', end.code)\n"
        "print([m for m in ('torch', 'numpy', 'librosa', 'matplotlib') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("exit 0\n[]\n")
    for command in ("generate", "listen", "directions", "train", "evaluate"):
        assert command in done.stdout


@pytest.mark.parametrize(("suffix", "subtype"), [(".flac", "PCM_24"), (".wav", "PCM_24")])
def test_generate_writes_the_requested_seconds(checkpoint, tmp_path, suffix, subtype):
    out = tmp_path / "new" / f"clip{suffix}"
    assert (
        main(
            ["generate", "piano", "--out", str(out), "--model", str(checkpoint), "--seconds", "1.5"]
        )
        == 0
    )
    about = soundfile.info(out)
    assert (about.frames, about.samplerate, about.channels) == (48_000, 32_000, 1)
    assert about.subtype == subtype
    audio, _ = soundfile.read(out)
    assert np.abs(audio).max() > 0.001


@pytest.mark.parametrize(
    "command",
    [
        ["generate", "piano", "--out", "a.wav"],
        ["generate", "note_C", "--compare", "1", "--out", "page"],
        ["train", "note", "--target", "C"],
        ["calibrate"],
        ["evaluate"],
        ["results"],
        ["detect", __file__],
    ],
    ids=lambda command: "-".join(command[:3:2]).partition(".")[0],
)
def test_every_command_keeps_to_the_stored_self_check_of_a_gpu(
    command, tmp_path, monkeypatch, capsys
):
    """A stand-in for a GPU on which float16 and CUDA graphs were found wrong."""
    asked = []

    def load(name, device, dtype, frugal):
        asked.append(dtype)
        raise MusicRFMError("enough is known")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("musicrfm.selfcheck.device_of", lambda device: torch.device("cuda"))
    monkeypatch.setattr("musicrfm.selfcheck.remembered", lambda *_: Verdict(False, "bfloat16"))
    monkeypatch.setattr(MusicModel, "load", load)
    for dtype in ([], ["--dtype", "float16"]):
        assert main([*command, *dtype]) == 2
        assert "enough is known" in capsys.readouterr().err
    assert asked == ["bfloat16", "bfloat16"]


def test_streams_of_a_model_without_working_graphs_use_none(checkpoint, monkeypatch):
    monkeypatch.setattr("musicrfm.selfcheck.to_play", lambda *_: ("bfloat16", False))
    model = loaded(checkpoint, "cpu", "float16")
    assert model.dtype == torch.bfloat16 and not MusicStream(model)._graphs
    assert not _Source.of(model, "").graphs
    model.graphs = True
    assert MusicStream(model, graphs=False)._graphs is False


def test_generate_names_an_uncalibrated_direction(checkpoint, model, tmp_path, caplog, monkeypatch):
    monkeypatch.setattr("musicrfm.steering.steering._told", set())
    file = tmp_path / "bright.safetensors"
    Direction.of(model, "bright", torch.ones(model.layers, 1, model.width)).save(file)
    run = ["generate", "piano", "--model", str(checkpoint), "--seconds", "0.1"]
    assert main([*run, "--steer", f"{file}=0.5", "--out", str(tmp_path / "a.wav")]) == 0
    (said,) = [text for text in caplog.messages if "calibrate" in text]
    assert said.startswith("bright is not calibrated") and "`musicrfm calibrate bright" in said


def test_generate_shows_progress(checkpoint, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    out = str(tmp_path / "clip.wav")
    run = ["generate", "piano", "--model", str(checkpoint), "--out", out, "--seconds", "1.2"]
    assert main(run) == 0
    said = capsys.readouterr()
    assert "clip.wav" in said.err and "2/2 s" in said.err and "\x1b" not in said.out


def test_generate_overwrites_only_with_the_option(checkpoint, tmp_path, capsys):
    base = ["generate", "piano", "--model", str(checkpoint), "--seconds", "0.2", "--out"]
    for suffix in ("wav", "flac", "ogg"):
        clip = tmp_path / f"clip.{suffix}"
        assert main([*base, str(clip)]) == 0
        before = clip.read_bytes()
        assert main([*base, str(clip), "--seed", "5"]) == 0
        assert clip.read_bytes() == before and (tmp_path / f"clip-2.{suffix}").exists()
        assert main([*base, str(clip), "--seed", "5", "--overwrite"]) == 0
        assert clip.read_bytes() != before
    assert len(list(tmp_path.iterdir())) == 6
    assert "clip-2.wav: 0.2 s" in (said := capsys.readouterr().out) and "exists already" in said


def test_full_disk_keeps_the_existing_file(checkpoint, tmp_path, monkeypatch, capsys):
    out = tmp_path / "clip.wav"
    base = ["generate", "piano", "--model", str(checkpoint), "--seconds", "0.5", "--out", str(out)]
    assert main(base) == 0
    before = out.read_bytes()

    class Full(io.FileIO):
        def write(self, data) -> int:
            if self.tell() + len(data) > 20_000:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return super().write(data)

    monkeypatch.setattr(Path, "open", lambda path, mode="r", **_: Full(path, mode))
    assert main([*base, "--seed", "3", "--overwrite"]) == 2
    monkeypatch.undo()
    error = capsys.readouterr().err
    assert error == f"error: '{out}' cannot be written: No space left on device\n"
    assert out.read_bytes() == before and os.listdir(tmp_path) == ["clip.wav"]


def test_generate_follows_seed_and_steering(checkpoint, note, tmp_path):
    def sound(*more: str) -> np.ndarray:
        out = tmp_path / "clip.wav"
        base = ["generate", "piano", "--out", str(out), "--model", str(checkpoint)]
        base.append("--overwrite")
        assert main([*base, "--seconds", "0.5", *more]) == 0
        return soundfile.read(out)[0]

    plain = sound()
    np.testing.assert_array_equal(plain, sound())
    assert not np.array_equal(plain, sound("--seed", "1"))
    steered = sound("--steer", "note_C#=1")
    assert not np.array_equal(plain, steered)
    np.testing.assert_array_equal(plain, sound("--steer", "note_C#=0"))
    np.testing.assert_array_equal(plain, sound("--steer", "note_Db=1", "--inject", "0"))
    np.testing.assert_array_equal(
        steered, sound("--steer", "note_Cs=1", "--layers", "top:2", "--schedule", "constant")
    )
    assert not np.array_equal(steered, sound("--steer", "note_Cs=1", "--schedule", "linear:5"))
    assert not np.array_equal(plain, sound("--top-k", "1", "--guidance", "1"))


def test_steering_options_of_generate_match_the_python_interface(checkpoint, model, note, tmp_path):
    """Options on the command line sound like the same settings given to `Steering`."""
    from musicrfm.steering.steering import Steering
    from musicrfm.stream import MusicStream

    vectors = np.random.default_rng(1).normal(size=(model.layers, 2, model.width))
    scores = np.linspace(0, 1, model.layers)
    tempo = Direction("tempo", vectors, scores, {"model": model.name, "range": [-20.0, 20.0]})
    tempo.save(tmp_path / "directions" / model.name / "tempo.safetensors")

    def typed(*more: str) -> np.ndarray:
        out = tmp_path / "clip.wav"
        base = ["generate", "piano", "--out", str(out), "--model", str(checkpoint)]
        base += ["--dtype", "float32", "--overwrite"]
        assert main([*base, "--seconds", "0.5", *more]) == 0
        return soundfile.read(out)[0]

    def told(tell, **settings) -> np.ndarray:
        stream = MusicStream(model, "piano", **settings)
        tell(stream.steering)
        return stream.generate(27)[:16_000, 0].clip(-1, 1)  # more than is wanted, as the command

    def first(steering: Steering) -> None:
        steering.keep_norm = True
        steering.add(note, 0.8, layers="layer:-1", inject=0.5)
        steering.add(
            *(tempo, -1.0),
            layers="exp:1,0.95",
            schedule="ramp:20",
            inject=0.7,
            inject_per="step",
            component=(0, 1),
        )

    options = "layers=exp:1,0.95,schedule=ramp:20,inject=0.7,inject-per=step,component=0,1"
    common = ("--layers", "layer:-1", "--inject", "0.5", "--keep-norm")
    np.testing.assert_allclose(
        typed("--steer", "note_Db=0.8", "--steer", f"tempo=-1,{options}", *common),
        told(first),
        atol=1e-5,
    )

    def second(steering: Steering) -> None:
        steering.add(note, 1.0)
        steering.add(tempo, 0.0)
        steering.crossfade("note_Cs", "tempo", 10, start=5)

    conditional = ("--steer-guidance", "conditional")
    np.testing.assert_allclose(
        typed("--steer", "note_C#=1", "--crossfade", "note_C#,tempo,0.1,0.2", *conditional),
        told(second, steer_guidance="conditional"),
        atol=1e-5,
    )


def test_generate_loads_a_schedule_function_from_the_current_folder(
    checkpoint, note, tmp_path, monkeypatch, caplog
):
    monkeypatch.chdir(tmp_path)
    code = "def up(step, base):\n    if step > 9:\n        raise OSError('lost')\n    return base\n"
    (tmp_path / "failing_curves.py").write_text(code)
    run = ["generate", "piano", "--model", str(checkpoint), "--seconds", "0.5"]
    function = "note_C#=1,schedule=python:failing_curves:up"
    assert main([*run, "--out", "held.wav", "--steer", function]) == 0
    assert main([*run, "--out", "constant.wav", "--steer", "note_C#=1"]) == 0
    held, constant = (soundfile.read(f"{name}.wav")[0] for name in ("held", "constant"))
    np.testing.assert_array_equal(held, constant)
    assert caplog.text.count("OSError: lost at step 10: the coefficient is held at 1") == 1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--steer", "note_C#=1", "--steer", "note_Db=2"], "note_Cs is given twice"),
        (["--steer", "note_C#=1,component=3"], "has no component 3: choose from 0 to 0"),
        (["--steer", "note_C#=1", "--crossfade", "note_E,note_Cs,0,1"], "no direction 'note_E'"),
        (["--crossfade", "note_C#,note_C#,0,1"], "'note_Cs' cannot be crossfaded into itself"),
        (["--steer", "note_C#=1", "--crossfade", "note_Cs,0,1"], "FROM,TO,START,SECONDS"),
    ],
)
def test_impossible_steering_is_refused(checkpoint, note, tmp_path, capsys, options, words):
    run = ["generate", "x", "--out", str(tmp_path / "c.wav"), "--model", str(checkpoint)]
    assert main([*run, *options]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ") and error.count("\n") == 1 and words in error


def test_generate_sounds_like_the_stream(checkpoint, model, note, tmp_path):
    from musicrfm.evaluation.evaluate import perform

    out = tmp_path / "clip.wav"
    main(
        [
            "generate",
            "flute",
            "--out",
            str(out),
            "--model",
            str(checkpoint),
            "--seconds",
            "0.5",
            "--steer",
            "note_Cs=0.5",
            "--seed",
            "7",
            "--dtype",
            "float32",
        ]
    )
    played = perform(model, "flute", seed=7, seconds=0.5, changes=[(0.0, note, 15.0)])
    np.testing.assert_allclose(soundfile.read(out)[0], played[:, 0].clip(-1, 1), atol=1e-5)


def test_listen_prints_measurements(tmp_path, capsys):
    t = np.arange(32_000 * 2) / 32_000
    path = tmp_path / "fis.wav"
    soundfile.write(path, 0.4 * np.sin(2 * np.pi * 369.99 * t), 32_000)
    assert main(["listen", str(path)]) == 0
    text = capsys.readouterr().out
    assert "F# 100% (1 pitch classes)" in text and "no pulse" in text and "-11.0 dBFS" in text
    assert main(["listen", "--json", str(path), str(path)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert len(found) == 2 and found[0]["file"] == str(path)
    assert found[0]["note_share"][6] == pytest.approx(1.0)


def test_directions_are_listed(checkpoint, note, capsys):
    assert main(["directions", "--model", str(checkpoint)]) == 0
    assert capsys.readouterr().out.split() == ["note_Cs"]


@pytest.mark.slow
def test_train_and_evaluate(tmp_path, capsys):
    folder = make_checkpoint(tmp_path / "roomy", window=256)
    on = ["--model", str(folder)]
    quick = ["--samples", "84", "--octaves", "4-6", "--method", "mean-difference"]
    assert main(["train", "note", "--target", "all", *on, *quick]) == 0
    text = capsys.readouterr().out
    assert text.count("auc by layer") == 12
    assert len(list((tmp_path / "directions" / "roomy").glob("note_*.safetensors"))) == 12
    out = ["--out", str(tmp_path / "mine")]
    assert main(["train", "note", "--target", "Eb", *on, *quick, *out]) == 0
    file = tmp_path / "mine" / "roomy" / "note_Ds.safetensors"
    model = MusicModel.load(folder, device="cpu")
    again = Direction.load("note_Ds", model)
    np.testing.assert_array_equal(Direction.load(file).vectors, again.vectors)

    report = tmp_path / "report"
    short = ["--prompt", "piano=piano", "--seeds", "1", "--seconds", "0.6", "--out", str(report)]
    assert main(["evaluate", str(file), *on, *short, "--coefficients", "5,20", "--chroma"]) == 0
    assert "| note_Ds | mean-difference |" in capsys.readouterr().out
    made = {p.name for p in report.iterdir()}
    assert made == {
        "evaluation.json",
        "evaluation.csv",
        "evaluation.md",
        "takes.jsonl",
        "response_note_Ds.png",
        "chroma_note_Ds.png",
    }
    table, numbers = ((report / f"evaluation.{kind}").read_bytes() for kind in ("md", "json"))
    short = ["--prompt", "flute", *short[2:]]
    assert main(["evaluate", str(file), *on, *short, "--coefficients", "5"]) == 0
    assert (report / "evaluation.md").read_bytes() == table
    assert (tmp_path / "report-2" / "evaluation.md").exists()
    assert main(["evaluate", str(file), *on, *short, "--coefficients", "5", "--overwrite"]) == 0
    assert (report / "evaluation.json").read_bytes() != numbers


@pytest.mark.slow
def test_methods_are_compared_on_the_same_data(tmp_path, capsys):
    folder = make_checkpoint(tmp_path / "roomy", window=256)
    run = ["evaluate", "note_E", "--model", str(folder), "--methods", "mean-difference,linear"]
    run += ["--samples", "84", "--octaves", "5-5", "--prompt", "piano", "--seeds", "1"]
    run += ["--seconds", "0.6", "--coefficients", "9", "--out", str(tmp_path / "r")]
    assert main(run) == 0
    text = capsys.readouterr().out
    assert "| note_E | mean-difference |" in text and "| note_E | linear |" in text
    assert (tmp_path / "r" / "methods.png").exists()


@pytest.mark.slow
def test_write_range_stores_the_measured_range(
    checkpoint, model, note, tmp_path, monkeypatch, capsys
):
    from musicrfm.evaluation import evaluate as ev
    from tests.musicrfm.evaluation.test_evaluate import obedient

    monkeypatch.setattr(ev, "perform", obedient)
    file = tmp_path / "directions" / model.name / "note_Cs.safetensors"
    run = [
        "evaluate",
        "--model",
        str(checkpoint),
        "--write-range",
        "--coefficients",
        "2,5,7",
        "--prompt",
        "piano",
        "--prompt",
        "flute",
        "--seconds",
        "4",
    ]
    for names in ([], ["note_C#"], [str(file)]):
        note.meta["range"] = [0.0, 30.0]
        note.save(file)
        assert main([*run, *names, "--out", str(tmp_path / "report")]) == 0
        assert Direction.load("note_Cs", model).range == (0.0, 7.0)
        assert "range 0 to 7" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["generate", "x", "--out", "clip.xyz"], "'clip.xyz' must end in .flac or .wav"),
        (
            ["generate", "x", "--out", "clip.wav", "--seconds", "0"],
            "must be a finite number above 0",
        ),
        (
            ["generate", "x", "--out", "clip.wav", "--seconds", "inf"],
            "must be a finite number above 0",
        ),
        (["generate", "x", "--out", "clip.wav", "--steer", "note_C"], "NAME=COEFFICIENT"),
        (["generate", "x", "--out", "clip.wav", "--steer", "note_C=loud"], "NAME=COEFFICIENT"),
        (
            ["generate", "x", "--out", "c.wav", "--model", "MODEL", "--steer", "nothing=1"],
            "nothing",
        ),
        (["generate", "x", "--out", "clip.wav", "--model", "/nowhere"], "nowhere"),
        (["listen", "missing.wav"], "file 'missing.wav' does not exist"),
        (["listen", __file__], "not a readable sound file"),
        (["directions", "--model", "unheard-of"], "model 'unheard-of' has no directions"),
        (["train", "note", "--target", "C", "--model", "MODEL", "--octaves", "x"], "such as 3-6"),
        (["evaluate", "--model", "MODEL"], "train one first"),
        (["evaluate", "--model", "MODEL", "--methods", "rfm", "--write-range"], "--write-range"),
    ],
)
def test_errors_are_one_sentence_and_status_2(arguments, words, checkpoint, tmp_path, capsys):
    arguments = [a.replace("MODEL", str(checkpoint)) for a in arguments]
    arguments = [str(tmp_path / a) if a.endswith((".wav", ".xyz")) else a for a in arguments]
    words = words.replace("'clip.xyz'", f"'{tmp_path / 'clip.xyz'}'")
    words = words.replace("'missing.wav'", f"'{tmp_path / 'missing.wav'}'")
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ") and error.count("\n") == 1 and words in error


def test_a_missing_extra_is_named(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.zeros(32_000), 32_000)
    code = (
        "import sys; sys.modules['librosa'] = None\n"
        "from musicrfm.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    listen = [sys.executable, "-c", code, "listen", str(tmp_path / "a.wav")]
    done = subprocess.run(listen, capture_output=True, text=True)
    assert done.returncode == 2
    assert "needs the package librosa: pip install 'musicrfm-bridge[train]'" in done.stderr
