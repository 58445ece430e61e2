"""Plays each prompt as it is, and steered by one direction more and more.

    python examples/02_generate_controlled.py
    python examples/02_generate_controlled.py --model facebook/musicgen-large --direction note_Ds

A direction that an example has trained is taken before the one that ships.
"""

import argparse
from pathlib import Path

import soundfile

from musicrfm import Direction, MusicModel, MusicStream

OUT = Path("trained_concepts")
WORDS_OF_NANO = "piano melody with drums", "solo guitar melody", "flute melody with bass and drums"
PROMPTS = (
    "A relaxing jazz song with piano", "Upbeat electronic dance music with synths",
    "Slow classical piano piece", "Fast-paced rock song with guitar",
)  # fmt: skip


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--model", default="nano", help="nano, a folder, or a hub id")
    p.add_argument("--direction", default="note_C")
    p.add_argument("--coefficients", type=float, nargs="+", default=[0.3, 0.5, 0.7])
    p.add_argument("--layers", default="exp:1,0.95", help="all, top:16, exp:BASE,RATE")
    p.add_argument("--schedule", default="constant", help="exponential:0.998, linear:1500, …")
    p.add_argument("--inject", type=float, default=0.3, help="probability per layer and frame")
    p.add_argument("--seconds", type=float, default=30.0)
    p.add_argument("--quick", action="store_true", help="too little of everything, in seconds")
    o = p.parse_args()

    model = MusicModel.load(o.model)
    own = OUT / model.name / f"{o.direction}.safetensors"  # what an example has trained
    direction = Direction.load(own if own.is_file() else o.direction, model)
    prompts = WORDS_OF_NANO if model.name == "nano" else PROMPTS
    if o.quick:
        prompts, o.coefficients, o.seconds = prompts[:1], o.coefficients[:1], 0.5

    OUT.mkdir(parents=True, exist_ok=True)
    for number, prompt in enumerate(prompts):
        for coefficient in (0.0, *o.coefficients):
            stream = MusicStream(model, prompt, seed=number)
            stream.steering.add(
                direction, coefficient,
                layers=o.layers, schedule=o.schedule, inject=o.inject,
            )  # fmt: skip
            audio = stream.generate(round(o.seconds * model.frame_rate))
            path = OUT / f"prompt{number}_{direction.name}_{coefficient:g}.flac"
            soundfile.write(path, audio.clip(-1, 1), model.sample_rate)
            print(path)


if __name__ == "__main__":
    main()
