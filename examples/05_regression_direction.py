"""Train a direction for the tempo in beats per minute, and play slower and faster with it.

    python examples/05_regression_direction.py train
    python examples/05_regression_direction.py --method regression --model facebook/musicgen-large

Without `train` or `generate`, it does both. The published regression averages over the frames of a
clip, which loses the positions of the beats, and does not change the tempo of nano. So the default
for nano is a held beat, trained on composed pieces: from 60 BPM at -1 to 160 BPM at 1.
"""

from argparse import Namespace
from pathlib import Path

from musicrfm import MusicModel
from musicrfm.data import syntheory
from musicrfm.data.composed import music_clips
from musicrfm.evaluation import walkthrough as walk
from musicrfm.evaluation.comparison import knob_variants
from musicrfm.evaluation.comparison_page import tell
from musicrfm.steering.beat import Beat, is_beat
from musicrfm.training import beat
from musicrfm.training.rfm import Search
from musicrfm.training.telling import told, told_of_beat
from musicrfm.training.train import direction_path, fit, hear

FOLDER = Path("trained_concepts")
KNOB = (-1.0, -0.5, 0.5, 1.0)  # below 0 is slower


def train(o: Namespace, model: MusicModel) -> None:
    nano = o.model == "nano"
    count, clips = (32, 40) if o.quick else (160, 1200 if nano else None)
    if (o.method or ("beat" if nano else "regression")) == "beat":
        pieces = music_clips(count)
        made = beat.fit(model, beat.composed(pieces), count, data=pieces.name)
        print(told_of_beat(made), made.save(direction_path(made, FOLDER)), sep="\n")
        return
    search = Search(trials=1 if o.quick else 10, iterations=1 if o.quick else 4)
    data = hear(model, syntheory.clip_set("tempos", clips), o.pooling)
    bpm = [row["bpm"] for row in data.rows]  # `fit` standardises them
    about = {"kind": "regression", "target": "bpm", "components": 8}
    trained = fit(data, "tempo", bpm, search=search, **about)
    print(told(trained), walk.save(trained, FOLDER), sep="\n")


def play(o: Namespace, model: MusicModel) -> None:
    effort = walk.Effort.of(model, o.quick, o.seconds or (None if o.quick else 6.0))
    direction = walk.load("tempo", model, FOLDER)
    found = effort.compare(model, knob_variants(direction, KNOB), [direction])
    words = []
    if direction.range is None:
        words.append("The direction was not calibrated, so its coefficients are raw.")
    if is_beat(direction):
        words.append("At 0 the tempo is free.")
        asked = [Beat.of(direction).bpm(direction.raw(c)) for c in KNOB]
        pairs = (f"{bpm:.0f} at {c:g}" for c, bpm in zip(KNOB, asked, strict=True))
        words.append(f"Asked for, in BPM: {', '.join(pairs)}. The measurement may find half of it.")
    tell(found, o.out or FOLDER / "05_tempo", "Slower and faster", effort.words(*words))


def main() -> None:
    p = walk.parser(__doc__, out="trained_concepts/05_tempo")
    p.add_argument("what", nargs="?", choices=("train", "generate", "both"), default="both")
    methods = ("beat", "regression")
    p.add_argument("--method", choices=methods, help="default: beat for nano, else regression")
    words = "for a regression: pooling over the frames; last is recommended (default: mean)"
    p.add_argument("--pooling", choices=("mean", "max", "last"), default="mean", help=words)
    p.add_argument("--seconds", type=walk.SECONDS, help="length of a clip")
    o = walk.options(p, FOLDER)
    model = MusicModel.load(o.model)
    if o.what != "generate":
        train(o, model)
    if o.what != "train":
        play(o, model)


if __name__ == "__main__":
    walk.run(main)
