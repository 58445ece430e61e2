"""Writes the TouchOSC layout.

Each control sends and receives at its own address, scaled to the range in the list of controls. A
small Lua script at the root asks the bridge for answers, shows the meters, and assigns directions
of the running bridge to the free dials.
"""

from __future__ import annotations

import zlib

from bridge.controls.controls import Parameter
from max_patches.panel import (
    CHROMA,
    FIGURES,
    FREE,
    LEVEL,
    PING_MS,
    PROMPTS,
    SHIPPED,
    TOUCH_PORT,
    Knob,
    Panel,
)
from max_patches.tosc import EAST, NORTH, Colour, Node, Place, number, osc, part, share, xml

WIDTH, HEIGHT = 1024, 600
COLUMN = 83  # twelve of them are the notes
TOGGLE = 2  # a button that changes when pressed; 0 is one that is on while it is held
LEFT_ALIGN, CENTRE = 1, 2

INK: Colour = (0.92, 0.92, 0.92, 1)
SOFT: Colour = (0.6, 0.6, 0.6, 1)
WHITE_KEY: Colour = (0.85, 0.53, 0.2, 1)
BLACK_KEY: Colour = (0.55, 0.35, 0.16, 1)
BLUE: Colour = (0.25, 0.5, 0.75, 1)
GREEN: Colour = (0.2, 0.65, 0.4, 1)
RED: Colour = (0.8, 0.2, 0.2, 1)
GREY: Colour = (0.3, 0.3, 0.3, 1)
NOTHING: Colour = (0, 0, 0, 0)


def layout(panel: Panel) -> bytes:
    """The bytes of `musicrfm.tosc`."""
    return zlib.compress(xml(root(panel)).encode(), 9)


def root(panel: Panel) -> Node:
    properties = [("c", "color", (0.09, 0.09, 0.1, 1)), ("s", "script", script(panel))]
    group = Node("GROUP", "musicrfm", (0, 0, WIDTH, HEIGHT), properties)
    group.children += [
        *header(panel), *prompts(panel), *meters(), *notes(panel), *sound(panel), *free(panel),
        *presets(panel), label("status", (14, 568, WIDTH - 28, 26), "not connected yet", SOFT),
    ]  # fmt: skip
    return group


def label(
    name: str, place: Place, words: str, ink: Colour = INK, align: int = LEFT_ALIGN, size: int = 15,
    messages: tuple[str, ...] = (),
) -> Node:  # fmt: skip
    properties = [
        ("b", "background", 0), ("b", "outline", 0), ("b", "textClip", 1), ("c", "color", NOTHING),
        ("c", "textColor", ink), ("i", "font", 0), ("i", "textAlignH", align),
        ("i", "textAlignV", 2), ("i", "textLength", 0), ("i", "textSize", size),
    ]  # fmt: skip
    return Node("LABEL", name, place, properties, {"text": words}, list(messages))


def button(name: str, place: Place, colour: Colour, message: str, toggle: bool = False) -> Node:
    properties = [
        ("b", "interactive", 1), ("b", "press", 1), ("b", "release", 1), ("c", "color", colour),
        ("b", "valuePosition", 0), ("i", "buttonType", TOGGLE if toggle else 0),
    ]  # fmt: skip
    return Node("BUTTON", name, place, properties, {"x": float(toggle)}, [message])


def fader(name: str, place: Place, colour: Colour, value: float, *messages: str, way: int = NORTH,
          moves: bool = True) -> Node:  # fmt: skip
    properties = [
        ("b", "bar", 1), ("b", "cursor", int(moves)), ("b", "grid", int(moves)),
        ("b", "interactive", int(moves)), ("c", "color", colour), ("i", "barDisplay", 0),
        ("i", "cursorDisplay", 0), ("i", "gridSteps", 4), ("i", "orientation", way),
        ("i", "response", 1), ("i", "responseFactor", 100),
    ]  # fmt: skip
    return Node("FADER", name, place, properties, {"x": value}, list(messages))


def radial(name: str, place: Place, colour: Colour, parameter: Parameter, *messages: str) -> Node:
    properties = [
        ("b", "centered", int(parameter.low < 0 and parameter.unit != "dB")), ("b", "grid", 1),
        ("b", "interactive", 1), ("b", "inverted", 0), ("c", "color", colour),
        ("i", "gridSteps", 4), ("i", "outlineStyle", 0), ("i", "response", 1),
        ("i", "responseFactor", 100), ("i", "shape", 2),
    ]  # fmt: skip
    return Node("RADIAL", name, place, properties, {"x": share(parameter)}, list(messages))


def header(panel: Panel) -> list[Node]:
    text = panel.prompt.address
    hears = osc(text, part("VALUE", "STRING", "text"), trigger="text", send=False)
    play = button(
        "play", (800, 10, 100, 44), GREEN, osc(panel.play.address, number(panel.play)), True
    )
    panic = button(
        "panic", (910, 10, 100, 44), RED, osc(panel.panic.address, condition="RISE", receive=False)
    )
    return [
        label("title", (14, 10, 150, 44), "musicrfm", size=26),
        label("prompt", (170, 10, 620, 44), "", size=17, messages=(hears,)),
        play, label("play_name", play.place, "play", align=CENTRE),
        panic, label("panic_name", panic.place, "panic", align=CENTRE),
    ]  # fmt: skip


def prompts(panel: Panel) -> list[Node]:
    """A button for each prompt. TouchOSC has no keyboard; its editor changes the texts."""
    nodes = []
    for place, words in enumerate(PROMPTS):
        where = (14 + 249 * (place % 4), 64 + 40 * (place // 4), 241, 34)
        said = part("CONSTANT", "STRING", words)
        message = osc(panel.prompt.address, said, condition="RISE", receive=False)
        nodes += [
            button(f"prompt_{place + 1}", where, BLUE, message),
            label(f"prompt_{place + 1}_name", where, words, align=CENTRE, size=12),
        ]
    return nodes


def meters() -> list[Node]:
    y = 148
    level = part("VALUE", "FLOAT", "x", LEVEL.low, LEVEL.high)
    nodes = [
        fader(
            "level",
            (70, y + 4, 180, 18),
            GREEN,
            0.0,
            osc(LEVEL.address, level, send=False),
            way=EAST,
            moves=False,
        ),
        label("level_name", (14, y, 56, 26), "level", SOFT),
    ]
    for place, meter in enumerate(FIGURES):
        where = (270 + 150 * place, y, 145, 26)
        nodes.append(label(meter.label, where, f"{meter.label} –", SOFT))
    nodes += [
        fader(
            f"heard_{place + 1}",
            (14 + COLUMN * place, y + 30, COLUMN - 6, 40),
            GREY,
            0.0,
            moves=False,
        )
        for place in range(12)
    ]
    return nodes


def notes(panel: Panel) -> list[Node]:
    nodes = []
    for place, knob in enumerate(panel.notes):
        x, colour = 14 + COLUMN * place, BLACK_KEY if knob.is_sharp else WHITE_KEY
        address = knob.parameter.address
        message = osc(address, number(knob.parameter))
        name = ident(address)
        nodes += [
            fader(name, (x, 224, COLUMN - 6, 196), colour, share(knob.parameter), message),
            label(f"{name}_name", (x, 422, COLUMN - 6, 22), knob.label, align=CENTRE),
        ]
    return nodes


def sound(panel: Panel) -> list[Node]:
    nodes = []
    for place, knob in enumerate(panel.sound):
        nodes += dial(knob, (14 + COLUMN * place, 452, COLUMN - 6, COLUMN - 6))
    return nodes


def dial(knob: Knob, place: Place) -> list[Node]:
    x, y, w, h = place
    address = knob.parameter.address
    message = osc(address, number(knob.parameter))
    return [
        radial(ident(address), place, GREEN, knob.parameter, message),
        label(
            f"{ident(address)}_name", (x - 3, y + h, w + 6, 20), knob.label, align=CENTRE, size=12
        ),
    ]


def free(panel: Panel) -> list[Node]:
    """Free dials, whose addresses the script sets from the bridge's list."""
    nodes = []
    for place in range(FREE):
        x = 14 + COLUMN * (5 + place)
        nodes += [
            radial(f"free_{place + 1}", (x, 452, COLUMN - 6, COLUMN - 6), WHITE_KEY, panel.free),
            label(f"free_{place + 1}_name", (x - 3, 529, COLUMN, 20), "free", SOFT, CENTRE, 12),
        ]
        nodes[-2].properties += [("s", "script", free_script(panel)), ("s", "tag", "")]
    return nodes


def presets(panel: Panel) -> list[Node]:
    """Four presets: the upper button stores one, the lower one recalls it."""
    nodes = []
    for row, parameter in enumerate(panel.presets[:2]):
        word = parameter.address.rsplit("/", 1)[-1]
        for place, name in enumerate("ABCD"):
            where = (766 + 62 * place, 456 + 50 * row, 58, 44)
            said = part("CONSTANT", "STRING", name)
            message = osc(parameter.address, said, condition="RISE", receive=False)
            nodes += [
                button(f"{word}_{name}", where, (RED, BLUE)[row], message),
                label(f"{word}_{name}_name", where, f"{word} {name}", align=CENTRE, size=11),
            ]
    return nodes


def ident(address: str) -> str:
    return address.strip("/").replace("/", "_")


def free_script(panel: Panel) -> str:
    """The script of a free dial, which sends touches only, not values set by messages."""
    low, high = panel.free.low, panel.free.high
    return f"""\
function onValueChanged(key)
  if key == 'x' and self.values.touch and self.tag ~= '' then
    sendOSC({{self.tag, {{{{tag = 'f', value = {low:g} + self.values.x * {high - low:g}}}}}}})
  end
end
"""


def script(panel: Panel) -> str:
    """The script of the root: asks for answers, and shows meters and errors."""
    low, high = panel.free.low, panel.free.high
    shipped = ", ".join(f"['/steer/{name}'] = true" for name in SHIPPED)
    patterns = ", ".join(f"'{pattern}'" for pattern in panel.patterns)
    figures = ",\n".join(
        f"  ['{meter.address}'] = {{'{meter.label}', "
        f"'{meter.label} %.{meter.decimals}f {meter.unit}'}}"
        for meter in FIGURES
    )
    return f"""\
local port = {TOUCH_PORT} -- where this TouchOSC receives
local every, late = {PING_MS}, {3 * PING_MS} -- ms
local asked, heard, here = -every, 0, false
local shipped = {{{shipped}}}
local figures = {{
{figures}
}}

function ask(address, kind, value)
  sendOSC({{address, kind and {{{{tag = kind, value = value}}}} or {{}}}})
end

function status(words)
  self.children.status.values.text = words
end

function free(number)
  return self.children['free_' .. number]
end

function listed(address)
  if shipped[address] or not address:find('^/steer/[^/]+$') then return end
  for number = 1, {FREE} do
    if free(number).tag == address then return end
    if free(number).tag == '' then
      free(number).tag = address
      self.children['free_' .. number .. '_name'].values.text = address:sub(8)
      ask('/get', 's', address)
      return
    end
  end
end

function update()
  local now = getMillis()
  if now - asked >= every then
    asked = now
    ask('/reply_port', 'i', port)
    ask('/subscribe', 'i', port)
    ask('/ping')
  end
  if here and now - heard > late then
    here = false
    status('no answer: start bridge play --osc-host 0.0.0.0')
  end
end

function onReceiveOSC(message, connections)
  local address, arguments = message[1], message[2]
  local first = arguments[1] and arguments[1].value
  heard = getMillis()
  if not here then
    here = true
    status('connected')
    ask('/list')
    for _, pattern in ipairs({{{patterns}}}) do ask('/get', 's', pattern) end
  end
  if address == '/error' then
    status(first)
  elseif address == '/list' then
    listed(first)
  elseif address == '{CHROMA.address}' then
    for note = 1, #arguments do
      self.children['heard_' .. note].values.x = arguments[note].value
    end
  elseif figures[address] then
    local name, text = figures[address][1], figures[address][2]
    self.children[name].values.text = string.format(text, first)
  else
    for number = 1, {FREE} do
      if free(number).tag == address then
        free(number).values.x = (first - {low:g}) / {high - low:g}
      end
    end
  end
end
"""
