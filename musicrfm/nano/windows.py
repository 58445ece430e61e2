"""What a shorter window of the decoder costs in sound, measured on nano.

    python -m musicrfm.nano.windows [FOLDER] [--windows 6 4 3] [--seeds 4] [--seconds 20]

Every prompt of `musicrfm.nano.judges.playing` is played with every seed in the model's own window
and in the shorter ones, so that the same pieces are compared. Prints two Markdown tables: all
prompts together, and prompt by prompt. Without FOLDER, the model that ships is measured.
"""

from __future__ import annotations

import argparse
import itertools
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch

from musicrfm import intervals
from musicrfm.checkpoints.finding import NANO
from musicrfm.errors import MusicRFMError
from musicrfm.listening import measure as listening
from musicrfm.listening.rhythm import onset_envelope, tempo
from musicrfm.model import MusicModel
from musicrfm.nano import instruments
from musicrfm.nano.judges import endless, playing
from musicrfm.nano.measure import usual_onsets
from musicrfm.progress import Progress
from musicrfm.runtime.defaults import DTYPES

WINDOWS = (6.0, 4.0, 3.0)
SEEDS, SECONDS = 4, 20.0

Judge = Callable[[endless.Run], list[playing.Judged]]


@dataclass(frozen=True)
class Take:
    """What was heard in one take; shares are of its stretches of ten seconds.

    notes_change: between the pitch classes of its two halves, 0 (the same) to 1. pulse: how
    strictly the rhythm of the whole take repeats, 0 to 1.
    """

    prompt: str
    seed: int
    without_fault: float
    few_notes: float
    held: float
    onsets: float
    likelihood: float
    named: float
    notes_change: float
    pulse: float


@dataclass(frozen=True)
class Window:
    """The takes of one window in seconds, always in the same order. seams: of `endless.seams`."""

    seconds: float
    takes: tuple[Take, ...]
    seams: dict[str, object]


def heard(run: endless.Run, seed: int, judge: Judge) -> Take:
    """What is heard in a take of at least ten seconds."""
    judged = judge(run)
    halves = np.array_split(run.audio, 2)
    told = [listening.chroma(half, run.sample_rate)[1].mean(1) for half in halves]

    def share(fault: str) -> float:
        return float(np.mean([fault in one.faults for one in judged]))

    return Take(
        run.prompt,
        seed,
        without_fault=float(np.mean([not one.faults for one in judged])),
        few_notes=share("few notes"),
        held=share("held"),
        onsets=share("onsets"),
        likelihood=float(np.mean([one.likelihood for one in judged])),
        named=float(np.mean([one.named for one in judged])),
        notes_change=apart(*told),
        pulse=tempo(onset_envelope(listening.mono_of(run.audio, run.sample_rate)))[1],
    )


def apart(one: np.ndarray, other: np.ndarray) -> float:
    """1 less the cosine of two vectors; 0 if one is all zeros."""
    size = float(np.linalg.norm(one) * np.linalg.norm(other))
    return 1 - float(one @ other) / size if size > 1e-9 else 0.0


def compare(
    model: MusicModel,
    judge: Judge,
    windows: Sequence[float] = WINDOWS,
    prompts: Sequence[str] = tuple(playing.PROMPTS),
    seeds: int = SEEDS,
    seconds: float = SECONDS,
) -> list[Window]:
    """Play every prompt with every seed in the model's window, then in `windows`, at its defaults.

    Raises MusicRFMError for a take shorter than a stretch, and for a window that is too short.
    """
    if seconds < playing.SECONDS:
        raise MusicRFMError(
            f"a take of {seconds:g} s is too short: give {playing.SECONDS:g} or more"
        )
    windows = (model.window / model.frame_rate, *windows)
    pieces = list(itertools.product(prompts, range(playing.FIRST_SEED, playing.FIRST_SEED + seeds)))
    found: list[list[Take]] = [[] for _ in windows]
    runs: list[list[endless.Run]] = [[] for _ in windows]
    progress = Progress("windows", len(pieces), "pieces")
    for number, (prompt, seed) in enumerate(pieces):
        progress(number)
        for window, takes, played in zip(windows, found, runs, strict=True):
            run = endless.play(model, prompt, seconds, seed, window)
            takes.append(heard(run, seed, judge))
            played.append(run)
    return [
        Window(window, tuple(takes), endless.seams(played))
        for window, takes, played in zip(windows, found, runs, strict=True)
    ]


def together(windows: Sequence[Window]) -> Iterator[str]:
    """All prompts together, a column per window, with intervals of 95 % over the takes."""
    yield f"| | {' | '.join(f'{one.seconds:g} s' for one in windows)} |"
    yield "|---" * (1 + len(windows)) + "|"
    rows = {
        "stretches without a fault": "without_fault",
        "fewer than three pitch classes": "few_notes",
        "a pitch class held": "held",
        "unusual onsets": "onsets",
        "instrument likelihood": "likelihood",
        "instrument named": "named",
        "the halves differ in pitch classes": "notes_change",
        "strength of the pulse": "pulse",
    }
    for words, name in rows.items():
        values = [intervals.mean(_all(one, name)).text() for one in windows]
        yield f"| {words} | {' | '.join(values)} |"
    for words, name in rows.items():
        first = _all(windows[0], name)
        differences = [intervals.mean(_all(one, name) - first) for one in windows[1:]]
        less = ["", *(one.text(sign="+") for one in differences)]
        if name in ("without_fault", "likelihood", "notes_change", "pulse"):
            yield f"| {words}, less the first | {' | '.join(less)} |"
    for what in ("flux", "level", "notes"):
        yield (
            f"| at a turn against elsewhere: {what} | "
            + " | ".join(_ratio(one.seams, what) for one in windows)
            + " |"
        )
    yield f"| turns | {' | '.join(str(one.seams['seams']) for one in windows)} |"


def by_prompt(windows: Sequence[Window]) -> Iterator[str]:
    """Stretches without a fault, and the instrument's likelihood, of each prompt."""
    yield f"| prompt | {' | '.join(f'{one.seconds:g} s' for one in windows)} |"
    yield "|---" * (1 + len(windows)) + "|"
    for prompt in dict.fromkeys(take.prompt for take in windows[0].takes):
        cells = []
        for window in windows:
            takes = [take for take in window.takes if take.prompt == prompt]
            fine, likely = (
                np.mean([getattr(take, name) for take in takes])
                for name in ("without_fault", "likelihood")
            )
            cells.append(f"{fine:.2f}, {likely:.2f}")
        yield f"| {prompt} | {' | '.join(cells)} |"


def _all(window: Window, name: str) -> np.ndarray:
    return np.array([getattr(take, name) for take in window.takes])


def _ratio(seams: dict, what: str) -> str:
    value, (low, high) = seams[f"seam_{what}_ratio"], seams[f"seam_{what}_ratio_interval"]
    return intervals.Interval(value, low, high, seams["seams"]).text()


def judge_of_nano() -> Judge:
    """Judges stretches of ten seconds as `musicrfm.nano.measure` does."""
    usual = usual_onsets()

    def judge(run: endless.Run) -> list[playing.Judged]:
        return [one for _, one in endless.stretches(run, usual, instruments.odds)]

    return judge


def main() -> None:
    parser = argparse.ArgumentParser(
        "python -m musicrfm.nano.windows", description=__doc__.splitlines()[0]
    )
    add = parser.add_argument
    add("folder", type=Path, nargs="?", default=NANO, help="checkpoint (default: the one shipped)")
    add(
        "--windows",
        type=float,
        nargs="+",
        default=WINDOWS,
        help="shorter ones, in seconds (default 6 4 3)",
    )
    add("--seeds", type=int, default=SEEDS, help="takes of each prompt (default %(default)s)")
    add("--seconds", type=float, default=SECONDS, help="of a take (default %(default)g)")
    add("--dtype", choices=DTYPES, default="auto", help="precision (default: as `bridge play`)")
    add("--json", type=Path, metavar="FILE", help="also write every take to this file")
    args = parser.parse_args()
    torch.set_num_threads(1)
    model = MusicModel.load(str(args.folder), device="cpu", dtype=args.dtype)
    found = compare(model, judge_of_nano(), args.windows, seeds=args.seeds, seconds=args.seconds)
    print("\n".join([*together(found), "", *by_prompt(found), ""]))
    print(
        f"Weights {model.whole_fingerprint}, {model.precision}, {args.seeds} seeds of "
        f"{args.seconds:g} s for each of {len(playing.PROMPTS)} prompts."
    )
    if args.json is not None:
        told = {"weights": model.whole_fingerprint, "windows": [asdict(one) for one in found]}
        args.json.write_text(json.dumps(told, indent=1) + "\n")


if __name__ == "__main__":
    main()
