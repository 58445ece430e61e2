"""The command `musicrfm`, run as a person would, on a small model with random weights."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
import soundfile

from musicrfm.cli import main
from musicrfm.directions import Direction
from musicrfm.model import MusicModel
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


def test_help_needs_nothing_heavy():
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
def test_generate_writes_exactly_the_seconds_asked_for(checkpoint, tmp_path, suffix, subtype):
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


def test_generate_follows_seed_and_steering(checkpoint, note, tmp_path):
    def sound(*more: str) -> np.ndarray:
        out = tmp_path / "clip.wav"
        base = ["generate", "piano", "--out", str(out), "--model", str(checkpoint)]
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


def test_what_is_generated_is_what_the_stream_plays(checkpoint, model, note, tmp_path):
    from musicrfm.evaluate import perform

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
        ]
    )
    played = perform(model, "flute", seed=7, seconds=0.5, changes=[(0.0, note, 15.0)])
    np.testing.assert_allclose(soundfile.read(out)[0], played[:, 0].clip(-1, 1), atol=1e-5)


def test_listen_prints_what_is_heard(tmp_path, capsys):
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
        "evaluation.md",
        "takes.jsonl",
        "response_note_Ds.png",
        "chroma_note_Ds.png",
    }


def test_methods_are_compared_on_the_same_data(tmp_path, capsys):
    folder = make_checkpoint(tmp_path / "roomy", window=256)
    run = ["evaluate", "note_E", "--model", str(folder), "--methods", "mean-difference,linear"]
    run += ["--samples", "84", "--octaves", "5-5", "--prompt", "piano", "--seeds", "1"]
    run += ["--seconds", "0.6", "--coefficients", "9", "--out", str(tmp_path / "r")]
    assert main(run) == 0
    text = capsys.readouterr().out
    assert "| note_E | mean-difference |" in text and "| note_E | linear |" in text
    assert (tmp_path / "r" / "methods.png").exists()


def test_the_range_found_goes_into_the_file(checkpoint, model, note, tmp_path, monkeypatch, capsys):
    from musicrfm import evaluate as ev
    from tests.musicrfm.test_evaluate import obedient

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
        (["generate", "x", "--out", "clip.xyz"], "'clip.xyz' is no sound file"),
        (["generate", "x", "--out", "clip.wav", "--seconds", "0"], "more than 0"),
        (["generate", "x", "--out", "clip.wav", "--seconds", "inf"], "more than 0"),
        (["generate", "x", "--out", "clip.wav", "--steer", "note_C"], "NAME=COEFFICIENT"),
        (["generate", "x", "--out", "clip.wav", "--steer", "note_C=loud"], "NAME=COEFFICIENT"),
        (
            ["generate", "x", "--out", "c.wav", "--model", "MODEL", "--steer", "nothing=1"],
            "nothing",
        ),
        (["generate", "x", "--out", "clip.wav", "--model", "/nowhere"], "nowhere"),
        (["listen", "missing.wav"], "no file 'missing.wav'"),
        (["listen", __file__], "no sound file"),
        (["directions", "--model", "unheard-of"], "no directions for model 'unheard-of'"),
        (["train", "note", "--target", "C", "--model", "MODEL", "--octaves", "x"], "like 3-6"),
        (["evaluate", "--model", "MODEL"], "train some first"),
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
