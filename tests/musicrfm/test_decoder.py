"""The step decoder computes what the Hugging Face module computes, position by position."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from musicrfm.decoder import Push, StepDecoder
from musicrfm.model import MusicModel
from tests.checkpoints import make_checkpoint

SHAPES = {
    "mono": {},
    "stereo": {"stereo": True},
    "deep": {"layers": 5, "heads": 1, "width": 16},
    "odd heads": {"heads": 3, "width": 36},
    "one layer, text as wide": {"layers": 1, "text_width": 32, "activation": "relu"},
    "other activation": {"heads": 4, "activation": "gelu_new", "codebooks": 2},
}
LENGTH = 20


@pytest.fixture(params=SHAPES)
def any_model(request: pytest.FixtureRequest, tmp_path: Path) -> MusicModel:
    folder = make_checkpoint(tmp_path / "any", **SHAPES[request.param])
    return MusicModel.load(folder, device="cpu")


def inputs_for(model: MusicModel, length: int = LENGTH) -> Tensor:
    """Random codes as the decoder reads them, [codebooks, length]."""
    generator = torch.Generator().manual_seed(2)
    codes = torch.randint(model.codes, (1, model.codebooks, length - 1), generator=generator)
    return model.delay(codes)[0]


def offsets_for(model: MusicModel, length: int = LENGTH) -> Tensor:
    generator = torch.Generator().manual_seed(3)
    return torch.randn(length, model.layers, model.width, generator=generator)


@torch.no_grad()
def reference(
    model: MusicModel, inputs: Tensor, prompt: str, offsets: Tensor | None = None
) -> Tensor:
    """Logits [2, codebooks, length, codes] of the Hugging Face model with and without `prompt`."""
    tokens = model.tokenizer([prompt], return_tensors="pt")
    states = model.hf.text_encoder(**tokens).last_hidden_state
    mask = torch.cat([tokens["attention_mask"], torch.zeros_like(tokens["attention_mask"])])
    hooks = []
    if offsets is not None:
        for layer, block in enumerate(model.hf.decoder.model.decoder.layers):
            hooks.append(
                block.register_forward_hook(
                    lambda module, args, output, layer=layer: output + offsets[:, layer]
                )
            )
    try:
        logits = model.hf(
            encoder_outputs=(torch.cat([states, torch.zeros_like(states)]),),
            attention_mask=mask,
            decoder_input_ids=inputs.repeat(2, 1),
        ).logits
    finally:
        for hook in hooks:
            hook.remove()
    return logits.view(2, model.codebooks, inputs.shape[1], -1)


def played(decoder: StepDecoder, inputs: Tensor, offsets: Tensor | None = None) -> Tensor:
    """Logits of every position, [rows, codebooks, length, codes]."""
    logits = []
    for position in range(inputs.shape[1]):
        if offsets is not None:
            decoder.steer(Push(offsets[position]))
        logits.append(decoder.step(inputs[:, position : position + 1], position))
    return torch.stack(logits, 2)


@pytest.mark.parametrize("steered", [False, True])
def test_equals_hugging_face(any_model: MusicModel, steered: bool) -> None:
    inputs = inputs_for(any_model)
    offsets = offsets_for(any_model) if steered else None
    expected = reference(any_model, inputs, "piano melody", offsets)
    decoder = StepDecoder(any_model)
    decoder.set_prompt(any_model.encode_prompt("piano melody"))
    alone = played(decoder, inputs, offsets)
    decoder.guided = True
    guided = played(decoder, inputs, offsets)
    assert (expected[0] - expected[1]).abs().max() > 0.1  # the prompt matters
    assert (guided - expected).abs().max() < 1e-4
    assert (alone[0] - expected[0]).abs().max() < 1e-4
    decoder.guided = False
    decoder.set_prompt(any_model.encode_prompt(""))
    nothing = played(decoder, inputs, offsets)
    assert (nothing[0] - expected[1]).abs().max() < 1e-4


def test_prefill_equals_steps(any_model: MusicModel) -> None:
    inputs, offsets = inputs_for(any_model), offsets_for(any_model)
    stepper, reader = StepDecoder(any_model), StepDecoder(any_model)
    for decoder in (stepper, reader):
        decoder.set_prompt(any_model.encode_prompt("drums"))
        decoder.guided = True
    expected = played(stepper, inputs, offsets)
    reader.prefill(inputs[:, :12], [Push(offset) for offset in offsets[:12]])
    assert (reader.cache - stepper.cache)[..., :12, :].abs().max() < 1e-4
    for position in range(12, LENGTH):
        reader.steer(Push(offsets[position]))
        logits = reader.step(inputs[:, position : position + 1], position)
        assert (logits - expected[:, :, position]).abs().max() < 1e-4


def test_guidance_can_begin_later(model: MusicModel) -> None:
    """The row without a prompt is read in when it is first wanted."""
    inputs, offsets = inputs_for(model), offsets_for(model)
    whole, late = StepDecoder(model), StepDecoder(model)
    for decoder in (whole, late):
        decoder.set_prompt(model.encode_prompt("drums"))
    whole.guided = True
    expected = played(whole, inputs, offsets)
    played(late, inputs[:, :9], offsets)
    before = late.cache[:, 0].clone()
    late.guided = True
    late.prefill(inputs[:, :9], [Push(offset) for offset in offsets[:9]], first_row=1)
    assert torch.equal(late.cache[:, 0], before)
    late.steer(Push(offsets[9]))
    assert (late.step(inputs[:, 9:10], 9) - expected[:, :, 9]).abs().max() < 1e-4


def test_one_offset_for_many_positions(model: MusicModel) -> None:
    inputs, offset = inputs_for(model), offsets_for(model)[0]
    shared, separate = StepDecoder(model), StepDecoder(model)
    shared.prefill(inputs, [Push(offset)] * LENGTH)
    separate.prefill(inputs, [Push(offset) for _ in range(LENGTH)])
    assert torch.allclose(shared.cache, separate.cache, atol=1e-6)
    assert shared.cache.abs().max() > 0.1


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_is_as_good_as_hugging_faces(checkpoint: Path, dtype: torch.dtype) -> None:
    exact = MusicModel.load(checkpoint, device="cpu")
    half = MusicModel.load(checkpoint, device="cpu", dtype=dtype)
    assert half.dtype == dtype and half.encode_prompt("piano").states.dtype == dtype
    inputs = inputs_for(exact)
    expected = reference(exact, inputs, "piano")[1]
    with torch.no_grad():
        theirs = half.hf.decoder(inputs, use_cache=False).logits.float()
    decoder = StepDecoder(half)
    ours = played(decoder, inputs)[0]
    assert ours.dtype == torch.float32
    their_error = (theirs - expected).square().mean().sqrt()
    our_error = (ours - expected).square().mean().sqrt()
    assert 0 < our_error < 1.5 * their_error


def test_streams_share_the_weights(model: MusicModel) -> None:
    first, second = StepDecoder(model), StepDecoder(model)
    assert first.weights is second.weights
    assert first.cache.data_ptr() != second.cache.data_ptr()


def test_forgotten_positions_are_harmless(model: MusicModel) -> None:
    decoder = StepDecoder(model)
    inputs = inputs_for(model)
    played(decoder, inputs[:, :5])
    decoder.steer(Push(torch.full((model.layers, model.width), float("nan"))))
    assert decoder.step(inputs[:, 5:6], 5).isnan().any()
    decoder.steer(Push(torch.zeros(model.layers, model.width)))
    assert decoder.step(inputs[:, 6:7], 6).isnan().any()  # it is still in the cache
    decoder.forget(5)
    assert decoder.step(inputs[:, 6:7], 6).isfinite().all()
