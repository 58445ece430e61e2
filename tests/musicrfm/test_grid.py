"""The grid of methods and layers: its options, and figures read off clips over time."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from musicrfm.errors import MusicRFMError
from musicrfm.evaluation.takes import FINE, Play, Take
from musicrfm.results.grid import END, OFF, ON, Steered, asked, cell, frechet
from tests.musicrfm.evaluation.test_evaluate import heard


def test_grid_options_are_parsed():
    usual = (["mean-difference", "rfm", "random"], ["all", "top:3", "exp:1,0.95"])
    assert asked("") == usual
    assert asked("layers=layer:0,-1,all")[1] == ["layer:0,-1", "all"]
    assert asked("method=random")[0] == ["random"] and asked("method=random")[1] == usual[1]
    for text, words in (("rfm", "is not valid"), ("method=magic", "method 'magic' does not apply")):
        with pytest.raises(MusicRFMError, match=words):
            asked(text)


def take(course: np.ndarray, timbre: np.ndarray, likely: float, seed: int) -> Take:
    shares = np.zeros((len(course), 12))
    shares[:, 0] = course
    odds = {"piano": likely, "organ": 1 - likely}
    return Take(
        4.0, "p", seed, heard(), "piano", odds, tuple(map(tuple, shares)), tuple(map(tuple, timbre))
    )


def test_onset_convergence_release_and_cost_are_read_from_a_curve():
    at = np.arange(round(END / FINE)) * FINE
    rising = np.clip((at - ON) / 2, 0, 1)  # from 0 to 1 in two seconds
    course = np.where(at < OFF, rising, np.clip(1 - (at - OFF), 0, 1))
    rng = np.random.default_rng(0)
    timbres = rng.normal(size=(4, len(at), 3))
    plain = [take(np.zeros(len(at)), t, 0.9, n) for n, t in enumerate(timbres)]
    steered = [
        Steered(take(course, t + 1.0, 0.5, n), plain[n], (0,), n) for n, t in enumerate(timbres)
    ]
    flat = [
        Steered(take(np.full(len(at), 0.25), t, 0.9, n), plain[n], (0, 1), 0)
        for n, t in enumerate(timbres)
    ]
    options = SimpleNamespace(model=SimpleNamespace(frame_rate=50), instruments={"p": "piano"})
    found = cell("rfm", "all", steered, flat, options)
    assert found.before.value == pytest.approx(0.0) and found.plateau.value == pytest.approx(1.0)
    assert found.after.value == pytest.approx(0.0)
    assert found.onset.value == pytest.approx(50, abs=10)
    assert found.convergence.value == pytest.approx(90, abs=10)
    assert found.instrument.value == pytest.approx(-0.4)
    assert found.distance == pytest.approx(3.0, abs=0.2)
    assert found.effect.value == pytest.approx(1.0 - 0.125)  # the mean of two notes
    assert found.course[0] == 0.0 and found.course[round(5 / FINE)] == 1.0
    pushed = cell("random", "all", flat, flat, options)
    assert pushed.effect is None and np.isnan(pushed.onset.value)  # the share does not rise


def test_frechet_distance_of_gaussians_matches_theory():
    rng = np.random.default_rng(1)
    one, other = rng.normal(0, 1, (20_000, 2)), rng.normal(1, 2, (20_000, 2))
    assert frechet(one, one) == pytest.approx(0.0, abs=1e-6)
    assert frechet(one, other) == pytest.approx(2 * (1 + 1), rel=0.1)  # mean² + (2 - 1)², twice


def test_span_turns_the_knob_on_and_off():
    direction = object()
    play = Play("p", 0, ((direction, 3.0),), span=(2.0, 6.0), fine=True)
    assert play.changes == [(2.0, direction, 3.0), (6.0, direction, 0.0)]
