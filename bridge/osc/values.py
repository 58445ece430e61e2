"""Selects the arguments of a message that a control takes.

Controllers send more than needed: a fader its position and whether it is touched, a lighting desk
the fader's name first. Therefore the first argument that fits counts.
"""

from __future__ import annotations

import math
import struct

from bridge.controls.parameters import Parameter
from bridge.osc.packets import BLOB, IMPULSE, Untagged, decoded
from musicrfm.errors import MusicRFMError

SMALL = 1 << 16  # whole numbers below it look, read as a float, like nothing anybody would send
PLAIN = (1e-6, 1e6)  # plausible sizes of a float


def pressed(arguments: tuple) -> bool:
    """Whether a button's message means pressed, not released: senders send 1, then 0."""
    for one in arguments:
        if isinstance(one, Untagged):
            return bool(_number(one.data))
        if isinstance(one, (int, float)):
            return bool(one)
    return not any(one == "" for one in arguments)


def fitting(parameter: Parameter, arguments: tuple) -> object:
    """The value for `Controls.set` from these arguments: one, or one for each that the control
    takes.

    If none fits, the original is returned, so that the error can name it. Raises MusicRFMError for
    no arguments, or for a blob, which no controller sends.
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
    """The arguments of a query, without those that a button or a bang adds; untagged ones as
    text."""
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
    """The first argument of each kind, in order; None if one is missing."""
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
    """The interpretation of bytes without types for a control of this kind: one value, or the
    bytes."""
    value = _printable(untagged.data) if kind == "s" else _number(untagged.data)
    return untagged if value is None else value


def _number(data: bytes) -> int | float | None:
    """Four bytes as the only plausible number.

    Plausible integers are not plausible floats, and the reverse, so there is no ambiguity.
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
