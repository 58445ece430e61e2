"""Steers to two concepts at once, each as strongly and as often as you say.

    python examples/04_multidirection_control.py --directions note_C tempo
    python examples/04_multidirection_control.py --model facebook/musicgen-large --published

A direction that an example has trained is taken before the one that ships; each file is named.
"""

from pathlib import Path

from musicrfm import MusicModel
from musicrfm.evaluation.comparison import Variant
from musicrfm.evaluation.comparison_page import tell
from musicrfm.evaluation.walkthrough import PUBLISHED_HELP, Effort, load, parser

FOLDER = Path("trained_concepts")
COMBINATIONS = (0.5, 0.5), (0.7, 0.3), (0.3, 0.7)
p = parser(__doc__, out="trained_concepts/04_NAMES")
p.add_argument("--directions", nargs=2, default=["note_C", "note_G"])
p.add_argument("--published", action="store_true", help=PUBLISHED_HELP)
p.add_argument("--layers", default="all", help="of both: all, top:16, exp:BASE,RATE")
p.add_argument("--schedule", default="constant", help="of both")
p.add_argument("--inject", type=float, default=1.0, help="of both: probability per layer and frame")
p.add_argument("--seconds", type=float, help="length of a clip")
o = p.parse_args()

model = MusicModel.load(o.model)
effort = Effort.of(model, o.quick, o.seconds)
one, other = (load(name, model, FOLDER) for name in o.directions)
uncalibrated = [d.name for d in (one, other) if d.range is None]
if uncalibrated and not o.published:
    raise SystemExit(
        f"{' and '.join(uncalibrated)} has no range, so a coefficient would mean two things: run "
        f"`musicrfm calibrate {uncalibrated[0]}`, or take raw coefficients for both: --published"
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
unit = "raw coefficients" if o.published else "knobs, 1 being the top of each one's range"
name = f"04_{one.name}_{other.name}"
words = effort.words(f"Both in the same unit: {unit}.")
tell(found, o.out or FOLDER / name, f"{one.name} and {other.name}", words)
