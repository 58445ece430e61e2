"""Random directions as a control for a direction."""

from __future__ import annotations

import numpy as np
import pytest

from musicrfm.directions import Direction
from musicrfm.evaluation.control import compared, controls, outcome, random_directions
from musicrfm.evaluation.perform import Setting
from musicrfm.evaluation.report import control_table
from musicrfm.evaluation.takes import Recorder, Take
from musicrfm.intervals import UNKNOWN, Interval
from tests.musicrfm.evaluation.test_evaluate import heard


def note(layers=3, width=8, **meta) -> Direction:
    vectors = np.random.default_rng(0).normal(size=(layers, 1, width))
    vectors[1] = 0.0
    about = {"model": "x", "range": [0, 4], "curve": 2.0, **meta}
    return Direction("note_C", vectors, np.ones(layers), about)


def test_random_directions_copy_the_norms_and_settings_of_the_direction():
    one = note()
    several = random_directions(one, 5)
    for other in several:
        assert other.vectors.norm(dim=-1).numpy() == pytest.approx(one.vectors.norm(dim=-1).numpy())
        assert (other.name, other.range, other.curve) == (one.name, one.range, one.curve)
        assert other.meta["method"] == "random"
    cosines = [float((several[0].vectors * other.vectors).sum(-1).max()) for other in several[1:]]
    assert max(cosines) < 0.99
    again = random_directions(one, 5)
    assert all((a.vectors == b.vectors).all() for a, b in zip(several, again, strict=True))


def takes(shares: list[float]) -> list[Take]:
    return [Take(1.0, "p", seed, heard(share=share)) for seed, share in enumerate(shares)]


def test_effective_direction_is_distinguished_from_a_random_push():
    plain = takes([0.1, 0.2, 0.1, 0.15])
    push = [takes([0.1, 0.25, 0.15, 0.2]) for _ in range(5)]
    good = compared(note(), 4.0, takes([0.9, 0.95, 0.8, 0.99]), push, plain)
    assert not good.remark and good.effect.low > 0.5
    assert good.effect.value == pytest.approx(0.91 - 0.175)
    assert good.random.value == pytest.approx(0.175) and len(good.draws) == 5
    assert good.gain.value == pytest.approx(0.91 - 0.1375)
    idle = compared(note(), 4.0, takes([0.1, 0.3, 0.1, 0.2]), push, plain)
    assert idle.remark == "not distinguishable from random directions"
    assert idle.remark.upper() in idle.words


def test_small_measures_of_a_listener_are_not_rounded_away():
    one = note(listener="roughness")

    def clips(value: float) -> list[Take]:
        return [Take(1.0, "p", n, heard(listened={"roughness": value})) for n in range(3)]

    found = compared(one, 4.0, clips(0.0004), [clips(0.0001)] * 2, clips(0.0002))
    for text in (found.words, "\n".join(control_table([found]))):
        assert all(number in text for number in ("0.0004", "0.0001", "0.0002", "+0.0003"))


def test_clips_without_a_reading_are_left_out():
    tempo = Direction("tempo", np.ones((2, 1, 4)), np.ones(2), {"model": "x"})

    def clips(values):
        return [Take(1.0, "p", n, heard(tempo_bpm=bpm)) for n, bpm in enumerate(values)]

    found = compared(
        tempo, 1.0, clips([120, None, 140]), [clips([100, 90, 100])] * 5, clips([99] * 3)
    )
    assert found.target.value == 130 and found.effect.value == 30 and found.effect.count == 2


def test_control_takes_use_the_same_prompts_and_seeds(model):
    played = []

    def play(model, prompt, *, seed, changes, **how):
        played.append((prompt, seed, [raw for _, _, raw in changes]))
        return np.random.default_rng(seed).normal(0, 0.1, (model.sample_rate // 2, 1))

    vectors = np.random.default_rng(0).normal(size=(model.layers, 1, model.width))
    one = Direction.of(model, "note_C", vectors, range=[0.0, 4.0])
    setting = Setting(prompts=("a", "b"), seeds=(3, 4), seconds=0.5).of(model)
    with Recorder(model, setting, play=play) as recorder:
        (found,) = controls(recorder, [(one, 4.0)], draws=2)
        count = len(played)
        again = controls(recorder, [(one, 4.0)], draws=2)
    assert count == len(played) == 4 * (1 + 1 + 2)
    assert again == [found] and found.effect.count == 4
    assert {(p, s) for p, s, _ in played} == {(p, s) for p in "ab" for s in (3, 4)}


@pytest.mark.parametrize(
    ("effect", "wanted", "told"),
    [
        (Interval(0.4, 0.3, 0.5, 8), 1.0, ""),
        (Interval(-20.0, -30.0, -10.0, 8), -1.0, ""),
        (Interval(-0.4, -0.5, -0.3, 8), 1.0, "random directions do more"),
        (Interval(0.4, 0.3, 0.5, 8), -1.0, "random directions do more"),
        (Interval(-0.4, -0.5, -0.3, 8), 0.0, ""),
        (Interval(0.4, -0.1, 0.9, 8), 1.0, "not distinguishable from random directions"),
        (Interval(0.9, np.nan, np.nan, 1), 1.0, "too few clips to tell it from random directions"),
        (UNKNOWN, 1.0, "not measurable"),
    ],
)
def test_conclusion_follows_from_the_interval_and_the_wanted_sign(effect, wanted, told):
    assert outcome(effect, wanted) == told
