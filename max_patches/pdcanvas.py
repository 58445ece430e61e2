"""A Pure Data canvas under construction: objects, cords between them, and canvases inside it."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field


@dataclass
class Canvas:
    """A Pd canvas under construction; `text()` is its file form."""

    name: str
    width: int
    height: int
    lines: list[str] = field(default_factory=list)
    cords: list[str] = field(default_factory=list)
    count: int = 0

    def add(self, kind: str, x: int, y: int, *words: object) -> int:
        """Put an object at x, y; returns its number for cords."""
        self.lines.append(f"#X {kind} {x} {y} {' '.join(map(str, words))}".rstrip() + ";")
        self.count += 1
        return self.count - 1

    def chain(self, x: int, y: int, *texts: str, step: int = 26) -> list[int]:
        """Objects under one another, first outlet to first inlet; `(…` makes a message box."""
        made = []
        for row, text in enumerate(texts):
            kind, text = ("msg", text[1:]) if text.startswith("(") else ("obj", text)
            made.append(self.add(kind, x, y + row * step, text))
        for above, below in itertools.pairwise(made):
            self.cord(above, below)
        return made

    def cord(self, source: int, target: int, outlet: int = 0, inlet: int = 0) -> None:
        self.cords.append(f"#X connect {source} {outlet} {target} {inlet};")

    def nest(self, inner: Canvas, x: int, y: int, kind: str = "pd") -> int:
        """Put a canvas at x, y, as a subpatch (`pd`) or as the graph of an array (`graph`)."""
        body = inner.text(f"#N canvas 80 80 {inner.width} {inner.height} {inner.name} 0;")
        name = f" {inner.name}" if kind == "pd" else ""
        self.lines.extend([*body, f"#X restore {x} {y} {kind}{name};"])
        self.count += 1
        return self.count - 1

    def text(self, head: str) -> list[str]:
        return [head, *self.lines, *self.cords]


def wire(address: str) -> str:
    """The name of a control in panel and subpatch."""
    return f"musicrfm{address}"


def atoms(address: str) -> str:
    """The address for Pd's oscformat and route: `/steer/note_C` gives `steer note_C`."""
    return " ".join(address.strip("/").split("/"))


def number(value: float) -> str:
    return f"{value:g}"
