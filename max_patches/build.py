"""Builds all clients from the bridge's list of controls, and pictures of their panels.

python max_patches/build.py            # writes the clients here, the pictures to docs/images
python max_patches/build.py FOLDER     # writes all of it there
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))  # when it is run as a file

from max_patches import (  # noqa: E402
    amxd,
    maxpat,
    preview,
    puredata,
    stagecontrol,
    supercollider,
    touchosc,
)
from max_patches.panel import panel  # noqa: E402

PICTURES = ROOT / "docs" / "images"


def build() -> dict[str, bytes]:
    """Content by file name; the same on every run, except for the compression of the .tosc."""
    what = panel()
    return {
        "musicrfm.maxpat": maxpat.patch(what).encode(),
        "musicrfm.amxd": amxd.device(what),
        "musicrfm.pd": puredata.patch(what).encode(),
        "musicrfm.scd": supercollider.snippet(what).encode(),
        "musicrfm.tosc": touchosc.layout(what),
        "musicrfm.openstagecontrol.json": stagecontrol.session(what).encode(),
    }


def pictures() -> dict[str, bytes]:
    """SVG pictures of the panels, drawn from the files."""
    what = panel()
    patch, device = maxpat.draw(what), amxd.draw(what)
    size = maxpat.WIDTH, int(patch.rect[3])
    return {
        "maxpat.svg": preview.picture(patch, *size, preview.MAX).encode(),
        "amxd.svg": preview.picture(device, amxd.WIDTH, amxd.HEIGHT, preview.LIVE).encode(),
        "touchosc.svg": preview.touch(touchosc.root(what)).encode(),
    }


def write(clients: Path, images: Path) -> None:
    for folder, files in ((clients, build()), (images, pictures())):
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (folder / name).write_bytes(content)
            print(folder / name)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser("build.py", description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "folder", nargs="?", type=Path, help="where everything goes (default: this folder, and "
        "docs/images for the pictures)",
    )  # fmt: skip
    elsewhere = parser.parse_args(arguments).folder
    write(elsewhere or HERE, elsewhere or PICTURES)


if __name__ == "__main__":
    main()
