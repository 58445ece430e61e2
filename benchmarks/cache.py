"""What each precision of the key/value cache costs, with the shape of a published MusicGen.

    python -m benchmarks.cache --shape musicgen-small --dtype int4 --positions 1000

Times a step after so many positions, with guidance and meaningless weights, which take the same
time. The precisions take turns, each step by step. `python -m benchmarks.precision` has what they
do to the likelihoods of `nano`.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from bridge.bench.report import machine_line
from bridge.commands.unseen import shape_of
from musicrfm.published.sizes import PUBLISHED
from musicrfm.runtime.decoder import Push
from musicrfm.runtime.defaults import CACHES
from musicrfm.runtime.forecast import stand_in
from musicrfm.runtime.packed import PackedDecoder
from musicrfm.weights.cost import Shape

BITS = {"int4": 4, "int8": 8}


def measured(
    shape: Shape, dtype: str, positions: int, turns: int, steps: int
) -> dict[str, dict[str, Any]]:
    """By precision of the cache. ms, cpu_ms: of a step, the least of `steps`, turn by turn, in wall
    time and in CPU time of this process. mib: of the cache of a window of so many positions."""
    model = stand_in(shape, shape.layers, BITS[dtype], positions + 1)
    codes = torch.zeros(shape.codebooks, 1, dtype=torch.long)
    decoders, found = {}, dict[str, dict[str, Any]]()
    for cache in CACHES:
        decoders[cache] = PackedDecoder(model, positions + 1, cache)
        decoders[cache].guided = True
        decoders[cache].steer(Push(torch.zeros(shape.layers, shape.width)))
        mib = sum(part.nbytes for part in decoders[cache].memory) / 2**20
        found[cache] = {"ms": [], "cpu_ms": [], "mib": mib}
        for part in decoders[cache].memory:
            part[...] = 1  # memory that was never written is not there yet
    for _ in range(turns):
        for cache, decoder in decoders.items():
            took = []
            for _ in range(steps):
                began, used = time.perf_counter(), time.process_time()
                decoder.step(codes, positions)
                took.append((time.perf_counter() - began, time.process_time() - used))
            wall, cpu = 1000 * np.min(took, 0)
            found[cache]["ms"].append(float(wall))
            found[cache]["cpu_ms"].append(float(cpu))
    return found


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    p.add_argument("--shape", choices=PUBLISHED, default="musicgen-small")
    p.add_argument("--dtype", choices=BITS, default="int4")
    p.add_argument("--positions", type=int, default=1000, help="before the step")
    p.add_argument("--turns", type=int, default=4, help="of each precision")
    p.add_argument("--steps", type=int, default=8, help="of a turn, the least counts")
    p.add_argument("--json", metavar="FILE", type=Path)
    o = p.parse_args()
    found = measured(shape_of(o.shape), o.dtype, o.positions, o.turns, o.steps)
    print("| cache | MiB | ms a step, turn by turn | of CPU time |\n|---|---|---|---|")
    for cache, row in found.items():
        times = (", ".join(f"{ms:.1f}" for ms in row[kind]) for kind in ("ms", "cpu_ms"))
        print(f"| {cache} | {row['mib']:.0f} | {' | '.join(times)} |")
    about = f"{o.shape} in {o.dtype}, {o.positions} positions, {torch.get_num_threads()} threads."
    print(f"\n{about} {machine_line()}")
    if o.json is not None:
        o.json.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
