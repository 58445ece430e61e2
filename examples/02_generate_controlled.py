"""Play prompts unsteered, and with one direction at rising coefficients, beside random ones.

    python examples/02_generate_controlled.py --direction note_Ds
    python examples/02_generate_controlled.py --model facebook/musicgen-large --published

A direction trained by an example takes precedence over the shipped one of the same name.
"""

from pathlib import Path

from musicrfm import MusicModel
from musicrfm.evaluation.comparison import knob_variants
from musicrfm.evaluation.comparison_page import tell
from musicrfm.evaluation.walkthrough import PUBLISHED_HELP, Effort, load, parser, steering

FOLDER = Path("trained_concepts")
p = parser(__doc__, out="trained_concepts/02_NAME")
p.add_argument("--direction", default="note_C", help="its name (default: note_C)")
p.add_argument("--coefficients", type=float, nargs="+", help="1 is the top of the useful range")
p.add_argument("--published", action="store_true", help=PUBLISHED_HELP)
p.add_argument("--layers", help="layers to steer: all, top:16, exp:BASE,RATE")
p.add_argument(
    "--schedule", default="constant", help="course over time: exponential:0.998, linear:1500, …"
)
p.add_argument("--inject", type=float, help="probability of adding it, per layer and frame")
p.add_argument("--seconds", type=float, help="length of a clip")
o = p.parse_args()

model = MusicModel.load(o.model)
effort, direction = Effort.of(model, o.quick, o.seconds), load(o.direction, model, FOLDER)
coefficients, how = steering(direction, o.published)
if o.coefficients:
    raw = [direction.coefficient(c) for c in o.coefficients]
    coefficients = raw if o.published else o.coefficients
how["schedule"] = o.schedule
how |= {key: value for key in ("layers", "inject") if (value := getattr(o, key)) is not None}
found = effort.compare(model, knob_variants(direction, coefficients, how), [direction])
name = f"02_{direction.name}"
tell(found, o.out or FOLDER / name, f"{direction.name} at rising coefficients", effort.words())
