"""Prepares a model step by step, and stores each finished step, so that a later run continues.

The steps are existing commands (`bridge doctor`, `musicrfm train`, `musicrfm calibrate`), run in
this process. Their output goes to `log.txt` in the folder, and their progress bars to the terminal.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import musicrfm
from bridge.commands import doctor
from bridge.prepare import plan
from bridge.prepare.notebook import Notebook, Step
from bridge.prepare.page import PAGE, write_page
from bridge.prepare.room import GIB, room_for
from bridge.process.memory import MemoryWatch, free_memory, peak_memory_mib
from musicrfm import cli
from musicrfm.data.activations import pooled
from musicrfm.data.composed import music_clips
from musicrfm.directions import SUFFIX, Direction, user_folder
from musicrfm.errors import MusicRFMError
from musicrfm.files.paths import path_of
from musicrfm.files.writing import check_folder, put, write_bytes, write_text
from musicrfm.model import MusicModel
from musicrfm.progress import clock
from musicrfm.runtime.devices import device_of
from musicrfm.selfcheck import Verdict

TRIAL_SECONDS = 6.0  # of the clip that is timed
A_WORKER, MOST_WORKERS = 1.0 * GIB, 8  # memory of a process that plays; more share it less evenly
RIG = "rig.toml"


@dataclass(frozen=True)
class Options:
    """The options of `bridge prepare`.

    only: names of concepts, () for all. budget: hours, None for no limit. out: the folder for all
    results, None for `prepared-MODEL` in the current folder.
    """

    model: str
    quick: bool = False
    only: tuple[str, ...] = ()
    budget: float | None = None
    out: str | None = None
    device: str | None = None
    overwrite: bool = False


def prepare(options: Options) -> int:
    """Do all steps that are not done yet; returns the exit status.

    Raises MusicRFMError if the model cannot be loaded, or does not fit on this computer.
    """
    began = time.monotonic()
    concepts = plan.chosen(options.only, options.quick)
    room = room_for(options.model)
    say(room.words())
    verdict = doctor.verdict_on(options.device)
    dtype = _dtype(options, room.dtype(), verdict)
    trial = _timed(options, dtype)
    name = trial.name
    folder = path_of(options.out or f"prepared-{name}")
    check_folder(folder)
    folder.mkdir(parents=True, exist_ok=True)
    marks = [trial.weights, musicrfm.__version__]
    work = _Work(options, folder, Notebook.open(folder), marks, trial.workers)
    work.notebook.model = name
    found = [] if verdict is None else [verdict.dtype, str(verdict.graphs)]
    settings = work.step("settings", found, lambda: _settings(options, folder, verdict))
    rates = plan.Rates(
        trial.hear, trial.layers * plan.FIT, 1 / settings["speed"], trial.listen, trial.workers
    )
    how = _Commands(
        ["--dtype", dtype] if dtype else [],
        ["--dtype", settings["dtype"]] if dtype else [],
        ["--model", options.model, *(["--device", options.device] if options.device else [])],
    )
    _make(work, concepts, rates, name, began, how)
    directions = folder / "directions" / name
    command = f"bridge play --model {options.model} --rig {folder / RIG}"
    page = write_page(folder, directions, work.notebook, command)
    kept = install(directions, page, options.overwrite)
    if kept:
        say(
            f"{len(kept)} of your directions have the same names and were not replaced: "
            f"{', '.join(kept[:5])} (--overwrite replaces them)"
        )
    say(f"{page}\n{command}")
    return 0


@dataclass(frozen=True)
class _Commands:
    """Options of the commands that train, of those that play, and of both."""

    train: list[str]
    play: list[str]
    both: list[str]


def _make(
    work: _Work,
    concepts: Sequence[plan.Concept],
    rates: plan.Rates,
    name: str,
    began: float,
    how: _Commands,
) -> None:
    """Train and calibrate the concepts for which there is time, the most useful first."""
    sizes, out = plan.QUICK if work.options.quick else plan.FULL, work.folder / "directions"
    budget = None if work.options.budget is None else 3600 * work.options.budget
    costs = {one.name: plan.work(one, sizes).seconds(rates) for one in concepts}
    work.notebook.left_out = {}
    for number, concept in enumerate(concepts):
        spent, cost = time.monotonic() - began, costs[concept.name]
        late = budget is not None and spent + cost > budget
        if late and number and not work.has(concept):  # the first is made anyway
            work.notebook.left_out[concept.name] = f"estimated time: {clock(cost)}"
            continue
        left = clock(sum(costs[one.name] for one in concepts[number:] if not work.has(one)))
        say(f"{concept.words} ({number + 1} of {len(concepts)}); about {left} left in total")
        argv = plan.training(concept, sizes, [*how.both, *how.train, "--out", str(out)])
        step, before = f"train {concept.name}", work.notebook.steps.get(f"train {concept.name}")
        files = work.step(step, argv, partial(trained, argv, out / name), out / name)
        if work.notebook.steps[step] is not before:
            for old in (f"calibrate {concept.name}", f"calibrate {concept.name} again"):
                work.notebook.steps.pop(old, None)
        audible = [file for file in files if concept.heard and _is_heard(out / name / file)]
        options = [*how.both, *how.play, "--takes", str(work.folder / "takes")]
        _calibrate(work, concept.name, [out / name / file for file in audible], sizes, options)


def _calibrate(
    work: _Work, name: str, files: Sequence[Path], sizes: plan.Sizes, options: list[str]
) -> None:
    """Find the ranges of these directions; with few clips, some may need a second attempt."""
    if not files:
        return

    def attempt(step: str, some: Sequence[Path], sizes: plan.Sizes) -> None:
        argv = plan.calibration([str(file) for file in some], sizes, work.workers, options)
        work.step(step, argv, partial(cli.run, argv))

    attempt(f"calibrate {name}", files, sizes)
    silent = [file for file in files if Direction.load(file).range is None]
    if silent and sizes.again is not None:
        attempt(f"calibrate {name} again", silent, replace(sizes, seeds=sizes.again))


@dataclass
class _Work:
    """Runs and stores steps. weights: what every step depends on. workers: see `plan.Rates`."""

    options: Options
    folder: Path
    notebook: Notebook
    weights: list[str]
    workers: int

    def has(self, concept: plan.Concept) -> bool:
        steps = [f"train {concept.name}", f"calibrate {concept.name}"]
        return all(step in self.notebook.steps for step in steps[: 2 if concept.heard else 1])

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


def _is_heard(path: Path) -> bool:
    """Whether the effect of a direction can be measured in audio."""
    from musicrfm.listening.readings import reading  # needs the extra `train`, as all of this does

    try:
        reading(Direction.load(path))
        return True
    except MusicRFMError:
        return False


def _settings(options: Options, folder: Path, verdict: Verdict | None) -> dict[str, Any]:
    """The settings that `bridge doctor` recommends; also written to a rig file in the folder."""
    paces = doctor.examine(options.model, options.device, verdict)
    advice = doctor.advise(paces, *doctor.sound_card(options.model))
    print(doctor.text(paces, advice))
    rig = folder / RIG
    if not rig.exists():
        write_text(rig, "")
    doctor.write(str(rig), advice)
    speed = next(pace.speed for pace in paces if pace.dtype == advice.dtype)
    return {"dtype": advice.dtype, "lookahead": advice.lookahead, "speed": speed}


@dataclass(frozen=True)
class _Trial:
    """What must be known of a model beforehand. weights: their fingerprint. hear, listen, workers:
    see `plan.Rates`."""

    name: str
    weights: str
    layers: int
    hear: float
    listen: float
    workers: int


def _timed(options: Options, dtype: str | None) -> _Trial:
    """Load the model, after downloading it if necessary, and time a clip."""
    from musicrfm.listening.measure import measure  # with the extra `train`

    model = MusicModel.load(options.model, device=options.device, dtype=dtype)
    clips = music_clips(1)
    seconds = min(TRIAL_SECONDS, (model.window - 2) / model.frame_rate)
    heard, listened = [], []
    for _ in range(2):  # the first run also compiles and allocates memory
        began = time.monotonic()
        sound = clips.hear(clips.rows[0])
        assert sound is not None, "a composed piece is never silent"
        audio, rate = sound
        codes = model.encode_audio(audio[: round(seconds * rate)], rate)
        pooled(model, codes[None], "mean")
        rendered = time.monotonic()
        measure(audio, rate)
        heard.append(rendered - began)
        listened.append(time.monotonic() - rendered)
    hear = min(heard) * TRIAL_SECONDS / seconds
    listen, workers = min(listened) / TRIAL_SECONDS, _workers(model)
    return _Trial(model.name, model.fingerprint, model.layers, hear, listen, workers)


def _workers(model: MusicModel) -> int:
    """The number of processes that play at the same time: for a small model, whose steps use one
    thread, one per CPU, if they fit into memory."""
    free = free_memory()
    fit = int((MOST_WORKERS * A_WORKER if free is None else free) / A_WORKER)
    return max(1, min(os.cpu_count() or 1, fit, MOST_WORKERS)) if model.small else 1


def install(directions: Path, page: Path, overwrite: bool) -> list[str]:
    """Copy the files of `<model>/` to the user's folder; returns names that existed and stay."""
    target, kept = user_folder() / directions.name, []
    for path in sorted(directions.rglob(f"[!.]*{SUFFIX}")):
        name = path.relative_to(directions)
        if not put(target / name, path.read_bytes(), overwrite):
            kept.append(name.stem)
    write_bytes(target / PAGE, page.read_bytes())
    return sorted(set(kept))


def _dtype(options: Options, on_cpu: str, verdict: Verdict | None) -> str | None:
    """The precision of the training: on a GPU that of its self-check; None for the default of
    another device."""
    if verdict is not None:
        return verdict.dtype
    return on_cpu if device_of(options.device).type == "cpu" else None


def say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)
