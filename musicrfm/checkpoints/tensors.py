"""Reads named weights from trainers' files without running code from them.

`.safetensors` files hold nothing but tensors. `.bin`, `.pt`, `.th` and `.ckpt` files are pickles,
which can run code: PyTorch reads them with `weights_only`, which returns tensors and plain data and
refuses the rest.
"""

from __future__ import annotations

import math
import pickle
import re
import warnings
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from musicrfm.errors import MusicRFMError
from musicrfm.files.paths import is_pointer

SAFE = (2, 6)  # `weights_only` is safe from this PyTorch on (CVE-2025-32434)
_UNSAFE = re.compile(r"(?:Unsupported (?:global|class|operand).*?|GLOBAL )\b([\w.]+\.\w+)")


def read_tensors(paths: Iterable[Path]) -> dict[str, Tensor]:
    """The tensors of all files together, memory-mapped where possible.

    Raises MusicRFMError if a file is missing, damaged, or contains anything else.
    """
    found: dict[str, Tensor] = {}
    for path in paths:
        checked_file(path)
        content = _safetensors(path) if path.suffix == ".safetensors" else read_pickled(path)
        if not is_tensors(content):
            raise MusicRFMError(f"{path} does not contain named weights")
        found.update(content)
    return found


def count_values(paths: Iterable[Path]) -> int:
    """The number of values in all tensors of the files, whatever their precision.

    Of safetensors files, only the headers are read. Raises MusicRFMError as `read_tensors` does.
    """
    from safetensors import safe_open

    count = 0
    for path in paths:
        if path.suffix != ".safetensors":
            count += sum(tensor.numel() for tensor in read_tensors([path]).values())
            continue
        checked_file(path)
        with _intact(path), safe_open(path, framework="pt") as file:
            shapes = [file.get_slice(name).get_shape() for name in list(file.keys())]
            count += sum(map(math.prod, shapes))
    return count


def checked_file(path: Path) -> None:
    """Raise MusicRFMError if a file is missing or is only a Git LFS pointer."""
    if not path.is_file():
        raise MusicRFMError(f"{path.name} is missing in {path.parent}: download it again")
    try:
        pointer = is_pointer(path)
    except OSError as error:
        raise MusicRFMError(f"{path} cannot be read: {error.strerror or error}") from error
    if pointer:
        raise MusicRFMError(f"{path} is only a Git LFS pointer: run `git lfs pull` in its folder")


def is_tensors(content: object) -> bool:
    """Whether this is a dictionary from names to tensors, with at least one entry."""
    return (
        isinstance(content, Mapping)
        and bool(content)
        and all(isinstance(k, str) and isinstance(v, Tensor) for k, v in content.items())
    )


def read_pickled(path: Path) -> Any:
    """The content of a `torch.save` file: tensors, moved to the CPU, and plain data.

    Raises MusicRFMError if the file is damaged or would run code.
    """
    checked_file(path)
    version = torch.__version__.split("+")[0]
    if tuple(int(part) for part in re.findall(r"\d+", version)[:2]) < SAFE:
        raise MusicRFMError(
            f"{path} is a pickle: only PyTorch 2.6 or newer can read it without running code, and "
            f"this is {version}"
        )
    mapped = {"mmap": True} if zipfile.is_zipfile(path) else {}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about unusual pickle versions
            return torch.load(path, map_location="cpu", weights_only=True, **mapped)
    except pickle.UnpicklingError as error:
        if names := _unsafe_names(path, error):
            raise MusicRFMError(
                f"{path} is refused: besides weights it contains {names}, and loading those "
                "would run code; save the weights alone"
            ) from error
        raise MusicRFMError(f"{path} is not a weights file, or it is damaged") from error
    except OSError as error:
        raise MusicRFMError(f"{path} cannot be read: {error.strerror or error}") from error
    except Exception as error:  # a broken file may raise anything
        raise MusicRFMError(f"{path} is not a weights file, or it is truncated") from error


def check_finite(tensors: Iterable[tuple[str, Tensor]], what: str) -> None:
    """Raise MusicRFMError with the name of the first tensor that has infinite or NaN values."""
    for name, tensor in tensors:
        if tensor.is_floating_point() and not all_finite(tensor):
            bad = int((~tensor.isfinite()).sum())
            raise MusicRFMError(
                f"{what} is damaged: {bad} of the {tensor.numel()} values of {name} are not finite"
            )


def all_finite(tensor: Tensor) -> bool:
    """Whether no value is infinite or NaN."""
    # A sum visits every value without a copy; large values may overflow it.
    return bool(tensor.sum(dtype=torch.float32).isfinite()) or bool(tensor.isfinite().all())


def _safetensors(path: Path) -> dict[str, Tensor]:
    from safetensors.torch import load_file

    with _intact(path):
        return load_file(path)


@contextmanager
def _intact(path: Path) -> Iterator[None]:
    """Raises MusicRFMError instead of the errors of the library that reads safetensors files."""
    try:
        yield
    except OSError as error:
        raise MusicRFMError(f"{path} cannot be read: {error.strerror or error}") from error
    except Exception as error:  # the library raises its own type
        raise MusicRFMError(
            f"{path} is damaged or truncated: download it again ({_first_line(error)})"
        ) from error


def _unsafe_names(path: Path, error: Exception) -> str:
    """The classes and functions that a pickle asks for besides weights; "" if unknown."""
    names: list[str] = []
    with suppress(Exception):  # needs PyTorch 2.6, and files of 1.6 or newer
        names = torch.serialization.get_unsafe_globals_in_checkpoint(path)
    names = names or list(_named(str(error)))
    shown = sorted({ascii(name).strip("'")[:60] for name in names})
    return ", ".join(shown[:3]) + (f" and {len(shown) - 3} more" if len(shown) > 3 else "")


def _named(message: str) -> Iterator[str]:
    found = (match[1] for match in _UNSAFE.finditer(message))
    # The rest of PyTorch's list is advice on how to run the file.
    yield from (name for name in found if not name.startswith(("torch.load", "torch.serial")))


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return (lines[0] if lines else type(error).__name__)[:120].rstrip(" .:")
