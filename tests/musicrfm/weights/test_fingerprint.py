from __future__ import annotations

import pytest
import torch

from musicrfm.model import MusicModel
from musicrfm.weights.fingerprint import SAMPLED, fingerprint
from tests.checkpoints import make_checkpoint


def test_other_weights_have_another_fingerprint(model, checkpoint, tmp_path):
    assert fingerprint(model.hf) == fingerprint(MusicModel.load(checkpoint, device="cpu").hf)
    other = MusicModel.load(make_checkpoint(tmp_path / "tiny", seed=1), device="cpu")
    assert fingerprint(model.hf) != fingerprint(other.hf)
    assert fingerprint(model.hf.decoder) != fingerprint(other.hf.decoder)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "int8", "int4"])
def test_fingerprint_is_the_same_in_every_precision(model, checkpoint, dtype):
    rounded = MusicModel.load(checkpoint, device="cpu", dtype=dtype)
    if rounded.packed:
        assert rounded.decoder_weights  # quantised, and its layers fused
    assert fingerprint(rounded.hf) == fingerprint(model.hf)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_rounding_tiny_weights_to_zero_keeps_the_fingerprint(dtype):
    layer = torch.nn.Linear(8, 8)
    with torch.no_grad():
        layer.weight.mul_(1e-44)
    before = fingerprint(layer)
    assert fingerprint(layer.to(dtype)) == before


def test_small_weight_changes_alter_the_fingerprint():
    layer = torch.nn.Linear(1000, 300)
    assert layer.weight.numel() > SAMPLED
    before = fingerprint(layer)
    with torch.no_grad():
        layer.weight.add_(torch.randn_like(layer.weight) * 1e-4)
    assert fingerprint(layer) != before


def test_computed_positions_do_not_affect_the_fingerprint(model, checkpoint):
    longer = MusicModel.load(checkpoint, device="cpu")
    positions = longer.hf.decoder.model.decoder.embed_positions
    positions.make_weights(2 * len(positions.weights), longer.width)
    assert fingerprint(longer.hf) == fingerprint(model.hf)
