"""Steer to two concepts at once, each with its own coefficient.

    python examples/04_multidirection_control.py --directions note_C tempo
    python examples/04_multidirection_control.py --model facebook/musicgen-large --published

A direction trained by an example takes precedence over the shipped one; the files are printed.
"""

from pathlib import Path

from musicrfm import MusicModel, MusicRFMError
from musicrfm.evaluation import walkthrough as walk
from musicrfm.evaluation.comparison import Variant
from musicrfm.evaluation.comparison_page import tell

FOLDER = Path("trained_concepts")
COMBINATIONS = (0.5, 0.5), (0.7, 0.3), (0.3, 0.7)


def main() -> None:
    p = walk.parser(__doc__, out="trained_concepts/04_NAMES")
    p.add_argument("--directions", nargs=2, default=["note_C", "note_G"], help="their names")
    walk.playing_options(p)
    o = walk.options(p, FOLDER)

    model = MusicModel.load(o.model)
    effort = walk.Effort.of(model, o.quick, o.seconds)
    one, other = (walk.load(name, model, FOLDER) for name in o.directions)
    for name, direction in zip(o.directions, (one, other), strict=True):
        if direction.range is None and not o.published:
            raise MusicRFMError(
                f"{direction.name} has no range, so the two coefficients would have different "
                f"units: run `musicrfm calibrate {walk.file_of(name, model, FOLDER)}`, or give "
                "--published for raw ones"
            )
    _, how = walk.steering(one, o)
    variants = [Variant("unsteered")]
    for pair in COMBINATIONS:
        both = list(zip((one, other), pair, strict=True))
        label = " + ".join(f"{d.name} {walk.label(c, how, o.published)}" for d, c in both)
        steers = tuple((d, walk.knob(d, c, o.published)) for d, c in both)
        variants.append(Variant(label, steers, how))
    found = effort.compare(model, variants, [one, other])
    name = f"04_{one.name}_{other.name}"
    words = effort.words("Both coefficients have the same unit.", walk.unit(model, o.published))
    tell(found, o.out or FOLDER / name, f"{one.name} and {other.name}", words)


if __name__ == "__main__":
    walk.run(main)
