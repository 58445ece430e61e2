"""Streaming decode equals whole-sequence decode at a constant cost per frame."""

from __future__ import annotations

import math

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from transformers import EncodecModel

from musicrfm.errors import MusicRFMError
from musicrfm.runtime.codec import StreamingCodec
from tests.checkpoints import Shape, codec_config, randomise_codec

SHAPES = {
    "as nano": Shape(),
    "as MusicGen": Shape(ratios=(8, 5, 4, 4), lstm_layers=2),
    "stereo": Shape(stereo=True),
    "causal": Shape(causal=True),
    "causal, cut at both ends": Shape(causal=True, trim_right_ratio=0.5, lstm_layers=2),
    "causal, zeros around": Shape(causal=True, pad_mode="constant"),
    "dilated, with shortcuts": Shape(residual_layers=2, shortcut=True),
    "zeros around": Shape(pad_mode="constant", kernel=5),
    "edges repeated": Shape(pad_mode="replicate"),
    "odd ratios": Shape(ratios=(5, 3), kernel=3),
}


def make_codec(shape: Shape, **changes: object) -> EncodecModel:
    config = codec_config(shape)
    for key, value in changes.items():
        setattr(config, key, value)
    codec = EncodecModel(config).eval()
    with torch.random.fork_rng():
        torch.manual_seed(shape.seed)
        randomise_codec(codec)
    return codec


def stream_of(codec: EncodecModel, shape: Shape) -> StreamingCodec:
    return StreamingCodec(codec, shape.codebooks * (2 if shape.stereo else 1), shape.stereo)


def codes_for(stream: StreamingCodec, frames: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(frames)
    return torch.randint(64, (stream.codebooks, frames), generator=generator)


@torch.no_grad()
def whole(codec: EncodecModel, codes: torch.Tensor, stereo: bool) -> torch.Tensor:
    sides = (codes[::2], codes[1::2]) if stereo else (codes,)
    return torch.cat([codec.decode(s[None, None], [None]).audio_values[0] for s in sides])


@pytest.mark.parametrize("name", SHAPES)
def test_streaming_equals_whole_decode_at_every_chunk_size(name: str) -> None:
    shape = SHAPES[name]
    codec = make_codec(shape)
    stream = stream_of(codec, shape)
    for frames in (1, 2, 3, 6, 25):
        codes = codes_for(stream, frames)
        expected = whole(codec, codes, shape.stereo)
        for chunk in (1, 2, 3, 7, 25):
            parts = [stream.push(codes[:, i : i + chunk]) for i in range(0, frames, chunk)]
            sound = torch.cat([*parts, stream.flush()], 1)
            assert sound.shape == expected.shape
            assert (sound - expected).abs().max() < 1e-5


@pytest.mark.parametrize("name", SHAPES)
def test_push_returns_exactly_the_final_samples(name: str) -> None:
    """Returned samples do not depend on later codes; the next sample does."""
    shape = SHAPES[name]
    codec = make_codec(shape)
    stream = stream_of(codec, shape)
    codes = codes_for(stream, 24)
    given = sum(stream.push(codes[:, i : i + 1]).shape[1] for i in range(12))
    assert given == 12 * stream.frame_size - stream.latency
    assert stream.lookahead_frames == math.ceil(stream.latency / stream.frame_size)
    other = codes.clone()
    other[:, 12:] = (other[:, 12:] + 1) % 64
    changed = (whole(codec, codes, shape.stereo) - whole(codec, other, shape.stereo)).abs().amax(0)
    assert changed[:given].max() < 1e-6
    assert changed[given : given + stream.frame_size].max() > 1e-4


def test_latency_of_the_published_architecture() -> None:
    """A sample of MusicGen's codec is final after 3.75 frames and two samples."""
    shape = SHAPES["as MusicGen"]
    stream = stream_of(make_codec(shape), shape)
    assert (stream.latency, stream.lookahead_frames) == (2402, 4)
    causal = SHAPES["causal"]
    assert stream_of(make_codec(causal), causal).latency == 0


class Work(TorchDispatchMode):
    """Records every tensor operation with its argument shapes."""

    def __init__(self) -> None:
        super().__init__()
        self.done: list[tuple] = []

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        shapes = tuple(tuple(a.shape) for a in args if isinstance(a, torch.Tensor))
        self.done.append((str(function), shapes))
        return function(*args, **(kwargs or {}))


@pytest.mark.parametrize("name", ["as nano", "causal", "dilated, with shortcuts"])
def test_cost_per_frame_is_constant(name: str) -> None:
    stream = stream_of(make_codec(SHAPES[name]), SHAPES[name])
    codes = codes_for(stream, 1)
    work = {}
    for frame in range(601):
        if frame in (20, 200, 600):
            with Work() as work[frame]:
                stream.push(codes)
        else:
            stream.push(codes)
    assert len(work[20].done) > 20
    assert work[20].done == work[200].done == work[600].done


def test_flush_begins_a_new_piece() -> None:
    shape = Shape()
    stream = stream_of(make_codec(shape), shape)
    codes = codes_for(stream, 9)
    first = torch.cat([stream.push(codes), stream.flush()], 1)
    second = torch.cat([stream.push(codes), stream.flush()], 1)
    assert torch.equal(first, second)
    assert stream.flush().shape == (1, 0)
    stream.push(codes)
    stream.reset()
    assert torch.equal(torch.cat([stream.push(codes), stream.flush()], 1), first)


@pytest.mark.parametrize("name", SHAPES)
def test_any_earlier_state_can_be_restored(name: str) -> None:
    shape = SHAPES[name]
    stream = stream_of(make_codec(shape), shape)
    codes, other = codes_for(stream, 30), codes_for(stream, 31)
    states, sound = [], []
    for i in range(30):
        states.append(stream.state)
        sound.append(stream.push(codes[:, i : i + 1]))
    for i in (29, 12, 12, 3, 0):
        stream.state = states[i]
        stream.push(other[:, :9])  # a different continuation, discarded
        stream.state = states[i]
        again = [stream.push(codes[:, j : j + 1]) for j in range(i, 30)]
        assert all(map(torch.equal, again, sound[i:]))


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_old_weight_norm_is_supported() -> None:
    """Checkpoints of an older PyTorch have weight_g and weight_v."""
    shape = Shape()
    codec = make_codec(shape)
    expected = stream_of(codec, shape).push(codes_for(stream_of(codec, shape), 12))
    for module in codec.decoder.modules():
        if hasattr(module, "parametrizations"):
            magnitude, direction = (
                module.parametrizations.weight.original0,
                module.parametrizations.weight.original1,
            )
            torch.nn.utils.parametrize.remove_parametrizations(module, "weight")
            torch.nn.utils.weight_norm(module)
            module.weight_g.data, module.weight_v.data = magnitude.data, direction.data
    stream = stream_of(codec, shape)
    assert torch.allclose(stream.push(codes_for(stream, 12)), expected, atol=1e-6)


def test_norm_over_the_whole_audio_is_refused() -> None:
    codec = EncodecModel(codec_config(Shape()).__class__(norm_type="time_group_norm"))
    with pytest.raises(MusicRFMError, match="time_group_norm"):
        StreamingCodec(codec, 4)
