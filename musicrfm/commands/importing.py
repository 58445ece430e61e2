"""`musicrfm import`: imports directions that the published MusicRFM code trained."""

from __future__ import annotations

import argparse

from musicrfm.commands.arguments import command, overwrite_argument
from musicrfm.training.names import free_name


def add(commands) -> None:
    p = command(commands, "import", run, "import a direction file (.pkl) of published MusicRFM")
    p.add_argument(
        "file", metavar="FILE", help="file such as music_rfm_note_C_ncomp12_musicgen_large.pkl"
    )
    p.add_argument(
        "--model",
        help="nano, a folder, or a name like facebook/musicgen-large (default: from FILE's name)",
    )
    p.add_argument(
        "--scores",
        metavar="JSON",
        help="results of the same training, for the scores of the layers (default: searched where "
        "the published scripts write them; without them, all layers have equal weight)",
    )
    p.add_argument("--concept", help="concept, such as note (default: from FILE)")
    p.add_argument("--target", help="target, such as C (default: from FILE)")
    p.add_argument(
        "--out",
        metavar="DIR",
        help="folder for <model>/<name>.safetensors (default: your data folder)",
    )
    overwrite_argument(p)


def run(o: argparse.Namespace) -> None:
    from musicrfm.published.importer import import_direction
    from musicrfm.training.train import direction_path

    direction = import_direction(
        o.file, o.model, scores=o.scores, concept=o.concept, target=o.target
    )
    direction.name = free_name(direction.name, str(direction.model), o.out, o.overwrite)
    path = direction.save(direction_path(direction, o.out))
    steered = [i for i, vectors in enumerate(direction.vectors) if vectors.any()]
    last = direction.layers - 1
    print(
        f"{direction.name} for {direction.model}: components {direction.components}, "
        f"layers {steered[0]} to {steered[-1]} of 0 to {last} "
        f"(in the file {steered[0] - last - 1} to {steered[-1] - last - 1})"
    )
    if found := direction.meta["scores_from"]:
        best = max if direction.meta["metric_higher_is_better"] else min
        scores = direction.layer_scores.tolist()
        number = best(steered, key=lambda layer: scores[layer])
        print(f"  layer scores from {found}, the best is layer {number} with {scores[number]:.3f}")
    else:
        print("  without results (--scores), all layers have equal weight")
    if direction.meta["kind"] == "multiclass":
        print("  its components span the classes and have no sign: try both signs")
    print(f"  {path}")
