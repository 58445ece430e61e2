"""Builds `nano` from scratch: `python -m musicrfm.nano --work FOLDER`.

The stages: read the tunes, render clips, train the codec, encode, train the language model,
draw codes from it for the codec's decoder and train that, assemble the checkpoint, measure it. The
same command continues an interrupted run. While the codec trains on one core, the other renders.
`--further START` trains a finished checkpoint further: its language model, and the decoder of its
codec; with `--renew-codec` the whole codec, to whose codes the language model is carried over.
Directions must then be trained anew. Needs the extras `train` and `recipe`.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from functools import partial
from multiprocessing.process import BaseProcess
from pathlib import Path

import numpy as np
import torch
from transformers import EncodecModel

from musicrfm.data import render
from musicrfm.nano.recipe import codec as codecs
from musicrfm.nano.recipe import draws, language, repertoire, tunes
from musicrfm.nano.recipe.beside import check, start

WEIGHTS = Path(__file__).parent / "weights"
TRAINING_SEED = 1_000_000  # held-out clips are composed from seeds far away from these
ENOUGH = 600  # number of clips at which the codec's training starts, while more are rendered
TRANSLATED = 300  # clips that both codecs encode
SHARES = (0.8, 0.2)  # of clips and of single notes in the codec's training
# With `--further`, unless given.
FURTHER = {"clips": 1500, "lm_steps": 2800, "lm_batch": 8, "lm_rate": 8e-4, "decoder_steps": 5000}


def main() -> None:
    args = _arguments()
    steps = {stage: getattr(args, f"{stage}_steps") for stage in codecs.STAGES}
    if args.quick:
        args.clips, args.lm_steps, args.lm_batch = 24, 3, 2
        steps = dict.fromkeys(steps, 4)
    budget = replace(codecs.Budget(), **steps)
    torch.set_flush_denormal(True)
    cache = args.work / "tunes.json"
    tunes.read(cache)
    notes = max(8, args.clips // 15)
    render.render_set(args.work / "notes", notes, TRAINING_SEED, repertoire.notes, args.workers)
    clip = partial(repertoire.clip, cache)
    rendering = start(
        render.render_set, args.work / "clips", args.clips, TRAINING_SEED, clip, args.workers
    )
    codec, before = _codec(args, budget, rendering)
    (audio, rows), (single, _) = (render.open_set(args.work / name) for name in ("clips", "notes"))
    codes = language.encode_set(codec, audio, args.work / "codes.npy")
    lm_budget = language.Budget(args.lm_steps, args.lm_batch, args.lm_rate)
    language.train(codes, rows, args.work, lm_budget, args.device, args.further, before)
    prompts = [row["prompt"] for row in rows]
    drawn = draws.draw(args.work, codes, prompts, args.device, args.further)
    limit = draws.likeness(codec, codes, drawn)
    heard = draws.Drawn(audio, codes, drawn, single, limit)
    begun = None if args.further is None else codec
    sets = [audio, single]
    codec = codecs.train(
        sets, SHARES, args.work, budget, args.device, start=begun, drawn=heard.crops
    )
    language.assemble(codec, args.work, args.out, args.further)
    if not args.no_measure and not args.quick:
        _measure(args, steps)


def _codec(
    args: argparse.Namespace, budget: codecs.Budget, rendering: BaseProcess
) -> tuple[EncodecModel, np.ndarray | None]:
    """The codec whose codes the language model learns; and codes of the codec of `--further`, if it
    is another."""
    sets = [args.work / name for name in ("clips", "notes")]
    if args.further is None:
        while rendering.is_alive() and _rendered(sets[0]) < min(ENOUGH, args.clips):
            time.sleep(5)
        check(rendering, wait=False)
        alone = args.device == "cpu" and rendering.is_alive()
        torch.set_num_threads(1 if alone else torch.get_num_threads())
        audio = [render.open_set(one)[0] for one in sets]
        codec = codecs.train(audio, SHARES, args.work, budget, args.device, until="quantised")
        check(rendering)
        return codec, None
    check(rendering)
    codec = codecs.load(args.further)
    if not args.renew_codec:
        return codec, None
    audio = [render.open_set(one)[0] for one in sets]
    before = language.encode_set(codec, audio[0][:TRANSLATED], args.work / "before.npy")
    how = (audio, SHARES, args.work, budget, args.device, "quantised")
    return codecs.train(*how, start=codec, renew=True), before


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m musicrfm.nano", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--work", type=Path, default=Path("nano-work"), help="clips and checkpoints (about 12 GB)"
    )
    parser.add_argument(
        "--out", type=Path, default=WEIGHTS, help="where the finished checkpoint goes"
    )
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--clips", type=int, default=6000, help="20-second clips to train on")
    parser.add_argument("--workers", type=int, default=1, help="processes that render")
    for stage, steps in vars(codecs.Budget()).items():
        if stage in codecs.STAGES:
            parser.add_argument(f"--{stage}-steps", type=int, default=steps)
    parser.add_argument("--lm-steps", type=int, default=language.Budget().steps)
    parser.add_argument("--lm-batch", type=int, default=language.Budget().batch)
    parser.add_argument(
        "--lm-rate", type=float, default=language.Budget().learning_rate, help="highest rate"
    )
    parser.add_argument(
        "--quick", action="store_true", help="every stage in a few steps: a rehearsal, not a model"
    )
    for wheel in ("--musicnn", "--basic-pitch"):
        parser.add_argument(
            wheel, type=Path, help="as of musicrfm.nano.measure: one measurement needs it"
        )
    parser.add_argument(
        "--no-measure", action="store_true", help="skip the measurements and the model card"
    )
    parser.add_argument(
        "--further", metavar="START", type=Path, help="train this finished checkpoint further"
    )
    parser.add_argument(
        "--renew-codec", action="store_true", help="with --further: train its whole codec further"
    )
    if parser.parse_known_args()[0].further is not None:
        parser.set_defaults(**FURTHER)
    args = parser.parse_args()
    if args.renew_codec and args.further is None:
        parser.error("--renew-codec needs --further START")
    if args.further is not None and args.further.resolve() == args.out.resolve():
        parser.error(f"--further {args.further} would overwrite its start: give another --out")
    return args


def _measure(args: argparse.Namespace, steps: dict[str, int]) -> None:
    from musicrfm.nano import measure

    trained = (
        f"This copy: {args.clips} clips of {repertoire.SECONDS:g} s; codec steps "
        f"{', '.join(f'{stage} {n}' for stage, n in steps.items())}; "
        f"language model {args.lm_steps}."
    )
    given = measure.Given(args.musicnn, args.basic_pitch, args.work / "tunes.json")
    found = measure.measure(args.out, fit=tuple(measure.FITS), given=given)
    measure.write_card(args.out, found, trained)


def _rendered(folder: Path) -> int:
    about = folder / "clips.jsonl"
    return about.read_text().count("\n") if about.exists() else 0


if __name__ == "__main__":
    main()
