"""What OSC packets that the bridge has sent, or gets, say."""

from __future__ import annotations

from bridge.osc.packets import Message, parts


def parse(packet: bytes) -> tuple[list[Message], list[str]]:
    """The messages in a packet, in order, and the errors of the rest."""
    found = list(parts(packet))
    messages = [one for one in found if isinstance(one, Message)]
    return messages, [one for one in found if isinstance(one, str)]
