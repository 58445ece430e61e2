"""Detectors: the result of a training, used to name its concept in any recording.

A detector reads the same hidden states as the directions, in pieces as long as the training clips,
along the directions that its probes found in every layer, and combines them by logistic or ridge
regression. Its file, `<folder>/<model>/detectors/<name>.safetensors`, is beside the directions.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open

from musicrfm.data.activations import POOLINGS, features_of, pooled
from musicrfm.data.clips import peak_normalised
from musicrfm.directions import (
    SUFFIX,
    belongs,
    canonical_name,
    checked_owner,
    is_file_name,
    roots,
    user_folder,
)
from musicrfm.errors import MusicRFMError, short
from musicrfm.files.paths import composed, file_to_read, path_of
from musicrfm.files.tensors import packed
from musicrfm.files.writing import write_bytes
from musicrfm.training.fits import Fitted
from musicrfm.training.linear import outputs

if TYPE_CHECKING:
    from musicrfm.model import MusicModel

FORMAT_VERSION = 1
FOLDER = "detectors"
TENSORS = ("basis", "counts", "layers", "centre", "scale", "weights", "bias")
SHORTEST = 0.5  # a last piece of a recording counts if it is at least this share of a whole one
LONGEST = 1e6  # seconds of a clip
BATCH = 8  # pieces of a recording per batch


def detector_path(name: str, model: str, out: str | Path | None = None) -> Path:
    """`<out>/<model>/detectors/<name>.safetensors`; by default in the user's own folder."""
    return path_of(out or user_folder()) / model / FOLDER / f"{name}{SUFFIX}"


@dataclass
class Detector:
    """basis [columns, features]: directions to read, counts[i] of them in layer layers[i].

    centre, scale [columns], weights [columns, outputs], bias [outputs]: the regression on their
    projections. meta: as for a direction; `kind`, `classes` or `target`, `pooling`, `seconds`
    (length of the training clips), `label_mean` and `label_std` determine the output.
    """

    name: str
    basis: np.ndarray = field(repr=False)
    counts: np.ndarray = field(repr=False)
    layers: np.ndarray = field(repr=False)
    centre: np.ndarray = field(repr=False)
    scale: np.ndarray = field(repr=False)
    weights: np.ndarray = field(repr=False)
    bias: np.ndarray = field(repr=False)
    meta: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, name: str, fitted: Fitted, meta: dict[str, Any], seconds: float | None) -> Detector:
        """The detector from the result of a training."""
        meta = {key: value for key, value in meta.items() if key not in ("range", "state_norm")}
        return cls(
            name=name,
            basis=np.concatenate(fitted.basis).astype(np.float32),
            counts=np.array([len(b) for b in fitted.basis], np.int64),
            layers=np.array(meta["layers_trained"], np.int64),
            **{key: fitted.stack[key] for key in ("centre", "scale", "weights", "bias")},
            meta=meta | {"seconds": seconds},
        )

    @property
    def answers(self) -> list[str]:
        """The outputs: classes, the target and the rest, or one quantity."""
        if self.meta["kind"] == "multiclass":
            return list(self.meta["classes"])
        target = str(self.meta["target"])
        return [target] if self.meta["kind"] == "regression" else [f"not {target}", target]

    def read(self, states: np.ndarray) -> np.ndarray:
        """[clips, answers] of states [clips, layers chosen, features]: probabilities, or the
        quantity in its unit."""
        at = np.split(self.basis, np.cumsum(self.counts)[:-1])
        along = [states[:, i] @ basis.T for i, basis in enumerate(at)]
        z = (np.concatenate(along, 1) - self.centre) / self.scale
        told = outputs(z @ self.weights + self.bias, self.meta["kind"])
        if self.meta["kind"] == "regression":
            return told * self.meta["label_std"] + self.meta["label_mean"]
        return np.concatenate([1 - told, told], 1) if self.meta["kind"] == "binary" else told

    def save(self, folder: str | Path | None = None) -> Path:
        """Writes the file below `folder` (default: the user's own) and returns its path."""
        path = detector_path(self.name, str(self.meta["model"]), folder)
        meta = {"name": self.name, "format_version": FORMAT_VERSION, **self.meta}
        tensors = {name: getattr(self, name) for name in TENSORS}
        texts = {key: json.dumps(value, sort_keys=True) for key, value in meta.items()}
        write_bytes(path, packed(tensors, texts))
        return path

    @classmethod
    def load(cls, name: str | Path, model: MusicModel) -> Detector:
        """By name (`notes`, `tempo`) or from a file.

        Raises MusicRFMError if there is none, it is damaged, or it belongs to another model.
        """
        checked_owner(model)
        if str(name).endswith(SUFFIX):
            path = file_to_read(name, "detector file")
        else:
            path = detector_file(str(name), model)
        try:
            with safe_open(path, framework="numpy") as file:
                tensors = {key: file.get_tensor(key) for key in TENSORS}
                meta = {key: json.loads(value) for key, value in (file.metadata() or {}).items()}
            version, own_name = meta.pop("format_version"), str(meta.pop("name"))
            made_for = meta["model"]
        except (
            *(OSError, SafetensorError, ValueError, KeyError, TypeError, RecursionError),
            OverflowError,
        ) as error:
            raise MusicRFMError(f"{path} is not a detector file: {error}") from error
        if version != FORMAT_VERSION:
            raise MusicRFMError(f"{path} has format version {version!r}: update this program")
        if not belongs(meta.get("model_fingerprint"), made_for, model):
            raise MusicRFMError(
                f"detector {own_name!r} was trained on model {made_for!r} and does not apply to "
                f"{model.name!r}: train one for that model"
            )
        wrong = _wrong_meta(meta) or _wrong_tensors(tensors, meta, model)
        if wrong:
            raise MusicRFMError(f"{path} is a damaged detector file: {wrong}; train it again")
        return cls(own_name, **tensors, meta=meta)


def _wrong_meta(meta: dict[str, Any]) -> str:
    """What is invalid in the metadata, in words; empty if nothing."""
    kind, classes, seconds = meta.get("kind"), meta.get("classes"), meta.get("seconds")
    if kind not in ("multiclass", "binary", "regression"):
        return f"its kind is {short(kind)}"
    if meta.get("pooling") not in POOLINGS:
        return f"its pooling is {short(meta.get('pooling'))}"
    if seconds is not None and not (_is_finite(seconds) and 0 < seconds <= LONGEST):
        return f"its clips are {short(seconds)} s long"
    if kind == "multiclass":
        named = classes if isinstance(classes, list) else []
        several = len(named) > 1 and all(isinstance(c, (str, int)) for c in named)
        return "" if several else f"its classes are {short(classes)}"
    if not isinstance(meta.get("target"), str):
        return f"its target is {short(meta.get('target'))}"
    numbers = (meta.get("label_mean"), meta.get("label_std")) if kind == "regression" else ()
    return "" if all(map(_is_finite, numbers)) else f"its labels' mean and spread are {numbers}"


def _wrong_tensors(tensors: dict[str, np.ndarray], meta: dict[str, Any], model: MusicModel) -> str:
    """Which tensors do not fit each other or the model, in words; empty if all fit."""
    counts, layers = tensors["counts"], tensors["layers"]
    for name, tensor in tensors.items():
        kinds = "iu" if name in ("counts", "layers") else "f"
        if tensor.dtype.kind not in kinds or not np.isfinite(tensor).all():
            return f"{name} holds what are no {'whole ' if kinds == 'iu' else ''}numbers"
    if counts.ndim != 1 or not len(counts) or counts.shape != layers.shape or (counts < 0).any():
        return f"counts and layers have shapes {counts.shape} and {layers.shape}"
    if ((layers < 0) | (layers >= model.layers)).any():
        return f"its layers are {short(layers.tolist())}, and the model has {model.layers}"
    columns = tensors["basis"].shape[0] if tensors["basis"].ndim else 0
    if counts.astype(object).sum() != columns:
        return f"counts add up to {counts.sum()}, and basis has {columns} rows"
    answers = len(meta["classes"]) if meta["kind"] == "multiclass" else 1
    shapes = {
        "basis": (columns, features_of(meta["pooling"], model.width)),
        "centre": (columns,),
        "scale": (columns,),
        "weights": (columns, answers),
        "bias": (answers,),
    }
    for name, shape in shapes.items():
        if tensors[name].shape != shape:
            return f"{name} has shape {tensors[name].shape}, not {shape}"
    return "" if tensors["scale"].all() else "scale has a 0 in it"


def _is_finite(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def detect(
    model: MusicModel, audio: np.ndarray, sample_rate: int, detector: Detector
) -> list[tuple[str, float]]:
    """(class, probability), likeliest first; for a regression one pair, such as ("bpm", 121.3).

    The recording is read in pieces as long as the training clips, each scaled to their level.
    Probabilities are the mean over all pieces that are not silent, a quantity is their median.
    Raises MusicRFMError if everything is silent.
    """
    if not isinstance(detector, Detector):
        raise MusicRFMError(
            f"{short(detector)} is not a Detector: load it with Detector.load(name, model)"
        )
    pieces = _pieces(model, np.asarray(audio, np.float32), sample_rate, detector)
    told = []
    for first in range(0, len(pieces), BATCH):
        codes = torch.stack([model.encode_audio(p, sample_rate) for p in pieces[first:][:BATCH]])
        states = pooled(model, codes, detector.meta["pooling"], detector.layers.tolist())
        told.append(detector.read(states))
    found = np.concatenate(told)
    if detector.meta["kind"] == "regression":
        return [(detector.answers[0], float(np.median(found)))]
    pairs = zip(detector.answers, found.mean(0).tolist(), strict=True)
    return sorted(pairs, key=lambda pair: -pair[1])


def list_detectors(model_name: str) -> list[str]:
    """Sorted names of all detectors of a model."""
    folders = [path_of(root / model_name) / FOLDER for root in roots()]
    stems = [path.stem for folder in folders for path in folder.glob(f"*{SUFFIX}")]
    return sorted({composed(stem) for stem in stems if is_file_name(stem)})


def _pieces(
    model: MusicModel, audio: np.ndarray, sample_rate: int, detector: Detector
) -> list[np.ndarray]:
    """Pieces of one length; a shorter remainder is left out unless it is the only piece."""
    longest = (model.window - 2) / model.frame_rate
    seconds = min(detector.meta.get("seconds") or longest, longest)
    size = max(1, round(seconds * sample_rate))
    starts = [s for s in range(0, len(audio), size) if len(audio) - s >= SHORTEST * size] or [0]
    found = []
    for start in starts:
        piece = audio[start : start + size]
        if not np.abs(piece).max(initial=0.0) > 1e-4:
            continue
        padding = [(0, size - len(piece))] + [(0, 0)] * (audio.ndim - 1)
        found.append(peak_normalised(np.pad(piece, padding)))
    if not found:
        raise MusicRFMError("the recording is silent: nothing can be detected")
    return found


def detector_file(name: str, model: MusicModel, beside: Path | None = None) -> Path:
    """The file of a detector by name: in the folder `detectors` in `beside`, the folder of a
    direction's file, else in that of the model. Raises MusicRFMError if there is none."""
    folders = [root / model.name for root in roots()]
    for folder in [*([beside] if beside else []), *folders]:
        path = path_of(folder / FOLDER / f"{canonical_name(name)}{SUFFIX}")
        if path.is_file():
            return path
    known = ", ".join(list_detectors(model.name)) or "the model has none yet"
    where = f", nor does {str(beside / FOLDER)!r} hold one" if beside else ""
    raise MusicRFMError(f"model {model.name!r} has no detector {name!r} (known: {known}){where}")
