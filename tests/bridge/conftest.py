"""What the tests of the bridge share."""

from __future__ import annotations

import pytest

from bridge.network.discovery import Announcement


@pytest.fixture
def unannounced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spares a set that ends at once the seconds which announcing it on the network takes."""
    monkeypatch.setattr(Announcement, "_announce", lambda self: None)
