"""Keeps only the last of several numbers for one control that arrive together.

A moving fader, or a flood, then costs no more than reading it.
"""

from __future__ import annotations

from collections.abc import Iterable

from bridge.controls.parameters import Parameter
from bridge.osc.packets import build

NUMBER = 4  # bytes at the end of a packet that sets one


class Latest:
    """Packets in order, without overtaken ones.

    A later packet of the same sender that differs only in its number overtakes an earlier one,
    unless another packet lies between them: that may have queried the value.
    """

    def __init__(self, parameters: Iterable[Parameter]) -> None:
        numbers = [p.address for p in parameters if not p.event and p.type in ("f", "i")]
        self._heads = {build(a, kind(0))[:-NUMBER] for a in numbers for kind in (float, int)}
        self._packets: dict[object, tuple[bytes, tuple]] = {}
        self._span = 0  # packets with the same number may overtake each other

    def add(self, packet: bytes, sender: tuple) -> None:
        head = packet[:-NUMBER]
        if head in self._heads:
            key: object = (head, sender, self._span)
            self._packets.pop(key, None)  # the later one stands where it came
        else:
            self._span += 1
            key = self._span
        self._packets[key] = (packet, sender)

    def taken(self) -> list[tuple[bytes, tuple]]:
        """All packets, which are then forgotten."""
        packets, self._packets = list(self._packets.values()), {}
        return packets
