"""The parts that `bridge prepare` makes, the most useful first, and the time that each takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from musicrfm.errors import MusicRFMError

FRAMES_A_PIECE = 20  # see `musicrfm.data.composed.frame_data`
METHOD = "mean-difference"  # steers the furthest, see docs/results/methods.md


@dataclass(frozen=True)
class Sizes:
    """Amounts of data. frames: of composed music, for notes, keys and chords. clips: for each other
    set. beats: clips for the tempo. prompts, seeds, seconds, steps: for finding a knob's range."""

    frames: int
    clips: int
    beats: int
    prompts: tuple[str, ...]
    seeds: int
    seconds: float
    steps: int


FULL = Sizes(4800, 1440, 240, (), 2, 8.0, 4)
QUICK = Sizes(1920, 480, 80, ("piano melody with drums", "vibraphone arpeggio"), 1, 6.0, 2)
USUAL_PROMPTS = 4  # number of default prompts of `musicrfm calibrate`
NET, CLOSER = 5, 2  # coefficients that it tries at first, and in each step


@dataclass(frozen=True)
class Concept:
    """A group of knobs. train: arguments of `musicrfm train`. data: the field of `Sizes` that it
    uses. directions: number of knobs. heard: whether the effect can be measured in audio, and the
    range be found."""

    name: str
    words: str
    train: tuple[str, ...]
    data: str
    directions: int
    heard: bool = True


# From the most to the least useful.
CONCEPTS = (
    Concept("tempo", "a tempo that holds the beat", ("beat",), "beats", 1, heard=False),
    Concept("notes", "twelve notes", ("note", "--target", "all", "--data", "music"), "frames", 12),
    Concept("keys", "twelve keys", ("key", "--target", "all"), "frames", 12),
    Concept(
        "chords", "chord qualities", ("chord", "--target", "all", "--data", "music"), "frames", 3
    ),
    Concept("scales", "scales and modes", ("scale", "--target", "all"), "clips", 7),
    Concept("intervals", "intervals", ("interval", "--target", "all"), "clips", 12),
    Concept("metres", "time signatures", ("time_signature", "--target", "all"), "clips", 8),
    Concept(
        "progressions",
        "chord progressions",
        ("progression", "--target", "all"),
        "clips",
        19,
        heard=False,
    ),
)
QUICKEST = ("tempo", "notes")


def chosen(only: Sequence[str], quick: bool) -> tuple[Concept, ...]:
    """The concepts to make. Raises MusicRFMError for one that does not exist."""
    known = {concept.name: concept for concept in CONCEPTS}
    for name in only:
        if name not in known:
            raise MusicRFMError(f"part {name!r} does not exist: choose from {', '.join(known)}")
    names = only or (QUICKEST if quick else tuple(known))
    return tuple(concept for concept in CONCEPTS if concept.name in names)


@dataclass(frozen=True)
class Rates:
    """Speed of this computer. hear: seconds to compute the hidden states of a clip of six seconds.
    play: seconds to make a second of music."""

    hear: float
    play: float


def seconds(concept: Concept, sizes: Sizes, rates: Rates) -> float:
    """Estimated seconds to train and calibrate a concept.

    To find a range, some coefficients are played with all prompts and seeds, and then the middle
    and the top again.
    """
    count = getattr(sizes, concept.data)
    train = rates.hear * (count / FRAMES_A_PIECE if concept.data == "frames" else count)
    if not concept.heard:
        return train
    takes = (len(sizes.prompts) or USUAL_PROMPTS) * sizes.seeds
    coefficients = NET + CLOSER * sizes.steps + 2
    return train + concept.directions * coefficients * takes * sizes.seconds * rates.play


def training(concept: Concept, sizes: Sizes, common: Sequence[str]) -> list[str]:
    """The arguments of `musicrfm` that train the directions of a concept."""
    samples = ["--samples", str(getattr(sizes, concept.data))]
    method = [] if concept.train == ("beat",) else ["--method", METHOD, "--workers", "0"]
    return ["train", *concept.train, *samples, *method, "--overwrite", *common]


def calibration(files: Sequence[str], sizes: Sizes, common: Sequence[str]) -> list[str]:
    """The arguments of `musicrfm` that find the ranges of the directions in these files."""
    prompts = [word for prompt in sizes.prompts for word in ("--prompt", prompt)]
    how = ["--seeds", str(sizes.seeds), "--seconds", f"{sizes.seconds:g}"]
    return ["calibrate", *files, *prompts, *how, "--steps", str(sizes.steps), *common]
