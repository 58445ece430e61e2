"""Trains a direction for the tempo in beats per minute, and plays slower and faster with it.

    python examples/05_regression_direction.py train
    python examples/05_regression_direction.py --model facebook/musicgen-large

Without `train` or `generate` it does both.
"""

import argparse
from pathlib import Path

import soundfile

from musicrfm import Direction, MusicModel, MusicStream
from musicrfm.data import syntheory
from musicrfm.training.rfm import Search
from musicrfm.training.train import direction_path, hear, train

OUT = Path("trained_concepts")
COEFFICIENTS = (-0.4, -0.2, 0.0, 0.2, 0.4)  # below 0 is slower
WORDS_OF_NANO = "piano melody with drums", "flute melody with bass and drums"
PROMPTS = "A relaxing jazz song with piano", "Upbeat electronic dance music with synths"


def train_tempo(model: MusicModel, pooling: str, clips: int | None, search: Search) -> None:
    data = hear(model, syntheory.clip_set("tempos", clips), pooling)
    bpm = [row["bpm"] for row in data.rows]  # standardised by their own mean and deviation
    made = train(data, "tempo", bpm, search=search, kind="regression", target="bpm", components=8)
    print(made.save(direction_path(made, OUT)), made.meta["test"])


def generate(model: MusicModel, prompts: tuple[str, ...], seconds: float) -> None:
    direction = Direction.load(OUT / model.name / "tempo.safetensors", model)
    for number, prompt in enumerate(prompts):
        for coefficient in COEFFICIENTS:
            stream = MusicStream(model, prompt, seed=number)
            stream.steering.add(direction, coefficient, layers="exp:1,0.95", inject=0.3)
            audio = stream.generate(round(seconds * model.frame_rate))
            path = OUT / f"prompt{number}_tempo_{coefficient:+g}.flac"
            soundfile.write(path, audio.clip(-1, 1), model.sample_rate)
            print(path)


p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
p.add_argument("what", nargs="?", choices=("train", "generate", "both"), default="both")
p.add_argument("--model", default="nano", help="nano, a folder, or a hub id")
p.add_argument("--pooling", default="mean", help="last is recommended for the tempo")
p.add_argument("--quick", action="store_true", help="too little of everything, in seconds")
o = p.parse_args()
model = MusicModel.load(o.model)
prompts, clips, search = PROMPTS, None, Search(trials=10, iterations=30, rows=10_000)
if o.model == "nano":
    prompts, clips, search = WORDS_OF_NANO, 1200, Search(trials=10, iterations=4)
if o.quick:
    prompts, clips, search = prompts[:1], 40, Search(trials=1, iterations=1)
if o.what != "generate":
    train_tempo(model, o.pooling, clips, search)
if o.what != "train":
    generate(model, prompts, 0.5 if o.quick else 30.0)
