"""A higher place in the system's queue, for those who must not be late."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path

REALTIME = 5  # of 1 to 99: above all usual work, below drivers and JACK (10 and up)
NICE = -11  # what sound servers ask for
# Many Linux systems share the processor out among sessions, such as terminals, before they look at
# how nice each process is. This file says how nice the whole session is.
AUTOGROUP = Path("/proc/self/autogroup")
HIGH_PRIORITY_CLASS, ABOVE_NORMAL_PRIORITY_CLASS = 0x80, 0x8000


def be_first() -> None:
    """For what feeds the sound card: this thread, and those it starts, are served before all else.

    Where it has no right to that, which is usual on Linux, it asks for less, or stays as it is.
    """
    if hasattr(os, "sched_setscheduler"):
        with suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(REALTIME))
            return
    _ask(HIGH_PRIORITY_CLASS)


def be_early() -> None:
    """For what makes the music: before usual programs, if the system allows it.

    To be called before other threads are started, which would stay behind. It never asks for
    realtime: a program that computes all the time would let nothing else live.
    """
    _ask(ABOVE_NORMAL_PRIORITY_CLASS)


def _ask(windows_class: int) -> None:
    if sys.platform == "win32":
        import ctypes

        kernel = ctypes.windll.kernel32
        kernel.SetPriorityClass(kernel.GetCurrentProcess(), windows_class)
        return
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, NICE)
    if AUTOGROUP.exists():
        with suppress(OSError):
            AUTOGROUP.write_text(str(NICE))
