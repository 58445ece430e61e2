"""Compiled code that numba keeps in files: damaged ones are made anew, and a disk that takes none
costs time at the next start, not the set.

A kill or a full disk may cut such files short, and numba then fails at every start.
"""

from __future__ import annotations

import contextlib
import logging
from typing import Any

from numba.core import caching

log = logging.getLogger(__name__)

_said: set[str] = set()


def forgive() -> None:
    """Makes numba's caches of this process so; safe to call again."""
    cache = caching.Cache
    if not hasattr(cache, "load_strictly"):
        cache.load_strictly, cache.save_strictly = cache.load_overload, cache.save_overload
        cache.load_overload, cache.save_overload = _load, _save


def _load(cache: Any, *what: Any) -> Any:
    """What was kept, or None: then it is compiled."""
    try:
        return cache.load_strictly(*what)
    except Exception as error:
        _say(
            f"the compiled code in {cache.cache_path} is damaged and is compiled again "
            f"({_named(error)})"
        )
        with contextlib.suppress(OSError):  # that it cannot be kept is said when it is tried
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
