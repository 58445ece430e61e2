"""The one error a person is meant to read."""

from __future__ import annotations


class MusicRFMError(ValueError):
    """Something the user gave cannot be used; the message is one sentence that says what and why.

    Programs print it after `error: ` and exit with status 2.
    """
