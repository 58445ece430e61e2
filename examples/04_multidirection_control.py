"""Steers to two concepts at once, each as strongly and as often as you say.

    python examples/04_multidirection_control.py --directions note_C tempo
    python examples/04_multidirection_control.py --model facebook/musicgen-large

A direction that an example has trained is taken before the one that ships.
"""

import argparse
from pathlib import Path

import soundfile

from musicrfm import Direction, MusicModel, MusicStream

OUT = Path("trained_concepts")
COMBINATIONS = (0.5, 0.5), (0.7, 0.3), (0.3, 0.7)
WORDS_OF_NANO = "piano melody with drums", "solo guitar melody", "flute melody with bass and drums"
PROMPTS = (
    "A relaxing jazz song with piano", "Upbeat electronic dance music with synths",
    "Slow classical piano piece", "Fast-paced rock song with guitar",
)  # fmt: skip


def load(name: str, model: MusicModel) -> Direction:
    own = OUT / model.name / f"{name}.safetensors"  # what an example has trained
    return Direction.load(own if own.is_file() else name, model)


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--model", default="nano", help="nano, a folder, or a hub id")
    p.add_argument("--directions", nargs=2, default=["note_C", "note_Ds"])
    p.add_argument("--layers", default="exp:1,0.95", help="of both: all, top:16, exp:BASE,RATE")
    p.add_argument("--schedules", nargs=2, default=["constant", "constant"])
    p.add_argument("--inject", type=float, nargs=2, default=[0.3, 0.3])
    p.add_argument("--seconds", type=float, default=30.0)
    p.add_argument("--quick", action="store_true", help="too little of everything, in seconds")
    o = p.parse_args()
    model = MusicModel.load(o.model)
    directions = [load(name, model) for name in o.directions]
    prompts, combinations = WORDS_OF_NANO if model.name == "nano" else PROMPTS, COMBINATIONS
    if o.quick:
        prompts, combinations, o.seconds = prompts[:1], combinations[:2], 0.5
    OUT.mkdir(parents=True, exist_ok=True)
    for number, prompt in enumerate(prompts):
        for pair in combinations:
            stream = MusicStream(model, prompt, seed=number)
            settings = zip(directions, pair, o.schedules, o.inject, strict=True)
            for one, amount, schedule, inject in settings:
                stream.steering.add(one, amount, layers=o.layers, schedule=schedule, inject=inject)
            audio = stream.generate(round(o.seconds * model.frame_rate))
            path = OUT / f"prompt{number}_c1_{pair[0]:g}_c2_{pair[1]:g}.flac"
            soundfile.write(path, audio.clip(-1, 1), model.sample_rate)
            print(path)


if __name__ == "__main__":
    main()
