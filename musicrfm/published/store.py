"""Files of published directions: this library's, and the pickles that the published scripts
expect."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import torch
import transformers
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor

from musicrfm.directions import SUFFIX, Direction
from musicrfm.errors import MusicRFMError
from musicrfm.files.writing import write_bytes
from musicrfm.published.importer import METHODS
from musicrfm.published.pickles import Array, read_pickle
from musicrfm.steering.hooks import Shape

Detectors = dict[Any, list]  # layer, or "aggregation" -> [weights [k, outputs], bias]


def file_name(method: str, concept: str, model_name: str, composite: bool) -> str:
    return f"{method}_{'composite_' if composite else ''}{concept}_{model_name}"


def save(
    stem: Path,
    concept: str,
    hf: transformers.PreTrainedModel,
    directions: dict[int, Tensor],
    detectors: Detectors | None,
    scores: dict[int, float],
) -> None:
    """Writes STEM.safetensors and STEM.pkl, and likewise STEM_detector."""
    shape = Shape.of(hf)
    first = next(iter(directions.values()))
    if first.shape[1] == shape.width:  # mean and deviation together are no place to steer
        vectors = torch.zeros(shape.layers, *first.shape)
        layer_scores = torch.full((shape.layers,), min(scores.values(), default=0.0))
        for layer, found in directions.items():
            vectors[layer], layer_scores[layer] = found, scores.get(layer, 0.0)
        method = next((ours for name, ours in METHODS.items() if stem.name.startswith(name)), "rfm")
        about = {"concept": concept, "method": method, "range": None}
        meta = {"model": shape.name or "unnamed", "model_fingerprint": shape.fingerprint, **about}
        Direction(concept, vectors, layer_scores, meta).save(stem.with_name(stem.name + SUFFIX))
    _pickle(stem, {layer: found.cpu() for layer, found in directions.items()})
    if detectors:
        stem = stem.with_name(stem.name + "_detector")
        tensors = {}
        for layer, (beta, bias) in detectors.items():
            tensors[f"beta.{layer}"] = torch.as_tensor(beta).float().contiguous()
            tensors[f"bias.{layer}"] = torch.as_tensor(bias).float().reshape(-1).contiguous()
        write_bytes(stem.with_name(stem.name + SUFFIX), save_tensors(tensors))
        _pickle(stem, {layer: [beta, bias] for layer, (beta, bias) in detectors.items()})


def load(
    stem: Path, hf: transformers.PreTrainedModel
) -> tuple[dict[int, Tensor], Detectors | None, dict[int, float]]:
    """Directions, detectors and scores by layer, from this library's files or from pickles,
    whichever is newer. Raises MusicRFMError if none exist, or they belong to another model."""
    shape = Shape.of(hf)
    path = _latest(stem)
    scores: dict[int, float] = {}
    if path.suffix == SUFFIX:
        direction = Direction.load(path)
        found = {n - direction.layers: direction.vectors[n] for n in range(direction.layers)}
        found = {layer: vectors for layer, vectors in found.items() if vectors.any()}
        scores = {n: direction.layer_scores[n].item() for n in found}
    else:
        found = _tensors(path, read_pickle(path))
    for layer, vectors in found.items():
        if not -shape.layers <= layer < 0 or vectors.shape[-1] % shape.width:
            raise MusicRFMError(
                f"{path} has a layer {layer} of width {vectors.shape[-1]}, but the model has "
                f"{shape.layers} layers of width {shape.width}: the file belongs to another model"
            )
    order = sorted(found, reverse=True)
    return {layer: found[layer] for layer in order}, _detectors(stem), scores


def _latest(stem: Path) -> Path:
    paths = [stem.with_name(stem.name + suffix) for suffix in (".pkl", SUFFIX)]
    there = [path for path in paths if path.is_file()]
    if not there:
        raise MusicRFMError(
            f"neither {paths[1]} nor {paths[0].name} exists: train the direction first"
        )
    return max(there, key=lambda path: path.stat().st_mtime_ns // 10**9)  # ours, if both are new


def _detectors(stem: Path) -> Detectors | None:
    stem = stem.with_name(stem.name + "_detector")
    try:
        path = _latest(stem)
    except MusicRFMError:
        return None
    if path.suffix == SUFFIX:
        try:
            tensors = load_tensors(path.read_bytes())
        except (OSError, SafetensorError) as error:
            raise MusicRFMError(f"{path} is not a detector file: {error}") from error
        names = [name.removeprefix("beta.") for name in tensors if name.startswith("beta.")]
        return {
            (int(n) if n.lstrip("-").isdigit() else n): [tensors[f"beta.{n}"], tensors[f"bias.{n}"]]
            for n in names
        }
    content = read_pickle(path)
    if not isinstance(content, dict) or not all(
        isinstance(pair, (list, tuple)) and len(pair) == 2 for pair in content.values()
    ):
        raise MusicRFMError(f"{path} does not contain detectors")
    return {
        layer: [_tensor(path, beta), torch.as_tensor(bias) if _plain(bias) else _tensor(path, bias)]
        for layer, (beta, bias) in content.items()
    }


def _plain(value: object) -> bool:
    return isinstance(value, (int, float))


def _tensors(path: Path, content: object) -> dict[int, Tensor]:
    if not isinstance(content, dict) or not all(type(layer) is int for layer in content):
        raise MusicRFMError(f"{path} does not contain directions: it must be a dict of layers")
    found = {layer: _tensor(path, part) for layer, part in content.items()}
    return {layer: v[None] if v.ndim == 1 else v for layer, v in found.items()}


def _tensor(path: Path, part: object) -> Tensor:
    if not isinstance(part, Array):
        raise MusicRFMError(f"{path} has {type(part).__name__} in place of numbers")
    return part.tensor()


def _pickle(stem: Path, content: object) -> None:
    write_bytes(stem.with_name(stem.name + ".pkl"), pickle.dumps(content))
