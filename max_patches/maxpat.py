"""Writes the Max client: a panel of dials in presentation mode, its wiring in patching mode.

Every control has a block of its own (answer in, dial, packet out) and blocks meet only through
`s` and `r`, so no cord crosses another. Max's udpsend cannot hear what comes back to it, so the
patch asks the bridge, with every ping, to answer on a port where udpreceive listens.
"""

from __future__ import annotations

import json

from py2max import Box, Patcher

from max_patches.panel import EVERYTHING, HOST, PING_MS, PORT, REPLY_PORT, Knob, Panel

PACKET, ANSWER, ASK, STATUS = (f"musicrfm-{end}" for end in ("packet", "answer", "ask", "status"))
WIDTH, HEIGHT = 700, 310  # of the panel
LABEL = 12  # font sizes
TITLE = 22
FLOAT, DECIBEL = 1, 4  # Max's numbers for how a dial writes its value
Place = tuple[int, int, int, int]  # x, y, width, height


def patch(panel: Panel) -> str:
    """The text of `musicrfm.maxpat`."""
    # The ids come from a counter, so that the same panel gives the same file.
    patcher = Patcher("musicrfm.maxpat", title="musicrfm", openinpresentation=1)
    patcher.rect = [80.0, 80.0, float(WIDTH), float(HEIGHT)]
    backdrop(patcher)
    link(patcher)
    status_line(patcher)
    prompt(patcher, panel)
    buttons(patcher, panel)
    for place, knob in enumerate(panel.knobs):
        dial(patcher, knob, 20 + 200 * (place % 6), 390 + 220 * (place // 6))
    for place, knob in enumerate(panel.notes):
        show(patcher.find_by_id(ident(knob)), (20 + 56 * place, 108, 48, 56))
    for place, knob in enumerate(panel.sound):
        show(patcher.find_by_id(ident(knob)), (76 + 168 * place, 190, 72, 56))
    return json.dumps(patcher.to_dict(), indent=1) + "\n"


def backdrop(patcher: Patcher) -> None:
    bar: Place = (10, 10, WIDTH - 20, 40)
    panel = patcher.add_textbox(
        "panel", patching_rect=aside(bar), bgcolor=[0.89, 0.89, 0.89, 1.0], background=1
    )
    show(panel, bar)
    label(patcher, "musicrfm", (18, 14, 140, 31), TITLE)
    label(patcher, f"plays and steers the bridge at {HOST} port {PORT}", (162, 20, 330, 20))


def link(patcher: Patcher) -> None:
    """Packets out and answers in, and a ping a second that says where to answer."""
    note(patcher, "packets out", 20, 20)
    chain(patcher, 20, 44, f"r {PACKET}", f"udpsend {HOST} {PORT}")
    note(patcher, "answers in", 220, 20)
    chain(patcher, 220, 44, f"udpreceive {REPLY_PORT}", f"s {ANSWER}")
    note(patcher, "a ping a second", 430, 20)
    ping = f"(/reply_port {REPLY_PORT}, /ping"
    chain(patcher, 430, 44, "loadmess 1", f"metro {PING_MS}", ping, f"s {PACKET}")

    note(patcher, "does it answer?", 640, 20)
    heard = chain(patcher, 640, 44, f"r {ANSWER}", "route /pong", "t b b b")[-1]
    late = chain(patcher, 640, 125, f"delay {3 * PING_MS}", "(0", "change -1", "sel 1 0")
    patcher.add_line(heard, late[0])
    patcher.add_line(chain(patcher, 720, 98, "loadbang")[0], late[0])
    here = message(patcher, "1", 690, 152)
    patcher.add_line(heard, here, outlet=1)
    patcher.add_line(here, late[2])
    light = patcher.add_textbox("button", patching_rect=[750, 125, 24, 24])
    patcher.add_line(heard, light, outlet=2)
    show(light, (WIDTH - 100, 18, 24, 24))
    label(patcher, "bridge", (WIDTH - 72, 20, 54, 20))

    # Once it answers, ask where every control stands.
    asking = ", ".join(f"/get {pattern}" for pattern in EVERYTHING)
    refresh = chain(patcher, 640, 270, f"({asking}", f"s {PACKET}")
    patcher.add_line(late[-1], refresh[0])
    patcher.add_line(chain(patcher, 690, 238, f"r {ASK}")[0], refresh[0])
    found = message(patcher, "set connected", 850, 238)
    lost = message(patcher, f"set no answer: start bridge play (port {PORT})", 850, 270)
    told = chain(patcher, 850, 302, f"s {STATUS}")[0]
    patcher.add_line(late[-1], found)
    patcher.add_line(late[-1], lost, outlet=1)
    patcher.add_line(found, told)
    patcher.add_line(lost, told)


def status_line(patcher: Patcher) -> None:
    """One line of text: connected or not, and what the bridge could not do."""
    note(patcher, "status", 850, 20)
    error = chain(patcher, 850, 44, f"r {ANSWER}", "route /error", "prepend set")[-1]
    line = patcher.add_comment("", patching_rect=[850, 126, 240, 20])
    line.numinlets = 1
    patcher.add_line(error, line)
    patcher.add_line(chain(patcher, 960, 98, f"r {STATUS}")[0], line)
    label(patcher, "status", (16, HEIGHT - 34, 56, 20))
    show(line, (74, HEIGHT - 34, WIDTH - 94, 20))


def prompt(patcher: Patcher, panel: Panel) -> None:
    """Words, sent as one text when Enter is pressed."""
    note(patcher, "prompt", 20, 110)
    address = panel.prompt.address
    back = chain(patcher, 20, 134, f"r {ANSWER}", f"route {address}", "prepend set")
    entry = patcher.add_textbox(
        "textedit", patching_rect=[20, 216, 180, 22], outlettype=["", "int", "", ""],
        keymode=1, outputmode=1, lines=1, parameter_enable=0, fontsize=float(LABEL),
    )  # fmt: skip
    patcher.add_line(back[-1], entry)
    out = chain(patcher, 20, 248, "route text", f"prepend {address}", f"s {PACKET}")
    patcher.add_line(entry, out[0])
    label(patcher, "prompt", (16, 68, 56, 20))
    show(entry, (74, 66, 400, 24))


def buttons(patcher: Patcher, panel: Panel) -> None:
    note(patcher, "play", 430, 170)
    address = panel.play.address
    back = chain(patcher, 430, 194, f"r {ANSWER}", f"route {address}", "prepend set")
    toggle = patcher.add_textbox("toggle", patching_rect=[430, 278, 24, 24])
    patcher.add_line(back[-1], toggle)
    out = chain(patcher, 430, 308, f"prepend {address}", f"s {PACKET}")
    patcher.add_line(toggle, out[0])
    show(toggle, (494, 66, 24, 24))
    label(patcher, "play", (522, 68, 40, 20))

    note(patcher, "panic", 220, 110)
    address = panel.panic.address
    button = Box(
        "textbutton", 1, 3, patcher.get_id("textbutton"), [220, 134, 60, 24],
        outlettype=["", "", "int"], text=address.strip("/"), parameter_enable=0,
        fontsize=float(LABEL),
    )  # fmt: skip
    patcher.add_box(button)
    show(button, (WIDTH - 100, 66, 80, 24))
    order = chain(patcher, 220, 168, "t b b")[0]
    patcher.add_line(button, order)
    out = chain(patcher, 250, 200, f"({address}", f"s {PACKET}")
    patcher.add_line(order, out[0], outlet=1)
    # Panic moves other controls too: ask where they are once it has happened.
    patcher.add_line(order, chain(patcher, 220, 264, "delay 100", f"s {ASK}")[0])


def dial(patcher: Patcher, knob: Knob, x: int, y: int) -> None:
    """A dial with its range; it moves silently when the bridge says where it stands."""
    parameter = knob.parameter
    values = {
        "parameter_longname": ident(knob),
        "parameter_shortname": knob.label,
        "parameter_mmin": parameter.low,
        "parameter_mmax": parameter.high,
        "parameter_type": 0,
        "parameter_unitstyle": DECIBEL if parameter.unit == "dB" else FLOAT,
    }
    box = patcher.add_textbox(
        "live.dial", patching_rect=[x, y + 90, 72, 56], outlettype=["", "float"], id=ident(knob),
        varname=ident(knob), parameter_enable=1, saved_attribute_attributes={"valueof": values},
        hint=parameter.help,
    )  # fmt: skip
    back = chain(patcher, x, y, f"r {ANSWER}", f"route {parameter.address}", "prepend set")
    patcher.add_line(back[-1], box)
    start = chain(patcher, x + 90, y + 54, f"loadmess set {float(parameter.default):g}")
    patcher.add_line(start[0], box)
    out = chain(patcher, x, y + 154, f"prepend {parameter.address}", f"s {PACKET}")
    patcher.add_line(box, out[0])


def ident(knob: Knob) -> str:
    """`/steer/note_Cs` as Max names things: `steer_note_Cs`."""
    return knob.parameter.address.strip("/").replace("/", "_")


def chain(patcher: Patcher, x: int, y: int, *texts: str, step: int = 27) -> list[Box]:
    """Boxes under one another, first outlet to first inlet; `(…` makes a message box."""
    made = []
    for row, text in enumerate(texts):
        if text.startswith("("):
            made.append(message(patcher, text[1:], x, y + row * step))
        else:
            place = [x, y + row * step, wide(text), 22]
            made.append(patcher.add_textbox(text, patching_rect=place))
    for above, below in zip(made, made[1:], strict=False):
        patcher.add_line(above, below)
    return made


def message(patcher: Patcher, text: str, x: int, y: int) -> Box:
    return patcher.add_message(text, patching_rect=[x, y, wide(text), 22])


def note(patcher: Patcher, text: str, x: int, y: int) -> Box:
    """A heading in patching mode."""
    return patcher.add_comment(text, patching_rect=[x, y, wide(text) + 10, 20])


def label(patcher: Patcher, text: str, place: Place, size: int = LABEL) -> Box:
    """A text of the panel; in patching mode it is kept out of the way, on the right."""
    box = patcher.add_comment(text, patching_rect=aside(place), fontsize=float(size))
    return show(box, place)


def aside(place: Place) -> list[int]:
    return [1240 + place[0], 20 + place[1], place[2], place[3]]


def show(box: Box, place: Place) -> Box:
    box.presentation = 1
    box.presentation_rect = list(place)
    return box


def wide(text: str) -> int:
    """About as wide as Max draws it in Arial 12."""
    return 16 + 6 * len(text) + len(text) // 2
