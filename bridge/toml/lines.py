"""Reads TOML files, and finds the line of a key, so that an error can name it.

Python's TOML parser does not report lines; they need to be right only for files that it accepts.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from musicrfm.errors import MusicRFMError
from musicrfm.files.text import Text, read_text

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

MOST_BYTES = 8 * 2**20
QUOTES = "put a path in single quotes, as in 'C:\\tracks\\new', or write / for \\"

_HEADER = re.compile(r"\s*(\[\[?)\s*(.+?)\s*\]\]?\s*(#.*)?$")
_PART = re.compile(r"""\s*("(?:[^"\\]|\\.)*"|'[^']*'|[\w-]+)\s*""")
_LONG = ('"' * 3, "'" * 3)
# Patterns of invalid lines, with the likely fix; the first match counts.
_KEY = r"\s*[\w.-]+\s*"
_MISTAKES = [
    (re.compile(_KEY + r":"), "write = between a key and its value"),
    (
        re.compile(_KEY + r"=\s*(True|False|TRUE|FALSE)\b"),
        "true and false are written in small letters",
    ),
    (re.compile(_KEY + r"=\s*[+-]?\d+,\d"), "write a decimal point, as in 0.5"),
    (re.compile(_KEY + r"=\s*(?!true|false|nan|inf)[^\W\d]"), "put a text in quotes"),
]
_DIGITS = re.compile(
    "Exceeds the limit .* for integer string"
)  # Python's limit on how long a number may be
_AT_LINE = re.compile(r"at line (\d+)")


def read_toml(path: str | Path, shown: str) -> Text:
    """A TOML file's text. Raises MusicRFMError, in which it is named `shown`, for any other
    file."""
    try:
        return read_text(path, "rig file", fix="save it as UTF-8", most=MOST_BYTES)
    except MusicRFMError as error:
        raise MusicRFMError(f"cannot read the rig file {shown!r}: {error}") from None


def parsed(text: str, shown: str) -> dict[str, Any]:
    """TOML as a dict. Raises MusicRFMError with the likely cause for invalid TOML."""
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise MusicRFMError(f"{shown}: not valid TOML: it is nested too deeply") from None
    except ValueError as error:  # beside TOML's own, a number of thousands of digits
        if _DIGITS.search(str(error)):
            raise MusicRFMError(f"{shown}: not valid TOML: a number in it is too long") from None
        hint = _hint(str(error), text.split("\n"))
        raise MusicRFMError(f"{shown}: not valid TOML: {error}{hint}") from None


def _hint(error: str, lines: list[str]) -> str:
    """The likely mistake in the line that a parser error names."""
    found = _AT_LINE.search(error)
    line = lines[int(found[1]) - 1] if found else ""
    if '"' in line and "\\" in line:
        return f"; in double quotes \\ starts an escape sequence: {QUOTES}"
    if set(line) & set("“”„«»‘’‚"):
        return "; this line has typographic quotes: write straight ones"
    if "\u00a0" in line:
        return "; this line has a no-break space: write a plain one"
    return next((f"; {fix}" for looks, fix in _MISTAKES if looks.match(line)), "")


@dataclass
class Source:
    """A file's name and the positions of its keys; as text, the name alone.

    Tables are named as in the file, `[osc]` or `[[midi]] number 2`, and the top level "".
    """

    path: str
    lines: dict[tuple[str, str], int] = field(default_factory=dict)

    @classmethod
    def of(cls, path: str, text: str) -> Source:
        lines: dict[tuple[str, str], int] = {}
        times: Counter[str] = Counter()
        table, closing = "", None
        for number, line in enumerate(text.split("\n"), start=1):
            if closing is not None:
                closing = None if closing in line else closing
                continue
            closing = next((mark for mark in _LONG if line.count(mark) == 1), None)
            header = _HEADER.match(line) if line.lstrip().startswith("[") else None
            if header and "=" not in line.split("]")[0]:
                name = ".".join(_parts(header[2]))
                table = f"[{name}]"
                if header[1] == "[[":
                    times[name] += 1
                    table = f"[[{name}]] number {times[name]}"
                lines.setdefault((table, ""), number)
                lines.setdefault(("", name.split(".")[0]), number)
            elif parts := _parts(line):
                lines.setdefault((table, parts[0]), number)
        return cls(path, lines)

    def at(self, table: str, key: str = "") -> str:
        """`rig.toml, line 12`, or the name alone if the key is not found."""
        line = self.lines.get((table, key)) or self.lines.get((table, ""))
        return f"{self.path}, line {line}" if line else self.path

    def __str__(self) -> str:
        return self.path


def _parts(text: str) -> list[str]:
    """The parts of the dotted key at the start of a text."""
    parts, position = [], 0
    while match := _PART.match(text, position):
        part = match[1]
        parts.append(part[1:-1] if part[0] in "\"'" else part)
        position = match.end()
        if text[position : position + 1] != ".":
            break
        position += 1
    return parts
