"""Concept directions: one unit vector per decoder layer, with its provenance.

A direction file is `<folder>/<model>/<name>.safetensors`: tensors `directions` [layers, components,
width] and `layer_scores` [layers], and metadata as JSON strings. The user's data folder is searched
first, then the shipped directions.
"""

from __future__ import annotations

import json
import logging
import math
import os
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from safetensors import SafetensorError, safe_open

from musicrfm.errors import MusicRFMError, short
from musicrfm.files.folders import data_folder
from musicrfm.files.paths import composed, file_to_read, path_of
from musicrfm.files.tensors import packed
from musicrfm.files.writing import write_bytes
from musicrfm.theory import PITCH_CLASSES

# PyTorch takes seconds to import, and most callers need names only: it is imported where a
# direction is created.
if TYPE_CHECKING:
    from torch import Tensor


log = logging.getLogger(__name__)

FORMAT_VERSION = 1
SUFFIX = ".safetensors"
MOST_NAME = 100  # characters
MOST_RANGE = 1e6  # beyond it, hidden states overflow in every model
MOST_CURVE = 20.0
# Tables of a multiclass file, from a class to what a file of this class alone has under the key.
OF_CLASSES = {
    "class_ranges": "range",
    "class_curves": "curve",
    "class_calibrations": "calibration",
    "class_listeners": "listener",
}

_NATURALS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_ACCIDENTALS = {"": 0, "#": 1, "♯": 1, "s": 1, "b": -1, "♭": -1}
_PITCH_NAME = re.compile(r"(note_|key_|tonic_|root_)([A-Ga-g])([#♯sb♭]?)")


def canonical_name(name: str) -> str:
    """The spelling used in files: `note_C#` and `note_Db` become `note_Cs`.

    `#` has another meaning in OSC addresses, hence the `s`. Other names are returned unchanged,
    except that letters with accents are composed to one character each. Raises MusicRFMError for
    anything but a text.
    """
    if not isinstance(name, str):
        raise MusicRFMError(f"the name of a direction must be a text, not {short(name)}")
    match = _PITCH_NAME.fullmatch(name)
    if not match:
        return composed(name)
    prefix, letter, accidental = match.groups()
    return prefix + PITCH_CLASSES[(_NATURALS[letter.upper()] + _ACCIDENTALS[accidental]) % 12]


class Owner(Protocol):
    """A model, as far as needed to decide which directions belong to it, such as a `MusicModel`."""

    @property
    def name(self) -> str | None: ...
    @property
    def fingerprint(self) -> str | None: ...
    @property
    def layers(self) -> int: ...
    @property
    def width(self) -> int: ...


@dataclass(frozen=True)
class Named:
    """A model of which only the name is known."""

    name: str
    fingerprint: None = None
    layers: int = 0
    width: int = 0


def _missing(what: str) -> Callable[[], Tensor]:
    def refuse() -> Tensor:
        raise MusicRFMError(
            f"the {what} of a direction are missing: make it with Direction.of(model, name, "
            "vectors), vectors [layers, components, width]"
        )

    return refuse


@dataclass(eq=False)  # used as a dictionary key
class Direction:
    """A concept as a direction in the hidden states of one model.

    vectors: [layers, components, width]; rows are scaled to unit length (a row of zeros stays: that
    layer is not steered). layer_scores: [layers], how well each layer encodes the concept, higher
    is better. meta: JSON-able provenance. It must name the model: `model` is its name,
    `model_fingerprint` the fingerprint of its weights (`Direction.of` sets both). `range`: the
    useful raw coefficients [low, high]. `directions/README.md` lists all keys.

    Raises MusicRFMError if a part is missing, shapes do not fit together, a number is not finite,
    or no model is named.

        >>> from musicrfm import Direction, MusicModel
        >>> direction = Direction.load("note_C", MusicModel.load("nano"))
        >>> direction.vectors.shape  # layers, components, width
        torch.Size([6, 1, 256])
        >>> direction.raw(0.0), direction.raw(1.0) == direction.range[1]
        (0.0, True)
    """

    name: str
    vectors: Tensor = field(repr=False, default_factory=_missing("vectors"))
    layer_scores: Tensor = field(repr=False, default_factory=_missing("layer scores"))
    meta: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.name = canonical_name(self.name)
        self.vectors = _numbers(f"the vectors of {self.name!r}", self.vectors)
        self.layer_scores = _numbers(f"the layer scores of {self.name!r}", self.layer_scores)
        if not isinstance(self.meta, dict):
            raise MusicRFMError(
                f"the metadata of {self.name!r} must be a dict, such as {{'model': model.name}}, "
                f"not {short(self.meta)}"
            )
        if self.vectors.ndim != 3 or 0 in self.vectors.shape:
            raise MusicRFMError(
                f"direction {self.name!r} must be [layers, components, width], "
                f"not {list(self.vectors.shape)}"
            )
        if self.layer_scores.shape != (self.layers,):
            raise MusicRFMError(
                f"direction {self.name!r} has {self.layers} layers "
                f"but layer scores of shape {list(self.layer_scores.shape)}"
            )
        if not (self.vectors.isfinite().all() and self.layer_scores.isfinite().all()):
            raise MusicRFMError(f"direction {self.name!r} holds numbers that are not finite")
        length = self.vectors.norm(dim=-1, keepdim=True)
        length[(length - 1).abs() < 1e-5] = 1.0  # so that saving and loading are exact
        self.vectors = (self.vectors / length.clamp_min(1e-20)).contiguous()
        if self.meta.get("model") is None:
            raise MusicRFMError(
                f"direction {self.name!r} does not name its model: make it with "
                "Direction.of(model, name, vectors), or give meta={'model': model.name}"
            )
        _check_meta(self.name, self.meta)
        if self.meta.get("range") is not None:
            self.meta["range"] = [float(value) for value in self.meta["range"]]
        if self.classes and len(self.classes) != self.components:
            raise MusicRFMError(
                f"direction {self.name!r} has {self.components} components but "
                f"{len(self.classes)} classes: give one component per class"
            )

    def __repr__(self) -> str:
        useful = "uncalibrated" if self.range is None else "range {:g} to {:g}".format(*self.range)
        one = "component" if self.components == 1 else "components"
        return (
            f"Direction({self.name!r} of {self.model}, {self.layers} layers of "
            f"{self.components} {one} of width {self.width}, {useful})"
        )

    # ---- arithmetic ----

    def __add__(self, other: Direction) -> Direction:
        """The sum of both, without a range; see `combined`."""
        return combined(self, other, 1.0)

    def __radd__(self, other: object) -> Direction:
        """For `sum`, which begins at 0."""
        if _is_number(other) and other == 0:
            return self
        raise MusicRFMError(f"{short(other)} cannot be added to a direction: give two directions")

    def __sub__(self, other: Direction) -> Direction:
        """The difference of both, without a range; see `combined`."""
        return combined(self, other, -1.0)

    def __mul__(self, factor: float) -> Direction:
        """The direction with a range `factor` times as wide; see `scaled`."""
        return scaled(self, factor)

    __rmul__ = __mul__

    def __truediv__(self, divisor: float) -> Direction:
        """The direction with a range that many times narrower; see `scaled`."""
        if not _is_number(divisor) or not divisor:
            raise MusicRFMError(
                f"a direction cannot be divided by {short(divisor)}: give a number, not 0"
            )
        return scaled(self, 1 / float(divisor))

    def __neg__(self) -> Direction:
        """The reversed direction: it does at a coefficient what this one does at the opposite one;
        see `scaled`."""
        return scaled(self, -1.0)

    def orthogonal(self, *others: Direction) -> Direction:
        """The direction with all others projected out, layer by layer; unit rows, no range.

        Raises MusicRFMError where nothing remains, and for directions of another model.
        """
        return orthogonal(self, others)

    @property
    def layers(self) -> int:
        return self.vectors.shape[0]

    @property
    def components(self) -> int:
        return self.vectors.shape[1]

    @property
    def width(self) -> int:
        return self.vectors.shape[2]

    @property
    def model(self) -> str:
        """Name of the model the direction was trained on, for readers; see `fingerprint`."""
        return self.meta["model"]

    @property
    def fingerprint(self) -> str | None:
        """Fingerprint of the weights of this model; None in files of earlier versions."""
        return self.meta.get("model_fingerprint")

    @property
    def range(self) -> tuple[float, float] | None:
        """The lowest and highest useful raw coefficient, found by measuring audio; None if
        unknown."""
        useful = self.meta.get("range")
        return None if useful is None else (useful[0], useful[1])

    @property
    def scale(self) -> float:
        """The raw coefficient of a knob at 1.0."""
        return self._end(1.0)

    @property
    def curve(self) -> float:
        """Exponent of the knob's travel, found by measuring audio; above 1, the knob starts
        gently."""
        return float(self.meta.get("curve") or 1.0)

    def raw(self, coefficient: float) -> float:
        """The raw coefficient for a knob at `coefficient`, 1.0 being the top of the range.

        The knob of a beat stands for a tempo: -1 is the slowest of its range, 1 the fastest.
        """
        try:
            size = self._end(coefficient) * abs(coefficient) ** self.curve
        except TypeError:
            raise MusicRFMError(
                f"{short(coefficient)} is not a coefficient: give a number"
            ) from None
        return math.copysign(size, coefficient)

    def coefficient(self, raw: float) -> float:
        """The knob position of a raw coefficient: the inverse of `raw`."""
        try:
            return math.copysign((abs(raw) / self._end(raw)) ** (1 / self.curve), raw)
        except TypeError:
            raise MusicRFMError(f"{short(raw)} is not a raw coefficient: give a number") from None

    def _end(self, side: float) -> float:
        """How far the raw coefficient goes on the side of this sign.

        Only a beat has an end of its own on each side, as each is a tempo.
        """
        low, high = map(abs, self.range or (0.0, 0.0))
        if self.meta.get("kind") == "beat":
            return (low if side < 0 else high) or 1.0
        return max(low, high) or 1.0

    @property
    def classes(self) -> list[str]:
        """The class of each component of a multiclass direction; otherwise empty."""
        return list(self.meta.get("classes") or ())

    def only(self, component: int | str) -> Direction:
        """One component as a separate direction, by number or, if multiclass, by class.

        The class C of `notes` becomes `notes_C` with `only("C")`, with the calibration of this
        class. That of the whole is not copied, because it belongs to the first component. Raises
        MusicRFMError if the component does not exist.
        """
        names = [str(n) for n in self.classes or range(self.components)]
        known = not isinstance(component, int) or -len(names) <= component < len(names)
        wanted = str(names[component] if isinstance(component, int) and known else component)
        wanted = spelled_pitch(wanted)
        if wanted not in map(spelled_pitch, names):
            raise MusicRFMError(
                f"direction {self.name!r} has no {component!r}: choose one of {', '.join(names)}"
            )
        number = [spelled_pitch(name) for name in names].index(wanted)
        spoken = names[number]
        of_whole = ("classes", "range", "curve", "calibration", *OF_CLASSES)
        meta = {key: value for key, value in self.meta.items() if key not in of_whole}
        for table, key in OF_CLASSES.items():
            if (own := (self.meta.get(table) or {}).get(spoken)) is not None:
                meta[key] = own
        meta["target"] = spoken
        vectors = self.vectors[:, number : number + 1]
        return Direction(f"{self.name}_{spoken}", vectors, self.layer_scores, meta)

    @classmethod
    def of(
        cls, model: Owner, name: str, vectors: Tensor, layer_scores: Tensor | None = None, **meta
    ) -> Direction:
        """A direction of your own for a model. vectors: [layers, components, width].

        layer_scores: [layers], by default all 1. meta: as in the file, such as `range=[0, 5]`.
        """
        checked_owner(model)
        vectors = _numbers(f"the vectors of {name!r}", vectors)
        scores = vectors.new_ones(vectors.shape[:1]) if layer_scores is None else layer_scores
        about = {"model": model.name, "model_fingerprint": model.fingerprint, **meta}
        return cls(name, vectors, scores, about)

    @classmethod
    def load(cls, name_or_path: str | os.PathLike[str], model: Owner | None = None) -> Direction:
        """A direction by name (`note_C`, needs `model`) or from a file.

        `notes:C` is one class of a multiclass direction, see `only`. A file of an earlier version,
        without a fingerprint, is accepted by the model's name, with a warning. Raises MusicRFMError
        if there is none, it is damaged, or it belongs to other weights.
        """
        if not isinstance(name_or_path, (str, os.PathLike)):
            raise MusicRFMError(f"a direction must be a name or a file, not {short(name_or_path)}")
        if model is not None:
            checked_owner(model)
        whole, component = cls.parts(name_or_path)
        if component is not None:
            return cls.load(whole, model).only(component)
        direction = cls.read(find(name_or_path, model))
        if model is not None:
            direction.check(model)
            if direction.fingerprint is None:
                log.warning(
                    "direction %r has no fingerprint of its model's weights: it is accepted for %r "
                    "by the name alone (calibrating it adds the fingerprint)",
                    direction.name,
                    model.name,
                )
        return direction

    @staticmethod
    def parts(
        name_or_path: str | os.PathLike[str],
    ) -> tuple[str | os.PathLike[str], str | None]:
        """`notes:C` as (`notes`, `C`); a text without a class as (text, None). A drive letter is no
        name."""
        whole, colon, component = str(name_or_path).rpartition(":")
        if colon and len(whole) > 1 and not set(component) & set("/\\"):
            return whole, component
        return name_or_path, None

    @classmethod
    def read(cls, path: Path) -> Direction:
        """A direction file of any model. Raises MusicRFMError if it is damaged."""
        try:
            with safe_open(path, framework="pt") as file:
                vectors, scores = file.get_tensor("directions"), file.get_tensor("layer_scores")
                meta = {key: json.loads(value) for key, value in (file.metadata() or {}).items()}
        except (OSError, SafetensorError, ValueError) as error:
            raise MusicRFMError(f"{path} is not a direction file: {_first_line(error)}") from error
        except RecursionError:
            raise MusicRFMError(f"{path}: its metadata is nested too deeply") from None
        version = meta.pop("format_version", FORMAT_VERSION)
        if not isinstance(version, int) or version > FORMAT_VERSION:
            raise MusicRFMError(
                f"{path} has format version {version!r}, and this version of the program reads "
                f"only {FORMAT_VERSION}: update the program"
            )
        name = str(meta.pop("name", path.stem))
        if not is_file_name(name):
            raise MusicRFMError(
                f"{path} has the name {short(name)} in its metadata, which is not valid as a "
                "file name"
            )
        if meta.get("model") is None:  # the first files said it with their folder alone
            meta["model"] = path.parent.name
        return cls(name, vectors, scores, meta)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the file (completely or not at all), creating folders as needed; returns its
        path."""
        path = path_of(path)
        meta = {
            **self.meta,
            "name": self.name,
            "width": self.width,
            "layers": self.layers,
            "format_version": FORMAT_VERSION,
        }
        tensors = {"directions": self.vectors.numpy(), "layer_scores": self.layer_scores.numpy()}
        texts = {key: json.dumps(value, sort_keys=True) for key, value in meta.items()}
        write_bytes(path, packed(tensors, texts))
        return path

    def check(self, model: Owner) -> None:
        """Raises MusicRFMError unless the direction was made for the weights of `model`.

        Without a fingerprint, the model's name decides.
        """
        checked_owner(model)
        if not belongs(self.fingerprint, self.model, model):
            called = "other weights called" if self.model == model.name else "model"
            raise MusicRFMError(
                f"direction {self.name!r} was trained on {called} {self.model!r} and does not "
                f"apply to {model.name!r}: train one for that model"
            )
        if self.fingerprint and model.fingerprint:
            return  # the same weights have the same shape
        if (self.layers, self.width) != (model.layers, model.width):
            raise MusicRFMError(
                f"direction {self.name!r} has {self.layers} layers of width {self.width}, "
                f"but model {model.name!r} has {model.layers} of width {model.width}"
            )


def checked_owner(model: Owner) -> None:
    """Raises MusicRFMError for anything but a loaded model."""
    if not all(hasattr(model, of) for of in ("name", "layers", "width")):
        given = repr(model) if isinstance(model, (str, os.PathLike)) else "…"
        raise MusicRFMError(f"{short(model)} is not a model: load it with MusicModel.load({given})")


def checked_direction(direction: Direction) -> Direction:
    """The same. Raises MusicRFMError for anything but a `Direction`."""
    if not isinstance(direction, Direction):
        given = repr(direction) if isinstance(direction, (str, os.PathLike)) else "…"
        raise MusicRFMError(
            f"{short(direction)} is not a Direction: load it with Direction.load({given}, model)"
        )
    return direction


def checked_directions(directions: Iterable[Direction]) -> list[Direction]:
    """All of them. Raises MusicRFMError for anything but several `Direction`."""
    if isinstance(directions, (str, Direction)) or not isinstance(directions, Iterable):
        raise MusicRFMError(f"directions must be a list of Directions, not {short(directions)}")
    return [checked_direction(one) for one in directions]


def _numbers(what: str, given: Any) -> Tensor:
    """float32, on the CPU. Raises MusicRFMError for anything but an array."""
    import torch

    try:
        return torch.as_tensor(given).detach().to("cpu", torch.float32)
    except (TypeError, ValueError, RuntimeError):
        raise MusicRFMError(f"{what} must be an array of numbers, not {short(given)}") from None


def belongs(fingerprint: str | None, name: str, model: Owner) -> bool:
    """Whether something made for these weights is for `model`; by name if they are unknown."""
    if fingerprint and model.fingerprint:
        return fingerprint == model.fingerprint
    return model.name is None or name == model.name


def combined(one: Direction, other: Direction, sign: float) -> Direction:
    """one + sign * other: unit rows are weighted by their factors, added, and scaled to unit rows.

    A layer that only one of them steers is taken from that one; layer scores are the lower of the
    two. The result has no range: calibrate it. Raises MusicRFMError for directions of two models.
    """
    if not isinstance(other, Direction):
        raise MusicRFMError(f"{short(other)} cannot be added to a direction: give two directions")
    _check_alike(one, other)
    if one.components != other.components:
        raise MusicRFMError(
            f"{one.name!r} has {one.components} components and {other.name!r} {other.components}: "
            "choose one component of each with `only`"
        )
    vectors = _weight(one) * one.vectors + sign * _weight(other) * other.vectors
    name = f"{one.name}_{'plus' if sign > 0 else 'minus'}_{other.name}"
    return _made(name, vectors, one, other)


def scaled(direction: Direction, factor: float) -> Direction:
    """The direction with its range, or those of its classes, and its weight in sums multiplied by
    `factor`. The curve stays, so every position of the knob pushes `factor` times as much.

    A negative factor reverses the direction: the ends of a range with two sides change places, and
    a range from 0 up stays one, as far the other way. What was measured is no longer kept then.
    Raises MusicRFMError for 0 and for anything but a number.
    """
    if not _is_number(factor) or not factor:
        raise MusicRFMError(
            f"a direction cannot be multiplied by {short(factor)}: give a number, not 0"
        )
    _refuse_beat(direction)
    factor = float(factor)
    meta = direction.meta | {"weight": _weight(direction) * abs(factor)}
    if direction.range is not None:
        meta["range"] = _times(direction.range, factor)
    if ranges := meta.get("class_ranges"):
        meta["class_ranges"] = {
            name: None if one is None else _times(one, factor) for name, one in ranges.items()
        }
    if factor < 0:
        meta = {k: v for k, v in meta.items() if k not in ("calibration", "class_calibrations")}
    vectors = direction.vectors * math.copysign(1.0, factor)
    return Direction(direction.name, vectors, direction.layer_scores, meta)


def _times(ends: Sequence[float], factor: float) -> list[float]:
    """A range of raw coefficients for vectors that are reversed if `factor` is negative."""
    low, high = sorted(factor * end + 0.0 for end in ends)  # no end is -0.0
    return [0.0, -low] if factor < 0 and high == 0 > low else [low, high]


def orthogonal(direction: Direction, others: Sequence[Direction]) -> Direction:
    """See `Direction.orthogonal`."""
    import torch

    if not others:
        raise MusicRFMError("give at least one direction to be orthogonal to")
    for other in others:
        _check_alike(direction, checked_direction(other))
    span = torch.cat([other.vectors for other in others], 1).double()  # [layers, n, width]
    inverse = torch.linalg.pinv(span)  # [layers, width, n]; spans may overlap
    vectors = direction.vectors.double()
    left = vectors - vectors @ inverse @ span
    left[left.norm(dim=-1) < 1e-6] = 0.0  # rounding
    name = "_".join([direction.name, "without", *(other.name for other in others)])
    return _made(name, left.float(), direction)


def _made(name: str, vectors: Tensor, *parents: Direction) -> Direction:
    import torch

    if not vectors.any():
        raise MusicRFMError(f"nothing remains of {name!r}: the directions are identical")
    first = parents[0]
    higher = {bool(one.meta.get("metric_higher_is_better", True)) for one in parents}
    scores = torch.stack([one.layer_scores for one in parents])
    worse = scores.amin(0) if True in higher else scores.amax(0)
    if len(higher) > 1:
        worse = torch.ones_like(worse)  # their scores are of different measures
    kept = ("model", "model_fingerprint", "metric", "metric_higher_is_better", "pooling")
    meta = {key: first.meta[key] for key in kept if key in first.meta}
    meta |= {"method": "arithmetic", "parents": [one.name for one in parents], "range": None}
    return Direction(name, vectors, worse, meta)


def _weight(direction: Direction) -> float:
    return float(direction.meta.get("weight", 1.0))


def _check_alike(one: Direction, other: Direction) -> None:
    for direction in (one, other):
        _refuse_beat(direction)
    known = one.fingerprint and other.fingerprint
    same = one.fingerprint == other.fingerprint if known else one.model == other.model
    if not same or (one.layers, one.width) != (other.layers, other.width):
        raise MusicRFMError(
            f"{one.name!r} and {other.name!r} belong to different models and cannot be combined"
        )


def _refuse_beat(direction: Direction) -> None:
    if direction.meta.get("kind") == "beat":
        raise MusicRFMError(f"{direction.name!r} holds a beat, which arithmetic does not support")


def list_directions(model_name: str) -> list[str]:
    """Sorted canonical names of all directions of a model.

    Files whose names contain control characters are left out, because they could change a terminal.

        >>> from musicrfm import list_directions
        >>> "note_C" in list_directions("nano")
        True
    """
    model_name = getattr(model_name, "name", model_name)  # a MusicModel is accepted, too
    if not isinstance(model_name, str):
        raise MusicRFMError(f"the name of a model must be a text, not {short(model_name)}")
    folders = [path_of(root / model_name) for root in roots()]
    stems = [path.stem for folder in folders for path in folder.glob(f"*{SUFFIX}")]
    return sorted({canonical_name(stem) for stem in stems if is_file_name(stem)})


def model_name(model: str) -> str:
    """The name in direction files of a model given by name, folder or hub id."""
    from musicrfm.checkpoints.finding import name_of

    return name_of(model)


def user_folder() -> Path:
    """The folder of the user's directions, with a subfolder per model.

    The environment variable MUSICRFM_DIRECTIONS, or the platform's folder for application data.
    """
    if chosen := os.environ.get("MUSICRFM_DIRECTIONS"):
        return path_of(chosen)
    return data_folder() / "directions"


def roots() -> list[Path]:
    """The folders for `<model>/<name>.safetensors`, in the order of searching."""
    package = Path(__file__).resolve().parent
    in_wheel = package / "shipped" / "directions"
    return [user_folder(), in_wheel if in_wheel.is_dir() else package.parent / "directions"]


def is_file_name(name: str) -> bool:
    """Whether the text is a valid file name that stays in its folder."""
    named = 0 < len(name) <= MOST_NAME and name.isprintable() and not name.startswith(".")
    return named and not set(name) & set("/\\:")


def find(name_or_path: str | os.PathLike[str], model: Owner | None) -> Path:
    """The file that `Direction.load` reads, by name or path.

    A name is searched in the folders of the model's name, then among the directions of the same
    weights under other names. Raises MusicRFMError if there is none.
    """
    text = os.fspath(name_or_path)
    if text.endswith(SUFFIX) or os.sep in text or "/" in text or not isinstance(name_or_path, str):
        return file_to_read(text, "direction file")
    if model is None:
        raise MusicRFMError(f"direction {text!r} is a name: give its model as well, or a file")
    name = canonical_name(text)
    for root in roots():
        for path in sorted(path_of(root / str(model.name)).glob(f"*{SUFFIX}")):
            if canonical_name(path.stem) == name:
                return file_to_read(path, "direction file")
    if (elsewhere := _of_same_weights(name, model)) is not None:
        return elsewhere
    known = ", ".join(list_directions(str(model.name))) or "the model has none yet"
    raise MusicRFMError(f"model {model.name!r} has no direction {text!r} (known: {known})")


def _of_same_weights(name: str, model: Owner) -> Path | None:
    for root in roots():
        for path in sorted(path_of(root).glob(f"*/*{SUFFIX}")):
            if canonical_name(path.stem) != name or not path.is_file():
                continue
            try:
                with safe_open(path, framework="numpy") as file:
                    told = json.loads((file.metadata() or {}).get("model_fingerprint", "null"))
            except (OSError, SafetensorError, ValueError, RecursionError):
                continue
            if told is not None and told == model.fingerprint:
                return path
    return None


def spelled_pitch(component: str) -> str:
    """A pitch class in the spelling used in names: C# and Db become Cs."""
    return canonical_name(f"note_{component}").removeprefix("note_")


def _check_meta(name: str, meta: dict[str, Any]) -> None:
    """Raise MusicRFMError, naming the key, for invalid metadata."""
    given = {key: value for key, value in meta.items() if value is not None}

    def need(right: bool, key: str, what: str) -> None:
        if not right:
            raise MusicRFMError(
                f"direction {name!r} has {key} {short(meta[key])} in its metadata, not {what}"
            )

    for key in ("model", "model_fingerprint", "method", "kind", "metric", "listener"):
        need(isinstance(given.get(key, ""), str), key, "a text")
    for key in ("calibration", *OF_CLASSES):
        need(isinstance(given.get(key, {}), dict), key, "a table")
    for key, kind, what in (
        ("class_calibrations", dict, "a table of tables"),
        ("class_listeners", str, "a table of texts"),
    ):
        values = given.get(key, {}).values()
        need(all(value is None or isinstance(value, kind) for value in values), key, what)
    ranges = {"range": [given.get("range", [0, 0])]}
    curves = {"curve": [given.get("curve", 1.0)]}
    ranges["class_ranges"] = list(given.get("class_ranges", {}).values())
    curves["class_curves"] = list(given.get("class_curves", {}).values())
    for key, values in ranges.items():
        what = f"[low, high], from -{MOST_RANGE:g} to {MOST_RANGE:g}"
        need(all(value is None or _is_range(value) for value in values), key, what)
    for key, values in curves.items():
        right = all(v is None or (_is_number(v) and 0 < v <= MOST_CURVE) for v in values)
        need(right, key, f"above 0 and at most {MOST_CURVE:g}")
    classes = given.get("classes", [])
    named = isinstance(classes, (list, tuple)) and all(isinstance(c, (str, int)) for c in classes)
    need(named, "classes", "a list of names")


def _is_range(useful: Any) -> bool:
    if (
        not isinstance(useful, (list, tuple))
        or len(useful) != 2
        or not all(map(_is_number, useful))
    ):
        return False
    return -MOST_RANGE <= useful[0] <= useful[1] <= MOST_RANGE


def _is_number(value: Any) -> bool:
    try:
        return not isinstance(value, (bool, str)) and math.isfinite(float(value))
    except (TypeError, ValueError, OverflowError):
        return False


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0]
