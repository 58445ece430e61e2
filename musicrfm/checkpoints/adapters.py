"""Merges LoRA and related adapters, as PEFT writes them, into their base model."""

from __future__ import annotations

import warnings
from collections.abc import Iterable

import transformers
from torch import nn

from musicrfm.checkpoints.files import read_json, short
from musicrfm.checkpoints.finding import ADAPTER, Checkpoint
from musicrfm.checkpoints.tensors import check_finite, read_tensors
from musicrfm.errors import MusicRFMError

_WRAPPED = "base_model.model."  # PEFT's prefix for parameter names


def base_of(checkpoint: Checkpoint) -> str:
    """The base model that an adapter's config names: a folder or a hub id.

    Raises MusicRFMError if the config names none.
    """
    base = read_json(checkpoint.folder / ADAPTER, checkpoint.shown).get("base_model_name_or_path")
    if not isinstance(base, str) or not base:
        raise MusicRFMError(
            f"adapter {checkpoint.shown!r} does not name its base model: set "
            f"base_model_name_or_path in {ADAPTER} to a folder or hub id, or run `musicrfm "
            "import-model` with --base"
        )
    beside = checkpoint.folder / base
    return str(beside) if beside.is_dir() else base


def merge(hf: transformers.PreTrainedModel, base: str, checkpoint: Checkpoint) -> None:
    """Merge the adapter into the model; no PEFT module remains.

    base: the name of the base model in messages. Raises MusicRFMError without PEFT, or if the
    adapter does not fit or cannot be merged.
    """
    try:
        import peft
    except ModuleNotFoundError as error:
        raise MusicRFMError(
            f"model {checkpoint.shown!r} is an adapter (LoRA), which needs the package "
            f"{error.name}: pip install 'musicrfm-bridge[lora]'"
        ) from error
    tensors = read_tensors(checkpoint.weights)
    check_finite(tensors.items(), f"adapter {checkpoint.shown!r}")
    unfit = f"adapter {checkpoint.shown!r} does not fit model {base!r}"
    changed = _changed(hf, tensors)
    if changed is None:
        raise MusicRFMError(f"{unfit}, which has no {_first_unknown(hf, tensors)}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about future changes of the libraries
            config = peft.PeftConfig.from_pretrained(str(checkpoint.folder))
            kind = getattr(config.peft_type, "value", config.peft_type)
            config.task_type = None  # what else the model was wrapped for in training
            wrapped = peft.PeftModel(changed, config)
            if not hasattr(wrapped.base_model, "merge_and_unload"):
                raise MusicRFMError(f"{unfit}: an adapter of type {kind} cannot be merged")
            expected = peft.get_peft_model_state_dict(wrapped, save_embedding_layers=False)
            if differ := sorted(expected.keys() ^ tensors.keys()):
                there = "has no weights for" if differ[0] in expected else "has weights for"
                raise MusicRFMError(f"{unfit}: it {there} {differ[0].removeprefix(_WRAPPED)}")
            peft.set_peft_model_state_dict(wrapped, tensors)
            wrapped.merge_and_unload(safe_merge=True)
    except MusicRFMError:
        raise
    except Exception as error:  # PEFT complains in many ways
        raise MusicRFMError(f"{unfit}, or cannot be merged: {short(error)}") from error


def _changed(hf: transformers.PreTrainedModel, names: Iterable[str]) -> nn.Module | None:
    """The module that the adapter belongs to: the whole model, or its decoder at some depth."""
    inner = [hf, hf.decoder, hf.decoder.model, hf.decoder.model.decoder]
    return next((m for m in inner if all(_has(m, name) for name in names)), None)


def _first_unknown(hf: transformers.PreTrainedModel, names: Iterable[str]) -> str:
    unknown = [name for name in names if not _has(hf, name)]
    return min(unknown).removeprefix(_WRAPPED)[:100]


def _has(module: nn.Module, name: str) -> bool:
    """Whether the name belongs to a parameter of a layer in this module."""
    for part in name.removeprefix(_WRAPPED).split("."):
        inner = module._modules.get(part)
        if inner is None:
            return False
        if any(True for _ in inner.parameters(recurse=False)):
            return True
        module = inner
    return False
