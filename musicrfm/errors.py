"""The error for users, `MusicRFMError`, parts of its messages, and a check that many need."""

from __future__ import annotations

import operator
from typing import Any


class MusicRFMError(ValueError):
    """Invalid input by the user; the message is one sentence with the value and the reason.

    Programs print it after `error: ` and exit with status 2.

        >>> from musicrfm import MusicModel, MusicRFMError
        >>> try:
        ...     MusicModel.load("nano", dtype="float7")
        ... except MusicRFMError as error:
        ...     print("float7" in str(error))
        True
    """


def first_line(error: BaseException, most: int | None = None) -> str:
    """The first line of an error's message, or its type; cut after `most` characters."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:most]


def short(value: object) -> str:
    """A value as in code, cut after 60 characters."""
    text = repr(value)
    return text if len(text) <= 60 else text[:60] + "…"


def whole_number(what: str, value: Any, least: int | None = None) -> int:
    """The value as a whole number of at least `least`; raises MusicRFMError for anything else."""
    try:
        number = operator.index(value)
    except TypeError:
        raise MusicRFMError(f"{what} must be a whole number, not {short(value)}") from None
    if least is not None and number < least:
        raise MusicRFMError(f"{what} must be at least {least}, not {value!r}")
    return number
