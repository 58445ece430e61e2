"""Lists and copies the clients for other programs (`bridge clients`).

They come with the package, so that a player needs no checkout. Copies belong to the player: an
existing one is never overwritten.
"""

from __future__ import annotations

from pathlib import Path

from musicrfm.errors import MusicRFMError
from musicrfm.files.paths import path_of
from musicrfm.files.writing import beside, reason

PROGRAMS = {
    "musicrfm.maxpat": "Max 8 or newer",
    "musicrfm.amxd": "Ableton Live with Max for Live: an audio effect",
    "musicrfm.pd": "Pure Data 0.52 or newer",
    "musicrfm.scd": "SuperCollider",
    "musicrfm.tosc": "TouchOSC",
    "musicrfm.openstagecontrol.json": "Open Stage Control",
}


def folder() -> Path:
    """The folder of the clients, in the installed package or in a checkout."""
    here = Path(__file__).resolve().parents[1]
    installed = here / "data" / "max_patches"
    return installed if installed.is_dir() else here.parent / "max_patches"


def clients(destination: str | None) -> int:
    """List the clients, or copy them to a folder; returns the exit status.

    Raises MusicRFMError, and copies nothing, if the folder contains a different file of the same
    name, or cannot be written.
    """
    source = folder()
    width = max(map(len, PROGRAMS))
    if destination is None:
        print(f"Clients in {source} (bridge clients FOLDER copies them):")
        for name, program in PROGRAMS.items():
            print(f"  {name:{width}}  {program}")
        return 0
    to = path_of(destination)
    contents = {name: (source / name).read_bytes() for name in PROGRAMS}
    try:
        for name, content in contents.items():
            if (to / name).exists() and (to / name).read_bytes() != content:
                raise MusicRFMError(
                    f"{to / name} exists already and differs: move it away, or give another folder"
                )
        to.mkdir(parents=True, exist_ok=True)
        for name, content in contents.items():
            with beside(to / name) as new:
                new.write_bytes(content)
            print(to / name)
    except OSError as error:
        raise MusicRFMError(f"cannot copy the clients to {destination}: {reason(error)}") from None
    return 0
