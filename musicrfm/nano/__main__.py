"""Builds `nano` from nothing: `python -m musicrfm.nano --work FOLDER`.

Render clips, train the codec, encode, train the language model, assemble the checkpoint, measure
it. Every stage goes on from where an interrupted run stopped. Needs the `train` extra.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import torch

from musicrfm.nano import codec_training, lm_training, render
from musicrfm.nano.compose import high_notes

WEIGHTS = Path(__file__).parent / "weights"
TRAINING_SEED = 1_000_000  # held-out clips are composed from seeds far away from these


def main() -> None:
    parser = argparse.ArgumentParser("python -m musicrfm.nano", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--work", type=Path, default=Path("nano-work"), help="clips and checkpoints (about 3 GB)"
    )
    parser.add_argument(
        "--out", type=Path, default=WEIGHTS, help="where the finished checkpoint goes"
    )
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--clips", type=int, default=4000, help="12-second clips to train on")
    parser.add_argument("--workers", type=int, default=2, help="processes that render")
    for stage, steps in vars(codec_training.Budget()).items():
        if stage in codec_training.STAGES:
            parser.add_argument(f"--{stage}-steps", type=int, default=steps)
    parser.add_argument("--lm-steps", type=int, default=lm_training.Budget().steps)
    parser.add_argument("--lm-batch", type=int, default=lm_training.Budget().batch)
    parser.add_argument(
        "--no-measure", action="store_true", help="skip the measurements and the model card"
    )
    args = parser.parse_args()

    torch.set_flush_denormal(True)
    render.render_set(args.work / "clips", args.clips, TRAINING_SEED, workers=args.workers)
    notes, workers = args.clips // 8, args.workers
    render.render_set(args.work / "notes", notes, TRAINING_SEED, high_notes, workers)
    audio, rows = render.open_set(args.work / "clips")
    high, _ = render.open_set(args.work / "notes")
    steps = {stage: getattr(args, f"{stage}_steps") for stage in codec_training.STAGES}
    budget = replace(codec_training.Budget(), **steps)
    codec = codec_training.train([audio], args.work, budget, args.device, until="quantised")
    codes = lm_training.encode_set(codec, audio, args.work / "codes.npy")
    codec = codec_training.train([audio, high], args.work, budget, args.device)
    lm_budget = replace(lm_training.Budget(), steps=args.lm_steps, batch=args.lm_batch)
    lm_training.train(codes, rows, args.work, lm_budget, args.device)
    lm_training.assemble(codec, args.work, args.out)
    if not args.no_measure:
        from musicrfm.nano import measure

        trained = (
            f"This copy: {args.clips} clips of 12 s; codec steps "
            f"{', '.join(f'{stage} {n}' for stage, n in steps.items())}; "
            f"language model {args.lm_steps}."
        )
        measure.write_card(args.out, measure.measure(args.out), trained)


if __name__ == "__main__":
    main()
