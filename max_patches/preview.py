"""Draws the panel of a Max patch, Live device or TouchOSC layout as SVG, from its file.

The panel of a patch is its presentation mode; py2max draws patching mode only. Max is not needed,
and the same patch gives the same bytes. The values in a picture are examples.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from html import escape

from py2max import Patcher

from max_patches.maxparts import NOT_YET
from max_patches.panel import FIGURES, PROMPTS, Meter
from max_patches.touchosc import Node

# By the scripting names of boxes.
EXAMPLE = {
    "steer_note_C": 0.8, "steer_note_G": 0.4, "Note C": 0.8, "Note G": 0.4, "gain": -3.0,
    "guidance": 3.0, "temperature": 1.0, "weight 1": 1.0,
}  # fmt: skip
WORDS = {
    "prompt": PROMPTS[0], "prompt_1": PROMPTS[0], "prompt_2": PROMPTS[1], "preset": "verse",
    "free_1_name": "waltz", "Free 1 name": "waltz",
}  # fmt: skip
FIGURE = {"buffer": 0.5, "speed": 3.1, "latency": 0.16, "underruns": 0, "tempo": 92}
CHROMA = (0.9, 0.08, 0.15, 0.1, 0.35, 0.12, 0.06, 0.55, 0.05, 0.2, 0.06, 0.14)
LEVEL = 0.72  # of the bar
SPAN = 270.0  # degrees that a dial turns


def picture(patcher: Patcher, width: int, height: int, theme: Mapping[str, str]) -> str:
    """The panel as an SVG document of that size in pixels."""
    boxes = [entry["box"] for entry in patcher.to_dict()["patcher"]["boxes"]]
    shown = [box for box in boxes if box.get("presentation")]
    shown.sort(key=lambda box: not box.get("background"))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" font-family="Arial, Helvetica, sans-serif">',
        f'<rect width="{width}" height="{height}" fill="{theme["ground"]}"/>',
    ]
    examples = iter(FIGURES)
    for box in shown:
        if box.get("text", "").endswith("–"):
            box["text"] = box["text"].replace("–", figure(next(examples)))
        parts += DRAW[box["maxclass"]](box, *box["presentation_rect"], theme)
    return "\n".join([*parts, "</svg>"]) + "\n"


MAX = {
    "ground": "#f4f4f4", "ink": "#202020", "soft": "#606060", "field": "#ffffff",
    "line": "#a0a0a0", "accent": "#d9822b", "track": "#c8c8c8", "button": "#dedede",
}  # fmt: skip
LIVE = {
    "ground": "#9b9b9b", "ink": "#101010", "soft": "#303030", "field": "#7e7e7e",
    "line": "#5a5a5a", "accent": "#ffad56", "track": "#6c6c6c", "button": "#868686",
}  # fmt: skip


def text(words: str, x: float, y: float, size: float, ink: str, anchor: str = "start") -> str:
    return (
        f'<text x="{x:g}" y="{y:g}" font-size="{size:g}" fill="{ink}" '
        f'text-anchor="{anchor}">{escape(words)}</text>'
    )


def rect(x: float, y: float, w: float, h: float, fill: str, line: str = "none", r: int = 2) -> str:
    return (
        f'<rect x="{x:g}" y="{y:g}" width="{w:g}" height="{h:g}" rx="{r}" fill="{fill}" '
        f'stroke="{line}"/>'
    )


def figure(meter: Meter) -> str:
    return f"{FIGURE[meter.label]:.{meter.decimals}f} {meter.unit}".rstrip()


def _comment(box: dict, x: float, y: float, w: float, h: float, theme: Mapping) -> list[str]:
    size = box.get("fontsize", 10.0 if box["maxclass"] == "live.comment" else 12.0)
    middle = box.get("textjustification") == 1
    at = x + w / 2 if middle else x + 3
    anchor = "middle" if middle else "start"
    lines = box["text"].replace(NOT_YET, "connected").split("\n")
    first = y + size + (3 if len(lines) == 1 else 1)
    return [
        text(line, at, first + place * size * 1.2, size, theme["ink"], anchor)
        for place, line in enumerate(lines)
    ]


def _panel(box: dict, x: float, y: float, w: float, h: float, theme: Mapping) -> list[str]:
    red, green, blue, _ = (round(255 * part) for part in box["bgcolor"])
    return [rect(x, y, w, h, f"rgb({red},{green},{blue})", r=3)]


def _line(box: dict, x: float, y: float, w: float, h: float, theme: Mapping) -> list[str]:
    return [rect(x + w // 2, y, 1, h, theme["line"], r=0)]


def _light(box: dict, x: float, y: float, w: float, h: float, theme: Mapping) -> list[str]:
    return [
        rect(x, y, w, h, theme["field"], theme["line"]),
        f'<circle cx="{x + w / 2:g}" cy="{y + h / 2:g}" r="{w / 2 - 4:g}" '
        f'fill="{theme["accent"]}" stroke="{theme["line"]}"/>',
    ]


def _toggle(box: dict, x: float, y: float, w: float, h: float, theme: Mapping) -> list[str]:
    a, b, c, d = x + 5, y + 5, x + w - 5, y + h - 5
    cross = f'<path d="M{a:g} {b:g}L{c:g} {d:g}M{a:g} {d:g}L{c:g} {b:g}" '
    return [
        rect(x, y, w, h, theme["field"], theme["line"]),
        f'{cross}stroke="{theme["ink"]}" stroke-width="2"/>',
    ]


def _button(box: dict, x: float, y: float, w: float, h: float, theme: Mapping) -> list[str]:
    on = box["maxclass"] == "live.text" and box.get("mode", 1) == 1
    size = box.get("fontsize", 10.0)
    words = box.get("texton") if on else box["text"]
    return [
        rect(x, y, w, h, theme["accent"] if on else theme["button"], theme["line"]),
        text(words, x + w / 2, y + h / 2 + size * 0.36, size, theme["ink"], "middle"),
    ]


def _entry(box: dict, x: float, y: float, w: float, h: float, theme: Mapping) -> list[str]:
    size = box.get("fontsize", 10.0)
    words = WORDS.get(box["varname"], box.get("text", ""))
    return [
        rect(x, y, w, h, theme["field"], theme["line"]),
        text(words, x + 5, y + h / 2 + size * 0.36, size, theme["ink"]),
    ]


def _menu(box: dict, x: float, y: float, w: float, h: float, theme: Mapping) -> list[str]:
    cx, cy = x + w / 2, y + h / 2
    triangle = f"{cx - 4:g},{cy - 2:g} {cx + 4:g},{cy - 2:g} {cx:g},{cy + 4:g}"
    return [
        rect(x, y, w, h, theme["button"], theme["line"]),
        f'<polygon points="{triangle}" fill="{theme["ink"]}"/>',
    ]


def _number(box: dict, x: float, y: float, w: float, h: float, theme: Mapping) -> list[str]:
    triangle = f"{x + 3:g},{y + h / 2 - 5:g} {x + 3:g},{y + h / 2 + 5:g} {x + 8:g},{y + h / 2:g}"
    return [
        rect(x, y, w, h, theme["field"], theme["line"]),
        f'<polygon points="{triangle}" fill="{theme["soft"]}"/>',
        text("4.", x + 12, y + h / 2 + 4, 12, theme["ink"]),
    ]


def _tabs(box: dict, x: float, y: float, w: float, h: float, theme: Mapping) -> list[str]:
    values = box["saved_attribute_attributes"]["valueof"]
    names, parts = values["parameter_enum"], []
    chosen = int(values.get("parameter_initial", [0])[0])
    each = w / len(names)
    for place, name in enumerate(names):
        fill = theme["accent"] if place == chosen else theme["button"]
        parts.append(rect(x + place * each, y, each - 2, h, fill, theme["line"]))
        at = x + (place + 0.5) * each - 1
        parts.append(text(name, at, y + h / 2 + 3.5, 10, theme["ink"], "middle"))
    return parts


def _share(box: dict) -> tuple[float, float]:
    """(value of a control, its position in the range from 0 to 1)"""
    values = box["saved_attribute_attributes"]["valueof"]
    low, high = values["parameter_mmin"], values["parameter_mmax"]
    value = EXAMPLE.get(box["varname"], values.get("parameter_initial", [max(low, 0.0)])[0])
    return value, (value - low) / (high - low)


def _dial(box: dict, x: float, y: float, w: float, h: float, theme: Mapping) -> list[str]:
    value, share = _share(box)
    values = box["saved_attribute_attributes"]["valueof"]
    low, high = values["parameter_mmin"], values["parameter_mmax"]
    cx, cy, radius = x + w / 2, y + h / 2 + 2, min(w, h) / 2 - 12
    start = (
        (0.0 - low) / (high - low) if low < 0 < high and values["parameter_unitstyle"] == 1 else 0
    )

    def point(share: float, reach: float = 1.0) -> tuple[float, float]:
        angle = math.radians(135 + SPAN * share)
        return cx + reach * radius * math.cos(angle), cy + reach * radius * math.sin(angle)

    def arc(first: float, last: float, ink: str) -> str:
        first, last = min(first, last), max(first, last)
        (a, b), (c, d) = point(first), point(last)
        large = int((last - first) * SPAN > 180)
        return (
            f'<path d="M{a:.2f} {b:.2f}A{radius:g} {radius:g} 0 {large} 1 {c:.2f} {d:.2f}" '
            f'fill="none" stroke="{ink}" stroke-width="3"/>'
        )

    a, b = point(share, 0.9)
    unit = " dB" if values["parameter_unitstyle"] == 4 else ""
    figures = f"{value:.1f}{unit}" if unit else f"{value:.2f}"
    return [
        text(values["parameter_shortname"], cx, y + 9, 10, theme["ink"], "middle"),
        arc(0, 1, theme["track"]),
        arc(start, share, theme["accent"]),
        f'<path d="M{cx:g} {cy:g}L{a:.2f} {b:.2f}" stroke="{theme["ink"]}" stroke-width="2"/>',
        text(figures, cx, y + h - 1, 10, theme["ink"], "middle"),
    ]


def _slider(box: dict, x: float, y: float, w: float, h: float, theme: Mapping) -> list[str]:
    at = x + 4 + _share(box)[1] * (w - 8)
    middle = y + h / 2
    return [
        rect(x + 4, middle - 2, w - 8, 4, theme["track"]),
        rect(x + 4, middle - 2, at - x - 4, 4, theme["accent"]),
        rect(at - 3, middle - 7, 6, 14, theme["ink"]),
    ]


def _level(box: dict, x: float, y: float, w: float, h: float, theme: Mapping) -> list[str]:
    return [
        rect(x, y, w, h, theme["field"], theme["line"]),
        rect(x + 1, y + 1, LEVEL * w, h - 2, theme["accent"]),
    ]


def _bars(box: dict, x: float, y: float, w: float, h: float, theme: Mapping) -> list[str]:
    size = box["size"]
    values = CHROMA[:size] if box.get("varname") != "chroma_high" else CHROMA[-size:]
    each = w / size
    parts = [rect(x, y, w, h, theme["field"], theme["line"])]
    for place, value in enumerate(values):
        high = value * (h - 4)
        parts.append(
            rect(x + place * each + 2, y + h - 2 - high, each - 4, high, theme["accent"], r=0)
        )
    return parts


DRAW = {
    "comment": _comment, "live.comment": _comment, "panel": _panel, "live.line": _line,
    "button": _light, "toggle": _toggle, "textbutton": _button, "live.text": _button,
    "textedit": _entry, "umenu": _menu, "flonum": _number, "live.tab": _tabs, "live.dial": _dial,
    "live.slider": _slider, "slider": _level, "multislider": _bars,
}  # fmt: skip


def touch(root: Node) -> str:
    """A TouchOSC layout as an SVG document."""
    _, _, width, height = root.place
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" font-family="Arial, Helvetica, sans-serif">',
        rect(0, 0, width, height, css(properties(root)["color"]), r=0),
    ]
    for node in root.children:
        parts += _touch_node(node, properties(node))
    return "\n".join([*parts, "</svg>"]) + "\n"


def properties(node: Node) -> dict[str, object]:
    return {key: value for _, key, value in node.properties}


def css(colour: object) -> str:
    red, green, blue, _ = colour
    return f"rgb({255 * red:.0f},{255 * green:.0f},{255 * blue:.0f})"


def _touch_node(node: Node, given: dict) -> list[str]:
    x, y, w, h = node.place
    if node.kind == "LABEL":
        size = given["textSize"]
        middle = given["textAlignH"] == 2
        at, anchor = (x + w / 2, "middle") if middle else (x + 2, "start")
        words = TOUCH_TEXTS.get(node.name, node.values["text"])
        ink = css(given["textColor"])
        return [text(words, at, y + h / 2 + size * 0.36, size, ink, anchor)]
    ink, share = css(given["color"]), TOUCH_VALUES.get(node.name, node.values["x"])
    if node.kind == "BUTTON":
        fill = ink if share else f"{ink}"
        return [
            rect(x, y, w, h, fill, ink, 4).replace(
                "/>", f' fill-opacity="{0.9 if share else 0.35}"/>'
            )
        ]
    ground = rect(x, y, w, h, ink, ink, 4).replace("/>", ' fill-opacity="0.2"/>')
    if node.kind == "FADER" and given["orientation"]:
        return [ground, rect(x, y, share * w, h, ink)]
    if node.kind == "FADER":
        return [ground, rect(x, y + (1 - share) * h, w, share * h, ink)]
    cx, cy, radius = x + w / 2, y + h / 2, w / 2 - 8
    start = 0.5 if given["centered"] else 0.0
    return [
        _arc(cx, cy, radius, 0, 1, ink, 0.25),
        _arc(cx, cy, radius, start, share, ink, 1) if share != start else "",
    ]


TOUCH_TEXTS = {
    "prompt": PROMPTS[0], "status": "connected", "free_1_name": "waltz",
    **{meter.label: f"{meter.label} {figure(meter)}" for meter in FIGURES},
}  # fmt: skip
TOUCH_VALUES = {
    "steer_note_C": 0.7, "steer_note_G": 0.6, "level": LEVEL,
    **{f"heard_{place + 1}": value for place, value in enumerate(CHROMA)},
}  # fmt: skip


def _arc(
    cx: float, cy: float, radius: float, first: float, last: float, ink: str, opacity: float
) -> str:
    first, last = min(first, last), max(first, last)
    ends = []
    for share in (first, last):
        angle = math.radians(135 + SPAN * share)
        ends += [cx + radius * math.cos(angle), cy + radius * math.sin(angle)]
    a, b, c, d = ends
    large = int((last - first) * SPAN > 180)
    return (
        f'<path d="M{a:.2f} {b:.2f}A{radius:g} {radius:g} 0 {large} 1 {c:.2f} {d:.2f}" '
        f'fill="none" stroke="{ink}" stroke-width="8" stroke-opacity="{opacity:g}"/>'
    )
