"""The Fréchet distance from generated to rendered music, its checkpoint reader and network."""

from __future__ import annotations

import struct

import numpy as np
import pytest
import torch

from musicrfm.errors import MusicRFMError
from musicrfm.nano.judges import bundle, nearness, tagger


def varint(number: int) -> bytes:
    out = []
    while number >= 128:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


def block(entries: dict[bytes, bytes], restart: int = 3) -> bytes:
    """A block of a table; every `restart`-th key is written in full."""
    body, restarts, before = b"", [], b""
    for i, (key, value) in enumerate(entries.items()):
        shared = 0
        if i % restart == 0:
            restarts.append(len(body))
        else:
            while shared < min(len(key), len(before)) and key[shared] == before[shared]:
                shared += 1
        body += varint(shared) + varint(len(key) - shared) + varint(len(value)) + key[shared:]
        body += value
        before = key
    return body + b"".join(struct.pack("<I", at) for at in restarts + [len(restarts)])


def table(blocks: list[dict[bytes, bytes]]) -> bytes:
    file, places = b"", {}

    def add(content: bytes) -> bytes:
        nonlocal file
        place = varint(len(file)) + varint(len(content))
        file += content + b"\0" + b"cksm"
        return place

    for one in blocks:
        places[max(one)] = add(block(one))
    about, tops = add(block({})), add(block(places))
    return file + (about + tops).ljust(40, b"\0") + struct.pack("<Q", bundle.MAGIC)


def written(variables: dict[str, np.ndarray]) -> tuple[bytes, bytes]:
    """(index, data) of a checkpoint, in several blocks."""
    data, entries = b"", {b"": b"\x08\x01\x1a\x02\x08\x01"}  # the header comes first
    for name, value in sorted(variables.items()):
        dims = b"".join(
            b"\x12" + varint(len(d)) + d for d in (b"\x08" + varint(n) for n in value.shape)
        )
        kind = {"float32": 1, "int64": 9}[str(value.dtype)]
        entry = b"\x08" + varint(kind) + b"\x12" + varint(len(dims)) + dims
        entry += (b"\x20" + varint(len(data)) if data else b"") + b"\x28" + varint(value.nbytes)
        entries[name.encode()] = entry + b"\x35" + b"\1\2\3\4"
        data += value.tobytes()
    items = list(entries.items())
    return table([dict(items[i : i + 5]) for i in range(0, len(items), 5)]), data


def random_network() -> dict[str, np.ndarray]:
    """All variables of the network and one of its optimiser, with random values."""
    rng = np.random.default_rng(0)
    kernels = [(7, 38, 1, 204), (7, 67, 1, 204), (128, 1, 1, 51), (64, 1, 1, 51), (32, 1, 1, 51)]
    kernels += [(7, 561, 1, 64), (7, 64, 1, 64), (7, 64, 1, 64)]
    made = {}
    for kind, shapes in (("conv2d", kernels), ("dense", [(1506, 200), (200, 50)])):
        for i, shape in enumerate(shapes):
            name = f"{kind}_{i}" if i else kind
            made[f"{name}/kernel"] = rng.normal(size=shape) / np.sqrt(np.prod(shape[:-1]))
            made[f"{name}/bias"] = rng.normal(size=shape[-1]) / 10
    for i, width in enumerate([1, 204, 204, 51, 51, 51, 64, 64, 64, 1506, 200]):
        name = f"batch_normalization_{i}" if i else "batch_normalization"
        for part in ("moving_mean", "beta"):
            made[f"{name}/{part}"] = rng.normal(size=width) / 10
        for part in ("moving_variance", "gamma"):
            made[f"{name}/{part}"] = rng.uniform(0.5, 1.5, width)
    made["dense/bias/Adam"] = np.zeros(200)
    return {name: value.astype(np.float32) for name, value in made.items()}


def test_checkpoint_reads_back_as_written():
    rng = np.random.default_rng(0)
    wrote = {
        f"layer_{i}/{part}": rng.normal(size=shape).astype(np.float32)
        for i in range(4)
        for part, shape in (("kernel", (3, 5)), ("bias", (200,)), ("one", ()))
    }
    wrote["step"] = np.array(70_000_000_000)
    read = bundle.variables(*written(wrote))
    assert sorted(read) == sorted(wrote)
    for name, value in wrote.items():
        assert read[name].shape == value.shape and np.array_equal(read[name], value)


def test_damaged_checkpoint_is_refused():
    index, data = written({"a": np.ones(9, np.float32), "b": np.ones(9, np.float32)})
    for bad_index, bad_data in ((index[:-1], data), (index, data[:-8]), (b"", data)):
        with pytest.raises(MusicRFMError, match="no intact TensorFlow checkpoint"):
            bundle.variables(bad_index, bad_data)


def test_network_has_the_published_structure(tmp_path):
    (tmp_path / "MTT_musicnn").mkdir()
    index, data = written(random_network())
    (tmp_path / "MTT_musicnn" / ".index").write_bytes(index)
    (tmp_path / "MTT_musicnn" / ".data-00000-of-00001").write_bytes(data)
    weights = tagger.load(tmp_path)
    assert not any("Adam" in name for name in weights)
    audio = np.random.default_rng(0).normal(size=(32_000 * 7, 1)).astype(np.float32) * 0.1
    heard = tagger.listen(weights, audio, 32_000)
    assert heard.tags.shape == (2, 50) and heard.embedding.shape == (2, 200)
    assert len(heard.likeliest(3)) == 3 and set(heard.likeliest(3)) <= set(tagger.TAGS)
    # Patches are independent, and the order of time matters.
    x = torch.from_numpy(tagger.patches(np.random.default_rng(1).normal(size=90_000) * 0.1))
    one = tagger.forward(weights, x[:1])[0]
    assert torch.allclose(tagger.forward(weights, torch.cat((x[:1], x[:1])))[0][1:], one, atol=1e-4)
    assert not torch.allclose(tagger.forward(weights, x[:1].flip(1))[0], one, atol=1e-2)


def test_missing_network_weights_and_short_audio_are_refused(tmp_path):
    with pytest.raises(MusicRFMError, match="pip download --no-deps musicnn"):
        tagger.load(tmp_path)
    with pytest.raises(MusicRFMError, match="lacks conv2d_4/kernel"):
        weights = {k: torch.from_numpy(v) for k, v in random_network().items()}
        del weights["conv2d_4/kernel"]
        tagger.forward(weights, torch.zeros(1, 187, 96))
    with pytest.raises(MusicRFMError, match="too short"):
        tagger.patches(np.zeros(16_000, np.float32))


def test_frechet_distances_match_known_values():
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(400, 3))
    assert nearness.frechet(rows, rows) == pytest.approx(0, abs=1e-9)
    assert nearness.frechet(rows, rows + [3, 0, 4]) == pytest.approx(25)
    rows -= rows.mean(0)
    widths = np.array([2.0, 1.0, 3.0])
    white = rows @ np.linalg.inv(np.linalg.cholesky(np.cov(rows, rowvar=False))).T
    assert nearness.frechet(white, white * widths) == pytest.approx(1 + 0 + 4)  # of deviations
    turned = np.linalg.qr(rng.normal(size=(3, 3)))[0]  # no coordinate is preferred
    assert nearness.frechet(white @ turned, white * widths @ turned) == pytest.approx(5)


def test_similar_clips_are_at_the_floor_and_shifted_clips_above():
    rng = np.random.default_rng(0)
    scale = np.linspace(2, 0.01, 200)

    def clips(count: int, shift: float = 0.0) -> list[np.ndarray]:
        return [rng.normal(size=(3, 200)) * scale + shift * scale for _ in range(count)]

    held, further = clips(60), clips(40)
    same = nearness.compare(clips(30), held, further)
    assert same["clips_generated"] == 30 and same["clips_held_out"] == 60
    assert abs(same["above_the_floor"]) < 0.2 * same["floor"]
    assert same["floor_with_half_the_clips"] > same["floor"] > 0
    assert abs(same["extrapolated_floor"]) < 0.2 * same["floor"]
    other = nearness.compare(clips(30, 0.5), held, further)
    told = np.square(0.5 * scale @ nearness._main(further)[0]).sum()  # how far the means are apart
    assert other["extrapolated_distance"] == pytest.approx(told, abs=3 * other["deviation"])
    assert other["above_the_floor"] > 3 * abs(same["above_the_floor"]) and other["deviation"] > 0
    assert nearness.distance(held[:30], held[30:], further) == pytest.approx(same["floor"], rel=0.5)


def test_start_of_a_clip_is_left_out():
    audio = np.arange(5 * 32_000)
    heard = nearness.part(audio, 32_000)
    assert heard[0] == 32_000 and len(heard) == round(3.1 * 32_000)
    assert tagger.patches(heard[::2] / 1e5).shape[0] == 1
