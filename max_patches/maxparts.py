"""The parts that the Max patch and the Live device share, above all the connection to the bridge.

Max's udpsend cannot receive answers, so with every ping a patch asks the bridge to send answers and
meters to the port of its udpreceive. Each function draws its part in patching mode, and returns the
boxes that belong on the panel.
"""

from __future__ import annotations

from dataclasses import dataclass

from py2max import Box, Patcher

from bridge.controls.controls import Parameter
from max_patches.boxes import Wires, chain, join, message, note, thing, told
from max_patches.panel import (
    CHROMA,
    FIGURES,
    FREE,
    HOST,
    LEVEL,
    PING_MS,
    PORT,
    SHIPPED,
    Panel,
)

FLOAT, DECIBEL = 1, 4  # Max's unit styles of parameters
NOT_YET = "not connected yet"
FASTEST_MS = 10  # at least, between two packets of a control, because modulation never pauses


def link(patcher: Patcher, wires: Wires, port: int) -> Box:
    """Sends packets, receives answers, and pings once a second; returns the light for answers."""
    note(patcher, "packets out", 20, 20)
    chain(patcher, 20, 44, f"r {wires.packet}", f"udpsend {HOST} {PORT}")
    note(patcher, "answers in", 220, 20)
    chain(patcher, 220, 44, f"udpreceive {port} @quiet 1", f"s {wires.answer}")
    note(patcher, "once a second: ping and reply port", 430, 20)
    asking = f"(/reply_port {port}, /subscribe {port}, /ping"
    chain(patcher, 430, 44, "loadmess 1", f"metro {PING_MS}", asking, f"s {wires.packet}")

    note(patcher, "does the bridge answer?", 740, 20)
    heard = chain(patcher, 740, 44, f"r {wires.answer}", "route /pong", "t b b b")[-1]
    late = chain(patcher, 740, 152, f"delay {3 * PING_MS}", "(0", "change -1", "sel 1 0")
    join(patcher, heard, late[0])
    join(patcher, thing(patcher, "loadbang", 850, 98), late[0])
    here = message(patcher, "1", 790, 179)
    join(patcher, heard, here, outlet=1)
    join(patcher, here, late[2])
    light = patcher.add_textbox("button", patching_rect=[820, 125, 24, 24], ignoreclick=1)
    join(patcher, heard, light, outlet=2)
    join(patcher, late[-1], thing(patcher, f"s {wires.here}", 740, 270))
    join(patcher, late[-1], thing(patcher, f"s {wires.gone}", 860, 270), outlet=1)
    return light


def questions(patcher: Patcher, wires: Wires, panel: Panel) -> None:
    """Asks for all controls and their values, at every bang on `ask`."""
    note(patcher, "ask for the list of controls", 20, 170)
    order = chain(patcher, 20, 194, f"r {wires.ask}", "t b b")[-1]
    asking = ", ".join(f"/get {pattern}" for pattern in panel.patterns)
    first = chain(patcher, 20, 258, f"(/list, {asking}", f"s {wires.packet}")[0]
    join(patcher, order, first)
    join(patcher, order, thing(patcher, f"s {wires.forget}", 90, 226), outlet=1)


def status(patcher: Patcher, wires: Wires, maxclass: str = "comment") -> Box:
    """One line of text: whether the bridge is connected, or its latest error."""
    note(patcher, "status", 1010, 20)
    found = chain(patcher, 1010, 44, f"r {wires.here}", "(set connected")[-1]
    lost = f"(set no answer: start bridge play (port {PORT})"
    missed = chain(patcher, 1180, 44, f"r {wires.gone}", lost)[-1]
    wrong = chain(patcher, 1520, 44, f"r {wires.answer}", "route /error", "prepend set")[-1]
    line = told(patcher, NOT_YET, 1010, 140, maxclass)
    for source in (found, missed, wrong):
        join(patcher, source, line)
    return line


@dataclass(frozen=True)
class Meters:
    level: Box
    chroma: Box
    figures: list[Box]


def meters(
    patcher: Patcher, wires: Wires, x: int, y: int, maxclass: str = "comment", named: bool = False
) -> Meters:
    """The subscribed meters: a bar for the level, twelve for the chroma, and a text for each other.

    named: whether these texts begin with the name of the meter.
    """
    note(patcher, "meters", x, y)
    addresses = " ".join(meter.address for meter in (LEVEL, CHROMA, *FIGURES))
    split = chain(patcher, x, y + 24, f"r {wires.answer}", f"route {addresses}")[-1]
    y += 90
    bar = patcher.add_textbox(
        "slider", patching_rect=[x, y + 27, 120, 16], orientation=1, floatoutput=1,
        min=LEVEL.low, size=LEVEL.high - LEVEL.low, ignoreclick=1, parameter_enable=0,
    )  # fmt: skip
    chroma = patcher.add_textbox(
        "multislider", patching_rect=[x + 140, y + 27, 120, 40], size=12, ignoreclick=1,
        setminmax=[CHROMA.low, CHROMA.high], setstyle=1, parameter_enable=0,
    )  # fmt: skip
    silent = ((x, "prepend set", bar), (x + 140, "prepend setlist", chroma))
    for outlet, (column, text, shown) in enumerate(silent):
        move = thing(patcher, text, column, y)
        join(patcher, split, move, outlet=outlet)
        join(patcher, move, shown)
    figures = []
    for place, meter in enumerate(FIGURES):
        column = x + 290 + 230 * place
        name = f"{meter.label} " if named else ""
        text = f"sprintf symout {name}%.{meter.decimals}f {meter.unit}".rstrip()
        written, shown = chain(patcher, column, y, text, "prepend set")
        figure = told(patcher, f"{name}–", column, y + 54, maxclass)
        join(patcher, split, written, outlet=2 + place)
        join(patcher, shown, figure)
        figures.append(figure)
    return Meters(bar, chroma, figures)


def listing(patcher: Patcher, wires: Wires, x: int, y: int) -> None:
    """Reads the bridge's answer to `/list`.

    All directions go into the menus of the free dials. Those that do not ship are assigned to the
    free dials in turn, unless a dial has a direction already.
    """
    note(patcher, "list of its directions", x, y)
    heard = chain(patcher, x, y + 24, f"r {wires.answer}", "route /list", "zl.slice 1")[-1]
    join(patcher, heard, thing(patcher, f"s {wires.listed}", x, y + 105))
    name = chain(patcher, x + 240, y + 24, f"r {wires.listed}", "regexp ^/steer/([^/]+)$")[-1]
    each = thing(patcher, "t l l", x + 280, y + 78)
    join(patcher, name, each, outlet=1)
    menus = chain(patcher, x + 340, y + 105, "prepend append", f"s {wires.menus}")[0]
    join(patcher, each, menus, outlet=1)
    chain(patcher, x + 520, y + 51, f"r {wires.forget}", "(clear", f"s {wires.menus}")

    other = thing(patcher, f"route {' '.join(SHIPPED)}", x, y + 170)
    join(patcher, each, other)
    order = thing(patcher, "t b l", x, y + 205)
    join(patcher, other, order, outlet=len(SHIPPED))
    count, pair = chain(patcher, x, y + 232, "counter 1 1000", "zl.join")
    join(patcher, order, count)
    join(patcher, order, pair, outlet=1, inlet=1)
    join(patcher, chain(patcher, x + 240, y + 205, f"r {wires.forget}", "(set 1")[-1], count)
    slots = thing(patcher, f"route {' '.join(map(str, range(1, FREE + 1)))}", x, y + 286)
    join(patcher, pair, slots)
    for place in range(FREE):
        found = thing(patcher, f"s {wires.found}{place + 1}", x + 170 * place, y + 320)
        join(patcher, slots, found, outlet=place)


def dial(patcher: Patcher, parameter: Parameter, name: str, short: str, **values: object) -> Box:
    """A live.dial with the parameter's range. name: its long name and its scripting name."""
    return _live(patcher, "live.dial", parameter, name, short, values)


def slider(patcher: Patcher, parameter: Parameter, name: str, **values: object) -> Box:
    """A horizontal live.slider, with the same arguments."""
    box = _live(patcher, "live.slider", parameter, name, name, values)
    box.orientation, box.showname, box.shownumber = 1, 0, 0
    return box


def _live(
    patcher: Patcher, maxclass: str, parameter: Parameter, name: str, short: str, values: dict
) -> Box:
    attributes = {
        "parameter_longname": name,
        "parameter_shortname": short,
        "parameter_mmin": parameter.low,
        "parameter_mmax": parameter.high,
        "parameter_type": 0,
        "parameter_unitstyle": DECIBEL if parameter.unit == "dB" else FLOAT,
        **values,
    }
    return patcher.add_textbox(
        maxclass, patching_rect=[0, 0, 72, 56], outlettype=["", "float"], varname=name,
        parameter_enable=1, saved_attribute_attributes={"valueof": attributes},
        annotation=parameter.help, annotation_name=name,
    )  # fmt: skip


def ends(patcher: Patcher, wires: Wires, box: Box, address: str, x: int, y: int) -> None:
    """The wiring of a control: values from the bridge set it silently, and its changes are sent."""
    back = chain(patcher, x, y, f"r {wires.answer}", f"route {address}", "prepend set")[-1]
    join(patcher, back, box)
    box.patching_rect = [x, y + 90, 72, 56]
    texts = (f"speedlim {FASTEST_MS}", f"prepend {address}", f"s {wires.out}")
    join(patcher, box, chain(patcher, x, y + 154, *texts)[0])


def known(patcher: Patcher, wires: Wires, box: Box, address: str, x: int, y: int) -> None:
    """Makes a dial grey if the running bridge lacks its direction."""
    there = chain(patcher, x, y, f"r {wires.listed}", f"route {address}", "(active 1")[-1]
    join(patcher, there, box)
    join(patcher, chain(patcher, x, y + 90, f"r {wires.forget}", "(active 0")[-1], box)


def typed(patcher: Patcher, entry: Box, x: int, y: int) -> Box:
    """The typed text, from the second outlet; no output for an empty text."""
    split = chain(patcher, x, y, "route text", "route bang")
    join(patcher, entry, split[0])
    return split[1]


def free(patcher: Patcher, wires: Wires, number: int, dial: Box, entry: Box, x: int, y: int) -> Box:
    """A free dial. entry: the box for typing its direction's name. Returns the menu of directions.

    The name is typed, chosen from the menu, or assigned from the bridge's list if there is none
    yet.
    """
    note(patcher, f"free direction {number}", x, y)
    entry.patching_rect = [x, y + 24, 100, 22]
    written = typed(patcher, entry, x, y + 57)
    menu = patcher.add_textbox(
        "umenu", patching_rect=[x + 110, y + 57, 90, 22], items=["–"], parameter_enable=0
    )
    join(patcher, thing(patcher, f"r {wires.menus}", x + 110, y + 30), menu)
    gate = chain(patcher, x + 250, y + 24, f"r {wires.found}{number}", "gate 1 1", step=33)[-1]
    named = thing(patcher, "t l l 0", x, y + 122)
    for source, outlet in ((written, 1), (menu, 1), (gate, 0)):
        join(patcher, source, named, outlet=outlet)
    join(patcher, named, gate, outlet=2)
    join(patcher, shown := thing(patcher, "prepend set", x + 250, y + 122), entry)
    join(patcher, named, shown, outlet=1)
    address = chain(patcher, x, y + 149, "sprintf symout /steer/%s", "t l l l")
    join(patcher, named, address[0])
    join(patcher, address[1], chain(patcher, x, y + 213, "prepend /get", f"s {wires.packet}")[0])

    # Out: the address is put before the dial's value.
    sent = thing(patcher, "prepend set", x + 110, y + 213)
    out = chain(patcher, x + 110, y + 357, "prepend /steer/none", f"s {wires.out}")[0]
    join(patcher, address[1], sent, outlet=1)
    join(patcher, sent, out)
    # Back: values of this address set the dial.
    split = chain(patcher, x + 250, y + 149, f"r {wires.answer}", "zl.slice 1")[-1]
    same = chain(patcher, x + 250, y + 213, "zl.compare /steer/none", "sel 1", "zl.reg")
    join(patcher, address[1], same[0], outlet=2, inlet=1)
    join(patcher, split, same[0])
    join(patcher, split, same[2], outlet=1, inlet=1)
    back = thing(patcher, "prepend set", x + 250, y + 294)
    join(patcher, same[2], back)
    dial.patching_rect = [x, y + 267, 72, 56]
    join(patcher, back, dial)
    slow = thing(patcher, f"speedlim {FASTEST_MS}", x, y + 330)
    join(patcher, dial, slow)
    join(patcher, slow, out)
    return menu
