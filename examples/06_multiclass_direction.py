"""Trains one RFM to tell all twelve notes apart: a single file that steers to any of them.

    python examples/06_multiclass_direction.py
    python examples/06_multiclass_direction.py --model facebook/musicgen-large

Each component of the direction is a note; `Direction.only` takes one out.
"""

import argparse
import json
from pathlib import Path

import soundfile

from musicrfm import MusicModel, MusicStream
from musicrfm.data import syntheory
from musicrfm.theory import PITCH_CLASSES
from musicrfm.training.rfm import Search
from musicrfm.training.train import direction_path, fit, hear

OUT = Path("trained_concepts/multiclass_directions")


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--model", default="nano", help="nano, a folder, or a hub id")
    p.add_argument("--components", type=int, help="AGOP eigenvectors; without it, a sweep")
    p.add_argument("--note", default="G", help="what to steer to in the end")
    p.add_argument("--quick", action="store_true", help="too little of everything, in seconds")
    o = p.parse_args()

    if o.quick:
        clips, search = 84, Search(trials=1, iterations=1)
    elif o.model == "nano":
        clips, search = 1440, Search(trials=10, iterations=4)
    else:
        clips, search = None, Search(trials=100, iterations=30, rows=10_000)

    model = MusicModel.load(o.model)
    data = hear(model, syntheory.clip_set("notes", clips), pooling="mean")
    labels = [PITCH_CLASSES[row["root_note_pitch_class"]] for row in data.rows]
    trained = fit(
        data, "notes", labels, kind="multiclass", class_names=PITCH_CLASSES, concept="note",
        method="rfm", components=o.components, search=search,
    )  # fmt: skip
    path = trained.direction.save(direction_path(trained.direction, OUT))
    path.with_suffix(".json").write_text(json.dumps(trained.report, indent=1))
    print(f"test, all layers together: {trained.report['aggregated']}")
    print(path)

    stream = MusicStream(model, "piano melody")
    stream.steering.add(trained.direction.only(o.note), 0.6)
    audio = stream.generate(round((0.5 if o.quick else 10) * model.frame_rate))
    soundfile.write(OUT / f"note_{o.note}.flac", audio.clip(-1, 1), model.sample_rate)
    print(OUT / f"note_{o.note}.flac")


if __name__ == "__main__":
    main()
