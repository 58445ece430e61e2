"""Preparing a model: the order of its steps, the budget, and resuming."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from bridge.cli import main
from bridge.commands.doctor import Advice, Pace
from bridge.prepare import conductor, plan
from bridge.prepare.budget import usefulness
from bridge.prepare.conductor import Options, prepare
from bridge.prepare.notebook import Notebook
from bridge.prepare.page import write_page
from bridge.prepare.room import GIB, Room
from musicrfm import cli
from musicrfm.directions import Direction
from musicrfm.errors import MusicRFMError
from musicrfm.model import MusicModel
from musicrfm.selfcheck import Verdict
from musicrfm.theory import PITCH_CLASSES

POINTS = [{"coefficient": c, "value": v} for c, v in ((0.0, 0.08), (2.0, 0.5), (4.0, 0.97))]
RATES = plan.Rates
CALIBRATION = {"confirmed": POINTS, "unit": "target-note share"}


def against_random(low: float | None, high: float | None, coefficient: float = 4.0) -> dict:
    """A calibration in which random directions were played, too."""
    effect = {"value": 0.1, "low": low, "high": high, "count": 8}
    return {**CALIBRATION, "control": {"coefficient": coefficient, "effect": effect}}


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
                direction.meta |= {
                    "range": None if few else [0, 4],
                    "calibration": against_random(0.1, 0.3),
                }
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
    monkeypatch.setattr(cli, "run", found.run)
    pace = Pace("int8", 4.0, (5.0, 5.0, 5.0), 20.0)
    monkeypatch.setattr(conductor.doctor, "examine", lambda *what: [pace])
    monkeypatch.setattr(conductor.doctor, "sound_card", lambda *what: ("none", 0.0))
    advice = Advice("int8", 1.2, True, "none", 0.0, ())
    monkeypatch.setattr(conductor.doctor, "advise", lambda *what: advice)
    return found


def stems(argv: list[str]) -> list[str]:
    """Names of the direction files among the arguments."""
    return [Path(word).stem for word in argv if word.endswith(".safetensors")]


def calibrated(commands: Commands) -> list[list[str]]:
    """The names of what was calibrated, in each command."""
    return [stems(argv) for argv in commands.asked if argv[0] == "calibrate"]


def concepts_of(commands: Commands) -> list[str]:
    return [f"{argv[0]} {argv[1]}" for argv in commands.asked if argv[0] == "train"]


def test_preparation_trains_the_most_useful_parts_first_and_installs_them(
    commands: Commands, checkpoint: Path, tmp_path: Path
) -> None:
    assert main(["prepare", str(checkpoint), "--quick", "--out", "work", "--device", "cpu"]) == 0
    assert concepts_of(commands) == ["train beat", "train note"]
    assert calibrated(commands) == [["tempo"], ["note_C", "note_Cs"]]
    assert "int8" in commands.asked[1] and "float32" in commands.asked[0]
    model = MusicModel.load(checkpoint, device="cpu")
    assert Direction.load("note_C", model).range == (0.0, 4.0)  # in the user's own folder
    page = (tmp_path / "work" / "README.md").read_text()
    assert "**3 of 3 measured knobs work:**" in page and "Not measured" not in page
    assert "| note_C | 8 % | 50 % | 97 % |" in page
    assert (tmp_path / "mine" / "tiny" / "README.md").read_text() == page
    rig = (tmp_path / "work" / "rig.toml").read_text()
    assert 'dtype = "int8"' in rig and "lookahead = 1200" in rig
    told = json.loads((tmp_path / "work" / "prepare.json").read_text())
    parts = ["train tempo", "calibrate tempo", "train notes", "calibrate notes"]
    assert list(told["steps"]) == ["settings", *parts]
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


@pytest.mark.parametrize(
    ("calibration", "useful", "counts"),
    [
        (against_random(0.1, 0.3), [0, 4], "1 of 1 measured"),
        (against_random(-0.1, 0.3), [0, 4], "0 of 1 measured"),
        (against_random(-0.3, -0.1), [0, 4], "0 of 1 measured"),
        (against_random(-0.3, -0.1, -4.0), [-4, 0], "1 of 1 measured"),
        (against_random(None, None), [0, 4], "0 of 1 measured"),
        (CALIBRATION, [0, 4], "0 of 1 measured"),
        (against_random(0.1, 0.3), None, "0 of 1 measured"),
        (None, [-1, 1], "0 of 0 measured"),
    ],
)
def test_knob_works_only_if_it_was_heard_to_do_more_than_random_ones(
    calibration: dict | None, useful: list[float] | None, counts: str, tmp_path: Path
) -> None:
    meta = {"model": "m", "range": useful, "calibration": calibration}
    Direction("beat", torch.ones(1, 1, 4), torch.ones(1), meta).save(tmp_path / "beat.safetensors")
    page = write_page(tmp_path, tmp_path, Notebook(tmp_path, "m"), "bridge play").read_text()
    assert f"**{counts} knobs work:**" in page
    assert ("Not measured: beat; `musicrfm evaluate NAME`" in page) == (calibration is None)


def test_page_lists_the_tempo_in_bpm_and_the_notes_from_c_up(tmp_path: Path) -> None:
    shipped = Path(__file__).parents[3] / "directions/nano"
    page = write_page(tmp_path, shipped, Notebook(tmp_path, "nano"), "bridge play").read_text()
    rows = [line for line in page.splitlines() if line.startswith(("| note_", "| key_", "| tempo"))]
    names = [row.split(" | ")[0].strip("| ") for row in rows]
    keys, notes = ([f"{kind}_{pitch}" for pitch in PITCH_CLASSES] for kind in ("key", "note"))
    assert names == ["tempo", *keys, *notes]
    assert "hold 60 BPM at -1 to 160 BPM at 1" in rows[0]


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
    assert [argv[0] for argv in commands.asked[done:]] == ["calibrate", "train", "calibrate"]
    capsys.readouterr()
    assert prepare(options) == 0
    assert len(commands.asked) == done + 3
    assert "tempo that holds the beat (1 of 2); about 0:00:00 left" in capsys.readouterr().err
    Path("work/directions/tiny/note_C.safetensors").unlink()
    assert prepare(options) == 0
    assert [argv[0] for argv in commands.asked[done + 3 :]] == ["train", "calibrate"]


def test_knob_without_an_effect_in_few_clips_is_tried_with_more(
    commands: Commands, checkpoint: Path
) -> None:
    commands.silent = "note_Cs"
    options = Options(str(checkpoint), quick=True, out="work", device="cpu")
    assert prepare(options) == 0
    assert calibrated(commands) == [["tempo"], ["note_C", "note_Cs"], ["note_Cs"]]
    again = commands.asked[-1]
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
        plan, "work", lambda one, *of: plan.Work(costs.get(one.name, 9000.0), 1, 0.0)
    )
    assert prepare(Options(str(checkpoint), budget=0.5, out="work", device="cpu")) == 0
    assert concepts_of(commands) == ["train beat", "train note", "train chord"]
    page = Path("work/README.md").read_text()
    assert "- keys: estimated time: 1:23:20" in page and "- scales: " in page


def play_only(monkeypatch: pytest.MonkeyPatch, notes: float) -> None:
    """The hours of a knob of the notes at the sizes of --quick; nothing else takes time."""
    music = plan.work(plan.CONCEPTS[1], plan.QUICK).music / 12
    rates = RATES(hear=0.0, fit=0.0, play=3600 * notes / music, listen=0.0)
    monkeypatch.setattr(plan, "Rates", lambda *what: rates)
    trial = conductor._Trial("tiny", "weights", 3, 1.0, 0.0, 1)
    monkeypatch.setattr(conductor, "_timed", lambda *what: trial)


@pytest.mark.parametrize(
    ("hours", "quick", "samples", "knobs"),
    [
        (12 * 6.7, False, "4800", ["note_C", "note_Cs"]),
        (12.1, False, "1920", ["note_C", "note_Cs"]),
        (12.1, True, "1920", ["note_C", "note_Cs"]),
        (1.1, False, "1920", ["note_C"]),
        (1.1, True, "1920", ["note_C"]),
    ],
)
def test_part_that_does_not_fit_is_made_smaller(
    commands: Commands,
    checkpoint: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
    hours: float,
    quick: bool,
    samples: str,
    knobs: list[str],
) -> None:
    play_only(monkeypatch, notes=1.0)
    options = Options(
        str(checkpoint), quick, ("tempo", "notes", "keys"), hours, out="work", device="cpu"
    )
    assert prepare(options) == 0
    (train,) = (argv for argv in commands.asked if argv[:2] == ["train", "note"])
    assert train[train.index("--samples") + 1] == samples
    assert calibrated(commands)[:2] == [["tempo"], knobs]
    told, page = capsys.readouterr().err, Path("work/README.md").read_text()
    less = ("with little data, as --quick", "ranges for 1 of 12 knobs; without a range: note_Cs")
    smaller = (samples == "1920" and not quick, hours < 12)
    for words, is_said in zip(less, smaller, strict=True):
        assert (words in told) == is_said == (f"- notes: {words}" in page or words in page)
    assert ("Made smaller, to keep within the budget:" in page) == any(smaller)


def test_first_part_is_made_in_the_least_size_and_others_are_left_out(
    commands: Commands,
    checkpoint: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
) -> None:
    play_only(monkeypatch, notes=1.0)
    options = Options(str(checkpoint), only=("notes", "keys"), budget=0.5, out="work", device="cpu")
    assert prepare(options) == 0
    assert [stems(argv) for argv in commands.asked if argv[0] == "calibrate"] == [["note_C"]]
    why = "estimated time: 80:00:00, or 1:00:00 for the least of it"
    assert f"twelve keys (2 of 2): left out; {why}" in capsys.readouterr().err
    assert f"- keys: {why}" in Path("work/README.md").read_text()


def test_pitches_are_useful_in_the_circle_of_fifths() -> None:
    ones = torch.ones(1, 1, 4)
    notes = [
        Direction(f"note_{p}", ones, torch.ones(1), {"model": "m", "target": p})
        for p in sorted(PITCH_CLASSES)
    ]
    names = [one.name for one in sorted(notes, key=usefulness)]
    assert names[:5] == ["note_C", "note_G", "note_D", "note_A", "note_E"]
    assert names[-1] == "note_F"


def test_resumed_part_keeps_its_size_until_the_budget_changes(
    commands: Commands, checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    play_only(monkeypatch, notes=1.0)
    options = Options(str(checkpoint), only=("notes",), budget=12.1, out="work", device="cpu")
    commands.fails = "calibrate"
    with pytest.raises(MusicRFMError, match="went wrong"):
        prepare(options)
    done, commands.fails = len(commands.asked), None
    play_only(monkeypatch, notes=0.1)  # faster now: the whole would fit
    assert prepare(options) == 0 and prepare(options) == 0
    assert [argv[0] for argv in commands.asked[done:]] == ["calibrate"]
    assert prepare(replace(options, budget=24.2)) == 0
    assert commands.asked[done + 1][commands.asked[done + 1].index("--samples") + 1] == "4800"
    assert prepare(replace(options, budget=1.0)) == 0  # what is made stays
    assert len(commands.asked) == done + 3


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
    parser = cli._parser()
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
    assert costs["tempo"] == 240 + 2 + 9 * 8 * 8 / 2 and costs["progressions"] == 1440 + 19 * 2
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


def test_resuming_does_not_depend_on_free_memory(
    commands: Commands,
    checkpoint: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
) -> None:
    play_only(monkeypatch, notes=0.0)

    def start(free: float, workers: int, device: str | None = "cpu") -> list[list[str]]:
        monkeypatch.setattr(conductor, "room_for", lambda *what: Room(4 * GIB, 0, free))
        trial = conductor._Trial("tiny", "weights", 3, 1.0, 0.0, workers)
        monkeypatch.setattr(conductor, "_timed", lambda *what: trial)
        done = len(commands.asked)
        options = Options(str(checkpoint), only=("notes",), out="work", device=device)
        assert prepare(options) == 0
        return commands.asked[done:]

    first = start(5 * GIB, workers=2)
    assert [argv[argv.index("--dtype") + 1] for argv in first] == ["bfloat16", "int8"]
    assert start(64 * GIB, workers=8) == []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert start(64 * GIB, workers=8, device=None) == []  # the same device
    told = json.loads(Path("work/prepare.json").read_text())
    assert told["dtype"] == "bfloat16"
    assert told["steps"]["settings"]["key"][-2:] == ["--device", "cpu"]
    told["dtype"] = "float32"
    Path("work/prepare.json").write_text(json.dumps(told))
    capsys.readouterr()
    assert start(5 * GIB, workers=2) == []
    assert (
        "float32, in which the earlier steps were done, is not possible" in capsys.readouterr().err
    )


def test_kept_precision_stays_as_long_as_it_fits() -> None:
    large, small = (Room(4 * GIB, 0, free * GIB) for free in (64, 5))
    assert large.dtype("bfloat16") == small.dtype("float32") == "bfloat16"
    assert large.dtype("float32") == "float32"
