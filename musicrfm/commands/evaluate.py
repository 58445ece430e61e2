"""`musicrfm evaluate`: plays directions, measures the audio, writes a report."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from musicrfm.commands.arguments import (
    METHODS,
    clip_arguments,
    command,
    control_argument,
    count,
    detectors_of,
    listened_by,
    listener_argument,
    model_arguments,
    numbers,
    octave_argument,
    octaves_of,
    overwrite_argument,
    playing_arguments,
    setting_of,
    workers_argument,
    workers_of,
)
from musicrfm.errors import MusicRFMError
from musicrfm.files.paths import path_of
from musicrfm.files.writing import folder_for
from musicrfm.theory import PITCH_CLASSES

if TYPE_CHECKING:
    from musicrfm.directions import Direction
    from musicrfm.model import MusicModel
    from musicrfm.training.train import Data

REPORT = ("evaluation.json", "evaluation.md")  # the rest of the folder is pictures and takes


def add(commands) -> None:
    p = command(
        commands, "evaluate", evaluate, "play directions, measure the audio, write a report"
    )
    p.add_argument(
        "directions",
        nargs="*",
        metavar="DIRECTION",
        help="direction, by name or file (default: all of the model)",
    )
    p.add_argument(
        "--out",
        default="evaluation",
        metavar="DIR",
        help="folder of the report (default %(default)s)",
    )
    overwrite_argument(p)
    clip_arguments(p)
    p.add_argument(
        "--coefficients",
        type=numbers,
        metavar="A,B,…",
        help="raw coefficients to try; write --coefficients=-4,4 if the first is negative",
    )
    p.add_argument(
        "--write-range",
        action="store_true",
        help="find the useful range and write it into the direction",
    )
    p.add_argument(
        "--reach",
        type=float,
        metavar="SHARE",
        help="with --write-range: end the range of a note where it has this share of the sound "
        "(default: where the music loses too much)",
    )
    p.add_argument(
        "--methods",
        metavar="A,B,…",
        help=f"compare methods, trained here on the same data: {', '.join(METHODS)}",
    )
    p.add_argument("--samples", type=count, help="with --methods: number of clips to train on")
    octave_argument(p)
    p.add_argument(
        "--adherence",
        action="store_true",
        help="also measure whether the prompted instrument is kept (nano's instruments)",
    )
    control_argument(p)
    listener_argument(p)
    p.add_argument("--chroma", action="store_true", help="also plot the pitch classes over time")
    workers_argument(p)
    model_arguments(p)
    playing_arguments(p)


def evaluate(o: argparse.Namespace) -> None:
    from musicrfm.evaluation.evaluate import evaluate as play_and_listen
    from musicrfm.evaluation.evaluate import reaching, write_report
    from musicrfm.nano.adherence import instrument_listener
    from musicrfm.selfcheck import loaded

    folder = folder_for(o.out, REPORT, o.overwrite)
    model = loaded(o.model, o.device, o.dtype)
    setting, instruments = setting_of(o)
    directions = _to_evaluate(o, model)
    names = o.directions or [direction.name for direction in directions]
    detectors = {} if o.methods else detectors_of(list(zip(names, directions, strict=True)), model)
    setting = setting.of(model).hearing(directions)
    hear = instrument_listener() if o.adherence else None
    if o.adherence and o.seconds < 3:
        raise MusicRFMError("--adherence needs clips of 3 seconds or more: raise --seconds")
    responses = play_and_listen(
        model,
        directions,
        setting,
        coefficients=o.coefficients,
        calibrate=o.write_range,
        folder=folder,
        instruments=instruments,
        hear_instrument=hear,
        workers=workers_of(o),
        draws=o.control,
        detectors=detectors,
    )
    table = write_report(folder, responses, setting, model.name)
    if o.chroma:
        _chroma_plots(folder, model, directions, responses, setting)
    print(table.read_text("utf-8"))
    if o.write_range:
        for given, direction, response in zip(names, directions, responses, strict=True):
            found = reaching(response, o.reach) if o.reach else response.range
            _write_range(given, direction, found)


def _to_evaluate(o: argparse.Namespace, model: MusicModel) -> list[Direction]:
    from musicrfm.directions import Direction, list_directions

    if not o.methods:
        names = o.directions or list_directions(model.name)
        if not names:
            raise MusicRFMError(f"model {model.name!r} has no directions: train one first")
        return [listened_by(o, name, Direction.load(name, model)) for name in names]
    if o.write_range:
        raise MusicRFMError(
            "--write-range cannot be combined with --methods: give trained directions"
        )

    from musicrfm.directions import canonical_name
    from musicrfm.training.probes import Search
    from musicrfm.training.train import note_data, tempo_data
    from musicrfm.training.train import train_note as note
    from musicrfm.training.train import train_tempo as tempo

    search = Search(seed=o.seed)
    wanted = [canonical_name(name) for name in o.directions or ["note_C", "note_E", "note_Gs"]]
    data: dict[str, Data] = {}
    trained = []
    for method in o.methods.split(","):
        for name in wanted:
            if name == "tempo":
                data.setdefault("tempo", tempo_data(model, o.samples or 1200, o.seed))
                trained.append(tempo(data["tempo"], method, search=search))
            else:
                if "note" not in data:
                    octaves = octaves_of(o.octaves)
                    data["note"] = note_data(model, o.samples or 1440, o.seed, octaves=octaves)
                target = name.removeprefix("note_")
                trained.append(note(data["note"], target, method, search=search))
    return trained


def _chroma_plots(folder: Path, model: MusicModel, directions, responses, setting) -> None:
    from musicrfm.evaluation import plots
    from musicrfm.evaluation.evaluate import perform
    from musicrfm.listening import measure

    prompt, seed = setting.prompts[0], setting.seeds[0]
    for direction, response in zip(directions, responses, strict=True):
        target = direction.name.removeprefix("note_")
        if target not in PITCH_CLASSES:
            continue
        clips = []
        strongest = max(response.points, key=lambda p: p.coefficient)
        for raw in (0.0, response.best.coefficient or strongest.coefficient):
            audio = perform(
                model,
                prompt,
                seed=seed,
                changes=[(0.0, direction, raw)],
                **setting.how,
            )
            how = f"{plots.spoken(direction.name)} at {raw:.3g}" if raw else "unsteered"
            clips.append((f"“{prompt}”, {how}", *measure.chroma(audio, model.sample_rate)))
        number = PITCH_CLASSES.index(target)
        plots.chroma(folder / f"chroma_{direction.name}.png", clips, number)


def _write_range(given: str, direction: Direction, found: tuple[float, float] | None) -> None:
    """Write to the given file; for a direction given by name, to the user's data folder."""
    from musicrfm.training.train import direction_path

    if found is None:
        print(f"{direction.name}: no useful range found; the file is unchanged")
        return
    direction.meta["range"] = list(found)
    path = path_of(given) if given.endswith(".safetensors") else direction_path(direction)
    direction.save(path)
    print(f"{direction.name}: range {found[0]:.3g} to {found[1]:.3g} in {path}")
