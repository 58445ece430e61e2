"""The memory and disks that preparing a model needs are known beforehand."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from safetensors.torch import load_file, save_file

from bridge.prepare import plan, room, storage
from bridge.prepare.room import GIB, Room, room_for
from bridge.prepare.storage import Disk, Kept, disks, kept
from musicrfm.checkpoints import hub
from musicrfm.errors import MusicRFMError

CPU = torch.device("cpu")
ENOUGH = (Disk(100 * GIB, 5 * GIB, ("here",)),)


def found(model: object, device: torch.device = CPU) -> Room:
    return room_for(str(model), plan.CONCEPTS, plan.FULL, Path("work"), device)


def test_model_too_large_for_memory_or_disk_is_refused() -> None:
    fits = Room(weights=4 * GIB, download=0, memory=8 * GIB, disks=ENOUGH)
    assert fits.dtype() == "float32"
    assert Room(4 * GIB, 0, 5 * GIB, ENOUGH).dtype() == "bfloat16"
    assert Room(4 * GIB, 0, None, ENOUGH).dtype() == "float32"
    with pytest.raises(MusicRFMError, match=r"2.0 GiB of memory are free.* needs about 3.6"):
        Room(4 * GIB, 0, 2 * GIB, ENOUGH).dtype()
    full = Disk(2 * GIB, 5 * GIB, ("a (HF_HOME)", "b (--out)"))
    with pytest.raises(
        MusicRFMError, match=r"disk of a \(HF_HOME\) and b \(--out\) has 2.0 .* about 5.0"
    ):
        Room(4 * GIB, 4 * GIB, 64 * GIB, (*ENOUGH, full)).dtype()
    assert "4.00 GiB of weights in float32, free memory 8.0 GiB, 5.0 of 100.0" in fits.words()


def test_memory_of_a_gpu_is_checked(checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert Room(4 * GIB, 0, 64 * GIB, ENOUGH, gpu=4 * GIB).dtype() == "float32"
    with pytest.raises(MusicRFMError, match=r"3.0 GiB of GPU memory .* about 3.6 in float16"):
        Room(4 * GIB, 0, 64 * GIB, ENOUGH, gpu=3 * GIB).dtype()
    asked = []
    monkeypatch.setattr(
        torch.cuda, "mem_get_info", lambda device: asked.append(device) or (3 * GIB, 8 * GIB)
    )
    assert found(checkpoint, torch.device("cuda:1")).gpu == 3 * GIB
    assert asked == [torch.device("cuda:1")]
    assert found(checkpoint).gpu is None


def test_needs_of_a_model_are_known_before_download() -> None:
    small = found("facebook/musicgen-small")
    assert small.download == small.weights and 2.3e9 < small.weights < 2.4e9
    assert 13e9 < found("facebook/musicgen-large").weights < 14.5e9
    with pytest.raises(MusicRFMError, match="model 'what' does not exist"):
        found("what")


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
def test_weights_count_in_float32_whatever_the_file_has(
    checkpoint: Path, tmp_path: Path, dtype: torch.dtype
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(checkpoint, copy)
    tensors = load_file(checkpoint / "model.safetensors")
    count = sum(tensor.numel() for tensor in tensors.values())
    tensors = {name: tensor.to(dtype) for name, tensor in tensors.items()}
    save_file(tensors, copy / "model.safetensors")
    assert found(copy).weights == 4 * count and found(copy).download == 0
    (copy / "model.safetensors").unlink()
    torch.save(tensors, copy / "pytorch_model.bin")
    assert found(copy).weights == 4 * count


def test_weights_on_the_hub_count_in_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    files = [SimpleNamespace(rfilename="config.json", size=0)]
    files += [SimpleNamespace(rfilename="model.safetensors", size=2000)]
    about = SimpleNamespace(siblings=files, safetensors=SimpleNamespace(total=1000))
    api = SimpleNamespace(model_info=lambda *what, **how: about)
    monkeypatch.setattr(hub.huggingface_hub, "HfApi", lambda: api)
    assert (found("some/one").weights, found("some/one").download) == (4000, 2000)
    about.safetensors = None
    assert found("some/one").weights == 2000


def test_hidden_states_of_a_large_model_take_what_they_take() -> None:
    """48 layers of 2048 in float16: 4,800 frames and four sets of 1,440 clips in the cache."""
    position = 48 * 2048
    large = kept(48, 2048, plan.CONCEPTS, plan.FULL)
    states = 2 * position * (4800 + 4 * 1440)
    assert states < large.cache < states + 0.25e9
    held_out = 4 * position * 48 * 200  # 48 clips, four seconds of each
    assert held_out < large.scratch < held_out + 0.25e9
    (notes,) = plan.chosen(("notes",), False)
    alone = kept(24, 512, (notes,), plan.QUICK)  # few numbers stay in float32
    assert 4 * 24 * 512 * 1920 < alone.cache < 4 * 24 * 512 * 1920 + 0.08e9


def test_every_disk_is_checked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    names = ("hub", "cache", "scratch", "out", "mine")
    folders = [tmp_path / name for name in names]
    monkeypatch.setattr(storage.constants, "HF_HUB_CACHE", str(folders[0]))
    monkeypatch.setenv("MUSICRFM_CACHE", str(folders[1]))
    monkeypatch.setattr(storage.tempfile, "gettempdir", lambda: str(folders[2]))
    monkeypatch.setenv("MUSICRFM_DIRECTIONS", str(folders[4]))
    (one,) = disks(1.0, Kept(10.0, 100.0, 1000.0), folders[3])
    assert one.needs == 2111 and len(one.folders) == 5
    there = {
        path: SimpleNamespace(
            stat=lambda disk=number // 2: SimpleNamespace(st_dev=disk), free=7.0 + number // 2
        )
        for number, path in enumerate(folders)
    }
    monkeypatch.setattr(storage, "_there", there.__getitem__)
    monkeypatch.setattr(storage.shutil, "disk_usage", lambda one: one)
    found = disks(1.0, Kept(10.0, 100.0, 1000.0), folders[3])
    assert [(disk.free, disk.needs) for disk in found] == [(7, 11), (8, 1100), (9, 1000)]
    assert found[1].folders == (f"{folders[2]} (TMPDIR)", f"{folders[3]} (--out)")
    assert [disk.needs for disk in disks(0.0, Kept(10.0, 100.0, 1000.0), folders[3])][0] == 10


def test_adapter_needs_what_its_base_model_needs(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "adapter_config.json").write_text(
        f'{{"base_model_name_or_path": "{checkpoint.as_posix()}"}}'
    )
    save_file({"one": torch.ones(1)}, tmp_path / "adapter_model.safetensors")
    assert found(tmp_path).weights == found(checkpoint).weights > 1000
    assert room._shape(str(tmp_path)) == room._shape(str(checkpoint)) == (2, 32)
