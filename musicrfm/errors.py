"""The error for users, `MusicRFMError`, and parts of its messages."""

from __future__ import annotations


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
