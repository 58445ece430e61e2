"""Paths as users type them."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path

import pytest

from musicrfm.errors import MusicRFMError
from musicrfm.files.paths import composed, file_to_read, path_of

ACCENTS = "Übung é.wav"
MAC, OTHERS = (unicodedata.normalize(form, ACCENTS) for form in ("NFD", "NFC"))


def test_home_folder_is_expanded(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert path_of("~/sets/a.flac") == tmp_path / "sets" / "a.flac"
    assert path_of(Path("~")) == tmp_path
    assert path_of("a~b") == Path("a~b")
    with pytest.raises(
        MusicRFMError, match="names a home folder '~nobody-at-all' that does not exist"
    ):
        path_of("~nobody-at-all/x")


@pytest.mark.parametrize(("on_disk", "typed"), [(MAC, OTHERS), (OTHERS, MAC)])
def test_names_match_across_unicode_normal_forms(tmp_path, on_disk, typed):
    (tmp_path / on_disk).mkdir()
    (tmp_path / on_disk / on_disk).write_bytes(b"")
    assert file_to_read(tmp_path / typed / typed).exists()
    assert path_of(tmp_path / typed / "new.wav").parent.is_dir()
    new = path_of(tmp_path / typed / "ä.wav")
    assert new.parent.is_dir() and new.name == "ä.wav"
    assert composed(MAC) == composed(OTHERS) == OTHERS


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("C:\tracks\new", "contains a tab"),
        ("a\nb", "contains a line break"),
        ("a\rb", "contains a line break"),
        ("\x07larm.wav", r"contains the control character '\\x07'"),
        ("a\0b", "contains the control character"),
        ("", "a path is empty"),
    ],
)
def test_paths_with_control_characters_are_refused(path, said):
    with pytest.raises(MusicRFMError, match=said) as refused:
        path_of(path)
    assert "\n" not in str(refused.value)


def test_missing_files_and_folders_are_refused(tmp_path):
    (tmp_path / "Take1.WAV").write_bytes(b"")
    with pytest.raises(MusicRFMError, match="take .* does not exist; did you mean 'Take1.WAV'"):
        file_to_read(tmp_path / "take1.wav2", "take")
    with pytest.raises(MusicRFMError, match="is a folder, not a take"):
        file_to_read(tmp_path, "take")
    with pytest.raises(MusicRFMError, match="does not exist"):
        file_to_read(tmp_path / "Take1.WAV" / "x")


@pytest.mark.needs("posix")  # Windows requires a privilege to make links
def test_dangling_link_is_refused(tmp_path):
    (tmp_path / "take.wav").symlink_to("gone.wav")
    with pytest.raises(MusicRFMError, match="is a link to 'gone.wav', which does not exist"):
        file_to_read(tmp_path / "take.wav")


@pytest.mark.needs("posix")  # Windows has no named pipes in folders
def test_pipes_and_devices_are_refused_without_blocking(tmp_path):
    os.mkfifo(tmp_path / "pipe.wav")
    with pytest.raises(MusicRFMError, match="is a pipe, not a file"):
        file_to_read(tmp_path / "pipe.wav")
    with pytest.raises(MusicRFMError, match="is a device, not a file"):
        file_to_read("/dev/zero")
