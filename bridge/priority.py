"""A higher place in the system's queue, for the process that feeds the sound card."""

from __future__ import annotations

import os
import sys
from contextlib import suppress

REALTIME = 5  # of 1 to 99: above all usual work, below drivers and JACK (10 and up)
NICE = -11  # what sound servers ask for
HIGH_PRIORITY_CLASS = 0x80


def be_first() -> None:
    """Asks the system to serve this thread, and those it starts, before others.

    Where it has no right to that, which is usual on Linux, it asks for less, or stays as it is.
    """
    if sys.platform == "win32":
        import ctypes

        kernel = ctypes.windll.kernel32
        kernel.SetPriorityClass(kernel.GetCurrentProcess(), HIGH_PRIORITY_CLASS)
        return
    if hasattr(os, "sched_setscheduler"):
        with suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(REALTIME))
            return
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, NICE)
