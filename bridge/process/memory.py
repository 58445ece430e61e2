"""How much memory, how many handles and threads processes have, on every system."""

from __future__ import annotations

import math
import sys

import psutil


def peak_memory_mib() -> float:
    """The most resident memory this process has had, in MiB."""
    if sys.platform == "win32":
        return psutil.Process().memory_info().peak_wset / 2**20
    import resource  # psutil reports a peak on Windows alone

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def peak_child_memory_mib() -> float:
    """The most resident memory of any child process that has ended, in MiB; 0 on Windows, which
    does not say."""
    if sys.platform == "win32":
        return 0.0
    import resource

    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def memory_mib(pid: int | None = None) -> float:
    """Resident memory of a process (default: this one) in MiB; NaN if it has ended."""
    try:
        return psutil.Process(pid).memory_info().rss / 2**20
    except psutil.NoSuchProcess:  # also of one that its parent has not yet waited for
        return math.nan


def handles(pid: int) -> int:
    """Open files and sockets of a process; -1 if it has ended."""
    try:
        process = psutil.Process(pid)
        return process.num_handles() if sys.platform == "win32" else process.num_fds()
    except psutil.Error:  # AccessDenied, too, of one that has just ended
        return -1


def threads(pid: int) -> int:
    """Threads of a process; 0 if it has ended."""
    try:
        return psutil.Process(pid).num_threads()
    except psutil.NoSuchProcess:
        return 0


def free_memory() -> float | None:
    """Bytes that programs can still have; None where the system does not say."""
    try:
        return float(psutil.virtual_memory().available)
    except OSError:
        return None
