"""The device of a model, and the precision of its decoder there.

Every device that PyTorch supports is accepted if it can compute. CPUs and NVIDIA GPUs have been
tested.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from musicrfm.errors import MusicRFMError
from musicrfm.runtime.defaults import DTYPES

PRECISIONS = {
    "float32": torch.float32,
    "bfloat16": torch.bfloat16,
    "float16": torch.float16,
}
_NO_PLACE = ("meta", "lazy")  # PyTorch devices that do not compute
_WHAT = {
    "cuda": "an NVIDIA GPU, or an AMD one with ROCm",
    "mps": "the GPU of a Mac with Apple silicon",
    "xpu": "an Intel GPU",
}


def device_of(device: str | torch.device | None) -> torch.device:
    """`cuda` if present, else `cpu`; or the named device, such as `cuda:1` or `mps`.

    Raises MusicRFMError if PyTorch has no such device here, or it does not work.
    """
    if device is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    named = str(device).strip().lower()
    try:
        place = torch.device(named)
    except RuntimeError as error:
        raise MusicRFMError(
            f"device {str(device)!r} cannot be used: PyTorch does not know it; give cpu, cuda, "
            "cuda:1, mps or xpu"
        ) from error
    if place.type == "cpu":
        return torch.device("cpu")
    try:
        works = place.type not in _NO_PLACE and _computes(place, torch.float32)
    except Exception as error:  # each device type raises different errors
        raise MusicRFMError(
            f"device {str(device)!r} cannot be used here: {_lack(place)}; use cpu"
        ) from error
    if not works:
        raise MusicRFMError(
            f"device {str(device)!r} cannot be used: a test computation failed; use cpu"
        )
    return place


def precision_of(dtype: str | torch.dtype | None, place: torch.device) -> torch.dtype:
    """The decoder's precision: by default float32 on a CPU and float16 elsewhere, or the named one.

    Raises MusicRFMError for an unknown precision, or one that the device does not support.
    """
    if dtype is None:
        return torch.float32 if place.type == "cpu" else torch.float16
    found = PRECISIONS.get(dtype) if isinstance(dtype, str) else dtype
    if found is None or found not in PRECISIONS.values():
        raise MusicRFMError(f"dtype {str(dtype)!r} is not {', '.join(DTYPES[:-1])} or {DTYPES[-1]}")
    if not _has(place, found):
        raise MusicRFMError(
            f"device {str(place)!r} does not support {name_of(found)}: use "
            + " or ".join(name for name in PRECISIONS if _has(place, PRECISIONS[name]))
        )
    return found


def wider(place: torch.device) -> torch.dtype:
    """The next precision where values become too large for float16: bfloat16, or float32 without
    it."""
    return torch.bfloat16 if _suits(place, torch.bfloat16) else torch.float32


def holds(dtype: torch.dtype, tensors: Iterable[Tensor]) -> bool:
    """Whether all of these float32 values are within a precision's range."""
    largest = torch.finfo(dtype).max
    return all(-largest <= low and high <= largest for low, high in map(torch.aminmax, tensors))


def worth_trying(place: torch.device, small: bool = True) -> tuple[str, ...]:
    """The precisions that may be the fastest there, the most exact first.

    small: whether a step is little work; otherwise, a CPU mostly waits for the weights.
    """
    if place.type == "cpu":
        return ("float32", "bfloat16", "int8") if small else ("int8", "int4")
    return tuple(name for name in ("float16", "bfloat16") if _suits(place, PRECISIONS[name]))


def _suits(place: torch.device, dtype: torch.dtype) -> bool:
    """Whether the device computes natively in that precision."""
    nvidia = place.type == "cuda" and torch.version.hip is None
    if nvidia and dtype == torch.bfloat16 and torch.cuda.get_device_capability(place) < (8, 0):
        return False  # emulated, and slow
    return _has(place, dtype)


def _has(place: torch.device, dtype: torch.dtype) -> bool:
    try:
        return _computes(place, dtype)
    except Exception:  # each device type raises different errors
        return False


def name_of(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


def _computes(place: torch.device, dtype: torch.dtype) -> bool:
    ones = torch.ones(2, 2, device=place, dtype=dtype)
    return bool((ones @ ones).sum().item() == 8.0)


def _lack(place: torch.device) -> str:
    """The reason why a device is not available."""
    what = _WHAT.get(place.type, f"of the kind {place.type}")
    if place.type == "cuda" and torch.version.cuda is None and torch.version.hip is None:
        return f"it is {what}, which this PyTorch ({torch.__version__}) does not support"
    if place.type == "cuda" and (count := torch.cuda.device_count()):
        if place.index is not None and place.index >= count:
            return f"this computer has cuda:0 to cuda:{count - 1}"
        return "it is present, but too old or too new for this PyTorch, or out of memory"
    return f"it is {what}, and this computer has none or this PyTorch does not support it"
