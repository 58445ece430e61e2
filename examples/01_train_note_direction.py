"""Trains a direction for one note against all others, on the notes of SynTheory.

    python examples/01_train_note_direction.py --target "D#"
    python examples/01_train_note_direction.py --model facebook/musicgen-large

For nano it hears some of the clips and searches briefly, which takes minutes on a laptop; for other
models it takes all clips and the published search.
"""

import argparse
import json
from pathlib import Path

from musicrfm import MusicModel
from musicrfm.data import syntheory
from musicrfm.training.rfm import Search
from musicrfm.training.train import direction_path, fit, hear

FOLDER = Path("trained_concepts")


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--model", default="nano", help="nano, a folder, or a hub id")
    p.add_argument("--target", default="D#", help="the note")
    p.add_argument("--method", default="rfm", help="rfm-top is the published one; or linear, …")
    p.add_argument("--quick", action="store_true", help="too little of everything, in seconds")
    o = p.parse_args()

    if o.quick:
        clips, search = 84, Search(trials=1, iterations=1, metric="auc")
    elif o.model == "nano":
        clips, search = 1440, Search(trials=10, iterations=4, metric="auc")
    else:
        clips, search = None, Search(trials=100, iterations=30, rows=10_000, metric="auc")

    model = MusicModel.load(o.model)
    # 70 % of the clips are for training, 15 % choose the settings, 15 % test.
    data = hear(model, syntheory.clip_set("notes", clips), pooling="mean")
    labels = [row["root_note_name"] == o.target for row in data.rows]
    name, target = f"note_{o.target}", o.target.replace("#", "s")
    trained = fit(
        data, name, labels, kind="binary", concept="note", target=target,
        method=o.method, components=12, search=search,
    )  # fmt: skip

    path = trained.direction.save(direction_path(trained.direction, FOLDER))
    trained.detector.save(FOLDER)
    path.with_suffix(".json").write_text(json.dumps(trained.report, indent=1))
    scores = " ".join(f"{score:.2f}" for score in trained.direction.layer_scores)
    print(f"AUC of each layer: {scores}")
    print(f"test, all layers together: {trained.report['aggregated']}")
    print(path)


if __name__ == "__main__":
    main()
