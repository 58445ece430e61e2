"""The compiled step equals PyTorch's in every precision.

`test_decoder` compares both with Hugging Face.
"""

from __future__ import annotations

import logging
import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from musicrfm.model import MusicModel
from musicrfm.runtime import compiled_step
from musicrfm.runtime.backends import decoder_for
from musicrfm.runtime.decoder import Push
from tests.checkpoints import make_checkpoint
from tests.musicrfm.runtime.test_decoder import (
    LENGTH,
    inputs_for,
    mixed_pushes,
    played,
    without_machine_code,
)

kernels = compiled_step.kernels()


def test_exp_is_exact() -> None:
    x = np.linspace(-87, 5, 20001, dtype=np.float32)
    found = np.array([kernels.exp(number) for number in x], np.float64)
    assert np.abs(found / np.exp(x.astype(np.float64)) - 1).max() < 5e-7
    assert 0 <= kernels.exp(np.float32(-1e30)) < 1e-37
    assert 0 <= kernels.exp(np.float32(-np.inf)) < 1e-37
    assert np.isnan(kernels.exp(np.float32(np.nan)))


def test_gelu_is_exact() -> None:
    x = np.linspace(-12, 12, 20001, dtype=np.float32)
    expected = [v * 0.5 * math.erfc(-v / math.sqrt(2)) for v in x.astype(np.float64)]
    found = x.copy()
    kernels.gelu(found)
    assert np.abs(found - expected).max() < 1e-6
    odd = np.array([np.nan, np.inf, -np.inf], np.float32)
    kernels.gelu(odd)
    assert np.isnan(odd[0]) and odd[1] == np.inf


@pytest.mark.parametrize("outputs", [1, 3, 4, 9])
@pytest.mark.parametrize("rows", [1, 2])
@pytest.mark.parametrize("kind", ["float32", "bfloat16"])
def test_matrix_products_of_any_shape_are_exact(outputs: int, rows: int, kind: str) -> None:
    generator = torch.Generator().manual_seed(outputs)
    matrix = torch.randn(outputs, 37, generator=generator)
    x = torch.randn(rows, 37, generator=generator)
    stored = matrix.to(getattr(torch, kind))
    y = np.full((rows, outputs), np.nan, np.float32)
    kernels.linear(x.numpy(), compiled_step.seen(stored), y)
    matrix = stored.float()
    assert np.abs(y - (x @ matrix.T).numpy()).max() < 2e-5


def rounded(model: MusicModel) -> MusicModel:
    """Rounds the weights of a float32 model to bfloat16 values."""
    with torch.no_grad():
        for weight in model.hf.decoder.parameters():
            weight.copy_(weight.bfloat16().float())
    return model


def in_bits(push: Push, model: MusicModel) -> Push:
    """The push rounded to bfloat16 values, in the model's precision."""
    basis = push.basis if push.basis is None else push.basis.bfloat16().to(model.dtype)
    return replace(push, offset=push.offset.bfloat16().to(model.dtype), basis=basis)


@pytest.mark.parametrize("kind", ["bfloat16"])
@pytest.mark.parametrize("guided", [False, True])
def test_compiled_bfloat16_is_more_exact_than_pytorch(
    checkpoint: Path, kind: str, guided: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reference has the same weights in float32; PyTorch also rounds intermediate results."""
    exact = rounded(MusicModel.load(checkpoint, device="cpu"))
    model = MusicModel.load(checkpoint, device="cpu", dtype=kind)
    inputs = inputs_for(exact)

    def logits(model: MusicModel) -> Tensor:
        decoder = decoder_for(model)
        decoder.set_prompt(model.encode_prompt("drums"))
        decoder.guided = guided
        return played(decoder, inputs, pushes=[in_bits(p, model) for p in mixed_pushes(exact)])

    expected = logits(exact)
    ours = (logits(model) - expected).square().mean().sqrt()
    without_machine_code(monkeypatch)
    theirs = (logits(model) - expected).square().mean().sqrt()
    assert 0 < ours < 0.6 * theirs
    assert ours < 0.02 * expected.square().mean().sqrt()


def test_long_and_blended_prompts_match_pytorch(
    model: MusicModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    from musicrfm.streaming.prompts import blend

    texts = ["calm piano melody with drums", "dark strings"]
    long = model.encode_prompt("piano " * 60)
    parts = [model.encode_prompt(text) for text in texts]
    prompts = [parts[0], long, blend(parts, [0.3, 0.7]), blend(parts, [0.6, 0.4]), parts[1]]
    inputs = inputs_for(model)

    def logits() -> list[Tensor]:
        decoder, found = decoder_for(model, LENGTH), []
        decoder.guided = True
        for prompt in prompts:
            decoder.set_prompt(prompt)
            found.append(played(decoder, inputs))
        return found

    ours = logits()
    without_machine_code(monkeypatch)
    for found, expected in zip(ours, logits(), strict=True):
        assert (found - expected).abs().max() < 1e-4
    assert (ours[2] - ours[3]).abs().max() > 1e-3


def test_result_of_a_step_is_not_overwritten(model: MusicModel) -> None:
    decoder, inputs = decoder_for(model), inputs_for(model)
    first = decoder.step(inputs[:, :1], 0)
    kept = first.clone()
    decoder.step(inputs[:, 1:2], 1)
    assert torch.equal(first, kept)


@pytest.mark.parametrize(
    ("changes", "dtype"), [({"width": 1024, "heads": 2}, None), ({}, "float16")]
)
def test_unsupported_models_run_in_pytorch(
    tmp_path: Path, changes: dict, dtype: str | None
) -> None:
    folder = make_checkpoint(tmp_path / "other", layers=1, **changes)
    decoder = decoder_for(MusicModel.load(folder, device="cpu", dtype=dtype))
    assert decoder.faster is None


def test_missing_numba_warns_and_uses_pytorch(
    model: MusicModel, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    expected = played(decoder_for(model), inputs_for(model))
    monkeypatch.setitem(sys.modules, "musicrfm.kernels.step", None)
    monkeypatch.delattr("musicrfm.kernels.step", raising=False)
    compiled_step.kernels.cache_clear()
    with caplog.at_level(logging.WARNING):
        decoder = decoder_for(model)
    compiled_step.kernels.cache_clear()
    assert decoder.faster is None
    assert "slower" in caplog.text
    assert (played(decoder, inputs_for(model)) - expected).abs().max() < 1e-4


def test_auto_is_int8_on_a_cpu(checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert MusicModel.load(checkpoint, device="cpu", dtype="auto").int8
    assert not MusicModel.load(checkpoint, device="cpu").int8
    monkeypatch.setattr("musicrfm.model.kernels", lambda: None)
    assert MusicModel.load(checkpoint, device="cpu", dtype="auto").dtype == torch.float32


@pytest.mark.slow
def test_compiled_step_is_cached_on_disk(checkpoint: Path, tmp_path: Path) -> None:
    """A second process finds the compiled step on disk."""
    script = (
        "import sys; from pathlib import Path; from musicrfm.model import MusicModel;"
        "from musicrfm.runtime.backends import decoder_for; from musicrfm.kernels import step;"
        "decoder_for(MusicModel.load(Path(sys.argv[1]), device='cpu'));"
        "print(sum(step.step.stats.cache_hits.values()),"
        " sum(step.step.stats.cache_misses.values()))"
    )
    command = [sys.executable, "-c", script, str(checkpoint)]
    found = [subprocess.run(command, capture_output=True, text=True).stdout for _ in range(2)]
    assert found[1].split() == ["1", "0"]
