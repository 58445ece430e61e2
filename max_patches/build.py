"""Builds the Max and Pure Data clients from the bridge's control namespace.

python -m max_patches.build            # writes musicrfm.maxpat and musicrfm.pd beside this file
"""

from __future__ import annotations

from pathlib import Path

from max_patches import maxpat, puredata
from max_patches.panel import panel

HERE = Path(__file__).resolve().parent


def build() -> dict[str, str]:
    """File name to content, the same on every run."""
    what = panel()
    return {"musicrfm.maxpat": maxpat.patch(what), "musicrfm.pd": puredata.patch(what)}


if __name__ == "__main__":
    for name, content in build().items():
        (HERE / name).write_text(content, encoding="utf-8", newline="\n")
        print(HERE / name)
