"""The texture classifier: line, drums and bass of composed and generated clips."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest

from musicrfm.data.compose import compose, theory
from musicrfm.data.render import SAMPLE_RATE, render
from musicrfm.nano.judges import texture
from musicrfm.nano.judges.texture import Texture


def test_texture_of_a_composed_clip_matches_its_prompt():
    for clip in map(compose, range(300)):
        heard = texture.texture_of(clip)
        accompanied = " over " in clip.prompt or "chords, bass" in clip.prompt
        assert (heard is None) == (clip.kind != "music" or accompanied), clip.prompt
        if heard is not None:
            assert heard.line in clip.prompt
            assert heard.drums == ("drums" in clip.prompt)
            assert heard.bass == ("bass" in clip.prompt)
            assert heard in texture.PROMPTS.values()
    assert texture.texture_of(theory(1)) is None


def test_textures_are_equally_frequent():
    found = [heard for _, heard in texture.even(map(compose, itertools.count()), 2)]
    assert sorted(map(repr, found)) == sorted(map(repr, [*texture.PROMPTS.values()] * 2))


def test_fitted_classifier_answers_each_question():
    rng = np.random.default_rng(0)
    told = [t for t in texture.PROMPTS.values() for _ in range(20)]
    x = rng.normal(size=(140, 6))
    for i, line in enumerate(("arpeggio", "chords", "melody")):
        x[[t.line == line for t in told], i] += 6
    x[[t.drums for t in told], 3] += 6
    x[[t.bass for t in told], 4] += 6
    fitted, right = texture.learn(x, told)
    assert right == {"line": 1.0, "drums": 1.0, "bass": 1.0, "all_three": 1.0}
    again = json.loads(json.dumps(fitted))
    assert texture.answer(again, np.array([0, 0, 7, 7, 7, 0])) == Texture("melody", True, True)
    assert texture.answer(again, np.array([0, 7, 0, 7, 0, 0])) == Texture("chords", True, False)


def test_shares_count_clips():
    one, other = Texture("melody", True, False), Texture("melody", False, False)
    assert texture.shares([(one, one), (one, other)]) == {
        "line": 1.0,
        "drums": 0.5,
        "bass": 1.0,
        "all_three": 0.5,
    }


def test_shipped_classifier_is_accurate_on_held_out_clips():
    fitted = json.loads(texture.FITTED.read_text())
    held = fitted["held_out"]
    assert held["line"] > 0.85 and held["drums"] > 0.95 and held["bass"] > 0.85
    assert set(fitted["line"]["names"]) == {"melody", "arpeggio", "chords"}


def test_silence_and_noise_have_finite_properties():
    noise = np.random.default_rng(0).normal(size=(SAMPLE_RATE * 3, 1)) * 0.1
    found = [texture.properties(a, SAMPLE_RATE) for a in (noise, np.zeros_like(noise))]
    assert found[0].shape == found[1].shape == np.shape(texture._fitted()["mean"])
    assert all(np.isfinite(one).all() for one in found)
    assert isinstance(texture.hear(noise, SAMPLE_RATE).drums, bool)


@pytest.mark.slow
def test_textures_of_rendered_clips_are_recognised():
    right = texture.accuracy(lambda audio: audio, map(compose, range(9_000_000, 9_010_000)), 2)
    assert right["clips"] == 14
    assert right["line"] > 0.7 and right["drums"] > 0.8 and right["bass"] > 0.7


@pytest.mark.slow
def test_generated_clips_cover_every_texture_prompt():
    asked = []

    def play(prompt: str, seed: int, seconds: float) -> np.ndarray:
        asked.append(prompt)
        clip = next(c for c in map(compose, itertools.count()) if texture.texture_of(c))
        return render(clip)[: int(3 * SAMPLE_RATE), None]

    told = texture.generated(play, SAMPLE_RATE, 1)
    assert told["clips"] == 7 == len(set(asked)) and 0 <= told["all_three"] <= told["line"] <= 1
