"""`musicrfm detect`: names the concept in any recording."""

from __future__ import annotations

import argparse
import json

from musicrfm.commands.arguments import command, count, model_arguments
from musicrfm.errors import MusicRFMError
from musicrfm.files.paths import file_to_read


def add(commands) -> None:
    p = command(commands, "detect", detect, "name the note, chord, tempo and more in a recording")
    p.add_argument("files", nargs="+", metavar="FILE", help="sound file")
    p.add_argument(
        "--concept",
        action="append",
        metavar="X",
        help="detector, by name or file (repeatable; default: all of the model)",
    )
    p.add_argument(
        "--top", type=count, default=3, help="number of classes to print (default %(default)s)"
    )
    p.add_argument("--json", action="store_true", help="print JSON")
    model_arguments(p)


def detect(o: argparse.Namespace) -> None:
    from musicrfm.files.sound import check_mix, read_sound
    from musicrfm.intervals import written
    from musicrfm.selfcheck import loaded
    from musicrfm.training.detect import Detector, list_detectors
    from musicrfm.training.detect import detect as heard_by

    for path in o.files:
        file_to_read(path)
    model = loaded(o.model, o.device, o.dtype)
    names = o.concept or list_detectors(model.name)
    if not names:
        raise MusicRFMError(
            f"model {model.name!r} has no detectors: make one with `musicrfm train`"
        )
    detectors = [Detector.load(name, model) for name in names]
    found = []
    for path in o.files:
        audio, rate = read_sound(path)
        if audio.shape[1] != model.channels:
            check_mix(audio, path)
        try:
            told = {d.name: heard_by(model, audio, rate, d) for d in detectors}
        except MusicRFMError as error:
            raise MusicRFMError(f"{path!r}: {error}") from None
        found.append(
            {"file": path, "concepts": {name: dict(pairs) for name, pairs in told.items()}}
        )
        if o.json:
            continue
        print(f"{path}:")
        for detector in detectors:
            pairs = told[detector.name]
            if detector.meta["kind"] == "regression":
                unit, value = pairs[0]
                words = f"{written(value, 'BPM' if unit == 'bpm' else unit)} {unit}"
            else:
                words = ", ".join(f"{name} {share:.0%}" for name, share in pairs[: o.top])
            print(f"  {detector.name}: {words}")
    if o.json:
        print(json.dumps(found, indent=1))
