"""Which of a message's arguments a control takes.

Controllers say more than one needs: a fader its place and whether it is touched, a lighting desk
the name of the fader first. So the first argument that fits counts.
"""

from __future__ import annotations

import math
import struct

from bridge.controls.parameters import Parameter
from bridge.osc.packets import BLOB, IMPULSE, Untagged, decoded
from musicrfm.errors import MusicRFMError

SMALL = 1 << 16  # whole numbers below it look, read as a float, like nothing anybody would send
PLAIN = (1e-6, 1e6)  # the size of a float that somebody would send


def pressed(arguments: tuple) -> bool:
    """Whether a button's message means that it was pressed, not let go: senders say 1, then 0."""
    for one in arguments:
        if isinstance(one, Untagged):
            return bool(_number(one.data))
        if isinstance(one, (int, float)):
            return bool(one)
    return not any(one == "" for one in arguments)


def fitting(parameter: Parameter, arguments: tuple) -> object:
    """What `Controls.set` is given of these: one value, or one for each that the control takes.

    Where nothing fits, it is what there is, so that the answer can name it. Raises MusicRFMError
    if there is nothing at all, or a blob, as no controller's message has one.
    """
    kinds = parameter.type
    if BLOB in arguments:
        raise MusicRFMError(f"{parameter.address} takes no blob, and no message that contains one")
    if len(kinds) > 1:
        chosen = _each(parameter, arguments)
        return arguments if chosen is None else chosen
    if not arguments:
        raise MusicRFMError(f"{parameter.address} takes one value, not 0")
    if isinstance(arguments[0], Untagged):
        return _guessed(arguments[0], kinds)
    if kinds == "s":
        texts = [at for at, one in enumerate(arguments) if isinstance(one, str)]
        if not texts:
            return arguments[0]
        if not parameter.words:
            return arguments[texts[0]]
        # Max sends a prompt without quotes word by word, and its numbers as numbers. What stands
        # before a single text, or behind the last one, is something else that the sender says.
        first = 0 if len(texts) > 1 else texts[0]
        words = map(_word, arguments[first : texts[-1] + 1])
        return " ".join(word for word in words if word)
    exact = int if kinds == "i" else float
    numbers = [one for one in arguments if isinstance(one, (int, float))]
    return next((n for n in numbers if type(n) is exact), numbers[0] if numbers else arguments[0])


def useful(arguments: tuple) -> tuple:
    """The arguments of a question, without what a button or a bang adds; untagged ones as text."""
    found = []
    for one in arguments:
        if isinstance(one, Untagged):
            text = _printable(one.data)
            if text:
                found.append(text)
        elif one is not None and one != IMPULSE:
            found.append(one)
    return tuple(found)


def _each(parameter: Parameter, arguments: tuple) -> tuple | None:
    """The first that fits each kind, in order; None if one is missing."""
    rest, chosen = list(arguments), []
    for kind in parameter.type:
        wanted = str if kind == "s" else (int, float)
        while rest and (not isinstance(rest[0], wanted) or isinstance(rest[0], bool)):
            rest.pop(0)
        if not rest:
            return None
        words = [rest.pop(0)]
        while parameter.words and kind == "s" and rest and isinstance(rest[0], str):
            words.append(rest.pop(0))
        chosen.append(" ".join(words) if kind == "s" else words[0])
    return tuple(chosen)


def _word(argument: object) -> str:
    if isinstance(argument, float):
        return f"{argument:g}"
    spoken = isinstance(argument, (str, int)) and not isinstance(argument, bool)
    return str(argument) if spoken else ""


def _guessed(untagged: Untagged, kind: str) -> object:
    """What a control of this kind can make of bytes without types: one value, or what they are."""
    value = _printable(untagged.data) if kind == "s" else _number(untagged.data)
    return untagged if value is None else value


def _number(data: bytes) -> int | float | None:
    """Four bytes as the one number that makes sense of them.

    Whole numbers that somebody would send are no floats that somebody would send, and the other
    way round, so there is no doubt.
    """
    if len(data) != 4:
        return None
    (whole,), (real,) = struct.unpack(">i", data), struct.unpack(">f", data)
    if -SMALL < whole < SMALL:
        return whole
    low, high = PLAIN
    return real if math.isfinite(real) and low <= abs(real) <= high else None


def _printable(data: bytes) -> str | None:
    """A text that ends and is padded as OSC has it, or None."""
    text, _, padding = data.partition(b"\0")
    if padding.strip(b"\0"):
        return None
    found = decoded(text)
    return found if found.isprintable() else None
