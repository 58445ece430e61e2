"""`generate_many` gives the same pieces as one stream for each."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

import musicrfm
from musicrfm.directions import Direction
from musicrfm.errors import MusicRFMError
from musicrfm.model import MusicModel
from musicrfm.stream import MusicStream
from tests.checkpoints import make_checkpoint

SECONDS = 0.6


def direction(of: MusicModel, name: str = "bright", seed: int = 4) -> Direction:
    torch.manual_seed(seed)
    vectors = torch.randn(of.layers, 1, of.width)
    meta = {"model": of.name, "range": [-4.0, 4.0]}
    return Direction(name, vectors, torch.linspace(0.5, 1.0, of.layers), meta)


def alone(model: MusicModel, prompt: str, seed: int, steers: dict, **settings) -> MusicStream:
    settings, steer = dict(settings), {}
    for name in ("layers", "schedule", "inject", "inject_per"):
        if name in settings:
            steer[name] = settings.pop(name)
    keep_norm = settings.pop("keep_norm", False)
    stream = MusicStream(model, prompt, seed=seed, **settings)
    stream.steering.keep_norm = keep_norm
    for one, coefficient in steers.items():
        stream.steering.add(one, coefficient, **steer)
    return stream


def assert_same(model: MusicModel, played, stream: MusicStream, seconds: float = SECONDS):
    frames = round(seconds * model.frame_rate)
    audio = stream.generate(frames)
    assert played.codes.shape == (model.codebooks, frames)
    last = stream.codes
    assert (played.codes[:, -last.shape[1] :] == last).all()
    assert played.audio.shape == audio.shape
    assert np.abs(played.audio - audio).max() < 1e-5


SETTINGS = {
    "plain": {},
    "cold": {"temperature": 0.0},
    "unguided": {"guidance_scale": 1.0},
    "injected": {"inject": 0.3, "layers": "exp:1,0.95"},
    "scheduled": {"schedule": "linear:15", "keep_norm": True},
    "conditional": {"steer_guidance": "conditional", "top_k": 8},
}


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_batched_pieces_match_single_streams(model: MusicModel, settings: dict):
    one, other = direction(model), direction(model, "dark", 5)
    prompts, seeds = ["a drum", "", "a long flute melody", "bass"], [1, 2, 3, 3]
    coefficients = [[0.0, 0.5], [1.0, 0.0], {"bright": -0.5}, [0.7, 0.7]]
    found = musicrfm.generate_many(
        model, prompts, [one, other], coefficients, seeds, seconds=SECONDS, batch=3, **settings
    )
    for n, played in enumerate(found):
        steers = played.settings["coefficients"]
        assert played.settings["prompt"] == prompts[n] and played.settings["seed"] == seeds[n]
        by_direction = {one: steers["bright"], other: steers["dark"]}
        assert_same(model, played, alone(model, prompts[n], seeds[n], by_direction, **settings))
    assert n == 3


@pytest.mark.parametrize("shape", ({"stereo": True}, {"window": 40}, {"causal": True}))
def test_other_shapes_and_pieces_longer_than_the_window(tmp_path: Path, shape: dict):
    model = MusicModel.load(make_checkpoint(tmp_path / "other", **shape), device="cpu")
    one = direction(model)
    settings = {"inject": 0.5, "guidance_scale": 2.0}
    seconds = 2.0 if "window" in shape else SECONDS
    found = musicrfm.generate_many(
        model, ["a drum", "bass"], one, [0.5, 1.0], 3, seconds=seconds, **settings
    )
    for prompt, coefficient, played in zip(["a drum", "bass"], [0.5, 1.0], found, strict=True):
        stream = alone(model, prompt, 3, {one: coefficient}, **settings)
        assert_same(model, played, stream, seconds)


def test_pieces_of_a_melody_model_match_single_streams(tmp_path: Path):
    model = MusicModel.load(make_checkpoint(tmp_path / "melody", melody=True), device="cpu")
    found = musicrfm.generate_many(model, ["a drum", "bass"], seeds=[1, 2], seconds=SECONDS)
    for prompt, seed, played in zip(["a drum", "bass"], [1, 2], found, strict=True):
        assert_same(model, played, alone(model, prompt, seed, {}))


def test_piece_with_infinite_logits_leaves_the_others_unchanged(model: MusicModel):
    loud = direction(model)
    loud.meta["range"] = [-1e38, 1e38]
    found = musicrfm.generate_many(model, "a drum", loud, [1.0, 0.0], 5, seconds=SECONDS)
    for coefficient, played in zip([1.0, 0.0], found, strict=True):
        assert np.isfinite(played.audio).all()
        assert_same(model, played, alone(model, "a drum", 5, {loud: coefficient}))


@pytest.mark.slow
def test_int8_and_bfloat16_play(checkpoint: Path):
    """Most codes agree with a stream in bfloat16; in int8 rounding differs, so codes may too."""
    for dtype in ("bfloat16", "int8"):
        model = MusicModel.load(checkpoint, device="cpu", dtype=dtype)
        [played] = musicrfm.generate_many(model, "a drum", seconds=0.2, temperature=0.0)
        stream = alone(model, "a drum", 0, {}, temperature=0.0)
        stream.generate(10)
        assert played.codes.shape == stream.codes.shape and np.isfinite(played.audio).all()
        if dtype == "bfloat16":
            assert (played.codes == stream.codes).float().mean() > 0.5


def test_single_arguments_apply_to_all_pieces(model: MusicModel):
    one, other = direction(model), direction(model, "dark", 5)

    def settings(*given) -> list[tuple]:
        found = musicrfm.generate_many(model, *given, seconds=0.1)
        return [
            (p.settings["prompt"], *p.settings["coefficients"].values(), p.settings["seed"])
            for p in found
        ]

    assert settings(["a", "b"], one, 0.5, 3) == [("a", 0.5, 3), ("b", 0.5, 3)]
    assert settings("a", one, [0.1, 0.2]) == [("a", 0.1, 0), ("a", 0.2, 0)]
    assert settings("a", [one, other], [0.1, 0.2], [1, 2]) == [
        ("a", 0.1, 0.2, 1),
        ("a", 0.1, 0.2, 2),
    ]
    assert settings("a", [one, other], {"dark": 0.3}) == [("a", 0.0, 0.3, 0)]


def test_unusable_arguments_are_refused(model: MusicModel):
    one = direction(model)
    for given, settings, said in [
        ((["a", "b"], one, [0.1, 0.2, 0.3]), {}, "2 prompts do not fit 3 pieces"),
        (("a", [one, direction(model, "dark")], [[0.1]]), {}, "1 coefficients do not fit 2"),
        (("a", one, {"dark": 1.0}), {}, "'dark'"),
        (("a", one, [float("nan")]), {}, "not a finite number"),
        (("a", "nothing"), {}, "no direction 'nothing'"),
        (("a",), {"seconds": 0}, "seconds"),
        (("a",), {"batch": 0}, "batch"),
        (("a",), {"temperature": -1}, "temperature"),
        (([],), {}, "list of prompts is empty"),
        (([3],), {}, "must be text"),
    ]:
        with pytest.raises(MusicRFMError, match=said):
            musicrfm.generate_many(model, *given, **settings)


def test_codes_of_a_stream_decode_to_its_audio(model: MusicModel):
    stream = MusicStream(model, "a drum", chunk_frames=4)
    assert stream.codes.shape == (model.codebooks, 0)
    audio = [next(stream), next(stream)]
    begun = stream.codes.clone()
    assert begun.shape == (model.codebooks, stream.frame - stream.delay_frames)
    audio.append(stream.finish())
    codes = stream.codes
    assert (codes[:, : begun.shape[1]] == begun).all()
    audio = np.concatenate(audio)
    np.testing.assert_allclose(model.decode_codes(codes), audio, atol=1e-5)
    next(stream)
    assert (stream.codes == codes[:, : stream.codes.shape[1]]).all()
