"""Early sound: ahead by the codec's lookahead, and close to the exact sound."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from musicrfm.model import MusicModel
from musicrfm.runtime.codec import StreamingCodec
from musicrfm.stream import MusicStream
from musicrfm.streaming.early import EarlySound
from tests.checkpoints import Shape
from tests.musicrfm.runtime.test_codec import codes_for, make_codec, stream_of


@pytest.mark.parametrize(
    "shape", [Shape(), Shape(ratios=(8, 5, 4, 4), lstm_layers=2), Shape(stereo=True)]
)
def test_early_sound_with_known_codes_is_exact(shape: Shape) -> None:
    """Without guessed codes, the crossfades join equal sounds."""
    codec: StreamingCodec = stream_of(make_codec(shape), shape)
    codes = codes_for(codec, 20)
    exact = torch.cat([codec.push(codes), codec.flush()], 1)
    early, look = EarlySound(codec), codec.lookahead_frames + 1
    sound = []
    for i in range(20 - look):
        ahead = codes[:, i + 1 : i + 1 + look]
        sound.append(early.push(codes[:, i], ahead, torch.ones_like(ahead, dtype=torch.bool)))
    sound = torch.cat(sound, 1)
    assert sound.shape[1] == (20 - look) * codec.frame_size
    assert (sound - exact[:, : sound.shape[1]]).abs().max() < 1e-5
    assert early.given == codec.latency


def test_peek_ignores_unknown_codes(model: MusicModel) -> None:
    codec = stream_of(make_codec(Shape()), Shape())
    codes = codes_for(codec, 9)
    codec.push(codes[:, :5])
    state = codec.state
    known = torch.zeros(codec.codebooks, 3, dtype=torch.bool)
    known[0] = True
    first = codec.peek(codes[:, 5:8], known, 1)
    other = codes.clone()
    other[1:] = (other[1:] + 7) % 64
    assert torch.equal(first, codec.peek(other[:, 5:8], known, 1))
    other[0] = (other[0] + 7) % 64
    assert not torch.equal(first, codec.peek(other[:, 5:8], known, 1))
    assert all(a is b for a, b in zip(state, codec.state, strict=True)) or codec.state == state


def test_early_stream_is_ahead_by_the_codec_lookahead(model: MusicModel) -> None:
    exact = MusicStream(model, "piano", seed=3)
    early = MusicStream(model, "piano", seed=3, early=True)
    sound = np.concatenate([next(early) for _ in range(30)])
    assert early.codec_lookahead_frames == 0
    assert len(sound) == 30 * model.frame_size
    assert early.frame == 30 + early.delay_frames
    sound = np.concatenate([sound, early.finish()])
    whole = exact.generate(len(sound) // model.frame_size)
    assert sound.shape == whole.shape
    difference = np.sqrt(np.mean((sound - whole) ** 2)) / np.sqrt(np.mean(whole**2))
    assert difference < 1.0
    # The end is exact: all its codes are known.
    np.testing.assert_allclose(
        sound[-model.frame_size // 2 :], whole[-model.frame_size // 2 :], atol=1e-4
    )


def test_early_stream_restores_an_earlier_state(model: MusicModel) -> None:
    stream = MusicStream(model, "piano", early=True)
    for _ in range(8):
        next(stream)
    state = stream.state
    first = np.concatenate([next(stream) for _ in range(6)])
    stream.state = state
    np.testing.assert_array_equal(first, np.concatenate([next(stream) for _ in range(6)]))
