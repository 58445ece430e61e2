"""The decoder packed in 4 and 8 bits equals a float32 decoder with the unpacked weights."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from musicrfm.errors import MusicRFMError
from musicrfm.kernels.lanes import GROUP, LANES
from musicrfm.kernels.team import Team
from musicrfm.kernels.turns import begin, counters, done, end, enter, leave, take, wait
from musicrfm.model import MusicModel
from musicrfm.runtime import packed
from musicrfm.runtime.backends import decoder_for
from musicrfm.runtime.decoder import HELD, Push, StepDecoder
from musicrfm.runtime.defaults import CACHES
from musicrfm.stream import MusicStream
from musicrfm.weights.packed import MATRICES, Packed, pack
from musicrfm.weights.pages import LARGE, Parts, zeros
from tests.checkpoints import make_checkpoint

pytestmark = pytest.mark.needs("numba")

LENGTH = 20
SHAPES = {
    "mono": {},
    "stereo": {"stereo": True},
    "odd heads": {"heads": 3, "width": 36},
    "melody": {"melody": True},
}


def random_matrix(outputs: int, inputs: int) -> Tensor:
    return torch.randn(outputs, inputs, generator=torch.Generator().manual_seed(outputs + inputs))


def unpacked(packed: Packed, row: int) -> Tensor:
    """A packed matrix as float32 [outputs, inputs], padding included."""
    bits, inputs, outputs, numbers, scales = map(int, packed.table[row])
    blocks, count = outputs // LANES, outputs * inputs
    if bits == 8:
        found = packed.memory[numbers : numbers + count].view(np.int8)
        found = found.reshape(blocks, inputs // 2, LANES, 2).transpose(0, 2, 1, 3)
        scale = packed.memory[scales : scales + 4 * outputs].view(np.float32)
        return torch.from_numpy(found.reshape(outputs, inputs) * scale[:, None])
    found = packed.memory[numbers : numbers + count // 2].view(np.uint16)
    found = found.reshape(blocks, inputs // 8, LANES, 2)
    parts = [((found >> 4 * q) & 15).astype(np.float32) - 8 for q in range(4)]
    four = np.stack(parts, 3).transpose(0, 2, 1, 3, 4).reshape(outputs, -1, GROUP)
    scale = packed.memory[scales : scales + 2 * count // GROUP].view(np.uint16)
    scale = scale.reshape(blocks, -1, LANES).transpose(0, 2, 1).reshape(outputs, -1)
    scale = (scale.astype(np.uint32) << 16).view(np.float32)
    return torch.from_numpy((four * scale[..., None]).reshape(outputs, inputs))


@pytest.mark.parametrize(("bits", "most"), [(8, 0.008), (4, 0.1)])
def test_packed_matrix_is_close_to_the_original(bits: int, most: float) -> None:
    exact = random_matrix(9 * LANES, 96)
    found = pack([(exact, bits), (None, bits), (exact, bits)])
    assert found.table[1].tolist() == [8, 0, 0, 0, 0]
    for row in (0, 2):
        assert (unpacked(found, row) - exact).norm() / exact.norm() < most
    per_weight = len(found.memory) / (2 * exact.numel())
    assert per_weight < (0.7 if bits == 4 else 1.2)


def test_incomplete_blocks_are_padded_with_zeros() -> None:
    exact = random_matrix(3, 5)
    found = unpacked(pack([(exact, 4)]), 0)
    assert found.shape == (LANES, GROUP)
    assert found[3:].abs().max() == 0 and found[:, 5:].abs().max() == 0
    assert (found[:3, :5] - exact).norm() / exact.norm() < 0.1


@pytest.mark.parametrize("value", [0.0, 1e-30])
def test_groups_of_tiny_values_stay_finite(value: float) -> None:
    found = unpacked(pack([(torch.full((LANES, GROUP), value), 4)]), 0)
    assert found.isfinite().all() and found.abs().max() <= 2 * value


def plain(model: MusicModel) -> MusicModel:
    """A float32 model with the unpacked weights of the given model."""
    weights = model.decoder_weights
    matrices = [unpacked(weights.packed, row) for row in range(len(weights.packed.table))]
    blocks = []
    for i, block in enumerate(weights.blocks):
        parts = {}
        for name, matrix in zip(MATRICES, matrices[i * len(MATRICES) :], strict=False):
            part = getattr(block, name)
            if part is None:
                parts[name] = None
            elif name.startswith("to_"):
                parts[name] = matrix[: part.shape[1], : part.shape[0]].T
            else:
                parts[name] = matrix[: part.shape[0], : part.shape[1]]
        blocks.append(replace(block, **{name: floats(part) for name, part in parts.items()}))
    heads = matrices[-1][: weights.heads.shape[0], : weights.heads.shape[1]]
    other = MusicModel(model.name, model.hf, model.tokenizer)
    exact = [replace(b, **{n: floats(getattr(b, n)) for n in vars(b)}) for b in blocks]
    rest = {n: floats(getattr(weights, n)) for n in ("embedding", "positions", "norm")}
    other.__dict__["decoder_weights"] = replace(
        weights, packed=None, blocks=tuple(exact), heads=heads, **rest
    )
    return other


def floats(part: object) -> object:
    if isinstance(part, tuple):
        return tuple(floats(each) for each in part)
    return part.float() if isinstance(part, Tensor) and part.is_floating_point() else part


def inputs_for(model: MusicModel) -> Tensor:
    generator = torch.Generator().manual_seed(2)
    codes = torch.randint(model.codes, (1, model.codebooks, LENGTH - 1), generator=generator)
    return model.delay(codes)[0]


def pushes_for(model: MusicModel) -> list[Push]:
    """All kinds of push, each for four positions in a row."""
    generator = torch.Generator().manual_seed(3)
    offset = torch.randn(model.layers, model.width, generator=generator)
    basis = torch.linalg.qr(torch.randn(model.layers, model.width, HELD, generator=generator))[0]
    kinds = [
        Push(torch.zeros_like(offset)),
        Push(offset),
        Push(offset, prompted_only=True),
        Push(offset, keep_norm=True),
        Push(offset, basis=basis.mT.contiguous()),
        Push(0.5 * offset, True, True, 0.5 * basis.mT.contiguous()),
    ]
    return [kinds[i // 4 % len(kinds)] for i in range(LENGTH)]


def decoder_of(model: MusicModel, guided: bool = True, cache: str | None = None) -> StepDecoder:
    decoder = decoder_for(model, LENGTH, cache)
    decoder.guided = guided
    decoder.set_prompt(model.encode_prompt("a tune"))
    return decoder


def played(decoder: StepDecoder, inputs: Tensor, pushes: list[Push]) -> Tensor:
    found = []
    for i, push in enumerate(pushes):
        decoder.steer(push)
        found.append(decoder.step(inputs[:, i : i + 1], i))
    return torch.stack(found)


@pytest.mark.parametrize("guided", [True, False])
@pytest.mark.parametrize("dtype", ["int4", "int8"])
@pytest.mark.parametrize("shape", SHAPES)
def test_packed_step_matches_the_unpacked_weights(
    shape: str, dtype: str, guided: bool, tmp_path: Path
) -> None:
    folder = make_checkpoint(tmp_path / "any", **SHAPES[shape])
    model = MusicModel.load(folder, device="cpu", dtype=dtype)
    inputs, pushes = inputs_for(model), pushes_for(model)
    found = played(decoder_of(model, guided), inputs, pushes)
    expected = played(decoder_of(plain(model), guided), inputs, pushes)
    assert found.shape == expected.shape
    # The remaining difference is the cache in 8 bits and the prompt in bfloat16.
    assert (found - expected).norm() / expected.norm() < 0.02


@pytest.mark.parametrize("shape", SHAPES)
def test_cache_in_16_bits_is_closer_to_float32_attention(shape: str, tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path / "any", **SHAPES[shape])
    model = MusicModel.load(folder, device="cpu", dtype="int4")
    inputs, still = inputs_for(model), [Push(torch.zeros(model.layers, model.width))] * LENGTH
    exact = played(decoder_of(plain(model)), inputs, still)
    apart = {
        cache: (played(decoder_of(model, cache=cache), inputs, still) - exact).norm() / exact.norm()
        for cache in CACHES
    }
    assert apart["int8"] < 0.01 and apart["int16"] < 0.5 * apart["int8"]


def test_cache_of_another_precision_is_refused(tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path / "any")
    for dtype, cache in (("int8", "int4"), ("float32", "int16")):
        model = MusicModel.load(folder, device="cpu", dtype=dtype)
        with pytest.raises(
            MusicRFMError, match=f"the cache cannot be '{cache}'.* has int8 or int16"
        ):
            MusicStream(model, cache=cache)
    stream = MusicStream(MusicModel.load(folder, device="cpu", dtype="int4"), cache="int16")
    assert stream._window.decoder.memory.keys.dtype == np.int16
    assert stream.generate(30).any() and not stream.faults


@pytest.mark.parametrize("shape", ["mono", "melody"])
def test_packed_prefill_equals_steps(shape: str, tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path / "any", **SHAPES[shape])
    model = MusicModel.load(folder, device="cpu", dtype="int4")
    inputs, pushes = inputs_for(model), pushes_for(model)
    expected = played(decoder_of(model), inputs, pushes)[-1]
    reader = decoder_of(model)
    reader.prefill(inputs[:, :3], pushes[:3])
    reader.prefill(inputs[:, 3:-1], pushes[3:-1], position=3)
    reader.steer(pushes[-1])
    assert torch.equal(reader.step(inputs[:, -1:], LENGTH - 1), expected)
    later = decoder_of(model, guided=False)
    played(later, inputs[:, :-1], pushes[:-1])
    later.guided = True
    later.prefill(inputs[:, :-1], pushes[:-1], first_row=1)
    later.steer(pushes[-1])
    assert torch.equal(later.step(inputs[:, -1:], LENGTH - 1), expected)


def test_several_threads_compute_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = MusicModel.load(make_checkpoint(tmp_path / "any"), device="cpu", dtype="int4")
    inputs, pushes = inputs_for(model), pushes_for(model)
    expected = played(decoder_of(model), inputs, pushes)
    helpers = Team(3)
    monkeypatch.setattr(packed, "team", lambda threads: helpers)
    for _ in range(5):
        assert torch.equal(played(decoder_of(model), inputs, pushes), expected)


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_every_chunk_of_a_phase_is_taken_once(threads: int) -> None:
    chunks, taken = 50, []
    turns = counters(2, threads)
    assert turns.ctypes.data % 64 == 0
    begin(turns, 1)

    def work(number: int) -> None:
        if number and not enter(turns, 1):
            return
        for phase in range(2):
            while True:
                first, last = take(turns, phase, chunks)
                if first == last:
                    break
                taken.extend((phase, chunk) for chunk in range(first, last))
                done(turns, phase, last - first)
            wait(turns, phase, chunks)
        (leave if number else end)(*((turns,) if number else (turns, 1)))

    Team(threads)(work)
    assert sorted(taken) == [(phase, chunk) for phase in range(2) for chunk in range(chunks)]


def test_memory_begins_on_a_cache_line_and_on_large_pages() -> None:
    small, large = zeros((3, 5), np.float32), zeros((3, LARGE), np.uint8)
    assert small.shape == (3, 5) and small.ctypes.data % 64 == 0 and not small.any()
    assert large.shape == (3, LARGE) and large.ctypes.data % 64 == 0 and not large.any()
    large[:] = 7
    assert (large == 7).all()


def test_stored_parts_lie_one_behind_the_other() -> None:
    parts, given = Parts(), [np.arange(n, dtype=np.float32) for n in (5, 16, 1)]
    places = [parts.add(part) for part in given]
    memory = parts.whole()
    assert places == [0, 64, 128] and len(memory) == 192
    for place, part in zip(places, given, strict=True):
        assert np.array_equal(memory[place : place + part.nbytes].view(np.float32), part)


def test_team_does_not_wait_for_blocked_helpers() -> None:
    asleep, numbers = threading.Event(), []

    def work(number: int) -> None:
        if number:
            asleep.wait(10)
        numbers.append(number)

    helpers = Team(2)
    helpers(work)
    helpers(work)
    assert numbers == [0, 0]
    asleep.set()


def test_nan_positions_are_visible_and_can_be_forgotten(tmp_path: Path) -> None:
    model = MusicModel.load(make_checkpoint(tmp_path / "any"), device="cpu", dtype="int8")
    inputs = inputs_for(model)
    still, wild = (torch.full((model.layers, model.width), x) for x in (0.0, torch.nan))
    decoder = decoder_of(model)
    assert not played(decoder, inputs, [Push(still), Push(wild)])[1].isfinite().any()
    decoder.steer(Push(still))
    assert not decoder.step(inputs[:, 2:3], 2).isfinite().any()  # it is still in the cache
    decoder.forget(1)
    assert decoder.step(inputs[:, 2:3], 2).isfinite().all()


def test_int4_stream_plays_past_its_window(tmp_path: Path) -> None:
    model = MusicModel.load(make_checkpoint(tmp_path / "any"), device="cpu", dtype="int4")
    stream = MusicStream(model, "a tune", seed=3, window_seconds=1.0, keep_seconds=0.4)
    sound = stream.generate(120)
    assert np.isfinite(sound).all() and stream.faults == 0
    assert np.abs(sound).max() > 0


def test_int4_is_refused_where_unsupported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(MusicRFMError, match="int4 is for CPUs.*not for cuda: use float16"):
        packed.check_int4(torch.device("cuda"))
    folder = make_checkpoint(tmp_path / "other", activation="relu")
    model = MusicModel.load(folder, device="cpu", dtype="int4")
    with pytest.raises(MusicRFMError, match="its activation is not gelu: use int8"):
        decoder_for(model)
    monkeypatch.setattr(packed, "packed_kernels", lambda: None)
    with pytest.raises(MusicRFMError, match="int4 needs the package numba"):
        MusicModel.load(folder, device="cpu", dtype="int4")


def test_capture_of_hidden_states_in_int8_is_refused(checkpoint: Path, tmp_path: Path) -> None:
    model = MusicModel.load(checkpoint, device="cpu", dtype="int8")
    with pytest.raises(MusicRFMError, match="captured with dtype int8: load the model in float32"):
        MusicStream(model, "a tune", capture="all", capture_to=tmp_path / "states.npy")
    stream = MusicStream(model, "a tune", seed=1)
    assert np.abs(np.concatenate([next(stream) for _ in range(8)])).max() > 0.0
