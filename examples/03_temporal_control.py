"""Play the same music with steering that fades out, fades in, or follows a function of yours.

    python examples/03_temporal_control.py
    python examples/03_temporal_control.py --model facebook/musicgen-large --published

A schedule is a function from the number of a frame (20 ms each) to a coefficient.
"""

import math
from pathlib import Path

from musicrfm import MusicModel
from musicrfm.evaluation import walkthrough as walk
from musicrfm.evaluation.comparison import Variant
from musicrfm.evaluation.comparison_page import tell

FOLDER = Path("trained_concepts")


def swell(step: int, base: float) -> float:
    return base * (1 - math.cos(2 * math.pi * step / 200)) / 2  # rises and falls every 4 s


def main() -> None:
    p = walk.parser(__doc__, out="trained_concepts/03_NAME")
    p.add_argument("--direction", default="note_C", help="its name (default: note_C)")
    p.add_argument("--coefficient", type=walk.number(), help=walk.COEFFICIENT_HELP)
    walk.playing_options(p, schedule=False)
    o = walk.options(p, FOLDER)

    model = MusicModel.load(o.model)
    effort = walk.Effort.of(model, o.quick, o.seconds)
    direction = walk.load(o.direction, model, FOLDER)
    coefficients, how = walk.steering(direction, o)
    amount = coefficients[-1] if o.coefficient is None else o.coefficient
    steers = ((direction, walk.knob(direction, amount, o.published)),)
    frames = round(effort.seconds * model.frame_rate)
    schedules = {
        "constant": "constant",
        "falling": "exponential:0.995",
        "rising": f"ramp:{frames}",
        "swell": swell,
    }
    variants = [Variant("unsteered")]
    variants += [Variant(name, steers, how | {"schedule": s}) for name, s in schedules.items()]
    found = effort.compare(model, variants, [direction])
    words = effort.words(
        f"Coefficient {walk.label(amount, how, o.published)}, times the schedule of the name.",
        walk.unit(model, o.published),
        walk.halves(found, direction),
    )
    tell(found, o.out or FOLDER / f"03_{direction.name}", f"{direction.name} over time", words)


if __name__ == "__main__":
    walk.run(main)
