"""A codec in 8 bits plays nearly what the exact one plays, on any number of threads."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from musicrfm.model import MusicModel
from musicrfm.runtime import packed_codec
from musicrfm.runtime.codec import StreamingCodec
from musicrfm.runtime.packed_codec import PackedCodec, can_pack
from musicrfm.runtime.team import Team
from tests.checkpoints import make_checkpoint

pytest.importorskip("numba")
FRAMES = 24


def codec_of(folder: Path, **shape: object) -> StreamingCodec:
    """One whose matrices fill groups: 32 filters at the least."""
    kind = {"filters": 32, "kernel": 7, "residual_layers": 1} | shape
    model = MusicModel.load(make_checkpoint(folder / "any", **kind), device="cpu")
    return StreamingCodec(model.hf.audio_encoder, model.codebooks, model.stereo_codes)


def codes_for(codec: StreamingCodec) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.randint(0, 60, (codec.codebooks, FRAMES), generator=generator)


@pytest.mark.slow
@pytest.mark.parametrize("shape", [{}, {"stereo": True}, {"causal": True}], ids=str)
def test_it_is_close_and_threads_agree(
    shape: dict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packed_codec, "LARGE", 0)
    exact = codec_of(tmp_path, **shape)
    assert can_pack(exact)
    codes = codes_for(exact)
    expected = exact.push(codes)
    exact.reset()
    heard = []
    for threads in (1, 3):
        helpers = Team(threads)
        monkeypatch.setattr(packed_codec, "team", lambda n, helpers=helpers: helpers)
        packed = PackedCodec(codec_of(tmp_path / str(threads), **shape))
        before = packed.push(codes[:, :20])
        state = packed.state
        rest = packed.push(codes[:, 20:])
        packed.state = state
        assert torch.equal(packed.push(codes[:, 20:]), rest)  # goes back exactly
        heard.append(torch.cat([before, rest], 1))
    assert torch.equal(heard[0], heard[1])
    error = (heard[0] - expected).norm() / expected.norm()
    assert 0 < error < 0.02


def test_small_ones_and_others_stay_exact(tmp_path: Path) -> None:
    assert not can_pack(codec_of(tmp_path, filters=2))
    assert not can_pack(codec_of(tmp_path / "more", residual_layers=2))
