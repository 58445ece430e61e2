"""Steering by hooks equals MusicStream, also in batches and for both guidance modes."""

from __future__ import annotations

import itertools
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

FRAMES = 20


def direction(of: MusicModel, name: str = "bright", seed: int = 4, **meta) -> Direction:
    torch.manual_seed(seed)
    vectors = torch.randn(of.layers, 1, of.width)
    scores = torch.linspace(0.5, 1.0, of.layers)
    return Direction(name, vectors, scores, {"model": of.name, "range": [-4.0, 4.0], **meta})


def tokens(model: MusicModel, prompts: list[str]) -> dict:
    return dict(model.tokenizer(prompts, padding=True, return_tensors="pt"))


def generated(model: MusicModel, prompts: list[str], frames: int = FRAMES, **more) -> np.ndarray:
    settings = {"do_sample": False, "guidance_scale": 3.0, **more}
    length = frames + max(model.delays) + 1
    return model.hf.generate(**tokens(model, prompts), max_length=length, **settings).numpy()


def streamed(model: MusicModel, prompt: str, *added, frames: int = FRAMES, **more) -> np.ndarray:
    guidance = more.pop("guidance_scale", 3.0)
    stream = MusicStream(model, prompt, temperature=0.0, guidance_scale=guidance, **more)
    for one, coefficient, settings in added:
        stream.steering.add(one, coefficient, **settings)
    parts = []
    while stream.frame < frames:
        parts.append(next(stream))
    parts.append(stream.finish())
    return np.concatenate(parts)[: frames * model.frame_size].T


SETTINGS = {
    "plain": {},
    "layers": {"layers": "exp:1,0.95"},
    "one layer": {"layers": [1]},
    "injected": {"inject": 0.3},
    "injected a step": {"inject": 0.5, "inject_per": "step"},
    "scheduled": {"schedule": "linear:15"},
    "a function": {"schedule": lambda step, base: base * 0.9**step},
}


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_steered_generate_equals_the_stream(model: MusicModel, settings: dict):
    one = direction(model)
    with musicrfm.steered(model.hf, {one: 0.8}, **settings):
        there = generated(model, ["a drum"])[0]
    here = streamed(model, "a drum", (one, 0.8, settings))
    assert np.abs(there - here).max() < 1e-6
    unsteered = streamed(model, "a drum")
    assert np.abs(there - unsteered).max() > 1e-3


@pytest.mark.parametrize("keep_norm", (False, True))
@pytest.mark.parametrize("halves", ("both", "conditional"))
def test_guidance_modes_and_keep_norm_equal_the_stream(
    model: MusicModel, halves: str, keep_norm: bool
):
    one = direction(model)
    with musicrfm.steered(model.hf, {one: 1.0}, steer_guidance=halves, keep_norm=keep_norm):
        there = generated(model, ["a drum"])[0]
    stream = MusicStream(model, "a drum", temperature=0.0, guidance_scale=3.0)
    stream.steer_guidance, stream.steering.keep_norm = halves, keep_norm
    stream.steering.add(one, 1.0)
    parts = [next(stream) for _ in range(1)]
    while stream.frame < FRAMES:
        parts.append(next(stream))
    here = np.concatenate([*parts, stream.finish()])[: FRAMES * model.frame_size].T
    assert np.abs(there - here).max() < 1e-6


def test_batch_items_match_single_streams_with_individual_coefficients(model: MusicModel):
    prompts = ["a drum", "a long flute melody", "bass"]
    one, other = direction(model), direction(model, "dark", 5)
    with musicrfm.steered(
        model.hf, {one: [0.0, 0.5, 1.0], other: 0.4}, inject=0.5, seed=[1, 2, 3]
    ) as steerings:
        assert len(steerings) == 3
        together = generated(model, prompts)
    for n, prompt in enumerate(prompts):
        settings = {"inject": 0.5}
        added = [(one, [0.0, 0.5, 1.0][n], settings), (other, 0.4, settings)]
        alone = streamed(model, prompt, *added, seed=n + 1)
        assert np.abs(together[n] - alone).max() < 1e-5


def test_generate_without_cache_or_guidance_equals_the_stream(model: MusicModel):
    one = direction(model)
    settings = {"inject": 0.5, "schedule": "ramp:10"}
    with musicrfm.steered(model.hf, {one: 1.0}, **settings):
        cached = generated(model, ["a drum"], guidance_scale=1.0)[0]
        again = generated(model, ["a drum"], guidance_scale=1.0, use_cache=False)[0]
    here = streamed(model, "a drum", (one, 1.0, settings), guidance_scale=1.0)
    assert np.abs(cached - here).max() < 1e-6
    assert np.abs(again - here).max() < 1e-5


def test_schedule_restarts_with_every_generate(model: MusicModel):
    with musicrfm.steered(model.hf, {direction(model): 1.0}, schedule="linear:10"):
        first, second = generated(model, ["a drum"]), generated(model, ["a drum"])
    assert (first == second).all()


def test_positions_continue_after_an_audio_prompt(model: MusicModel):
    seen = []

    def note(reading, layer, hidden):
        if layer == 0:
            seen.append((reading.first, reading.count))
        return hidden

    sound = torch.randn(1, 1, 8 * model.frame_size) * 0.1
    with musicrfm.steered(model.hf, {direction(model): 1.0}, inject=0.5, also=[note]):
        model.hf.generate(
            **tokens(model, ["a drum"]), input_values=sound, do_sample=False, max_length=20
        )
    assert seen[0][0] == 0 and seen[0][1] > 4
    seen = list(dict.fromkeys(seen))  # some versions run the prompt twice
    assert all(a[0] + a[1] == b[0] for a, b in itertools.pairwise(seen))


def test_coefficient_can_change_between_generations(model: MusicModel):
    one = direction(model)
    with musicrfm.steered(model.hf, {one: 0.0}) as steering:
        unsteered = generated(model, ["a drum"])
        steering.set("bright", 1.0)
        steered = generated(model, ["a drum"])
    assert np.abs(unsteered[0] - streamed(model, "a drum")).max() < 1e-6
    assert np.abs(steered[0] - streamed(model, "a drum", (one, 1.0, {}))).max() < 1e-6


def test_raw_coefficients_are_converted(model: MusicModel):
    one = direction(model)
    with musicrfm.steered(model.hf, {one: 2.0}, raw=True) as steering:
        assert steering.get("bright").coefficient == 0.5


def hooks(model: MusicModel) -> int:
    parts = model.hf.decoder.modules()
    return sum(len(m._forward_hooks) + len(m._forward_pre_hooks) for m in parts)


def test_hooks_are_removed_after_the_block_or_an_exception(model: MusicModel):
    before, plain = hooks(model), generated(model, ["a drum"])
    with pytest.raises(KeyError), musicrfm.steered(model.hf, {direction(model): 1.0}):
        assert hooks(model) > before
        raise KeyError
    assert hooks(model) == before
    unfit = musicrfm.steered(model.hf, {direction(model): [1.0, 0.5, 0.2]})
    with pytest.raises(MusicRFMError, match="3 pieces"), unfit:
        generated(model, ["a drum", "bass"])  # in the middle of a forward pass
    assert hooks(model) == before
    assert (generated(model, ["a drum"]) == plain).all()


def test_directions_are_accepted_by_name(
    model: MusicModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("MUSICRFM_DIRECTIONS", str(tmp_path))
    one = direction(model, "note_C", model=model.name)
    one.save(tmp_path / model.name / "note_C.safetensors")
    with musicrfm.steered(model, {"note_C": 1.0}):  # a MusicModel is accepted as well
        named = generated(model, ["a drum"])
    with musicrfm.steered(model.hf, {one: 1.0}):
        given = generated(model, ["a drum"])
    assert (named == given).all()


def test_impossible_steering_is_refused(model: MusicModel):
    one = direction(model)
    for hf, wanted, settings, said in [
        (torch.nn.Linear(2, 2), {one: 1.0}, {}, "Linear cannot be steered"),
        (model.hf, {"nothing": 1.0}, {}, "no direction 'nothing'"),
        (model.hf, {one: float("nan")}, {}, "not a finite number"),
        (model.hf, {one: [1.0, 2.0]}, {"seed": [1, 2, 3]}, "2 and 3 pieces"),
        (model.hf, {one: 1.0}, {"layers": "some"}, "layers 'some'"),
        (model.hf, {one: 1.0}, {"layers": []}, "are not valid"),
        (model.hf, {one: 1.0}, {"steer_guidance": "half"}, "both or conditional"),
        (model.hf, {direction(model, model="other"): 1.0}, {}, "trained on model 'other'"),
    ]:
        with pytest.raises(MusicRFMError, match=said), musicrfm.steered(hf, wanted, **settings):
            pass


def test_steered_melody_model_equals_the_stream(tmp_path: Path):
    model = MusicModel.load(make_checkpoint(tmp_path / "melody", melody=True), device="cpu")
    one = direction(model)
    with musicrfm.steered(model.hf, {one: 1.0}, schedule="ramp:10"):
        there = generated(model, ["a drum"])[0]
    here = streamed(model, "a drum", (one, 1.0, {"schedule": "ramp:10"}))
    assert np.abs(there - here).max() < 1e-5
    half = musicrfm.steered(model.hf, {one: 1.0}, steer_guidance="conditional")
    with pytest.raises(MusicRFMError, match="melody"), half:
        pass


def states(model: MusicModel, path: Path, *changes, layers=None) -> np.ndarray:
    with musicrfm.intervene(model.hf, *changes, musicrfm.capture(path, layers)):
        generated(model, ["a drum", "bass"])
    return np.load(path, mmap_mode="r")


def test_captured_states_equal_the_hidden_states(model: MusicModel, tmp_path: Path):
    seen = []

    def keep(reading, layer, hidden):
        if layer == 1:
            seen.append(hidden[:2].clone())
        return hidden

    found = states(model, tmp_path / "s.npy", keep, layers=[-1])
    assert found.dtype == np.float16
    assert found.shape == (FRAMES + max(model.delays), 1, 2, model.width)
    expected = torch.cat(seen, 1).transpose(0, 1).numpy()[-len(found) :]
    np.testing.assert_allclose(found[:, 0], expected, rtol=1e-3, atol=1e-3)


def test_project_out_and_clamp_limit_the_projection(model: MusicModel, tmp_path: Path):
    one = direction(model)
    v = one.vectors[:, 0].numpy()
    gone = states(model, tmp_path / "a.npy", musicrfm.project_out(one))
    along = np.einsum("plrw,lw->plr", gone.astype(np.float32), v)
    assert np.abs(along).max() < 0.01
    held = states(model, tmp_path / "b.npy", musicrfm.clamp(one, 1.5, 2.0, layers=[0]))
    along = np.einsum("plrw,lw->plr", held.astype(np.float32), v)
    assert along[:, 0].min() > 1.49 and along[:, 0].max() < 2.01
    assert along[:, 1].std() > 0.1
    with pytest.raises(MusicRFMError, match="between"):
        musicrfm.clamp(one, 2.0, 1.0)
    with pytest.raises(MusicRFMError, match="is not a Direction"):
        musicrfm.project_out("note_C")


def test_patched_states_equal_the_captured_run(model: MusicModel, tmp_path: Path):
    one = direction(model)
    with musicrfm.steered(model.hf, {one: 1.0}, also=[musicrfm.capture(tmp_path / "a.npy", [0])]):
        generated(model, ["a drum", "bass"])
    patched = musicrfm.patch(tmp_path / "a.npy", layers=[0])
    found = states(model, tmp_path / "b.npy", patched, layers=[0])
    np.testing.assert_array_equal(found, np.load(tmp_path / "a.npy"))
    with pytest.raises(MusicRFMError, match="1 layers cannot be patched into 2"):
        states(model, tmp_path / "c.npy", musicrfm.patch(tmp_path / "a.npy"))


def test_stream_captures_the_same_states_as_generate(model: MusicModel, tmp_path: Path):
    one = direction(model)
    with musicrfm.steered(model.hf, {one: 0.5}, also=[musicrfm.capture(tmp_path / "a.npy")]):
        generated(model, ["a drum"])
    there = np.load(tmp_path / "a.npy")[:, :, 0]
    settings = {"capture": "all", "capture_to": tmp_path / "b.npy"}
    streamed(model, "a drum", (one, 0.5, {}), **settings)
    here = np.load(tmp_path / "b.npy", mmap_mode="r")
    assert here.shape == (FRAMES + max(model.delays), model.layers, model.width)
    np.testing.assert_allclose(here, there[: len(here)], rtol=2e-3, atol=2e-3)
    for wrong in ({"capture": [0]}, {"capture": [9], "capture_to": tmp_path / "c.npy"}):
        with pytest.raises(MusicRFMError):
            MusicStream(model, **wrong)


@pytest.mark.parametrize(
    ("directions", "message"),
    [
        ("note_C", "directions must be a dict .* not 'note_C'"),
        (None, "directions must be a dict .* not None"),
        ({5: 1.0}, "a direction must be a name, a file or a Direction, not 5"),
    ],
)
def test_wrong_directions_are_told_in_a_sentence(model, directions, message):
    with pytest.raises(MusicRFMError, match=message), musicrfm.steered(model.hf, directions):
        pass


@pytest.mark.parametrize("count", [3, 4])
def test_coefficients_for_other_numbers_of_pieces_are_told_in_a_sentence(model, count):
    words = f"given for {count} pieces, but 2 are generated: give one for each piece"
    one = direction(model)
    with (
        musicrfm.steered(model.hf, {one: [1.0] * count}),
        pytest.raises(MusicRFMError, match=words),
    ):
        generated(model, ["a drum", "bass"])


def test_seeds_may_be_an_array(model):
    one = direction(model)
    with musicrfm.steered(model.hf, {one: 1.0}, inject=0.5, seed=np.arange(2)) as several:
        first, second = generated(model, ["a drum", "a drum"])
    assert len(several) == 2 and (first != second).any()


def test_a_change_that_is_no_function_is_told_in_a_sentence(model):
    told = pytest.raises(MusicRFMError, match="a change must be a function")
    with told, musicrfm.intervene(model.hf, "note_C"):
        pass


def test_a_change_that_returns_nothing_is_told_in_a_sentence(model):
    told = pytest.raises(MusicRFMError, match=r"must return a tensor of shape .* not None")
    with told, musicrfm.intervene(model.hf, lambda reading, layer, hidden: None):
        model.hf.decoder(torch.zeros(model.codebooks, 4, dtype=torch.long))
