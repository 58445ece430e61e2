"""Play the same music with steering that fades out, fades in, or follows a function of yours.

    python examples/03_temporal_control.py
    python examples/03_temporal_control.py --model facebook/musicgen-large --published

A schedule is a function from the number of a frame (20 ms each) to a coefficient.
"""

import math
from pathlib import Path

from musicrfm import MusicModel
from musicrfm.evaluation.comparison import Variant
from musicrfm.evaluation.comparison_page import tell
from musicrfm.evaluation.walkthrough import (
    PUBLISHED_HELP,
    Effort,
    halves,
    load,
    parser,
    steering,
)

FOLDER = Path("trained_concepts")


def swell(step: int, base: float) -> float:
    return base * (1 - math.cos(2 * math.pi * step / 200)) / 2  # rises and falls every 4 s


p = parser(__doc__, out="trained_concepts/03_NAME")
p.add_argument("--direction", default="note_C", help="its name (default: note_C)")
p.add_argument("--coefficient", type=float, help="1 is the top of the useful range")
p.add_argument("--published", action="store_true", help=PUBLISHED_HELP)
p.add_argument("--layers", help="layers to steer: all, top:16, exp:BASE,RATE")
p.add_argument("--seconds", type=float, help="length of a clip")
o = p.parse_args()

model = MusicModel.load(o.model)
effort, direction = Effort.of(model, o.quick, o.seconds), load(o.direction, model, FOLDER)
coefficients, how = steering(direction, o.published)
amount = coefficients[-1] if o.coefficient is None else o.coefficient
how |= {"layers": o.layers} if o.layers else {}
frames = round(effort.seconds * model.frame_rate)
variants = [Variant("unsteered")] + [
    Variant(name, ((direction, amount),), how | {"schedule": schedule})
    for name, schedule in (
        ("constant", "constant"), ("falling", "exponential:0.995"), ("rising", f"ramp:{frames}"),
        ("swell", swell),
    )
]  # fmt: skip
found = effort.compare(model, variants, [direction])
words = effort.words(
    f"The coefficient is {amount:g}, times the schedule that the name gives.",
    halves(found, direction),
)
tell(found, o.out or FOLDER / f"03_{direction.name}", f"{direction.name} over time", words)
