"""Adds a parameter to the table and finds it everywhere. A program, as import makes the tables.

Argument: a folder to write in.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from bridge.controls import parameters

BRIGHT = parameters.Parameter(
    "/bright",
    "f",
    0.5,
    0.0,
    2.0,
    "times",
    help="how bright the sound is",
    rig="engine.bright",
    option="--bright",
    panic="start",
    applies="stream.bright",
)
SMOOTH = replace(BRIGHT, address="/smooth", rig="", option="", smoothing=True, panic="default")
SMOOTH = replace(SMOOTH, applies="stream.smooth")
parameters.FIXED = (*parameters.FIXED, BRIGHT, SMOOTH)

from bridge import cli, reload, rig  # noqa: E402
from bridge.commands.controls import page  # noqa: E402
from bridge.controls.controls import Controls, namespace  # noqa: E402
from bridge.controls.presets import Presets  # noqa: E402
from bridge.engine import Engine  # noqa: E402
from bridge.engine.applier import Applier  # noqa: E402
from bridge.osc.query import Tree  # noqa: E402
from musicrfm.errors import MusicRFMError  # noqa: E402
from tests.bridge.tones import Collector, ToneStream  # noqa: E402


def main(folder: Path) -> None:
    controls = Controls(namespace(["note_C"]))
    assert controls.set("/bright", 9.0) == 2.0  # clamped
    assert "`/bright` | a number | 0 … 2 | 0.5 | times | how bright" in page(namespace(["note_C"]))
    described = Tree(controls).root()["CONTENTS"]["bright"]
    assert described["RANGE"] == [{"MIN": 0.0, "MAX": 2.0}] and described["VALUE"] == [2.0]

    presets = Presets(controls)
    presets.store("loud")
    controls.set("/panic")
    assert controls.get("/bright") == 0.5
    presets.recall("loud")
    assert controls.get("/bright") == 2.0
    presets.close()

    file = folder / "rig.toml"
    file.write_text("[engine]\nbright = 1.5\n")
    assert reload.live_values(rig.load_rig(file)) == {"/bright": 1.5}
    file.write_text("[engine]\nbright = 3\n")
    with pytest.raises(MusicRFMError, match="bright must be from 0 to 2, not 3"):
        rig.load_rig(file)
    typed = cli._parser().parse_args(["play", "--bright", "1.25"])
    assert cli._settings(typed).start["/bright"] == 1.25

    stream = ToneStream()
    assert stream.bright == 0.5
    engine = Engine(stream, controls, Collector(), {"/steer/note_C": "note_C"}, seconds=0.2)
    engine.start()
    assert engine.join(20.0) and stream.bright == 2.0
    applier = Applier(stream, controls, {}, {}, smoothing=4)
    applier.follow([])
    controls.set_many({"/bright": 1.0, "/smooth": 1.0})
    seen = []
    for _ in range(5):
        applier.follow([])
        seen.append((stream.bright, round(stream.smooth, 3)))
    assert seen == [(1.0, 0.625), (1.0, 0.75), (1.0, 0.875), (1.0, 1.0), (1.0, 1.0)]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
