"""`musicrfm train`: trains directions and detectors on labelled audio."""

from __future__ import annotations

import argparse
import re
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

from musicrfm.commands import beat
from musicrfm.commands.arguments import command, count, octave_argument, octaves_of
from musicrfm.commands.training import loaded_model, make, processes, training_arguments
from musicrfm.data.labels import TRUTH
from musicrfm.errors import MusicRFMError
from musicrfm.files.numerals import is_quantity, shape
from musicrfm.files.paths import composed

if TYPE_CHECKING:
    from musicrfm.data.clips import ClipSet
    from musicrfm.data.hidden import Data
    from musicrfm.model import MusicModel

SETS = {  # concept → name of SynTheory's set, description, default number of clips
    "note": ("notes", "a note (pitch class)", 1440),
    "tempo": ("tempos", "beats per minute", 1200),
    "interval": ("intervals", "the interval between two notes", 1440),
    "scale": ("scales", "scales and modes", 1440),
    "chord": ("chords", "chord qualities", 1440),
    "progression": ("simple_progressions", "chord progressions", 1520),
    "time_signature": ("time_signatures", "time signatures", 1200),
}
KINDS = ("binary", "regression", "multiclass")
MUSIC_FRAMES = 4800
FEW = 12  # a column with more different numbers than this is a quantity by default


def add(commands) -> None:
    p = commands.add_parser(
        "train",
        help="train directions and detectors from labelled sound",
        description="Train a direction and a detector from labelled sound.",
    )
    sets = p.add_subparsers(required=True, metavar="CONCEPT")
    for word, (name, words, clips) in SETS.items():
        run = train_tempo if word == "tempo" else train_set
        p = command(sets, word, run, words, f"Train a direction and a detector for {words}.")
        p.set_defaults(word=word)
        if word in ("note", "chord", "tempo"):
            p.add_argument(
                "--data",
                choices=("syntheory", "music"),
                default="syntheory",
                help="SynTheory's clips, or music composed by rule (default %(default)s)",
            )
        if word != "tempo":
            p.add_argument(
                "--target", help="a class, such as C or major; all: one direction for each class"
            )
            p.add_argument(
                "--kind",
                choices=("binary", "multiclass"),
                help="binary: --target against the rest; multiclass: one file, called "
                f"{name}, that steers to any class (default: binary with --target)",
            )
        if word == "note":
            octave_argument(p)
        p.add_argument("--samples", type=count, help=f"number of clips (default {clips})")
        p.add_argument(
            "--source",
            choices=("render", "hub"),
            default="render",
            help=(
                "render the clips on this computer, or download them from the hub (default "
                "%(default)s)"
            ),
        )
        training_arguments(p)
    words = "the notes of a major key, in composed music"
    about = f"Train a direction and a detector for {words}."
    p = command(sets, "key", train_key, words, about)
    p.add_argument("--target", required=True, help="tonic of the key, such as C; all: every key")
    p.add_argument("--samples", type=count, help=f"number of frames (default {MUSIC_FRAMES})")
    p.set_defaults(word="key")
    training_arguments(p)
    beat.add(sets)
    words = "a concept of your own, from recordings or MIDI files"
    about = f"Train a direction and a detector for {words}."
    p = command(sets, "custom", train_custom, words, about)
    sound = p.add_mutually_exclusive_group(required=True)
    sound.add_argument(
        "--audio", metavar="FOLDER", help="folder of the sound files that labels.csv lists"
    )
    sound.add_argument(
        "--midi", metavar="FOLDER", help="folder of the MIDI files that labels.csv lists"
    )
    p.add_argument(
        "--labels",
        metavar="CSV",
        required=True,
        help="table with a column `file` and columns of labels",
    )
    p.add_argument("--column", required=True, metavar="X", help="column of labels to train on")
    p.add_argument(
        "--target", metavar="VALUE", help="value of the column to recognise, against all others"
    )
    p.add_argument(
        "--kind",
        choices=KINDS,
        help="kind of label (default: binary with --target, else found from the values)",
    )
    p.add_argument("--name", help="name of the direction (default: column, or column_value)")
    p.add_argument("--seconds", type=float, help="seconds to read of each file (default: all)")
    p.add_argument(
        "--keep-level",
        action="store_true",
        help="leave the level of recordings as it is (default: scale all to the same peak)",
    )
    training_arguments(p)


def train_set(o: argparse.Namespace) -> None:
    """Train on a SynTheory set: a direction of one class or of each, or one file for all
    classes."""
    from musicrfm.data import syntheory

    name = SETS[o.word][0]
    kind = o.kind or ("binary" if o.target else "multiclass")
    if kind == "binary" and not o.target:
        raise MusicRFMError("--kind binary needs a --target: give a class, or all")
    if kind == "multiclass" and o.target:
        raise MusicRFMError("--kind multiclass uses all classes: omit --target")
    column, _, spoken = syntheory.LABELS[name]
    targets = _targets(o.word, o.target, list(spoken.values())) if o.target else []
    model = loaded_model(o)
    if getattr(o, "data", "") == "music":
        train_frames(o, model, targets)
        return
    filters: dict[str, Any] = {"octaves": octaves_of(o.octaves)} if o.word == "note" else {}
    clips = syntheory.clip_set(
        name, o.samples or SETS[o.word][2], o.seed, source=o.source, **filters
    )
    data = _heard(o, model, clips)
    classes = [spoken[row[column]] for row in data.rows]
    if kind == "multiclass":
        names = [one for one in spoken.values() if one in set(classes)]
        plural = "progressions" if o.word == "progression" else name
        make(o, data, plural, classes, kind=kind, class_names=names, concept=o.word)
    for target in targets:
        labels = [one == target for one in classes]
        about: dict[str, Any] = {"classes": classes, "target": target, "concept": o.word}
        make(o, data, f"{o.word}_{target}", labels, kind=kind, **about)


def train_key(o: argparse.Namespace) -> None:
    """Train on the key of composed music: a direction of each target."""
    from musicrfm.theory import PITCH_CLASSES

    targets = _targets("key", o.target, list(PITCH_CLASSES))
    train_frames(o, loaded_model(o), targets)


def train_frames(o: argparse.Namespace, model: MusicModel, targets: list[str]) -> None:
    """Train on single frames of composed pieces: a direction of each target."""
    from musicrfm.data.composed import IN_MUSIC, frame_data

    if not targets:
        raise MusicRFMError(
            "clips of --data music have several classes at once: give a --target, or all"
        )
    data = frame_data(model, o.samples or MUSIC_FRAMES, o.seed)
    column = IN_MUSIC[o.word]
    rows = [n for n, row in enumerate(data.rows) if row[column]]
    data = data.part(rows)
    for target in targets:
        found = [row[column] for row in data.rows]
        labels = [target in one if isinstance(one, list) else target == one for one in found]
        if not any(labels) and len(targets) > 1:
            print(f"{o.word}_{target} is skipped: no piece contains it", file=sys.stderr)
            continue
        if not any(labels):
            known = sorted({n for one in found for n in (one if isinstance(one, list) else [one])})
            raise MusicRFMError(f"no piece contains {target}: choose from {', '.join(known)}")
        make(o, data, f"{o.word}_{target}", labels, kind="binary", target=target, concept=o.word)


def train_tempo(o: argparse.Namespace) -> None:
    from musicrfm.data import syntheory
    from musicrfm.data.composed import music_clips

    model, samples = loaded_model(o), o.samples or SETS["tempo"][2]
    clips = (
        music_clips(samples, o.seed)
        if o.data == "music"
        else syntheory.clip_set("tempos", samples, o.seed, source=o.source)
    )
    data = _heard(o, model, clips)
    labels = [row["bpm"] for row in data.rows]
    make(o, data, "tempo", labels, kind="regression", concept="tempo", target="bpm")


def train_custom(o: argparse.Namespace) -> None:
    from musicrfm.data import clips
    from musicrfm.data.cheap import explanations
    from musicrfm.data.cheap import words as told

    if o.audio:
        how = {"seconds": o.seconds, "keep_level": o.keep_level}
        clip_set = clips.audio_folder(o.audio, o.labels, **how)
    else:
        clip_set = clips.midi_folder(o.midi, o.labels, seconds=o.seconds)
    o.column = _spelled(clip_set, o.column)
    values = _column(clip_set, o.column)
    print(_read(o.labels, clip_set, o.column, values))
    kind = o.kind or _kind_of(values, o.target)
    if kind != "binary" and o.target is not None:
        raise MusicRFMError(f"--target is for binary labels: omit it with --kind {kind}")
    name = o.name or _plain(o.column if o.target is None else f"{o.column}_{o.target}")
    model = loaded_model(o)
    given = [_same(value, o.target) for value in values] if o.target is not None else values
    cheap = explanations(clip_set, given, kind)
    if cheap:
        print(told(cheap, kind))
    data = _heard(o, model, clip_set)
    if cheap:
        data.about["cheap_explanations"] = cheap
    values = _column(data, o.column)
    about: dict[str, Any] = {"concept": o.column, "target": o.target or o.column}
    if o.target is not None:
        labels: list = [_same(value, o.target) for value in values]
        if not any(labels):
            known = ", ".join(sorted({str(v) for v in values})[:12])
            raise MusicRFMError(f"no clip has the {o.column} {o.target!r}: choose from {known}")
        about["classes"] = [str(value) for value in values]
    else:
        labels = [_text(value) for value in values] if kind == "multiclass" else values
    make(o, data, name, labels, kind=kind, **about)


def _read(table: str, clips: ClipSet, column: str, values: list) -> str:
    """What was read of a table, in one line: rows, columns, and the values of the label column."""
    names = ", ".join(map(str, clips.rows[0]))
    counts = Counter(map(_text, values))
    if len(counts) <= FEW:
        about = ", ".join(f"{count} {name}" for name, count in counts.most_common())
    else:
        about = f"{len(counts)} different values, {min(values)} to {max(values)}"
        if not all(isinstance(value, int | float) for value in values):
            about = f"{len(counts)} different values"
    return f"{table}: {len(clips)} rows, columns {names}; {column}: {about}"


def _heard(o: argparse.Namespace, model: MusicModel, clips: ClipSet) -> Data:
    """The hidden states of all clips that are not silent; prints the number of silent ones."""
    from musicrfm.data.clips import FILE_COLUMNS
    from musicrfm.data.hidden import hear

    data = hear(model, clips, o.pooling, o.batch, workers=processes(o, len(clips)), seed=o.seed)
    silent = clips.silent + len(clips) - len(data.rows)
    if silent:
        heard = [name for row in data.rows for name in map(row.get, FILE_COLUMNS) if name]
        asked = [name for row in clips.rows for name in map(row.get, FILE_COLUMNS) if name]
        named = [str(name) for name in dict.fromkeys(asked) if name not in set(heard)][:5]
        told = f" ({', '.join(named)}{', …' if silent > len(named) else ''})" if named else ""
        print(f"{clips.name}: {silent} silent clips are skipped{told}", file=sys.stderr)
    return data


def _targets(word: str, target: str, names: list[str]) -> list[str]:
    """The requested class in its canonical spelling; all classes for `all`."""
    from musicrfm.directions import spelled_pitch

    if target == "all":
        return names
    wanted = spelled_pitch(target) if word in ("note", "key") else target
    for name in names:
        if name.lower() == wanted.lower():
            return [name]
    raise MusicRFMError(
        f"{target!r} is not a {_plain(word)}: choose one of {', '.join(names)}, or all"
    )


def _spelled(clips: ClipSet, column: str) -> str:
    """The column's name in the table, which may differ in capitals or accents."""
    wanted = composed(column.strip())
    columns = list(clips.rows[0]) if clips.rows else []
    same = [name for name in columns if name.casefold() == wanted.casefold()]
    return wanted if wanted in columns or len(same) != 1 else same[0]


def _column(rows_of: ClipSet | Data, column: str) -> list:
    """The values of one column. Raises MusicRFMError if the column or a value is missing."""
    for row in rows_of.rows:
        if column not in row:
            raise MusicRFMError(
                f"the labels have no column {column!r}: choose from {', '.join(row)}"
            )
        if row[column] in (None, ""):
            file = row.get("file") or row.get("filename") or row.get("path")
            raise MusicRFMError(f"{file!r} has no {column}: fill it in, or delete the line")
    return [row[column] for row in rows_of.rows]


def _kind_of(values: list, target: str | None) -> str:
    """The kind of labels: numbers with many values are a quantity, everything else is classes."""
    if target is not None:
        return "binary"
    numeric = all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)
    others = [v for v in values if isinstance(v, str) and shape(v) is None]
    if 0 < len(others) <= len([v for v in values if isinstance(v, str)]) / 2:
        raise MusicRFMError(
            f"most labels are numbers, but {others[0]!r} is not: correct it, or give --kind "
            "multiclass if the labels are classes"
        )
    if len(set(others)) > 1 and all(map(is_quantity, others)):
        raise MusicRFMError(
            f"labels such as {others[0]!r} contain a number and other text: keep the number alone, "
            "or give --kind multiclass if the labels are classes"
        )
    return "regression" if numeric and len(set(values)) > FEW else "multiclass"


def _same(value: Any, text: str) -> bool:
    if isinstance(value, bool):
        return TRUTH.get(text.strip().casefold()) == value
    if isinstance(value, int | float):
        told = shape(text)
        return told is not None and float(told.value(told.decimal or ".")) == float(value)
    return str(value) == composed(text.strip())


def _text(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _plain(text: str) -> str:
    """The text reduced to characters that file names and OSC addresses allow."""
    return re.sub(r"[^A-Za-z0-9_.+-]+", "-", text.replace("#", "s")).strip("-")
