"""The error whose message is meant for the user."""

from __future__ import annotations


class MusicRFMError(ValueError):
    """The user's input cannot be used; the message is one sentence with the value and the reason.

    Programs print it after `error: ` and exit with status 2.
    """
