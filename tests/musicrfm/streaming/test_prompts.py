"""Blends of prompts: a single prompt is unchanged, and a blend moves smoothly."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pytest
import torch

from musicrfm.errors import MusicRFMError
from musicrfm.model import MusicModel
from musicrfm.runtime.backends import decoder_for
from musicrfm.runtime.decoder import StepDecoder
from musicrfm.stream import MusicStream
from musicrfm.streaming.prompts import blend
from tests.checkpoints import make_checkpoint

WINDOW = {"window_seconds": 1.0, "keep_seconds": 0.4}  # 50 positions


def play(model: MusicModel, change: Callable[[MusicStream, int], None], **options) -> np.ndarray:
    """80 frames, more than a window of 50, with `change(stream, frame)` before each."""
    stream = MusicStream(model, "piano", seed=4, **WINDOW, **options)
    parts = []
    for frame in range(80):
        change(stream, frame)
        parts.append(next(stream))
    return np.concatenate(parts)


def morph(stream: MusicStream, frame: int) -> None:
    """From one prompt to another in 60 frames, by way of a third."""
    share = min(frame / 60, 1.0)
    stream.set_prompts({"piano": 1 - share, "loud drums": share, "strings": share * (1 - share)})


def test_single_weighted_prompt_equals_set_prompt(model):
    def set_prompt(stream: MusicStream, frame: int) -> None:
        stream.set_prompt("loud drums" if frame > 9 else "piano")

    def set_prompts(stream: MusicStream, frame: int) -> None:
        loud = frame > 9
        stream.set_prompts({"loud drums": 0.3 if loud else 0, "piano": 0 if loud else 2})

    assert np.array_equal(play(model, set_prompt), play(model, set_prompts))


def test_blended_prompts_change_the_sound_repeatably(model):
    blended = play(model, morph)
    assert np.isfinite(blended).all()
    assert not np.array_equal(blended, play(model, lambda *_: None))
    assert np.array_equal(blended, play(model, morph))


def logits(model: MusicModel, prompt) -> torch.Tensor:
    decoder = decoder_for(model, 8)
    decoder.set_prompt(prompt)
    return decoder.step(torch.full((model.codebooks, 1), model.start_code), 0)


def test_blend_weights_move_the_logits_smoothly(model):
    one, other = (model.encode_prompt(text) for text in ("piano", "a great many loud drums"))
    assert one.states.shape != other.states.shape
    ends = [logits(model, one), logits(model, other)]
    far = float((ends[0] - ends[1]).abs().max())
    shares = [1e-6, *np.linspace(0.05, 0.95, 19), 1 - 1e-6]
    way = [logits(model, blend([one, other], [1 - share, share])) for share in shares]
    assert float((way[0] - ends[0]).abs().max()) < 0.001 * far
    assert float((way[-1] - ends[1]).abs().max()) < 0.001 * far
    steps = [float((b - a).abs().max()) for a, b in itertools.pairwise(way)]
    assert min(steps) > 0 and max(steps) < 0.3 * far


def test_blend_of_one_prompt_with_itself_is_that_prompt(model):
    piano = model.encode_prompt("piano")
    twice = blend([piano, model.encode_prompt("piano")], [0.3, 0.7])
    torch.testing.assert_close(logits(model, twice), logits(model, piano), atol=1e-5, rtol=1e-5)


def test_blending_with_the_empty_prompt_weakens_a_prompt(model):
    """The effect on the logits grows with the weight of the other prompt."""
    none, drums = model.encode_prompt(""), model.encode_prompt("drums")
    nothing = logits(model, none)
    added = [
        float((logits(model, blend([none, drums], [1 - s, s])) - nothing).abs().max())
        for s in (0.01, 0.5, 0.99)
    ]
    assert 0 < added[0] < added[1] < added[2]
    assert blend([none, none], [0.5, 0.5]).unconditional


@pytest.mark.parametrize("early", [False, True])
def test_blends_on_static_tensors_match_step_by_step(model, early):
    usual = play(model, morph, graphs=False, early=early)
    static = play(model, morph, graphs=True, early=early)
    np.testing.assert_allclose(static, usual, atol=2e-4)


@pytest.mark.parametrize("graphs", [False, True])
def test_state_within_a_blend_can_be_restored(model, graphs):
    stream = MusicStream(model, "piano", seed=4, graphs=graphs, **WINDOW)
    parts = []
    for frame in range(40):
        morph(stream, frame)
        parts.append(next(stream))
        if frame % 10 == 5:  # a detour that is undone
            state = stream.state
            stream.set_prompts({"strings": 1, "solo flute": 2})
            next(stream), next(stream)
            stream.state = state
    straight = play(model, morph, graphs=graphs)
    sound = np.concatenate(parts)
    assert np.array_equal(sound, straight[: len(sound)])


def test_changed_weights_do_not_encode_prompts_again(model, monkeypatch):
    read = []
    keys_of = StepDecoder._keys_of
    monkeypatch.setattr(
        StepDecoder, "_keys_of", lambda self, p: read.append(p.text) or keys_of(self, p)
    )
    stream = MusicStream(model, "piano", seed=4, graphs=False)
    for share in np.linspace(0.1, 0.9, 20):
        stream.set_prompts({"piano": share, "drums": 1 - share})
        next(stream)
    assert read == ["piano", "drums"]


def test_melody_model_updates_its_prefix_only_for_larger_changes(tmp_path):
    model = MusicModel.load(make_checkpoint(tmp_path / "melody", melody=True), device="cpu")
    stream = MusicStream(model, "piano", seed=4)
    next(stream)
    stream.set_prompts({"piano": 0.52, "a great many drums": 0.48})
    half = stream.state.settings.prompt
    assert np.isfinite(next(stream)).all()
    stream.set_prompts({"piano": 0.49, "a great many drums": 0.51})
    assert stream.state.settings.prompt is half, "a hardly other blend is not worth reading it all"
    stream.set_prompts({"piano": 0.01, "a great many drums": 0.99})
    assert stream.prompt == "a great many drums"


@pytest.mark.parametrize(
    ("prompts", "said"),
    [
        ({}, "all prompts have weight 0"),
        ({"piano": 0.0}, "all prompts have weight 0"),
        ({"piano": -1}, "weight of prompt 'piano'"),
        ({"piano": float("nan")}, "weight of prompt 'piano'"),
        ({"piano": "much"}, "weight of prompt 'piano'"),
        ({1: 1.0}, "prompt must be text"),
        ("piano", "texts with weights"),
    ],
)
def test_invalid_blends_are_refused(model, prompts, said):
    stream = MusicStream(model, "piano")
    with pytest.raises(MusicRFMError, match=said):
        stream.set_prompts(prompts)
    assert stream.prompt == "piano"
