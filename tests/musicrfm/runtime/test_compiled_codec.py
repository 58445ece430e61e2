"""The compiled codec equals the streaming codec, frame by frame."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from musicrfm.model import MusicModel
from musicrfm.runtime import compiled_codec
from musicrfm.runtime.codec import StreamingCodec
from musicrfm.runtime.compiled_codec import CompiledCodec
from musicrfm.stream import MusicStream
from tests.checkpoints import make_checkpoint

SHAPES = {
    "as nano's": {},
    "causal": {"causal": True},
    "stereo": {"stereo": True, "lstm_layers": 2},
    "dilated, with shortcuts": {"residual_layers": 3, "shortcut": True},
    "zeros at the ends": {"pad_mode": "constant", "kernel": 5},
    "other ratios": {"ratios": (2, 5, 3), "trim_right_ratio": 0.5, "causal": True},
}
FRAMES = 70


@pytest.fixture(params=SHAPES)
def both(
    request: pytest.FixtureRequest, tmp_path: Path
) -> tuple[StreamingCodec, CompiledCodec, Tensor]:
    """The streaming codec, the compiled codec, and codes [codebooks, FRAMES]."""
    folder = make_checkpoint(tmp_path / "codec", **SHAPES[request.param])
    model = MusicModel.load(folder, device="cpu")
    plain, other = (
        StreamingCodec(model.hf.audio_encoder, model.codebooks, model.stereo_codes)
        for _ in range(2)
    )
    generator = torch.Generator().manual_seed(3)
    codes = torch.randint(model.codes, (model.codebooks, FRAMES), generator=generator)
    return plain, CompiledCodec(other), codes


def apart(found: Tensor, expected: Tensor) -> float:
    assert found.shape == expected.shape
    return float((found - expected).abs().max()) if found.numel() else 0.0


def test_compiled_codec_equals_the_streaming_codec(
    both: tuple[StreamingCodec, CompiledCodec, Tensor],
) -> None:
    plain, compiled, codes = both
    level, even = 0.0, 0
    for i in range(FRAMES):
        expected = plain.push(codes[:, i : i + 1])
        assert apart(compiled.push(codes[:, i : i + 1]), expected) < 1e-5
        level = max(level, float(expected.abs().max()) if expected.numel() else 0.0)
        even += compiled._even
    assert level > 1e-3
    assert even > FRAMES / 2  # most frames used compiled code
    assert apart(compiled.flush(), plain.flush()) < 1e-5
    # Again, with many frames per call.
    assert apart(compiled.push(codes), plain.push(codes)) < 1e-5


def test_earlier_states_can_be_restored(both: tuple[StreamingCodec, CompiledCodec, Tensor]) -> None:
    _, compiled, codes = both
    states, sound = [], []
    for i in range(FRAMES):
        states.append(compiled.state)
        sound.append(compiled.push(codes[:, i : i + 1]))
    for first in (60, 35, 2, 0):
        compiled.state = states[first]
        for i in range(first, first + 5):
            assert torch.equal(compiled.push(codes[:, i : i + 1]), sound[i])


def test_peek_equals_the_streaming_codec_and_keeps_the_state(
    both: tuple[StreamingCodec, CompiledCodec, Tensor],
) -> None:
    plain, compiled, codes = both
    known = torch.rand(codes[:, :3].shape, generator=torch.Generator().manual_seed(1)) > 0.4
    for i in range(FRAMES - 4):
        now = codes[:, i : i + 1]
        assert apart(compiled.push(now), plain.push(now)) < 1e-5
        ahead = codes[:, i + 1 : i + 4]
        for hold in (0, 3):
            expected = plain.peek(ahead, known, hold)
            assert apart(compiled.peek(ahead, known, hold), expected) < 1e-5


def test_large_codec_runs_in_pytorch(model: MusicModel, monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(MusicStream(model)._codec, CompiledCodec)
    monkeypatch.setattr(compiled_codec, "LARGE", 10)
    stream = MusicStream(model, seed=4)
    assert isinstance(stream._codec, StreamingCodec)
    monkeypatch.undo()
    sound, expected = (s.generate(40) for s in (MusicStream(model, seed=4), stream))
    assert np.abs(sound - expected).max() < 1e-4
