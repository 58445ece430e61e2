"""Trains directions and detectors: labelled clips in, `Direction` and `Detector` files out.

Hidden states are computed once for all targets on the same clips (`musicrfm.data.hidden`); then
every layer is probed independently (`musicrfm.training.fits`). This works for any model and any
labels: a note, a tempo and a column of your own table are calls of the same function.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence, Sized
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from musicrfm import metrics
from musicrfm.data.composed import music_clips, music_data
from musicrfm.data.hidden import Data, clip_data, hear
from musicrfm.data.syntheory.hidden import note_data, tempo_data
from musicrfm.directions import (
    Direction,
    canonical_name,
    checked_direction,
    spelled_pitch,
    user_folder,
)
from musicrfm.errors import MusicRFMError, short, whole_number
from musicrfm.files import provenance
from musicrfm.files.paths import path_of
from musicrfm.steering.layers import layer_numbers
from musicrfm.theory import PITCH_CLASSES
from musicrfm.training import fits, probes
from musicrfm.training.detect import Detector
from musicrfm.training.fits import Work
from musicrfm.training.reliability import Reliability, confusion, ends, reliability

__all__ = [
    "Data",
    "Trained",
    "Work",
    "clip_data",
    "direction_path",
    "fit",
    "hear",
    "music_clips",
    "music_data",
    "note_data",
    "pitch_class",
    "split",
    "tempo_data",
    "train",
    "train_note",
    "train_tempo",
]

DEFAULT_METHOD = "rfm"


@dataclass(frozen=True)
class Trained:
    """The result of a training: a direction (None if the pooling allows no steering), the detector
    of the same concept, and a JSON-able report, which is the same for the same seed.

    split: numbers of the clips in each part. predictions: for the test clips, `truth` and the
    output of each reader of all layers (`linear`, `rfm`: see `reliability.READERS`), [clips] or
    [clips, classes]. layer_predictions: the same of each layer's probe, [layers, clips, outputs].
    confusion: counts of test clips [true class, predicted class] by the linear
    reader; None for a regression. reliability: intervals and chance level.
    """

    direction: Direction | None
    detector: Detector
    report: dict[str, Any]
    split: probes.Split
    predictions: dict[str, np.ndarray]
    layer_predictions: np.ndarray
    confusion: np.ndarray | None
    reliability: Reliability


def pitch_class(note: str) -> str:
    """The name of a note in any spelling: C# and Db are Cs. Raises MusicRFMError for others."""
    if (found := spelled_pitch(note)) not in PITCH_CLASSES:
        raise MusicRFMError(f"{note!r} is not a note: choose one of {', '.join(PITCH_CLASSES)}")
    return found


def train_note(data: Data, target: str, method: str = DEFAULT_METHOD, **options) -> Direction:
    """`note_<target>` from `note_data` or `composed.frame_data`; target in any spelling (C#, Db,
    Cs). Other options as for `fit`."""
    _check_data(data)
    note = pitch_class(target)
    about: dict[str, Any] = {"target": note, "concept": "note"}
    if "notes" in data.rows[0]:
        labels = np.array([note in row["notes"] for row in data.rows])
    else:
        about["classes"] = _labels_of(data, "root_note_pitch_class")
        labels = np.array(about["classes"]) == PITCH_CLASSES.index(note)
    return train(data, f"note_{note}", labels, kind="binary", method=method, **about, **options)


def train_tempo(data: Data, method: str = DEFAULT_METHOD, **options) -> Direction:
    """`tempo` from `tempo_data`: a regression on standardised BPM. Options as for `fit`."""
    bpm = _labels_of(data, "bpm")
    about = {"target": "bpm", "concept": "tempo"}
    return train(data, "tempo", bpm, kind="regression", method=method, **about, **options)


def train(data: Data, name: str, labels: Sequence | np.ndarray, **options) -> Direction:
    """The direction alone, see `fit`.

    Also raises MusicRFMError for states pooled to mean+std, which allow no steering.
    """
    found = fit(data, name, labels, **options).direction
    if found is None:
        raise MusicRFMError(
            f"states pooled to {data.pooling!r} can be probed but not steered: use pooling "
            "mean, max or last for a direction"
        )
    return found


def fit(
    data: Data,
    name: str,
    labels: Sequence | np.ndarray,
    *,
    kind: str,
    method: str = DEFAULT_METHOD,
    classes: Sequence[Hashable] | None = None,
    class_names: Sequence[str] | None = None,
    concept: str | None = None,
    target: str | None = None,
    components: int | str | None = "usual",
    keep: int = 1,
    search: probes.Search | None = None,
    metric: str | None = None,
    layers: Sequence[int] | None = None,
    balance: bool = True,
    aggregate: bool | None = None,
    store: Path | None = None,
    work: Work | None = None,
    about: dict[str, Any] | None = None,
) -> Trained:
    """Train a direction and a detector for any labels [clips] on `data`.

    kind: "binary" (true or false; fitted on equal numbers of both unless `balance` is false),
    "regression" (numbers; standardised, with mean and deviation stored in the file) or "multiclass"
    (names; one file with one component per class, in the order of `class_names`, else sorted).
    method: see `probes.METHODS`. classes: of every clip, for a binary `rfm-multiclass`, whose RFMs
    distinguish them and serve all targets on the same data. components: number of AGOP eigenvectors
    for `rfm`; None for the best on the validation part (default for multiclass, otherwise 12).
    keep: number of eigenvectors that `rfm-top` returns. search, metric: the search for the RFM's
    settings and the metric that decides, see `probes.Search`. layers: numbers of the layers to
    probe, negative ones from the end; the others are not steered. aggregate: whether to add the
    published aggregation of all layers (default: with RFM methods). store: folder for finished
    work, by default beside the states. work: the executor. about: further metadata of the file,
    such as author, licence and note.

    Raises MusicRFMError if arguments do not fit together, or a part lacks a class.
    """
    _check_data(data)
    name = canonical_name(name)
    _check_kinds(labels, search, classes, class_names, about, work)
    store = None if store is None else path_of(store)
    count: int | None = None  # the best
    if components == "usual":
        count = None if kind == "multiclass" else probes.COMPONENTS
    elif components is not None:
        count = whole_number("components", components, 1)
    keep = whole_number("keep", keep, 1)
    search = search or probes.Search(seed=data.seed)
    search = replace(search, metric=metric or search.metric)
    if len(labels) != len(data.rows):
        raise MusicRFMError(f"{len(labels)} labels do not fit {len(data.rows)} clips")
    asked = _asked(data, labels, kind, class_names, balance, search.metric)
    machines_for = None
    if method == "rfm-multiclass" and kind != "multiclass":
        if classes is None:
            raise MusicRFMError("method 'rfm-multiclass' needs several classes: use 'rfm'")
        several, others, _, _ = _labels([str(c) for c in classes], "multiclass", None)
        parts = asked.question.every
        machines_for = replace(
            asked.question, kind="multiclass", labels=several, parts=parts, classes=len(others)
        )
    wanted = _positions(data, layers)
    found = fits.probe(
        data.on_disk,
        store or data.store,
        asked.question,
        method,
        search=search,
        layers=wanted,
        components=count,
        keep=keep,
        machines_for=machines_for,
        aggregate=aggregate,
        work=work,
    )
    question = asked.question
    sure = reliability(question, found, data.groups)
    meta = _meta(data, asked, found, sure, wanted, concept or name, target or name, method)
    meta |= {"search": _searched(search, method)} | (about or {})
    table = confusion(question, found.predicted["linear"])
    report = _report(name, meta, asked, found, search, table)
    return Trained(
        _direction(name, data, wanted, found, meta),
        Detector.of(name, found, meta, data.seconds),
        report,
        question.parts,
        {"truth": question.labels[question.parts.test], **found.predicted},
        np.stack(found.probed),
        table,
        sure,
    )


def _check_data(data: Data) -> None:
    if not isinstance(data, Data):
        raise MusicRFMError(
            f"{short(data)} holds no hidden states: make them with hear(model, clip_set)"
        )


def _check_kinds(
    labels: Any, search: Any, classes: Any, class_names: Any, about: Any, work: Any
) -> None:
    for given, kinds, what in (
        (search, probes.Search, "search must be a Search, such as Search(trials=4)"),
        (classes, (Sequence, np.ndarray), "classes must be a list, one for each clip"),
        (class_names, (Sequence, np.ndarray), "class_names must be a list"),
        (about, dict, "about must be a dict, such as {'author': 'me'}"),
        (work, Work, "work must be a Work, such as Work('local', workers=2)"),
    ):
        if given is not None and (isinstance(given, str) or not isinstance(given, kinds)):
            raise MusicRFMError(f"{what}, not {short(given)}")
    if not isinstance(labels, Sized):
        raise MusicRFMError(f"labels must be a list, one for each clip, not {short(labels)}")


def _labels_of(data: Data, label: str) -> list[Any]:
    _check_data(data)
    if lacking := [row for row in data.rows if label not in row]:
        raise MusicRFMError(f"a clip has no label {label!r}: it has {', '.join(lacking[0])}")
    return [row[label] for row in data.rows]


@dataclass(frozen=True)
class _Asked:
    """The task for the probes, with the meaning of its numbers."""

    question: probes.Question
    class_names: list[str]
    mean: float  # of the labels as they were, with their deviation
    deviation: float


def _asked(
    data: Data,
    labels: Sequence | np.ndarray,
    kind: str,
    class_names: Sequence[str] | None,
    balance: bool,
    metric: str | None,
) -> _Asked:
    numbers, names, mean, deviation = _labels(labels, kind, class_names)
    parts = split(data, None if kind == "regression" else numbers.tolist())
    even = probes.balanced(parts, numbers, data.seed) if kind == "binary" and balance else parts
    question = probes.Question(kind, numbers, even, parts, max(2, len(names)), metric)
    return _Asked(question, names, mean, deviation)


def _meta(
    data: Data,
    asked: _Asked,
    found: fits.Fitted,
    sure: Reliability,
    wanted: list[int],
    concept: str,
    target: str,
    method: str,
) -> dict[str, Any]:
    """The metadata of the direction's file."""
    question = asked.question
    meta = {
        "concept": concept,
        "target": target,
        "kind": question.kind,
        "metric": question.reported,
        "metric_higher_is_better": metrics.higher_is_better(question.reported),
        "model": data.model,
        "model_fingerprint": data.fingerprint,
        **provenance.made(),
        "citation": provenance.PAPER,
        "label_mean": asked.mean,
        "label_std": asked.deviation,
        "pooling": data.pooling,
        "data": {"name": data.name, "clips": len(data.rows), **data.about},
        "seed": data.seed,
        "method": method,
        "layers_trained": [data.layers[n] for n in wanted],
        "splits": provenance.splits(vars(question.parts), data.groups, data.seed),
        "layer_intervals": [ends(one) for one in sure.layers],
        "test": found.aggregated,
        **sure.as_dict(),
        "range": None,
        # Typical length of a hidden state, for which evaluation chooses coefficients to try.
        "state_norm": float(np.mean([layer["state_norm"] for layer in found.layers])),
    }
    if question.kind == "multiclass":
        meta["classes"] = asked.class_names
    return meta


def _searched(search: probes.Search, method: str) -> dict[str, Any] | None:
    """The settings of the search for an RFM, None without an RFM."""
    if method not in probes.RFM_METHODS:
        return None
    return {k: v for k, v in asdict(search).items() if k != "device"}


def _report(
    name: str,
    meta: dict[str, Any],
    asked: _Asked,
    found: fits.Fitted,
    search: probes.Search,
    table: np.ndarray | None,
) -> dict[str, Any]:
    parts = asked.question.parts
    return {
        "name": name,
        **{key: value for key, value in meta.items() if key not in ("range", "test")},
        "search": {k: v for k, v in asdict(search).items() if k != "device"},
        "rows": {part: len(getattr(parts, part)) for part in ("train", "val", "test")},
        "aggregated": found.aggregated,
        "confusion": None if table is None else table.tolist(),
        "layers": [
            {
                "layer": number,
                "interval": interval,
                **about,
                "spectrum": spectrum[: fits.EIGENVECTORS].tolist(),
            }
            for number, interval, about, spectrum in zip(
                meta["layers_trained"],
                meta["layer_intervals"],
                found.layers,
                found.spectra,
                strict=True,
            )
        ],
    }


def direction_path(direction: Direction, out: str | Path | None = None) -> Path:
    """`<out>/<model>/<name>.safetensors`; by default in the user's folder."""
    checked_direction(direction)
    return path_named(direction.name, str(direction.model), out)


def path_named(name: str, model: str, out: str | Path | None = None) -> Path:
    """As `direction_path`, for a direction that does not exist yet."""
    return path_of(out or user_folder()) / model / f"{name}.safetensors"


def _labels(
    labels: Sequence | np.ndarray, kind: str, class_names: Sequence[str] | None
) -> tuple[np.ndarray, list[str], float, float]:
    """(labels as numbers, class names, mean and deviation of the labels as they were)."""
    metrics.check(kind, None)
    if kind == "multiclass":
        given = [str(one) for one in labels]
        names = [str(n) for n in class_names] if class_names else sorted(set(given))
        if unknown := sorted(set(given) - set(names)):
            raise MusicRFMError(f"class {unknown[0]!r} is not one of {', '.join(names)}")
        if len(names) < 2:
            raise MusicRFMError(
                f"all clips have the class {names[0]!r}: give clips of at least two classes"
            )
        return np.array([names.index(one) for one in given]), names, 0.0, 1.0
    try:
        numbers = np.asarray(labels, np.float64)
    except (TypeError, ValueError) as error:
        raise MusicRFMError(f"{kind} labels must be numbers: {error}") from error
    if not np.isfinite(numbers).all():
        raise MusicRFMError(f"{kind} labels must be numbers: some are missing")
    mean, deviation = float(numbers.mean()), float(numbers.std())
    if kind == "regression":
        return (numbers - mean) / (deviation or 1.0), [], mean, deviation
    if set(np.unique(numbers)) - {0.0, 1.0}:
        raise MusicRFMError("binary labels must be 0 and 1: name the class with target")
    return numbers, [], mean, deviation


def split(data: Data, labels: Sequence[Hashable] | None) -> probes.Split:
    """The parts in which `fit` trains, tunes and tests. labels: of every clip, None for numbers."""
    return probes.split(data.groups, data.seed, labels)


def _positions(data: Data, layers: Sequence[int] | None) -> list[int]:
    """The positions of the layers in `data.states`."""
    if layers is None:
        return list(range(len(data.layers)))
    wanted = layer_numbers(layers, data.depth)
    if missing := [n for n in wanted if n not in data.layers]:
        raise MusicRFMError(
            f"layer {missing[0]} is not among the computed hidden states: compute them with that "
            "layer"
        )
    return [data.layers.index(n) for n in wanted]


def _direction(
    name: str, data: Data, wanted: list[int], found: fits.Fitted, meta: dict[str, Any]
) -> Direction | None:
    """The direction; layers that were not probed get a row of zeros and the score of chance."""
    if data.pooling == "mean+std":
        return None
    chance = metrics.CHANCE.get(meta["metric"], float(found.scores.max()))
    vectors = torch.zeros(data.depth, *found.vectors.shape[1:])
    scores = torch.full((data.depth,), chance)
    at = [data.layers[n] for n in wanted]
    vectors[at], scores[at] = torch.from_numpy(found.vectors), torch.from_numpy(found.scores)
    return Direction(name, vectors, scores, dict(meta))
