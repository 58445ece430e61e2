"""How much memory, how many handles and threads processes have, on every system."""

from __future__ import annotations

import math
import sys
import threading

import psutil


def peak_memory_mib() -> float:
    """The most resident memory this process has had, in MiB."""
    if sys.platform == "win32":
        return psutil.Process().memory_info().peak_wset / 2**20
    import resource  # psutil reports a peak on Windows alone

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


class MemoryWatch:
    """Watches, while it is entered, how much resident memory this process and all its children
    have together.

    The system's own peak of ended children is no help: until a child starts its program, it has
    the memory of its parent, so a large parent counts twice.
    """

    INTERVAL = 0.2  # seconds

    def __init__(self) -> None:
        self.peak_mib = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="memory", daemon=True)

    def __enter__(self) -> MemoryWatch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        me = psutil.Process()
        while not self._stop.wait(self.INTERVAL):
            pids = [me.pid, *(child.pid for child in me.children(recursive=True))]
            sizes = [memory_mib(pid) for pid in pids]
            self.peak_mib = max(self.peak_mib, sum(s for s in sizes if not math.isnan(s)))


def memory_mib(pid: int | None = None) -> float:
    """Resident memory of a process (default: this one) in MiB; NaN if it has ended."""
    try:
        return psutil.Process(pid).memory_info().rss / 2**20
    except psutil.Error:  # also of one that its parent has not yet waited for
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
