"""Describes a direction file as text and JSON, and exports it to other formats."""

from __future__ import annotations

import csv
import io
import json
import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from musicrfm.directions import OF_CLASSES
from musicrfm.errors import MusicRFMError
from musicrfm.files import provenance
from musicrfm.files.writing import write_bytes

if TYPE_CHECKING:
    from musicrfm.directions import Direction

FORMATS = {".csv": "csv", ".npz": "npz", ".pkl": "xrfm"}  # by the ending of the file
# In the order in which they are shown; those of the calibration and of layers are worked out.
KEYS = (
    "name",
    "file",
    "concept",
    "target",
    "kind",
    "classes",
    "model",
    "model_fingerprint",
    "versions",
    "created",
    "created_from",
    "method",
    "search",
    "data",
    "splits",
    "seed",
    "pooling",
    "metric",
    "chance",
    "layers",
    "test",
    "test_intervals",
    "verdict",
    "calibration",
    "class_calibrations",
    "author",
    "licence",
    "note",
    "citation",
)


def described(direction: Direction, path: Path) -> dict[str, Any]:
    """The description, JSON-able: every one of `KEYS`, None if unknown, then all other metadata."""
    meta = dict(direction.meta)
    meta.pop("layers", None)
    found: dict[str, Any] = dict.fromkeys(KEYS)
    found |= {key: meta.pop(key) for key in KEYS if key in meta}
    found |= {"name": direction.name, "file": str(path)}
    if found["created"] is None:
        found |= {"created": provenance.written(path), "created_from": "date of the file"}
    elif found["created_from"] is None:
        found["created_from"] = "SOURCE_DATE_EPOCH"
    found["layers"] = _layers(direction, meta.pop("layer_intervals", None))
    found["calibration"] = _calibration(direction)
    found["class_calibrations"] = {
        str(name): _calibration(direction.only(str(name))) for name in direction.classes
    } or None
    for key in ("range", "curve", "format_version", "width", *OF_CLASSES):
        meta.pop(key, None)
    return found | {key: meta[key] for key in sorted(meta)}


def _layers(direction: Direction, intervals: list | None) -> list[dict[str, Any]]:
    trained = direction.meta.get("layers_trained") or list(range(direction.layers))
    ends = dict(zip(trained, intervals or [], strict=False))
    return [
        {
            "layer": layer,
            "score": float(direction.layer_scores[layer]),
            "interval": ends.get(layer),
            "steered": bool(direction.vectors[layer].any()),
        }
        for layer in range(direction.layers)
    ]


def _calibration(direction: Direction) -> dict[str, Any] | None:
    evidence = direction.meta.get("calibration")
    if direction.range is None and not evidence:
        return None
    return {"range": direction.range, "curve": direction.curve, **(evidence or {})}


def text(about: dict[str, Any]) -> str:
    """The description for a terminal: one line per field and per layer."""
    lines = []
    for key, value in about.items():
        if key == "layers":
            lines.append("layers:")
            for one in value:
                low_high = one["interval"]
                sure = f" ({low_high[0]:.3f} to {low_high[1]:.3f})" if low_high else ""
                off = "" if one["steered"] else ", not steered"
                lines.append(f"  {one['layer']}: {one['score']:.3f}{sure}{off}")
        elif key == "calibration":
            if value is not None or not about["class_calibrations"]:
                lines += _calibration_lines("calibration", value)
        elif key == "class_calibrations":
            for name, one in (value or {}).items():
                lines += _calibration_lines(f"calibration of {name}", one)
        else:
            lines.append(f"{key}: {_spoken(value)}")
    return "\n".join(lines)


def _calibration_lines(head: str, found: dict[str, Any] | None) -> list[str]:
    if found is None:
        return [f"{head}: none, so a coefficient of 1 is 1 raw: run `musicrfm calibrate`"]
    lines = [f"{head}:"]
    for key, value in found.items():
        if key in ("points", "confirmed"):
            lines += [
                f"  {key}: {point['coefficient']:.4g} raw -> {_spoken(point['value'])}"
                for point in value
            ]
        else:
            lines.append(f"  {key}: {_spoken(value)}")
    return lines


def _spoken(value: Any) -> str:
    if value is None:
        return "unknown"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, dict):
        return ", ".join(f"{key} {_spoken(one)}" for key, one in value.items()) or "none"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_spoken, value)) or "none"
    return str(value)


def export(direction: Direction, about: dict[str, Any], path: Path) -> Path:
    """Write a direction in another format, chosen by the suffix of `path`; returns the path.

    `.csv`: a line for every layer and component, with its score and its vector. `.npz`: the arrays
    `directions` [layers, components, width] and `layer_scores`, and `metadata`, JSON. `.pkl`: the
    format of published xRFM directions, a pickled dictionary from layers (-1 is the last) to
    PyTorch tensors [components, width], without layers that are not steered.

    Raises MusicRFMError for another suffix.
    """
    form = FORMATS.get(path.suffix.lower())
    if form is None:
        raise MusicRFMError(
            f"{str(path)!r} has no known export format: let its name end in {', '.join(FORMATS)}"
        )
    write_bytes(path, {"csv": _csv, "npz": _npz, "xrfm": _xrfm}[form](direction, about))
    return path


def _csv(direction: Direction, about: dict[str, Any]) -> bytes:
    text = io.StringIO(newline="")
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["layer", "component", "score", *(f"v{n}" for n in range(direction.width))])
    names: Sequence[str | int] = direction.classes or range(direction.components)
    for layer in range(direction.layers):
        score = repr(float(direction.layer_scores[layer]))
        for name, vector in zip(names, direction.vectors[layer].tolist(), strict=True):
            table.writerow([layer, name, score, *map(repr, vector)])
    return text.getvalue().encode()


def _npz(direction: Direction, about: dict[str, Any]) -> bytes:
    whole = io.BytesIO()
    np.savez(
        whole,
        directions=direction.vectors.numpy(),
        layer_scores=direction.layer_scores.numpy(),
        metadata=np.array(json.dumps(about)),
    )
    return whole.getvalue()


def _xrfm(direction: Direction, about: dict[str, Any]) -> bytes:
    by_layer = {
        layer - direction.layers: direction.vectors[layer].clone()
        for layer in reversed(range(direction.layers))
        if direction.vectors[layer].any()
    }
    return pickle.dumps(by_layer)
