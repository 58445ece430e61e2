"""Steering and other interventions for direct calls of `generate` of `transformers`.

`steered` and `intervene` hook the blocks of a `MusicgenForConditionalGeneration` while a `with`
block lasts. A hook knows which positions are read and which rows read a prompt. It therefore works
the same in a batch, in both halves of guidance, with or without a cache, and after continued audio.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from os import PathLike
from typing import Any

import numpy as np
import torch
import transformers
from torch import Tensor, nn

from musicrfm.checkpoints.finding import name_of
from musicrfm.directions import Direction, checked_direction
from musicrfm.errors import MusicRFMError, short
from musicrfm.files.captured import HalfFile
from musicrfm.files.paths import file_to_read
from musicrfm.steering.batch import Pushes, Steerings, push
from musicrfm.steering.layers import Layers, layer_numbers, layer_weights
from musicrfm.steering.schedules import Function
from musicrfm.steering.setting import Components, is_list, seeds_of
from musicrfm.steering.steering import Steering
from musicrfm.weights.fingerprint import fingerprint

STEER_GUIDANCE = ("both", "conditional")


@dataclass(frozen=True, eq=False)
class Reading:
    """The input of one forward pass of the decoder.

    first, count: the positions. layers: number of blocks. told: bool [rows], the rows that read a
    prompt; None if none does, or if it is unknown, as for a melody model.
    """

    first: int
    count: int
    layers: int
    told: Tensor | None

    @property
    def rows(self) -> slice | Tensor:
        """The rows that read a prompt, or all if `told` is None."""
        return slice(None) if self.told is None else self.told


# (reading, number of the block, its output [rows, count, width]) -> the replaced output
Change = Callable[[Reading, int, Tensor], Tensor]


@dataclass(frozen=True)
class Shape:
    """The shape of a model's decoder, with its name and weights, for `Direction.check`."""

    name: str | None
    fingerprint: str
    layers: int
    width: int

    @classmethod
    def of(cls, hf: transformers.PreTrainedModel) -> Shape:
        decoder = hf.config.decoder
        name = name_of(str(hf.name_or_path)) if hf.name_or_path else None
        mark = fingerprint(hf.decoder)
        return cls(name, mark, decoder.num_hidden_layers, decoder.hidden_size)


@contextmanager
def steered(
    hf_model: transformers.PreTrainedModel,
    directions: Mapping[str | Direction, float | Sequence[float]],
    *,
    layers: Layers = "all",
    inject: float = 1.0,
    inject_per: str = "layer",
    schedule: str | Function = "constant",
    component: Components = 0,
    seed: int | Sequence[int] = 0,
    raw: bool = False,
    keep_norm: bool = False,
    steer_guidance: str = "both",
    also: Sequence[Change] = (),
) -> Iterator[Steering | list[Steering]]:
    """Steer all output of `hf_model.generate` within the block, with any of its arguments.

        >>> from musicrfm import MusicModel, steered
        >>> model = MusicModel.load("nano", device="cpu")
        >>> inputs = model.tokenizer(["piano melody"], return_tensors="pt")
        >>> with steered(model.hf, {"note_C": 0.8}, layers="exp:1,0.95", inject=0.3):
        ...     audio = model.hf.generate(**inputs, do_sample=True, max_new_tokens=10)
        >>> audio.shape[:2]  # pieces, channels
        torch.Size([1, 1])

    directions: names or Directions, each with its coefficient: 1.0 is the top of the useful range;
    with `raw`, coefficients are raw, as in the published code. A sequence gives one per piece of a
    batch. layers, inject, inject_per, schedule, component: as in `Steering.add`,
    for all directions. seed: of the injection, one for all or one per piece. keep_norm: see
    `Steering`. steer_guidance: "both" halves of guidance, as published, or the "conditional" one
    alone. also: a list of further changes, applied after the steering, see `intervene`.

    Yields the `Steering`, whose knobs may be turned at any time; a list if pieces differ.
    Positions are counted from the start of each piece, so every `generate` restarts its schedules.
    The hooks are removed after the block, however it ends. Raises MusicRFMError for directions of
    another model and for invalid settings.
    """
    hf = _checked(hf_model)
    if not isinstance(also, Sequence):
        raise MusicRFMError(f"also must be a list of changes, not {short(also)}")
    steerings, seeds = _steerings(hf, directions, seed, raw)
    settings: dict[str, Any] = dict(
        layers=layers, inject=inject, inject_per=inject_per, schedule=schedule
    )
    for steering, wanted in steerings:
        steering.keep_norm, steering.raw_meant = keep_norm, raw
        for direction, coefficient in wanted:
            steering.add(direction, coefficient, component=component, **settings)
    alone = [steering for steering, _ in steerings]
    change = SteeringChange(Steerings(alone, seeds), _conditional(hf, steer_guidance))
    with intervene(hf, change, *also):
        yield alone[0] if len(alone) == 1 else alone


@contextmanager
def intervene(hf_model: transformers.PreTrainedModel, *changes: Change) -> Iterator[None]:
    """Change the output of every decoder block within the `with` block, one change after another.

    A change is `project_out`, `clamp`, `patch`, `capture`, or a function that receives a `Reading`,
    the number of the block and its output [rows, positions, width], and returns the replacement
    (never in place). Raises MusicRFMError for a change that is no function, or that returns no
    tensor of this shape.

        >>> from musicrfm import MusicModel, intervene
        >>> model = MusicModel.load("nano", device="cpu")
        >>> inputs = model.tokenizer(["piano melody"], return_tensors="pt")
        >>> def louder(reading, block, hidden):
        ...     return 1.01 * hidden
        >>> with intervene(model.hf, louder):
        ...     audio = model.hf.generate(**inputs, max_new_tokens=10)
    """
    hf = _checked(hf_model)
    for change in changes:
        if not callable(change):
            raise MusicRFMError(
                f"a change must be a function, such as project_out(…), not {short(change)}"
            )
    stack = hf.decoder.model.decoder
    at = _Place(hf.config.model_type == "musicgen_melody", len(stack.layers))

    def hook_of(layer: int):
        def changed(module: nn.Module, args: object, output: Tensor | tuple):
            whole = output[0] if isinstance(output, tuple) else output
            reading = at.reading(whole)
            hidden = whole[:, whole.shape[1] - reading.count :]  # a melody model's prompt is first
            for change in changes:
                before, hidden = hidden, change(reading, layer, hidden)
                if not isinstance(hidden, Tensor) or hidden.shape != before.shape:
                    raise MusicRFMError(
                        f"a change must return a tensor of shape {list(before.shape)}, not "
                        f"{short(hidden)}"
                    )
            if hidden.shape[1] < whole.shape[1]:
                hidden = torch.cat([whole[:, : -reading.count], hidden], 1)
            return (hidden, *output[1:]) if isinstance(output, tuple) else hidden

        return changed

    with ExitStack() as hooks:

        def add(handle: torch.utils.hooks.RemovableHandle) -> None:
            hooks.callback(handle.remove)

        add(stack.register_forward_pre_hook(at.begin, with_kwargs=True))
        add(stack.embed_positions.register_forward_pre_hook(at.note))
        for number, block in enumerate(stack.layers):
            add(block.register_forward_hook(hook_of(number)))
        yield


class _Place:
    """The position of a forward pass in the piece."""

    def __init__(self, melody: bool, layers: int) -> None:
        self._melody, self._layers = melody, layers
        self._ids = self._past = self._lead = 0
        self._told: Tensor | None = None
        self._reading: Reading | None = None

    def begin(self, module: nn.Module, args: tuple, kwargs: dict[str, Any]) -> None:
        ids = args[0] if args else kwargs.get("input_ids")
        self._ids = kwargs["inputs_embeds"].shape[1] if ids is None else ids.shape[-1]
        mask = kwargs.get("encoder_attention_mask")
        self._told = None
        if not self._melody and mask is not None and mask.ndim == 2:
            told = mask.bool().any(1)
            self._told = told if told.any() else None
        self._reading = None

    def note(self, module: nn.Module, args: tuple) -> None:
        self._past = int(args[1]) if len(args) > 1 else 0

    def reading(self, hidden: Tensor) -> Reading:
        if self._reading is None:
            if self._past == 0:
                self._lead = hidden.shape[1] - self._ids
            first = max(0, self._past - self._lead)
            told = None if self._told is None else self._told.to(hidden.device)
            self._reading = Reading(first, self._ids, self._layers, told)
        return self._reading


class SteeringChange:
    """Applies the push of `Steerings` to each position."""

    def __init__(self, steerings: Steerings, conditional: bool) -> None:
        self._steerings, self._conditional = steerings, conditional
        self._pushes: list[Pushes] = []  # of every position of the piece so far
        self._seen: Reading | None = None

    def __call__(self, reading: Reading, layer: int, hidden: Tensor) -> Tensor:
        if reading is not self._seen:
            self._read(reading, len(hidden))
        hidden = hidden.clone()
        pushes = self._pushes[reading.first : reading.first + reading.count]
        push(hidden, pushes, layer, reading.told if self._conditional else None)
        return hidden

    def _read(self, reading: Reading, rows: int) -> None:
        given, told = self._steerings.count, 0 if reading.told is None else int(reading.told.sum())
        # With guidance, the second half of the rows are the same pieces without their prompts.
        pieces = told if rows in (told, 2 * told) else None
        if rows % given or (pieces and given not in (1, pieces)):
            there = f"{pieces} are generated" if pieces else f"the batch has {rows} rows"
            raise MusicRFMError(
                f"coefficients or seeds are given for {given} pieces, but {there}: give one for "
                "each piece, or one number for all"
            )
        last = reading.first + reading.count
        if last <= len(self._pushes):  # a new piece; without a cache, positions are read again
            self._pushes = self._pushes[: reading.first]
        for position in range(len(self._pushes), last):
            self._pushes.append(self._steerings.at(position))
        self._seen = reading


# ---- other interventions ----


def project_out(
    direction: Direction, layers: Layers = "all", component: int | str = 0, amount: float = 1.0
) -> Change:
    """Project a direction out of every hidden state: h - amount (h . v) v.

    layers: which ones, with weights, as in `Steering.add`. amount: 1 removes the whole component, 0
    none.

        >>> from musicrfm import Direction, MusicModel, intervene, project_out
        >>> model = MusicModel.load("nano", device="cpu")
        >>> inputs = model.tokenizer(["piano melody"], return_tensors="pt")
        >>> note = Direction.load("note_C", model)
        >>> with intervene(model.hf, project_out(note)):
        ...     audio = model.hf.generate(**inputs, max_new_tokens=10)
    """
    if not isinstance(amount, (int, float)):
        raise MusicRFMError(f"amount must be a number such as 1, not {short(amount)}")
    vectors, weights = _along(direction, layers, component)

    def change(reading: Reading, layer: int, hidden: Tensor) -> Tensor:
        if not weights[layer]:
            return hidden
        v = vectors[layer].to(hidden)
        return hidden - (amount * weights[layer]) * (hidden @ v)[..., None] * v

    return change


def clamp(
    direction: Direction,
    low: float = -float("inf"),
    high: float = float("inf"),
    layers: Layers = "all",
    component: int | str = 0,
) -> Change:
    """Limit the component of every hidden state along a direction (h . v) to two raw coefficients.

    low equal to high sets it. layers: the layers; a weight other than 0 counts as 1.

        >>> from musicrfm import Direction, MusicModel, clamp, intervene
        >>> model = MusicModel.load("nano", device="cpu")
        >>> inputs = model.tokenizer(["piano melody"], return_tensors="pt")
        >>> note = Direction.load("note_C", model)
        >>> with intervene(model.hf, clamp(note, high=0.0)):
        ...     audio = model.hf.generate(**inputs, max_new_tokens=10)
    """
    for bound in (low, high):
        if not isinstance(bound, (int, float)):
            raise MusicRFMError(f"a direction is held between numbers, not {short(bound)}")
    if not low <= high:
        raise MusicRFMError(f"a direction cannot be held between {low!r} and {high!r}")
    vectors, weights = _along(direction, layers, component)

    def change(reading: Reading, layer: int, hidden: Tensor) -> Tensor:
        if not weights[layer]:
            return hidden
        v = vectors[layer].to(hidden)
        along = hidden @ v
        return hidden + (along.clamp(low, high) - along)[..., None] * v

    return change


def capture(path: str | PathLike[str], layers: Sequence[int] | None = None) -> Change:
    """Write the blocks' outputs to a NumPy file while the music is generated, in half precision.

    The file holds [positions, layers, rows, width], layers in order, of the rows that read a prompt
    (all, if none does); read it with `numpy.load(path, mmap_mode="r")`, even while it grows. Place
    it after other changes to record their result. layers: numbers, negative ones from the end; None
    for all. Each `generate` starts the file again.

        >>> import numpy as np
        >>> from musicrfm import MusicModel, capture, intervene
        >>> model = MusicModel.load("nano", device="cpu")
        >>> inputs = model.tokenizer(["piano melody"], return_tensors="pt")
        >>> with intervene(model.hf, capture("states.npy", layers=[3, 4])):
        ...     audio = model.hf.generate(**inputs, max_new_tokens=10)
        >>> np.load("states.npy").shape  # positions, layers, rows, width
        (10, 2, 1, 256)
    """
    file = HalfFile(path)
    parts: list[Tensor] = []

    def change(reading: Reading, layer: int, hidden: Tensor) -> Tensor:
        wanted = layer_numbers(layers, reading.layers)
        if layer == wanted[0]:
            parts.clear()
        if layer in wanted:
            parts.append(hidden[reading.rows].detach().half())
        if layer == wanted[-1]:
            # [layers, rows, positions, width] -> [positions, layers, rows, width]
            file.put(reading.first, torch.stack(parts).permute(2, 0, 1, 3).cpu().numpy())
        return hidden

    return change


def patch(states: np.ndarray | str | PathLike[str], layers: Sequence[int] | None = None) -> Change:
    """Replace the hidden states by those of another run, position by position.

    states: [positions, layers, rows, width], or the file of `capture`; with one row, or the number
    of rows of this run. layers: their layer numbers; None for all. Rows without a prompt, and
    positions beyond the end, are not changed. Raises MusicRFMError for a file that does not exist
    or is none of `capture`, and for states that do not fit.

        >>> import numpy as np
        >>> from musicrfm import MusicModel, intervene, patch
        >>> model = MusicModel.load("nano", device="cpu")
        >>> inputs = model.tokenizer(["piano melody"], return_tensors="pt")
        >>> states = np.zeros((10, 1, 1, model.width), np.float32)
        >>> with intervene(model.hf, patch(states, layers=[3])):
        ...     audio = model.hf.generate(**inputs, max_new_tokens=10)
    """
    kept = states if isinstance(states, np.ndarray) else _captured(states)
    if kept.ndim != 4:
        raise MusicRFMError(
            "states to patch in must have the shape [positions, layers, rows, width], not "
            f"{kept.shape}"
        )

    def change(reading: Reading, layer: int, hidden: Tensor) -> Tensor:
        numbers = layer_numbers(layers, reading.layers)
        if len(numbers) != kept.shape[1]:
            raise MusicRFMError(
                f"states of {kept.shape[1]} layers cannot be patched into {len(numbers)}: "
                "give their layer numbers as layers"
            )
        if layer not in numbers or reading.first >= len(kept):
            return hidden
        there = kept[reading.first : reading.first + reading.count, numbers.index(layer)]
        new = torch.from_numpy(np.array(there)).to(hidden).transpose(0, 1)  # [rows, count, width]
        hidden = hidden.clone()
        patched = hidden[reading.rows]
        if new.shape[2] != hidden.shape[2] or len(new) not in (1, len(patched)):
            raise MusicRFMError(
                f"states of {len(new)} rows and width {new.shape[2]} cannot be patched into "
                f"{len(patched)} rows of width {hidden.shape[2]}"
            )
        patched[:, : new.shape[1]] = new
        hidden[reading.rows] = patched
        return hidden

    return change


def _captured(path: str | PathLike[str]) -> np.ndarray:
    file = file_to_read(path, "file of states")
    try:
        return np.load(file, mmap_mode="r")
    except (OSError, ValueError) as error:
        raise MusicRFMError(f"{str(file)!r} is not a file of `capture`: {error}") from None


def _along(direction: Direction, layers: Layers, component: int | str) -> tuple[Tensor, np.ndarray]:
    """Vectors [layers, width] and weights [layers]."""
    if checked_direction(direction).components > 1:
        direction = direction.only(component)
    higher = bool(direction.meta.get("metric_higher_is_better", True))
    return direction.vectors[:, 0], layer_weights(layers, direction.layer_scores.numpy(), higher)


# ---- arguments ----


def _checked(hf_model: Any) -> transformers.PreTrainedModel:
    """The Hugging Face model; accepts a `MusicModel` too."""
    hf = getattr(hf_model, "hf", hf_model)
    kind = getattr(getattr(hf, "config", None), "model_type", None)
    if kind not in ("musicgen", "musicgen_melody"):
        raise MusicRFMError(
            f"{type(hf_model).__name__} cannot be steered: give a MusicgenForConditionalGeneration"
        )
    return hf


def _conditional(hf: transformers.PreTrainedModel, steer_guidance: str) -> bool:
    if steer_guidance not in STEER_GUIDANCE:
        raise MusicRFMError(f"steer_guidance must be both or conditional, not {steer_guidance!r}")
    if steer_guidance == "conditional" and hf.config.model_type == "musicgen_melody":
        raise MusicRFMError(
            "the conditional half of a melody model cannot be identified here: steer both halves, "
            "or use MusicStream"
        )
    return steer_guidance == "conditional"


def _steerings(
    hf: transformers.PreTrainedModel,
    directions: Mapping[str | Direction, float | Sequence[float]],
    seed: int | Sequence[int],
    raw: bool,
) -> tuple[list[tuple[Steering, list[tuple[Direction, float]]]], list[int]]:
    """A steering for each piece with its directions and coefficients, and the seeds."""
    shape: Any = Shape.of(hf)  # as much of a model as `Direction` looks at
    found: list[tuple[Direction, float | Sequence[float]]] = []
    if not isinstance(directions, Mapping):
        raise MusicRFMError(
            "directions must be a dict with a coefficient for each, such as {'note_C': 0.8}, "
            f"not {short(directions)}"
        )
    for given, coefficient in directions.items():
        if not isinstance(given, (str, os.PathLike, Direction)):
            raise MusicRFMError(
                f"a direction must be a name, a file or a Direction, not {short(given)}"
            )
        if isinstance(given, str) and shape.name is None:
            raise MusicRFMError(
                f"this model has no name, so {given!r} cannot be looked up: give a Direction"
            )
        direction = given if isinstance(given, Direction) else Direction.load(given, shape)
        found.append((direction, coefficient))
    seeds = seeds_of(seed)
    several = [value for _, value in found if is_list(value)]
    counts = {len(value) for value in several} | ({len(seeds)} if len(seeds) > 1 else set())
    if 0 in counts:
        raise MusicRFMError("a list of coefficients is empty: give one for each piece")
    if len(counts) > 1:
        raise MusicRFMError(
            f"coefficients and seeds for {' and '.join(map(str, sorted(counts)))} pieces do not "
            "fit together: give one for each piece, or one for all"
        )
    count = counts.pop() if counts else 1

    def of(value: Any, piece: int) -> Any:
        return value[piece] if is_list(value) else value

    weight = hf.decoder.lm_heads[0].weight
    pieces = []
    for piece in range(count):
        place = {"device": weight.device, "dtype": weight.dtype, "fingerprint": shape.fingerprint}
        steering = Steering(shape.layers, shape.width, shape.name, **place)
        wanted = []
        for direction, coefficient in found:
            value = of(coefficient, piece)
            wanted.append((direction, direction.coefficient(value) if raw else value))
        pieces.append((steering, wanted))
    return pieces, seeds * (count if len(seeds) == 1 else 1)
