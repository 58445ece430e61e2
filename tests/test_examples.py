"""The examples run unchanged, in their quick mode.

Examples that play use the shipped model; those that train use a small one with random weights.
"""

from __future__ import annotations

import csv
import json
import re
import runpy
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from musicrfm import Direction, MusicModel, MusicStream
from musicrfm.evaluation.walkthrough import WORDS_OF_NANO, Effort
from musicrfm.listening.measure import measure
from musicrfm.theory import PITCH_CLASSES
from tests.checkpoints import make_checkpoint

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
FOLDER = Path("trained_concepts")


@pytest.fixture(scope="module")
def shared(tmp_path_factory) -> Path:
    """A folder with a small model and a cache of hidden states, shared by the examples."""
    folder = tmp_path_factory.mktemp("examples")
    make_checkpoint(folder / "little", window=512)
    return folder


@pytest.fixture(autouse=True)
def own_folders(tmp_path, shared, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MUSICRFM_DIRECTIONS", str(tmp_path / "directions"))
    monkeypatch.setenv("MUSICRFM_CACHE", str(shared / "cache"))


def run(monkeypatch, name: str, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", [name, "--quick", *arguments])
    runpy.run_path(str(EXAMPLES / name), run_name="__main__")


def page(name: str, folder: Path = FOLDER) -> str:
    """The HTML of an example's page, once its clips and picture are known to exist."""
    text = (folder / name / "index.html").read_text("utf-8")
    clips = re.findall(r'src="(clips/[^"]+)"', text)
    assert len(clips) >= 3 and all((folder / name / clip).is_file() for clip in clips)
    assert (folder / name / "picture.png").is_file()
    assert "numbers mean nothing" in text
    return text


def rows(name: str, folder: Path = FOLDER) -> list[str]:
    with (folder / name / "table.csv").open(encoding="utf-8") as file:
        return [row["steered"] for row in csv.DictReader(file)]


@pytest.mark.parametrize(
    ("kind", "target", "name"),
    [
        pytest.param("note", "D#", "note_Ds", marks=pytest.mark.slow),
        pytest.param("interval", "6", "interval_6", marks=pytest.mark.slow),
    ],
)
def test_01_trains_calibrates_and_compares(kind, target, name, shared, monkeypatch, capsys):
    model = str(shared / "little")
    run(monkeypatch, f"01_train_{kind}_direction.py", "--target", target, "--model", model)
    folder = FOLDER / "little"
    direction = Direction.load(folder / f"{name}.safetensors")
    assert (direction.model, direction.meta["concept"]) == ("little", kind)
    assert direction.meta["target"] == name.split("_")[1]
    assert direction.meta["calibration"]["points"]
    assert (folder / "detectors" / f"{name}.safetensors").is_file()
    assert (folder / f"{name}.json").is_file()
    told = capsys.readouterr().out
    assert "random direction" in told and "numbers mean nothing" in told
    assert " to choose settings, " in told and "chance is 0.50" in told
    page(name)


@pytest.mark.slow
@pytest.mark.parametrize("clips", ["fewer", "all"])
def test_01_trains_a_note_that_dominates_at_coefficient_1(clips, monkeypatch):
    """The walk-through on nano, in an empty folder, as a new reader runs it; also with one clip of
    each prompt instead of two, and one random direction instead of five."""
    if clips == "fewer":
        effort = Effort(WORDS_OF_NANO, (0,), draws=1)
        monkeypatch.setattr(Effort, "of", lambda model, quick=False: effort)
    monkeypatch.setattr(sys, "argv", ["01_train_note_direction.py"])
    runpy.run_path(str(EXAMPLES / "01_train_note_direction.py"), run_name="__main__")
    nano = MusicModel.load("nano")
    direction = Direction.load(FOLDER / "nano" / "note_Ds.safetensors", nano)
    assert direction.range is not None and direction.range[1] > 0
    heard = []
    for seed in (20, 21) if clips == "all" else (20,):
        stream = MusicStream(nano, "piano melody with drums", seed=seed)
        stream.steering.add(direction, 1.0)
        heard.append(measure(stream.generate(6 * nano.frame_rate), nano.sample_rate))
    shares = np.mean([one.note_share for one in heard], 0)
    assert PITCH_CLASSES[int(shares.argmax())] == "Ds" and shares.max() > 0.5


def test_02_plays_unsteered_and_steered(monkeypatch, capsys):
    run(monkeypatch, "02_generate_controlled.py")
    assert rows("02_note_C") == ["unsteered", "note_C 0.3"]
    page("02_note_C")
    assert "which is the knob at 1" in capsys.readouterr().out


def test_02_prefers_a_trained_direction_and_accepts_published_coefficients(monkeypatch, capsys):
    ships = Direction.load(EXAMPLES.parent / "directions" / "nano" / "note_C.safetensors")
    own = Direction(
        "note_C", -ships.vectors, ships.layer_scores, ships.meta | {"range": [0, 50], "curve": 1.0}
    )
    path = own.save(FOLDER / "nano" / "note_C.safetensors")
    run(monkeypatch, "02_generate_controlled.py", "--published", "--out", "here")
    assert str(path) in capsys.readouterr().out
    assert rows("here", Path()) == ["unsteered", "note_C raw 0.3, injection 0.3"]
    assert "meant for MusicGen large; nano needs" in page("here", Path())


@pytest.mark.slow
def test_03_plays_each_schedule(monkeypatch):
    run(monkeypatch, "03_temporal_control.py")
    assert rows("03_note_C") == ["unsteered", "constant"]  # quick takes the first two


@pytest.mark.parametrize(
    ("name", "arguments", "sentence"),
    [
        ("01_train_note_direction", ["--target", "H"], "'H' is not a note: choose one of C, Cs"),
        ("01_train_note_direction", ["--method", "magic"], "invalid choice: 'magic'"),
        ("01_train_note_direction", ["--model", "no/such"], "no/such"),
        ("01_train_note_direction", ["--out", "a file"], "cannot write into 'a file'"),
        ("01_train_interval_direction", ["--target", "13"], "'13' is not a whole number from 1 to"),
        ("01_train_interval_direction", ["--target", "a fifth"], "'a fifth' is not a whole number"),
        ("02_generate_controlled", ["--coefficients", "x"], "'x' is not a finite number"),
        ("02_generate_controlled", ["--coefficients", "nan"], "'nan' is not a finite number"),
        ("02_generate_controlled", ["--coefficients", "1e9"], "coefficient 1e+09 of 'note_C'"),
        ("02_generate_controlled", ["--direction", "gone.safetensors"], "gone.safetensors"),
        ("02_generate_controlled", ["--direction", "note_H"], "note_H"),
        ("02_generate_controlled", ["--layers", "some"], "'some'"),
        ("02_generate_controlled", ["--schedule", "soon"], "'soon'"),
        ("02_generate_controlled", ["--inject", "2"], "'2' is not a finite number from 0 to 1"),
        ("02_generate_controlled", ["--seconds", "-1"], "'-1' is not a finite number from 0.1"),
        ("03_temporal_control", ["--coefficient", "much"], "'much' is not a finite number"),
        ("03_temporal_control", ["--layers", "top:99"], "'top:99'"),
        ("04_multidirection_control", ["--directions", "note_C", "note_C"], "is given twice"),
        ("04_multidirection_control", ["--directions", "note_C"], "expected 2 arguments"),
        ("05_regression_direction", ["listen"], "invalid choice: 'listen'"),
        ("05_regression_direction", ["--pooling", "least"], "invalid choice: 'least'"),
        ("06_multiclass_direction", ["--components", "0"], "'0' is not a whole number from 1 up"),
        ("06_multiclass_direction", ["--note", "H"], "'H' is not a note: choose one of C, Cs"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)
def test_wrong_options_end_in_one_sentence(name, arguments, sentence, monkeypatch, capsys):
    Path("a file").touch()
    with pytest.raises(SystemExit) as ended:
        run(monkeypatch, f"{name}.py", *arguments)
    told = capsys.readouterr().err
    assert ended.value.code == 2
    assert "error: " in told and sentence in told and "Traceback" not in told


@pytest.mark.slow
def test_04_steers_to_two_concepts_at_once(monkeypatch, capsys):
    run(monkeypatch, "04_multidirection_control.py", "--directions", "note_C", "tempo")
    both = "note_C 0.5 + tempo 0.5"  # at the end, how often the tempo asked for was heard
    assert rows("04_note_C_tempo") == ["unsteered", both, "unsteered", both, both]
    told = capsys.readouterr().out
    assert told.count("which is the knob at 1") == 2 and "same unit" in told
    ships = Direction.load(EXAMPLES.parent / "directions" / "nano" / "note_G.safetensors")
    ships.meta["range"] = None
    ships.save(FOLDER / "nano" / "note_G.safetensors")
    with pytest.raises(SystemExit):
        run(monkeypatch, "04_multidirection_control.py")
    assert "note_G has no range" in capsys.readouterr().err


@pytest.mark.slow
def test_05_trains_and_plays_tempi(shared, monkeypatch, capsys):
    model = ["--model", str(shared / "little")]
    run(monkeypatch, "05_regression_direction.py", "train", *model)
    direction = Direction.load(FOLDER / "little" / "tempo.safetensors")
    assert direction.meta["kind"] == "regression"
    told = capsys.readouterr().out
    assert "spearman " in told and "chance is 0.00" in told and "{" not in told
    run(monkeypatch, "05_regression_direction.py", "generate", *model)
    assert rows("05_tempo") == ["unsteered", "tempo -1"]
    run(monkeypatch, "05_regression_direction.py", "train", "--method", "beat", *model)
    assert Direction.load(FOLDER / "little" / "tempo.safetensors").meta["kind"] == "beat"
    assert " to train, " in capsys.readouterr().out


@pytest.mark.slow
def test_06_trains_all_notes_in_one_file(shared, monkeypatch, capsys):
    run(
        monkeypatch, "06_multiclass_direction.py", "--note", "Bb", "--model", str(shared / "little")
    )
    folder = FOLDER / "multiclass_directions"
    path = folder / "little" / "notes.safetensors"
    whole = Direction.load(path)
    assert whole.classes[1] == "Cs" and whole.only("As").meta["calibration"]["points"]
    assert page("notes_As", folder)
    assert "all layers together, by one more RFM" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.parametrize(
    "sizes", [{"frames": 400, "seconds": 1.0, "draws": 1}, {}], ids=["fewer", "all"]
)
def test_tour_notebook_runs_completely(sizes, monkeypatch):
    """The cells run in one namespace, with a stand-in for Jupyter's display."""
    notebook = json.loads((EXAMPLES / "tour.ipynb").read_text("utf-8"))
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    shown: list = []
    kinds = dict.fromkeys(("HTML", "Audio", "Image"), lambda *_, **__: "shown")
    display = SimpleNamespace(display=shown.append, **kinds)
    # matplotlib, too, asks for these.
    ipython = SimpleNamespace(display=display, version_info=(9,), get_ipython=lambda: None)
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    space: dict = {"__name__": "tour"}
    for cell in cells:
        exec(compile("".join(cell["source"]), "tour.ipynb", "exec"), space)
        if "parameters" in cell["metadata"].get("tags", ()):
            assert sizes.keys() <= space.keys()
            space |= sizes
    assert len(shown) > 6
    assert space["found"].rows[-1].value.value > space["found"].rows[0].value.value


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("0*.py")), ids=lambda path: path.stem)
def test_each_example_is_short_and_accepts_any_model(path):
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) < 80
    assert "MusicModel.load(o.model)" in text
    assert f"`{path.name}`" in (EXAMPLES / "README.md").read_text(encoding="utf-8")
