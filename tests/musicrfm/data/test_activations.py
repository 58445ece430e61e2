"""Pooled hidden states: values, row order, caching and memory use."""

from __future__ import annotations

import tracemalloc
from functools import partial

import numpy as np
import pytest
import torch

from musicrfm.data.activations import activations, pool, stream
from musicrfm.data.clips import ClipSet
from musicrfm.data.hidden import hear
from musicrfm.data.states import States
from musicrfm.errors import MusicRFMError
from musicrfm.steering.layers import layer_numbers
from tests.jobs import noise


def clip(seed: int, seconds: float = 0.6) -> tuple[np.ndarray, int]:
    rng = np.random.default_rng(seed)
    return (0.2 * rng.normal(size=int(seconds * 32_000))).astype(np.float32), 32_000


@pytest.mark.parametrize("pooling", ["mean", "max", "last", "mean+std"])
def test_rows_are_pooled_hidden_states_in_order(model, pooling):
    clips = [clip(0), clip(1), clip(2, 0.4), clip(3)]
    found = activations(model, clips, pooling, batch=2)
    width = model.width * (2 if pooling == "mean+std" else 1)
    assert found.shape == (4, model.layers, width) and found.dtype == np.float32
    for row, (audio, rate) in zip(found, clips, strict=True):
        states = model.hidden_states(model.encode_audio(audio, rate)[None])[:, 0]  # [L, T, width]
        by_hand = {
            "mean": states.mean(1),
            "max": states.amax(1),
            "last": states[:, -1],
            "mean+std": torch.cat([states.mean(1), states.std(1, unbiased=False)], -1),
        }[pooling]
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


def clip_set(count: int, silent: tuple[int, ...] = (), **about) -> ClipSet:
    """Noise clips in groups of two; the given ones are silent."""
    rows = [{"number": i, "silent": i in silent} for i in range(count)]
    return ClipSet("noise", rows, [i // 2 for i in range(count)], about, partial(noise, 0.3))


def test_hidden_states_of_a_clip_set_are_stored_on_disk(model, tmp_path):
    clips = clip_set(7, silent=(2, 6))
    data = hear(model, clips, "max", batch=2, cache=tmp_path)
    assert [row["number"] for row in data.rows] == [0, 1, 3, 4, 5]
    assert data.groups == [0, 0, 1, 2, 2] and data.name == "noise" and data.model == model.name
    sounds = [clips.hear(row) for row in data.rows]
    np.testing.assert_array_equal(data.states[:4], activations(model, sounds[:4], "max", batch=2))
    assert isinstance(data.states, np.memmap)
    np.testing.assert_array_equal(data.on_disk.layer(1), data.states[:, 1])


def test_hidden_states_are_cached_by_set_and_settings(model, tmp_path, monkeypatch):
    first = hear(model, clip_set(4, silent=(1,)), cache=tmp_path)
    heard = []
    monkeypatch.setattr(model, "encode_audio", lambda *a: heard.append(1) or 1 / 0)
    again = hear(model, clip_set(4, silent=(1,)), cache=tmp_path)
    np.testing.assert_array_equal(first.states, again.states)
    assert again.rows == first.rows and not heard
    for other in (
        partial(hear, model, clip_set(5, silent=(1,))),
        partial(hear, model, clip_set(4)),
        partial(hear, model, clip_set(4, silent=(1,), peak=0.5)),
        partial(hear, model, clip_set(4, silent=(1,)), "last"),
        partial(hear, model, clip_set(4, silent=(1,)), layers=[0]),
        partial(hear, model, clip_set(4, silent=(1,)), dtype="float16"),
    ):
        with pytest.raises(ZeroDivisionError):
            other(cache=tmp_path)


def test_interrupted_hidden_states_resume(model, tmp_path, monkeypatch):
    clips = clip_set(9, silent=(4,))
    whole = hear(model, clips, batch=2, cache=tmp_path / "whole")
    count, encode = 0, model.encode_audio

    def fail_at_seventh(*args):
        nonlocal count
        count += 1
        if count == 7:
            raise KeyboardInterrupt
        return encode(*args)

    monkeypatch.setattr(model, "encode_audio", fail_at_seventh)
    with pytest.raises(KeyboardInterrupt):
        hear(model, clips, batch=2, cache=tmp_path / "half")
    (folder,) = (tmp_path / "half").iterdir()
    with (folder / "heard.jsonl").open("a") as file:
        file.write('{"first": 4, "kept": [4')  # the power went
    finished = hear(model, clips, batch=2, cache=tmp_path / "half")
    assert count == 7 + 4  # the four clips of two batches were not encoded again
    np.testing.assert_array_equal(finished.states, whole.states)
    assert finished.rows == whole.rows


def test_worker_processes_give_the_same_states(model, tmp_path):
    clips = clip_set(6, silent=(3,))
    here = hear(model, clips, batch=4, cache=tmp_path / "here")
    there = hear(model, clips, batch=4, cache=tmp_path / "there", workers=1)
    np.testing.assert_array_equal(here.states, there.states)
    assert there.rows == here.rows


def test_layers_may_be_counted_from_the_end(model, tmp_path):
    assert layer_numbers(None, 4) == [0, 1, 2, 3]
    assert layer_numbers([-1, 0, 3], 4) == [0, 3]
    whole = hear(model, clip_set(3), cache=tmp_path)
    last = hear(model, clip_set(3), cache=tmp_path, layers=[-1])
    assert last.layers == [model.layers - 1] and last.depth == model.layers
    np.testing.assert_array_equal(last.states[:, 0], whole.states[:, -1])
    for wrong, words in (
        ([2], "layer 2 does not exist: the model has layers 0 to 1"),
        ([], "no layers"),
    ):
        with pytest.raises(MusicRFMError, match=words):
            hear(model, clip_set(3), cache=tmp_path, layers=wrong)


def test_empty_and_silent_sets_are_refused(model, tmp_path):
    with pytest.raises(MusicRFMError, match="'noise' has no clips"):
        hear(model, clip_set(0), cache=tmp_path)
    with pytest.raises(MusicRFMError, match="every clip of 'noise' is silent"):
        hear(model, clip_set(2, silent=(0, 1)), cache=tmp_path)
    with pytest.raises(MusicRFMError, match="batch size 0 must be at least 1"):
        hear(model, clip_set(2), cache=tmp_path, batch=0)


def test_mismatched_or_damaged_states_are_discarded(tmp_path):
    ones = np.ones((3, 2, 4), np.float32)
    States.of(tmp_path, ones)
    assert States.open(tmp_path, 3, 2, 4).done
    assert States.load(tmp_path).kept == [0, 1, 2]
    assert States.open(tmp_path, 4, 2, 4).heard == 0
    States.of(tmp_path / "b", ones)
    (tmp_path / "b" / "states.bin").write_bytes(b"short")
    with pytest.raises(MusicRFMError, match="damaged"):
        States.load(tmp_path / "b")
    assert States.open(tmp_path / "b", 3, 2, 4).heard == 0
    with pytest.raises(MusicRFMError, match="does not contain hidden states"):
        States.load(tmp_path / "c")


def test_overflow_of_half_precision_states_is_refused(tmp_path):
    states = States.open(tmp_path, 2, 1, 3, "float16")
    states.append(np.full((1, 1, 3), 1.5), [0], 1)
    assert states.layer(0).dtype == np.float32 and (states.layer(0) == 1.5).all()
    with pytest.raises(MusicRFMError, match="not finite in float16"):
        states.append(np.full((1, 1, 3), 1e6), [1], 2)
    with pytest.raises(MusicRFMError, match="stored as 'int8'"):
        States.open(tmp_path, 2, 1, 3, "int8")


def test_forty_thousand_clips_of_a_large_model_need_little_memory(tmp_path):
    """16 GB on disk; in memory one batch while storing and one layer while fitting."""
    clips, layers, features = 40_000, 48, 2048
    states = States.open(tmp_path, clips, layers, features)
    batch = np.random.default_rng(0).normal(size=(16, layers, features)).astype(np.float32)
    tracemalloc.start()
    try:
        states.append(batch, list(range(16)), clips - 16)
        _, hearing = tracemalloc.get_traced_memory()
        states.kept = list(range(10_000))  # as if these had been stored
        tracemalloc.reset_peak()
        layer = states.layer(47)
        _, fitting = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (tmp_path / "states.bin").stat().st_size == clips * layers * features * 4
    assert layer.shape == (10_000, features)
    np.testing.assert_array_equal(layer[:16], batch[:, 47])
    assert hearing < 3 * batch.nbytes
    assert fitting < 1.1 * 10_000 * features * 4  # 328 MB for all of them


def test_memory_does_not_grow_with_the_number_of_clips(tmp_path):
    """From clips to stored states, with a stand-in model of many layers."""

    class Large:
        layers, width, device = 12, 256, torch.device("cpu")

        def encode_audio(self, audio, sample_rate):
            return torch.from_numpy(audio[:40].copy())[None]

        def hidden_states(self, codes, reduce):
            grown = codes[:, 0, :, None].expand(-1, -1, self.width)
            return torch.stack([reduce(grown * layer) for layer in range(self.layers)])

    def peak(count: int) -> int:
        states = States.open(tmp_path / str(count), count, Large.layers, Large.width)
        tracemalloc.start()
        try:
            stream(Large(), clip_set(count), states, "mean", batch=8)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    pooled_batch = 8 * Large.layers * Large.width * 4
    few, many = peak(16), peak(400)
    assert len(States.load(tmp_path / "400").kept) == 400
    assert many < few + 400 * 1000  # rows and their numbers, a fraction of the 5 MB of states
    assert many < 10 * pooled_batch
