"""Train a direction for one interval against all others, on SynTheory's intervals.

    python examples/01_train_interval_direction.py --target 7
    python examples/01_train_interval_direction.py --model facebook/musicgen-large

From 2,000 clips, an RFM recognises intervals in the hidden states of nano. The 480 clips used here
are too few for that, and steering does not produce intervals either way, as the table shows.
"""

from pathlib import Path

from musicrfm import MusicModel
from musicrfm.data import syntheory
from musicrfm.evaluation import walkthrough as walk
from musicrfm.training.rfm import Search
from musicrfm.training.train import fit, hear

FOLDER = Path("trained_concepts")


def main() -> None:
    p = walk.parser(__doc__, out="trained_concepts/NAME")
    interval = walk.number(1, 12, int)
    p.add_argument("--target", type=interval, default=6, help="semitones, 1 to 12 (default: 6)")
    walk.training_options(p)
    o = walk.options(p, FOLDER)
    clips, search = 480, Search(metric="auc", rows=600, trials=4)
    if o.model != "nano":
        clips, search = None, Search(trials=100, iterations=30, rows=10_000, metric="auc")
    if o.quick:
        clips, search = 84, Search(trials=1, iterations=1, metric="auc")

    model = MusicModel.load(o.model)
    data = hear(model, syntheory.clip_set("intervals", clips), pooling="mean")
    labels = [row["interval"] == o.target for row in data.rows]
    about = {"kind": "binary", "concept": "interval", "target": str(o.target), "method": o.method}
    trained = fit(data, f"interval_{o.target}", labels, components=12, search=search, **about)
    walk.finish(trained, model, o, FOLDER)


if __name__ == "__main__":
    walk.run(main)
