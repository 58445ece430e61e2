"""TouchOSC's file format, as far as needed: nodes with properties and OSC messages.

A .tosc file is XML, compressed with zlib. Names and types of properties are taken from files saved
by TouchOSC's editor.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

from bridge.controls.controls import Parameter

LEXML = 3  # version of the format, which every TouchOSC can read
NAMES = uuid.UUID("a2f5a9a4-96b5-4d0b-8e3c-0f5b7f0b6d11")  # so that ids are the same on every run
NORTH, EAST = 0, 1  # orientations of a fader
Place = tuple[int, int, int, int]
Colour = tuple[float, float, float, float]


@dataclass
class Node:
    """A control: its kind, properties as (type, key, value), values, OSC messages and children."""

    kind: str
    name: str
    place: Place
    properties: list[tuple[str, str, object]] = field(default_factory=list)
    values: dict[str, object] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)
    children: list[Node] = field(default_factory=list)

    def xml(self, path: str = "") -> str:
        path = f"{path}/{self.name}"
        x, y, w, h = self.place
        frame = f"<x>{x}</x><y>{y}</y><w>{w}</w><h>{h}</h>"
        given = {key: (kind, value) for kind, key, value in [*COMMON, *self.properties]}
        given["name"] = ("s", self.name)
        parts = [
            _property(kind, key, _colour(value) if kind == "c" else _plain(value))
            for key, (kind, value) in sorted(given.items())
        ]
        parts.append(f"<property type='r'><key>frame</key><value>{frame}</value></property>")
        values = "".join(
            f"<value><key>{key}</key><locked>0</locked><lockedDefaultCurrent>0"
            f"</lockedDefaultCurrent><default>{_plain(value)}</default>"
            "<defaultPull>0</defaultPull></value>"
            for key, value in {"touch": "false", **self.values}.items()
        )
        inner = "".join(child.xml(path) for child in self.children)
        return (
            f"<node ID='{uuid.uuid5(NAMES, path)}' type='{self.kind}'>"
            f"<properties>{''.join(parts)}</properties><values>{values}</values>"
            f"<messages>{''.join(self.messages)}</messages><children>{inner}</children></node>"
        )


COMMON = [
    ("b", "background", 1), ("b", "grabFocus", 1), ("b", "interactive", 0), ("b", "locked", 0),
    ("b", "outline", 1), ("b", "visible", 1), ("f", "cornerRadius", 1), ("i", "orientation", NORTH),
    ("i", "outlineStyle", 1), ("i", "pointerPriority", 0), ("i", "shape", 1),
]  # fmt: skip


def _property(kind: str, key: str, value: str) -> str:
    return f"<property type='{kind}'><key>{key}</key><value>{value}</value></property>"


def _plain(value: object) -> str:
    return escape(f"{value:g}" if isinstance(value, float) else str(value))


def _colour(colour: object) -> str:
    return "".join(f"<{n}>{part:g}</{n}>" for n, part in zip("rgba", colour, strict=True))


def osc(
    address: str, *arguments: str, trigger: str = "x", condition: str = "ANY", send: bool = True,
    receive: bool = True,
) -> str:  # fmt: skip
    """An OSC message: sent when the value `trigger` changes, and received to set the control."""
    return (
        f"<osc><enabled>1</enabled><send>{int(send)}</send><receive>{int(receive)}</receive>"
        "<feedback>0</feedback><connections>00001</connections><triggers><trigger>"
        f"<var>{trigger}</var><condition>{condition}</condition></trigger></triggers>"
        f"<path>{part('CONSTANT', 'STRING', address)}</path>"
        f"<arguments>{''.join(arguments)}</arguments></osc>"
    )


def part(kind: str, conversion: str, value: str, low: float = 0, high: float = 1) -> str:
    return (
        f"<partial><type>{kind}</type><conversion>{conversion}</conversion>"
        f"<value>{escape(value)}</value><scaleMin>{low:g}</scaleMin><scaleMax>{high:g}</scaleMax>"
        "</partial>"
    )


def number(parameter: Parameter) -> str:
    """The value x, 0 to 1 in TouchOSC, as a number in the parameter's range."""
    conversion = "INTEGER" if parameter.type == "i" else "FLOAT"
    return part("VALUE", conversion, "x", parameter.low, parameter.high)


def share(parameter: Parameter) -> float:
    """The position of a parameter's default in its range, 0 to 1."""
    return (float(parameter.default) - parameter.low) / (parameter.high - parameter.low)


def xml(root: Node) -> str:
    """A whole layout."""
    return f"<?xml version='1.0' encoding='UTF-8'?><lexml version='{LEXML}'>{root.xml()}</lexml>"
