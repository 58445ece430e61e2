"""Pooled hidden states: the right numbers, in the right rows, computed once."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from musicrfm.activations import activations, cached, fingerprint, pool
from musicrfm.errors import MusicRFMError
from musicrfm.model import MusicModel
from tests.checkpoints import make_checkpoint


def clip(seed: int, seconds: float = 0.6) -> tuple[np.ndarray, int]:
    rng = np.random.default_rng(seed)
    return (0.2 * rng.normal(size=int(seconds * 32_000))).astype(np.float32), 32_000


@pytest.mark.parametrize("pooling", ["mean", "max", "last"])
def test_rows_are_pooled_hidden_states_in_order(model, pooling):
    clips = [clip(0), clip(1), clip(2, 0.4), clip(3)]
    found = activations(model, clips, pooling, batch=2)
    assert found.shape == (4, model.layers, model.width) and found.dtype == np.float32
    for row, (audio, rate) in zip(found, clips, strict=True):
        states = model.hidden_states(model.encode_audio(audio, rate)[None])[:, 0]  # [L, T, width]
        by_hand = {"mean": states.mean(1), "max": states.amax(1), "last": states[:, -1]}[pooling]
        np.testing.assert_allclose(row, by_hand.numpy(), atol=1e-4)
    assert np.abs(found[0] - found[1]).max() > 1e-3


def test_progress_counts_clips(model):
    seen = []
    activations(model, (clip(i) for i in range(5)), batch=2, progress=seen.append)
    assert seen == [2, 4, 5]


def test_unknown_pooling_and_no_clips_are_refused(model):
    with pytest.raises(MusicRFMError, match="pooling 'sum'"):
        activations(model, [clip(0)], "sum")
    with pytest.raises(MusicRFMError, match="pooling 'sum'"):
        pool(torch.zeros(2, 3), "sum")
    with pytest.raises(MusicRFMError, match="no clips"):
        activations(model, [])


def test_the_cache_computes_once_per_key_and_survives_damage(tmp_path, capsys):
    calls = []

    def compute():
        calls.append(1)
        return np.arange(6.0).reshape(1, 2, 3), [{"root_note_name": "C#", "octave": 4}]

    for _ in range(2):
        states, rows = cached({"clips": 1}, compute, tmp_path)
        np.testing.assert_array_equal(states, np.arange(6.0).reshape(1, 2, 3))
        assert rows == [{"root_note_name": "C#", "octave": 4}]
    assert len(calls) == 1
    cached({"clips": 2}, compute, tmp_path)
    assert len(calls) == 2
    for path in tmp_path.glob("*.npz"):
        path.write_bytes(b"damaged")
    cached({"clips": 1}, compute, tmp_path)
    assert len(calls) == 3
    assert "damaged" in capsys.readouterr().err


def test_the_fingerprint_tells_weights_apart(model, checkpoint, tmp_path):
    assert fingerprint(model) == fingerprint(MusicModel.load(checkpoint, device="cpu"))
    other = MusicModel.load(make_checkpoint(tmp_path / "tiny", seed=1), device="cpu")
    assert fingerprint(model) != fingerprint(other)
