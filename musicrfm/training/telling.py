"""What a training found, in words for a terminal: sizes of the parts, scores, chance, a verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from musicrfm.training.reliability import READERS, Reliability

if TYPE_CHECKING:
    from musicrfm.directions import Direction
    from musicrfm.training.train import Trained

PARTS = (("train", "train"), ("val", "choose settings"), ("test", "test"))
FAINT = 0.05  # squared correlation with the beat; not above it, a layer hardly encodes the beat


def told(trained: Trained, seconds: float | None = None) -> str:
    """The lines about a direction that was trained by `fit`. seconds: how long that took."""
    report, sure = trained.report, trained.reliability
    parts, metric = report["splits"], report["metric"]
    scores = " ".join(f"{layer['score']:.2f}" for layer in report["layers"])
    took = "" if seconds is None else f" ({seconds:.0f} s)"
    sizes = ", ".join(f"{parts[part]['clips']} to {word}" for part, word in PARTS)
    best = report["layers"][sure.best]["layer"]
    lines = [
        f"{report['name']}: {metric} by layer {scores}{took}",
        f"  clips: {sizes}; the test clips are of {parts['test']['groups']} groups",
        f"  best layer {best}: {metric} {sure.layers[sure.best]}{_chance(sure, metric)}",
    ]
    for reader, found in sure.together.items():
        each = "; ".join(f"{name} {one}{_chance(sure, name)}" for name, one in found.items())
        lines.append(f"  all layers together, by {READERS[reader]}: {each}")
    lines.append("  in brackets: 95 % intervals over the test clips")
    lines.append(f"  {sure.verdict or 'better than chance in the best layer'}")
    if trained.direction is None:
        lines.append(f"  no direction written: {report['pooling']} states cannot be steered")
    return "\n".join(lines)


def told_of_beat(direction: Direction) -> str:
    """The same about a held beat, trained by `beat.fit`."""
    scores = direction.layer_scores
    meta, best = direction.meta, int(scores.argmax())
    low, high = meta["layer_intervals"][best] or (np.nan, np.nan)
    clear = scores[best] > FAINT and not meta["verdict"]
    verdict = "encode" if clear else "hardly encode"
    return "\n".join(
        (
            f"{direction.name}: squared correlation of predicted and true beat by layer "
            + " ".join(f"{score:.2f}" for score in scores.tolist()),
            f"  clips: {meta['samples'] - meta['held_out']} to train, {meta['held_out']} to test",
            f"  best layer {best}: {scores[best]:.2f} ({low:.2f} to {high:.2f}, 95 % over the test "
            "clips); without a relation it is 0",
            f"  the hidden states of {direction.model} {verdict} the beat",
        )
    )


def _chance(sure: Reliability, metric: str) -> str:
    level = sure.chance.get(metric)
    return "" if level is None or not np.isfinite(level) else f", chance is {level:.2f}"
