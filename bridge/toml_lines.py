"""Finds the line that a key of a TOML file stands in, so that an error can name it.

Python's TOML parser does not tell; this only has to be right for files that the parser has taken.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

_HEADER = re.compile(r"\s*(\[\[?)\s*(.+?)\s*\]\]?\s*(#.*)?$")
_PART = re.compile(r"""\s*("(?:[^"\\]|\\.)*"|'[^']*'|[\w-]+)\s*""")
_LONG = ('"' * 3, "'" * 3)


@dataclass
class Source:
    """A file's name and where its keys are; as a text, the name alone.

    Tables are called as in the file, `[osc]` or `[[midi]] number 2`, and the top level "".
    """

    path: str
    lines: dict[tuple[str, str], int] = field(default_factory=dict)

    @classmethod
    def of(cls, path: str, text: str) -> Source:
        lines: dict[tuple[str, str], int] = {}
        times: Counter[str] = Counter()
        table, closing = "", None
        for number, line in enumerate(text.splitlines(), start=1):
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
        """`rig.toml, line 12`, or the name alone for what cannot be found."""
        line = self.lines.get((table, key)) or self.lines.get((table, ""))
        return f"{self.path}, line {line}" if line else self.path

    def __str__(self) -> str:
        return self.path


def _parts(text: str) -> list[str]:
    """The parts of the dotted key that a text begins with."""
    parts, position = [], 0
    while match := _PART.match(text, position):
        part = match[1]
        parts.append(part[1:-1] if part[0] in "\"'" else part)
        position = match.end()
        if text[position : position + 1] != ".":
            break
        position += 1
    return parts
