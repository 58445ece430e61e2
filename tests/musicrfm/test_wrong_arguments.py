"""Wrong arguments of the public functions: each is refused in a sentence that names the value."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch

import musicrfm
from musicrfm import Direction, MusicModel, MusicRFMError, MusicStream, Steering
from musicrfm.data.hidden import Data, clip_data, hear
from musicrfm.evaluation.calibrate import calibrate, calibrate_all
from musicrfm.evaluation.comparison import compare, knob_variants
from musicrfm.evaluation.evaluate import evaluate
from musicrfm.evaluation.perform import Setting, perform
from musicrfm.training.detect import Detector, detect
from musicrfm.training.rfm import Search
from musicrfm.training.train import direction_path, fit, train_note, train_tempo

NO_MODEL = "is not a model: load it with MusicModel.load"
NO_DIRECTION = "is not a Direction: load it with Direction.load"
NO_NUMBERS = "must be an array of numbers, not"
CALLS = [
    (lambda a: musicrfm.generate_many(a.model, None), "the prompt must be text, not None"),
    (lambda a: musicrfm.generate_many(a.model, "x", directions=5), "a name or a file, not 5"),
    (lambda a: musicrfm.generate_many(a.model, "x", seeds=[1.5]), "a seed must be a whole number"),
    (lambda a: musicrfm.generate_many(None, "x"), f"None {NO_MODEL}"),
    (lambda a: fit(None, "x", [1], kind="binary"), "None holds no hidden states"),
    (lambda a: fit(a.data, "x", a.labels, kind="binary", search=5), "search must be a Search"),
    (lambda a: fit(a.data, "x", None, kind="binary"), "labels must be a list"),
    (lambda a: fit(a.data, "x", a.labels, kind="binary", about=5), "about must be a dict"),
    (lambda a: fit(a.data, "x", a.labels, kind="binary", work=5), "work must be a Work"),
    (lambda a: fit(a.data, "x", a.labels, kind="binary", store=5), "a path must be a text"),
    (lambda a: fit(a.data, "x", a.labels, kind="binary", layers=5), "layers 5 are not numbers"),
    (lambda a: fit(a.data, 5, a.labels, kind="binary"), "name of a direction must be a text"),
    (lambda a: fit(a.data, "x", a.labels, kind="multiclass", class_names=5), "class_names must be"),
    (lambda a: train_note(None, "C"), "None holds no hidden states"),
    (lambda a: train_tempo(a.data), "a clip has no label 'bpm'"),
    (lambda a: hear(None, None), f"None {NO_MODEL}"),
    (lambda a: hear(a.model, None), "None is not a ClipSet"),
    (lambda a: clip_data(a.model, "x", [1]), "a clip must be"),
    (lambda a: musicrfm.patch("missing.npy"), "file of states 'missing.npy' does not exist"),
    (lambda a: musicrfm.patch(__file__), "is not a file of `capture`"),
    (lambda a: musicrfm.patch([[1]]), "a path must be a text or a Path"),
    (lambda a: MusicModel.load(None), "a model is nano, a folder, or a hub id .* not None"),
    (lambda a: Direction("x", a.vectors), "the layer scores of a direction are missing"),
    (lambda a: Direction("x"), "the vectors of a direction are missing"),
    (lambda a: Direction("x", "abc", [1]), f"the vectors of 'x' {NO_NUMBERS} 'abc'"),
    (lambda a: Direction("x", a.vectors, None), f"the layer scores of 'x' {NO_NUMBERS} None"),
    (lambda a: Direction("x", a.vectors, [1, 1], None), "the metadata of 'x' must be a dict"),
    (lambda a: Direction(5, a.vectors, [1, 1]), "must be a text, not 5"),
    (lambda a: Direction.of("nano", "x", a.vectors), f"'nano' {NO_MODEL}"),
    (lambda a: Direction.of(a.model, "x", None), f"the vectors of 'x' {NO_NUMBERS} None"),
    (lambda a: a.direction.save(None), "a path must be a text or a Path, not None"),
    (lambda a: a.direction.raw("a"), "'a' is not a coefficient"),
    (lambda a: a.direction.check(None), f"None {NO_MODEL}"),
    (lambda a: direction_path(None), f"None {NO_DIRECTION}"),
    (lambda a: a.stream.steering.add(a.direction, components=[1, 2]), "'components': give layers"),
    (lambda a: Steering.of("nano"), f"'nano' {NO_MODEL}"),
    (lambda a: Steering("a", 2), "layers must be a whole number, not 'a'"),
    (lambda a: musicrfm.steered(a.model, {a.direction: []}).__enter__(), "coefficients is empty"),
    (lambda a: musicrfm.steered(a.model, {}, seed="a").__enter__(), "a seed must be a whole"),
    (lambda a: musicrfm.steered(a.model, {}, also=5).__enter__(), "also must be a list"),
    (lambda a: musicrfm.clamp(a.direction, None), "held between numbers, not None"),
    (lambda a: musicrfm.project_out(a.direction, amount="a"), "amount must be a number"),
    (lambda a: musicrfm.capture(None), "a path must be a text or a Path, not None"),
    (lambda a: MusicStream(None), f"None {NO_MODEL}"),
    (lambda a: a.stream.reaches(None), "returns to one of its own states, not to None"),
    (lambda a: a.model.encode_audio("a", 32_000), "audio must be an array, not 'a'"),
    (lambda a: a.model.encode_audio(np.ones(9), None), "sample rate must be above 0 Hz, not None"),
    (lambda a: a.model.decode_codes(None), f"codes {NO_NUMBERS} None"),
    (lambda a: a.model.hidden_states(a.codes + 99_999), "codes must be from 0 to 64"),
    (lambda a: a.model.hidden_states(a.codes[..., :0]), "codes must have the shape"),
    (lambda a: a.model.unknown_words(None), "the prompt must be text, not None"),
    (lambda a: musicrfm.list_directions(None), "name of a model must be a text, not None"),
    (lambda a: Detector.load("x", None), f"None {NO_MODEL}"),
    (lambda a: detect(a.model, np.ones(9), 32_000, None), "None is not a Detector"),
    (lambda a: calibrate(a.model, "x"), f"'x' {NO_DIRECTION}"),
    (lambda a: calibrate_all(a.model, a.direction), "directions must be a list"),
    (lambda a: calibrate(a.model, a.direction, setting=5), "setting must be a Setting"),
    (lambda a: evaluate(a.model, [None]), f"None {NO_DIRECTION}"),
    (lambda a: evaluate(a.model, [a.direction], coefficients=5), "coefficients must be a list"),
    (lambda a: compare(a.model, [], [a.direction], prompts="x"), "prompts must be a list"),
    (lambda a: knob_variants(a.direction, 5), "coefficients must be a list, not 5"),
    (lambda a: Setting(prompts="piano"), "prompts must be a list"),
    (lambda a: perform(a.model, "x", seconds="a"), "seconds must be a finite number above 0"),
    (lambda a: perform(a.model, "x", changes=5), r"a list of \(second, direction, coef.*, not 5"),
    (lambda a: perform(a.model, "x", changes=[(0, 1)]), r"direction, coefficient\), not \(0, 1\)"),
    (lambda a: perform(a.model, "x", fades=["a"]), r"\(second, from, to, seconds\), not 'a'"),
    (lambda a: Search(trials="a"), "trials must be a whole number, not 'a'"),
    (lambda a: Search(rows=0), "rows must be at least 1, not 0"),
    (lambda a: musicrfm.MusicGenController(None, None, 5, None), "model must be a model of .*None"),
    (
        lambda a: musicrfm.MusicGenController(a.model.hf, None, 5, None),
        "encodec_model must be a model of transformers, .* not 5",
    ),
]


@pytest.fixture(scope="module")
def given(model: MusicModel) -> SimpleNamespace:
    vectors = torch.ones(model.layers, 1, model.width)
    return SimpleNamespace(
        model=model,
        vectors=vectors,
        direction=Direction.of(model, "note_C", vectors),
        stream=MusicStream(model),
        codes=torch.zeros(1, model.codebooks, 4, dtype=torch.long),
        data=Data("x", model.name, np.ones((9, 2, 3)), [{"l": 1}] * 9, list(range(9)), "mean", 0),
        labels=[0, 1, 0, 1, 0, 1, 0, 1, 0],
    )


@pytest.mark.parametrize(("call", "words"), CALLS, ids=[str(n) for n in range(len(CALLS))])
def test_wrong_argument_is_refused_in_a_sentence(given, call, words):
    with pytest.raises(MusicRFMError, match=words):
        call(given)


def test_seeds_of_many_pieces_may_be_an_array(model: MusicModel):
    pieces = musicrfm.generate_many(model, "x", seeds=np.arange(2), seconds=0.1)
    assert [piece.settings["seed"] for piece in pieces] == [0, 1]
