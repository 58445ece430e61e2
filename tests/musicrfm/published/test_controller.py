"""The published class: coefficients mean the same, and a full run from audio to music."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor
from transformers import EncodecFeatureExtractor

from musicrfm import MusicGenController
from musicrfm.directions import Direction
from musicrfm.errors import MusicRFMError
from musicrfm.model import MusicModel
from musicrfm.published.importer import import_direction
from musicrfm.utils import make_json_serializable
from tests.checkpoints import make_checkpoint

PROMPTS = ["a drum", "a long flute melody"]


@pytest.fixture(scope="module")
def four(tmp_path_factory: pytest.TempPathFactory) -> MusicModel:
    folder = tmp_path_factory.mktemp("published") / "tiny"
    return MusicModel.load(make_checkpoint(folder, layers=4), device="cpu")


def controller(model: MusicModel, **settings) -> MusicGenController:
    def process(text: list[str], **settings):
        return model.tokenizer(text, **settings)

    sound = EncodecFeatureExtractor(feature_size=1, sampling_rate=32_000)
    settings = {"n_components": 3, "rfm_iters": 2, **settings}
    return MusicGenController(model.hf, process, model.hf.audio_encoder, sound, **settings)


def random_directions(model: MusicModel, seed: int = 3) -> dict[int, Tensor]:
    torch.manual_seed(seed)
    return {-n: torch.randn(3, model.width) for n in range(1, model.layers)}


def states_of(model: MusicModel, play: Callable[[], Tensor]) -> list[Tensor]:
    """The hidden states after every block, pass by pass, while `play` runs."""
    seen: list[Tensor] = []
    stack = model.hf.decoder.model.decoder
    readers = [*stack.layers[1:], stack.layer_norm]
    hooks = [r.register_forward_pre_hook(lambda m, args: seen.append(args[0])) for r in readers]
    try:
        with torch.no_grad():
            play()
    finally:
        for hook in hooks:
            hook.remove()
    return seen


def by_the_formula(model: MusicModel, terms: list[dict], play: Callable[[], Tensor], shared: bool):
    """Plays with hooks that add coefficient * layer weight * direction, as published.

    Each term counts its steps separately at every block; with `shared`, all terms count the passes
    of the last block.
    """
    blocks = model.hf.decoder.model.decoder.layers
    passes = {"all": 0}

    def hook_of(number: int):
        def add(module, args, output):
            hidden = output[0] if isinstance(output, tuple) else output
            for term in terms:
                layer = number - len(blocks)
                if layer not in term["layers"]:
                    continue
                if term["inject"] < 1 and random.random() >= term["inject"]:
                    continue
                step = passes["all"] if shared else term["steps"].get(layer, 0)
                term["steps"][layer] = step + 1
                value = term["coef"] if term["fn"] is None else term["fn"](step, term["coef"])
                weight = term["weights"][term["layers"].index(layer)]
                hidden = hidden + value * weight * term["vectors"][layer][0].reshape(1, 1, -1)
            passes["all"] += number == len(blocks) - 1
            return (hidden, *output[1:]) if isinstance(output, tuple) else hidden

        return add

    hooks = [block.register_forward_hook(hook_of(n)) for n, block in enumerate(blocks)]
    try:
        return states_of(model, play)
    finally:
        for hook in hooks:
            hook.remove()


def plainly(model: MusicModel) -> Tensor:
    inputs = model.tokenizer(PROMPTS, padding=True, return_tensors="pt")
    return model.hf.generate(**inputs, guidance_scale=3.0, max_new_tokens=12, do_sample=False)


@pytest.mark.parametrize("inject", (1, 0.4))
@pytest.mark.parametrize("fn", (None, lambda t, base: base * 0.8**t), ids=("constant", "decaying"))
def test_hidden_states_match_the_published_formula(four: MusicModel, inject, fn):
    ours, vectors = controller(four), random_directions(four)
    ours.directions, layers, weights = vectors, [-3, -2, -1], [0.2, 1.0, 0.7]
    term = dict(layers=layers, coef=0.6, inject=inject, fn=fn, weights=weights, vectors=vectors)
    random.seed(5)
    theirs = by_the_formula(four, [term | {"steps": {}}], lambda: plainly(four), False)
    random.seed(5)
    found = states_of(
        four,
        lambda: ours.generate(
            PROMPTS,
            layers_to_control=layers,
            control_coef=0.6,
            inject_chance=inject,
            time_control_fn=fn,
            layer_weights=weights,
            max_new_tokens=12,
            do_sample=False,
        ),
    )
    assert len(found) == len(theirs) > 40
    for one, other in zip(found, theirs, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-5)


def test_several_directions_match_the_published_formula(four: MusicModel):
    ours = controller(four)
    vectors = [random_directions(four, 3), random_directions(four, 4)]
    layers, weights = [[-3, -2, -1], [-2, -1]], [[0.2, 1.0, 0.7], [0.5, 1.0]]
    fns = [lambda t, base: base * 0.8**t, None]
    terms = [
        dict(layers=layers[n], coef=[0.5, 0.3][n], inject=[0.5, 0.8][n], fn=fns[n])
        | dict(weights=weights[n], vectors=vectors[n], steps={})
        for n in range(2)
    ]
    random.seed(5)
    theirs = by_the_formula(four, terms, lambda: plainly(four), True)
    random.seed(5)
    found = states_of(
        four,
        lambda: ours.multidirection_generate(
            PROMPTS,
            directions_list=vectors,
            layers_to_control=layers,
            control_coefs=[0.5, 0.3],
            time_control_fns=fns,
            layer_weights=weights,
            inject_chances=[0.5, 0.8],
            max_new_tokens=12,
            do_sample=False,
        ),
    )
    for one, other in zip(found, theirs, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-5)


def test_without_layers_nothing_is_steered(four: MusicModel):
    ours = controller(four)
    assert (ours.generate(PROMPTS, max_new_tokens=12, do_sample=False) == plainly(four)).all()


def clips(count: int) -> tuple[list[dict], list[int]]:
    """Tones of two pitches, at several levels."""
    t = np.arange(6400) / 16_000
    made = [np.sin(2 * np.pi * (300 + 900 * (n % 2)) * t) * (0.1 + 0.02 * n) for n in range(count)]
    return [{"audio": {"array": one, "sampling_rate": 16_000}} for one in made], [
        n % 2 for n in range(count)
    ]


@pytest.mark.parametrize(
    "method",
    [
        "music_rfm",
        pytest.param("linear", marks=pytest.mark.slow),
        pytest.param("logistic", marks=pytest.mark.slow),
    ],
)
def test_full_run_from_audio_to_steered_music(four: MusicModel, tmp_path: Path, method: str):
    ours = controller(four, control_method=method)
    rows, labels = clips(24)
    features = [ours.get_audio_features(row) for row in rows]
    assert features[0].shape[:3] == (1, 1, four.codebooks)
    codes = torch.cat(features)
    parts = {"train": slice(0, 12), "val": slice(12, 18), "test": slice(18, 24)}
    given = {f"{name}_data": codes[part] for name, part in parts.items()}
    given |= {f"{n}_labels": torch.tensor(labels[p]).reshape(-1, 1) for n, p in parts.items()}
    probes, along, results = ours.compute_directions(
        **given,
        hidden_layers=list(range(-1, -48, -1)),
        tuning_metric="auc",
        pooling="mean",
        hyperparam_samples=2,
    )
    assert set(ours.directions) == set(ours.hidden_layers) == {-1, -2, -3, -4}
    assert set(probes) == {-1, -2, -3, -4} and set(along) == {-1, -2, -3, -4, "aggregated"}
    assert along["aggregated"]["auc"] > 0.9 and max(probes.values()) > 90
    told = json.loads(json.dumps(make_json_serializable(results)))
    assert set(told["layer_metrics"]) == {"-1", "-2", "-3", "-4"}
    assert all("score" in layer["train_results"] for layer in told["layer_metrics"].values())
    for layer, vectors in ours.directions.items():
        assert vectors.shape[1] == four.width
        assert torch.allclose(vectors.norm(dim=1), torch.ones(len(vectors)), atol=1e-4)
        assert ours.signs[layer][0] in (-1, 1)
    score = ours.detect(codes[18:], use_rep_layer=True)
    assert score[1::2].mean() > score[::2].mean()  # the class with the label 1
    ours.save("tone_high_ncomp3", "tiny", tmp_path)
    fresh = controller(four, control_method=method)
    for newer in ("safetensors", "pkl"):
        for path in tmp_path.glob("*"):
            if path.suffix != f".{newer}":
                path.unlink()
        fresh.load("tone_high_ncomp3", "tiny", tmp_path)
        for layer, vectors in ours.directions.items():
            torch.testing.assert_close(fresh.directions[layer], vectors)
            beta, bias = ours.detector_coefs[layer]
            torch.testing.assert_close(fresh.detector_coefs[layer][0], beta)
        ours.save("tone_high_ncomp3", "tiny", tmp_path)
    fresh.generate(["a drum"], [-1, -2], 0.5, max_new_tokens=8)
    stem = f"{method}_tone_high_ncomp3_tiny"
    one = Direction.load(tmp_path / f"{stem}.safetensors")
    assert one.model == "tiny" and one.layers == 4
    imported = import_direction(
        tmp_path / f"{stem}.pkl", str(four.hf.name_or_path), concept="tone", target="high"
    )
    torch.testing.assert_close(imported.vectors, one.vectors)


def test_evaluating_and_detecting_with_all_layers(four: MusicModel):
    ours = controller(four, control_method="linear")
    rows, labels = clips(24)
    codes = torch.cat([ours.get_audio_features(row) for row in rows])
    thirds = [(codes[n : n + 8], labels[n : n + 8]) for n in (0, 8, 16)]
    ours.compute_directions(*thirds[0], *thirds[1], pooling="mean")
    val, test, detectors, told = ours.evaluate_directions(
        *thirds[0], *thirds[1], *thirds[2], agg_positions=True
    )
    assert set(test) == {-1, -2, -3, "aggregation", "best_layer"}
    assert test["aggregation"]["auc"] > 0.9 and told["best_layer"].shape == (8, 1)
    ours.detector_coefs = detectors
    score = ours.detect(thirds[2][0])
    assert score.shape == (8,) and score[1::2].mean() > score[::2].mean() + 0.3


def test_regression_and_multiclass_directions_are_computed(four: MusicModel):
    ours = controller(four)
    torch.manual_seed(1)
    states = {-1: torch.randn(60, four.width), -2: torch.randn(60, four.width)}
    numbers = states[-1][:, 0] + 0.1 * torch.randn(60)
    parts = [{layer: x[n : n + 20] for layer, x in states.items()} for n in (0, 20, 40)]
    given = [thing for n in range(3) for thing in (parts[n], numbers[20 * n : 20 * n + 20, None])]
    _, along, results = ours.compute_directions(
        *given, hidden_layers=[-1, -2], regression=True, tuning_metric="mse", hyperparam_samples=2
    )
    assert set(along["aggregated"]) == {"mse", "r2"}
    scores = {n: r["train_results"]["score"] for n, r in results["layer_metrics"].items()}
    assert scores[-1] < scores[-2]  # errors
    classes = torch.nn.functional.one_hot((numbers * 2).clamp(-1, 1).round().long() + 1, 3).float()
    given = [thing for n in range(3) for thing in (parts[n], classes[20 * n : 20 * n + 20])]
    probes, _, _ = ours.compute_directions(*given, hidden_layers=[-1], hyperparam_samples=2)
    assert set(probes) == {-1} and ours.signs == {}


def test_wrong_use_of_the_controller_is_refused(four: MusicModel, tmp_path: Path):
    with pytest.raises(MusicRFMError, match="control_method 'rfm' does not exist"):
        controller(four, control_method="rfm")
    ours = controller(four)
    with pytest.raises(MusicRFMError, match="the controller has no directions"):
        ours.generate(PROMPTS, [-1])
    with pytest.raises(MusicRFMError, match="train the direction first"):
        ours.load("note_C", "tiny", tmp_path)
    ours.directions = random_directions(four)
    with pytest.raises(MusicRFMError, match="layer -4 has no direction"):
        ours.generate(PROMPTS, [-4])
    states = {layer: torch.randn(6, four.width) for layer in (-1, -2, -3, -4)}
    with pytest.raises(MusicRFMError, match="layer -4 has no direction"):
        ours.evaluate_directions(*[states, torch.tensor([0, 1] * 3)] * 3, hidden_layers=[-4])
    with pytest.raises(MusicRFMError, match="layer -1 has no detector"):
        ours.detect({layer: states[layer] for layer in ours.directions})
    (tmp_path / "music_rfm_note_C_tiny.pkl").write_bytes(b"cos\nsystem\n(S'true'\ntR.")
    with pytest.raises(MusicRFMError, match="is refused"):
        ours.load("note_C", "tiny", tmp_path)


def test_numbers_become_json():
    given = {1: np.float32(0.5), "a": (np.arange(2), torch.ones(1, 2)), "b": [True, None, "x"]}
    assert json.loads(json.dumps(make_json_serializable(given))) == {
        "1": 0.5,
        "a": [[0, 1], [[1.0, 1.0]]],
        "b": [True, None, "x"],
    }
