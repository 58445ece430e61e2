"""Steer to two concepts at once, each with its own coefficient.

    python examples/04_multidirection_control.py --directions note_C tempo
    python examples/04_multidirection_control.py --model facebook/musicgen-large --published

A direction trained by an example takes precedence over the shipped one; the files are printed.
"""

from pathlib import Path

from musicrfm import MusicModel
from musicrfm.evaluation.comparison import Variant
from musicrfm.evaluation.comparison_page import tell
from musicrfm.evaluation.walkthrough import PUBLISHED_HELP, Effort, file_of, load, parser

FOLDER = Path("trained_concepts")
COMBINATIONS = (0.5, 0.5), (0.7, 0.3), (0.3, 0.7)
p = parser(__doc__, out="trained_concepts/04_NAMES")
p.add_argument("--directions", nargs=2, default=["note_C", "note_G"], help="their names")
p.add_argument("--published", action="store_true", help=PUBLISHED_HELP)
p.add_argument("--layers", default="all", help="layers to steer: all, top:16, exp:BASE,RATE")
p.add_argument("--schedule", default="constant", help="course of both over time")
p.add_argument("--inject", type=float, default=1.0, help="probability of adding each")
p.add_argument("--seconds", type=float, help="length of a clip")
o = p.parse_args()

model = MusicModel.load(o.model)
effort = Effort.of(model, o.quick, o.seconds)
one, other = (load(name, model, FOLDER) for name in o.directions)
pairs = zip((one, other), o.directions, strict=True)
uncalibrated = {d.name: file_of(name, model, FOLDER) for d, name in pairs if d.range is None}
if uncalibrated and not o.published:
    raise SystemExit(
        f"{' and '.join(uncalibrated)} has no range, so the two coefficients would have different "
        f"units: run `musicrfm calibrate {next(iter(uncalibrated.values()))}`, or give --published "
        "for raw ones"
    )
how = {"layers": o.layers, "schedule": o.schedule, "inject": o.inject}
how |= {"layers": "exp:1,0.95", "inject": 0.3} if o.published else {}
variants = [Variant("unsteered")]
for pair in COMBINATIONS:
    knobs = (
        [d.coefficient(c) for d, c in zip((one, other), pair, strict=True)] if o.published else pair
    )
    label = f"{one.name} {pair[0]:g} + {other.name} {pair[1]:g}"
    variants.append(Variant(label, tuple(zip((one, other), knobs, strict=True)), how))
found = effort.compare(model, variants, [one, other])
unit = "raw coefficients" if o.published else "1 is the top of each direction's range"
name = f"04_{one.name}_{other.name}"
words = effort.words(f"Both coefficients have the same unit: {unit}.")
tell(found, o.out or FOLDER / name, f"{one.name} and {other.name}", words)
