"""Makes the parts, and stores each finished step: trains their directions and finds the ranges."""

from __future__ import annotations

import contextlib
import math
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from bridge.prepare import plan
from bridge.prepare.budget import SIZES, Share, shares, usefulness
from bridge.prepare.notebook import Chosen, Notebook, Step
from bridge.process.memory import MemoryWatch, peak_memory_mib
from musicrfm import cli
from musicrfm.directions import SUFFIX, Direction
from musicrfm.errors import MusicRFMError
from musicrfm.progress import clock


@dataclass(frozen=True)
class Commands:
    """Options of the commands that train, of those that play, and of both."""

    train: list[str]
    play: list[str]
    both: list[str]


@dataclass
class Work:
    """Runs and stores steps. weights: what every step depends on. workers: see `plan.Rates`."""

    folder: Path
    notebook: Notebook
    weights: list[str]
    workers: int

    def step(
        self, name: str, key: list[str], do: Callable[[], Any], files: Path | None = None
    ) -> Any:
        """The result of a step, which runs if it is not done yet; its output goes into the log.

        key: what decides its result. files: folder that must contain the files named in the result.
        """
        full = [*self.weights, *key]
        known = self.notebook.done(name, full)
        if known is not None and (files is None or all((files / f).exists() for f in known.result)):
            return known.result
        began = time.monotonic()
        with (self.folder / "log.txt").open("a", encoding="utf-8") as log:
            print(f"--- {name}: {' '.join(key)}", file=log, flush=True)
            with contextlib.redirect_stdout(log), MemoryWatch() as memory:
                result = do()
        self.notebook.steps[name] = Step(full, round(time.monotonic() - began, 1), result)
        peak = max(peak_memory_mib(), memory.peak_mib)
        self.notebook.peak_memory = max(self.notebook.peak_memory, peak)
        self.notebook.save()
        return result


@dataclass(frozen=True)
class Request:
    """What is asked for. concepts: the most useful first. quick: with little data. budget: seconds
    from `began`, of `time.monotonic`; None for no limit."""

    concepts: Sequence[plan.Concept]
    quick: bool
    budget: float | None
    began: float

    @property
    def left(self) -> float:
        """Seconds of the budget; negative once it is used up."""
        if self.budget is None:
            return math.inf
        return self.budget - (time.monotonic() - self.began)


def make(work: Work, asked: Request, rates: plan.Rates, how: Commands, directions: Path) -> None:
    """Train and calibrate the concepts, or as much of each as there is time for.

    directions: the folder of the model's direction files.
    """
    book = work.notebook
    book.left_out, book.smaller = {}, {}
    for number, concept in enumerate(asked.concepts):
        whole, *_, least = (options := shares(concept, asked.quick)) + options[-1:]
        share = _chosen(work, concept, asked, rates)
        if share is None and number:
            why = f"estimated time: {clock(whole.seconds(concept, rates))}"
            if least != whole:
                why += f", or {clock(least.seconds(concept, rates))} for the least of it"
            book.left_out[concept.name] = why
            say(f"{concept.words} ({number + 1} of {len(asked.concepts)}): left out; {why}")
            continue
        share = share or least  # the first is made anyway
        later = [(one, shares(one, asked.quick)[0]) for one in asked.concepts[number + 1 :]]
        costs = [_cost(book, *each, rates) for each in ((concept, share), *later)]
        left = clock(max(costs[0], min(sum(costs), asked.left)))
        less = "" if share == whole else f", {_less(concept, share, whole)}"
        say(
            f"{concept.words} ({number + 1} of {len(asked.concepts)}){less}; about {left} left in "
            "total"
        )
        missing = _make_part(work, concept, share, asked, how, directions)
        if share != whole:
            names = f"; without a range: {', '.join(missing)}" if missing else ""
            estimate = clock(whole.seconds(concept, rates))
            book.smaller[concept.name] = (
                f"{_less(concept, share, whole)}{names}; estimated time of the whole: {estimate}"
            )
            say(f"{concept.name}: {book.smaller[concept.name]}")


def _less(concept: plan.Concept, share: Share, whole: Share) -> str:
    """What a share lacks of the whole."""
    words = [] if share.sizes == whole.sizes else ["with little data, as --quick"]
    if share.knobs is not None:
        words.append(f"with ranges for {share.knobs} of {concept.directions} knobs")
    return " and ".join(words)


def _cost(book: Notebook, concept: plan.Concept, share: Share, rates: plan.Rates) -> float:
    """Seconds that a share of a concept still takes."""
    known = book.chosen.get(concept.name)
    if known is not None and known.made and (known.sizes, known.knobs) == astuple(share):
        return 0.0
    return share.seconds(concept, rates)


def _chosen(work: Work, concept: plan.Concept, asked: Request, rates: plan.Rates) -> Share | None:
    """The largest share of a concept that fits into the time; None if none does.

    What an earlier start chose for the same request stays, so that its steps are not done again.
    """
    known = work.notebook.chosen.get(concept.name)
    if known is not None and known.asked == _decides(work, asked):
        return Share(known.sizes, known.knobs)
    costs = (
        (share, _cost(work.notebook, concept, share, rates))
        for share in shares(concept, asked.quick)
    )
    return next((share for share, cost in costs if cost <= asked.left), None)


def _decides(work: Work, asked: Request) -> list[str]:
    """What decides how much of a concept is made."""
    return [*work.weights, "quick" if asked.quick else "full", str(asked.budget)]


def _make_part(
    work: Work,
    concept: plan.Concept,
    share: Share,
    asked: Request,
    how: Commands,
    directions: Path,
) -> list[str]:
    """Train and calibrate a share of a concept; returns the names of the knobs that were left out
    of the calibration."""
    book, name, sizes = work.notebook, concept.name, SIZES[share.sizes]
    known = book.chosen.get(name)
    made = known is not None and known.made and (known.sizes, known.knobs) == astuple(share)
    chosen = book.chosen[name] = Chosen(_decides(work, asked), share.sizes, share.knobs, made)
    argv = plan.training(concept, sizes, [*how.both, *how.train, "--out", str(directions.parent)])
    step, before = f"train {name}", book.steps.get(f"train {name}")
    files = work.step(step, argv, partial(trained, argv, directions), directions)
    if book.steps[step] is not before:
        for old in (f"calibrate {name}", f"calibrate {name} again"):
            book.steps.pop(old, None)
    found = [Direction.load(directions / file) for file in files] if concept.heard else []
    heard = sorted(filter(_is_heard, found), key=usefulness)
    some = heard[: share.knobs]
    takes = ["--takes", str(work.folder / "takes")]
    paths = sorted(directions / f"{one.name}{SUFFIX}" for one in some)
    _calibrate(work, name, paths, sizes, [*how.both, *how.play, *takes])
    chosen.made = True
    book.save()
    return [one.name for one in heard[len(some) :]]


def _calibrate(
    work: Work, name: str, files: Sequence[Path], sizes: plan.Sizes, options: list[str]
) -> None:
    """Find the ranges of these directions; with few clips, some may need a second attempt."""
    if not files:
        return

    def attempt(step: str, some: Sequence[Path], sizes: plan.Sizes) -> None:
        names = [str(file) for file in some]
        argv = plan.calibration(names, sizes, work.workers, options)
        key = plan.calibration(names, sizes, 1, options)  # other processes, the same result
        work.step(step, key, partial(cli.run, argv))

    attempt(f"calibrate {name}", files, sizes)
    silent = [file for file in files if Direction.load(file).range is None]
    if silent and sizes.again is not None:
        attempt(f"calibrate {name} again", silent, replace(sizes, seeds=sizes.again))


def trained(argv: Sequence[str], folder: Path) -> list[str]:
    """Run a training; returns the names of the files that it wrote or replaced."""
    before = _stamps(folder)
    cli.run(argv)
    return sorted(name for name, stamp in _stamps(folder).items() if before.get(name) != stamp)


def _stamps(folder: Path) -> dict[str, tuple[int, int]]:
    found = {}
    for path in folder.glob(f"[!.]*{SUFFIX}"):
        about = path.stat()
        found[path.name] = (about.st_mtime_ns, about.st_ino)
    return found


def _is_heard(direction: Direction) -> bool:
    """Whether the effect of a direction can be measured in audio."""
    from musicrfm.listening.readings import reading  # needs the extra `train`, as all of this does

    try:
        reading(direction)
        return True
    except MusicRFMError:
        return False


def say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)
