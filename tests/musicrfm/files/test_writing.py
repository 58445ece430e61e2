"""Writing files: atomically, and without overwriting unless asked."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from musicrfm.errors import MusicRFMError
from musicrfm.files.writing import (
    Placed,
    beside,
    check_folder,
    check_place,
    folder_for,
    place_for,
    unused,
    write_text,
)


def test_taken_names_get_a_number(tmp_path):
    assert unused(tmp_path / "a.b.wav") == tmp_path / "a.b.wav"
    for name in ("a.b.wav", "a.b-2.wav"):
        (tmp_path / name).touch()
    assert unused(tmp_path / "a.b.wav") == tmp_path / "a.b-3.wav"
    assert place_for(tmp_path / "a.b.wav") == tmp_path / "a.b-3.wav"
    assert place_for(tmp_path / "a.b.wav", overwrite=True) == tmp_path / "a.b.wav"


def test_folder_with_one_of_the_files_gets_a_number(tmp_path):
    out, names = tmp_path / "report", ("report.md", "nano/a.bin")
    assert folder_for(out, names) == out and not out.exists()
    write_text(out / "notes.txt", "mine")
    assert folder_for(out, names) == out
    write_text(out / "nano" / "a.bin", "")
    write_text(tmp_path / "report-2" / "report.md", "")
    assert folder_for(out, names) == tmp_path / "report-3"
    assert folder_for(out, names, overwrite=True) == out
    write_text(tmp_path / "file", "")
    with pytest.raises(MusicRFMError, match="is not a folder"):
        folder_for(tmp_path / "file", names)


def test_failed_write_keeps_the_old_file(tmp_path):
    path = tmp_path / "a.txt"
    write_text(path, "old")
    with pytest.raises(ZeroDivisionError), beside(path) as new:
        new.write_text("half")
        raise ZeroDivisionError
    assert path.read_text() == "old" and os.listdir(tmp_path) == ["a.txt"]
    write_text(path, "new ü \udcff")
    assert path.read_text("utf-8") == "new ü ?" and os.listdir(tmp_path) == ["a.txt"]
    write_text(tmp_path / "more" / "b.txt", "x")
    assert (tmp_path / "more" / "b.txt").read_text() == "x"


@pytest.mark.parametrize("links", [True, False])
def test_two_writers_of_one_name_keep_both_files(tmp_path, monkeypatch, links):
    def none(*_: object) -> None:
        raise OSError("no hard links here")

    if not links:
        monkeypatch.setattr(os, "link", none)
    asked = tmp_path / "take.txt"
    first, second = Placed(asked), Placed(asked)
    with beside(asked, first) as one, beside(asked, second) as other:
        one.write_text("one")
        other.write_text("other")
    assert (first.path.name, second.path.name) == ("take-2.txt", "take.txt")
    assert first.path.read_text() == "one" and second.path.read_text() == "other"
    assert write_text(asked, "third", overwrite=False).name == "take-3.txt"
    (tmp_path / "link.txt").symlink_to("take.txt")
    assert write_text(tmp_path / "link.txt", "x", overwrite=False).name == "link-2.txt"
    assert write_text(asked, "fourth").read_text() == "fourth"
    assert sorted(os.listdir(tmp_path)) == sorted(
        ["take.txt", "take-2.txt", "take-3.txt", "link.txt", "link-2.txt"]
    )


@pytest.mark.needs("posix")
def test_links_modes_and_devices_are_preserved(tmp_path):
    path = tmp_path / "a.txt"
    write_text(path, "old")
    path.chmod(0o600)
    (tmp_path / "link").symlink_to("a.txt")
    write_text(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink() and path.read_text() == "new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    write_text("/dev/null", "gone")
    assert place_for("/dev/null") == Path("/dev/null") and Path("/dev/null").is_char_device()
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(MusicRFMError, match="it is a pipe"):
        check_place(tmp_path / "pipe")


def test_unwritable_places_are_refused(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(MusicRFMError, match="the folder does not exist"):
        check_place(tmp_path / "no" / "a.txt")
    with pytest.raises(MusicRFMError, match="it is a folder"):
        check_place(tmp_path)
    check_folder(tmp_path / "to" / "be" / "made", None, tmp_path)
    with pytest.raises(MusicRFMError, match="is not a folder"):
        check_folder(tmp_path / "file" / "below")
    assert os.listdir(tmp_path) == ["file"]
