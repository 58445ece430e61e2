"""Builds a `transformers` model, in float32 on the CPU, from a checkpoint in any layout.

This module reads the weights instead of `transformers`, so that all layouts share one path, no file
runs code, and errors name the damaged tensor.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch
import transformers
from torch import Tensor, nn

from musicrfm.checkpoints import adapters, audiocraft, finding, parts
from musicrfm.checkpoints.files import read_json, short
from musicrfm.checkpoints.finding import CONFIG, Checkpoint
from musicrfm.checkpoints.mapped import Mapped
from musicrfm.checkpoints.tensors import check_finite, read_tensors
from musicrfm.errors import MusicRFMError
from musicrfm.weights.fingerprint import signs

KINDS = {
    "musicgen": transformers.MusicgenForConditionalGeneration,
    "musicgen_melody": transformers.MusicgenMelodyForConditionalGeneration,
}
_POSITIONS = "embed_positions.weights"
_TRAINING = ("codebook.cluster_size", "codebook.embed_avg")  # needed for training only
_T5_VOCABULARY = 32_128


@dataclass(frozen=True)
class Elsewhere:
    """Sources of parts that a checkpoint only names; None searches for them.

    base: the base model of an adapter, as for `finding.find`. text_encoder, codec: folders of parts
    that audiocraft's files lack.
    """

    base: str | None = None
    text_encoder: Path | None = None
    codec: Path | None = None


@dataclass(frozen=True)
class Loaded:
    """A model with its tokenizer, ready to play or to save.

    dtype: the smallest precision that stores the decoder without loss. mapped: the parts that are
    mapped from files and have been read. signs: of each tensor, see `musicrfm.weights.fingerprint`.
    """

    hf: transformers.PreTrainedModel
    tokenizer: transformers.PreTrainedTokenizerBase
    dtype: torch.dtype
    mapped: Mapped = field(default_factory=Mapped)
    signs: dict[str, bytes] = field(default_factory=dict)


def load(
    checkpoint: Checkpoint, elsewhere: Elsewhere | None = None, frugal: bool = False
) -> Loaded:
    """Build the model. Raises MusicRFMError if it is damaged, incomplete or not a MusicGen.

    frugal: whether to take `signs`, and to keep no more than one tensor of a mapped file in memory,
    at the price of reading the file again.
    """
    elsewhere = elsewhere or Elsewhere()
    with quiet():
        loaded = _load(checkpoint, elsewhere)
    loaded.hf.eval().requires_grad_(False)
    # `finding.find` finds the model again by this.
    found = checkpoint.weights[0] if checkpoint.layout == "audiocraft" else checkpoint.folder
    loaded.hf.name_or_path = str(found)
    if frugal:
        loaded = replace(loaded, mapped=Mapped(checkpoint.weights))
    for name, tensor in loaded.hf.state_dict().items():
        if not name.endswith(_TRAINING):
            check_finite([(name, tensor)], f"model {checkpoint.shown!r}")
        if frugal:
            loaded.signs[name] = signs(tensor)
            loaded.mapped.let_go(tensor)
    return loaded


def settle(
    module: nn.Module,
    place: torch.device,
    dtypes: Mapping[nn.Module, torch.dtype],
    mapped: Mapped | None = None,
    leave: Collection[nn.Module] = (),
) -> None:
    """Move a module to a device, and some parts of it (`dtypes`), with all below, to a precision.

    Afterwards the module owns its memory. Before, it may be mapped from files that can change or
    vanish while it plays. mapped: what is moved is no longer kept in memory there. leave: parts of
    it that stay as they are.
    """
    wanted = {id(below): dtype for part, dtype in dtypes.items() for below in part.modules()}
    left = {id(below) for part in leave for below in part.modules()}
    moved: set[int] = set()  # parameters may be shared

    def own(tensor: Tensor, dtype: torch.dtype | None) -> Tensor:
        found = _own(tensor, place, dtype)
        if mapped is not None:
            mapped.let_go(tensor)
        return found

    with torch.no_grad():
        for each in module.modules():
            if id(each) in left:
                continue
            dtype = wanted.get(id(each))
            for parameter in each.parameters(recurse=False):
                if id(parameter) not in moved:
                    parameter.data = own(parameter.data, dtype)
                    moved.add(id(parameter))
            for name, buffer in each.named_buffers(recurse=False):
                each._buffers[name] = own(buffer, dtype)  # the old one is mapped from its file


def _own(tensor: Tensor, place: torch.device, dtype: torch.dtype | None) -> Tensor:
    kind = dtype if dtype is not None and tensor.is_floating_point() else tensor.dtype
    return tensor.to(device=place, dtype=kind, copy=True)


def _load(
    checkpoint: Checkpoint, elsewhere: Elsewhere, adapters_of_it: tuple[Path, ...] = ()
) -> Loaded:
    """adapters_of_it: folders of the adapters that this model is loaded for."""
    if checkpoint.layout == "adapter":
        return _adapted(checkpoint, elsewhere, adapters_of_it)
    if checkpoint.layout == "audiocraft":
        return _converted(checkpoint, elsewhere)
    return _plain(checkpoint)


def _plain(checkpoint: Checkpoint) -> Loaded:
    """From Hugging Face's layout."""
    folder, shown = checkpoint.folder, checkpoint.shown
    about = read_json(folder / CONFIG, shown)
    kind = KINDS.get(str(about.get("model_type")))
    if kind is None:
        named = about.get("model_type")
        what = "only the decoder of a MusicGen" if named == "musicgen_decoder" else "not a MusicGen"
        raise MusicRFMError(f"model {shown!r} has the type {named!r}, {what}")
    if quantised := about.get("quantization_config"):
        method = quantised.get("quant_method") if isinstance(quantised, dict) else quantised
        raise MusicRFMError(
            f"model {shown!r} is quantised with {method!r}, which is not supported: use a version "
            "saved in float16 or float32"
        )
    tensors = read_tensors(checkpoint.weights)
    dtype = _widest(tensors)
    try:
        config = kind.config_class.from_pretrained(folder)
        generation = None
        if (folder / "generation_config.json").is_file():
            generation = transformers.GenerationConfig.from_pretrained(folder)
        hf = _made(kind, config, tensors, generation, shown)
    except MusicRFMError:
        raise
    except Exception as error:  # transformers lets errors of a dozen libraries through
        raise MusicRFMError(f"model {shown!r} cannot be loaded: {short(error)}") from error
    return Loaded(hf, _tokenizer(checkpoint, hf), dtype)


def _converted(checkpoint: Checkpoint, elsewhere: Elsewhere) -> Loaded:
    """From audiocraft's layout."""
    shown = checkpoint.shown
    form = f"model {shown!r} has audiocraft's file format"
    try:
        made = audiocraft.convert(checkpoint, elsewhere.text_encoder, elsewhere.codec)
        dtype = _widest(made.tensors)
        hf = _made(made.kind, made.config, made.tensors, made.generation, shown)
        tokenizer = parts.tokenizer_in(made.tokenizer)
    except MusicRFMError as error:
        raise MusicRFMError(f"{form} and cannot be converted: {error}") from error
    except Exception as error:  # invalid settings can raise anything
        raise MusicRFMError(f"{form} and cannot be converted: {short(error)}") from error
    if tokenizer is None:
        raise MusicRFMError(
            f"tokenizer.json is missing beside the text encoder in {made.tokenizer}: copy it there"
        )
    return Loaded(hf, tokenizer, dtype)


def _adapted(
    checkpoint: Checkpoint, elsewhere: Elsewhere, adapters_of_it: tuple[Path, ...]
) -> Loaded:
    """From an adapter, merged into its base model, which may be in the same folder."""
    shown = checkpoint.shown
    names = finding.names_in(checkpoint.folder)
    if elsewhere.base is None and finding.is_whole_model(names):
        weights = finding.full_weights(checkpoint.folder, shown)
        base, named = Checkpoint(checkpoint.folder, shown, "huggingface", weights), shown
    else:
        named = elsewhere.base or adapters.base_of(checkpoint)
        try:
            base = finding.find(named)
        except MusicRFMError as error:
            raise MusicRFMError(
                f"model {shown!r} is an adapter (LoRA) and needs its base model {named!r}: "
                f"{error}; `musicrfm import-model` takes another place with --base"
            ) from error
        if base.folder in (*adapters_of_it, checkpoint.folder):
            raise MusicRFMError(
                f"adapter {shown!r} names itself as its base model: correct base_model_name_or_path"
            )
    others = replace(elsewhere, base=None)
    loaded = _load(base, others, (*adapters_of_it, checkpoint.folder))
    adapters.merge(loaded.hf, named, checkpoint)
    tokenizer = parts.tokenizer_in(checkpoint.folder) or loaded.tokenizer
    return Loaded(loaded.hf, tokenizer, torch.float32)  # merged weights need full precision


def _widest(tensors: dict[str, Tensor]) -> torch.dtype:
    """The 16-bit precision of the whole decoder if there is a single one, otherwise float32."""
    kinds = {t.dtype for n, t in tensors.items() if n.startswith("decoder.")}
    kinds &= {torch.float16, torch.bfloat16, torch.float32, torch.float64}
    only = kinds.pop() if len(kinds) == 1 else torch.float32
    return torch.float32 if only == torch.float64 else only


def _made(
    kind: type[transformers.PreTrainedModel],
    config: transformers.PretrainedConfig,
    tensors: dict[str, Tensor],
    generation: transformers.GenerationConfig | None,
    shown: str,
) -> transformers.PreTrainedModel:
    """The model with these weights. Raises MusicRFMError if a weight is missing or has the wrong
    shape."""
    # Positions are computed; only older versions of transformers also keep them in the file.
    tensors = {n: t for n, t in tensors.items() if not n.endswith(_POSITIONS)}
    given = set(tensors)
    hf, report = kind.from_pretrained(
        None,
        config=config,
        state_dict=tensors,
        output_loading_info=True,
        ignore_mismatched_sizes=True,
        **{_DTYPE_ARGUMENT: torch.float32},
    )
    if generation is not None:
        hf.generation_config = generation
    if other := sorted(report["mismatched_keys"]):
        name, there, expected = other[0]
        raise MusicRFMError(
            f"the weights of model {shown!r} do not fit its configuration: {name} is "
            f"{list(there)}, not {list(expected)}"
        )
    missing = sorted(k for k in report["missing_keys"] if not k.endswith(_POSITIONS))
    if missing:
        unknown = min(given & set(report["unexpected_keys"]), default=None)
        raise MusicRFMError(
            f"model {shown!r} is incomplete: {len(missing)} weights are missing, the first is "
            f"{missing[0]}" + (f"; {unknown} is unknown" if unknown else "")
        )
    return hf


def _tokenizer(
    checkpoint: Checkpoint, hf: transformers.PreTrainedModel
) -> transformers.PreTrainedTokenizerBase:
    """The model's tokenizer. If a trainer did not save it and the model uses T5, T5's tokenizer."""
    shown, folder = checkpoint.shown, checkpoint.folder
    try:
        own = parts.tokenizer_in(folder)
    except Exception as error:  # transformers lets errors of a dozen libraries through
        raise MusicRFMError(
            f"the tokenizer of model {shown!r} cannot be read: {short(error)}"
        ) from error
    if own is not None:
        return own
    lacks = f"model {shown!r} has no tokenizer: copy tokenizer.json into {folder} from the model "
    lacks += "that it was derived from"
    if hf.config.text_encoder.vocab_size != _T5_VOCABULARY:
        raise MusicRFMError(lacks)
    try:
        return parts.tokenizer_in(parts.text_encoder_folder(parts.T5, folder))
    except MusicRFMError as error:
        raise MusicRFMError(lacks) from error


@contextmanager
def quiet() -> Iterator[None]:
    """Silences transformers' progress bars and warnings; downloads still show their progress."""
    log = transformers.utils.logging
    level, bars = log.get_verbosity(), log.is_progress_bar_enabled()
    log.set_verbosity_error()
    log.disable_progress_bar()
    try:
        yield
    finally:
        log.set_verbosity(level)
        if bars:
            log.enable_progress_bar()


def _transformers_since(major: int, minor: int) -> bool:
    version = transformers.__version__.split(".")
    return (int(version[0]), int(version[1])) >= (major, minor)


_DTYPE_ARGUMENT = "dtype" if _transformers_since(4, 56) else "torch_dtype"
