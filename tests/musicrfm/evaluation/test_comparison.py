"""Several steering variants side by side: table, picture and page."""

from __future__ import annotations

import csv
import itertools
import json
import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from musicrfm.cli import main
from musicrfm.directions import Direction
from musicrfm.evaluation import comparison, plots
from musicrfm.evaluation.comparison import Clip, Comparison, Row, Variant, compare, knob_variants
from musicrfm.evaluation.comparison_page import table_text, write_comparison
from musicrfm.evaluation.walkthrough import halves
from musicrfm.intervals import mean
from musicrfm.steering.beat import Beat

PROJECT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def note(model):
    vectors = np.random.default_rng(0).normal(size=(model.layers, 1, model.width))
    return Direction.of(model, "note_C", vectors, range=[0.0, 4.0])


@pytest.fixture(scope="module")
def found(model, note):
    variants = [
        *knob_variants(note, [0, 0.5, 1.0]),
        Variant("falling", ((note, 1.0),), {"schedule": "linear:5"}),
    ]
    how = {"prompts": ["piano", "flute"], "seeds": [0, 1], "seconds": 0.3}
    return compare(model, variants, [note], draws=2, **how)


def test_every_variant_has_a_row_with_random_directions_beside_it(found):
    assert [row.variant for row in found.rows] == ["unsteered", "note_C 0.5", "note_C 1", "falling"]
    plain, *steered = found.rows
    assert plain.random is None and plain.effect is None and not plain.remark
    for row in steered:
        assert len(row.values) == 4 and len(row.draws) == 2
        assert row.effect.value == pytest.approx(row.value.value - row.random.value)
        assert row.effect.low <= row.effect.value <= row.effect.high
    shown = [(clip.variant, clip.draw) for clip in found.clips]
    assert shown.count(("note_C 1", None)) == shown.count(("note_C 1", 0)) == 4
    assert ("note_C 1", 1) not in shown


def test_measure_of_a_listener_is_compared_with_its_digits(model, note, tmp_path):
    file = tmp_path / "mine.py"
    file.write_text("def tiny(audio, rate):\n    return 0.0004\n")
    meta = note.meta | {"listener": f"{file}:tiny"}
    mine = Direction("mine", note.vectors, note.layer_scores, meta)
    how = {"prompts": ["piano"], "seeds": [0], "seconds": 0.3, "draws": 1}
    told = compare(model, knob_variants(mine, [1.0]), [mine], **how)
    assert [row.value.value for row in told.rows] == [0.0004, 0.0004]
    assert table_text(told.rows).count("0.0004") == 3


def test_shares_of_both_halves_are_told():
    first, second = np.zeros((4, 12)), np.zeros((4, 12))
    first[:2, 7], second[2:, 7] = 1.0, 0.5
    clips = [Clip("falling", "p", 0, None, np.zeros(1), None, first)]
    clips += [Clip("rising", "p", 0, None, np.zeros(1), None, second)]
    clips += [Clip("rising", "p", 0, 0, np.zeros(1), None, first)]  # a random direction
    whole = Comparison([], clips, 32_000, {})
    direction = SimpleNamespace(meta={"target": "G"})
    told = "Share in the first and the second half: falling 1.00, 0.00; rising 0.00, 0.50."
    assert halves(whole, direction) == told
    assert halves(whole, SimpleNamespace(meta={"target": "bpm"})) == ""


def test_a_held_beat_has_a_row_of_clips_on_the_tempo_asked_for(model, monkeypatch):
    beat = Direction.load(PROJECT / "directions" / "nano" / "tempo.safetensors")
    slow, fast = (Beat.of(beat).bpm(beat.raw(knob)) for knob in (-1.0, 1.0))

    def heard(variant: str, draw: int | None, bpm: float | None) -> Clip:
        told = SimpleNamespace(tempo_bpm=bpm)
        return Clip(variant, "p", 0, draw, np.zeros(1), told, np.zeros((1, 12)))

    played = {
        ("unsteered", None): [heard("unsteered", None, 100.0)] * 3,
        ("tempo -1", None): [heard("tempo -1", None, bpm) for bpm in (slow, slow * 1.05, slow / 2)],
        ("tempo 1", None): [heard("tempo 1", None, bpm) for bpm in (fast, fast * 0.95, None)],
        **{(f"tempo {c}", draw): [heard("", draw, slow)] * 3 for c in (-1, 1) for draw in (0, 1)},
    }
    monkeypatch.setattr(comparison, "_played", lambda *_: played)
    rows = compare(model, knob_variants(beat, [-1, 1]), [beat], prompts=["p"], draws=2).rows
    on_tempo = [row for row in rows if row.unit == comparison.ON_TEMPO]
    assert [row.variant for row in on_tempo] == ["tempo -1", "tempo 1"]
    assert [row.values for row in on_tempo] == [(1.0, 1.0, 0.0), (1.0, 1.0, 0.0)]
    assert [row.random.value for row in on_tempo] == [1.0, 0.0]
    assert on_tempo[1].effect.value == pytest.approx(2 / 3)


def test_clips_match_the_stream(model, note, found):
    from musicrfm.stream import MusicStream

    stream = MusicStream(model, "flute", seed=1)
    stream.steering.add(note, 1.0)
    audio = stream.generate(round(0.3 * model.frame_rate))
    clip = next(
        c
        for c in found.clips
        if (c.variant, c.prompt, c.seed, c.draw) == ("note_C 1", "flute", 1, None)
    )
    assert np.abs(clip.audio - audio).max() < 1e-3


def test_comparison_folder_has_a_page_clips_and_tables(found, tmp_path):
    page = write_comparison(tmp_path, found, "note <C>", "in knobs")
    text = page.read_text("utf-8")
    assert "note &lt;C&gt;" in text and "in knobs" in text and text.count("<svg") == 28
    assert text.count("non-scaling-stroke") == 28  # the target is framed in each
    sounds = re.findall(r'src="(clips/[^"]+\.flac)"', text)
    assert len(set(sounds)) == len(sounds) == 28 and all((tmp_path / s).is_file() for s in sounds)
    assert (tmp_path / "picture.png").read_bytes()[:4] == b"\x89PNG"
    rows = list(csv.DictReader((tmp_path / "table.csv").open()))
    assert [row["steered"] for row in rows] == [row.variant for row in found.rows]
    assert rows[0]["random"] == "" and float(rows[1]["effect"]) == found.rows[1].effect.value
    assert json.loads((tmp_path / "table.json").read_text())["settings"]["draws"] == 2
    table = table_text(found.rows)
    assert table.count("\n") == 4 and "random direction" in table


def test_picture_explains_its_marks_and_long_names_do_not_overlap(tmp_path, monkeypatch):
    drawn: list = []
    monkeypatch.setattr(plots, "_save", lambda figure, path: drawn.append(figure))
    names = ["unsteered", *(f"note_C raw 0.{n}, injection 0.3" for n in (3, 5, 7))]
    value = mean([0.2, 0.4])
    about = {"target": "note_C", "quantity": "share", "unit": "share of C"}
    heard = {"value": value, "random": value, "effect": value, "values": (0.2, 0.4)}
    made = [Row(name, **about, **heard, draws=(0.3,)) for name in names]
    plots.compared_bars(tmp_path / "picture.png", made)
    drawn[0].canvas.draw()
    axis = drawn[0].axes[0]
    told = [text.get_text() for text in axis.get_legend().get_texts()]
    assert told[1:] == ["one clip", "mean of random directions", "one random direction"]
    boxes = [label.get_window_extent() for label in axis.get_xticklabels()]
    assert all(one.x1 < after.x0 for one, after in itertools.pairwise(boxes))
    marks = axis.get_legend().get_window_extent()
    assert marks.x0 > axis.get_window_extent().x1  # the legend hides no mark


def test_generate_command_compares_coefficients(checkpoint, note, tmp_path, capsys):
    file = note.save(tmp_path / "note_C.safetensors")
    run = ["generate", "--compare", "0,0.5", str(file), "--model", str(checkpoint)]
    run += ["--seconds", "0.2", "--seeds", "1", "--prompt", "piano", "--control", "1"]
    run += ["--dtype", "float32", "--device", "cpu", "--out", str(tmp_path / "out")]
    assert main(run) == 0
    told = capsys.readouterr().out
    assert "note_C 0.5" in told and str(tmp_path / "out" / "index.html") in told
    assert main(["generate", "piano", "--model", str(checkpoint)]) == 2
    assert "--out FILE" in capsys.readouterr().err
