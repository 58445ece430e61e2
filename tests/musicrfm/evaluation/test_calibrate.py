"""Calibration: the search on known response curves, and one run on audio."""

from __future__ import annotations

import argparse
import json
import math
from dataclasses import replace

import numpy as np
import pytest

from musicrfm.cli import main
from musicrfm.commands.arguments import listened_by
from musicrfm.directions import Direction
from musicrfm.errors import MusicRFMError
from musicrfm.evaluation import search as reach
from musicrfm.evaluation.calibrate import Calibration, _calibration, calibrate, ordinary
from musicrfm.evaluation.perform import Setting
from musicrfm.evaluation.search import Aims, Travel
from musicrfm.evaluation.survey import Survey
from musicrfm.evaluation.takes import Recorder, Take
from musicrfm.listening import measure
from musicrfm.listening.listeners import CAVEAT
from musicrfm.sharing import archive
from tests.musicrfm.sharing.test_archive import fill

RATE = 32_000
PROMPTS = {"piano": "piano", "flute": "flute"}
PAIRS = [(p, s) for p in PROMPTS for s in (0, 1, 2)]
NORM = 40.0


def heard(share: float, **changes) -> measure.Measurements:
    shares = np.full(12, (1 - share) / 11)
    shares[0] = share
    usual = measure.Measurements(
        8.0, tuple(shares), 6, 120.0, 0.8, 4.0, -20.0, 0.7, 0.01, 0.02, 0.0
    )
    return replace(usual, **changes)


class Sound:
    """A known response: value(raw) is the share (or BPM), changes(raw) sets other measurements."""

    def __init__(
        self, value, changes=lambda raw: {}, odds=lambda raw: None, name="note_C", noise=0
    ):
        self.value, self.changes, self.odds, self.noise = value, changes, odds, noise
        meta = {"model": "x", "state_norm": NORM}
        self.direction = Direction(name, np.ones((2, 1, 4)), np.ones(2), meta)
        self.survey = Survey(self.direction, PROMPTS, self.takes(0.0))
        self.played: list[float] = []

    def takes(self, raw: float) -> list[Take]:
        made = []
        for number, (prompt, seed) in enumerate(PAIRS):
            value = (self.value(raw) or 0.0) + self.noise * math.sin(7 * number + raw)
            told = {"tempo_bpm": value} if self.direction.name == "tempo" else {}
            measured = heard(min(1, max(0, 0.1 if told else value)), **told, **self.changes(raw))
            odds = self.odds(raw)
            named = None if odds is None else {prompt: odds, "other": 1 - odds}
            made.append(Take(raw, prompt, seed, measured, prompt if named else None, named))
        return made

    def seek(self, side: int = 1, **aims) -> Travel:
        search = reach.seek(side, NORM, self.survey, Aims(**aims))
        asked = next(search)
        while True:
            self.played += asked
            for raw in asked:
                self.survey.add(self.takes(raw))
            try:
                asked = search.send(self.survey)
            except StopIteration as end:
                return end.value


def logistic(middle: float, steepness: float):
    return lambda raw: 0.08 + 0.92 / (1 + math.exp(-steepness * (raw - middle)))


@pytest.mark.parametrize(("middle", "steepness"), [(0.3, 15.0), (1.5, 3.0), (3.0, 2.0), (6.0, 1.0)])
def test_top_and_middle_of_a_note_response_are_found(middle, steepness):
    sound = Sound(logistic(middle, steepness), noise=0.01)
    travel = sound.seek()
    assert 0.94 <= sound.value(travel.top) < 0.995
    assert sound.value(travel.middle) == pytest.approx(0.55, abs=0.1)
    assert travel.top * 0.5**travel.curve == pytest.approx(travel.middle)
    assert travel.limit == () and len(sound.played) <= 18


def test_sampling_noise_moves_the_middle_little():
    """The shares of six takes vary as much as those of real music."""
    exactly, found = logistic(1.5, 3.0), []
    for seed in range(12):
        rng = np.random.default_rng(seed)

        def lucky(raw: float, rng=rng) -> float:
            spread = math.sqrt(exactly(raw) * (1 - exactly(raw)))
            return exactly(raw) + 0.6 * spread * rng.normal() / math.sqrt(6)

        travel = Sound(lucky).seek()
        found.append((exactly(travel.middle), exactly(travel.top)))
    middles, tops = np.array(found).T
    assert ((middles > 0.4) & (middles < 0.7)).mean() >= 0.9
    assert (tops > 0.94).all()


@pytest.mark.parametrize(
    ("word", "changes", "odds"),
    [
        ("silence", {"silence_share": 0.3}, 0.5),
        ("clipping", {"clipped_share": 0.01}, 0.5),
        ("noise", {"flatness": 0.2}, 0.5),
        ("level", {"level_db": -35.0}, 0.5),
        ("instrument", {}, 0.2),
    ],
)
def test_top_stays_below_coefficients_that_spoil_the_music(word, changes, odds):
    """The share would reach 0.95 at 5.2, but above 4 one measurement is spoiled."""
    sound = Sound(
        logistic(3.0, 1.3),
        lambda raw: changes if raw > 4 else {},
        lambda raw: odds if raw > 4 else 0.5,
    )
    travel = sound.seek()
    assert 3.3 < travel.top <= 4
    assert travel.limit == (word,)
    assert 0.4 <= sound.value(travel.middle) <= 0.7


def test_single_outlier_does_not_end_the_range():
    sound = Sound(logistic(3.0, 2.0), lambda raw: {"silence_share": 0.4} if raw == 2.0 else {})
    travel = sound.seek()
    assert 2.0 in sound.played and travel.top > 4 and travel.limit == ()


def test_middle_prefers_the_gentler_coefficient():
    """From 2.8 on the onset rate collapses, so the middle must stay below."""
    sound = Sound(
        logistic(3.0, 1.0), lambda raw: {"onset_rate": 4.0 if raw < 2.8 else 1.0}, noise=0.0
    )
    travel = sound.seek()
    assert 0.39 <= sound.value(travel.middle) <= 0.52


def test_direction_without_response_has_no_top():
    assert Sound(lambda raw: 0.1, noise=0.02).seek().top is None
    assert Sound(lambda raw: 0.3 - 0.02 * raw).seek().top is None  # falling
    # a large gain that is no more than noise
    assert Sound(lambda raw: 0.3 + 0.012 * raw, noise=0.3).seek().top is None


def test_top_of_a_saturating_response_is_the_saturation_point():
    sound = Sound(lambda raw: 0.1 + 0.5 * min(1, raw / 2), name="chord_major")
    sound.survey.direction = sound.direction
    sound.takes = lambda raw: [
        Take(raw, p, s, heard(0.1, chord_share=(sound.value(raw), 0.1, 0, 0))) for p, s in PAIRS
    ]
    sound.survey.takes = sound.takes(0.0)
    travel = sound.seek()
    assert travel.top == pytest.approx(2.0, rel=0.15)
    assert travel.middle == pytest.approx(1.0, rel=0.15)
    assert travel.curve == pytest.approx(1.0, abs=0.25)


def test_tempo_is_calibrated_in_both_directions():
    def bpm(raw: float) -> float:
        return 120 + (30 * math.tanh(raw / 2) if raw > 0 else 20 * math.tanh(raw / 3))

    sound = Sound(bpm, name="tempo", noise=1.0)
    up, down = sound.seek(), sound.seek(-1)
    assert up.top > 2.5 and bpm(up.top) > 145
    assert down.top <= -3.5 and bpm(down.top) < 104.5
    assert bpm(up.middle) - 120 == pytest.approx((bpm(up.top) - 120) / 2, abs=4)
    found = _calibration(sound.survey, up, down, Setting())
    assert found.range == pytest.approx((down.top, up.top), rel=1e-3)
    assert found.marks == {
        c: word
        for side in (found.up, found.down)
        for c, word in ((side.middle, "middle"), (side.top, "top"))
    }
    assert found.curve == pytest.approx((up.curve + down.curve) / 2, abs=0.01)


def test_unmeasurable_response_has_no_range():
    sound = Sound(lambda raw: None, name="tempo")
    sound.noise = 0
    sound.takes = lambda raw: [Take(raw, p, s, heard(0.1, tempo_bpm=None)) for p, s in PAIRS]
    sound.survey.takes = sound.takes(0.0)
    assert sound.seek().top is None


def test_steep_curves_are_limited_and_a_missing_range_is_reported():
    sound = Sound(lambda raw: 0.1 if raw < 3.9 else 0.97)
    travel = sound.seek()
    found = _calibration(sound.survey, travel, None, Setting())
    assert 0.4 <= found.curve <= 4
    nothing = _calibration(sound.survey, Travel(None, None, lack="silent"), None, Setting())
    assert nothing.range is None and nothing.curve == 1 and "no range: silent" in nothing.markdown()


@pytest.mark.parametrize(
    ("value", "changes", "clips", "noise", "words"),
    [
        (lambda raw: 0.1, {}, 6, 0.0, "the audio does not respond"),
        (logistic(3.0, 2.0), {"flatness": 0.2}, 6, 0.0, "spoils the music (noise) before the"),
        (logistic(1.0, 5.0), {}, 1, 0.0, "uncertain with 1 clip: play more seeds"),
        (
            lambda raw: 0.35 + 0.1 * min(2, raw),
            {},
            6,
            0.2,
            "uncertain with 6 clips: play more seeds",
        ),
    ],
)
def test_missing_range_is_explained_by_its_true_reason(value, changes, clips, noise, words):
    sound = Sound(value, lambda raw: changes if abs(raw) > 0.3 else {}, noise=noise)
    every = sound.takes
    sound.takes = lambda raw: every(raw)[:clips]
    sound.survey.takes = sound.takes(0.0)
    found = _calibration(sound.survey, sound.seek(), None, Setting())
    (remark,) = found.remarks
    assert found.range is None and remark.startswith("no range: ") and words in remark
    assert remark in found.markdown() and remark in found.evidence()["remarks"]


def test_calibration_evidence_is_json_and_stored_in_the_direction(tmp_path):
    sound = Sound(logistic(3.0, 2.0), odds=lambda raw: 0.5)
    found = _calibration(sound.survey, sound.seek(), None, Setting())
    found.write_into(sound.direction)
    loaded = Direction.load(sound.direction.save(tmp_path / "note_C.safetensors"))
    assert loaded.range == found.range and loaded.curve == found.curve
    assert loaded.raw(0.5) == pytest.approx(found.up.middle, rel=0.01)
    evidence = loaded.meta["calibration"]
    assert json.loads(json.dumps(evidence)) == evidence
    assert len(evidence["points"]) == len(sound.played) + 1
    low, high = evidence["points"][0].pop("interval")
    assert low <= evidence["points"][0]["value"] <= high
    assert evidence["points"][0] | {"value": 0.0823} == {
        "coefficient": 0.0,
        "value": 0.0823,
        "onset_ratio": 1.0,
        "pitch_classes": 6.0,
        "silence": 0.02,
        "flatness": 0.01,
        "level_db": -20.0,
        "instrument": 0.5,
        "spoiled": [],
    }
    table = found.markdown()
    assert f"## note_C: range 0 to {found.range[1]:.3g}, curve {found.curve:.2f}" in table
    assert "Confirmed" not in table and evidence["confirmed"] == []


# ---- on audio ----


def player(model, prompt, *, seed=0, seconds=8.0, changes=(), **settings):
    """Random notes; C is likelier at higher coefficients, and above 6 the end is silent."""
    raw = sum(c for _, _, c in changes)
    rng = np.random.default_rng([seed, len(prompt)])
    draws = [(rng.random(), int(rng.choice([2, 4, 5, 7, 9, 11]))) for _ in range(16)]
    notes = [0 if luck < raw / 4 else other for luck, other in draws]
    t = np.arange(int(seconds / 16 * RATE)) / RATE
    tones = [np.sin(2 * np.pi * 261.63 * 2 ** (n / 12) * t) * np.exp(-4 * t) for n in notes]
    audio = (0.3 * np.concatenate(tones)).astype(np.float32)[:, None]
    if raw > 6:
        audio[len(audio) // 2 :] = 0
    if seed == 1:  # an abnormal take
        audio[len(audio) // 4 :] = 0
    return audio


SHORT = Setting(prompts=tuple(PROMPTS), seeds=(0, 1), seconds=2.0)


@pytest.mark.slow
def test_abnormal_seeds_are_left_out(model):
    with Recorder(model, SHORT, play=player) as recorder:
        chosen = ordinary(recorder)
    assert [t.prompt for t in chosen] == ["piano"] * 2 + ["flute"] * 2
    assert 1 not in {t.seed for t in chosen} and {t.seed for t in chosen} <= {0, 2, 3}


@pytest.mark.slow
def test_calibration_measures_audio_and_resumes(model, tmp_path):
    direction = Direction(
        "note_C",
        np.random.default_rng(0).normal(size=(model.layers, 1, model.width)),
        np.ones(model.layers),
        {"model": model.name, "state_norm": NORM},
    )
    options = {"folder": tmp_path, "instruments": {}, "aims": Aims(steps=2)}
    found = calibrate(model, direction, setting=SHORT, play=player, **options)
    assert isinstance(found, Calibration) and "range" not in direction.meta
    assert 3.0 < found.range[1] <= 6
    unsteered, middle, top = found.confirmed.response.points
    assert unsteered.value < 0.1 and 0.35 <= middle.value <= 0.8 and top.value > 0.85
    assert {t.seed for t in found.confirmed.takes}.isdisjoint(t.seed for t in found.survey.takes)
    table = found.markdown()
    assert "Confirmed with other seeds" in table and table.count("**middle**") >= 1
    heard_before = (tmp_path / "takes.jsonl").read_text()
    again = calibrate(model, direction, setting=SHORT, play=None, **options)  # nothing is played
    assert again.evidence() == found.evidence()
    assert (tmp_path / "takes.jsonl").read_text() == heard_before


def test_calibrate_command_writes_the_file_and_prints_the_table(
    checkpoint, model, tmp_path, capsys
):
    file = tmp_path / "note_C.safetensors"
    vectors = np.random.default_rng(0).normal(size=(model.layers, 1, model.width))
    meta = {"model": model.name, "state_norm": 1e-3, "range": [0.0, 3.0], "curve": 2.0}
    Direction("note_C", vectors, np.ones(model.layers), meta).save(file)
    run = ["calibrate", str(file), "--model", str(checkpoint), "--seconds", "0.3", "--prompt", "x"]
    run += ["--seeds", "1", "--steps", "1", "--takes", str(tmp_path / "takes")]
    assert main([*run, "--dry-run"]) == 0
    assert (
        "## note_C: no range" in capsys.readouterr().out
    )  # coefficients too small to change anything
    assert Direction.load(file, model).range == (0.0, 3.0)
    assert main([*run, "--out", str(tmp_path / "out")]) == 0
    written = Direction.load(tmp_path / "out" / model.name / "note_C.safetensors", model)
    assert written.range is None and written.curve == 1
    assert len(written.meta["calibration"]["points"]) >= 6
    assert Direction.load(file, model).range == (0.0, 3.0)
    kept = (tmp_path / "out" / model.name / "note_C.safetensors").read_bytes()
    assert main([*run, "--out", str(tmp_path / "out"), "--top", "0.9"]) == 0
    assert (tmp_path / "out" / model.name / "note_C.safetensors").read_bytes() == kept
    assert (tmp_path / "out-2" / model.name / "note_C.safetensors").exists()
    assert main(run) == 0
    assert Direction.load(file, model).range is None


@pytest.mark.parametrize("spec", ["detector", "-detector"])
def test_detector_is_found_beside_the_file_of_the_direction(
    spec, checkpoint, model, tmp_path, capsys
):
    folder = fill(tmp_path / "made" / model.name, model)
    file = folder / "note_C.safetensors"
    run = ["calibrate", str(file), "--model", str(checkpoint), "--seconds", "0.3", "--prompt", "x"]
    run += ["--seeds", "1", "--steps", "1", "--control", "0", "--takes", str(tmp_path / "takes")]
    assert main([*run, f"--listener={spec}"]) == 0
    assert CAVEAT in capsys.readouterr().out
    assert Direction.load(file).meta["listener"] == f"{spec}:note_C"
    assert str(tmp_path).encode() not in file.read_bytes()
    again = ["evaluate", *run[1:8], "--seeds", "1", "--control", "0", "--coefficients", "1"]
    assert main([*again, "--out", str(tmp_path / "report")]) == 0
    assert CAVEAT[1:] in capsys.readouterr().out
    (folder / "detectors" / "note_C.safetensors").unlink()
    assert main(run) == 2
    assert "has no detector 'note_C'" in capsys.readouterr().err


def test_detector_of_a_class_is_named_without_the_folder_of_its_file(tmp_path):
    meta = {"model": "x", "kind": "multiclass", "classes": ["C", "Cs"], "concept": "note"}
    notes = Direction("notes", np.ones((2, 2, 4)), np.ones(2), meta)
    o = argparse.Namespace(listener="detector")
    one = listened_by(o, f"{tmp_path}/notes.safetensors:Cs", notes.only("Cs"))
    assert one.meta["listener"] == "detector:notes:Cs"
    with pytest.raises(MusicRFMError, match="does not name a detector"):
        listened_by(argparse.Namespace(listener=f"detector:{tmp_path}/d.safetensors"), "a", one)


def test_each_class_of_a_file_is_calibrated(checkpoint, model, tmp_path, capsys, monkeypatch):
    from musicrfm.commands import calibrate as on_line
    from musicrfm.evaluation import calibrate as module

    vectors = np.random.default_rng(0).normal(size=(model.layers, 2, model.width))
    meta = {"model": model.name, "kind": "multiclass", "classes": ["C", "Cs"], "concept": "note"}
    file = Direction("notes", vectors, np.ones(model.layers), meta).save(
        tmp_path / "notes.safetensors"
    )

    def found(model, directions, setting, **options):
        made = []
        for number, direction in enumerate(directions, 1):
            sound = Sound(logistic(number, 5.0))
            made.append(_calibration(sound.survey, sound.seek(), None, setting))
            assert direction.name in ("notes_C", "notes_Cs")
        return made

    monkeypatch.setattr(module, "calibrate_all", found)
    assert main(["calibrate", str(file), "--model", str(checkpoint)]) == 0
    first, second = (Direction.load(f"{file}:{name}", model) for name in ("C", "C#"))
    assert 0 < first.range[1] < second.range[1] and first.curve != 1
    assert main(["calibrate", f"{file}:C#", "--model", str(checkpoint)]) == 0
    again = Direction.load(f"{file}:C#", model)
    assert again.range[1] == pytest.approx(first.range[1])
    assert again.meta["calibration"]["points"] == first.meta["calibration"]["points"]
    assert second.meta["calibration"]["points"] != first.meta["calibration"]["points"]
    capsys.readouterr()
    assert main(["directions", "show", str(file), "--json"]) == 0
    about = json.loads(capsys.readouterr().out)
    assert about["calibration"] is None and "class_ranges" not in about
    shown = about["class_calibrations"]
    assert shown["C"]["range"] == list(first.range)
    assert shown["C"]["prompts"] == sorted(PROMPTS) and len(shown["Cs"]["points"]) > 5
    assert main(["directions", "show", str(file)]) == 0
    told = capsys.readouterr().out
    assert "calibration of Cs:\n  range: 0, " in told and "calibration: none" not in told
    copied = Direction.load(file).save(tmp_path / "copy.safetensors")
    assert copied.read_bytes() == file.read_bytes()
    copied.unlink()
    archive.pack(model, tmp_path, tmp_path / "all.zip")
    there = archive.unpack(tmp_path / "all.zip", model, tmp_path / "there").folder
    assert (there / file.name).read_bytes() == file.read_bytes()
    assert on_line._class_of("C:\\x.safetensors")[1] is None


def test_listener_of_one_class_stays_with_that_class():
    meta = {"model": "x", "kind": "multiclass", "classes": ["C", "Cs"], "concept": "note"}
    notes = Direction("notes", np.ones((2, 2, 4)), np.ones(2), meta)
    sound = Sound(logistic(2, 5.0))
    found = _calibration(sound.survey, sound.seek(), None, Setting())
    sound.direction.meta["listener"] = "-level"
    found.write_into(notes, "C")
    assert notes.only("C").meta["listener"] == "-level"
    assert "listener" not in notes.only("Cs").meta and "listener" not in notes.meta
    assert "calibration" not in notes.only("Cs").meta


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--middle", "0.9", "--top", "0.5"], "0 < middle < top"),
        (["--workers", "-1"], "--workers -1"),
        (["--adherence", "--seconds", "2"], "--no-adherence"),
        (["warmth"], "no direction 'warmth'"),
    ],
)
def test_impossible_calibration_is_refused_in_one_sentence(
    arguments, words, checkpoint, model, tmp_path, capsys, monkeypatch
):
    monkeypatch.setenv("MUSICRFM_DIRECTIONS", str(tmp_path))
    Direction(
        "note_C",
        np.ones((model.layers, 1, model.width)),
        np.ones(model.layers),
        {"model": model.name},
    ).save(tmp_path / model.name / "note_C.safetensors")
    run = ["calibrate", "--model", str(checkpoint), "--takes", str(tmp_path), *arguments]
    assert main(run) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ") and error.count("\n") == 1 and words in error


def test_concept_without_a_measurement_is_refused(model):
    vague = Direction.of(model, "warmth", np.ones((model.layers, 1, model.width)))
    with pytest.raises(MusicRFMError, match="cannot be evaluated"):
        calibrate(model, vague, setting=SHORT)
