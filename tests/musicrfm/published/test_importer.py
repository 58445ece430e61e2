"""Published directions are imported layer by layer, and no code in a file is executed."""

from __future__ import annotations

import builtins
import io
import json
import os
import pickle
import struct
import time
import tracemalloc
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress

import numpy as np
import pytest
import torch

from musicrfm.cli import main
from musicrfm.directions import Direction
from musicrfm.errors import MusicRFMError
from musicrfm.published.importer import import_direction, model_size, published
from musicrfm.published.pickles import LARGEST_FILE, read_pickle
from musicrfm.steering.steering import Steering

LARGE = "music_rfm_note_D#_ncomp3_musicgen_large.pkl"


def components(width: int = 2048, count: int = 3, seed: int = 0) -> torch.Tensor:
    """Orthonormal rows, transposed from columns as eigenvectors are."""
    generator = torch.Generator().manual_seed(seed)
    return torch.linalg.qr(torch.randn(width, count, generator=generator))[0].T


@pytest.fixture
def large(tmp_path):
    """A file like that of the published note walk-through, with its 47 layers."""
    vectors = {n: components(seed=-n) for n in range(-1, -48, -1)}
    path = tmp_path / "directions" / LARGE
    path.parent.mkdir()
    path.write_bytes(pickle.dumps(vectors))
    return path, vectors


@pytest.fixture
def small(tmp_path, model):
    """A file for the model `tiny`, which has two layers."""
    vectors = {n: components(model.width, 2, -n) for n in (-1, -2)}
    path = tmp_path / "music_rfm_note_C_tiny.pkl"
    path.write_bytes(pickle.dumps(vectors))
    return path, vectors


def results(path, scores: dict[int, float], **more: object) -> None:
    layers = {
        n: {"train_results": {"score": s, "accuracy": None, **more}} for n, s in scores.items()
    }
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"layer_metrics": layers, "aggregated_metrics": {}}))


def test_layer_minus_k_becomes_block_layers_minus_k(large):
    path, vectors = large
    direction = import_direction(path)
    assert (direction.name, direction.model, direction.layers) == ("note_Ds", "musicgen-large", 48)
    assert (direction.meta["concept"], direction.meta["target"]) == ("note", "Ds")
    assert not direction.vectors[0].any()  # the published loop stops before the first block
    for n, vector in vectors.items():
        torch.testing.assert_close(direction.vectors[48 + n], vector)
    assert direction.layer_scores[1:].tolist() == [1.0] * 47


def test_imported_coefficient_gives_the_published_offset(small, checkpoint, model):
    path, vectors = small
    direction = import_direction(path, str(checkpoint))
    steering = Steering(model.layers, model.width, model.name)
    steering.add(direction, 0.6)
    expected = torch.stack([vectors[-2][0], vectors[-1][0]]) * 0.6
    torch.testing.assert_close(steering.offset(0), expected)


def test_scores_are_found_beside_the_file(large, tmp_path):
    path, _ = large
    results(tmp_path / "results" / "note_D#_ncomp3.json", {-1: 0.5, -2: 0.75, -47: 0.9})
    scores = import_direction(path).layer_scores
    assert scores[[47, 46, 1]].tolist() == pytest.approx([0.5, 0.75, 0.9])
    assert scores[[0, 20]].tolist() == [0.5, 0.5]  # unknown, so no better than the worst


def test_scores_of_a_regression_are_errors(tmp_path):
    path = tmp_path / "music_rfm_tempo_regression_ncomp8_normalized_musicgen_small.pkl"
    path.write_bytes(pickle.dumps({n: components(1024) for n in range(-1, -24, -1)}))
    given = tmp_path / "elsewhere.json"
    results(given, {n: -n / 100 for n in range(-1, -24, -1)}, r2=0.5)
    direction = import_direction(path, scores=given)
    assert (direction.name, direction.meta["kind"]) == ("tempo", "regression")
    assert direction.meta["metric_higher_is_better"] is False
    assert direction.layer_scores[0] == direction.layer_scores.max()
    assert direction.layer_scores[23] == direction.layer_scores.min()


def test_numpy_arrays_and_other_precisions_are_imported(tmp_path, checkpoint, model):
    path = tmp_path / "linear_note_C_tiny.pkl"
    wanted = components(model.width, 1)
    for one in (wanted.numpy(), np.asfortranarray(wanted.double()), wanted.double()):
        for protocol in (2, 4, 5):
            path.write_bytes(pickle.dumps({-1: one, -2: one}, protocol=protocol))
            direction = import_direction(path, str(checkpoint))
            torch.testing.assert_close(direction.vectors[1], wanted)
    assert direction.meta["method"] == "linear"
    path.write_bytes(pickle.dumps({-1: wanted.bfloat16()}))
    vectors = import_direction(path, str(checkpoint)).vectors
    torch.testing.assert_close(vectors[1], wanted, atol=0.01, rtol=0.01)


def saved(content: dict, **options: object) -> bytes:
    buffer = io.BytesIO()
    torch.save(content, buffer, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("place", ["cpu", "cuda:0", "mps"])
@pytest.mark.parametrize("dump", [pickle.dumps, saved], ids=["plain", "archive"])
def test_every_pickle_format_is_imported(dump, place, tmp_path, checkpoint, model, monkeypatch):
    monkeypatch.setattr(torch.serialization, "location_tag", lambda storage: place)
    wanted = components(model.width, 3)
    large = torch.zeros(2, 3, 2 * model.width)
    large[1, :, ::2] = wanted
    path = tmp_path / "music_rfm_note_C_tiny.pkl"
    for content in (
        {-n: torch.nn.Parameter(wanted) for n in (1, 2)},
        {-n: large[1, :, ::2] for n in (1, 2)},
        {np.int64(-n): wanted for n in (1, 2)},
        {np.int32(-n): wanted.double() for n in (1, 2)},
    ):
        path.write_bytes(dump(content))
        vectors = import_direction(path, str(checkpoint)).vectors
        assert torch.equal(vectors, torch.stack([wanted, wanted]))


def test_one_vector_is_one_component(tmp_path, checkpoint, model):
    path = tmp_path / "music_rfm_note_C_tiny.pkl"
    wanted = components(model.width, 1)
    for one in (wanted[0], wanted[0].numpy()):
        path.write_bytes(pickle.dumps({-1: one, -2: one}))
        direction = import_direction(path, str(checkpoint))
        assert direction.components == 1 and torch.equal(direction.vectors[1], wanted)


@pytest.mark.parametrize(
    ("file", "says"),
    [
        (LARGE, ("rfm", "note", "D#", "binary", "musicgen-large")),
        ("music_rfm_interval_6_ncomp12_musicgen-stereo-medium.pkl",
         ("rfm", "interval", "6", "binary", "musicgen-stereo-medium")),
        ("music_rfm_notes_multiclass_ncomp12_musicgen_large.pkl",
         ("rfm", "notes", None, "multiclass", "musicgen-large")),
        ("logistic_chord_major_mine.pkl", ("logistic", "chord", "major_mine", "binary", None)),
    ],
)  # fmt: skip
def test_published_file_names_are_parsed(file, says):
    name = published(file)
    assert (name.method, name.concept, name.target, name.kind, name.model) == says


def test_sizes_of_the_published_models():
    assert model_size("facebook/musicgen-small") == (24, 1024)
    assert model_size("musicgen-stereo-melody") == model_size("facebook/musicgen-medium")
    assert model_size("facebook/musicgen-melody-large") == (48, 2048)
    for unknown in ("facebook/musicgen", "me/other-large"):
        with pytest.raises(MusicRFMError, match="size of model"):
            model_size(unknown)


def test_import_command_writes_a_direction_and_numbers_a_second_one(
    small, checkpoint, tmp_path, capsys
):
    path, _ = small
    arguments = ["import", str(path), "--model", str(checkpoint), "--out", str(tmp_path / "out")]
    assert main([*arguments, "--concept", "pitch", "--target", "c"]) == 0
    printed = capsys.readouterr().out
    assert "layers 0 to 1 of 0 to 1 (in the file -2 to -1)" in printed
    assert "all layers have equal weight" in printed
    loaded = Direction.load(tmp_path / "out" / "tiny" / "pitch_c.safetensors")
    assert loaded.model == "tiny"
    kept = (tmp_path / "out" / "tiny" / "pitch_c.safetensors").read_bytes()
    assert main([*arguments, "--concept", "pitch", "--target", "c"]) == 0
    assert (tmp_path / "out" / "tiny" / "pitch_c.safetensors").read_bytes() == kept
    again = Direction.load(tmp_path / "out" / "tiny" / "pitch_c-2.safetensors")
    assert again.name == "pitch_c-2" and "pitch_c exists already" in capsys.readouterr().err
    assert main(["import", str(tmp_path / "none.pkl")]) == 2


# ---- files that are refused ----


class Calls:
    """Pickles as a call of `function`, like a malicious file."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


def nested(tensor: torch.Tensor, inner: bytes) -> bytes:
    """A pickled tensor with `inner` as the pickle of its storage."""
    rebuild, (storage, *rest) = tensor.__reduce_ex__(2)
    load, _ = storage.__reduce__()
    return pickle.dumps({-1: Calls(rebuild, Calls(load, inner), *rest)})


def storage_bytes(tensor: torch.Tensor) -> bytes:
    return tensor.__reduce_ex__(2)[1][0].__reduce__()[1][0]


def archive(change: Callable[[str, bytes], bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    """An archive of torch.save with `change` applied to every member."""
    honest, made = zipfile.ZipFile(io.BytesIO(saved({-1: torch.ones(1, 32)}))), io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as changed:
        for name in honest.namelist():
            changed.writestr(name, change(name, honest.read(name)))
    return made.getvalue()


def malicious(marker: str) -> dict[str, bytes]:
    attack = Calls(os.system, f"touch {marker}")
    ones = torch.ones(2, 4)
    honest = storage_bytes(ones)
    claim = struct.pack("<q", 8)
    return {
        "os.system": pickle.dumps({-1: attack}),
        "builtins.eval": pickle.dumps({-1: Calls(eval, f"open({marker!r}, 'w')")}),
        "getattr": pickle.dumps({-1: Calls(getattr, "torch", "load")}),
        "a key that calls": pickle.dumps([attack]),
        "call inside a tensor": nested(ones, pickle.dumps(attack)),
        "call instead of a storage": nested(
            ones, honest[:-40].replace(b"ctorch\nFloatStorage\n", b"cposix\nsystem\n")
        ),
        "function that torch has": pickle.dumps({-1: Calls(torch.hub.load, "x", "y")}),
        "protocol 0": b"cos\nsystem\n(S'touch " + marker.encode() + b"'\ntR.",
        "instance": b"(S'touch " + marker.encode() + b"'\nios\nsystem\n.",
        "new object": b"\x80\x02cbuiltins\nobject\n)\x81.",
        "extension": b"\x80\x02\x82\x01.",
        "attributes of a name": b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n"
                                b"}X\x04\x00\x00\x00callK\x01sb.",
        "name that speaks to a terminal": b"\x80\x04\x8c\x05\x1b[2J\n\x8c\x01x\x93.",
        "persistent id": b"\x80\x02X\x03\x00\x00\x00abcQ.",
        "strange persistent id": nested(ones, honest.replace(b"storage", b"strange")),
        "unknown persistent id": nested(ones, honest.replace(b"K\x08Nt", b"K\x08K\x01t")),
        "numbers that are not there": nested(ones, honest.replace(claim, struct.pack("<q", 2**40))),
        "storage cut short": nested(ones, honest[:-4]),
        "huge bytes": b"\x80\x04\x8e" + struct.pack("<Q", 2**60) + b".",
        "huge text": b"\x80\x04\x8d" + struct.pack("<Q", 2**62) + b".",
        "huge frame": b"\x80\x04\x95" + struct.pack("<Q", 2**62) + b"}.",
        "huge memo": b"\x80\x02}r\xff\xff\xff\xff.",
        "array of objects": pickle.dumps({-1: np.array([[None]], dtype=object)}),
        "array of integers": pickle.dumps({-1: np.ones((1, 32), dtype=np.int64)}),
        "array without numbers": pickle.dumps({-1: Calls(np.empty(1).__reduce__()[0], np.ndarray,
                                                         (0,), b"b")}),
        "endless": b"\x80\x02]" + b"(e" * 30_000 + b".",
        "deep": b"\x80\x02)" + b"\x85" * 30_000 + b".",
        "archive that calls": archive(
            lambda n, d: pickle.dumps({-1: attack}, 2) if n.endswith("data.pkl") else d
        ),
        "archive with other numbers": archive(lambda n, d: d + d if n.endswith("data/0") else d),
        "archive that was packed": archive(lambda n, d: d, zipfile.ZIP_DEFLATED),
        "archive of a large machine": archive(lambda n, d: b"big" if "byteorder" in n else d),
        "archive without numbers": archive(
            lambda n, d: d.replace(b"X\x01\x00\x00\x000", b"X\x01\x00\x00\x007")
        ),
        "archive cut short": archive(lambda n, d: d)[:-40],
        "archive of something else": archive(lambda n, d: b"" if n.endswith("data.pkl") else d),
        "NumPy scalar that is not an integer": pickle.dumps({np.float64(-1): 1}),
        "two pickles": pickle.dumps({}) + pickle.dumps({}),
        "cut short": pickle.dumps({-1: torch.ones(1, 32)})[:200],
        "empty": b"",
        "text": b"no pickle at all",
    }  # fmt: skip


@pytest.mark.parametrize("attack", list(malicious("nowhere")))
def test_malicious_files_are_refused_without_effect(attack, tmp_path, checkpoint, monkeypatch):
    marker = tmp_path / "executed"
    path = tmp_path / "music_rfm_note_C_tiny.pkl"
    path.write_bytes(malicious(str(marker))[attack])
    # A call of any function that could execute a pickle counts as execution.
    for module, name in ((torch, "load"), (pickle, "load"), (pickle, "loads"), (os, "system")):
        monkeypatch.setattr(module, name, lambda *a, **k: marker.touch())
    monkeypatch.setattr(builtins, "eval", lambda *a, **k: marker.touch())
    tracemalloc.start()
    try:
        with pytest.raises(MusicRFMError) as refused:
            import_direction(path, str(checkpoint))
        assert tracemalloc.get_traced_memory()[1] < 50e6
    finally:
        tracemalloc.stop()
    said = str(refused.value)
    assert said.startswith(f"{path} is refused: it ")
    assert said.isprintable() and len(said) < len(str(path)) + 120
    assert not marker.exists()


@pytest.mark.parametrize("attack", ["os.system", "call inside a tensor"])
def test_attacks_work_against_plain_pickle(attack, tmp_path):
    marker = tmp_path / "executed"
    with suppress(Exception):
        pickle.loads(malicious(str(marker))[attack])
    assert marker.exists()


def test_tensors_sharing_one_storage_are_refused(tmp_path):
    path = tmp_path / "many.pkl"
    rebuild, (storage, *rest) = torch.ones(100, 100).__reduce_ex__(2)
    _, (data,) = storage.__reduce__()
    again = {n: Calls(rebuild, Calls(storage.__reduce__()[0], data), *rest) for n in range(9)}
    path.write_bytes(pickle.dumps(again))
    with pytest.raises(MusicRFMError, match="from the same data"):
        read_pickle(path)


@pytest.mark.parametrize("several", [False, True], ids=["setitem", "setitems"])
def test_key_with_exponential_hash_time_is_refused_quickly(several: bool, tmp_path):
    """Nested pairs, 60 deep: 2**60 leaves from 308 bytes."""
    doubled = b")" + b"q\x00h\x00\x86" * 60
    stop = b"u." if several else b"s."
    data = b"\x80\x02}" + (b"(" if several else b"") + doubled + b"K\x01" + stop
    (tmp_path / "d.pkl").write_bytes(data)
    started = time.monotonic()
    with pytest.raises(MusicRFMError, match="a key that is neither a number nor text"):
        read_pickle(tmp_path / "d.pkl")
    assert time.monotonic() - started < 5


def test_changing_an_array_after_construction_is_refused(tmp_path):
    tensor = pickle.dumps(torch.zeros(2, 3), protocol=2)
    data = tensor[:-1] + b"}X\x06\x00\x00\x00offsetK\x63sb."
    (tmp_path / "b.pkl").write_bytes(data)
    with pytest.raises(MusicRFMError, match="changes an array after it was built"):
        read_pickle(tmp_path / "b.pkl")


def test_shapes_that_do_not_fit_the_storage_are_refused(tmp_path, checkpoint):
    path = tmp_path / "music_rfm_note_C_tiny.pkl"
    rebuild, (storage, *_) = torch.ones(2, 32).__reduce_ex__(2)
    for shape, strides, offset in (
        ((2, 32), (32, 1), 1),
        ((2, 32), (2**70, 1), 0),
        ((2**40, 32), (0, 1), 0),
        ((2, 32), (-32, 1), 32),
        ((0, 32), (32, 1), 0),
    ):
        call = Calls(rebuild, storage, offset, shape, strides, False, OrderedDict())
        path.write_bytes(pickle.dumps({-1: call}))
        with pytest.raises(MusicRFMError, match="shape"):
            import_direction(path, str(checkpoint))


def test_too_large_a_file_is_not_read(tmp_path):
    path = tmp_path / "huge.pkl"
    with path.open("wb") as file:
        file.truncate(LARGEST_FILE + 1)  # takes no space on the disk
    with pytest.raises(MusicRFMError, match="too large"):
        read_pickle(path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({-1: [torch.ones(3, 1), 0.5]}, "is a detector"),
        ({}, "must be a dict of layers"),
        ([torch.ones(1, 32)], "must be a dict of layers"),
        ({1: torch.ones(1, 32)}, "its layers must be -1, -2"),
        ({-1: torch.ones(1, 32), -9: torch.ones(1, 32)}, "has a layer -9, but tiny has 2"),
        ({-3: torch.ones(1, 32)}, "that can steer tiny"),
        ({-1: torch.zeros(1, 32)}, "that can steer tiny"),
        ({-1: torch.ones(2, 2, 32)}, "layer -1 is not an array"),
        ({-1: 0.5}, "layer -1 is not an array"),
        ({-1: torch.ones(1, 64)}, "mean and deviation together cannot be steered"),
        ({-1: torch.ones(1, 31)}, "width 31, but tiny has width 32"),
        ({-1: torch.ones(1, 32), -2: torch.ones(2, 32)}, "different numbers of components"),
        ({-1: torch.full((1, 32), float("nan"))}, "not finite in layer -1"),
    ],
)
def test_contents_that_are_no_direction_are_refused(content, words, tmp_path, checkpoint):
    path = tmp_path / "music_rfm_note_C_tiny.pkl"
    path.write_bytes(pickle.dumps(content))
    with pytest.raises(MusicRFMError, match=words):
        import_direction(path, str(checkpoint))


@pytest.mark.parametrize(
    "text", ["", "[]", '{"layer_metrics": {"-1": {}}}', '{"layer_metrics": {}}',
             '{"layer_metrics": {"-1": {"train_results": {"score": NaN}}}}']
)  # fmt: skip
def test_results_without_scores_are_refused(text, small, checkpoint, tmp_path):
    given = tmp_path / "results.json"
    given.write_text(text)
    with pytest.raises(MusicRFMError, match=r"results\.json"):
        import_direction(small[0], str(checkpoint), scores=given)


def test_file_name_without_a_model_asks_for_one(tmp_path):
    path = tmp_path / "music_rfm_note_C.pkl"
    path.write_bytes(b"")
    with pytest.raises(MusicRFMError, match="does not contain the model: give it"):
        import_direction(path)
