"""Plays the same music with steering that fades out, comes in, or swells as you write it.

    python examples/03_temporal_control.py
    python examples/03_temporal_control.py --model facebook/musicgen-large

A schedule turns the number of a frame, 20 ms each, into a coefficient.
"""

import argparse
import math
from pathlib import Path

import soundfile

from musicrfm import Direction, MusicModel, MusicStream

OUT = Path("trained_concepts")
WORDS_OF_NANO = "piano melody with drums", "solo guitar melody", "flute melody with bass and drums"
PROMPTS = (
    "A relaxing jazz song with piano", "Upbeat electronic dance music with synths",
    "Slow classical piano piece", "Fast-paced rock song with guitar",
)  # fmt: skip


def swell(step: int, base: float) -> float:
    return base * (1 - math.cos(2 * math.pi * step / 500)) / 2  # comes and goes every 10 s


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--model", default="nano", help="nano, a folder, or a hub id")
    p.add_argument("--direction", default="note_C")
    p.add_argument("--coefficient", type=float, default=0.6)
    p.add_argument("--layers", default="exp:1,0.95", help="all, top:16, exp:BASE,RATE")
    p.add_argument("--seconds", type=float, default=30.0)
    p.add_argument("--quick", action="store_true", help="too little of everything, in seconds")
    o = p.parse_args()
    model = MusicModel.load(o.model)
    own = OUT / model.name / f"{o.direction}.safetensors"  # what an example has trained
    direction = Direction.load(own if own.is_file() else o.direction, model)
    prompts = WORDS_OF_NANO if model.name == "nano" else PROMPTS
    if o.quick:
        prompts, o.seconds = prompts[:1], 0.3
    frames = round(o.seconds * model.frame_rate)

    OUT.mkdir(parents=True, exist_ok=True)
    for number, prompt in enumerate(prompts):
        for schedule in ("constant", "exponential:0.998", f"ramp:{frames}", swell):
            stream = MusicStream(model, prompt, seed=number)
            stream.steering.add(direction, o.coefficient, layers=o.layers, schedule=schedule)
            audio = stream.generate(frames)
            name = "swell" if schedule is swell else schedule.partition(":")[0]
            path = OUT / f"prompt{number}_{name}.flac"
            soundfile.write(path, audio.clip(-1, 1), model.sample_rate)
            print(path)


if __name__ == "__main__":
    main()
