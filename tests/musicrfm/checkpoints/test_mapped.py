"""Memory of mapped files is given back, and only that."""

from __future__ import annotations

import mmap
import re
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from musicrfm.checkpoints import mapped
from musicrfm.checkpoints.mapped import Mapped

SIZE = 2**22  # numbers

pytestmark = pytest.mark.needs("linux")  # only there is memory given back


def resident(tensor: torch.Tensor) -> int:
    """Bytes of a tensor's mapping that are in memory."""
    address, found = tensor.data_ptr(), 0
    text = Path("/proc/self/smaps").read_text()
    for part in re.split(r"\n(?=[0-9a-f]+-[0-9a-f]+ )", text):
        begin, end = (int(number, 16) for number in part.split(" ", 1)[0].split("-"))
        if begin <= address < end:
            found = 1024 * int(re.search(r"Rss:\s+(\d+)", part)[1])
    return found


def test_pages_of_mapped_tensors_are_given_back_and_read_again(tmp_path: Path) -> None:
    file = tmp_path / "weights.safetensors"
    save_file({"a": torch.arange(SIZE, dtype=torch.float32)}, file)
    tensor = load_file(file)["a"]
    total = tensor.sum()
    assert resident(tensor) >= 4 * SIZE
    Mapped([file]).let_go(tensor)
    assert resident(tensor) < SIZE + 4 * mmap.PAGESIZE
    assert tensor.sum() == total


def test_other_memory_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, other = tmp_path / "weights.safetensors", tmp_path / "other.safetensors"
    for each in (file, other):
        save_file({"a": torch.zeros(SIZE)}, each)
    tensors = [load_file(file)["a"], load_file(other)["a"], torch.ones(SIZE)]
    advised = []
    monkeypatch.setattr(mapped, "_madvise", lambda *what: advised.append(what))
    parts = Mapped([file])
    for tensor in tensors:
        parts.let_go(tensor)
    first = tensors[0].data_ptr()
    assert len(advised) == 1 and 0 <= first - advised[0][0].value < mmap.PAGESIZE
