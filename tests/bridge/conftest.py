"""Fixtures shared by the tests of the bridge."""

from __future__ import annotations

import pytest

from bridge.network.discovery import Announcement


@pytest.fixture
def unannounced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Skips the announcement on the network, which would delay the end of a short set."""
    monkeypatch.setattr(Announcement, "_announce", lambda self: None)
