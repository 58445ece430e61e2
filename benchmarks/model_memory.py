"""What each published MusicGen takes in memory: the numbers in docs/models.md.

    python benchmarks/model_memory.py musicgen-small --dtype bfloat16

Builds a model of exactly that shape with random weights, plays a little, and prints one line: how
many parameters, what the weights take, and the most memory that the process has ever held. Nothing
is downloaded or written.
"""

from __future__ import annotations

import argparse
import json
import resource
import time

import torch

from musicrfm.published.random import random_model
from musicrfm.published.sizes import PUBLISHED
from musicrfm.runtime.backends import decoder_for
from musicrfm.stream import MusicStream

GIB = 2**30


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    p.add_argument("name", choices=PUBLISHED)
    p.add_argument("--dtype", choices=("float32", "bfloat16", "float16"), default="float32")
    p.add_argument("--frames", type=int, default=25, help="how long a piece to play")
    o = p.parse_args()
    before = peak()
    model = random_model(o.name, getattr(torch, o.dtype))
    weights = {w.data_ptr(): w.nbytes for w in model.hf.state_dict().values()}
    decoder = decoder_for(model)
    decoder.set_prompt(model.encode_prompt("a short test of a long model"))
    decoder.guided = True
    start = torch.full((model.codebooks, 1), model.start_code)
    finite = bool(decoder.step(start, 0).isfinite().all())
    del decoder
    stream = MusicStream(model, "a short test of a long model")
    caches = [window.decoder.cache for window in (stream._window, stream._next)]
    for cache in caches:
        cache.zero_()  # memory that was never written is not there yet
    began = time.monotonic()
    audio = stream.generate(o.frames)
    told = {
        "model": o.name,
        "dtype": o.dtype,
        "layers": model.layers,
        "width": model.width,
        "decoder_parameters": sum(w.numel() for w in model.hf.decoder.parameters()),
        "weights_gib": round(sum(weights.values()) / GIB, 2),
        "cache_gib": round(sum(cache.nbytes for cache in caches) / GIB, 2),
        "peak_gib": round(peak() / GIB, 2),
        "peak_before_gib": round(before / GIB, 2),
        "finite": finite and stream.faults == 0,
        "samples": list(audio.shape),
        "seconds": round(time.monotonic() - began, 1),
    }
    print(json.dumps(told))


def peak() -> int:
    """Bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    main()
