"""The origin of a file: programs, weights, clips and author.

Nothing here depends on time or place, so the same inputs write the same bytes. A file has a date
only if the environment variable SOURCE_DATE_EPOCH sets it.
"""

from __future__ import annotations

import os
from collections.abc import Hashable, Sequence
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from musicrfm.errors import MusicRFMError
from musicrfm.version import __version__

PACKAGES = ("torch", "transformers", "numpy")
PAPER = (
    "Zhao, Beaglehole, Berg-Kirkpatrick, McAuley, Novack: Steering Autoregressive Music Generation "
    "with Recursive Feature Machines, 2025, arXiv:2510.19127"
)


def versions() -> dict[str, str]:
    """Versions of this library and of the packages that affect results."""
    found = {"musicrfm": __version__}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "unknown"
    return found


def created() -> str | None:
    """The date that SOURCE_DATE_EPOCH sets (seconds since 1970), as 2026-11-30T09:00:00+00:00.

    Raises MusicRFMError if it is no such number.
    """
    told = os.environ.get("SOURCE_DATE_EPOCH")
    if not told:
        return None
    try:
        return datetime.fromtimestamp(int(told), timezone.utc).isoformat()
    except (ValueError, OverflowError, OSError):
        raise MusicRFMError(
            f"SOURCE_DATE_EPOCH is {told!r}, not a number of seconds since 1970"
        ) from None


def written(path: Path) -> str:
    """The date of a file's last change, in the same form."""
    return datetime.fromtimestamp(int(path.stat().st_mtime), timezone.utc).isoformat()


def made() -> dict[str, Any]:
    """The metadata that every new file has."""
    date = created()
    return {"versions": versions()} | ({"created": date} if date else {})


def splits(
    parts: dict[str, np.ndarray], groups: Sequence[Hashable], seed: int
) -> dict[str, dict[str, int] | int | str]:
    """Sizes of the parts: clips, and groups that stay together."""
    found: dict[str, Any] = {
        name: {"clips": len(rows), "groups": len({groups[n] for n in rows})}
        for name, rows in parts.items()
    }
    return found | {"seed": seed, "rule": "70/15/15 % of the groups"}
