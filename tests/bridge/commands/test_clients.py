"""`bridge clients`: lists the client files, and copies them without overwriting changed ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.cli import main
from bridge.commands.clients import PROGRAMS, folder
from max_patches.build import build


def test_every_built_client_is_offered() -> None:
    assert set(PROGRAMS) == set(build())


def test_clients_without_a_folder_lists_the_files(capsys: pytest.CaptureFixture) -> None:
    assert main(["clients"]) == 0
    told = capsys.readouterr().out
    assert str(folder()) in told
    assert all(name in told and program in told for name, program in PROGRAMS.items())


def test_clients_are_copied_and_can_be_copied_again(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    for _ in range(2):
        assert main(["clients", str(tmp_path / "new" / "here")]) == 0
    copied = {file.name: file.read_bytes() for file in (tmp_path / "new" / "here").iterdir()}
    assert copied == {name: (folder() / name).read_bytes() for name in PROGRAMS}
    assert str(tmp_path / "new" / "here" / "musicrfm.pd") in capsys.readouterr().out


def test_changed_copy_is_kept_and_nothing_is_copied(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    mine = tmp_path / "musicrfm.scd"
    mine.write_text("my own", "utf-8")
    assert main(["clients", str(tmp_path)]) == 2
    assert "differs" in capsys.readouterr().err
    assert mine.read_text("utf-8") == "my own"
    assert list(tmp_path.iterdir()) == [mine]


def test_impossible_folder_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    assert main(["clients", str(tmp_path / "file" / "in")]) == 2
    assert "cannot copy" in capsys.readouterr().err
