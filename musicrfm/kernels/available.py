"""Whether machine code can be had here: with numba, a CPU it knows and a folder to keep it in."""

from __future__ import annotations

import logging
from functools import lru_cache
from types import ModuleType

log = logging.getLogger(__name__)


@lru_cache
def kernels() -> ModuleType | None:
    """`musicrfm.kernels.step`, None if that cannot be had here."""
    try:
        from musicrfm.kernels import step as kernels
    except Exception as error:  # no numba, or none that works with this Python, CPU or folder
        log.warning("machine code is not available, so this will be slower: %s", error)
        return None
    return kernels
