"""Makes numba's code cache tolerant: damaged files are compiled again, and a full disk only delays
the next start. Kernels are compiled by another process, see `apart.py`.

A kill or a full disk can truncate cache files, and numba would then fail at every start.
"""

from __future__ import annotations

import contextlib
import logging
from typing import Any

from numba.core import caching

from musicrfm.kernels.apart import compile_apart

log = logging.getLogger(__name__)

_said: set[str] = set()


def forgive() -> None:
    """Apply this to numba's caches in this process; repeated calls are harmless."""
    cache = caching.Cache
    if not hasattr(cache, "load_strictly"):
        cache.load_strictly, cache.save_strictly = cache.load_overload, cache.save_overload
        cache.load_overload, cache.save_overload = _load, _save


def _load(cache: Any, signature: Any, *context: Any) -> Any:
    """The cached code, or None to compile it here."""
    found = _stored(cache, signature, *context)
    if found is None and compile_apart(cache._py_func, signature):  # noqa: SLF001 - it has no other name
        found = _stored(cache, signature, *context)
    return found


def _stored(cache: Any, *what: Any) -> Any:
    try:
        return cache.load_strictly(*what)
    except Exception as error:
        _say(
            f"the compiled code in {cache.cache_path} is damaged and is compiled again "
            f"({_named(error)})"
        )
        with contextlib.suppress(OSError):  # saving reports the failure
            cache.flush()
        return None


def _save(cache: Any, *what: Any) -> None:
    try:
        cache.save_strictly(*what)
    except Exception as error:
        _say(f"compiled code cannot be stored for the next start ({_named(error)})")


def _named(error: Exception) -> str:
    return str(error) or type(error).__name__


def _say(words: str) -> None:
    kind = words.partition("(")[0]
    if kind not in _said:
        _said.add(kind)
        log.warning("%s", words)
