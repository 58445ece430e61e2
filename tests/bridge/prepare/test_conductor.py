"""Preparing a model: the order of its steps, the budget, and resuming."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from bridge.cli import main
from bridge.commands.doctor import Advice, Pace
from bridge.prepare import conductor, plan, room
from bridge.prepare.conductor import Options, prepare
from bridge.prepare.notebook import Notebook
from bridge.prepare.page import write_page
from bridge.prepare.room import GIB, Room
from musicrfm.directions import Direction
from musicrfm.errors import MusicRFMError
from musicrfm.model import MusicModel
from musicrfm.selfcheck import Verdict
from musicrfm.theory import PITCH_CLASSES

POINTS = [{"coefficient": c, "value": v} for c, v in ((0.0, 0.08), (2.0, 0.5), (4.0, 0.97))]
CALIBRATION = {"confirmed": POINTS, "unit": "target-note share"}


class Commands:
    """A fake `musicrfm`: writes directions of ones, and calibrates the given files."""

    def __init__(self, model: MusicModel) -> None:
        self.model, self.asked = model, []
        self.fails: str | None = None
        self.silent = ""  # the direction of which few clips show no effect

    def run(self, argv: list[str]) -> None:
        self.asked.append(argv)
        if self.fails is not None and self.fails in argv:
            raise MusicRFMError(f"{self.fails} went wrong")
        if argv[0] == "calibrate":
            for path in (word for word in argv if word.endswith(".safetensors")):
                direction = Direction.load(path)
                few = argv[argv.index("--seeds") + 1] == "1" and direction.name == self.silent
                direction.meta |= {"range": None if few else [0, 4], "calibration": CALIBRATION}
                direction.save(path)
            return
        names = {"note": ["note_C", "note_Cs"], "beat": ["tempo"]}.get(argv[1], [f"{argv[1]}_x"])
        for name in names:
            vectors = torch.ones(self.model.layers, 1, self.model.width)
            concept = {"tempo": "tempo"}.get(name, argv[1])
            meta = {"model": self.model.name, "concept": concept, "metric": "auc"}
            folder = Path(argv[argv.index("--out") + 1]) / self.model.name
            Direction(name, vectors, torch.ones(self.model.layers), meta).save(
                folder / f"{name}.safetensors"
            )


@pytest.fixture
def commands(model: MusicModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Commands:
    found = Commands(model)
    monkeypatch.setenv("MUSICRFM_DIRECTIONS", str(tmp_path / "mine"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(conductor.cli, "run", found.run)
    pace = Pace("int8", 4.0, (5.0, 5.0, 5.0), 20.0)
    monkeypatch.setattr(conductor.doctor, "examine", lambda *what: [pace])
    monkeypatch.setattr(conductor.doctor, "sound_card", lambda *what: ("none", 0.0))
    advice = Advice("int8", 1.2, True, "none", 0.0, ())
    monkeypatch.setattr(conductor.doctor, "advise", lambda *what: advice)
    return found


def stems(argv: list[str]) -> list[str]:
    """Names of the direction files among the arguments."""
    return [Path(word).stem for word in argv if word.endswith(".safetensors")]


def concepts_of(commands: Commands) -> list[str]:
    return [f"{argv[0]} {argv[1]}" for argv in commands.asked if argv[0] == "train"]


def test_preparation_trains_the_most_useful_parts_first_and_installs_them(
    commands: Commands, checkpoint: Path, tmp_path: Path
) -> None:
    assert main(["prepare", str(checkpoint), "--quick", "--out", "work", "--device", "cpu"]) == 0
    assert concepts_of(commands) == ["train beat", "train note"]
    calibrations = [argv for argv in commands.asked if argv[0] == "calibrate"]
    assert len(calibrations) == 1  # a held tempo is what it is
    assert "int8" in calibrations[0] and "float32" in commands.asked[0]
    model = MusicModel.load(checkpoint, device="cpu")
    assert Direction.load("note_C", model).range == (0.0, 4.0)  # in the user's own folder
    page = (tmp_path / "work" / "README.md").read_text()
    assert "**2 of 3 knobs work.**" in page and "| note_C | 8 % | 50 % | 97 % |" in page
    assert (tmp_path / "mine" / "tiny" / "README.md").read_text() == page
    rig = (tmp_path / "work" / "rig.toml").read_text()
    assert 'dtype = "int8"' in rig and "lookahead = 1200" in rig
    told = json.loads((tmp_path / "work" / "prepare.json").read_text())
    assert list(told["steps"]) == ["settings", "train tempo", "train notes", "calibrate notes"]
    assert told["peak_memory"] > 10


def test_preparation_on_a_gpu_keeps_to_its_self_check(
    commands: Commands, checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    verdict, given = Verdict(False, "bfloat16"), []

    def examined(model: str, device: str | None, verdict: Verdict | None) -> list[Pace]:
        given.append(verdict)
        return [Pace("bfloat16", 4.0, (5.0, 5.0, 5.0), 20.0)]

    advice = Advice("bfloat16", 1.2, True, "none", 0.0, ())
    monkeypatch.setattr(conductor.doctor, "verdict_on", lambda device: verdict)
    monkeypatch.setattr(conductor.doctor, "examine", examined)
    monkeypatch.setattr(conductor.doctor, "advise", lambda *what: advice)
    assert main(["prepare", str(checkpoint), "--quick", "--out", "work", "--device", "cpu"]) == 0
    assert given == [verdict]
    assert {argv[argv.index("--dtype") + 1] for argv in commands.asked} == {"bfloat16"}
    assert 'dtype = "bfloat16"' in (tmp_path / "work" / "rig.toml").read_text()


def test_page_lists_the_tempo_in_bpm_and_the_notes_from_c_up(tmp_path: Path) -> None:
    shipped = Path(__file__).parents[3] / "directions/nano"
    page = write_page(tmp_path, shipped, Notebook(tmp_path, "nano"), "bridge play").read_text()
    rows = [line for line in page.splitlines() if line.startswith(("| note_", "| key_", "| tempo"))]
    names = [row.split(" | ")[0].strip("| ") for row in rows]
    keys, notes = ([f"{kind}_{pitch}" for pitch in PITCH_CLASSES] for kind in ("key", "note"))
    assert names == ["tempo", *keys, *notes]
    assert "holds 60 BPM at -1 to 160 BPM at 1" in rows[0]


def test_interrupted_preparation_resumes(
    commands: Commands, checkpoint: Path, capsys: pytest.CaptureFixture
) -> None:
    options = Options(str(checkpoint), quick=True, out="work", device="cpu")
    commands.fails = "calibrate"
    with pytest.raises(MusicRFMError, match="went wrong"):
        prepare(options)
    done = len(commands.asked)
    commands.fails = None
    assert prepare(options) == 0
    assert [argv[0] for argv in commands.asked[done:]] == ["calibrate"]
    capsys.readouterr()
    assert prepare(options) == 0
    assert len(commands.asked) == done + 1
    assert "tempo that holds the beat (1 of 2); about 0:00:00 left" in capsys.readouterr().err
    Path("work/directions/tiny/note_C.safetensors").unlink()
    assert prepare(options) == 0
    assert [argv[0] for argv in commands.asked[done + 1 :]] == ["train", "calibrate"]


def test_knob_without_an_effect_in_few_clips_is_tried_with_more(
    commands: Commands, checkpoint: Path
) -> None:
    commands.silent = "note_Cs"
    options = Options(str(checkpoint), quick=True, out="work", device="cpu")
    assert prepare(options) == 0
    first, again = (argv for argv in commands.asked if argv[0] == "calibrate")
    assert stems(first) == ["note_C", "note_Cs"]
    assert stems(again) == ["note_Cs"]
    assert again[again.index("--seeds") + 1] == "4"
    assert Direction.load("work/directions/tiny/note_Cs.safetensors").range == (0.0, 4.0)
    done = len(commands.asked)
    assert prepare(options) == 0 and len(commands.asked) == done


def test_budget_leaves_out_the_least_useful_parts(
    commands: Commands, checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    costs = {"tempo": 10.0, "notes": 100.0, "keys": 5000.0, "chords": 50.0}
    rates = plan.Rates(hear=1.0, fit=0.0, play=0.0, listen=0.0)
    monkeypatch.setattr(plan, "Rates", lambda *what: rates)
    monkeypatch.setattr(
        plan, "work", lambda one, sizes: plan.Work(costs.get(one.name, 9000.0), 1, 0.0)
    )
    assert prepare(Options(str(checkpoint), budget=0.5, out="work", device="cpu")) == 0
    assert concepts_of(commands) == ["train beat", "train note", "train chord"]
    page = Path("work/README.md").read_text()
    assert "- keys: estimated time: 1:23:20" in page and "- scales: " in page


def test_only_the_requested_parts_are_trained(commands: Commands, checkpoint: Path) -> None:
    assert prepare(Options(str(checkpoint), only=("keys", "progressions"), device="cpu")) == 0
    assert concepts_of(commands) == ["train key", "train progression"]
    assert Path("prepared-tiny/README.md").is_file()
    with pytest.raises(
        MusicRFMError, match="part 'moods' does not exist: choose from tempo, notes, keys"
    ):
        prepare(Options(str(checkpoint), only=("moods",)))


def test_existing_directions_are_kept_unless_overwritten(
    commands: Commands, checkpoint: Path, model: MusicModel, tmp_path: Path, capsys
) -> None:
    mine = tmp_path / "mine" / "tiny" / "note_C.safetensors"
    vectors = torch.zeros(model.layers, 1, model.width)
    vectors[..., 0] = 1.0
    Direction("note_C", vectors, torch.ones(model.layers), {"model": "tiny"}).save(mine)
    before = mine.read_bytes()
    options = {"quick": True, "out": "work", "device": "cpu"}
    assert prepare(Options(str(checkpoint), **options)) == 0
    assert mine.read_bytes() == before
    assert (
        "1 of your directions have the same names and were not replaced: note_C"
        in capsys.readouterr().err
    )
    assert prepare(Options(str(checkpoint), **options, overwrite=True)) == 0
    assert mine.read_bytes() != before


def test_planned_command_lines_are_accepted_by_musicrfm() -> None:
    """`musicrfm` parses every command line of the plan."""
    parser = conductor.cli._parser()
    for sizes in (plan.FULL, plan.QUICK):
        for concept in plan.CONCEPTS:
            options = parser.parse_args(plan.training(concept, sizes, ["--model", "m"]))
            assert options.samples == getattr(sizes, concept.data) and options.overwrite
        for workers, asked in ((1, 0), (4, 4)):
            argv = plan.calibration(["a.safetensors"], sizes, workers, ["--takes", "t"])
            options = parser.parse_args(argv)
            assert (options.seeds, options.seconds) == (sizes.seeds, sizes.seconds)
            assert options.workers == asked


def test_more_data_and_more_knobs_take_longer() -> None:
    rates = plan.Rates(hear=1.0, fit=2.0, play=0.75, listen=0.25, workers=2)
    costs = {one.name: plan.work(one, plan.FULL).seconds(rates) for one in plan.CONCEPTS}
    assert costs["tempo"] == 240 + 2 and costs["progressions"] == 1440 + 19 * 2
    assert costs["notes"] == 240 + 12 * 2 + 12 * 20 * 8 * 8 / 2
    for one in plan.CONCEPTS:
        assert plan.work(one, plan.QUICK).seconds(rates) < costs[one.name]


def test_small_model_is_calibrated_by_several_processes(
    commands: Commands, checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conductor.os, "cpu_count", lambda: 4)
    monkeypatch.setattr(conductor, "free_memory", lambda: 3.5 * GIB)
    options = Options(str(checkpoint), only=("notes",), out="work", device="cpu")
    assert prepare(options) == 0
    (argv,) = (argv for argv in commands.asked if argv[0] == "calibrate")
    assert argv[argv.index("--workers") + 1] == "3"  # more do not fit into memory


def test_model_too_large_for_memory_or_disk_is_refused() -> None:
    fits = Room(weights=4 * GIB, download=0, memory=8 * GIB, disk=100 * GIB)
    assert fits.dtype() == "float32"
    assert Room(4 * GIB, 0, 5 * GIB, 100 * GIB).dtype() == "bfloat16"
    assert Room(4 * GIB, 0, None, 100 * GIB).dtype() == "float32"
    with pytest.raises(MusicRFMError, match=r"2.0 GiB of memory are free.* needs about 3.6"):
        Room(4 * GIB, 0, 2 * GIB, 100 * GIB).dtype()
    with pytest.raises(MusicRFMError, match=r"disk has 2.0 GiB left, and this needs about 5.0"):
        Room(4 * GIB, 4 * GIB, 64 * GIB, 2 * GIB).dtype()
    assert "4.00 GiB of weights in float32, free memory 8.0 GiB" in fits.words()


def test_needs_of_a_model_are_known_before_download(checkpoint: Path) -> None:
    small = room.room_for("facebook/musicgen-small")
    assert small.download == small.weights and 2.3e9 < small.weights < 2.4e9
    large = room.room_for("facebook/musicgen-large").weights
    assert 13e9 < large < 14.5e9
    here = room.room_for(str(checkpoint))
    assert here.download == 0 and here.weights == (checkpoint / "model.safetensors").stat().st_size
    with pytest.raises(MusicRFMError, match="model 'what' does not exist"):
        room.room_for("what")
