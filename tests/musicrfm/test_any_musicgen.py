"""Every published MusicGen shape plays with few layers; melody models take text prompts.

`benchmarks/model_memory.py` measures the memory that the whole models need.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers
from torch import Tensor

from musicrfm.checkpoints import hub
from musicrfm.cli import main
from musicrfm.directions import Direction
from musicrfm.model import LONGEST_TEXT, MusicModel
from musicrfm.published.random import Letters, random_model
from musicrfm.published.sizes import PUBLISHED, config
from musicrfm.runtime.backends import decoder_for
from musicrfm.stream import MusicStream
from musicrfm.weights.decoder import Weights
from tests.checkpoints import make_checkpoint

# ---- the published shapes ----


@pytest.mark.parametrize(
    ("name", "millions"),
    [
        ("musicgen-small", 420),
        ("musicgen-medium", 1838),
        ("musicgen-stereo-large", 3289),
        ("musicgen-melody", 1384),
    ],
)
def test_all_weights_of_the_whole_decoder_are_read(name, millions):
    shape, size = config(name), PUBLISHED[name]
    kind = transformers.MusicgenForConditionalGeneration
    if size.melody:
        kind = transformers.MusicgenMelodyForConditionalGeneration
    with torch.device("meta"):  # takes no memory
        hf = kind(shape)
    model = MusicModel(name, hf, Letters())
    assert (model.layers, model.width, model.heads) == (size.layers, size.width, size.heads)
    assert (model.codebooks, model.channels) == ((8, 2) if size.stereo else (4, 1))
    assert (model.sample_rate, model.frame_size, model.codes) == (32_000, 640, 2048)
    assert model.delays == ([0, 0, 1, 1, 2, 2, 3, 3] if size.stereo else [0, 1, 2, 3])
    theirs = sum(p.numel() for p in hf.decoder.parameters())
    ours = dataclasses.astuple(
        dataclasses.replace(
            Weights.of(model.hf, model.lead + model.window, model.codes), positions=None
        )
    )
    assert count(ours) == theirs
    assert round(theirs / 1e6) == millions


def count(part: object) -> int:
    """Floating-point numbers in all tensors of nested tuples."""
    if isinstance(part, Tensor):
        return part.numel() if part.is_floating_point() else 0
    return sum(map(count, part)) if isinstance(part, tuple) else 0


@pytest.fixture(scope="module")
def codec() -> transformers.EncodecModel:
    codec = transformers.EncodecModel(config("musicgen-small").audio_encoder)
    with torch.no_grad():
        for layer in codec.quantizer.layers:
            layer.codebook.embed.normal_()
    return codec


@pytest.fixture(scope="module")
def text_encoder() -> transformers.T5EncoderModel:
    shape = config("musicgen-small").text_encoder
    shape.num_layers = 1
    return transformers.T5EncoderModel(shape)


@pytest.mark.parametrize(
    ("name", "dtype"),
    [
        ("musicgen-small", torch.float32),
        ("musicgen-stereo-small", torch.float16),
        pytest.param("musicgen-medium", torch.bfloat16, marks=pytest.mark.slow),
        pytest.param("musicgen-melody", torch.float32, marks=pytest.mark.slow),
        pytest.param("musicgen-large", torch.bfloat16, marks=pytest.mark.slow),
    ],
)
@torch.no_grad()
def test_two_layers_of_each_shape_play(name, dtype, codec, text_encoder):
    model = random_model(name, dtype, 2, text_encoder, codec)
    decoder = decoder_for(model, window=8)
    prompt = model.encode_prompt("slow piano")
    decoder.set_prompt(prompt)
    decoder.guided = True
    start = torch.full((model.codebooks, 1), model.start_code)
    logits = decoder.step(start, 0)
    before = {} if prompt.lead is None else {"encoder_hidden_states": prompt.lead[1:]}
    untold = model.hf.decoder(start, use_cache=False, **before).logits[:, -1].float()
    close = 1e-5 if dtype == torch.float32 else 0.02
    torch.testing.assert_close(logits[1], untold, atol=close, rtol=close)
    assert not torch.equal(logits[0], logits[1])
    stream = MusicStream(model, "slow piano", window_seconds=1)
    audio = stream.generate(3)
    assert audio.shape == (3 * 640, model.channels)
    assert np.isfinite(audio).all() and audio.any() and not stream.faults


def test_fused_weights_share_memory_with_the_module(checkpoint):
    model = MusicModel.load(checkpoint, device="cpu")
    before = {key: value.clone() for key, value in model.hf.state_dict().items()}
    fused = model.decoder_weights.blocks[0].qkv
    attention = model.hf.decoder.model.decoder.layers[0].self_attn
    assert attention.q_proj.weight.data_ptr() == fused.data_ptr()
    for key, value in model.hf.state_dict().items():
        assert torch.equal(value, before[key]), key


# ---- melody models ----


@pytest.fixture(params=[{}, {"stereo": True, "layers": 3, "text_width": 32, "seed": 3}])
def melody(request, tmp_path) -> MusicModel:
    folder = make_checkpoint(tmp_path / "melody", melody=True, **request.param)
    return MusicModel.load(folder, device="cpu")


@torch.no_grad()
def generated(model: MusicModel, frames: int, scale: float, offset: Tensor | None) -> np.ndarray:
    """Greedy audio from Hugging Face; hooks add offset[layer] at the music's positions."""

    def hook_of(layer: int):
        def add(module: torch.nn.Module, args: object, output: tuple) -> tuple:
            hidden = output[0].clone()
            hidden[:, -1] += offset[layer]  # before it, in the first call, stands the prompt
            return (hidden, *output[1:])

        return add

    layers = model.hf.decoder.model.decoder.layers if offset is not None else ()
    hooks = [block.register_forward_hook(hook_of(i)) for i, block in enumerate(layers)]
    tokens = model.tokenizer(["piano melody"], return_tensors="pt")
    try:
        length = frames + max(model.delays) + 1
        audio = model.hf.generate(
            **tokens, do_sample=False, guidance_scale=scale, max_length=length
        )
    finally:
        for hook in hooks:
            hook.remove()
    return audio[0].T.numpy()


@pytest.mark.parametrize(("scale", "steered"), [(1.0, False), (3.0, False), (3.0, True)])
def test_melody_model_matches_hugging_face(melody, scale, steered):
    stream = MusicStream(melody, "piano melody", guidance_scale=scale, temperature=0)
    offset = None
    if steered:
        vectors = torch.randn(melody.layers, 1, melody.width)
        direction = Direction.of(melody, "note_C", vectors)
        stream.steering.add(direction, 2.0)
        offset = 2.0 * direction.vectors[:, 0]
    assert np.abs(stream.generate(30) - generated(melody, 30, scale, offset)).max() < 1e-5


@torch.no_grad()
def test_new_prompt_of_a_melody_model_precedes_the_whole_window(melody):
    stream = MusicStream(melody, "piano", guidance_scale=1.0)
    stream._play(12)
    stream.set_prompt("a very different and longer text")
    stream.guidance_scale = 3.0  # the second row has to be read in mid-piece, too
    decoder, seen = stream._window.decoder, []
    decoder.step = lambda *a, step=decoder.step: seen.append(step(*a)) or seen[-1]
    stream._play(1)
    lead = melody.encode_prompt("a very different and longer text").lead
    played = stream._window.inputs[:, : stream._position]
    theirs = melody.hf.decoder(played.repeat(2, 1), encoder_hidden_states=lead, use_cache=False)
    theirs = theirs.logits[:, -1].view(2, melody.codebooks, -1)
    torch.testing.assert_close(seen[0], theirs, atol=1e-4, rtol=1e-4)


def test_melody_model_continues_past_a_full_window(melody):
    stream = MusicStream(melody, "piano", window_seconds=0.4, keep_seconds=0.1)
    stream._play(50)
    inputs, last = stream._window.inputs, stream._position
    expected = decoder_for(melody, stream.window)
    expected.guided = True
    expected.set_prompt(melody.encode_prompt("piano"))
    for position in range(last + 1):
        logits = expected.step(inputs[:, position : position + 1], position)
    again = stream._window.decoder.step(inputs[:, last : last + 1], last)
    torch.testing.assert_close(again, logits, atol=1e-4, rtol=1e-4)


def test_melody_model_restores_a_state_before_a_new_prompt(melody):
    stream = MusicStream(melody, "piano")
    stream._play(8)
    state = stream.state
    first = stream._play(6)
    stream.state = state
    stream.set_prompt("drums, for a long time")
    other = stream._play(6)
    stream.state = state
    assert np.abs(stream._play(6) - first).max() < 1e-5 < np.abs(other - first).max()


@torch.no_grad()
def test_hidden_states_of_a_melody_model_use_the_empty_prompt(melody):
    codes = torch.randint(melody.codes, (2, melody.codebooks, 9))
    ours = melody.hidden_states(codes)
    assert ours.shape == (melody.layers, 2, 9, melody.width)
    lead = melody.encode_prompt("").lead[1:].repeat(2, 1, 1)
    inputs = melody.delay(codes).flatten(0, 1)
    theirs = melody.hf.decoder(
        inputs, encoder_hidden_states=lead, output_hidden_states=True, use_cache=False
    ).hidden_states
    for layer in range(melody.layers - 1):  # theirs has the last one behind the final norm
        torch.testing.assert_close(ours[layer], theirs[layer + 1][:, -9:])


def test_prompt_length_of_a_melody_model_is_limited(melody):
    silent = melody.hf.config.chroma_length
    prompt = melody.encode_prompt("word " * 500)
    assert prompt.states.shape[1] <= LONGEST_TEXT
    assert prompt.lead.shape == (2, silent + prompt.states.shape[1], melody.width)
    assert prompt.lead.shape[1] <= melody.lead
    nothing = melody.encode_prompt("")
    assert nothing.unconditional and torch.equal(nothing.lead[0], nothing.lead[1])


@pytest.mark.parametrize("name", ["facebook/musicgen-stereo-melody", "facebook/musicgen-large"])
def test_models_load_by_hub_name(name, tmp_path, monkeypatch):
    folder = make_checkpoint(tmp_path / "snapshot", melody="melody" in name)

    def download(repo: str, **options: object) -> Path:
        assert repo == name
        return folder

    monkeypatch.setattr(hub, "snapshot_download", download)
    model = MusicModel.load(name, device="cpu", dtype="bfloat16")
    assert (model.name, model.dtype) == (name.split("/")[1], torch.bfloat16)
    assert MusicStream(model, "piano").generate(3).shape == (3 * 640, 1)


def test_generate_accepts_a_precision(checkpoint, tmp_path, monkeypatch):
    loaded, load = [], MusicModel.load
    monkeypatch.setattr(
        MusicModel, "load", lambda *a, **k: loaded.append(load(*a, **k)) or loaded[0]
    )
    out = str(tmp_path / "a.wav")
    base = ["generate", "piano", "--out", out, "--seconds", "0.1", "--model", str(checkpoint)]
    assert main([*base, "--dtype", "bfloat16"]) == 0
    assert loaded[0].dtype == torch.bfloat16
