"""The step decoder equals the Hugging Face module, position by position."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from musicrfm.model import MusicModel
from musicrfm.runtime.backends import decoder_for
from musicrfm.runtime.decoder import HELD, Push, StepDecoder
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


# Compiled code supports only the activation of the published models.
WAYS = [
    (name, way)
    for name, shape in SHAPES.items()
    for way in ("PyTorch", "machine code")
    if way == "PyTorch" or "activation" not in shape
]


@pytest.fixture(params=WAYS, ids=" in ".join)
def any_model(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> MusicModel:
    name, way = request.param
    model = MusicModel.load(make_checkpoint(tmp_path / "any", **SHAPES[name]), device="cpu")
    if way == "PyTorch":
        without_machine_code(monkeypatch)
    assert (decoder_for(model).faster is not None) == (way == "machine code")
    return model


def without_machine_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("musicrfm.runtime.backends.BACKENDS", ())


def inputs_for(model: MusicModel, length: int = LENGTH) -> Tensor:
    """Random codes as the decoder reads them, [codebooks, length]."""
    generator = torch.Generator().manual_seed(2)
    codes = torch.randint(model.codes, (1, model.codebooks, length - 1), generator=generator)
    return model.delay(codes)[0]


def offsets_for(model: MusicModel, length: int = LENGTH) -> Tensor:
    generator = torch.Generator().manual_seed(3)
    return torch.randn(length, model.layers, model.width, generator=generator)


def mixed_pushes(model: MusicModel, length: int = LENGTH) -> list[Push]:
    """Every kind of push, changing from one position to the next."""
    offsets = 3.0 * offsets_for(model, length)
    bases = [None, basis_for(model, 5), basis_for(model, 6) * 0.7]
    return [Push(o, bool(n & 1), bool(n & 2), bases[n // 4 % 3]) for n, o in enumerate(offsets)]


def basis_for(model: MusicModel, seed: int) -> Tensor:
    """Orthonormal, [layers, HELD, width]."""
    generator = torch.Generator().manual_seed(seed)
    return torch.linalg.qr(torch.randn(model.layers, model.width, HELD, generator=generator))[0].mT


@torch.no_grad()
def reference(
    model: MusicModel,
    inputs: Tensor,
    prompt: str,
    offsets: Tensor | None = None,
    pushes: list[Push] | None = None,
) -> Tensor:
    """Logits [2, codebooks, length, codes] of the Hugging Face model with and without `prompt`.

    Hooks add `offsets` after each layer, or apply `pushes`.
    """

    def hook_of(layer: int):
        def push(module: torch.nn.Module, args: object, hidden: Tensor) -> Tensor:
            if pushes is None:
                return hidden + offsets[:, layer]
            out = hidden.clone()
            for position, one in enumerate(pushes):
                for row in range(1 if one.prompted_only else 2):
                    before = hidden[row, position]
                    after = before + one.offset[layer]
                    if one.basis is not None:
                        after = after - one.basis[layer].T @ (one.basis[layer] @ before)
                    if one.keep_norm:
                        after = after * (before.norm() / after.norm())
                    out[row, position] = after
            return out

        return push

    tokens = model.tokenizer([prompt], return_tensors="pt")
    states = model.hf.text_encoder(**tokens).last_hidden_state
    mask = torch.cat([tokens["attention_mask"], torch.zeros_like(tokens["attention_mask"])])
    hooks = []
    if offsets is not None or pushes is not None:
        for layer, block in enumerate(model.hf.decoder.model.decoder.layers):
            hooks.append(block.register_forward_hook(hook_of(layer)))
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


def played(
    decoder: StepDecoder,
    inputs: Tensor,
    offsets: Tensor | None = None,
    pushes: list[Push] | None = None,
) -> Tensor:
    """Logits of every position, [rows, codebooks, length, codes]."""
    logits = []
    if offsets is not None:
        pushes = [Push(offset) for offset in offsets]
    for position in range(inputs.shape[1]):
        if pushes is not None:
            decoder.steer(pushes[position])
        logits.append(decoder.step(inputs[:, position : position + 1], position))
    return torch.stack(logits, 2)


@pytest.mark.parametrize("steered", [False, True])
def test_equals_hugging_face(any_model: MusicModel, steered: bool) -> None:
    inputs = inputs_for(any_model)
    offsets = offsets_for(any_model) if steered else None
    expected = reference(any_model, inputs, "piano melody", offsets)
    decoder = decoder_for(any_model)
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
    stepper, reader = decoder_for(any_model), decoder_for(any_model)
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


def test_every_kind_of_push_equals_hugging_face(any_model: MusicModel) -> None:
    inputs, pushes = inputs_for(any_model), mixed_pushes(any_model)
    expected = reference(any_model, inputs, "drums", pushes=pushes)
    stepper, reader = decoder_for(any_model), decoder_for(any_model)
    for decoder in (stepper, reader):
        decoder.set_prompt(any_model.encode_prompt("drums"))
        decoder.guided = True
    assert (played(stepper, inputs, pushes=pushes) - expected).abs().max() < 1e-4
    assert (reference(any_model, inputs, "drums") - expected).abs().max() > 0.1
    buffer = stepper.offset.data_ptr()
    reader.prefill(inputs[:, :12], pushes[:12])
    assert (reader.cache - stepper.cache)[..., :12, :].abs().max() < 1e-4
    row = decoder_for(any_model)  # the unconditional row alone, prefilled later
    row.guided = True
    row.prefill(inputs[:, :12], pushes[:12], first_row=1)
    assert (row.cache - stepper.cache)[:, 1, ..., :12, :].abs().max() < 1e-4
    stepper.guided = False  # the prompted row alone
    assert (played(stepper, inputs, pushes=pushes)[0] - expected[0]).abs().max() < 1e-4
    assert stepper.offset.data_ptr() == buffer


@pytest.mark.parametrize("prompted_only", [False, True])
@pytest.mark.parametrize("keep_norm", [False, True])
@pytest.mark.parametrize("held", [False, True])
def test_prefill_with_one_shared_push_equals_steps(
    model: MusicModel, prompted_only: bool, keep_norm: bool, held: bool
) -> None:
    inputs = inputs_for(model)
    basis = basis_for(model, 5) if held else None
    push = Push(offsets_for(model)[0], prompted_only, keep_norm, basis)
    stepper, reader = decoder_for(model), decoder_for(model)
    for decoder in (stepper, reader):
        decoder.set_prompt(model.encode_prompt("drums"))
        decoder.guided = True
    played(stepper, inputs, pushes=[push] * LENGTH)
    reader.prefill(inputs, [push] * LENGTH)
    assert (reader.cache - stepper.cache).abs().max() < 1e-4


def test_keep_norm_without_offset_changes_nothing(model: MusicModel) -> None:
    inputs, zero = inputs_for(model), torch.zeros(model.layers, model.width)
    plain, kept = decoder_for(model), decoder_for(model)
    for decoder in (plain, kept):
        decoder.set_prompt(model.encode_prompt("drums"))
        decoder.guided = True
    expected = played(plain, inputs, pushes=[Push(zero)] * LENGTH)
    found = played(kept, inputs, pushes=[Push(zero, keep_norm=True)] * LENGTH)
    assert torch.equal(found, expected)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_keep_norm_holds_for_huge_offsets(checkpoint: Path, dtype: torch.dtype) -> None:
    """The last layer's output keeps its unsteered norm and points along the offset."""
    model = MusicModel.load(checkpoint, device="cpu", dtype=dtype)
    inputs = inputs_for(model)[:, :1]
    offset = torch.zeros(model.layers, model.width, dtype=dtype)
    offset[-1] = 1000.0 * torch.randn(model.width, generator=torch.Generator().manual_seed(1))
    decoder = decoder_for(model)
    with torch.inference_mode():
        pushed, plain = (
            decoder._read(inputs, 0, 0, 1, list(o[:, None, None]), True)[0].float()
            for o in (offset, torch.zeros_like(offset))
        )
    near = 1e-5 if dtype == torch.float32 else 1e-2
    assert pushed.norm() == pytest.approx(plain.norm().item(), rel=near)
    along = torch.cosine_similarity(pushed, offset[-1].float(), dim=0)
    assert along > 0.99


def test_guidance_can_start_during_a_piece(model: MusicModel) -> None:
    """The unconditional row is prefilled when guidance starts."""
    inputs, offsets = inputs_for(model), offsets_for(model)
    whole, late = decoder_for(model), decoder_for(model)
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


def test_shared_and_separate_pushes_prefill_the_same_cache(model: MusicModel) -> None:
    inputs, offset = inputs_for(model), offsets_for(model)[0]
    shared, separate = decoder_for(model), decoder_for(model)
    shared.prefill(inputs, [Push(offset)] * LENGTH)
    separate.prefill(inputs, [Push(offset) for _ in range(LENGTH)])
    assert torch.allclose(shared.cache, separate.cache, atol=1e-6)
    assert shared.cache.abs().max() > 0.1


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_is_as_exact_as_hugging_face(checkpoint: Path, dtype: torch.dtype) -> None:
    exact = MusicModel.load(checkpoint, device="cpu")
    half = MusicModel.load(checkpoint, device="cpu", dtype=dtype)
    assert half.dtype == dtype and half.encode_prompt("piano").states.dtype == dtype
    inputs = inputs_for(exact)
    expected = reference(exact, inputs, "piano")[1]
    with torch.no_grad():
        theirs = half.hf.decoder(inputs, use_cache=False).logits.float()
    decoder = decoder_for(half)
    ours = played(decoder, inputs)[0]
    assert ours.dtype == torch.float32
    their_error = (theirs - expected).square().mean().sqrt()
    our_error = (ours - expected).square().mean().sqrt()
    assert 0 < our_error < 1.5 * their_error


def test_streams_share_the_weights(model: MusicModel) -> None:
    first, second = decoder_for(model), decoder_for(model)
    assert first.weights is second.weights
    assert first.cache.data_ptr() != second.cache.data_ptr()


def test_forget_removes_nan_positions(model: MusicModel) -> None:
    decoder = decoder_for(model)
    inputs = inputs_for(model)
    played(decoder, inputs[:, :5])
    decoder.steer(Push(torch.full((model.layers, model.width), float("nan"))))
    assert decoder.step(inputs[:, 5:6], 5).isnan().any()
    decoder.steer(Push(torch.zeros(model.layers, model.width)))
    assert decoder.step(inputs[:, 6:7], 6).isnan().any()  # it is still in the cache
    decoder.forget(5)
    assert decoder.step(inputs[:, 6:7], 6).isfinite().all()
