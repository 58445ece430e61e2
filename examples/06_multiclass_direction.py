"""Train one RFM that distinguishes all twelve notes: a single file that steers to any of them.

    python examples/06_multiclass_direction.py
    python examples/06_multiclass_direction.py --model facebook/musicgen-large

Each component of the direction is one note; `Direction.only` selects one.
"""

import json
from pathlib import Path

from musicrfm import MusicModel
from musicrfm.data import syntheory
from musicrfm.evaluation import walkthrough as walk
from musicrfm.evaluation.comparison_page import tell
from musicrfm.theory import PITCH_CLASSES
from musicrfm.training.rfm import Search
from musicrfm.training.telling import told
from musicrfm.training.train import direction_path, fit, hear

FOLDER = Path("trained_concepts/multiclass_directions")


def main() -> None:
    p = walk.parser(__doc__)
    p.add_argument(
        "--components", type=walk.number(1, of=int), help="AGOP eigenvectors (default: by a sweep)"
    )
    p.add_argument("--note", type=walk.note, default="G", help="to steer to (default: G)")
    p.add_argument("--no-calibrate", action="store_true", help="keep raw coefficients")
    o = walk.options(p, FOLDER)
    clips, search = 720, Search(trials=4, iterations=4, rows=600)
    if o.model != "nano":
        clips, search = None, Search(trials=100, iterations=30, rows=10_000)
    if o.quick:
        clips, search = 84, Search(trials=1, iterations=1)

    model = MusicModel.load(o.model)
    data = hear(model, syntheory.clip_set("notes", clips), pooling="mean")
    labels = [PITCH_CLASSES[row["root_note_pitch_class"]] for row in data.rows]
    about = {"kind": "multiclass", "class_names": PITCH_CLASSES, "concept": "note", "method": "rfm"}
    trained = fit(data, "notes", labels, components=o.components, search=search, **about)
    whole, effort = trained.direction, walk.Effort.of(model, o.quick)
    print(told(trained))
    if not o.no_calibrate:
        print(f"calibrated: {effort.calibrate(model, whole, o.note)}")
    one = whole.only(o.note)
    path = whole.save(direction_path(whole, FOLDER))
    path.with_suffix(".json").write_text(json.dumps(trained.report, indent=1))
    found = effort.compare_knob(model, one)
    tell(found, o.out or FOLDER / one.name, f"{one.name}, one of twelve", effort.words())
    print(path)


if __name__ == "__main__":
    walk.run(main)
