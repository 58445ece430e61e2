"""Arithmetic of directions, the repr of public objects, and refusal of wrong arguments."""

from __future__ import annotations

import warnings

import pytest
import torch

from musicrfm import Direction, MusicRFMError, MusicStream, Steering, list_directions
from musicrfm.model import MusicModel

LAYERS, WIDTH = 3, 8


def direction(name: str, seed: int, **meta) -> Direction:
    torch.manual_seed(seed)
    scores = torch.rand(LAYERS)
    return Direction(name, torch.randn(LAYERS, 1, WIDTH), scores, {"model": "tiny", **meta})


def unit(x: torch.Tensor) -> torch.Tensor:
    return x / x.norm(dim=-1, keepdim=True)


def test_sums_weight_unit_rows_by_their_factors():
    a, b = direction("note_C", 1, range=[-2.0, 4.0]), direction("note_D", 2)
    torch.testing.assert_close((a - b).vectors, unit(a.vectors - b.vectors))
    torch.testing.assert_close((a + 0.5 * b).vectors, unit(a.vectors + 0.5 * b.vectors))
    torch.testing.assert_close((a + -b).vectors, (a - b).vectors)
    torch.testing.assert_close(
        (2 * (a - b) + b).vectors, unit(2 * unit(a.vectors - b.vectors) + b.vectors)
    )
    made = a - b
    assert made.name == "note_C_minus_note_D" and made.range is None and made.model == "tiny"
    torch.testing.assert_close(made.layer_scores, torch.minimum(a.layer_scores, b.layer_scores))


def test_multiple_of_a_direction_scales_its_range():
    a = direction("note_C", 1, range=[-2.0, 4.0])
    twice, back = 2 * a, a * -1
    assert twice.range == (-4.0, 8.0) and back.range == (-4.0, 2.0)
    torch.testing.assert_close(twice.raw(1.0) * twice.vectors, 2 * a.raw(1.0) * a.vectors)
    torch.testing.assert_close(back.vectors, -a.vectors)
    assert (-back).range == a.range
    assert (a / 2).range == (a * 0.5).range == (-1.0, 2.0)
    torch.testing.assert_close((a / -2).vectors, -a.vectors)


def test_reversed_direction_does_at_1_what_the_direction_does_at_minus_1():
    a = direction("note_C", 1, range=[0.0, 8.6], curve=2.0, calibration={"points": []})
    back = -a
    assert back.range == (0.0, 8.6) and str(back.range[0]) == "0.0"
    for coefficient in (-1.0, 0.5, 1.0):
        pushed = back.raw(coefficient) * back.vectors
        torch.testing.assert_close(pushed, a.raw(-coefficient) * a.vectors)
    assert "calibration" not in back.meta and "calibration" in (a * 2).meta
    assert (-back).range == a.range and (-direction("a", 1, range=[-3, 0])).range == (0.0, 3.0)


def test_ranges_of_classes_are_scaled_too():
    torch.manual_seed(0)
    meta = {"model": "tiny", "classes": ["C", "D"], "class_ranges": {"C": [0, 4], "D": None}}
    two = Direction("two", torch.randn(LAYERS, 2, WIDTH), torch.ones(LAYERS), meta)
    assert (two / 2).only("C").range == (0.0, 2.0) and (-two).only("C").range == (0.0, 4.0)
    assert (two * 2).only("D").range is None and two.only("C").range == (0.0, 4.0)


def test_sum_adds_a_list_of_directions():
    a, b = direction("a", 1), direction("b", 2)
    torch.testing.assert_close(sum([a, b]).vectors, (a + b).vectors)
    with pytest.raises(MusicRFMError, match="1 cannot be added to a direction"):
        1 + a


def test_orthogonal_removes_the_projection_on_other_directions():
    a, b, c = (direction(name, seed) for name, seed in (("a", 1), ("b", 2), ("c", 3)))
    left = a.orthogonal(b, c)
    for other in (b, c):
        assert (left.vectors * other.vectors).sum(-1).abs().max() < 1e-5
    torch.testing.assert_close(left.vectors.norm(dim=-1), torch.ones(LAYERS, 1))
    span = torch.cat([left.vectors, b.vectors, c.vectors, a.vectors], 1)
    assert (torch.linalg.matrix_rank(span, tol=1e-3) == 3).all()  # a is in what the others span
    assert left.name == "a_without_b_c"


def test_impossible_arithmetic_is_refused():
    a, b = direction("a", 1), direction("b", 2)
    other = Direction("x", b.vectors, b.layer_scores, {"model": "other"})
    two = Direction("two", torch.randn(LAYERS, 2, WIDTH), b.layer_scores, {"model": "tiny"})
    beat = direction("beat", 4, kind="beat")
    for reckon, said in [
        (lambda: a - other, "different models"),
        (lambda: a + two, "components"),
        (lambda: a - a, "nothing remains"),
        (lambda: a.orthogonal(a), "nothing remains"),
        (lambda: a.orthogonal(), "to be orthogonal to"),
        (lambda: a.orthogonal("b"), "is not a Direction"),
        (lambda: a + 1, "cannot be added to a direction"),
        (lambda: a * 0, "cannot be multiplied by 0"),
        (lambda: a * "x", "cannot be multiplied by 'x'"),
        (lambda: a / 0, "cannot be divided by 0"),
        (lambda: a / b, "cannot be divided by Direction"),
        (lambda: a + beat, "beat"),
    ]:
        with pytest.raises(MusicRFMError, match=said):
            reckon()


def test_sum_of_directions_survives_saving_and_loading(tmp_path):
    made = 2.0 * (direction("a", 1) - direction("b", 2))
    again = Direction.load(made.save(tmp_path / "made.safetensors"))
    torch.testing.assert_close(again.vectors, made.vectors)
    assert again.meta["weight"] == 2.0 and again.meta["parents"] == ["a", "b"]


def test_repr_describes_public_objects(model: MusicModel):
    stream = MusicStream(model, "a drum", seed=3)
    torch.manual_seed(1)
    one = Direction.of(model, "bright", torch.randn(model.layers, 1, model.width))
    stream.steering.add(one, 0.5)
    for thing, words in [
        (model, ("MusicModel", "tiny", "2 layers", "width 32", "million", "float32", "cpu")),
        (stream, ("MusicStream", "a drum", "tiny", "cpu", "seed 3", "guidance 3", "bright=0.5")),
        (stream.steering, ("Steering", "bright=0.5")),
        (Steering(2, 4), ("Steering(nothing)",)),
        (one, ("Direction", "bright", "2 layers", "uncalibrated")),
    ]:
        assert all(word in repr(thing) for word in words), repr(thing)


def test_wrong_arguments_are_refused_with_a_hint(model: MusicModel):
    stream = MusicStream(model)
    for do, said in [
        (lambda: MusicStream("nano"), "MusicModel.load"),
        (lambda: stream.steering.add("note_C", 1.0), "Direction.load"),
        (lambda: direction("a", 1).only([1, 2]), "choose one of"),
    ]:
        with pytest.raises(MusicRFMError, match=said):
            do()
    assert list_directions(model) == []


def test_huge_coefficients_raise_no_warnings(model: MusicModel):
    torch.manual_seed(1)
    vectors = torch.randn(model.layers, 1, model.width)
    one = Direction(
        "loud",
        vectors,
        torch.ones(model.layers),
        {"model": "x", "range": [-1e6, 1e6], "curve": 20.0},
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for coefficient in (1e3, 1e4, -1e4):
            steering = Steering(model.layers, model.width)
            steering.add(one, coefficient)
            steering.add(Direction("other", -vectors, one.layer_scores, one.meta), coefficient)
            steering.offset(0)
