"""The result pages of a model: every part runs, resumes and reports its measurements."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from musicrfm import executor, results
from musicrfm.cli import main
from musicrfm.data import syntheory
from musicrfm.data.clips import ClipSet
from musicrfm.data.hidden import Data
from musicrfm.data.states import States
from musicrfm.directions import Direction
from musicrfm.errors import MusicRFMError
from musicrfm.evaluation import takes
from musicrfm.evaluation.perform import Setting
from musicrfm.evaluation.responses import Point, Response
from musicrfm.evaluation.together import Together
from musicrfm.intervals import Interval
from musicrfm.model import MusicModel
from musicrfm.results import Options, ablations, methods, pairs, probing, steering
from musicrfm.results.page import Page, Table, write_index, write_page
from musicrfm.training.train import fit

RATE = 32_000
SETTING = Setting(prompts=("piano",), seeds=(0,), seconds=0.5)


@pytest.fixture
def folder(model, tmp_path, monkeypatch) -> Path:
    """Two notes, a tempo and two directions without a range, in the user's folder."""
    monkeypatch.setenv("MUSICRFM_DIRECTIONS", str(tmp_path / "directions"))
    for seed, (name, useful) in enumerate(
        [
            ("note_C", [0, 3.0]),
            ("note_G", [0, 2.0]),
            ("tempo", [-2.0, 4.0]),
            ("chord_major", None),
            ("progression_x", None),
        ]
    ):
        vectors = np.random.default_rng(seed).normal(size=(model.layers, 1, model.width))
        meta = {"model": model.name, "method": "rfm", "range": useful, "state_norm": 6.0}
        concept = name.split("_")[0]
        scores = np.linspace(0.6, 0.9, model.layers)
        direction = Direction(name, vectors, scores, meta | {"concept": concept})
        direction.save(tmp_path / "directions" / model.name / f"{name}.safetensors")
    return tmp_path


def options(model, folder: Path, **changes) -> Options:
    usual = {"setting": SETTING, "quick": True, "samples": 84, "trials": 1}
    return Options(model, folder / "out", folder / "work", **usual | changes)


def sounding(row: dict) -> tuple[np.ndarray, int]:
    t = np.arange(RATE // 4) / RATE
    tone = np.sin(2 * np.pi * (220 + 60 * row["number"]) * t)
    return (0.3 * tone).astype(np.float32), RATE


def small_set(name: str, count: int | None, seed: int = 0, **_) -> ClipSet:
    """Stand-in for SynTheory: the class sets the pitch; eight clips share a group."""
    column, kind, spoken = syntheory.LABELS[name]
    values = list(spoken)[:4] if kind == "multiclass" else [80, 120, 160, 200]
    rows = [
        {column: values[i % 4], "number": i % 4, "take": i, "octave": 4 + i // 4 % 2}
        for i in range(count or 64)
    ]
    groups = [row["take"] // 8 for row in rows]
    return ClipSet(f"small {name}", rows, groups, {"set": name}, partial(sounding))


@pytest.mark.slow
def test_probes_compare_methods_on_every_set(model, folder, monkeypatch):
    monkeypatch.setattr(syntheory, "clip_set", small_set)
    sets = {name: syntheory.SETS[name] for name in ("notes", "tempos")}
    monkeypatch.setattr(syntheory, "SETS", sets)
    o = options(model, folder, samples=40, whole=("notes",))
    (page,) = results.run(o, ["probes"])
    *of_splits, octaves = page.tables
    assert [table.title for table in of_splits] == list(probing.SPLITS.values())
    for table in of_splits:
        notes, tempos = table.rows
        assert notes[0] == "notes" and notes[3:5] == [4, "accuracy"] and notes[5] == 0.25
        assert sum(map(int, notes[1].split(" / "))) == 64
        several = notes[2] > 1  # an interval needs more than one group
        assert all(cell[0] in "01" and (" to " in cell) == several for cell in notes[6:])
        assert sum(map(int, tempos[1].split(" / "))) == 40 and tempos[4] == "r2"
        assert tempos[10:] == ["", ""]  # no logistic regression of numbers
    assert [row[0] for row in octaves.rows] == ["MIDI 48 to 59", "MIDI 60 to 71"]
    details = json.loads((o.out / "probes.json").read_text())["details"]["notes"]
    for split in probing.SPLITS:
        tested = details["octaves"][split].values()
        rightly = sum(one["clips"] * one["share"]["value"] for one in tested)
        clips = sum(one["clips"] for one in tested)
        told = details["reports"][split]["rfm"]["aggregated"]["linear"]["accuracy"]
        assert rightly / clips == pytest.approx(told)
        assert clips == details["scores"][split]["sizes"]["test"]
    assert "all of notes" in page.words and (o.out / "probes.png").stat().st_size > 5000
    text = (o.out / "probes.md").read_text()
    assert "| 4 | accuracy | 0.25 |" in text and page.tables[1].rows[0][2] > 1
    assert "(chance 0.25, " in text and "better than a linear probe on " in text
    assert "musicrfm results --only probes" in text
    data = json.loads((o.out / "probes.json").read_text())
    reports = data["details"]["notes"]["reports"]
    assert len(reports["apart"]["rfm"]["layers"]) == model.layers
    scores = data["details"]["notes"]["scores"]
    assert scores["random"]["groups"] == scores["random"]["sizes"]["test"]
    assert scores["apart"]["groups"] < scores["apart"]["sizes"]["test"]
    assert reports["apart"] != reports["random"]  # other clips were tested
    monkeypatch.setattr("musicrfm.training.probes.machine", None)  # a fit would fail
    assert results.run(o, ["probes"])[0].tables == page.tables


def test_best_layer_is_chosen_on_validation_and_compared_on_the_same_clips():
    rng = np.random.default_rng(0)
    labels = [str(n % 3) for n in range(240)]
    states = rng.normal(size=(240, 2, 6)).astype(np.float32)
    states[np.arange(240), 1, np.arange(240) % 3] += 2.5  # the second layer knows the class
    data = Data("made up", "x", states, [{"n": n} for n in range(240)], list(range(240)), "mean", 0)
    fitted = {
        method: fit(data, "a", labels, kind="multiclass", method=method)
        for method in ("logistic", "linear")
    }
    found = probing.scores(fitted, "multiclass", data.groups)
    assert found.layers == {"logistic": 1, "linear": 1}
    known = fitted["logistic"].report["layers"][1]["predictor"]["accuracy"]
    best = found.best["logistic"]
    assert best.value == pytest.approx(known) and best.low < known < best.high
    assert best.above(found.chance) and best.count == found.groups == found.sizes["test"]
    less = found.best[f"{probing.LESS}linear"]
    assert less.value == pytest.approx(known - found.best["linear"].value)
    assert less.high - less.low < best.high - best.low  # of the same clips


def test_steering_page_shows_effect_and_cost_by_coefficient(model, folder):
    def odds(audio, rate):
        return {"piano": 0.75, "flute": 0.25}

    o = options(model, folder, hear_instrument=odds, instruments={"piano": "piano"})
    (page,) = results.run(o, ["steering"])
    titles = [table.title for table in page.tables]
    assert titles == [
        "note: target-note share",
        "note: adherence and artefacts",
        "tempo: BPM",
        "tempo: adherence and artefacts",
        "Beside random directions of the same length, at 1",
    ]
    assert [row[0] for row in page.tables[-1].rows] == ["note_C", "note_G", "tempo", "tempo at -1"]
    assert len(list((o.out).glob("steering-*.csv"))) == 5
    notes, cost, tempo = page.tables[:3]
    assert [row[0] for row in notes.rows] == ["note_C", "note_G", "**mean**"]
    assert notes.columns == ["direction", "method", "at 0", "at 0.5", "at 1"]
    assert tempo.columns[2:7] == ["at -1", "at -0.5", "at 0", "at 0.5", "at 1"]
    assert [row[:3] for row in cost.rows] == [[k, 1.0, 0.75] for k in ("0", "0.5", "1")]
    assert "chord_major" in page.words and "progression_x" not in page.words
    assert "in the middle of the knob" in page.summary


def test_steering_page_asks_a_direction_s_own_listener(model, folder):
    vectors = np.random.default_rng(9).normal(size=(model.layers, 1, model.width))
    meta = {"model": model.name, "range": [0, 3.0], "state_norm": 6.0, "listener": "level"}
    bright = Direction("loudness", vectors, np.linspace(0.6, 0.9, model.layers), meta)
    bright.save(folder / "directions" / model.name / "loudness.safetensors")
    (page,) = results.run(options(model, folder, names=("note_C", "loudness")), ["steering"])
    titles = [table.title for table in page.tables]
    assert titles[2:4] == ["level in dB", "level in dB: adherence and artefacts"]
    (row,) = page.tables[2].rows[:1]
    first, *_ = map(float, row[2].split()[:1])
    assert -120 < first < 0  # decibels of the untrained model's noise
    assert "The level in dB is -" in page.summary and page.pictures == ["steering.png"]


def test_takes_are_not_played_again(model, folder, monkeypatch):
    o = options(model, folder)
    first = results.run(o, ["steering", "norm"])
    monkeypatch.setattr(takes, "_record", None)
    again = results.run(o, ["norm", "steering"])
    assert [p.tables for p in again] == [p.tables for p in first]


@pytest.mark.parametrize(
    ("part", "variants"),
    [
        ("layers", ["all", "weighted, exp:1,0.95 (published)"]),  # of 2 layers: the best 1
        pytest.param(
            "injection",
            ["every layer and frame", "0.3 of layers and frames (published)"],
            marks=pytest.mark.slow,
        ),
        pytest.param("norm", ["norms as they come", "norms kept"], marks=pytest.mark.slow),
        pytest.param(
            "guidance",
            ["both halves (published)", "the conditional half alone"],
            marks=pytest.mark.slow,
        ),
    ],
)
def test_ablations_play_each_variant(model, folder, part, variants):
    (page,) = results.run(options(model, folder), [part])
    rows = page.tables[0].rows
    assert [v for v in dict.fromkeys(row[0] for row in rows) if v in variants] == variants
    by_variant = {v: [row[2:] for row in rows if row[0] == v] for v in variants}
    unsteered = {json.dumps(told[0]) for told in by_variant.values()}
    assert len(unsteered) == 1  # the reference is the same
    steered = {json.dumps(told[1:]) for told in by_variant.values()}
    assert len(steered) == len(variants)  # and the variants are not
    assert page.pictures == [f"{part}.png"] and page.tables[1].title.startswith("Where the target")
    control = page.tables[-1]
    assert control.title.startswith("Beside random directions")
    assert [v for v in variants if f"{v}: note_C" in [row[0] for row in control.rows]] == variants


@pytest.mark.slow
def test_schedules_are_measured_over_time(model, folder):
    o = options(model, folder, setting=Setting(prompts=("piano",), seeds=(0,), seconds=1.6))
    (page,) = results.run(o, ["schedules"])
    thirds = page.tables[1]
    assert [row[0] for row in thirds.rows][:3] == ["constant", "exponential:0.0375", "linear:80"]
    assert len(thirds.rows) == 6 and all(len(row) == 4 for row in thirds.rows)


def test_shares_are_averaged_over_thirds_of_the_clip(model):
    direction = Direction("note_C", np.ones((2, 1, 4)), np.ones(2), {"model": "x"})
    first, last = (1.0, *[0.0] * 11), (0.0, 1.0, *[0.0] * 10)
    from tests.musicrfm.evaluation.test_calibrate import heard

    take = takes.Take(1.0, "piano", 0, heard(0.5), over_time=(first,) * 2 + (last,) * 4)
    assert ablations._thirds([take, take], direction).tolist() == [[1.0, 0.0, 0.0]] * 2


def test_random_directions_of_the_methods_page_are_drawn_several_times():
    of = {
        "rfm": Direction("note_C", np.ones((2, 1, 4)), np.ones(2), {"model": "x", "method": "rfm"})
    }
    about = {"model": "x", "method": "random"}
    of["random"] = Direction("note_C", np.ones((2, 1, 4)), np.ones(2), about)
    first, *random = methods._drawn(list(of.values()), 5)
    assert first is of["rfm"] and len(random) == 5
    vectors = {d.vectors.numpy().tobytes() for d in random}
    assert len(vectors) == 5 and {d.meta["method"] for d in random} == {"random"}


def test_finding_names_methods_that_are_no_better_than_random_directions():
    means = {
        "rfm": Interval(0.6, 0.5, 0.7, 8),
        "linear": Interval(0.3, 0.1, 0.5, 8),
        "random": Interval(0.1, 0.05, 0.2, 40),
    }
    told = methods.finding("notes", 0.08, means)
    assert "rfm steers furthest: from a share of 0.08 to 0.60 (0.50 to 0.70)" in told
    assert told.endswith("; the intervals of linear overlap with that of random directions.")


@pytest.mark.slow
def test_methods_page_lists_every_method(model, folder, monkeypatch):
    monkeypatch.setattr(syntheory, "clip_set", small_set)
    (page,) = results.run(options(model, folder), ["methods"])
    methods = ["rfm", "rfm-multiclass", "rfm-top", "mean-difference", "linear"]
    methods += ["logistic", "random"]
    assert [row[0] for row in page.tables[0].rows] == methods
    assert page.tables[1].columns == ["method", "note_C"]
    assert all(method in page.summary for method in methods)


def test_fits_run_on_the_chosen_executor(model, folder, monkeypatch):
    monkeypatch.setattr(syntheory, "clip_set", small_set)
    run, asked = executor.run, []

    def here(*arguments, executor, **more):
        asked.append(executor)
        run(*arguments, executor="local", **more)

    monkeypatch.setattr(executor, "run", here)
    o = options(model, folder, executor="ray")
    (found,) = methods.trained(o, methods.Trial("note", "notes", ("C",)), ["mean-difference"])
    assert found.name == "note_C" and asked == ["ray", "ray"]  # layers, all layers together


def test_fits_on_composed_music_are_kept(model, folder, monkeypatch):
    rng = np.random.default_rng(0)
    states = rng.normal(size=(120, model.layers, model.width)).astype(np.float32)
    rows = [{"notes": [["C"], ["G"], []][n % 3]} for n in range(120)]
    kept = States.of(folder / "states", states)
    data = Data("made up", model.name, states, rows, list(range(120)), "last", 0, file=kept)
    monkeypatch.setattr(methods, "frame_data", lambda *_: data)
    trial = methods.Trial("note", methods.MUSIC, ("C",))
    (first,) = methods.trained(options(model, folder), trial, ["linear"])
    monkeypatch.setattr("musicrfm.training.probes.answer", None)  # a fit would fail
    (again,) = methods.trained(options(model, folder), trial, ["linear"])
    assert np.array_equal(first.vectors, again.vectors)


@pytest.mark.slow
def test_two_directions_at_once_are_tabulated(model, folder):
    (page,) = results.run(options(model, folder), ["together"])
    faded, random, kept = page.tables
    assert faded.rows[0][:2] == ["note_C", "note_G"]
    assert random.rows[0][:2] == ["note_C", "note_G"] and random.rows[0][2:] != faded.rows[0][2:]
    assert kept.rows[0][0] == "note_C + tempo"
    assert page.pictures == ["crossfade.png"] and "the second note takes over" in page.summary


def test_retained_effect_is_given_only_where_a_direction_works_alone():
    both = [
        Together(("note_C", "tempo"), (1, 1), (0.8, 20.0), (0.6, 1.0)),
        Together(("note_G", "tempo"), (1, 1), (0.2, 1.0), (0.2, 5.0)),
    ]
    assert pairs._kept(both).rows[1][4:] == ["100%", "1.0", "5.0", "no effect alone"]
    told = (
        "steered together, the note keeps 80% (75% to 100%) of its effect and the tempo keeps 5% "
        "of its effect."
    )
    assert pairs._told(both).endswith(told)
    assert "the tempo has no effect alone" in pairs._told(both[1:])


@pytest.mark.slow
def test_results_command_runs_possible_parts_and_names_the_rest(
    checkpoint, model, folder, monkeypatch, capsys
):
    parts = {name: results.PARTS[name] for name in ("steering", "norm", "together")}
    monkeypatch.setattr(results, "PARTS", parts)
    run = ["results", "note_G", "--model", str(checkpoint), "--quick", "--seconds", "0.5"]
    run += ["--prompt", "piano", "--out", str(folder / "r"), "--work", str(folder / "work")]
    assert main(run) == 0
    index = (folder / "r" / "README.md").read_text()
    assert "[Steering `tiny`](steering.md) (quick run)" in index
    assert "so these numbers mean nothing" in (folder / "r" / "steering.md").read_text()
    assert f"musicrfm results note_G --model {checkpoint}" in index
    assert "--only steering`" in index
    assert index.count("| [") == 3 and "could not be run" not in index
    before = {path.name: path.read_bytes() for path in (folder / "r").iterdir()}
    assert main([*run, "--only", "norm"]) == 0
    assert {path.name: path.read_bytes() for path in (folder / "r").iterdir()} == before
    assert sorted(path.stem for path in (folder / "r-2").glob("*.md")) == ["README", "norm"]
    assert main([*run, "--only", "norm", "--overwrite"]) == 0
    assert main([*run[:1], "chord_major", *run[2:], "--only", "steering"]) == 2
    assert "has a useful range: run `musicrfm calibrate`" in capsys.readouterr().err
    assert main([*run[:1], "chord_major", *run[2:], "--out", str(folder / "s")]) == 0
    assert "could not be run: no direction" in (folder / "s" / "README.md").read_text()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--only", "nonsense"], "part 'nonsense' does not exist"),
        (["--adherence", "--seconds", "1"], "--no-adherence"),
        (["warmth"], "no direction 'warmth'"),
    ],
)
def test_impossible_results_are_refused_in_one_sentence(
    arguments, words, checkpoint, folder, capsys
):
    only = [] if "--only" in arguments else ["--only", "steering"]
    assert main(["results", "--model", str(checkpoint), *only, *arguments]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ") and error.count("\n") == 1 and words in error


# ---- how numbers are computed ----


def point(coefficient: float, value: float, **changes) -> Point:
    usual = {
        "takes": 4,
        "onset_ratio": 1.0,
        "pitch_classes": 6.0,
        "level_db": -20.0,
        "flatness": 0.01,
        "silence_share": 0.0,
        "clipped_share": 0.0,
        "adherence": None,
        "musical": True,
    }
    return Point(coefficient, value=value, **usual | changes)


def test_cost_at_equal_effect_is_interpolated_between_points():
    points = (point(0, 0.1), point(2, 0.3, onset_ratio=0.9), point(4, 0.7, onset_ratio=0.5))
    told = ablations._at_share(Response("note_C", "rfm", "share", points, (), 0, 0, 0, None), 0.5)
    assert told[0] == pytest.approx(0.7) and told[1] == 6 and told[3] != told[3]
    few = Response("note_C", "rfm", "share", points[:2], (), 0, 0, 0, None)
    assert ablations._at_share(few, 0.5) is None


def test_negative_coefficients_stay_within_the_range():
    meta = {"model": "x", "range": [-2.0, 4.0], "curve": 2.0}
    tempo = Direction("tempo", np.ones((2, 1, 4)), np.ones(2), meta)
    assert steering.knobs_of(tempo, (0.5, 1.0, 1.25)) == [-1.0, -0.5, 0.5, 1.0, 1.25]
    assert [steering.raw_of(tempo, k) for k in (-1.0, -0.5, 0.5, 1.0)] == [-2.0, -0.5, 1.0, 4.0]


def test_tables_leave_unknown_cells_empty():
    table = Table("t", ["a", "b"], [[None, 1.0], [float("nan"), True], ["x", 3]])
    assert table.markdown().splitlines()[-3:] == ["|  | 1.00 |", "|  | yes |", "| x | 3 |"]


def test_pages_made_with_earlier_weights_are_marked(model, checkpoint, folder):
    made = options(model, folder)
    write_page(made, "norm", Page("Norms", "How.", []))
    assert "earlier weights" not in write_index(made, ["norm"], {}).read_text()
    half = MusicModel.load(checkpoint, device="cpu", dtype="bfloat16")
    assert "earlier weights" not in write_index(options(half, folder), ["norm"], {}).read_text()
    next(half.hf.decoder.parameters()).data[0] *= -1
    index = write_index(options(half, folder), ["norm"], {}).read_text()
    assert "[Norms](norm.md) (quick run) (with earlier weights)" in index


def test_results_without_directions_are_refused(model, tmp_path, monkeypatch):
    monkeypatch.setenv("MUSICRFM_DIRECTIONS", str(tmp_path))
    with pytest.raises(MusicRFMError, match="train one first"):
        options(model, tmp_path).directions()
