"""Finds the parts that a checkpoint may lack: its text encoder and its codec.

All published MusicGens share them, T5-base and `facebook/encodec_32khz`, so without a network any
MusicGen in the hub's cache can provide them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import transformers
from torch import Tensor

from musicrfm.checkpoints import hub
from musicrfm.checkpoints.files import read_json
from musicrfm.checkpoints.finding import full_weights, in_folder, wanted
from musicrfm.checkpoints.tensors import read_tensors
from musicrfm.errors import MusicRFMError

T5, ENCODEC = "t5-base", "facebook/encodec_32khz"
MUSICGENS = ("musicgen", "musicgen_melody")  # model types that contain both parts
_NAME = re.compile(r"(?:[\w-][\w.-]*/)?[\w-][\w.-]*")
_T5_OWNER = "google-t5"
_PUBLISHED = tuple(
    f"facebook/musicgen-{size}"
    for size in ("small", "medium", "large", "melody", "stereo-small", "stereo-medium")
)


@dataclass(frozen=True)
class Part:
    """config: arguments of the `transformers` class. tensors: by the parameter names of that
    class."""

    config: dict[str, Any]
    tensors: dict[str, Tensor]


@dataclass(frozen=True)
class Sought:
    """A part by its name on the hub. option: the option of `import-model` for its folder."""

    name: str
    key: str  # the key in a MusicGen's config, and the prefix of its weights
    kind: str  # model_type
    words: str
    option: str


def text_encoder(name: str, near: Path, given: Path | None) -> tuple[Part, Path]:
    """T5's encoder, and the folder of its tokenizer.

    name: such as `t5-base`. near: the model's folder, searched first. given: a folder to use
    instead. Raises MusicRFMError if it cannot be found.
    """
    folder = given or text_encoder_folder(name, near)
    part = _read(_sought_text(name), folder)
    ours = {k: v for k, v in part.tensors.items() if k.startswith(("encoder.", "shared."))}
    config = {**part.config, "is_encoder_decoder": False, "use_cache": False}
    return Part(config, ours), folder


def text_encoder_folder(name: str, near: Path) -> Path:
    """The folder of the text encoder and its tokenizer; arguments as for `text_encoder`."""
    return _found(_sought_text(name), near)


def codec(name: str, near: Path, given: Path | None) -> Part:
    """An EnCodec; arguments as for `text_encoder`."""
    what = Sought(name, "audio_encoder", "encodec", "codec", "--codec")
    return _read(what, given or _found(what, near))


def _sought_text(name: str) -> Sought:
    return Sought(name, "text_encoder", "t5", "text encoder", "--text-encoder")


def _read(what: Sought, folder: Path) -> Part:
    """The part from a folder that contains it, alone or within a MusicGen."""
    if not folder.is_dir():
        raise MusicRFMError(f"the folder {str(folder)!r} given for the {what.words} does not exist")
    config = read_json(folder / "config.json", folder.name)
    tensors = read_tensors(full_weights(folder, folder.name))
    if config.get("model_type") in MUSICGENS:
        config, prefix = config.get(what.key, {}), f"{what.key}."
        tensors = {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
    if not isinstance(config, Mapping) or config.get("model_type") != what.kind or not tensors:
        raise MusicRFMError(
            f"folder {str(folder)!r} does not contain a {what.words} of type {what.kind}"
        )
    return Part(dict(config), tensors)


def _found(what: Sought, near: Path) -> Path:
    """The folder of a part: beside the model, in the hub's cache, in a cached MusicGen, or
    downloaded."""
    if not _NAME.fullmatch(what.name):
        raise MusicRFMError(
            f"its {what.words} is {what.name[:100]!r}, which is neither a local folder nor on the "
            f"hub: run `musicrfm import-model` with {what.option} FOLDER"
        )
    beside = near / what.name.split("/")[-1]
    if (beside / "config.json").is_file():
        return beside
    if folder := next(_cached(what), None):
        return folder
    try:
        return _fetched(_names(what))
    except MusicRFMError as error:
        reason = str(error).partition("hub: ")[2] or str(error)
        raise MusicRFMError(
            f"its {what.words} {what.name!r} is not among the files, and the Hugging Face "
            f"hub did not deliver it: {reason}; copy it there as a folder {beside.name!r}, "
            f"or run `musicrfm import-model` with {what.option} FOLDER, its own or that of "
            "a published MusicGen"
        ) from error


def _names(what: Sought) -> list[str]:
    """Its names on the hub; T5's name is older than owners in names."""
    return [what.name] if "/" in what.name else [f"{_T5_OWNER}/{what.name}", what.name]


def _fetched(names: list[str]) -> Path:
    """Download the first name that the hub has. Raises MusicRFMError if there is none, or no
    answer."""
    where, *others = map(hub.Address, names)
    try:
        return hub.download(where, wanted, lambda folder: in_folder(folder, where.repo))
    except hub.NotThere:
        if not others:
            raise
    return _fetched([other.repo for other in others])


def _cached(what: Sought) -> Iterator[Path]:
    """Folders in the hub's cache that contain the part."""
    names = _names(what)
    if what.name in (T5, f"{_T5_OWNER}/{T5}", ENCODEC):
        names += _PUBLISHED
    for name in names:
        folder = hub.cached(hub.Address(name))
        if folder is None:
            continue
        try:
            whole = in_folder(folder, name).layout == "huggingface"
        except MusicRFMError:  # incomplete
            continue
        if whole and (what.kind != "t5" or has_tokenizer(folder)):
            yield folder


def has_tokenizer(folder: Path) -> bool:
    return any((folder / file).is_file() for file in ("tokenizer.json", "spiece.model"))


def tokenizer_in(folder: Path) -> transformers.PreTrainedTokenizerBase | None:
    """The tokenizer in a folder, if any.

    Without its files, `transformers` would create one with an empty vocabulary.
    """
    if not has_tokenizer(folder):
        return None
    try:
        return transformers.AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
    except ValueError:  # saved by a transformers with other class names
        return transformers.PreTrainedTokenizerFast.from_pretrained(folder)
