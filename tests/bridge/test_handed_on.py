"""Directions from an archive of another user play for one set and are not installed."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from bridge.commands.doctor import checked
from bridge.instrument import add_directions, handed_on
from bridge.rig import SteerSetting
from musicrfm.directions import Direction, list_directions
from musicrfm.errors import MusicRFMError
from musicrfm.model import MusicModel
from musicrfm.selfcheck import Verdict
from musicrfm.sharing.archive import pack
from musicrfm.stream import MusicStream


@pytest.fixture
def packed(model: MusicModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MUSICRFM_DIRECTIONS", str(tmp_path / "mine"))
    monkeypatch.setenv("MUSICRFM_CACHE", str(tmp_path / "cache"))
    meta = {"model": model.name, "model_fingerprint": model.fingerprint, "range": [0, 5]}
    vectors = torch.ones(model.layers, 1, model.width)
    direction = Direction("note_C", vectors, torch.ones(model.layers), meta)
    direction.save(tmp_path / "theirs" / "note_C.safetensors")
    pack(model, tmp_path / "theirs", tmp_path / "theirs.directions.zip")
    return tmp_path / "theirs.directions.zip"


def test_archive_of_directions_plays_for_one_set_and_is_not_kept(
    packed: Path, model: MusicModel
) -> None:
    given = handed_on(str(packed), model)
    assert [path.name for path in given] == ["note_C.safetensors"]
    stream = MusicStream(model, "piano", graphs=False)
    steers, start = add_directions(stream, [SteerSetting("note_C", 0.5)], None, given)
    assert steers == {"/steer/note_C": "note_C"} and start["/steer/note_C"] == 0.5
    assert stream.steering.get("note_C").direction.range == (0.0, 5.0)
    assert list_directions(model.name) == []
    assert handed_on(None, model) == []
    with pytest.raises(MusicRFMError, match="'nowhere.zip' is not an archive of directions"):
        handed_on("nowhere.zip", model)


def test_doctor_reports_the_self_check() -> None:
    fine = Verdict(True, "float16", (), {"float16": 0.00012})
    assert checked(fine).startswith("self-check: float16, with CUDA graphs; divergence")
    assert "float16 0.00012" in checked(fine)
    lost = Verdict(False, "float32", ("float16 is not used on cuda: it raised",), {})
    assert checked(lost).splitlines() == ["self-check: float32, without CUDA graphs", *lost.words]
