"""Measures the loss by 8 and 4 bits in a trained model: likelihoods, likeliest codes, and steering.

    python -m benchmarks.precision --json precision.json

Plays greedy pieces of `nano` in float32, with guidance, with and without a steered note. Each
precision then reads the same codes: the Kullback-Leibler divergence from float32 is in nats per
code, for each codebook, and the agreement is the share of codes with the same likeliest code.
Steering is played again in each precision and measured in the audio.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from bridge.bench.report import machine_line
from musicrfm.directions import Direction
from musicrfm.evaluation.perform import perform
from musicrfm.listening.measure import measure
from musicrfm.model import MusicModel
from musicrfm.selfcheck import divergences, played, told
from musicrfm.theory import PITCH_CLASSES

NOTES = ("C", "Ds", "Fs", "A")
KNOBS = (0.0, 0.5, 1.0)
PROMPTS = ("piano melody with drums", "vibraphone arpeggio")


def likelihood(exact: MusicModel, other: MusicModel, frames: int) -> dict[str, Any]:
    """nats: of each codebook, and of all. agreement: share of equal likeliest codes."""
    nats, same = [], []
    for steered in (False, True):
        codes = played(exact, steered, graphs=False, frames=frames)
        wanted, found = told(exact, steered, codes), told(other, steered, codes)
        nats.append(divergences(wanted.double(), found.double()))
        same.append((wanted.argmax(-1) == found.argmax(-1)).double().mean())
    by_codebook = torch.stack(nats).mean(0)
    return {
        "nats": by_codebook.mean().item(),
        "nats_by_codebook": by_codebook.tolist(),
        "agreement": torch.stack(same).mean().item(),
    }


def steering(
    model: MusicModel,
    notes: Sequence[str] = NOTES,
    prompts: Sequence[str] = PROMPTS,
    seconds: float = 6.0,
) -> dict[str, float]:
    """The target's mean share by the position of the knob."""
    shares: dict[str, float] = {}
    for knob in KNOBS:
        found = []
        for note in notes:
            direction = Direction.load(f"note_{note}", model)
            for seed, prompt in enumerate(prompts):
                changes = [(0.0, direction, direction.raw(knob))]
                audio = perform(model, prompt, seed=seed, seconds=seconds, changes=changes)
                heard = measure(audio, model.sample_rate)
                found.append(heard.note_share[PITCH_CLASSES.index(note)])
        shares[f"{knob:g}"] = float(np.mean(found))
    return shares


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    p.add_argument("--frames", type=int, default=150, help="of each piece (default %(default)s)")
    p.add_argument("--json", metavar="FILE", type=Path)
    o = p.parse_args()
    exact = MusicModel.load("nano", device="cpu")
    rows = {"float32": {"steering": steering(exact)}}
    for dtype in ("int8", "int4"):
        model = MusicModel.load("nano", device="cpu", dtype=dtype)
        rows[dtype] = likelihood(exact, model, o.frames) | {"steering": steering(model)}
    print("| | nats a code | by codebook | likeliest code the same | target's share at 0, 0.5, 1 |")
    print("|---|---|---|---|---|")
    for dtype, found in rows.items():
        books = ", ".join(f"{nats:.4f}" for nats in found.get("nats_by_codebook", ()))
        shares = ", ".join(f"{share:.2f}" for share in found["steering"].values())
        nats, same = found.get("nats", 0.0), found.get("agreement", 1.0)
        print(f"| {dtype} | {nats:.4f} | {books} | {same:.0%} | {shares} |")
    print(f"\n{machine_line()}")
    if o.json is not None:
        o.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
