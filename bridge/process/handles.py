"""How many files and connections this process may have open at once."""

from __future__ import annotations

import contextlib

WANTED = 4096


def raise_limit() -> None:
    """Take as many as the system grants without being asked, up to what a set can ever need.

    Many systems begin with 256 or 1024, which a browser that connects again and again can use up.
    """
    try:
        import resource
    except ImportError:  # Windows, where there is no such limit
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = WANTED if hard == resource.RLIM_INFINITY else min(WANTED, hard)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
