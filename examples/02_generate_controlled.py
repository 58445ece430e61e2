"""Play prompts unsteered, and with one direction at rising coefficients, beside random ones.

    python examples/02_generate_controlled.py --direction note_Ds
    python examples/02_generate_controlled.py --model facebook/musicgen-large --published

A direction trained by an example takes precedence over the shipped one of the same name.
"""

from pathlib import Path

from musicrfm import MusicModel
from musicrfm.evaluation import walkthrough as walk
from musicrfm.evaluation.comparison_page import tell

FOLDER = Path("trained_concepts")


def main() -> None:
    p = walk.parser(__doc__, out="trained_concepts/02_NAME")
    p.add_argument("--direction", default="note_C", help="its name (default: note_C)")
    p.add_argument("--coefficients", type=walk.number(), nargs="+", help=walk.COEFFICIENT_HELP)
    walk.playing_options(p)
    o = walk.options(p, FOLDER)

    model = MusicModel.load(o.model)
    effort = walk.Effort.of(model, o.quick, o.seconds)
    direction = walk.load(o.direction, model, FOLDER)
    coefficients, how = walk.steering(direction, o)
    variants = walk.variants(direction, o.coefficients or coefficients, how, o.published)
    found = effort.compare(model, variants, [direction])
    words = effort.words(walk.unit(model, o.published))
    title = f"{direction.name} at rising coefficients"
    tell(found, o.out or FOLDER / f"02_{direction.name}", title, words)


if __name__ == "__main__":
    walk.run(main)
