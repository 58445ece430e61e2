"""Whether machine code can run here: it needs numba, a supported CPU and a cache folder."""

from __future__ import annotations

import logging
from functools import lru_cache
from types import ModuleType

log = logging.getLogger(__name__)


@lru_cache
def kernels() -> ModuleType | None:
    """The module `musicrfm.kernels.step`, or None if machine code is not available."""
    try:
        from musicrfm.kernels import step as kernels
    except Exception as error:  # no numba, or it does not support this Python, CPU or folder
        log.warning("machine code is not available, so this will be slower: %s", error)
        return None
    return kernels
