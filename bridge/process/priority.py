"""Raises the scheduling priority of time-critical threads and processes."""

from __future__ import annotations

import atexit
import os
import re
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
    """For the process that feeds the sound card: this thread, and those it starts, get realtime
    priority.

    Without the right to that, which is usual on Linux, it requests less, or stays unchanged.
    """
    if hasattr(os, "sched_setscheduler"):
        with suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(REALTIME))
            return
    _ask(HIGH_PRIORITY_CLASS)


def be_early() -> None:
    """For the process that makes the music: a higher priority than usual programs, if the system
    permits.

    Call it before starting other threads, which would not inherit it. It never requests realtime: a
    program that computes continuously would block everything else.
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
            before = re.search(r"-?\d+$", AUTOGROUP.read_text().strip())
            AUTOGROUP.write_text(str(NICE))
            if before is not None:  # the terminal remains when this program ends
                atexit.register(_set_session, before[0])


def _set_session(nice: str) -> None:
    with suppress(OSError):
        AUTOGROUP.write_text(nice)
