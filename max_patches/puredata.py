"""Writes the Pure Data client: a panel of sliders and meters, and a subpatch that speaks OSC.

For vanilla Pd 0.52 or newer. The subpatch is in `pdwires`.
"""

from __future__ import annotations

from bridge.controls.controls import Parameter
from max_patches.panel import CHROMA, FIGURES, HOST, LEVEL, PORT, Knob, Panel
from max_patches.pdcanvas import Canvas, number, wire
from max_patches.pdwires import osc

WIDTH = 720
INK, GREY, PAPER, BLACK_KEY = "#202020", "#606060", "#fcfcfc", "#404040"
LABEL = 13  # font sizes
SMALL = 11
COLUMN = 56  # twelve of them are the notes
ROW = 30


def patch(panel: Panel) -> str:
    """The text of `musicrfm.pd`."""
    canvas = Canvas("musicrfm", WIDTH, 0)
    heading(canvas)
    y = mixture(canvas, panel, 138)
    y = heard(canvas, y)
    for column, knob in enumerate(panel.notes):
        note_slider(canvas, knob, 30 + COLUMN * column, y + 28)
    y += 196
    for place, knob in enumerate(panel.sound):
        sound_slider(canvas, knob, 122 + 350 * (place % 2), y + ROW * (place // 2))
    y += ROW * ((len(panel.sound) + 1) // 2) + 10
    y = presets(canvas, panel, y)
    status_line(canvas, y)
    canvas.nest(osc(panel), 650, y)
    canvas.height = y + 34
    return "\n".join(canvas.text(f"#N canvas 60 60 {canvas.width} {canvas.height} 12;")) + "\n"


def heading(canvas: Canvas) -> None:
    box = ("cnv", 5, 690, 40, "empty", "empty", "musicrfm", 12, 20, 0, 22, "#e4e4e4", INK, 0)
    canvas.add("obj", 14, 12, *box)
    canvas.add("text", 150, 24, f"plays and steers the bridge at {HOST} port {PORT}")
    canvas.add("text", 14, 72, "prompt")
    words(canvas, "/prompt", 72, 70, 87)
    canvas.add("text", 72, 92, "type \\, then press Enter")
    play = wire("/play")
    canvas.add(
        "obj", 340, 100, "tgl", 24, 0, f"{play}/out", play, "play", 32, 12, 0, LABEL, PAPER, INK,
        INK, 0, 1,
    )  # fmt: skip
    button(canvas, 440, 100, "panic", wire("/panic/out"), "#c02020")
    canvas.add(
        "obj", 560, 100, "bng", 24, 250, 50, 0, "empty", wire("/pong"), "bridge", 32, 12, 0,
        LABEL, PAPER, "#20a020", GREY,
    )  # fmt: skip


def words(canvas: Canvas, address: str, x: int, y: int, width: int) -> None:
    """A box to type words in. width: in characters."""
    name = wire(f"{address}/words")
    canvas.add("listbox", x, y, width, 0, 0, 0, "-", wire(f"{address}/say"), name, 12)


def button(canvas: Canvas, x: int, y: int, label: str, name: str, colour: str = INK) -> None:
    canvas.add(
        "obj", x, y, "bng", 24, 250, 50, 0, name, "empty", label, 32, 12, 0, LABEL, PAPER, colour,
        INK,
    )  # fmt: skip


def mixture(canvas: Canvas, panel: Panel, y: int) -> int:
    """The prompts to blend, two in a row, each with its text and weight."""
    for place, slot in enumerate(panel.slots):
        x, row = 14 + 350 * (place % 2), y + ROW * (place // 2)
        canvas.add("text", x, row + 2, place + 1)
        words(canvas, slot.text.address, x + 22, row, 27)
        slider(canvas, slot.weight, "hsl", x + 222, row, 106, 18, PAPER, INK)
    return y + ROW * ((len(panel.slots) + 1) // 2) + 2


def heard(canvas: Canvas, y: int) -> int:
    """The meters: values in a row, and the share of each note above its slider."""
    canvas.add("text", 14, y, "level")
    canvas.add("floatatom", 64, y, 6, 0, 0, 0, "-", wire(LEVEL.address), "-", SMALL)
    for place, meter in enumerate(FIGURES):
        x = 124 + 117 * place
        canvas.add("text", x, y, meter.label)
        shown(canvas, meter.address, x + 74, y)
    array = Canvas("(subpatch)", 450, 250)
    array.lines.append(f"#X array {wire(CHROMA.address)} 12 float 10 black black;")
    ends = f"{number(CHROMA.high)} 12 {number(CHROMA.low)}"
    array.lines.append(f"#X coords 0 {ends} {12 * COLUMN} 40 1 0 0;")
    canvas.nest(array, 12, y + 26, "graph")
    return y + 72


def note_slider(canvas: Canvas, knob: Knob, x: int, y: int) -> None:
    """A vertical slider with its note above and its value below; sharps are dark."""
    ground = BLACK_KEY if knob.is_sharp else PAPER
    thumb = PAPER if knob.is_sharp else INK
    canvas.add("text", x - 2, y - 28, knob.label)
    slider(canvas, knob.parameter, "vsl", x, y, 20, 120, ground, thumb)
    shown(canvas, knob.parameter.address, x - 10, y + 126)


def sound_slider(canvas: Canvas, knob: Knob, x: int, y: int) -> None:
    """A horizontal slider with its name to the left and its value to the right."""
    canvas.add("text", x - 108, y - 1, knob.label)
    slider(canvas, knob.parameter, "hsl", x, y, 160, 18, PAPER, INK)
    shown(canvas, knob.parameter.address, x + 172, y)


def slider(
    canvas: Canvas, parameter: Parameter, kind: str, x: int, y: int, width: int, height: int,
    ground: str, thumb: str,
) -> None:  # fmt: skip
    name = wire(parameter.address)
    canvas.add(
        "obj", x, y, kind, width, height, number(parameter.low), number(parameter.high), 0, 0,
        f"{name}/out", name, "empty", 0, -9, 0, SMALL, ground, thumb, INK, 0, 1,
    )  # fmt: skip


def shown(canvas: Canvas, address: str, x: int, y: int) -> None:
    """A number box for a value. If it has a name, it has no inlet for a cord."""
    canvas.add("floatatom", x, y, 5, 0, 0, 0, "-", wire(address), "-", SMALL)


def presets(canvas: Canvas, panel: Panel, y: int) -> int:
    """A preset's name, with buttons to store and recall it, and to glide to it in some seconds."""
    if not panel.presets:
        return y
    canvas.add("text", 14, y + 2, "preset")
    words(canvas, "/preset", 72, y, 27)
    for place, parameter in enumerate(panel.presets):
        label = parameter.address.rsplit("/", 1)[-1]
        button(canvas, 290 + 100 * place, y - 2, label, wire(f"{parameter.address}/out"))
    seconds = wire("/preset/seconds")
    canvas.add("floatatom", 600, y, 5, 0, 3600, 0, "-", seconds, f"{seconds}/out", SMALL)
    canvas.add("text", 644, y, "seconds")
    return y + 38


def status_line(canvas: Canvas, y: int) -> None:
    """A text that messages set: a label, since a symbol box puts backslashes before spaces."""
    canvas.add("text", 14, y + 1, "status")
    box = ("cnv", 5, 560, 22, "empty", wire("/status/line"), "empty", 6, 11, 0, LABEL, "#f0f0f0")
    canvas.add("obj", 74, y, *box, INK, 0)
