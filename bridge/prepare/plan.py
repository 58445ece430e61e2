"""The parts that `bridge prepare` makes, the most useful first, and the time that each takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from musicrfm.errors import MusicRFMError

FRAMES_A_PIECE = 20  # see `musicrfm.data.composed.frame_data`
METHOD = "mean-difference"  # steers the furthest, see docs/results/methods.md
FIT = 0.4  # seconds to fit a layer of a direction, on one Zen 3 core, for widths of 256 and 1024


@dataclass(frozen=True)
class Sizes:
    """Amounts of data. frames: of composed music, for notes, keys and chords. clips: for each other
    set. beats: clips for the tempo. prompts, seeds, seconds, steps: for finding a knob's range.
    again: seeds with which knobs without one are tried a second time, None for once only."""

    frames: int
    clips: int
    beats: int
    prompts: tuple[str, ...]
    seeds: int
    seconds: float
    steps: int
    again: int | None = None


FULL = Sizes(4800, 1440, 240, (), 2, 8.0, 4)
QUICK = Sizes(1920, 480, 80, ("piano melody with drums", "vibraphone arpeggio"), 1, 6.0, 2, 4)
USUAL_PROMPTS = 4  # number of default prompts of `musicrfm calibrate`
NET, CLOSER = 5, 2  # coefficients that it tries at first, and in each step
BOTH_SIDES = 4  # middles and ends of a held tempo


@dataclass(frozen=True)
class Concept:
    """A group of knobs. train: arguments of `musicrfm train`. data: the field of `Sizes` that it
    uses. directions: number of knobs. heard: whether the effect can be measured in audio. sought:
    whether the range is looked for, or known and only listened to."""

    name: str
    words: str
    train: tuple[str, ...]
    data: str
    directions: int
    heard: bool = True
    sought: bool = True


# From the most to the least useful.
CONCEPTS = (
    Concept("tempo", "a tempo that holds the beat", ("beat",), "beats", 1, sought=False),
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
    """Speed of a computer, in seconds. hear: to render a clip of six seconds and to compute its
    hidden states. fit: to train one direction. play: to make a second of music. listen: to measure
    a second of music. workers: processes that share playing and measuring."""

    hear: float
    fit: float
    play: float
    listen: float
    workers: int = 1


@dataclass(frozen=True)
class Work:
    """What a concept takes. clips: of which the hidden states are computed. directions: to train.
    music: seconds to play and to measure."""

    clips: float
    directions: int
    music: float

    def seconds(self, rates: Rates) -> float:
        music = self.music * (rates.play + rates.listen) / rates.workers
        return self.clips * rates.hear + self.directions * rates.fit + music


def work(concept: Concept, sizes: Sizes, knobs: int | None = None) -> Work:
    """An estimate, as some searches end early. knobs: with a range to find; None for all.

    To find a range, some coefficients are played with all prompts and seeds, then the middle and
    the top again, and the top of random directions.
    """
    amount = getattr(sizes, concept.data)
    clips = amount / FRAMES_A_PIECE if concept.data == "frames" else amount
    if not concept.heard:
        return Work(clips, concept.directions, 0.0)
    from musicrfm.evaluation.control import DRAWS  # with the extra `train`

    takes = (len(sizes.prompts) or USUAL_PROMPTS) * sizes.seeds
    coefficients = (NET + CLOSER * sizes.steps + 2 if concept.sought else BOTH_SIDES) + DRAWS
    count = concept.directions if knobs is None else knobs
    played = count * coefficients * takes * sizes.seconds
    return Work(clips, concept.directions, played)


def training(concept: Concept, sizes: Sizes, common: Sequence[str]) -> list[str]:
    """The arguments of `musicrfm` that train the directions of a concept."""
    samples = ["--samples", str(getattr(sizes, concept.data))]
    method = [] if concept.train == ("beat",) else ["--method", METHOD, "--workers", "0"]
    return ["train", *concept.train, *samples, *method, "--overwrite", *common]


def calibration(
    files: Sequence[str], sizes: Sizes, workers: int, common: Sequence[str]
) -> list[str]:
    """The arguments of `musicrfm` that find the ranges of the directions in these files.

    workers: 1 plays in the calling process, on all its threads.
    """
    prompts = [word for prompt in sizes.prompts for word in ("--prompt", prompt)]
    how = ["--seeds", str(sizes.seeds), "--seconds", f"{sizes.seconds:g}"]
    how += ["--steps", str(sizes.steps), "--workers", str(workers if workers > 1 else 0)]
    return ["calibrate", *files, *prompts, *how, *common]
