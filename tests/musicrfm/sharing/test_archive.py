"""Archives of directions: unpacking restores the packed files and refuses anything else."""

from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from musicrfm.cli import main
from musicrfm.directions import Direction
from musicrfm.errors import MusicRFMError
from musicrfm.model import MusicModel
from musicrfm.sharing import archive, source
from musicrfm.training.detect import Detector
from tests.checkpoints import make_checkpoint


def fill(folder: Path, model: MusicModel) -> Path:
    """A direction, a detector and a page, in the folder of a model."""
    vectors = torch.randn(model.layers, 1, model.width, generator=torch.Generator().manual_seed(1))
    meta = {"model": model.name, "range": [0, 5], "curve": 2.0}
    Direction("note_C", vectors, torch.ones(model.layers), meta).save(folder / "note_C.safetensors")
    meta = {"model": model.name, "kind": "binary", "target": "C", "pooling": "mean"}
    shapes = {"centre": 2, "scale": 2, "weights": (2, 1), "bias": 1}
    parts = {name: np.ones(shape, np.float32) for name, shape in shapes.items()}
    counts, layers = np.array([1, 1]), np.array([0, 1])
    basis = np.ones((2, model.width), np.float32)
    found = Detector("note_C", basis=basis, counts=counts, layers=layers, meta=meta, **parts)
    found.save(folder.parent)
    (folder / "README.md").write_text("# What answers\n")
    return folder


@pytest.fixture
def packed(model: MusicModel, tmp_path: Path) -> Path:
    place = tmp_path / "tiny.directions.zip"
    archive.pack(model, fill(tmp_path / "made" / model.name, model), place, "somebody/tiny")
    return place


def rewritten(path: Path, change) -> Path:
    """Rewrites the archive with `change` applied, and a manifest with fitting hashes."""
    with zipfile.ZipFile(path) as old:
        members = {name: old.read(name) for name in old.namelist()}
    told = json.loads(members.pop("manifest.json"))
    change(members, told)
    told["files"] = {n: hashlib.sha256(d).hexdigest() for n, d in members.items()}
    with zipfile.ZipFile(path, "w") as new:
        new.writestr("manifest.json", json.dumps(told))
        for name, data in members.items():
            new.writestr(name, data)
    return path


def test_unpacking_restores_the_packed_files(
    packed: Path, model: MusicModel, tmp_path: Path
) -> None:
    manifest = archive.read_manifest(packed)
    assert (manifest.model, manifest.source) == ("tiny", "somebody/tiny")
    found = archive.unpack(packed, model, tmp_path / "here")
    assert found.kept == ()
    assert set(found.written) == {"note_C.safetensors", "detectors/note_C.safetensors", "README.md"}
    direction = Direction.load(found.folder / "note_C.safetensors", model)
    assert (direction.range, direction.curve) == ((0.0, 5.0), 2.0)
    before = Direction.load(tmp_path / "made" / "tiny" / "note_C.safetensors")
    assert torch.equal(direction.vectors, before.vectors)


def test_existing_files_are_kept_unless_overwriting(
    packed: Path, model: MusicModel, tmp_path: Path
) -> None:
    place = archive.unpack(packed, model, tmp_path / "here").folder / "note_C.safetensors"
    mine = Direction.load(place)
    mine.meta["range"] = [0, 1]
    mine.save(place)
    assert archive.unpack(packed, model, tmp_path / "here").kept == ("note_C.safetensors",)
    assert Direction.load(place).range == (0.0, 1.0)
    assert archive.unpack(packed, model, tmp_path / "here", overwrite=True).kept == ()
    assert Direction.load(place).range == (0.0, 5.0)


def test_equal_weights_under_another_name_are_accepted(
    packed: Path, checkpoint: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.symlink_to(checkpoint)
    model = MusicModel.load(checkpoint, device="cpu")
    model.name = "other"
    folder = archive.unpack(packed, model, tmp_path / "here").folder
    assert folder.name == "other"
    assert Direction.load(folder / "note_C.safetensors", model).model == "other"
    assert Detector.load(folder / "detectors" / "note_C.safetensors", model).name == "note_C"


def test_equal_weights_in_other_precisions_are_accepted(
    packed: Path, checkpoint: Path, tmp_path: Path
) -> None:
    for dtype in ("bfloat16", "float16"):
        model = MusicModel.load(checkpoint, device="cpu", dtype=dtype)
        assert archive.unpack(packed, model, tmp_path / dtype).written


def test_other_weights_are_refused(packed: Path, tmp_path: Path) -> None:
    model = MusicModel.load(make_checkpoint(tmp_path / "tiny", seed=1), device="cpu")
    with pytest.raises(MusicRFMError, match="other weights than those of 'tiny'"):
        archive.unpack(packed, model, tmp_path / "here")
    wide = MusicModel.load(make_checkpoint(tmp_path / "wide", width=64), device="cpu")
    with pytest.raises(MusicRFMError, match="2 layers of width 32, and 'wide' has 2 of width 64"):
        archive.unpack(packed, wide, tmp_path / "here")
    assert not (tmp_path / "here").exists()


@pytest.mark.parametrize(
    "name",
    ["directions/../../evil.safetensors", "/etc/evil.safetensors", "evil.py",
     "directions/a/b.safetensors",
     "directions/.hidden.safetensors", "directions/evil.pkl", "directions\\evil.safetensors"],
)  # fmt: skip
def test_unsafe_member_names_are_refused(
    name: str, packed: Path, model: MusicModel, tmp_path: Path
) -> None:
    path = rewritten(packed, lambda members, told: members.update({name: b"x"}))
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(MusicRFMError, match="which does not belong there"):
        archive.unpack(path, model, tmp_path / "here")
    assert sorted(tmp_path.rglob("*")) == before


def test_invalid_direction_in_an_archive_is_refused(
    packed: Path, model: MusicModel, tmp_path: Path
) -> None:
    def change(members: dict, told: dict) -> None:
        members["directions/note_C.safetensors"] = b"\x80\x04\x95garbage, perhaps a pickle"

    with pytest.raises(MusicRFMError, match="note_C.safetensors in the archive cannot be used"):
        archive.unpack(rewritten(packed, change), model, tmp_path / "here")
    assert not (tmp_path / "here").exists()


def test_sizes_and_counts_are_limited(
    packed: Path, model: MusicModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(archive, "MOST_FILE", 100)
        with pytest.raises(MusicRFMError, match="too large"):
            archive.unpack(packed, model, tmp_path / "here")
    with monkeypatch.context() as patch:
        patch.setattr(archive, "MOST_ARCHIVE", 1000)
        with pytest.raises(MusicRFMError, match="too large"):
            archive.read_manifest(packed)
    with monkeypatch.context() as patch:
        patch.setattr(archive, "MOST_FILES", 2)
        with pytest.raises(MusicRFMError, match="too many"):
            archive.read_manifest(packed)


@pytest.fixture
def dense(model: MusicModel, tmp_path: Path) -> Path:
    """An archive of 20 valid directions that takes much more unpacked."""
    folder, place = tmp_path / "dense" / model.name, tmp_path / "dense.directions.zip"
    for number in range(20):
        vectors = torch.ones(model.layers, 64, model.width)
        one = Direction(f"d{number}", vectors, torch.ones(model.layers), {"model": model.name})
        one.save(folder / f"d{number}.safetensors")
    archive.pack(model, folder, place)
    return place


def unpacked_size(path: Path) -> int:
    with zipfile.ZipFile(path) as packed:
        return sum(member.file_size for member in packed.infolist())


def test_size_of_all_members_together_is_limited(
    dense: Path, model: MusicModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = unpacked_size(dense)
    assert dense.stat().st_size < size / 5
    monkeypatch.setattr(archive, "MOST_ARCHIVE", size - 1)
    for use in (
        lambda: archive.read_manifest(dense),
        lambda: archive.unpack(dense, model, tmp_path / "here"),
        lambda: archive.unpacked_for(dense, model, tmp_path / "here"),
    ):
        with pytest.raises(MusicRFMError, match=f"is too large: it takes {size} bytes"):
            use()
    assert not list((tmp_path / "here").rglob("*.safetensors"))
    monkeypatch.setattr(archive, "MOST_ARCHIVE", size)
    assert len(archive.unpack(dense, model, tmp_path / "here").written) == 20


def test_bytes_are_counted_where_headers_lie(
    dense: Path, model: MusicModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = archive._read
    reads: list[str] = []

    def counted(packed: zipfile.ZipFile, member: str, most: int, path: Path) -> bytes:
        reads.append(member)
        return read(packed, member, most, path)

    monkeypatch.setattr(archive, "_check_members", lambda members, path: None)
    monkeypatch.setattr(archive, "_read", counted)
    monkeypatch.setattr(archive, "MOST_ARCHIVE", unpacked_size(dense) // 2)
    with pytest.raises(MusicRFMError, match="is too large"):
        archive.unpack(dense, model, tmp_path / "here")
    assert len(reads) < 15 and not (tmp_path / "here").exists()


def test_packing_refuses_files_too_large_together(
    dense: Path, model: MusicModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "MOST_ARCHIVE", 100_000)
    place = tmp_path / "again.directions.zip"
    with pytest.raises(MusicRFMError, match="too large for one archive"):
        archive.pack(model, tmp_path / "dense" / model.name, place)
    assert not place.exists()


def test_decompression_bomb_is_refused(packed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading stops at the limit, whatever the compressed size."""
    data = bytes(2**20)
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new:
        new.writestr("manifest.json", data)
    monkeypatch.setattr(archive, "MOST_TEXT", 1000)
    with pytest.raises(MusicRFMError, match="too large: more than 1000 bytes"):
        archive.read_manifest(packed)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda told: told.update(format=2), "format 2: update"),
        (lambda told: told.update(layers="2"), "does not fit"),
        (lambda told: told.update(model="../evil"), "does not fit"),
        (lambda told: told.pop("weights"), "damaged manifest.json"),
        (lambda told: told.update(more=1), "damaged manifest.json"),
    ],
)
def test_invalid_manifest_is_refused(change, said: str, packed: Path) -> None:
    rewritten(packed, lambda members, told: change(told))
    with pytest.raises(MusicRFMError, match=said):
        archive.read_manifest(packed)


def test_damaged_or_missing_archive_is_refused(
    packed: Path, tmp_path: Path, model: MusicModel
) -> None:
    data = packed.read_bytes()
    packed.write_bytes(data[: len(data) // 2])
    with pytest.raises(MusicRFMError, match="is not an archive of directions"):
        archive.unpack(packed, model, tmp_path / "here")
    with pytest.raises(MusicRFMError, match="'nothing.directions.zip' is not an archive"):
        source.archive_at("nothing.directions.zip")
    with pytest.raises(MusicRFMError, match="cannot be loaded from the Hugging Face hub"):
        source.archive_at("somebody/no-such-directions")


def test_pack_and_unpack_commands(
    model: MusicModel, checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    monkeypatch.setenv("MUSICRFM_DIRECTIONS", str(tmp_path / "mine"))
    monkeypatch.chdir(tmp_path)
    assert main(["directions", "pack", str(checkpoint)]) == 2
    assert "model 'tiny' has no directions" in capsys.readouterr().err
    fill(tmp_path / "mine" / "tiny", model)
    assert main(["directions", "pack", str(checkpoint)]) == 0
    assert "tiny.directions.zip: 3 files for tiny" in capsys.readouterr().out
    again = ["directions", "unpack", "tiny.directions.zip", "--model", str(checkpoint)]
    assert main([*again, "--out", "elsewhere"]) == 0
    assert (tmp_path / "elsewhere" / "tiny" / "note_C.safetensors").is_file()
    assert main(["directions", "--model", str(checkpoint)]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "note_C"
