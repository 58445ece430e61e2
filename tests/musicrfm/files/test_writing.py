"""Files that are written: whole or not at all, and never over another."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from musicrfm.errors import MusicRFMError
from musicrfm.files.writing import (
    beside,
    check_folder,
    check_place,
    is_json_with,
    place_for,
    unused,
    write_text,
)


def test_names_that_are_taken_are_counted_on(tmp_path):
    assert unused(tmp_path / "a.b.wav") == tmp_path / "a.b.wav"
    for name in ("a.b.wav", "a.b-2.wav"):
        (tmp_path / name).touch()
    assert unused(tmp_path / "a.b.wav") == tmp_path / "a.b-3.wav"
    assert place_for(tmp_path / "a.b.wav") == tmp_path / "a.b-3.wav"
    assert place_for(tmp_path / "a.b.wav", overwrite=True) == tmp_path / "a.b.wav"
    write_text(tmp_path / "s.json", '{"seconds": 3}')
    ours = is_json_with("seconds")
    assert place_for(tmp_path / "s.json", ours=ours) == tmp_path / "s.json"
    for content in ('{"other": 3}', "[1]", "no json", "[" * 100_000):
        write_text(tmp_path / "s.json", content)
        assert place_for(tmp_path / "s.json", ours=ours) == tmp_path / "s-2.json"


def test_what_fails_leaves_what_was_there(tmp_path):
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


@pytest.mark.needs("posix")
def test_links_modes_and_devices_stay(tmp_path):
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


def test_where_nothing_can_be_written_is_told(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(MusicRFMError, match="there is no such folder"):
        check_place(tmp_path / "no" / "a.txt")
    with pytest.raises(MusicRFMError, match="it is a folder"):
        check_place(tmp_path)
    check_folder(tmp_path / "to" / "be" / "made", None, tmp_path)
    with pytest.raises(MusicRFMError, match="is no folder"):
        check_folder(tmp_path / "file" / "below")
    assert os.listdir(tmp_path) == ["file"]
