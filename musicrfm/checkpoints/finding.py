"""Locates a model, its layout, and its weight files.

There are three layouts: Hugging Face's, audiocraft's, and an adapter (LoRA) whose base model is
elsewhere. `musicrfm.checkpoints.loading` builds the model.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from musicrfm.checkpoints import hub
from musicrfm.errors import MusicRFMError, short
from musicrfm.files.paths import composed, is_pointer, path_of

Layout = Literal["huggingface", "audiocraft", "adapter"]

NANO = Path(__file__).resolve().parents[1] / "nano" / "weights"
CONFIG, ADAPTER = "config.json", "adapter_config.json"
STATE, CODEC = "state_dict.bin", "compression_state_dict.bin"  # audiocraft's
PICKLES = (".bin", ".pt", ".pth", ".th", ".ckpt")

_WEIGHTS = re.compile(
    r"(?P<stem>model|pytorch_model)(\.(?P<variant>[\w-]+?))?"
    r"(-(?P<number>\d{5})-of-(?P<of>\d{5}))?\.(?P<kind>safetensors|bin)"
)
_VARIANTS = ("", "fp32", "fp16", "bf16")  # in order of preference
_ADAPTER_WEIGHTS = ("adapter_model.safetensors", "adapter_model.bin")
_FOREIGN = (".h5", ".msgpack", ".onnx", ".gguf", ".ot")


@dataclass(frozen=True)
class Checkpoint:
    """A model's files in a folder.

    shown: the model's name in messages. weights: the weight files, all of which exist.
    """

    folder: Path
    shown: str
    layout: Layout
    weights: tuple[Path, ...]

    @property
    def name(self) -> str:
        """The model's name in direction files."""
        return self.shown.split("/")[-1]


def find(name: str | os.PathLike[str]) -> Checkpoint:
    """Find `nano`, a folder, an audiocraft file, or a model on the hub by id or web address.

    A model on the hub is downloaded unless the cache has it. Raises MusicRFMError if the model does
    not exist or a part is missing.
    """
    if not isinstance(name, (str, os.PathLike)):
        raise MusicRFMError(
            f"a model is nano, a folder, or a hub id such as facebook/musicgen-small, not "
            f"{short(name)}"
        )
    text = os.fspath(name)
    if text == "nano" and not Path(text).is_dir():
        if not (NANO / CONFIG).is_file():
            raise MusicRFMError(
                f"the built-in model is missing from {NANO}: build it with `python -m "
                "musicrfm.nano`"
            )
        return in_folder(NANO, "nano")
    path = path_of(text) if text else Path()
    if text and path.is_dir():
        folder = _snapshot(path.resolve())
        return in_folder(folder, "nano" if folder == NANO else _name(folder))
    if text and path.is_file():
        return _of_file(path.resolve(), text)
    address = hub.address(text)
    if address is None:
        raise MusicRFMError(
            f"model {text!r} does not exist: give nano, a folder, or a hub id such as "
            "facebook/musicgen-small"
        )

    def check(folder: Path) -> None:
        if in_folder(folder, address.repo).layout == "audiocraft":
            _check_whole(folder, address.repo, CODEC)  # a local folder may lack them

    return in_folder(hub.download(address, wanted, check), address.repo)


def local(name: str | os.PathLike[str]) -> Checkpoint | None:
    """As `find`, without a network: None for a model on the hub that is not here, or not whole."""
    text = os.fspath(name)
    address = hub.address(text)
    if text == "nano" or path_of(text).exists() or address is None:
        return find(text)
    folder = hub.cached(address)
    try:
        return None if folder is None else in_folder(folder, address.repo)
    except MusicRFMError:
        return None


def in_folder(folder: Path, shown: str) -> Checkpoint:
    """The model in a folder. Raises MusicRFMError if there is none or it is incomplete."""
    names = names_in(folder)
    layout = _layout(names)
    if layout is None:
        raise MusicRFMError(f"{shown!r} is not a model folder: {_lacks(folder, names)}")
    if layout == "huggingface":
        return Checkpoint(folder, shown, layout, full_weights(folder, shown))
    file = _state_file(names)
    if layout == "adapter":
        file = next((file for file in _ADAPTER_WEIGHTS if file in names), None)
    if file is None:
        raise MusicRFMError(
            f"adapter {shown!r} has no weights: there is no {_ADAPTER_WEIGHTS[0]} in it"
        )
    _check_whole(folder, shown, file)
    return Checkpoint(folder, shown, layout, (folder / file,))


def full_weights(folder: Path, shown: str) -> tuple[Path, ...]:
    """The weight files of a whole model in Hugging Face's layout.

    Raises MusicRFMError if there are none, or one is missing.
    """
    names = names_in(folder)
    sets = [_indexed(folder / name) for name in sorted(names) if ".index." in name]
    sets = [*_sets(names), *(files for files in sets if files)]
    if not sets:
        foreign = sorted(name for name in names if name.endswith(_FOREIGN))
        only = f" (only {foreign[0]}, a format of another program)" if foreign else ""
        raise MusicRFMError(
            f"model {shown!r} has no weights: there is no model.safetensors or pytorch_model.bin "
            f"in {folder}{only}"
        )
    lacking = [[file for file in files if not _is_whole(folder / file)] for files in sets]
    if [] in lacking:
        return tuple(folder / file for file in sets[lacking.index([])])
    raise _not_whole(folder, shown, lacking[0][0])


def _check_whole(folder: Path, shown: str, file: str) -> None:
    """Raise MusicRFMError if a file of the model is missing or only partly downloaded."""
    if not _is_whole(folder / file):
        raise _not_whole(folder, shown, file)


def _not_whole(folder: Path, shown: str, file: str) -> MusicRFMError:
    if (folder / file).is_file():
        return MusicRFMError(
            f"model {shown!r} has only the Git LFS pointer of {file}: run `git lfs pull` "
            f"in {folder}"
        )
    return MusicRFMError(
        f"model {shown!r} is incomplete: {file} is missing, probably because a download was "
        "interrupted; download it again"
    )


def names_in(folder: Path) -> set[str]:
    """The names in a folder, including links whose target is gone.

    Raises MusicRFMError if the folder cannot be read.
    """
    try:
        return {path.name for path in folder.iterdir() if not path.is_dir()}
    except OSError as error:
        raise MusicRFMError(
            f"folder {str(folder)!r} cannot be read: {error.strerror or error}"
        ) from error


def is_whole_model(names: Collection[str]) -> bool:
    """Whether these file names make a complete model in Hugging Face's layout."""
    return CONFIG in names and bool(_sets(names))


def wanted(names: Collection[str]) -> list[str]:
    """The files of a repository to download: one form of the weights, and all small files.

    Weights in the formats of other programs are skipped.
    """
    top = {name for name in names if "/" not in name}
    small = [n for n in top if n.endswith((".json", ".model", ".txt")) and "optimizer" not in n]
    layout = _layout(top)
    if layout == "audiocraft":
        return sorted({*small, str(_state_file(top)), *({CODEC} & top)})
    chosen: list[str] = []
    if layout == "adapter":
        chosen = [file for file in _ADAPTER_WEIGHTS if file in top][:1]
    if layout == "huggingface" or is_whole_model(top):
        whole = [files for files in _sets(top) if set(files) <= top]
        chosen += whole[0] if whole else [n for n in top if n.endswith(".safetensors")]
    return sorted({*small, *chosen})


def _layout(names: Collection[str]) -> Layout | None:
    """The layout of the files in a folder."""
    whole = is_whole_model(names)
    if ADAPTER in names and (not whole or any(file in names for file in _ADAPTER_WEIGHTS)):
        return "adapter"
    if whole:
        return "huggingface"
    if _state_file(names) is not None:
        return "audiocraft"
    return "huggingface" if CONFIG in names else None


def _state_file(names: Collection[str]) -> str | None:
    """audiocraft's language model file, if there is one."""
    if STATE in names:
        return STATE
    if CONFIG in names:
        return None
    others = [n for n in names if n.endswith(PICKLES) and n != CODEC and not _WEIGHTS.fullmatch(n)]
    return others[0] if len(others) == 1 else None


def _sets(names: Collection[str]) -> list[list[str]]:
    """The weights in every available form, each as the list of its files; the preferred form first.

    Files of a form may be missing from `names`.
    """
    found: dict[tuple, list[str]] = {}
    for name in sorted(names):
        match = _WEIGHTS.fullmatch(name)
        if match is None or name in (STATE, CODEC):
            continue
        variant, of = match["variant"] or "", int(match["of"] or 1)
        rank = _VARIANTS.index(variant) if variant in _VARIANTS else len(_VARIANTS)
        key = (match["kind"] == "bin", rank, variant, match["of"] is not None)
        middle = f"{match['stem']}.{variant}" if variant else match["stem"]
        end = f".{match['kind']}"
        parts = [f"{middle}-{i:05}-of-{of:05}{end}" for i in range(1, of + 1)]
        found[key] = parts if match["of"] else [middle + end]
    sets = [files for _, files in sorted(found.items())]
    if not sets:  # a trainer may have chosen any name for its only file
        others = [n for n in names if n.endswith(".safetensors") and n not in _ADAPTER_WEIGHTS]
        sets = [others] if len(others) == 1 else []
    return sorted(sets, key=lambda files: not set(files) <= set(names))


def _indexed(path: Path) -> list[str]:
    """The files that a shard index names; none if the index cannot be used."""
    try:
        files = sorted(set(json.loads(path.read_text("utf-8"))["weight_map"].values()))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return []
    plain = all(isinstance(file, str) and Path(file).name == file for file in files)
    return files if plain else []


def _is_whole(path: Path) -> bool:
    try:
        return path.is_file() and not is_pointer(path)
    except OSError:
        return True  # the reader reports the fault


def _lacks(folder: Path, names: Iterable[str]) -> str:
    """The reason why a folder is not a model, and where one may be."""
    words = f"there is no {CONFIG} in it"
    if CODEC in names:
        words = f"audiocraft's {CODEC} is there, but not its {STATE}"
    for inner in sorted((path for path in folder.iterdir() if path.is_dir()), reverse=True):
        try:
            if _layout({path.name for path in inner.iterdir()}):
                return f"{words}, but its subfolder {inner.name!r} is a model: give that folder"
        except OSError:
            continue
    return words


def _snapshot(folder: Path) -> Path:
    """The latest snapshot, if the folder is a repository in the hub client's cache."""
    main = folder / "refs" / "main"
    if not (folder / "snapshots").is_dir() or not main.is_file():
        return folder
    inner = folder / "snapshots" / main.read_text("utf-8").strip()
    return inner if inner.is_dir() else folder


def name_of(model: str) -> str:
    """The name in direction files of a model given as for `find`; the model need not exist here."""
    path = path_of(model)
    if path.is_dir():
        folder = _snapshot(path.resolve())
        return "nano" if folder == NANO else _name(folder)
    if path.is_file():
        return _shown(path.resolve())
    address = hub.address(model)
    return (address.repo if address else model).split("/")[-1]


def _name(folder: Path) -> str:
    """The name of the model in a folder; in the hub's cache, its name on the hub."""
    if folder.parent.name == "snapshots" and folder.parent.parent.name.startswith("models--"):
        return folder.parent.parent.name.split("--")[-1]
    return composed(folder.name)


def _of_file(path: Path, text: str) -> Checkpoint:
    """An audiocraft file that was given instead of its folder."""
    if path.suffix not in PICKLES or _WEIGHTS.fullmatch(path.name) or "adapter" in path.name:
        raise MusicRFMError(f"{text!r} is a file: give the folder that contains it")
    return Checkpoint(path.parent, _shown(path), "audiocraft", (path,))


def _shown(path: Path) -> str:
    """The name of an audiocraft file: that of its folder, unless the file has a name of its own."""
    return _name(path.parent) if path.name == STATE else composed(path.stem)
