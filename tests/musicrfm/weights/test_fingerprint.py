from __future__ import annotations

import pytest
import torch

from musicrfm.model import MusicModel
from musicrfm.weights.fingerprint import SAMPLED, fingerprint
from tests.checkpoints import make_checkpoint


def test_other_weights_have_another_one(model, checkpoint, tmp_path):
    assert fingerprint(model.hf) == fingerprint(MusicModel.load(checkpoint, device="cpu").hf)
    other = MusicModel.load(make_checkpoint(tmp_path / "tiny", seed=1), device="cpu")
    assert fingerprint(model.hf) != fingerprint(other.hf)
    assert fingerprint(model.hf.decoder) != fingerprint(other.hf.decoder)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "int8", "int4"])
def test_it_is_the_same_in_every_precision(model, checkpoint, dtype):
    rounded = MusicModel.load(checkpoint, device="cpu", dtype=dtype)
    if rounded.packed:
        assert rounded.decoder_weights  # quantised, and its layers fused
    assert fingerprint(rounded.hf) == fingerprint(model.hf)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_rounding_down_to_nothing_keeps_it(dtype):
    layer = torch.nn.Linear(8, 8)
    with torch.no_grad():
        layer.weight.mul_(1e-44)
    before = fingerprint(layer)
    assert fingerprint(layer.to(dtype)) == before


def test_a_little_training_changes_it():
    layer = torch.nn.Linear(1000, 300)
    assert layer.weight.numel() > SAMPLED
    before = fingerprint(layer)
    with torch.no_grad():
        layer.weight.add_(torch.randn_like(layer.weight) * 1e-4)
    assert fingerprint(layer) != before


def test_what_is_computed_again_does_not_count(model, checkpoint):
    longer = MusicModel.load(checkpoint, device="cpu")
    positions = longer.hf.decoder.model.decoder.embed_positions
    positions.make_weights(2 * len(positions.weights), longer.width)
    assert fingerprint(longer.hf) == fingerprint(model.hf)
