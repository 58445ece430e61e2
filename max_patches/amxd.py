"""Writes the Max for Live device: an audio effect whose parameters Live can automate and map.

It passes sound through unchanged, so it can be on the track that brings the bridge's sound into
Live. The file is the patcher in Live's container format; no other files are frozen into it.
"""

from __future__ import annotations

import json
import struct

from py2max import Box, Patcher

from bridge.controls.controls import Parameter
from max_patches import maxparts
from max_patches.boxes import Place, Wires, aside, chain, join, note, show, thing, told
from max_patches.panel import FREE, LIVE_PORT, PROMPTS, Knob, Panel

WIDTH, HEIGHT = 792, 169  # the height of devices in Live
AUDIO_EFFECT = b"aaaa"
SLOTS = 4  # prompts to switch between
ENUM, BLOB = 2, 3  # Max's numbers for types of parameters
STORED_ONLY = 1  # parameters that Live keeps but does not automate
BIPOLAR = 2  # how a clip modulates a parameter
EPOCH = 3590052786  # a moment in Max's calendar: the same input gives the same file
# Where Live's themes do not colour a box by themselves.
THEME = {
    "textedit": {
        "bgcolor": {"expression": "themecolor.live_control_text_bg"},
        "textcolor": {"expression": "themecolor.live_control_fg"},
    }
}
LEADER_HELP = (
    "On connecting, either the bridge takes the values of this Live set, or the "
    "device shows the values of the bridge."
)
LIVE_LEADS, BRIDGE_LEADS = "Live leads", "bridge leads"
LEFT = 226  # x of the first dial
ROWS = (36, 112)  # y of the two rows of dials
COLUMN = 46


def device(panel: Panel) -> bytes:
    """The bytes of `musicrfm.amxd`."""
    return container(json.dumps(patch(draw(panel)), indent=1))


def container(patcher: str) -> bytes:
    """An unfrozen device: chunks of a name, a little-endian length, and the content."""
    content = patcher.encode() + b"\n\0"
    chunks = ((b"ampf", AUDIO_EFFECT), (b"meta", struct.pack("<I", 0)), (b"ptch", content))
    return b"".join(name + struct.pack("<I", len(data)) + data for name, data in chunks)


def patch(patcher: Patcher) -> dict:
    """The patcher as Live expects it, with its list of parameters and its project."""
    whole = patcher.to_dict()
    inner = whole["patcher"]
    inner |= {
        "openrect": [0.0, 0.0, float(WIDTH), float(HEIGHT)],
        "devicewidth": float(WIDTH),
        "default_fontsize": 10.0,
        "default_fontname": "Arial Bold",
        "gridsize": [8.0, 8.0],
        "description": "Plays and steers a musicrfm bridge over OSC.",
        "parameters": parameters(inner["boxes"]),
        "latency": 0,
        "is_mpe": 0,
        "minimum_live_version": "",
        "minimum_max_version": "",
        "platform_compatibility": 0,
        "project": {
            "version": 1,
            "creationdate": EPOCH,
            "modificationdate": EPOCH,
            "viewrect": [0.0, 0.0, 300.0, 500.0],
            "autoorganize": 1,
            "hideprojectwindow": 1,
            "showdependencies": 1,
            "autolocalize": 0,
            "contents": {"patchers": {}},
            "layout": {},
            "searchpath": {},
            "detailsvisible": 0,
            "amxdtype": int.from_bytes(AUDIO_EFFECT, "big"),
            "readonly": 0,
            "devpathtype": 0,
            "devpath": ".",
            "sortmode": 0,
            "viewmode": 0,
            "includepackages": 0,
        },
    }
    return whole


def parameters(boxes: list[dict]) -> dict:
    """Long and short name by box, and the banks of eight that controllers such as Push show."""
    found: dict = {}
    for entry in boxes:
        box = entry["box"]
        if box.get("parameter_enable"):
            values = box["saved_attribute_attributes"]["valueof"]
            long, short = values["parameter_longname"], values["parameter_shortname"]
            found[box["id"]] = [long, short, 0]
    names = [long for long, _, _ in found.values()]
    notes = [name for name in names if name.startswith("Note ")]
    first = ["Prompt slot", "Play", "Gain", "Tempo", *(f"Free {n + 1}" for n in range(FREE))]
    banks = [("Main", first), ("Notes C-G", notes[:8]), ("Notes G#-B", notes[8:])]
    found["parameterbanks"] = {
        str(index): {"index": index, "name": name, "parameters": (bank + ["-"] * 8)[:8]}
        for index, (name, bank) in enumerate(banks)
    }
    found["inherited_shortname"] = 1
    return found


def draw(panel: Panel) -> Patcher:
    patcher = Patcher("musicrfm.amxd", title="musicrfm", openinpresentation=1)
    patcher.rect = [80.0, 80.0, 1400.0, 800.0]
    wires = Wires("---", out="out")
    light = maxparts.link(patcher, wires, LIVE_PORT)
    maxparts.questions(patcher, wires, panel)
    through(patcher)
    heading = told(patcher, "musicrfm", 0, 0, "live.comment")
    away(heading, (6, 4, 66, 18), 12.0)
    show(light, (74, 5, 15, 15))
    transport(patcher, wires, panel)
    leader(patcher, wires)
    prompts(patcher, wires, panel)
    notes(patcher, wires, panel)
    sound(patcher, wires, panel)
    line = maxparts.status(patcher, wires, "live.comment")
    show(line, (6, 151, 206, 16))
    for x, y in ((LEFT - 9, 6), (LEFT + 2 * COLUMN + 2, 94), (WIDTH - 102, 94)):
        line = patcher.add_textbox("live.line", patching_rect=[0, 0, 5, 100])
        away(line, (x, y, 5, HEIGHT - 8 - y))
    return patcher


def away(box: Box, place: Place, size: float | None = None) -> None:
    """A decoration of the panel; in patching mode, it is at the right."""
    box.patching_rect = list(aside(place))
    if size is not None:
        box.fontsize = size
    show(box, place)


def through(patcher: Patcher) -> None:
    note(patcher, "sound goes through", 20, 340)
    come, go = chain(patcher, 20, 364, "plugin~", "plugout~", step=60)
    join(patcher, come, go, outlet=1, inlet=1)


def live(
    patcher: Patcher, maxclass: str, name: str, short: str, values: dict, **attributes: object
) -> Box:
    """A parameter of the device: its names, type, range and initial value in `values`."""
    values = {"parameter_longname": name, "parameter_shortname": short, **values}
    outlets = {
        "live.text": ["", ""],
        "live.tab": ["", "", "float"],
        "textedit": ["", "int", "", ""],
    }
    box = Box(
        maxclass, 1, len(outlets[maxclass]), patcher.get_id(maxclass), [0, 0, 60, 20],
        outlettype=outlets[maxclass], varname=name, parameter_enable=1, annotation_name=name,
        saved_attribute_attributes={"valueof": values, **THEME.get(maxclass, {})}, **attributes,
    )  # fmt: skip
    patcher.add_box(box)
    return box


def choice(names: list[str], first: int = 0, **more: object) -> dict:
    """The values of a parameter that is a choice between names."""
    return {
        "parameter_type": ENUM,
        "parameter_enum": names,
        "parameter_mmax": len(names) - 1,
        "parameter_initial": [first],
        "parameter_initial_enable": 1,
        "parameter_modmode": 0,
        **more,
    }


def transport(patcher: Patcher, wires: Wires, panel: Panel) -> None:
    note(patcher, "play", 200, 340)
    play = live(
        patcher, "live.text", "Play", "Play", choice(["pause", "play"], int(panel.play.default)),
        text="paused", texton="playing", annotation=panel.play.help,
    )  # fmt: skip
    maxparts.ends(patcher, wires, play, panel.play.address, 200, 364)
    pushed(patcher, wires, play, 300, 454)
    show(play, (94, 4, 56, 17))

    note(patcher, "panic", 420, 340)
    values = choice(["off", "on"], parameter_initial_enable=0)
    panic = live(
        patcher, "live.text", "Panic", "Panic", values, mode=0, text="panic",
        annotation=panel.panic.help,
    )  # fmt: skip
    panic.patching_rect = [420, 364, 60, 20]
    order = thing(patcher, "t b b", 420, 400)
    join(patcher, panic, order)
    join(patcher, order, chain(patcher, 420, 490, "delay 100", f"s {wires.ask}")[0])
    packet = chain(patcher, 480, 430, f"({panel.panic.address}", f"s {wires.packet}")[0]
    join(patcher, order, packet, outlet=1)
    show(panic, (156, 4, 54, 17))


def pushed(patcher: Patcher, wires: Wires, box: Box, x: int, y: int) -> None:
    """If Live leads, send the control's value when the bridge begins to answer."""
    join(patcher, thing(patcher, f"r {wires.push}", x, y), box)


def leader(patcher: Patcher, wires: Wires) -> None:
    """The switch between *Live leads* and *bridge leads*, when they connect or it is turned.

    Values that dials send while a Live set loads are held back until this is decided.
    """
    note(patcher, "who leads?", 640, 340)
    values = choice([LIVE_LEADS, BRIDGE_LEADS], parameter_invisible=STORED_ONLY)
    switch = live(patcher, "live.tab", "Leader", "Leader", values, annotation=LEADER_HELP)
    switch.patching_rect = [640, 394, 130, 20]
    join(patcher, thing(patcher, f"r {wires.here}", 640, 364), switch)
    which = thing(patcher, "sel 0 1", 640, 430)
    join(patcher, switch, which)
    tell = thing(patcher, "t b b 1", 640, 464)
    join(patcher, which, tell)
    hear = thing(patcher, "t b b", 800, 464)
    join(patcher, which, hear, outlet=1)
    asks = thing(patcher, f"s {wires.ask}", 640, 557)
    join(patcher, tell, asks)
    push = chain(patcher, 690, 497, "(outputvalue", f"s {wires.push}")[0]
    join(patcher, tell, push, outlet=1)
    join(patcher, hear, asks)
    open_ = chain(patcher, 820, 497, "delay 500", "(1")
    join(patcher, hear, open_[0], outlet=1)
    gate = thing(patcher, "gate 1 0", 960, 464)
    join(patcher, tell, gate, outlet=2)
    join(patcher, open_[1], gate)
    join(patcher, thing(patcher, f"r {wires.out}", 990, 430), gate, inlet=1)
    join(patcher, gate, thing(patcher, f"s {wires.packet}", 960, 497))
    show(switch, (6, 132, 204, 16))


def prompts(patcher: Patcher, wires: Wires, panel: Panel) -> None:
    """Four texts, of which the selected one is the prompt."""
    note(patcher, "prompts", 1180, 340)
    values = choice([str(number + 1) for number in range(SLOTS)])
    slot = live(
        patcher, "live.tab", "Prompt slot", "Prompt", values,
        annotation=f"Selects the text used as the prompt: {panel.prompt.help}",
    )  # fmt: skip
    slot.patching_rect = [1180, 394, 130, 20]
    pushed(patcher, wires, slot, 1180, 364)
    order = thing(patcher, "t i i", 1180, 430)
    join(patcher, slot, order)
    chosen = thing(patcher, f"sel {' '.join(map(str, range(SLOTS)))}", 1180, 464)
    join(patcher, order, chosen)
    out = chain(patcher, 1180, 656, f"prepend {panel.prompt.address}", f"s {wires.out}")[0]
    show(slot, (6, 26, 206, 17))
    for place in range(SLOTS):
        x = 1180 + 190 * place
        words = text_entry(patcher, f"Prompt {place + 1}", PROMPTS[place])
        words.patching_rect = [x, 510, 170, 20]
        join(patcher, chosen, words, outlet=place)
        said = maxparts.typed(patcher, words, x, 545)
        gate = thing(patcher, "gate 1 0", x, 606)
        same = thing(patcher, f"== {place}", x + 100, 550)
        join(patcher, said, gate, outlet=1, inlet=1)
        join(patcher, order, same, outlet=1)
        join(patcher, same, gate)
        join(patcher, gate, out)
        show(words, (6, 47 + 20 * place, 204, 17))


def text_entry(patcher: Patcher, name: str, start: str) -> Box:
    """A text that is saved in the Live set."""
    values = {
        "parameter_type": BLOB,
        "parameter_invisible": STORED_ONLY,
        "parameter_initial": [start],
        "parameter_initial_enable": 1,
        "parameter_modmode": 0,
    }
    return live(
        patcher, "textedit", name, name, values, text=start, keymode=1, outputmode=1, lines=1,
        fontsize=10.0, rounded=0.0, wordwrap=0,
    )  # fmt: skip


def notes(patcher: Patcher, wires: Wires, panel: Panel) -> None:
    """The dials of the twelve notes under the bars of their share, and the other meters."""
    meters = maxparts.meters(patcher, wires, 20, 720, "live.comment", named=True)
    show(meters.chroma, (LEFT, 6, 12 * COLUMN, 26))
    show(meters.level, (LEFT, 96, 2 * COLUMN - 4, 11))
    for place, figure in enumerate(meters.figures):
        figure.fontsize = 9.0
        show(figure, (WIDTH - 94, 93 + 14 * place, 90, 14))
    for place, knob in enumerate(panel.notes):
        dial = knob_dial(patcher, wires, knob, place, f"Note {knob.label}", knob.label)
        show(dial, (LEFT + 1 + COLUMN * place, ROWS[0], 44, 48))


def sound(patcher: Patcher, wires: Wires, panel: Panel) -> None:
    """Tempo, gain, and the free dials."""
    tempo, gain = (
        next(knob for knob in panel.sound if knob.parameter.address == address)
        for address in ("/steer/tempo", "/gain")
    )
    for place, (knob, name) in enumerate(((tempo, "Tempo"), (gain, "Gain"))):
        dial = knob_dial(patcher, wires, knob, len(panel.notes) + place, name, name)
        show(dial, (LEFT + 1 + COLUMN * place, ROWS[1], 44, 48))
    maxparts.listing(patcher, wires, 20, 940)
    for place in range(FREE):
        number, x = place + 1, LEFT + 2 * COLUMN + 12 + 90 * place
        name = f"Free {number}"
        dial = maxparts.dial(patcher, panel.free, name, name, **start(panel.free))
        words = text_entry(patcher, f"Free {number} name", "")
        menu = maxparts.free(patcher, wires, number, dial, words, 20 + 500 * place, 2150)
        pushed(patcher, wires, dial, 380 + 500 * place, 2444)
        # The name from the Live set, sent again when the rest of the patch is ready.
        join(patcher, thing(patcher, f"r {wires.here}", 400 + 500 * place, 2174), words)
        show(words, (x, 94, 64, 16))
        show(menu, (x + 64, 94, 18, 16))
        show(dial, (x + 10, ROWS[1], 44, 48))


def knob_dial(patcher: Patcher, wires: Wires, knob: Knob, place: int, name: str, short: str) -> Box:
    """A control's dial with all its wiring."""
    x, y = 20 + 390 * (place % 6), 1320 + 260 * (place // 6)
    parameter = knob.parameter
    note(patcher, parameter.address, x, y)
    dial = maxparts.dial(patcher, parameter, name, short, **start(parameter))
    maxparts.ends(patcher, wires, dial, parameter.address, x, y + 24)
    pushed(patcher, wires, dial, x + 90, y + 84)
    if parameter.address.startswith("/steer/"):
        maxparts.known(patcher, wires, dial, parameter.address, x + 220, y + 24)
    return dial


def start(parameter: Parameter) -> dict[str, object]:
    return {
        "parameter_initial": [parameter.default],
        "parameter_initial_enable": 1,
        "parameter_modmode": BIPOLAR,
    }
