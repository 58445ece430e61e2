"""Train a direction for one note, find the range of its knob, and compare it with random ones.

    python examples/01_train_note_direction.py
    python examples/01_train_note_direction.py --target A --data syntheory
    python examples/01_train_note_direction.py --model facebook/musicgen-large

For nano, it is trained on frames of composed music, which steers further than SynTheory's single
notes. For other models, it is trained on all of SynTheory's notes with the published search.
"""

from pathlib import Path

from musicrfm import MusicModel
from musicrfm.data import syntheory
from musicrfm.data.composed import frame_data
from musicrfm.evaluation import walkthrough as walk
from musicrfm.theory import PITCH_CLASSES
from musicrfm.training.rfm import Search
from musicrfm.training.train import fit, hear

FOLDER = Path("trained_concepts")


def main() -> None:
    p = walk.parser(__doc__, out="trained_concepts/NAME")
    p.add_argument("--target", type=walk.note, default="D#", help="a note (default: D#)")
    p.add_argument(
        "--data", choices=("music", "syntheory"), help="default: music for nano, else syntheory"
    )
    walk.training_options(p)
    o = walk.options(p, FOLDER)
    nano, target = o.model == "nano", o.target
    frames, clips, search = 1600, 1440 if nano else None, Search(metric="auc", rows=600, trials=6)
    if not nano:
        search = Search(trials=100, iterations=30, rows=10_000, metric="auc")
    if o.quick:
        frames, clips, search = 400, 84, Search(trials=1, iterations=1, metric="auc")

    model = MusicModel.load(o.model)
    if (o.data or ("music" if nano else "syntheory")) == "music":
        data = frame_data(model, frames)
        labels = [target in row["notes"] for row in data.rows]
    else:
        data = hear(model, syntheory.clip_set("notes", clips), pooling="mean")
        labels = [PITCH_CLASSES[row["root_note_pitch_class"]] == target for row in data.rows]
    about = {"kind": "binary", "concept": "note", "target": target, "method": o.method}
    trained = fit(data, f"note_{target}", labels, components=12, search=search, **about)
    walk.finish(trained, model, o, FOLDER)


if __name__ == "__main__":
    walk.run(main)
