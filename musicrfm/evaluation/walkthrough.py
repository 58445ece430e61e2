"""Shared by the scripts in `examples/`: options, files, and how many clips are played."""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from musicrfm import intervals
from musicrfm.directions import SUFFIX, Direction, canonical_name, find
from musicrfm.errors import MusicRFMError
from musicrfm.evaluation.calibrate import calibrate
from musicrfm.evaluation.comparison import Comparison, Variant, compare, knob_variants
from musicrfm.evaluation.comparison_page import tell
from musicrfm.evaluation.perform import Setting
from musicrfm.evaluation.search import Aims
from musicrfm.files.writing import check_folder, write_text
from musicrfm.terminal import answered, run_command
from musicrfm.theory import PITCH_CLASSES
from musicrfm.training import questions
from musicrfm.training.telling import told
from musicrfm.training.train import direction_path, pitch_class

if TYPE_CHECKING:
    from musicrfm.model import MusicModel
    from musicrfm.training.train import Trained

KNOB = (0.3, 0.7, 1.0)
RAW = (0.3, 0.5, 0.7)  # as published
PUBLISHED: dict[str, Any] = {"layers": "exp:1,0.95", "inject": 0.3}
PUBLISHED_HELP = (
    "raw coefficients, exponential layer weights and injection 0.3, as published for MusicGen "
    "large; nano needs coefficients about ten times as large"
)
COEFFICIENT_HELP = "1 is the top of the useful range; raw with --published"
METHODS = tuple(name for name in questions.METHODS if name != "rfm-multiclass")  # needs classes
WORDS_OF_NANO = "piano melody with drums", "solo guitar melody"
PROMPTS = "A relaxing jazz song with piano", "Upbeat electronic dance music with synths"
QUICK = "This was a run with --quick on very little data, so these numbers mean nothing."


@dataclass(frozen=True)
class Effort:
    """The clips to play: for nano, some minutes of work on two cores; for others, 30 s a clip.

    draws: number of random directions beside each variant. quick: as little as possible.
    """

    prompts: tuple[str, ...]
    seeds: tuple[int, ...] = (0, 1)
    seconds: float = 4.0
    draws: int = 5
    quick: bool = False

    @classmethod
    def of(cls, model: MusicModel, quick: bool = False, seconds: float | None = None) -> Effort:
        found = cls(WORDS_OF_NANO if model.name == "nano" else PROMPTS)
        if model.name != "nano":
            found = replace(found, seconds=30.0)
        if quick:
            found = cls(found.prompts[:1], (0,), 0.5, 1, True)
        return found if seconds is None else replace(found, seconds=seconds)

    def compare(
        self, model: MusicModel, variants: Sequence[Variant], targets: Sequence[Direction]
    ) -> Comparison:
        if self.quick:
            variants = variants[:2]
        how: dict[str, Any] = {
            "prompts": self.prompts,
            "seeds": self.seeds,
            "seconds": self.seconds,
        }
        return compare(model, variants, targets, draws=self.draws, **how)

    def compare_knob(self, model: MusicModel, direction: Direction) -> Comparison:
        """One direction, unsteered and at three positions of its knob."""
        return self.compare(model, knob_variants(direction, usual(direction)), [direction])

    def calibrate(
        self, model: MusicModel, direction: Direction, of_class: str | None = None
    ) -> str:
        """Find the range of the knob of a direction, or of one of its classes, by measuring audio;
        store it in the direction, and return it in words."""
        setting = Setting(prompts=self.prompts, seeds=self.seeds, seconds=self.seconds)
        one = direction if of_class is None else direction.only(of_class)
        found = calibrate(model, one, setting=setting, aims=Aims(steps=1), draws=0)
        found.write_into(direction, of_class)
        return _range(direction if of_class is None else direction.only(of_class))

    def words(self, *more: str) -> str:
        return " ".join(filter(None, [*more, QUICK if self.quick else ""]))


def halves(found: Comparison, direction: Direction) -> str:
    """The share of a note in the first and the second half of the clips, by variant; empty for
    other concepts."""
    note = str(direction.meta.get("target"))
    if direction.meta.get("concept", "note") != "note" or note not in PITCH_CLASSES:
        return ""
    lines = []
    for variant in dict.fromkeys(clip.variant for clip in found.clips):
        shares = [
            clip.shares[:, PITCH_CLASSES.index(note)]
            for clip in found.clips
            if clip.variant == variant and clip.draw is None
        ]
        first, second = (
            intervals.mean([half.mean() for half in parts])
            for parts in zip(*(np.array_split(one, 2) for one in shares), strict=True)
        )
        lines.append(f"{variant} {first}, {second}")
    return f"Share in the first and the second half: {'; '.join(lines)}."


def parser(doc: str, out: str = "") -> argparse.ArgumentParser:
    """The options of all scripts. doc: the script's docstring. out: default folder, in words."""
    p = argparse.ArgumentParser(description=doc.splitlines()[0])
    p.add_argument("--model", default="nano", help="nano (default), a folder, or a hub model")
    place = f" (default: {out})" if out else ""
    p.add_argument("--out", help=f"folder for the table and the clips{place}")
    p.add_argument(
        "--quick", action="store_true", help="very little data: the numbers mean nothing"
    )
    return p


def number(
    low: float = -math.inf, high: float = math.inf, of: Callable[[str], float] = float
) -> Callable[[str], float]:
    """The type of an option: a finite number from `low` to `high`. of: int for whole numbers."""
    kind = "whole number" if of is int else "finite number"
    kind += "" if low == -math.inf else f" from {low:g}"
    if low > -math.inf or high < math.inf:
        kind += " up" if high == math.inf else f" to {high:g}"

    def read(text: str) -> float:
        try:
            value = of(text)
        except ValueError:
            value = math.nan
        if not (math.isfinite(value) and low <= value <= high):
            raise argparse.ArgumentTypeError(f"{text!r} is not a {kind}")
        return value

    return read


SECONDS = number(0.1, 3600)


def training_options(p: argparse.ArgumentParser) -> None:
    """The options of scripts that train a direction of one class."""
    p.add_argument(
        "--method", choices=METHODS, default="rfm", help="as published: rfm-top (default: rfm)"
    )
    p.add_argument("--no-calibrate", action="store_true", help="keep raw coefficients")


def playing_options(p: argparse.ArgumentParser, schedule: bool = True) -> None:
    """The options of scripts that play a direction. schedule: whether one can be chosen."""
    p.add_argument("--published", action="store_true", help=PUBLISHED_HELP)
    p.add_argument("--layers", help="layers to steer: all, top:16, exp:BASE,RATE (default: all)")
    words = "probability of adding it, per layer and frame (default: 1)"
    p.add_argument("--inject", type=number(0, 1), help=words)
    words = "course over time, such as exponential:0.998 or linear:1500 (default: constant)"
    if schedule:
        p.add_argument("--schedule", help=words)
    p.add_argument("--seconds", type=SECONDS, help="length of a clip")


def note(text: str) -> str:
    """The type of an option: a note in any spelling."""
    try:
        return pitch_class(text)
    except MusicRFMError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def options(p: argparse.ArgumentParser, folder: Path) -> argparse.Namespace:
    """The options of this run of a script, which writes into `folder` unless `--out` is given.

    Raises MusicRFMError if a folder cannot be written, before anything is computed.
    """
    o = p.parse_args()
    check_folder(folder, o.out)
    return o


def run(main: Callable[[], None]) -> None:
    """Run a script; ends Python with status 2 after an error that the user can mend, in a
    sentence."""
    if status := run_command(lambda: answered(main)):
        sys.exit(status)


def save(trained: Trained, folder: Path) -> Path:
    """Write direction, report and detector to `<folder>/<model>/`; returns the direction's path."""
    direction = _steerable(trained)
    path = direction.save(direction_path(direction, folder))
    write_text(path.with_suffix(".json"), json.dumps(trained.report, indent=1))
    trained.detector.save(folder)
    return path


def _steerable(trained: Trained) -> Direction:
    assert trained.direction is not None, (
        "states that are pooled to a mean or the last frame can be steered"
    )
    return trained.direction


def finish(trained: Trained, model: MusicModel, o: argparse.Namespace, folder: Path) -> None:
    """What follows on `fit`: tell what it found, calibrate unless told not to, save in `folder`,
    compare with random directions, and write the page."""
    print(told(trained))
    effort, direction = Effort.of(model, o.quick), _steerable(trained)
    if not o.no_calibrate:
        print(f"calibrated: {effort.calibrate(model, direction)}")
    path = save(trained, folder)
    found = effort.compare_knob(model, direction)
    tell(found, o.out or folder / direction.name, f"{direction.name}, just trained", effort.words())
    print(path)


def file_of(name: str, model: MusicModel, folder: Path) -> Path:
    """The file of a direction that an example trained in `folder`, else of the user's or the
    shipped one."""
    own = folder / model.name / f"{canonical_name(name)}{SUFFIX}"
    return own if own.is_file() else Path(find(name, model))


def load(name: str, model: MusicModel, folder: Path) -> Direction:
    """The direction of `file_of`; prints its file and its range."""
    path = file_of(name, model, folder)
    direction = Direction.load(path, model)
    print(f"{name}: {path}, {_range(direction)}")
    return direction


def _range(direction: Direction) -> str:
    if direction.range is None:
        return "no range, so its coefficients are raw"
    low, high = direction.range
    return f"range {low:.3g} to {high:.3g} raw, which is the knob at 1"


def usual(direction: Direction) -> list[float]:
    """Coefficients to compare, in the unit of the knob. Without a range, that is raw: shares of the
    typical norm of hidden states, if the file has it."""
    norm = direction.meta.get("state_norm")
    if direction.range is None and norm:
        return [float(f"{share * norm:.2g}") for share in (0.05, 0.1)]
    return list(KNOB)


def steering(direction: Direction, o: argparse.Namespace) -> tuple[list[float], dict[str, Any]]:
    """(coefficients to compare, options of `Steering.add`) by the options `playing_options`; with
    --published, the coefficients are raw."""
    coefficients = list(RAW) if o.published else usual(direction)
    given = {key: getattr(o, key, None) for key in ("layers", "inject", "schedule")}
    how = PUBLISHED if o.published else {}
    return coefficients, how | {key: value for key, value in given.items() if value is not None}


def knob(direction: Direction, coefficient: float, published: bool) -> float:
    """The coefficient in the unit of the knob; with `published`, it is raw."""
    return direction.coefficient(coefficient) if published else coefficient


def variants(
    direction: Direction, coefficients: Sequence[float], how: dict[str, Any], published: bool
) -> list[Variant]:
    """As `knob_variants`; with `published`, coefficients are raw, and labelled as such."""
    found = [Variant("unsteered", at=0.0)]
    for one in dict.fromkeys(coefficients):
        name = f"{direction.name} {label(one, how, published)}"
        steers = ((direction, knob(direction, one, published)),)
        found += [Variant(name, steers, how, one)] if one else []
    return found


def label(coefficient: float, how: dict[str, Any], published: bool) -> str:
    """`0.3`; with `published`, `raw 0.3, injection 0.3`."""
    if not published:
        return f"{coefficient:g}"
    return f"raw {coefficient:g}, injection {how['inject']:g}"


def unit(model: MusicModel, published: bool) -> str:
    """A sentence about the coefficients."""
    if not published:
        return "A coefficient of 1 is the top of the range of its direction, if it has one."
    words = "The coefficients are raw. The published values are meant for MusicGen large"
    words += "; nano needs values about ten times as large" if model.name == "nano" else ""
    return f"{words}."
