"""Writes the Max client: a panel of dials in presentation mode, its wiring in patching mode."""

from __future__ import annotations

import json

from py2max import Box, Patcher

from max_patches import maxparts
from max_patches.boxes import LABEL, Place, Wires, aside, chain, join, label, note, show, thing
from max_patches.panel import FREE, HOST, MAX_PORT, PORT, Knob, Panel, Slot

WIDTH = 712  # of the panel
LEFT = 20
COLUMN = 56  # twelve of them are the notes
TITLE = 22  # font size
HELP = (
    "Start the bridge in a terminal: bridge play. The light at the top blinks when it answers, and "
    "the dials move to its values.",
    "A coefficient of 1 is the top of a direction's useful range; 0 is off, below 0 steers away. "
    "The bars above the notes show how much each note sounds.",
    "prompt: type, then press Enter. Prompts 1 to 4 are mixed by their weights.",
    "free: any other direction. Type its name and press Enter, or choose it from the menu, which "
    "lists the directions of the running bridge; refresh updates it.",
    (
        "presets: the bridge saves them in its rig file. morph glides to one in the "
        "given number of seconds."
    ),
    "panic: turns all steering off and starts a new piece.",
)


def patch(panel: Panel) -> str:
    """The text of `musicrfm.maxpat`."""
    return json.dumps(draw(panel).to_dict(), indent=1) + "\n"


def draw(panel: Panel) -> Patcher:
    # The ids come from a counter, so that the same panel gives the same file.
    patcher = Patcher("musicrfm.maxpat", title="musicrfm", openinpresentation=1)
    wires = Wires("musicrfm-")
    header(patcher)
    show(maxparts.link(patcher, wires, MAX_PORT), (WIDTH - 92, 18, 24, 24))
    maxparts.questions(patcher, wires, panel)
    y = transport(patcher, wires, panel, 66)
    y = mixture(patcher, wires, panel, y)
    y = notes(patcher, wires, panel, y)
    y = sound(patcher, wires, panel, y)
    y = presets(patcher, wires, panel, y)
    line = maxparts.status(patcher, wires)
    label(patcher, "status", (LEFT - 6, y, 56, 20))
    show(line, (LEFT + 54, y, WIDTH - 94, 20))
    patcher.rect = [80.0, 80.0, float(WIDTH), float(y + 30)]
    return patcher


def header(patcher: Patcher) -> None:
    bar: Place = (10, 10, WIDTH - 20, 40)
    panel = patcher.add_textbox(
        "panel", patching_rect=aside(bar), bgcolor=[0.89, 0.89, 0.89, 1.0], background=1
    )
    show(panel, bar)
    label(patcher, "musicrfm", (LEFT, 14, 120, 31), TITLE)
    label(patcher, f"plays and steers the bridge at {HOST} port {PORT}", (142, 20, 330, 20))
    label(patcher, "bridge", (WIDTH - 66, 20, 50, 20))
    note(patcher, "help", 20, 340)
    button = text_button(patcher, "help", 20, 364)
    show(button, (WIDTH - 164, 18, 60, 24))
    pages = Patcher("help", title="musicrfm: help", parent=patcher)
    pages.rect = [140.0, 140.0, 520.0, 60.0 + 50 * len(HELP)]
    pages.add_textbox("inlet", patching_rect=[490, 20, 30, 30])
    for place, text in enumerate(HELP):
        pages.add_comment(text, patching_rect=[20, 20 + 50 * place, 470, 34], linecount=2)
    way = chain(patcher, 20, 398, "(open", "pcontrol")
    join(patcher, button, way[0])
    inner = patcher.add_subpatcher("p help", patcher=pages, patching_rect=[20, 452, 60, 22])
    inner.numinlets, inner.numoutlets, inner.outlettype = 1, 0, []
    join(patcher, way[1], inner)


def transport(patcher: Patcher, wires: Wires, panel: Panel, y: int) -> int:
    """Prompt, play, panic and refresh; returns the y at which the panel continues."""
    note(patcher, "prompt", 820, 340)
    words = text_control(patcher, wires, panel.prompt.address, 820, 364)
    label(patcher, "prompt", (LEFT - 6, y + 2, 56, 20))
    show(words, (LEFT + 54, y, 366, 24))

    note(patcher, "play", 1130, 340)
    address = panel.play.address
    toggle = patcher.add_textbox("toggle", patching_rect=[1130, 448, 24, 24])
    back = chain(patcher, 1130, 364, f"r {wires.answer}", f"route {address}", "prepend set")
    join(patcher, back[-1], toggle)
    out = chain(patcher, 1130, 478, f"prepend {address}", f"s {wires.packet}")
    join(patcher, toggle, out[0])
    show(toggle, (456, y, 24, 24))
    label(patcher, "play", (482, y + 2, 36, 20))

    # Panic changes other controls too, so their values are requested after it.
    note(patcher, "panic", 330, 340)
    button = text_button(patcher, "panic", 330, 364)
    show(button, (WIDTH - 176, y, 76, 24))
    order = thing(patcher, "t b b", 330, 398)
    join(patcher, button, order)
    packet = chain(patcher, 390, 425, f"({panel.panic.address}", f"s {wires.packet}")[0]
    join(patcher, order, packet, outlet=1)
    join(patcher, order, chain(patcher, 330, 486, "delay 100", f"s {wires.ask}")[0])

    note(patcher, "refresh", 560, 340)
    button = text_button(patcher, "refresh", 560, 364)
    show(button, (WIDTH - 94, y, 76, 24))
    end = thing(patcher, f"s {wires.ask}", 560, 425)
    join(patcher, button, end)
    join(patcher, thing(patcher, f"r {wires.here}", 620, 398), end)
    return y + 34


def mixture(patcher: Patcher, wires: Wires, panel: Panel, y: int) -> int:
    """The prompts to blend, two in a row, each with its number, text and weight."""
    for place, slot in enumerate(panel.slots):
        x, row = LEFT + 338 * (place % 2), y + 30 * (place // 2)
        prompt_slot(patcher, wires, slot, place + 1, (x, row))
    return y + 30 * ((len(panel.slots) + 1) // 2) + 4


def prompt_slot(
    patcher: Patcher, wires: Wires, slot: Slot, number: int, place: tuple[int, int]
) -> None:
    x, y = place
    column = 20 + 500 * (number - 1)
    note(patcher, f"prompt {number} and its weight", column, 2380)
    words = text_control(patcher, wires, slot.text.address, column, 2404)
    weight = maxparts.slider(patcher, slot.weight, f"weight {number}")
    maxparts.ends(patcher, wires, weight, slot.weight.address, column + 250, 2404)
    label(patcher, str(number), (x - 6, y + 2, 20, 20))
    show(words, (x + 16, y, 196, 24))
    show(weight, (x + 220, y, 100, 24))


def notes(patcher: Patcher, wires: Wires, panel: Panel, y: int) -> int:
    """The dials of the twelve notes under the bars of their share, beside the other meters."""
    meters = maxparts.meters(patcher, wires, 20, 560, named=True)
    label(patcher, "heard", (LEFT - 6, y, 46, 18), 11)
    label(patcher, "level", (LEFT + 58, y, 34, 18), 11)
    show(meters.level, (LEFT + 94, y + 2, 92, 14))
    for place, figure in enumerate(meters.figures):
        show(figure, (LEFT + 196 + 96 * place, y, 96, 18))
        figure.fontsize = 11.0
    show(meters.chroma, (LEFT - 4, y + 20, 12 * COLUMN, 34))
    y += 58
    for place, knob in enumerate(panel.notes):
        show(knob_dial(patcher, wires, knob, place), (LEFT + COLUMN * place, y, 48, 56))
    return y + 70


def sound(patcher: Patcher, wires: Wires, panel: Panel, y: int) -> int:
    """Tempo and sound settings on the left, free directions on the right."""
    for place, knob in enumerate(panel.sound):
        dial = knob_dial(patcher, wires, knob, len(panel.notes) + place)
        show(dial, (LEFT - 4 + 72 * place, y + 24, 64, 56))
    maxparts.listing(patcher, wires, 20, 760)
    for place in range(FREE):
        number, x = place + 1, LEFT + 304 + 94 * place
        dial = maxparts.dial(patcher, panel.free, f"free_{number}", f"free {number}")
        name = entry(patcher, f"free_{number}_name")
        menu = maxparts.free(patcher, wires, number, dial, name, 20 + 500 * place, 1940)
        show(name, (x, y, 66, 22))
        show(menu, (x + 66, y, 22, 22))
        show(dial, (x + 9, y + 24, 48, 56))
    return y + 92


def presets(patcher: Patcher, wires: Wires, panel: Panel, y: int) -> int:
    """A preset's name, with buttons to store and recall it, and to glide to it in some seconds.

    A button opens the gate of its message, triggers the name, and closes the gate.
    """
    if not panel.presets:
        return y
    x, top = 1240, 760
    note(patcher, "presets", x, top)
    name = entry(patcher, "preset")
    name.patching_rect = [x, top + 120, 180, 22]
    written = maxparts.typed(patcher, name, x, top + 150)
    way = thing(patcher, "gate 3 0", x, top + 210)
    join(patcher, written, way, outlet=1, inlet=1)
    label(patcher, "preset", (LEFT - 6, y + 2, 56, 20))
    show(name, (LEFT + 54, y, 190, 24))
    for place, parameter in enumerate(panel.presets):
        column = x + 200 * place
        button = text_button(patcher, parameter.address.rsplit("/", 1)[-1], column, top + 24)
        show(button, (LEFT + 252 + 76 * place, y, 70, 24))
        order = thing(patcher, f"t 0 b {place + 1}", column, top + 58)
        join(patcher, button, order)
        join(patcher, order, way)
        join(patcher, order, name, outlet=1)
        join(patcher, order, way, outlet=2)
        out = chain(patcher, column, top + 280, f"prepend {parameter.address}", f"s {wires.packet}")
        if parameter.type == "s":
            join(patcher, way, out[0], outlet=place)
            continue
        pair = thing(patcher, "zl.join", column, top + 250)
        join(patcher, way, pair, outlet=place)
        join(patcher, pair, out[0])
        seconds = patcher.add_textbox(
            "flonum",
            patching_rect=[column + 80, top + 220, 60, 22],
            minimum=0.0,
            parameter_enable=0,
        )
        join(patcher, thing(patcher, "loadmess 4.", column + 80, top + 185), seconds)
        join(patcher, seconds, pair, inlet=1)
        show(seconds, (LEFT + 252 + 76 * (place + 1), y + 1, 50, 22))
        label(patcher, "seconds", (LEFT + 304 + 76 * (place + 1), y + 2, 60, 20))
    return y + 36


def knob_dial(patcher: Patcher, wires: Wires, knob: Knob, place: int) -> Box:
    """A control's dial with all its wiring."""
    x, y = 20 + 400 * (place % 6), 1120 + 260 * (place // 6)
    parameter = knob.parameter
    note(patcher, parameter.address, x, y)
    dial = maxparts.dial(patcher, parameter, ident(knob), knob.label)
    maxparts.ends(patcher, wires, dial, parameter.address, x, y + 24)
    start = thing(patcher, f"loadmess set {float(parameter.default):g}", x + 90, y + 114)
    join(patcher, start, dial)
    if parameter.address.startswith("/steer/"):
        maxparts.known(patcher, wires, dial, parameter.address, x + 230, y + 24)
    return dial


def ident(knob: Knob) -> str:
    """The address as a name in Max: `/steer/note_Cs` gives `steer_note_Cs`."""
    return knob.parameter.address.strip("/").replace("/", "_")


def text_button(patcher: Patcher, text: str, x: int, y: int) -> Box:
    box = Box(
        "textbutton", 1, 3, patcher.get_id("textbutton"), [x, y, 60, 24],
        outlettype=["", "", "int"], text=text, parameter_enable=0, fontsize=float(LABEL),
    )  # fmt: skip
    patcher.add_box(box)
    return box


def entry(patcher: Patcher, name: str) -> Box:
    """A text field; Enter sends the line as one text."""
    return patcher.add_textbox(
        "textedit", patching_rect=[0, 0, 180, 22], varname=name, outlettype=["", "int", "", ""],
        keymode=1, outputmode=1, lines=1, parameter_enable=0, fontsize=float(LABEL),
    )  # fmt: skip


def text_control(patcher: Patcher, wires: Wires, address: str, x: int, y: int) -> Box:
    """A text control, set here or by the bridge."""
    back = chain(patcher, x, y, f"r {wires.answer}", f"route {address}", "prepend set")[-1]
    box = entry(patcher, address.strip("/").replace("/", "_"))
    box.patching_rect = [x, y + 84, 180, 22]
    join(patcher, back, box)
    written = maxparts.typed(patcher, box, x, y + 114)
    out = chain(patcher, x, y + 168, f"prepend {address}", f"s {wires.packet}")
    join(patcher, written, out[0], outlet=1)
    return box
