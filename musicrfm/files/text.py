"""Reads text files as editors and spreadsheets of all systems write them.

UTF-8 with or without a byte order mark, UTF-16 and UTF-32 are detected from the bytes, and all line
ends become one kind. The text can be written back in the same encoding with the same line ends.
"""

from __future__ import annotations

import codecs
import logging
import os
from dataclasses import dataclass

from musicrfm.errors import MusicRFMError
from musicrfm.files.paths import file_to_read

log = logging.getLogger(__name__)

MOST_BYTES = 64 * 2**20
WINDOWS = "cp1252"
_MARKS = (  # UTF-32 first: its mark begins like that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_OTHER_FORMATS = (
    (b"PK\x03\x04", "a spreadsheet or archive"),
    (b"\xd0\xcf\x11\xe0", "an Office document"),
    (b"{\\rtf", "a document with formatting (RTF)"),
    (b"%PDF", "a PDF"),
    (b"<", "a web page or XML"),
)
# Rare letters in Windows-1252; in Mac Roman these bytes are ä, é, ö, ü, Ü, á and other common ones.
_LETTERS_OF_A_MAC = frozenset(b"\x83\x86\x87\x88\x8a\x8e\x98\x9a\x9e\x9f")


@dataclass(frozen=True)
class Text:
    r"""A file's text with \n as line ends, and its format: byte order mark, encoding, line ends."""

    text: str
    encoding: str = "utf-8"
    mark: bytes = b""
    newline: str = "\n"

    def encoded(self, text: str) -> bytes:
        """Another text, encoded like this one.

        Text that does not fit a Windows code page becomes UTF-8.
        """
        text = text.replace("\n", self.newline)
        try:
            return self.mark + text.encode(self.encoding)
        except UnicodeEncodeError:
            return text.encode("utf-8")


def whole(text: str) -> str:
    """The text with ? in place of half characters, as from a terminal without UTF-8."""
    return text.encode("utf-8", "replace").decode("utf-8")


def read_text(
    path: str | os.PathLike[str],
    what: str = "text file",
    *,
    fix: str = "save it as plain text in UTF-8",
    windows: bool = False,
    damaged: bool = False,
    most: int = MOST_BYTES,
) -> Text:
    """The text of a file; `what` and `fix` are for the errors.

    windows: a file that is not UTF-8 is read as Windows-1252 with a warning in the log, unless its
    bytes contradict that. damaged: invalid bytes become U+FFFD, and zeros, as a power cut leaves
    them, are skipped; the caller handles the gaps. Raises MusicRFMError for anything but a file,
    for files larger than `most` bytes, and for files that are not text.
    """
    found = file_to_read(path, what)
    try:
        with found.open("rb") as file:
            data = file.read(most + 1)
    except OSError as error:
        raise MusicRFMError(f"cannot read the {what} {str(path)!r}: {error.strerror}") from None
    if len(data) > most:
        raise MusicRFMError(
            f"{found.name} is larger than {most / 2**20:g} MiB, which is too large for a {what}"
        )
    if damaged:
        data = data.replace(b"\0", b"").decode("utf-8", "replace").encode()
    return decoded(data, found.name, fix=fix, windows=windows)


def decoded(
    data: bytes, name: str, *, fix: str = "save it in UTF-8", windows: bool = False
) -> Text:
    """The text in the bytes of a file of this name; see `read_text`."""
    for start, kind in _OTHER_FORMATS:
        if data.startswith(start):
            raise MusicRFMError(f"{name} is {kind}, not a text file: {fix}")
    mark, encoding = next(
        ((m, e) for m, e in _MARKS if data.startswith(m)), (b"", _unmarked(data[:1024]))
    )
    data = data[len(mark) :]
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        if not windows or mark or encoding != "utf-8" or not _of_windows(data):
            line = data.count(b"\n", 0, error.start) + 1
            raise MusicRFMError(
                f"{name} is not {encoding.upper()} (byte {error.start}, in line {line}): {fix}"
            ) from None
        text, encoding = data.decode(WINDOWS), WINDOWS
        log.warning("%s is not UTF-8 and is read as Windows-1252; to be sure, %s", name, fix)
    if "\0" in text:
        raise MusicRFMError(f"{name} is not a text file: {fix}")
    newline = next((end for end in ("\r\n", "\n", "\r") if end in text), "\n")
    if newline == "\r\n" and text.count("\n") > 2 * text.count("\r\n"):
        newline = "\n"
    text = text.lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n")  # a mark may come twice
    return Text(text, encoding, mark, newline)


def _unmarked(start: bytes) -> str:
    """UTF-8, or UTF-16 without a byte order mark: in that, every other byte of ASCII letters is
    0."""
    half = max(1, len(start) // 2)
    if len(start) % 2 == 0 and start[1::2].count(0) > 0.7 * half and not start[::2].count(0):
        return "utf-16-le"
    if len(start) % 2 == 0 and start[::2].count(0) > 0.7 * half and not start[1::2].count(0):
        return "utf-16-be"
    return "utf-8"


def _of_windows(data: bytes) -> bool:
    """Whether the bytes can be Windows-1252, and are not more likely a Macintosh encoding."""
    try:
        data.decode(WINDOWS)
    except UnicodeDecodeError:
        return False
    return not _LETTERS_OF_A_MAC.intersection(data)
