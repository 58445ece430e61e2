"""Shared by the scripts in `examples/`: options, files, and how many clips are played."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from musicrfm import intervals
from musicrfm.directions import SUFFIX, Direction, canonical_name, find
from musicrfm.evaluation.calibrate import calibrate
from musicrfm.evaluation.comparison import Comparison, Variant, compare, knob_variants
from musicrfm.evaluation.perform import Setting
from musicrfm.evaluation.search import Aims
from musicrfm.theory import PITCH_CLASSES
from musicrfm.training.train import direction_path

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
        coefficients, how = steering(direction, published=False)
        return self.compare(model, knob_variants(direction, coefficients, how), [direction])

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
    told = []
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
        told.append(f"{variant} {first}, {second}")
    return f"Share in the first and the second half: {'; '.join(told)}."


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


def save(trained: Trained, folder: Path) -> Path:
    """Write direction, report and detector to `<folder>/<model>/`; returns the direction's path."""
    direction = trained.direction
    assert direction is not None, (
        "states that are pooled to a mean or the last frame can be steered"
    )
    path = direction.save(direction_path(direction, folder))
    path.with_suffix(".json").write_text(json.dumps(trained.report, indent=1))
    trained.detector.save(folder)
    return path


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


def steering(direction: Direction, published: bool) -> tuple[list[float], dict[str, Any]]:
    """(coefficients in the unit of the knob, options of `Steering.add`) to compare.

    published: the published coefficients, layer weights and injection. Without a range, the
    coefficients are raw: shares of the typical norm of hidden states, if the file has it.
    """
    if published:
        return [direction.coefficient(raw) for raw in RAW], dict(PUBLISHED)
    norm = direction.meta.get("state_norm")
    if direction.range is None and norm:
        return [float(f"{share * norm:.2g}") for share in (0.05, 0.1)], {}
    return list(KNOB), {}
