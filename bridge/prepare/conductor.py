"""Prepares a model step by step, and stores each finished step, so that a later run continues.

The steps are existing commands (`bridge doctor`, `musicrfm train`, `musicrfm calibrate`), run in
this process. Their output goes to `log.txt` in the folder, and their progress bars to the terminal.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

import musicrfm
from bridge.commands import doctor
from bridge.prepare import plan
from bridge.prepare.budget import SIZES
from bridge.prepare.making import Commands, Request, Work, make, say
from bridge.prepare.notebook import Notebook
from bridge.prepare.page import PAGE, write_page
from bridge.prepare.room import GIB, room_for
from bridge.process.memory import free_memory
from musicrfm.checkpoints.finding import name_of
from musicrfm.data.activations import pooled
from musicrfm.data.composed import music_clips
from musicrfm.directions import SUFFIX, user_folder
from musicrfm.files.paths import path_of
from musicrfm.files.writing import check_folder, put, write_bytes, write_text
from musicrfm.model import MusicModel
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
    folder = path_of(options.out or f"prepared-{name_of(options.model)}")
    check_folder(folder)
    notebook = Notebook.open(folder)
    device, sizes = device_of(options.device), SIZES["quick" if options.quick else "full"]
    room = room_for(options.model, concepts, sizes, folder, device)
    say(room.words())
    verdict = doctor.verdict_on(options.device)
    dtype = _dtype(device, room.dtype(notebook.dtype), verdict)
    trial = _timed(options, dtype)
    name = trial.name
    folder.mkdir(parents=True, exist_ok=True)
    if dtype and notebook.dtype not in (None, dtype):
        say(
            f"{notebook.dtype}, in which the earlier steps were done, is not possible any more: "
            f"they are done again in {dtype}"
        )
    notebook.model, notebook.dtype = name, dtype
    work = Work(folder, notebook, [trial.weights, musicrfm.__version__], trial.workers)
    where = ["--device", str(device)]
    found = [] if verdict is None else [verdict.dtype, str(verdict.graphs)]
    settings = work.step("settings", where + found, lambda: _settings(options, folder, verdict))
    rates = plan.Rates(
        trial.hear, trial.layers * plan.FIT, 1 / settings["speed"], trial.listen, trial.workers
    )
    how = Commands(
        ["--dtype", dtype] if dtype else [],
        ["--dtype", settings["dtype"]] if dtype else [],
        ["--model", options.model, *where],
    )
    directions = folder / "directions" / name
    budget = None if options.budget is None else 3600 * options.budget
    make(work, Request(concepts, options.quick, budget, began), rates, how, directions)
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


def _dtype(device: torch.device, on_cpu: str, verdict: Verdict | None) -> str | None:
    """The precision of the training: on a GPU that of its self-check; None for the default of
    another device."""
    if verdict is not None:
        return verdict.dtype
    return on_cpu if device.type == "cpu" else None
