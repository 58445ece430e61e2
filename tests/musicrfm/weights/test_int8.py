"""The decoder in 8 bits: close to the exact weights, and refused where unsupported."""

from pathlib import Path

import pytest
import torch

from musicrfm.errors import MusicRFMError
from musicrfm.model import MusicModel
from musicrfm.stream import MusicStream
from musicrfm.weights.int8 import FEW, Int8, check_int8, linear, onto, quantised
from tests.checkpoints import make_checkpoint


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_checkpoint(tmp_path_factory.mktemp("int8") / "tiny")


@pytest.mark.parametrize("rows", [1, 2, FEW, FEW + 1, 40])
def test_int8_product_is_as_exact_as_8_bits_allow(rows: int) -> None:
    torch.manual_seed(rows)
    matrix, x = torch.randn(96, 64), torch.randn(rows, 64).bfloat16()
    packed = Int8.of(matrix)
    step = matrix.abs().amax(1, keepdim=True) / 127
    restored = packed.numbers.float() * packed.scale.float()[:, None]
    # Half a step of rounding, and what the scale loses in bfloat16 (1 in 256) on 127 steps.
    assert ((restored - matrix).abs() <= step * (0.5 + 127 / 256)).all()
    exact = x.float() @ matrix.T
    error = (linear(x, packed).float() - exact).norm() / exact.norm()
    assert error < 0.02
    base = torch.randn(rows, 96).bfloat16()
    added = onto(base.clone(), x, packed)
    assert torch.allclose(added, base + linear(x, packed))


def test_row_of_zeros_stays_zero() -> None:
    packed = Int8.of(torch.zeros(8, 16))
    assert linear(torch.ones(2, 16).bfloat16(), packed).abs().max() == 0


def test_quantised_heads_are_close_and_int8_plays_without_machine_code(
    checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = MusicModel.load(checkpoint, device="cpu", dtype="bfloat16")
    weights = model.decoder_weights
    packed = quantised(weights)
    x = torch.randn(2, model.width, generator=torch.Generator().manual_seed(1)).bfloat16()
    exact = x.float() @ weights.heads.float().T
    rounded = packed.linear(x, packed.heads).float()
    assert 0 < (exact - rounded).norm() / exact.norm() < 0.05
    # As on a machine without compiled code.
    monkeypatch.setattr("musicrfm.model.can_pack", lambda weights: False)
    monkeypatch.setattr("musicrfm.runtime.backends.BACKENDS", ())
    model = MusicModel.load(checkpoint, device="cpu", dtype="int8")
    chunk = next(iter(MusicStream(model, "a tune", seed=3)))
    assert chunk.shape[1] == model.channels


def test_int8_is_refused_where_unsupported(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(MusicRFMError, match="int8 is for CPUs.*not for cuda: use float16"):
        check_int8(torch.device("cuda"))
    monkeypatch.setattr("musicrfm.weights.int8._product", None)
    with pytest.raises(MusicRFMError, match="int8 needs PyTorch 2.4 or newer"):
        check_int8(torch.device("cpu"))
