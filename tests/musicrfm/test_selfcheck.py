"""The self-check of a GPU rejects wrong precisions and graphs; tested with stand-ins."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from musicrfm import selfcheck
from musicrfm.errors import MusicRFMError
from musicrfm.model import MusicModel
from musicrfm.selfcheck import Verdict
from tests.checkpoints import make_checkpoint

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_checkpoint(tmp_path_factory.mktemp("selfcheck") / "tiny")


class Load:
    """Loads the model in a given precision; some precisions are made to fail."""

    def __init__(self, folder: Path, wrong: dict[str, str] | None = None) -> None:
        self.folder, self.wrong = folder, wrong or {}

    def __call__(self, dtype: str) -> MusicModel:
        how = self.wrong.get(dtype)
        if how == "raises":
            raise RuntimeError("CUDA error: no kernel image is available\nCompile with …")
        model = MusicModel.load(self.folder, device="cpu", dtype=dtype)
        if how is not None:
            model.decoder_weights.heads.mul_(torch.nan if how == "nan" else -1.0)
        return model


def test_correct_device_uses_graphs_and_float16(folder: Path) -> None:
    verdict = selfcheck.check(CPU, Load(folder))
    assert (verdict.graphs, verdict.dtype, verdict.words) == (True, "float16", ())
    assert 0 <= verdict.figures["float16"] < 0.001


@pytest.mark.parametrize("how", ["raises", "nan", "turned round"])
def test_wrong_precision_is_rejected(folder: Path, how: str) -> None:
    verdict = selfcheck.check(CPU, Load(folder, {"float16": how}))
    assert (verdict.graphs, verdict.dtype) == (True, "bfloat16")
    assert len(verdict.words) == 1 and verdict.words[0].startswith("float16 is not used on cpu: ")
    both = selfcheck.check(CPU, Load(folder, {"float16": how, "bfloat16": how}))
    assert (both.dtype, len(both.words)) == ("float32", 2)


def test_device_without_working_float32_is_refused(folder: Path) -> None:
    with pytest.raises(MusicRFMError, match="cpu cannot compute a frame .* use --device"):
        selfcheck.check(CPU, Load(folder, {"float32": "nan"}))


def test_graphs_with_different_codes_are_rejected(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = selfcheck.played

    def other(model: MusicModel, steered: bool, graphs: bool) -> torch.Tensor:
        codes = plain(model, steered, graphs)
        if graphs and steered:
            codes[:, 7:] = (codes[:, 7:] + 1) % model.codes
        return codes

    monkeypatch.setattr(selfcheck, "played", other)
    verdict = selfcheck.check(CPU, Load(folder))
    assert (verdict.graphs, verdict.dtype) == (False, "float16")
    assert "with steering they choose codes that are " in verdict.words[0]


def test_graphs_that_cannot_be_recorded_are_rejected(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(device: object) -> None:
        raise RuntimeError("CUDA error: operation not permitted")

    monkeypatch.setattr("musicrfm.stream.Recorder", refuse)
    verdict = selfcheck.check(CPU, Load(folder))
    assert not verdict.graphs and "operation not permitted" in verdict.words[0]


def test_verdict_is_cached_until_damaged_or_outdated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def check(device: torch.device) -> Verdict:
        asked.append(device)
        return Verdict(False, "bfloat16", ("graphs differ",), {"bfloat16": 0.001})

    monkeypatch.setattr(selfcheck, "check", check)
    first = selfcheck.settled(CPU, tmp_path)
    assert selfcheck.settled(CPU, tmp_path) == first and len(asked) == 1
    (file,) = (tmp_path / "selfcheck").iterdir()
    file.write_text("{damaged")
    assert selfcheck.settled(CPU, tmp_path) == first and len(asked) == 2
    monkeypatch.setattr(torch, "__version__", "99.0")
    assert selfcheck.settled(CPU, tmp_path) == first and len(asked) == 3


def test_only_a_gpu_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selfcheck, "settled", lambda device: Verdict(False, "float32"))
    assert selfcheck.to_play(CPU, "auto") == ("auto", None)
    gpu = torch.device("cuda")
    assert selfcheck.to_play(gpu, "auto") == ("float32", False)
    monkeypatch.setattr(selfcheck, "settled", lambda device: Verdict(True, "float16"))
    assert selfcheck.to_play(gpu, None) == ("float16", None)


@pytest.mark.parametrize(
    ("dtype", "rejected"),
    [("float16", ()), ("bfloat16", ("float16",)), ("float32", ("float16", "bfloat16"))],
)
def test_precisions_tried_before_the_chosen_one_are_rejected(
    dtype: str, rejected: tuple[str, ...]
) -> None:
    verdict = Verdict(True, dtype)
    assert verdict.rejected == rejected
    left = tuple(name for name in ("float16", "bfloat16") if name not in rejected)
    assert verdict.precisions(("float16", "bfloat16")) == (left or ("float32",))


def test_requested_precision_that_was_found_wrong_is_replaced_and_named(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    gpu = torch.device("cuda")
    monkeypatch.setattr(selfcheck, "settled", lambda device: Verdict(False, "bfloat16"))
    assert selfcheck.to_play(gpu, "float32") == ("float32", False)
    assert selfcheck.to_play(gpu, "bfloat16") == ("bfloat16", False)
    assert not caplog.messages
    assert selfcheck.to_play(gpu, "float16") == ("bfloat16", False)
    assert caplog.messages == ["float16 was found wrong on this GPU, so bfloat16 is played instead"]


def test_stored_verdict_is_used_without_a_new_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gpu = torch.device("cuda")
    monkeypatch.setattr(selfcheck, "cache_folder", lambda: tmp_path)
    monkeypatch.setattr(selfcheck, "identity", lambda device: "some GPU")
    checks: list[torch.device] = []

    def check(device: torch.device) -> Verdict:
        checks.append(device)
        return Verdict(False, "bfloat16")

    monkeypatch.setattr(selfcheck, "check", check)
    assert selfcheck.to_play(gpu, "auto", check_now=False) == ("auto", None)
    assert selfcheck.remembered(gpu) is None and not checks
    selfcheck.settled(gpu)
    assert selfcheck.remembered(gpu) == Verdict(False, "bfloat16") and len(checks) == 1
    assert selfcheck.to_play(gpu, "auto", check_now=False) == ("bfloat16", False)
    assert selfcheck.to_play(gpu, "float16", check_now=False) == ("bfloat16", False)
