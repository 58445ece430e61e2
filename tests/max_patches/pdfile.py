"""Reads Pd's file format far enough to check it: canvases, their objects and their cords."""

from __future__ import annotations

import re
from dataclasses import dataclass, field


@dataclass
class Canvas:
    name: str
    objects: list[list[str]] = field(default_factory=list)  # kind, x, y, words…
    cords: list[tuple[int, int, int, int]] = field(default_factory=list)

    def named(self, kind: str) -> list[list[str]]:
        """The words of every object or message box of that class."""
        return [words[3:] for words in self.objects if words[0] == "obj" and words[3] == kind]


def read(text: str) -> list[Canvas]:
    """All canvases of a patch, the outermost last. Raises ValueError on a line it cannot place."""
    open_, done = [], []
    for statement in re.split(r"(?<!\\);\n", text):
        if not statement:
            continue
        chunk, kind, *words = statement.split()
        if chunk == "#N" and kind == "canvas":
            open_.append(Canvas(words[4] if len(words) > 5 else "top"))
        elif chunk != "#X":
            raise ValueError(f"what is {statement!r}?")
        elif kind == "connect":
            open_[-1].cords.append(tuple(map(int, words)))
        elif kind == "restore":
            done.append(open_.pop())
            open_[-1].objects.append(["obj", *words])
        else:
            open_[-1].objects.append([kind, *words])
    if len(open_) != 1:
        raise ValueError(f"{len(open_)} canvases were left open")
    return [*done, open_[0]]
