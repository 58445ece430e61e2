"""`python -m musicrfm.nano.describe`: writes into nano's own directions what is known of them.

They were trained before their files said so much. Vectors, ranges and calibrations stay as they
are; what was not kept then (versions, splits, intervals) stays unknown, and the note says so.
"""

from __future__ import annotations

import subprocess
from datetime import datetime, timezone
from pathlib import Path

from musicrfm.directions import Direction
from musicrfm.files.provenance import PAPER
from musicrfm.model import MusicModel

FOLDER = Path(__file__).resolve().parents[2] / "directions" / "nano"
KNOWN = {
    "author": "the musicrfm-bridge authors",
    "licence": "MIT",
    "citation": PAPER,
    "note": "Versions, splits and intervals were not kept when this direction was trained.",
}


def described(direction: Direction, fingerprint: str, created: str | None) -> Direction:
    """The same direction, with what is known of it."""
    meta = direction.meta | KNOWN | {"model_fingerprint": fingerprint}
    if isinstance(meta.get("data"), str):
        meta["data"] = {"name": meta["data"], "clips": meta.get("samples")}
    if created is not None:
        meta |= {"created": created, "created_from": "date of the commit"}
    if (calibration := meta.get("calibration")) is not None:
        meta["calibration"] = {"listener": "notes and keys (musicrfm.listening)"} | calibration
    return Direction(direction.name, direction.vectors, direction.layer_scores, meta)


def committed(path: Path) -> str | None:
    """When a file was last changed in the repository, in UTC; None outside of one."""
    command = ["git", "log", "-1", "--format=%ct", "--", path.name]
    try:
        told = subprocess.run(command, cwd=path.parent, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    stamp = told.stdout.strip()
    return datetime.fromtimestamp(int(stamp), timezone.utc).isoformat() if stamp else None


def main() -> None:
    fingerprint = MusicModel.load("nano", device="cpu").fingerprint
    for path in sorted(FOLDER.glob("*.safetensors")):
        direction = Direction.read(path)
        date = direction.meta.get("created") or committed(path)
        print(described(direction, fingerprint, date).save(path))


if __name__ == "__main__":
    main()
