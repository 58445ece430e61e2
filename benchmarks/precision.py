"""Measures the loss by 8 and 4 bits in a trained model: likelihoods, likeliest codes, and steering.

    python -m benchmarks.precision --json precision.json
    python -m benchmarks.precision --frames 1000 --sampled --likelihood

Plays pieces of `nano` in float32, with guidance, with and without a steered note. They are greedy,
or `--sampled` at the model's defaults. Each precision then reads the same codes, in windows that
turn as those of a stream: the Kullback-Leibler divergence from float32 is in nats per code, for
each codebook, before and after the first turn, and the agreement is the share of codes with the
same likeliest code. Steering is played again in each precision and measured in the audio.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from bridge.bench.report import machine_line
from musicrfm.directions import Direction
from musicrfm.evaluation.perform import perform
from musicrfm.listening.measure import measure
from musicrfm.model import MusicModel
from musicrfm.runtime.defaults import CACHES, DEFAULT_PROMPT
from musicrfm.runtime.sampling import guide
from musicrfm.selfcheck import direction_for, divergences, push_for
from musicrfm.stream import MusicStream
from musicrfm.streaming.settings import window_and_keep
from musicrfm.streaming.windows import Windows
from musicrfm.theory import PITCH_CLASSES

NOTES = ("C", "Ds", "Fs", "A")
KNOBS = (0.0, 0.5, 1.0)
PROMPTS = ("piano melody with drums", "vibraphone arpeggio")


@dataclass(frozen=True)
class Piece:
    """A piece that float32 has played. codes: int64 [codebooks, frames]. logits: [frames,
    codebooks, codes], guided, as float32 reads these codes. turn: the first frame of the second
    window."""

    steered: bool
    codes: Tensor
    logits: Tensor
    turn: int


def pieces(exact: MusicModel, frames: int, sampled: bool = False) -> list[Piece]:
    """One piece without steering and one with it; greedy, or `sampled` at the model's defaults."""
    found = []
    for steered in (False, True):
        codes = played(exact, steered, frames, sampled)
        turn, _ = window_and_keep(exact, max(exact.delays))
        found.append(Piece(steered, codes, told(exact, steered, codes), turn))
    return found


def played(model: MusicModel, steered: bool, frames: int, sampled: bool) -> Tensor:
    heat = None if sampled else 0.0
    stream = MusicStream(model, DEFAULT_PROMPT, seed=0, graphs=False, temperature=heat)
    if steered:
        stream.steering.add(direction_for(model), 0.5)
    return codes_of(stream, frames)


def codes_of(stream: MusicStream, frames: int) -> Tensor:
    """The codes of a piece of any length, [codebooks, frames]."""
    found = torch.zeros(stream.model.codebooks, 0, dtype=torch.long)
    while found.shape[1] < frames:
        next(stream)  # the first call computes several frames
        new = max(0, stream.frame - stream.delay_frames) - found.shape[1]
        found = torch.cat([found, stream.codes[:, stream.codes.shape[1] - new :].cpu()], 1)
    return found[:, :frames]


@torch.inference_mode()
def told(model: MusicModel, steered: bool, codes: Tensor, cache: str | None = None) -> Tensor:
    """Guided logits of each frame after reading the codes before it, [frames, codebooks, codes].

    In windows of the model's length, which turn as those of a stream. cache: as in `MusicStream`.
    """
    windows = Windows(model, *window_and_keep(model, max(model.delays)), cache)
    prompt, push = model.encode_prompt(DEFAULT_PROMPT), push_for(model, steered)
    inputs, scale = model.delay(codes[None].to(model.device))[0], model.sampling.guidance_scale
    windows.begin()
    steps = []
    for frame in range(codes.shape[1]):
        windows.turn_to(prompt, True)
        here, position = windows.here, windows.position
        here.pushes.append(push)
        here.decoder.steer(push)
        steps.append(guide(here.decoder.step(inputs[:, frame : frame + 1], position), scale).cpu())
        windows.position += 1
        here.inputs[:, windows.position] = inputs[:, frame + 1]
    return torch.stack(steps).float()


def likelihood(
    exact: Sequence[Piece], other: MusicModel, cache: str | None = None
) -> dict[str, Any]:
    """nats: of all codes, of each codebook, and before and after the first turn of the window, NaN
    if there is none. agreement: share of equal likeliest codes."""
    nats, same = [], []
    parts: dict[str, list[float]] = {"before": [], "after": []}
    for piece in exact:
        wanted = piece.logits.double()
        found = told(other, piece.steered, piece.codes, cache).double()
        nats.append(divergences(wanted, found))
        same.append((wanted.argmax(-1) == found.argmax(-1)).double().mean())
        for name, part in (("before", slice(piece.turn)), ("after", slice(piece.turn, None))):
            parts[name].append(divergences(wanted[part], found[part]).mean().item())
    by_codebook = torch.stack(nats).mean(0)
    return {
        "nats": by_codebook.mean().item(),
        "nats_by_codebook": by_codebook.tolist(),
        **{f"nats_{name}_the_turn": float(np.mean(found)) for name, found in parts.items()},
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
    p.add_argument("--sampled", action="store_true", help="draw the pieces at the model's defaults")
    p.add_argument("--likelihood", action="store_true", help="leave out steering")
    p.add_argument("--json", metavar="FILE", type=Path)
    o = p.parse_args()
    exact = MusicModel.load("nano", device="cpu")
    wanted = pieces(exact, o.frames, o.sampled)
    rows = {"float32": likelihood(wanted, exact)}
    rows["float32"]["steering"] = {} if o.likelihood else steering(exact)
    for dtype in ("int8", "int4"):
        model = MusicModel.load("nano", device="cpu", dtype=dtype)
        for cache in CACHES:
            rows[f"{dtype}, cache {cache}"] = likelihood(wanted, model, cache) | {"steering": {}}
        if not o.likelihood:
            rows[f"{dtype}, cache {CACHES[0]}"]["steering"] = steering(model)
    print(
        "| | nats a code | before, after the first turn | by codebook | likeliest code the same | "
        "target's share at 0, 0.5, 1 |\n|---|---|---|---|---|---|"
    )
    for name, found in rows.items():
        parts = ", ".join(f"{found[f'nats_{part}_the_turn']:.4f}" for part in ("before", "after"))
        books = ", ".join(f"{nats:.4f}" for nats in found["nats_by_codebook"])
        shares = ", ".join(f"{share:.2f}" for share in found["steering"].values())
        agreed = f"{found['agreement']:.1%}"
        print(f"| {name} | {found['nats']:.4f} | {parts} | {books} | {agreed} | {shares} |")
    print(f"\nWeights {exact.whole_fingerprint}, {o.frames} frames a piece. {machine_line()}")
    if o.json is not None:
        o.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
