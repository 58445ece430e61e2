"""Trains a direction for one interval against all others, on the intervals of SynTheory.

    python examples/01_train_interval_direction.py --target 7
    python examples/01_train_interval_direction.py --model facebook/musicgen-large

nano knows intervals but cannot be steered to them: the table says so.
"""

import argparse
import json
from pathlib import Path

from musicrfm import MusicModel
from musicrfm.data import syntheory
from musicrfm.evaluation.comparison import knob_variants
from musicrfm.evaluation.comparison_page import tell
from musicrfm.evaluation.walkthrough import Effort, steering
from musicrfm.training.rfm import Search
from musicrfm.training.train import direction_path, fit, hear

FOLDER = Path("trained_concepts")
p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
p.add_argument("--model", default="nano", help="nano, a folder, or a hub id")
p.add_argument("--target", type=int, default=6, help="semitones, 1 to 12")
p.add_argument("--method", default="rfm", help="rfm-top is the published one; or linear, random, …")
p.add_argument("--no-calibrate", action="store_true", help="leave coefficients raw")
p.add_argument("--out", help="folder of the comparison (default: trained_concepts/NAME)")
p.add_argument(
    "--quick", action="store_true", help="too little of everything: numbers mean nothing"
)
o = p.parse_args()
clips, search = 480, Search(metric="auc", rows=600, trials=4)
if o.model != "nano":
    clips, search = None, Search(trials=100, iterations=30, rows=10_000, metric="auc")
if o.quick:
    clips, search = 84, Search(trials=1, iterations=1, metric="auc")

model = MusicModel.load(o.model)
# 70 % of the clips are for training, 15 % choose the settings, 15 % test.
data = hear(model, syntheory.clip_set("intervals", clips), pooling="mean")
labels = [row["interval"] == o.target for row in data.rows]
about = {"kind": "binary", "concept": "interval", "target": str(o.target), "method": o.method}
trained = fit(data, f"interval_{o.target}", labels, components=12, search=search, **about)
direction, effort = trained.direction, Effort.of(model, o.quick)
print(f"AUC of each layer: {', '.join(map(str, trained.reliability.layers))}")
if not o.no_calibrate:
    print(f"calibrated: {effort.calibrate(model, direction)}")
path = direction.save(direction_path(direction, FOLDER))
trained.detector.save(FOLDER)
path.with_suffix(".json").write_text(json.dumps(trained.report, indent=1))
coefficients, how = steering(direction, published=False)
found = effort.compare(model, knob_variants(direction, coefficients, how), [direction])
tell(found, o.out or FOLDER / direction.name, f"{direction.name}, just trained", effort.words())
print(path)
