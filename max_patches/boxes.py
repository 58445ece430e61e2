"""Makes boxes of a Max patcher, places them in patching and presentation mode, and connects them.

Columns of boxes (`chain`) are connected only by `s` and `r`, so that no cords cross. `show` places
a box on the panel, in presentation mode.
"""

from __future__ import annotations

import itertools

from py2max import Box, Patcher

Place = tuple[int, int, int, int]  # x, y, width, height
LABEL = 12  # font size
ASIDE = 2600  # x of the panel's decoration in patching mode


class Wires:
    """The names of a patch's `s` and `r`.

    In a Live device they begin with three dashes, which Live replaces by a unique number.
    """

    def __init__(self, prefix: str, out: str = "packet") -> None:
        self.packet = f"{prefix}packet"  # to the bridge
        self.answer = f"{prefix}answer"  # from the bridge
        self.out = f"{prefix}{out}"  # changes made on the panel, for the bridge
        self.here = f"{prefix}here"  # the bridge has begun to answer
        self.gone = f"{prefix}gone"
        self.ask = f"{prefix}ask"  # ask the bridge for its controls
        self.forget = f"{prefix}forget"  # forget the controls known so far
        self.listed = f"{prefix}listed"  # the address of an existing control
        self.menus = f"{prefix}menus"  # to the menus of directions
        self.found = f"{prefix}found"  # with a number: a direction for this free dial
        self.push = f"{prefix}push"  # all controls send their values


def chain(patcher: Patcher, x: int, y: int, *texts: str, step: int = 27) -> list[Box]:
    """Boxes under one another, first outlet to first inlet; `(…` makes a message box."""
    made = []
    for row, text in enumerate(texts):
        if text.startswith("("):
            made.append(message(patcher, text[1:], x, y + row * step))
        else:
            made.append(thing(patcher, text, x, y + row * step))
    for above, below in itertools.pairwise(made):
        join(patcher, above, below)
    return made


def thing(patcher: Patcher, text: str, x: int, y: int) -> Box:
    return patcher.add_textbox(text, patching_rect=[x, y, wide(text), 22])


def message(patcher: Patcher, text: str, x: int, y: int) -> Box:
    return patcher.add_message(text, patching_rect=[x, y, wide(text), 22])


def join(patcher: Patcher, source: Box, target: Box, outlet: int = 0, inlet: int = 0) -> None:
    patcher.add_line(source, target, outlet=outlet, inlet=inlet)


def note(patcher: Patcher, text: str, x: int, y: int) -> Box:
    """A heading in patching mode."""
    return patcher.add_comment(text, patching_rect=[x, y, wide(text) + 10, 20])


def told(patcher: Patcher, text: str, x: int, y: int, maxclass: str = "comment") -> Box:
    """A text that can be changed by messages."""
    box = Box(maxclass, 1, 0, patcher.get_id(maxclass), [x, y, 120, 20], text=text)
    patcher.add_box(box)
    return box


def label(patcher: Patcher, text: str, place: Place, size: float = LABEL, **more: object) -> Box:
    """A text of the panel; in patching mode it is at the right, out of the way."""
    box = patcher.add_comment(text, patching_rect=aside(place), fontsize=float(size), **more)
    return show(box, place)


def aside(place: Place) -> list[int]:
    return [ASIDE + place[0], 20 + place[1], place[2], place[3]]


def show(box: Box, place: Place) -> Box:
    """Put a box on the panel."""
    box.presentation = 1
    box.presentation_rect = list(place)
    return box


def wide(text: str) -> int:
    """The approximate width of a text in Max in Arial 12, in pixels."""
    return 16 + 6 * len(text) + len(text) // 2
