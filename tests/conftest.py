"""What all tests share: one small model with random weights, and no network."""

from __future__ import annotations

import os
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import pytest
import torch

from musicrfm.model import MusicModel
from tests.checkpoints import make_checkpoint

# The models are so small that a second thread costs more than it brings.
torch.set_num_threads(1)


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a mono checkpoint, called `tiny`."""
    return make_checkpoint(tmp_path_factory.mktemp("checkpoints") / "tiny")


@pytest.fixture(scope="session")
def model(checkpoint: Path) -> MusicModel:
    return MusicModel.load(checkpoint, device="cpu")
