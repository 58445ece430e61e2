"""Text files in the encodings of all systems."""

from __future__ import annotations

import codecs

import pytest

from musicrfm.errors import MusicRFMError
from musicrfm.files.text import decoded, read_text, whole

WORDS = 'prompt = "Übung für 日本"\nseed = 3\n'


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(
    ("mark", "encoding"),
    [
        (b"", "utf-8"),
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (codecs.BOM_UTF32_BE, "utf-32-be"),
    ],
)
def test_every_encoding_is_read_and_preserved(tmp_path, mark, encoding, newline):
    data = mark + WORDS.replace("\n", newline).encode(encoding)
    (tmp_path / "a.txt").write_bytes(data)
    found = read_text(tmp_path / "a.txt")
    assert found.text == WORDS
    assert found.encoded(found.text) == data
    assert found.encoded("ü\n") == mark + f"ü{newline}".encode(encoding)


def test_utf_16_without_a_byte_order_mark_is_recognised():
    for encoding in ("utf-16-le", "utf-16-be"):
        assert decoded("file\tmood\na.wav\tcalm\n".encode(encoding), "a").text.startswith("file\t")


def test_windows_1252_is_read_with_a_warning(caplog):
    found = decoded("Stück für – „Flöte“".encode("cp1252"), "a.csv", windows=True)
    assert found.text == "Stück für – „Flöte“" and "read as Windows-1252" in caplog.text
    assert found.encoded("日本") == "日本".encode()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("Stück".encode("mac_roman"), r"is not UTF-8 \(byte 2, in line 1\)"),
        ("Übung".encode("mac_roman"), r"is not UTF-8 \(byte 0, in line 1\)"),
        (b"<html><table>", "is a web page"),
        (b"a\nb\x81", r"is not UTF-8 \(byte 3, in line 2\)"),
        (b"a\0b", "is not a text file"),
        (b"PK\x03\x04\0\0", "is a spreadsheet or archive"),
        (b"{\\rtf1 file", "formatting"),
        (codecs.BOM_UTF16_LE + b"a", "is not UTF-16-LE"),
    ],
)
def test_files_that_are_not_text_are_refused(data, said):
    with pytest.raises(MusicRFMError, match=said):
        decoded(data, "a.csv", windows=True)


def test_too_large_text_file_is_refused(tmp_path):
    (tmp_path / "a.txt").write_text("123456")
    with pytest.raises(MusicRFMError, match="a.txt is larger than"):
        read_text(tmp_path / "a.txt", most=5)


def test_unpaired_surrogates_become_question_marks():
    assert whole("caf\udce9 \ud83d") == "caf? ?" and whole("🎹") == "🎹"
