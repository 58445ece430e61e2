"""Imports directions that the published MusicRFM code trained.

There, `controller.save` pickles a dict: negative layer number -> [components, width]. Layer -k was
trained on the k-th hidden state from the end and is added to the output of block `layers - k`,
which is layer `layers - k` here; block 0 has none. Coefficients have the same meaning in both, and
the layer scores of a published results file become `layer_scores`.
"""

from __future__ import annotations

import json
import math
import os
import re
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from musicrfm.directions import Direction, canonical_name, model_name
from musicrfm.errors import MusicRFMError
from musicrfm.files.paths import file_to_read, path_of
from musicrfm.files.text import read_text
from musicrfm.published.pickles import Array, read_pickle
from musicrfm.published.sizes import PUBLISHED

METHODS = {"music_rfm": "rfm", "linear": "linear", "logistic": "logistic"}

_FILE = re.compile(r"(?:(music_rfm|linear|logistic)_)?(?:composite_)?(.+)")
_MODEL = re.compile(r"(.+)_(musicgen(?:[-_](?:stereo|melody|small|medium|large))+)", re.IGNORECASE)
_DECORATION = re.compile(r"_(ncomp\d+|normalized)(?=_|$)")
_NAME = re.compile(r"[\w-]+")


@dataclass(frozen=True)
class Published:
    """The information in a published file name, such as
    `music_rfm_note_D#_ncomp12_musicgen_large.pkl`.

    experiment: the concept as written there, which is also part of the results file's name.
    """

    method: str
    experiment: str
    concept: str
    target: str | None
    kind: str
    model: str | None


def published(path: str | os.PathLike[str], model: str | None = None) -> Published:
    """Parse a file name. `model` also identifies a model name at its end.

    Raises MusicRFMError if no concept remains.
    """
    stem = Path(path).stem
    parts = _FILE.fullmatch(stem)
    method, rest = parts.groups() if parts else (None, "")
    named = None
    for spelled in {model, (model or "").replace("-", "_")} - {None, ""}:
        if rest.endswith(f"_{spelled}"):
            rest, named = rest.removesuffix(f"_{spelled}"), model
    if named is None and (match := _MODEL.fullmatch(rest)):
        rest, named = match[1], match[2].replace("_", "-").lower()
    words = _DECORATION.sub("", rest)
    kind = "binary"
    for suffix, says in (("_regression", "regression"), ("_multiclass", "multiclass")):
        if words.endswith(suffix):
            words, kind = words.removesuffix(suffix), says
    if kind != "binary" or "_" not in words:
        concept, target = words, None
    else:
        concept, _, target = words.partition("_")
    if not concept:
        raise MusicRFMError(f"the name of {path} does not contain the concept: give it")
    return Published(METHODS.get(method or "", "rfm"), rest, concept, target, kind, named)


def import_direction(
    path: str | os.PathLike[str],
    model: str | None = None,
    *,
    scores: str | os.PathLike[str] | None = None,
    concept: str | None = None,
    target: str | None = None,
) -> Direction:
    """Import a published `.pkl` of directions, without executing code from it.

    model: `nano`, a folder, or a name such as `facebook/musicgen-large`; by default from the file
    name. scores: the results JSON of the same training; by default the one that the published
    scripts write beside the file, and without that, all layers have equal weight. concept, target:
    the names to use here, `note` and `C`; by default from the file name.

    Raises MusicRFMError if the file is anything but directions for that model.
    """
    path = file_to_read(path)
    said = published(path, model_name(model) if model else None)
    chosen = model or said.model
    if chosen is None:
        raise MusicRFMError(f"the name of {path} does not contain the model: give it")
    layers, width = model_size(chosen)
    found = _vectors(path, read_pickle(path), layers, width, model_name(chosen))
    if concept is None:
        concept, target = said.concept, target or said.target
    name = canonical_name(f"{concept}_{target}" if target else concept)
    if not _NAME.fullmatch(name):
        raise MusicRFMError(
            f"{name!r} cannot be a direction's name: use letters, digits and _ only"
        )
    results = path_of(scores) if scores is not None else _neighbour(path, said.experiment)
    known, kind = ({}, said.kind) if results is None else _scores(results, said.kind)
    worst = max if kind == "regression" else min  # a regression's scores are errors
    vectors = torch.zeros(layers, len(next(iter(found.values()))), width)
    layer_scores = torch.full((layers,), worst(known.values(), default=0.0))
    for number, vector in found.items():
        vectors[layers + number] = vector
        layer_scores[layers + number] = known.get(number, layer_scores[0]) if known else 1.0
    meta = {
        "model": model_name(chosen),
        "concept": concept,
        "target": name.removeprefix(f"{concept}_") if target else None,
        "kind": kind,
        "method": said.method,
        "metric": "published score" if known else None,
        "metric_higher_is_better": kind != "regression",
        "data": {"name": "imported from published MusicRFM", "file": path.name},
        "scores_from": None if results is None else results.name,
    }
    return Direction(name, vectors, layer_scores, meta)


def model_size(model: str) -> tuple[int, int]:
    """Layers and width of a model, without loading it: `nano`, a folder, or a published name.

    An adapter has the size of its base model. Raises MusicRFMError for anything else.
    """
    from musicrfm.checkpoints import adapters, audiocraft
    from musicrfm.checkpoints.finding import ADAPTER, CONFIG, NANO, find

    for _ in range(8):  # adapters on top of each other
        path = NANO if model == "nano" else path_of(model)
        if (path / CONFIG).is_file():
            try:
                decoder = json.loads((path / CONFIG).read_text("utf-8"))["decoder"]
                return int(decoder["num_hidden_layers"]), int(decoder["hidden_size"])
            except (OSError, ValueError, KeyError, TypeError) as error:
                raise MusicRFMError(f"folder {model!r} does not contain a MusicGen") from error
        if not (path / ADAPTER).is_file():
            break
        model = adapters.base_of(find(model))
    if path.exists():
        return audiocraft.size(find(model))
    if size := PUBLISHED.get(model_name(model).lower()):
        return size.layers, size.width
    raise MusicRFMError(
        f"the size of model {model!r} is unknown: give nano, a folder, or a name such as "
        "facebook/musicgen-large"
    )


def _vectors(path: Path, content: object, layers: int, width: int, model: str) -> dict[int, Tensor]:
    """The dict in a file, checked: layer -1 to -layers -> float32 [components, width]."""
    if not isinstance(content, dict) or not content:
        raise MusicRFMError(f"{path} does not contain directions: it must be a dict of layers")
    if all(isinstance(part, list) for part in content.values()):
        raise MusicRFMError(f"{path} is a detector: import the file without _detector in its name")
    if not all(type(n) is int and n < 0 for n in content):
        raise MusicRFMError(
            f"{path} does not contain directions: its layers must be -1, -2 and so on"
        )
    if min(content) < -layers - 1:
        raise MusicRFMError(
            f"{path} has a layer {min(content)}, but {model} has {layers} layers: give the "
            "model it belongs to"
        )
    found: dict[int, Tensor] = {}
    components = None
    content.pop(-layers - 1, None)  # the embedding, which was probed but cannot be steered
    for number, part in content.items():
        if isinstance(part, Array) and len(part.shape) == 1:
            part = replace(part, shape=(1, *part.shape), strides=(0, *part.strides))
        if not isinstance(part, Array) or len(part.shape) != 2:
            raise MusicRFMError(
                f"{path} does not contain directions: layer {number} is not an array of numbers"
            )
        if part.shape[1] != width:
            raise MusicRFMError(
                f"{path} has directions of width {part.shape[1]}, but {model} has width {width}"
                + (
                    ": mean and deviation together cannot be steered"
                    if part.shape[1] == 2 * width
                    else ""
                )
            )
        if components not in (None, part.shape[0]):
            raise MusicRFMError(f"{path} has layers with different numbers of components")
        components = part.shape[0]
        found[number] = part.tensor()
        if not found[number].isfinite().all():
            raise MusicRFMError(f"{path} has values that are not finite in layer {number}")
    if not any(vectors.any() for vectors in found.values()):
        raise MusicRFMError(f"{path} does not contain directions that can steer {model}")
    return found


def _neighbour(path: Path, experiment: str) -> Path | None:
    """The path where the published scripts write the results for `path`."""
    places = (
        path.parent.parent / "results" / f"{experiment}.json",
        path.parent / f"{experiment}_results.json",
    )
    return next((place for place in places if place.is_file()), None)


def _scores(path: Path, kind: str) -> tuple[dict[int, float], str]:
    """The score of each layer from the end in a results file, and the kind stated there."""
    try:
        metrics = json.loads(read_text(path, "results file").text)["layer_metrics"]
        trained = {int(number): layer["train_results"] for number, layer in metrics.items()}
        scores = {
            n: float(r["score"] if "score" in r else r["val_acc"]) for n, r in trained.items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise MusicRFMError(f"{path} is not a MusicRFM results file with scores") from error
    if not scores or not all(map(math.isfinite, scores.values())):
        raise MusicRFMError(f"{path} has scores that are not finite")
    regression = any("r2" in results for results in trained.values())
    return scores, "regression" if regression else kind
