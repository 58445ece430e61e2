"""A codec in 8 bits is close to the exact one, with equal results on any number of threads."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from transformers import EncodecConfig, EncodecModel

from musicrfm.kernels.team import Team
from musicrfm.runtime import packed_codec
from musicrfm.runtime.codec import StreamingCodec
from musicrfm.runtime.packed_codec import PackedCodec, can_pack

pytestmark = pytest.mark.needs("numba")
FRAMES = 24


def codec_of(stereo: bool = False, **changes: object) -> StreamingCodec:
    """A codec with matrices that fill whole groups, and the same random weights each time."""
    usual = {"use_causal_conv": False, "num_filters": 64, "num_residual_layers": 1}
    config = EncodecConfig(
        target_bandwidths=[1.2], sampling_rate=400, upsampling_ratios=[4, 2], hidden_size=32,
        codebook_dim=32, codebook_size=64, num_lstm_layers=2, normalize=False,
        use_conv_shortcut=False, **(usual | changes),
    )  # fmt: skip
    torch.manual_seed(5)
    codec = EncodecModel(config).eval().requires_grad_(False)
    for layer in codec.quantizer.layers:
        layer.codebook.embed.normal_()
    return StreamingCodec(codec, 8 if stereo else 4, stereo)


def codes_for(codec: StreamingCodec) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.randint(0, 60, (codec.codebooks, FRAMES), generator=generator)


@pytest.mark.slow
@pytest.mark.parametrize("shape", [{}, {"stereo": True}, {"use_causal_conv": True}], ids=str)
def test_packed_codec_is_close_and_independent_of_threads(
    shape: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packed_codec, "LARGE", 0)
    exact = codec_of(**shape)
    assert can_pack(exact)
    codes = codes_for(exact)
    expected = exact.push(codes)
    exact.reset()
    heard = []
    for threads in (1, 3):
        helpers = Team(threads)
        monkeypatch.setattr(packed_codec, "team", lambda n, helpers=helpers: helpers)
        packed = PackedCodec(codec_of(**shape))
        before = packed.push(codes[:, :20])
        state = packed.state
        rest = packed.push(codes[:, 20:])
        packed.state = state
        assert torch.equal(
            packed.push(codes[:, 20:]), rest
        )  # a restored state gives the same audio
        heard.append(torch.cat([before, rest], 1))
    assert torch.equal(heard[0], heard[1])
    error = (heard[0] - expected).norm() / expected.norm()
    assert 0 < error < 0.02


def test_small_and_unsupported_codecs_are_not_packed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not can_pack(codec_of())
    monkeypatch.setattr(packed_codec, "LARGE", 0)
    assert can_pack(codec_of())
    assert not can_pack(codec_of(num_filters=16))
    assert not can_pack(codec_of(num_residual_layers=2))
