"""Compares the speed of `generate_many` with one `MusicStream` after another.

    python benchmarks/many.py [--model nano] [--pieces 16] [--seconds 8] [--threads 2]

Prints wall-clock and CPU seconds of both, and the time of the two parts of a batch.
"""

from __future__ import annotations

import argparse
import time

import torch

from musicrfm import MusicModel, MusicStream, generate_many

PROMPTS = ("piano melody with drums", "solo guitar melody", "flute melody", "vibraphone arpeggio")


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--model", default="nano")
    p.add_argument("--device")
    p.add_argument("--dtype", default="auto")
    p.add_argument("--pieces", type=int, default=16)
    p.add_argument("--seconds", type=float, default=8.0)
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--serial", type=int, default=4, help="pieces that are played one by one")
    o = p.parse_args()
    torch.set_num_threads(o.threads)
    model = MusicModel.load(o.model, device=o.device, dtype=o.dtype)
    prompts = [PROMPTS[n % len(PROMPTS)] for n in range(o.pieces)]
    seeds = list(range(o.pieces))
    list(generate_many(model, prompts[:2], seeds=seeds[:2], seconds=0.2))  # all is compiled
    frames = round(o.seconds * model.frame_rate)
    MusicStream(model, prompts[0]).generate(10)

    began, cpu = time.perf_counter(), time.process_time()
    for prompt, seed in list(zip(prompts, seeds, strict=True))[: o.serial]:
        MusicStream(model, prompt, seed=seed).generate(frames)
    scale = o.pieces / o.serial
    serial = (time.perf_counter() - began) * scale
    print(f"one by one: {serial:.1f} s, CPU {(time.process_time() - cpu) * scale:.1f} s")

    began, cpu = time.perf_counter(), time.process_time()
    made = list(generate_many(model, prompts, seeds=seeds, seconds=o.seconds, batch=o.pieces))
    many = time.perf_counter() - began
    print(f"together:   {many:.1f} s, CPU {time.process_time() - cpu:.1f} s")
    print(f"{len(made)} pieces of {o.seconds:g} s: {serial / many:.2f} times as fast")


if __name__ == "__main__":
    main()
