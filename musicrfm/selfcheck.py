"""Checks in some seconds, with `nano`, whether a GPU computes correctly, before a set depends on
it.

A short greedy piece, with and without steering, is computed in float32 without graphs as the
reference. Half precisions must find the reference's codes about as likely. The codes that graphs
choose must be, step by step, the likeliest ones or nearly so; one near tie then does not change
everything after it. A way that differs or raises is not used. The result is stored for this GPU and
these versions.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from torch import Tensor

import musicrfm
from musicrfm.directions import Direction, list_directions
from musicrfm.errors import MusicRFMError, first_line
from musicrfm.files.folders import cache_folder
from musicrfm.files.writing import write_text
from musicrfm.model import MusicModel
from musicrfm.runtime.backends import decoder_for
from musicrfm.runtime.decoder import Push
from musicrfm.runtime.defaults import DEFAULT_PROMPT
from musicrfm.runtime.devices import device_of
from musicrfm.runtime.sampling import guide
from musicrfm.steering.steering import Steering
from musicrfm.stream import MusicStream

FRAMES = 24
HALVES = ("float16", "bfloat16")  # in the order in which they are wanted
MOST_DIVERGENCE = 0.02  # nats a code, from float32; bfloat16 differs by 0.00003 on a CPU
MOST_LAG = {"float32": 0.01, "float16": 0.1, "bfloat16": 0.3}  # nats, for near ties
MOST_WORDS = 200  # characters of an error that are reported
VERSION = 1

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Verdict:
    """How to play on this device. graphs: whether to use CUDA graphs. dtype: of the decoder. words:
    the ways not used, one line each. figures: Kullback-Leibler divergence per code, in nats, of
    each precision."""

    graphs: bool
    dtype: str
    words: tuple[str, ...] = ()
    figures: dict[str, float] = field(default_factory=dict)

    @property
    def rejected(self) -> tuple[str, ...]:
        """The half precisions that were tried before `dtype` and found wrong."""
        return HALVES if self.dtype not in HALVES else HALVES[: HALVES.index(self.dtype)]

    def precision(self, dtype: str | None) -> str:
        """The precision to play for one that was asked for: `dtype` of this, if that was left open
        or was found wrong, which is logged."""
        if dtype in (None, "auto"):
            return self.dtype
        if dtype in self.rejected:
            log.warning(
                "%s was found wrong on this GPU, so %s is played instead", dtype, self.dtype
            )
            return self.dtype
        return str(dtype)

    def precisions(self, wanted: Iterable[str]) -> tuple[str, ...]:
        """Those of `wanted` that were not found wrong; `dtype` of this if none is left."""
        return tuple(name for name in wanted if name not in self.rejected) or (self.dtype,)

    def graphs_wanted(self) -> bool | None:
        """For `MusicStream`: None for its default, False for none."""
        return None if self.graphs else False


@dataclass(frozen=True)
class Piece:
    """The greedy reference. codes: int64 [codebooks, frames]. logits: [frames, codebooks, codes] of
    the same positions, guided, float32 on the CPU."""

    steered: bool
    codes: Tensor
    logits: Tensor


Load = Callable[[str], MusicModel]  # the model in a precision, on the device that is checked


def settled(device: torch.device, cache: Path | None = None) -> Verdict:
    """The stored result for this device, or a new one, which is stored."""
    if (known := remembered(device, cache)) is not None:
        return known
    verdict = check(device)
    for words in verdict.words:
        log.warning("%s", words)
    try:
        path = _place(device, cache)
        write_text(path, json.dumps(asdict(verdict), indent=1) + "\n")
    except MusicRFMError as error:  # the check runs again next time
        log.warning("the result of the GPU check cannot be stored: %s", error)
    return verdict


def remembered(device: torch.device, cache: Path | None = None) -> Verdict | None:
    """The stored result for this device; None if there is none, or it is damaged."""
    try:
        told = json.loads(_place(device, cache).read_text("utf-8"))
        return Verdict(told["graphs"], told["dtype"], tuple(told["words"]), told["figures"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _place(device: torch.device, cache: Path | None) -> Path:
    return (cache or cache_folder()) / "selfcheck" / f"{identity(device)}.json"


def to_play(
    device: torch.device, dtype: str | None, check_now: bool = True
) -> tuple[str | None, bool | None]:
    """(dtype, graphs) for `MusicModel.load` and its streams, from the requested settings.

    Only a GPU is checked. A requested precision that was found wrong there is replaced, which is
    logged. check_now: whether to check a GPU of which no result is stored; otherwise the request is
    returned.
    """
    if device.type != "cuda":
        return dtype, None
    verdict = settled(device) if check_now else remembered(device)
    if verdict is None:
        return dtype, None
    return verdict.precision(dtype), verdict.graphs_wanted()


def loaded(
    name: str | os.PathLike[str],
    device: str | torch.device | None = None,
    dtype: str | None = None,
    *,
    frugal: bool = False,
    check_now: bool = False,
) -> MusicModel:
    """As `MusicModel.load`, in the precision, and for streams with or without CUDA graphs, that
    the result for this GPU allows. Every command loads its model here. check_now: see `to_play`."""
    dtype, graphs = to_play(device_of(device), dtype, check_now)
    model = MusicModel.load(name, device, dtype, frugal)
    if graphs is not None:
        model.graphs = graphs
    return model


def identity(device: torch.device) -> str:
    """A file name from everything that determines the result."""
    parts = [f"v{VERSION}", musicrfm.__version__, torch.__version__, device.type]
    if device.type == "cuda":
        about = torch.cuda.get_device_properties(device)
        parts += [about.name, f"{about.major}.{about.minor}", str(torch.version.cuda)]
    return "".join(c if c.isalnum() or c in ".-" else "_" for c in "-".join(map(str, parts)))


def check(device: torch.device, load: Load | None = None) -> Verdict:
    """Compare every way with the reference; raises only if the reference itself fails."""
    load = load or (lambda dtype: MusicModel.load("nano", device=device, dtype=dtype))
    exact = load("float32")
    try:
        pieces = [reference(exact, steered) for steered in (False, True)]
    except Exception as error:
        why = first_line(error, MOST_WORDS)
        raise MusicRFMError(
            f"{device} cannot compute a frame of music ({why}): use --device cpu"
        ) from error
    words: list[str] = []
    figures: dict[str, float] = {}
    chosen, model = "float32", exact
    for dtype in HALVES:
        lack, half = _half(load, dtype, pieces, figures)
        if half is not None and not lack:
            chosen, model = dtype, half
            break
        words.append(f"{dtype} is not used on {device}: {lack}")
    lack = _graphs(exact, MOST_LAG["float32"])
    if not lack and model is not exact:
        lack = _graphs(model, MOST_LAG[chosen])
    if lack:
        words.append(f"CUDA graphs are not used on {device}, so it will be slower: {lack}")
    return Verdict(not lack, chosen, tuple(words), figures)


def reference(model: MusicModel, steered: bool) -> Piece:
    """Play the piece step by step."""
    codes = played(model, steered, graphs=False)
    logits = told(model, steered, codes)
    if not logits.isfinite().all():
        raise MusicRFMError("it computes values that are not numbers")
    return Piece(steered, codes, logits)


def played(model: MusicModel, steered: bool, graphs: bool, frames: int = FRAMES) -> Tensor:
    """The codes of a greedy piece, [codebooks, frames]."""
    stream = MusicStream(model, DEFAULT_PROMPT, seed=0, temperature=0.0, graphs=graphs)
    if steered:
        stream.steering.add(direction_for(model), 0.5)
    while stream.frame < frames + stream.delay_frames:
        next(stream)
    if graphs and stream.graphs_lost:
        raise MusicRFMError(stream.graphs_lost)
    return stream.codes[:, :frames].cpu()


@torch.inference_mode()
def told(model: MusicModel, steered: bool, codes: Tensor) -> Tensor:
    """Guided logits of each frame after reading the codes before it."""
    decoder = decoder_for(model)
    decoder.set_prompt(model.encode_prompt(DEFAULT_PROMPT))
    decoder.guided = True
    decoder.steer(push_for(model, steered))
    inputs = model.delay(codes[None].to(model.device))[0]
    scale = model.sampling.guidance_scale
    steps = [
        guide(decoder.step(inputs[:, place : place + 1], place), scale).float().cpu()
        for place in range(codes.shape[1])
    ]
    return torch.stack(steps)


def push_for(model: MusicModel, steered: bool) -> Push:
    steering = Steering.of(model)
    if steered:
        steering.add(direction_for(model), 0.5)
    return Push(steering.offset(0, 0))


def direction_for(model: MusicModel) -> Direction:
    """A note direction that ships with the model, or a random one if there is none."""
    if "note_C" in list_directions(model.name):
        return Direction.load("note_C", model)
    noise = torch.randn(model.layers, 1, model.width, generator=torch.Generator().manual_seed(0))
    return Direction.of(model, "note_C", noise, range=[0, 1])


def _half(
    load: Load, dtype: str, pieces: list[Piece], figures: dict[str, float]
) -> tuple[str, MusicModel | None]:
    """(why a precision is not used, or "", the model in this precision)."""
    try:
        model = load(dtype)
        found = [divergence(p.logits, told(model, p.steered, p.codes)) for p in pieces]
    except Exception as error:  # each kind of device has errors of its own
        return first_line(error, MOST_WORDS), None
    figures[dtype] = max(found)
    if not max(found) <= MOST_DIVERGENCE:
        return f"it differs from float32 by {max(found):.3g} nats a code", None
    return "", model


def _graphs(model: MusicModel, most: float) -> str:
    """Why graphs are not used, or "". most: nats by which a code that they choose may be less
    likely than the likeliest one, by the same precision step by step."""
    try:
        for steered, how in ((False, "without"), (True, "with")):
            lost = lag(model, steered, played(model, steered, graphs=True))
            if not lost <= most:
                return f"{how} steering they choose codes that are {lost:.3g} nats too unlikely"
    except Exception as error:
        return first_line(error, MOST_WORDS)
    return ""


def lag(model: MusicModel, steered: bool, codes: Tensor) -> float:
    """The largest number of nats by which a code of the piece is less likely than the likeliest
    one."""
    likely = told(model, steered, codes).log_softmax(-1)
    chosen = model.delay(codes[None])[0, :, 1:].T  # after each position, [frames, codebooks]
    known = chosen != model.start_code
    found = likely.gather(-1, chosen.clamp_max(model.codes - 1)[..., None])[..., 0]
    return float((likely.amax(-1) - found)[known].max())


def divergence(exact: Tensor, other: Tensor) -> float:
    """Kullback-Leibler divergence in nats, the mean over codes; infinite if one is not a number."""
    if not other.isfinite().all():
        return float("inf")
    return float(divergences(exact, other).mean())


def divergences(exact: Tensor, other: Tensor) -> Tensor:
    """Kullback-Leibler divergences in nats [codebooks] of logits [frames, codebooks, codes]."""
    p, q = exact.log_softmax(-1), other.log_softmax(-1)
    return (p.exp() * (p - q)).sum(-1).mean(0)
