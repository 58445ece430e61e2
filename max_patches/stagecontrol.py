"""Writes the Open Stage Control session: a JSON tree of widgets, each with an OSC address.

Open Stage Control sends and receives on the same port, so it needs no other port for answers. A
script at the root asks for values once and subscribes to changes and meters repeatedly.
"""

from __future__ import annotations

import json

from bridge.controls.controls import Parameter
from max_patches.panel import (
    CHROMA,
    FIGURES,
    LEVEL,
    PING_MS,
    PROMPTS,
    STAGE_PORT,
    Knob,
    Panel,
)

VERSION = "1.25.0"  # of the program whose session format this is
WIDTH, HEIGHT = 1000, 620
COLUMN = 81  # twelve of them are the notes
WHITE_KEY, BLACK_KEY, GREEN, RED, BLUE = "#d98733", "#8c5a28", "#33a666", "#cc3333", "#4080bf"


def session(panel: Panel) -> str:
    """The text of `musicrfm.openstagecontrol.json`."""
    content = widget(
        "root", "root", width=WIDTH, height=HEIGHT, hideMenu=True, onCreate=script(panel), widgets=[
            *header(panel), *prompts(panel), *meters(), *notes(panel), *sound(panel),
            *presets(panel), *status(),
        ], tabs=[],
    )  # fmt: skip
    whole = {
        "createdWith": "Open Stage Control",
        "version": VERSION,
        "type": "session",
        "content": content,
    }
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


def widget(kind: str, name: str, **properties: object) -> dict:
    return {"type": kind, "id": name, **properties}


def put(kind: str, name: str, place: tuple[int, int, int, int], **properties: object) -> dict:
    left, top, width, height = place
    where = {"left": left, "top": top, "width": width, "height": height}
    return widget(kind, name, **where, **properties)


def text(name: str, place: tuple[int, int, int, int], words: str, **more: object) -> dict:
    """A text; with an address, messages can change it."""
    return put("text", name, place, **{"default": words, "align": "left", "bypass": True, **more})


def header(panel: Panel) -> list[dict]:
    prompt, play, panic = panel.prompt, panel.play, panel.panic
    return [
        text("title", (14, 10, 150, 40), "musicrfm", css="font-size: 26rem;"),
        put(
            "input", "prompt", (170, 12, 590, 36), address=prompt.address, typeTags="s",
            align="left",
        ),
        put(
            "button", "play", (772, 12, 104, 36), address=play.address, label="play", typeTags="i",
            on=1, off=0, mode="toggle", default=play.default, colorWidget=GREEN,
        ),
        put(
            "button", "panic", (884, 12, 102, 36), address=panic.address, label="panic",
            typeTags="i", on=1, mode="tap", colorWidget=RED,
        ),
    ]  # fmt: skip


def prompts(panel: Panel) -> list[dict]:
    """Either prompts that are mixed by weights, or, side by side, one for each button."""
    made = []
    for place, slot in enumerate(panel.slots):
        number, left, top = place + 1, 14 + 490 * (place % 2), 58 + 40 * (place // 2)
        words = {"address": slot.text.address, "typeTags": "s", "align": "left"}
        made += [
            put("input", f"prompt_{number}", (left, top, 320, 34), **words),
            slide(f"weight_{number}", (left + 326, top, 156, 34), slot.weight, horizontal=True),
        ]
    if made:
        return made
    return [
        put(
            "button", f"prompt_{place + 1}",
            (14 + 245 * (place % 4), 58 + 40 * (place // 4), 237, 34), address=panel.prompt.address,
            label=words, on=words, mode="tap", typeTags="s", colorWidget=BLUE,
        )
        for place, words in enumerate(PROMPTS)
    ]  # fmt: skip


def meters() -> list[dict]:
    """Bars and values of the meters, for display only."""
    listens = {"interaction": False, "bypass": True}
    made = [
        text("level_name", (14, 144, 50, 26), "level"),
        put(
            "fader", "level", (64, 148, 190, 18), address=LEVEL.address, design="compact",
            horizontal=True, range={"min": LEVEL.low, "max": LEVEL.high}, colorWidget=GREEN,
            **listens,
        ),
    ]  # fmt: skip
    for place, meter in enumerate(FIGURES):
        left = 270 + 143 * place
        made += [
            text(f"{meter.label}_name", (left, 144, 72, 26), meter.label),
            put(
                "input", f"heard_{meter.label}", (left + 72, 146, 70, 22), address=meter.address,
                unit=meter.unit, decimals=meter.decimals, **listens,
            ),
        ]  # fmt: skip
    # One message has all twelve shares; a hidden variable receives it and sets the bars.
    share = "value.forEach(function(part, i) {set('heard_' + (i + 1), part, {send: false})})"
    made.append(widget("variable", "chroma", address=CHROMA.address, bypass=True, onValue=share))
    made += [
        put(
            "fader", f"heard_{place + 1}", (14 + COLUMN * place, 176, COLUMN - 6, 40),
            design="compact", range={"min": CHROMA.low, "max": CHROMA.high}, colorWidget=WHITE_KEY,
            **listens,
        )
        for place in range(12)
    ]  # fmt: skip
    return made


def slide(
    name: str, place: tuple[int, int, int, int], parameter: Parameter, **more: object
) -> dict:
    return put(
        "fader", name, place, address=parameter.address, typeTags="f", decimals=3,
        range={"min": parameter.low, "max": parameter.high}, default=parameter.default,
        origin=parameter.default, design="compact", doubleTap=True, comments=parameter.help, **more,
    )  # fmt: skip


def notes(panel: Panel) -> list[dict]:
    made = []
    for place, knob in enumerate(panel.notes):
        left, name = 14 + COLUMN * place, ident(knob)
        colour = BLACK_KEY if knob.is_sharp else WHITE_KEY
        made += [
            slide(name, (left, 220, COLUMN - 6, 190), knob.parameter, colorWidget=colour),
            text(f"{name}_name", (left, 412, COLUMN - 6, 22), knob.label, align="center"),
        ]
    return made


def sound(panel: Panel) -> list[dict]:
    made = []
    for place, knob in enumerate(panel.sound):
        left, name, parameter = 14 + 122 * place, ident(knob), knob.parameter
        made += [
            put(
                "knob", name, (left, 444, 110, 96), address=parameter.address, typeTags="f",
                decimals=3, range={"min": parameter.low, "max": parameter.high},
                default=parameter.default, origin=parameter.default, doubleTap=True,
                colorWidget=GREEN, comments=parameter.help,
            ),
            text(f"{name}_name", (left, 542, 110, 22), knob.label, align="center"),
        ]  # fmt: skip
    return made


def presets(panel: Panel) -> list[dict]:
    """A preset's name, with buttons that send it to their addresses."""
    if not panel.presets:
        return []
    made = [
        text("preset_name", (520, 450, 60, 36), "preset"),
        put("input", "preset", (580, 450, 222, 36), align="left", bypass=True),
        text("seconds_name", (810, 450, 62, 36), "seconds"),
        put("input", "seconds", (872, 450, 114, 36), numeric=True, default=4, bypass=True),
    ]
    for place, parameter in enumerate(panel.presets):
        word = parameter.address.rsplit("/", 1)[-1]
        seconds = ", {type: 'f', value: get('seconds')}" if parameter.type != "s" else ""
        says = f"send('{parameter.address}', {{type: 's', value: get('preset')}}{seconds})"
        made.append(
            put(
                "button", f"preset_{word}", (580 + 137 * place, 496, 132, 40), label=word,
                mode="tap", bypass=True, colorWidget=BLUE, onValue=says,
            )
        )  # fmt: skip
    return made


def status() -> list[dict]:
    """Whether the bridge answers, or its latest error."""
    place = (14, 580, WIDTH - 28, 28)
    heard = "set('status', 'connected', {send: false})"
    lost = f"setTimeout('late', function() {{set('status', 'no answer')}}, {3 * PING_MS})"
    return [
        text("status", place, "not connected yet", address="/error"),
        widget("variable", "pong", address="/pong", bypass=True, onValue=f"{heard}; {lost}"),
    ]


def script(panel: Panel) -> str:
    """Asks for all values once, and subscribes every second."""
    asks = "\n".join(f"send('/get', '{pattern}')" for pattern in panel.patterns)
    return f"""\
{asks}
setInterval('bridge', function() {{
  send('/subscribe', {{type: 'i', value: {STAGE_PORT}}})
  send('/ping')
}}, {PING_MS})
"""


def ident(knob: Knob) -> str:
    return knob.parameter.address.strip("/").replace("/", "_")
